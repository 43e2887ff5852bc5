//! Runs the fixed suite on a virtio GPU and on whoever else was on the recorded machine.

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::{Config, Machine};
use drm_core::prime::DmaBuf;
use drm_core::recording::suite::{self, Dev};
use drm_core::recording::{Patterns, Recording, Report};
use drm_core::sync::Arc;
use port_kit::Side;
use port_virtgpu::{Params, probe};

/// How its lines begin.
const NAME: &str = "virtio_gpu";

/// Whoever else was on the recorded machine: it imports and exports buffers.
struct Other(&'static str);

impl Driver for Other {
    fn name(&self) -> &'static str {
        self.0
    }

    fn features(&self) -> Features {
        Features::GEM
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_shmem::Object::prime_import(dev, dma_buf, Some(dev.dma()))
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        gem_shmem::Object::dumb_create(file, args)
    }
}

/// A device of another driver; `bus` is how it is called where it is attached.
fn other(machine: &Machine, name: &'static str, bus: &str) -> Dev {
    let dma = DmaDevice::new(machine, bus, DmaConfig::default());
    Dev::new(name, &Device::new(dma, Arc::new(Other(name))))
}

/// The suite on a device with a screen of 1280 by 800 pixels, whose console is there first. The host answers while the suite prints.
/// `None` for a side that there is not.
pub(crate) fn replay(recording: &Recording, side: Side) -> Option<Report> {
    let machine = Machine::new(Config::default()).expect("the host has memory");
    let params = Params {
        mode: Some((1280, 800)),
        ..Params::default()
    };
    let gpu = Arc::new(probe(side, &machine, &params)?);
    let console = gpu.console().expect("there is memory");
    let host = Arc::clone(&gpu);
    let devices = [
        other(&machine, "cirrus", "0000:00:02.0"),
        other(&machine, "shmora", "shmora").with_fdinfo(),
        other(&machine, "vgem", "vgem"),
        Dev::new(NAME, gpu.device()).settling(move || {
            host.answer();
        }),
        other(&machine, "vkms", "vkms"),
    ];
    let more = Patterns::default();
    let report = suite::replay(recording, &machine, &devices, Some(NAME), &more);
    drop(console);
    Some(report)
}
