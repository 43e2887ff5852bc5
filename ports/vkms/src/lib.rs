//! vkms: a display without hardware (`drivers/gpu/drm/vkms`). Its "scanout" is a worker that composes the planes each vblank and
//! computes a checksum, or writes the picture back into a framebuffer.
//!
//! Its habits: the framebuffers are mapped in `prepare_fb` and unmapped in `cleanup_fb`, because the worker reads them
//! asynchronously; the worker of the old state is flushed in between. Nobody tells an exporter that the CPU reads its buffer.
//! Every commit takes all planes of the CRTC with it. There is no dirty hook.
//!
//! Its defects, kept: a plane's `data` already points to its offset, and the offset is added once more (a writeback job uses
//! `map`, and is right); the clean-up of a writeback job that was never queued turns the composer off for others.

mod compose;
mod display;
mod output;
mod pixel;
mod writeback;

use drm_core::device::{Device, Driver, DumbArgs, Features, File, IoctlNr};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_shmem::Object;
use port_kit::kms::{Kms, Modeset};

pub use display::Display;
pub use output::{CrcEntry, Output};
pub use writeback::Job;

/// What the module is loaded with.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A cursor plane.
    pub enable_cursor: bool,
    /// A writeback connector.
    pub enable_writeback: bool,
    /// Eight overlay planes.
    pub enable_overlay: bool,
    /// Pixels and lines of the mode that user space sets.
    pub mode: (u32, u32),
}

impl Default for Options {
    /// The module's own defaults.
    fn default() -> Self {
        Self {
            enable_cursor: true,
            enable_writeback: true,
            enable_overlay: false,
            mode: (1024, 768),
        }
    }
}

/// The driver of one virtual display.
pub struct Vkms {
    kms: Kms<Display>,
}

impl Vkms {
    /// The scanout.
    #[must_use]
    pub fn output(&self) -> &Output {
        self.kms.display().output()
    }

    /// Opens or closes the checksums of the CRTC (`crtc-0/crc/control`, `vkms_set_crc_source`). `EINVAL` for a source that is
    /// not `auto`; the composer is off then.
    pub fn set_crc_source(&self, source: Option<&str>) -> Result {
        let known = matches!(source, None | Some("auto"));
        self.output().open_crc(source == Some("auto"));
        if known { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

/// Loads the module.
#[must_use]
pub fn probe(machine: &Machine, options: Options) -> Device {
    let dma = DmaDevice::new(machine, "vkms", DmaConfig::default());
    let kms = Kms::new(Display::new(machine, options));
    Device::new(dma, Arc::new(Vkms { kms }))
}

impl Modeset for Vkms {
    type Display = Display;

    fn kms(&self) -> &Kms<Display> {
        &self.kms
    }
}

impl Driver for Vkms {
    fn name(&self) -> &'static str {
        "vkms"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::MODESET
    }

    fn fb_release(&self, file: &File) {
        self.kms.fb_release(file);
    }

    fn mode_ioctl(&self, file: &File, number: IoctlNr, arg: &mut [u8]) -> Result {
        self.kms.ioctl(file, number, arg)
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Object::prime_import(dev, dma_buf, Some(dev.dma()))
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Object::dumb_create(file, args)
    }
}
