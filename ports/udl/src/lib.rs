//! udl: a display behind USB (`drivers/gpu/drm/udl`, DisplayLink's first chips).
//!
//! The CPU compresses every damaged line into a stream of commands and sends it in bulk transfers; the chip has the picture in
//! memory of its own. USB devices do no DMA: a foreign buffer is attached for the host controller, which never reads it either.
//!
//! Its habits: a frame for which no transfer can be had is dropped, and the commit succeeds; lines lie in the chip as wide as
//! the framebuffer, whatever part of it is shown; turning the plane off leaves the picture, turning the CRTC off powers the
//! screen down.

mod chip;
mod compress;
mod display;
mod registers;
mod usb;

use drm_core::device::{Device, Driver, DumbArgs, Features, File, IoctlNr};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::DmaBuf;
use drm_core::sync::{Arc, Mutex};
use gem_shmem::Object;
use port_kit::kms::{Kms, Modeset};

pub use chip::Chip;
pub use compress::compress_line;
pub use display::Display;
pub use registers::Mode;
pub use usb::{TRANSFER_SIZE, Usb};

/// The driver of one display.
pub struct Udl {
    kms: Kms<Display>,
    /// The host controller, if it can do DMA; gone when the display is pulled.
    dma: Mutex<Option<DmaDevice>>,
}

impl Udl {
    /// The bus to the chip.
    #[must_use]
    pub fn usb(&self) -> &Usb {
        self.kms.display().usb()
    }
}

/// A display with `mode` is plugged in. `controller` is the host controller, where that can do DMA.
#[must_use]
pub fn probe(machine: &Machine, mode: Mode, controller: Option<DmaDevice>) -> Device {
    let dma = DmaDevice::new(machine, "udl", DmaConfig::default());
    let kms = Kms::new(Display::new(machine, mode));
    let driver = Udl {
        kms,
        dma: Mutex::new(controller),
    };
    Device::new(dma, Arc::new(driver))
}

/// The display is pulled (`udl_usb_disconnect`).
pub fn disconnect(dev: &Device) {
    dev.unplug();
    if let Some(driver) = dev.driver_as::<Udl>() {
        driver.usb().drop_transfers();
        *driver.dma.lock() = None;
    }
}

impl Modeset for Udl {
    type Display = Display;

    fn kms(&self) -> &Kms<Display> {
        &self.kms
    }
}

impl Driver for Udl {
    fn name(&self) -> &'static str {
        "udl"
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

    /// `ENODEV` where nothing can do DMA.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        let controller = self.dma.lock().clone();
        Object::prime_import(dev, dma_buf, controller.as_ref())
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        Object::dumb_create(file, args)
    }
}
