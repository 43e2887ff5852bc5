//! The console (`drm_fbdev_shmem.c`, as far as it goes here): a dumb buffer that the kernel keeps mapped, shown, and flushed when it was
//! written.

use drm_core::device::{Device, DumbArgs, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, IosysMap};
use drm_core::sync::Arc;
use port_kit::kms::{FbCmd, Format, Modeset, PlaneUpdate, Rect, Request};

use crate::drv::VirtGpu;

/// A console. Dropping it takes the picture off the screen and gives the buffer back.
pub struct Console {
    gpu: Arc<VirtGpu>,
    file: File,
    object: Gem,
    fb: u32,
    map: IosysMap,
    pitch: u32,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console {
    /// A console as large as the screen. `ENODEV` without one; errors of the buffer, its mapping, the commit.
    pub(crate) fn setup(dev: &Device) -> Result<Self> {
        let gpu = dev.driver_as::<VirtGpu>().ok_or(Errno::ENODEV)?;
        let (width, height) = gpu.device().params().mode.ok_or(Errno::ENODEV)?;
        let file = dev.open()?;
        let mut dumb = DumbArgs {
            width,
            height,
            bpp: 32,
            ..DumbArgs::default()
        };
        file.create_dumb(&mut dumb)?;
        let object = file.lookup(dumb.handle).ok_or(Errno::ENOENT)?;
        let cmd = FbCmd::packed(width, height, Format::XRGB8888, dumb.handle, dumb.pitch);
        let fb = gpu.kms().add_fb(&file, &cmd);
        file.handle_delete(dumb.handle)?;
        let fb = fb?;
        let map = {
            let mut guard = object.gem().resv().lock();
            object.vmap(&mut guard)?
        };
        let console = Self {
            gpu,
            file,
            object,
            fb,
            map,
            pitch: dumb.pitch,
        };
        let show = PlaneUpdate::show(0, fb, width, height);
        let request = Request::planes([show]).active(true);
        console.gpu.kms().atomic(&console.file, &request)?;
        Ok(console)
    }

    /// The buffer's object.
    #[must_use]
    pub fn object(&self) -> &Gem {
        &self.object
    }

    /// Writes pixels of a line, and flushes them. `EFAULT` beyond the buffer; the answer of the commit.
    pub fn write(&self, (x, y): (u32, u32), pixels: &[[u8; 4]]) -> Result {
        let at = u64::from(y) * u64::from(self.pitch) + u64::from(x) * 4;
        self.map.map().write(at, pixels.as_flattened())?;
        let end = x + pixels.len() as u32;
        let clip = Rect::new(x as i32, y as i32, end as i32, y as i32 + 1);
        self.gpu.kms().dirty_fb(&self.file, self.fb, &[clip])
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // What is gone needs not be taken off.
        let _ = self.gpu.kms().rm_fb(&self.file, self.fb);
        let mut guard = self.object.gem().resv().lock();
        self.object.vunmap(&mut guard, &self.map);
    }
}
