//! simpledrm: a screen that firmware left running (`drivers/gpu/drm/tiny/simpledrm.c`).
//!
//! The screen is a piece of memory in one format and one mode; there is nothing to program. Every commit copies what changed
//! from the framebuffer, converting XRGB8888 to the screen's format. The driver calls gem-shmem nowhere itself: it names the
//! dumb buffers and the import, and shows buffers as a shadow plane.
//!
//! Its habits: framebuffers may not be smaller than the screen, the plane must cover it, turning the plane off makes it black;
//! an import whose exporter refuses the access of the CPU leaves the screen as it was, and the commit succeeds. A source that
//! does not begin in the corner of its framebuffer is drawn that far from the corner of the screen, and over its end: the
//! driver takes coordinates of the framebuffer for those of the screen.

mod display;

use drm_core::device::{Device, Driver, DumbArgs, Features, File, IoctlNr};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_shmem::Object;
use port_kit::kms::{Format, Kms, Modeset, Screen};

pub use display::Display;

/// What firmware left (`struct simplefb_platform_data`).
#[derive(Clone, Copy, Debug)]
pub struct Firmware {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Bytes of a line.
    pub pitch: u32,
    /// Format.
    pub format: Format,
}

/// The driver of one screen.
pub struct Simpledrm {
    kms: Kms<Display>,
}

impl Simpledrm {
    /// What the screen shows.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        self.kms.display().screen()
    }
}

/// Takes the screen over from firmware.
#[must_use]
pub fn probe(machine: &Machine, firmware: Firmware) -> Device {
    let dma = DmaDevice::new(machine, "simple-framebuffer", DmaConfig::default());
    let kms = Kms::new(Display::new(machine, firmware));
    Device::new(dma, Arc::new(Simpledrm { kms }))
}

impl Modeset for Simpledrm {
    type Display = Display;

    fn kms(&self) -> &Kms<Display> {
        &self.kms
    }
}

impl Driver for Simpledrm {
    fn name(&self) -> &'static str {
        "simpledrm"
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
