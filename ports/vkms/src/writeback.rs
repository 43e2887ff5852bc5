//! Writing the composed picture into a framebuffer (`vkms_writeback.c`).

use std::fmt;

use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use gem_shmem::ShadowMaps;
use port_kit::kms::{Framebuffer, fb_vmap};

use super::output::Output;
use super::pixel::Pixel;

/// A prepared job: the framebuffer is mapped until the job is dropped, whether it was started or not.
pub struct Job {
    fb: Arc<Framebuffer>,
    maps: ShadowMaps,
    output: Output,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.fb)
    }
}

impl Job {
    /// `vkms_wb_prepare_job`. Errors of the mapping.
    pub(crate) fn prepare(fb: &Arc<Framebuffer>, output: &Output) -> Result<Self> {
        Ok(Self {
            maps: fb_vmap(fb)?,
            fb: Arc::clone(fb),
            output: output.clone(),
        })
    }

    /// `vkms_writeback_row`. `EFAULT` beyond the buffer.
    pub(crate) fn write_row(&self, y: i32, line: &[Pixel]) -> Result {
        let plane = &self.fb.planes[0];
        // From the first byte of the object: here the offset is added once.
        let map = self.maps.map(0).ok_or(Errno::EFAULT)?;
        let at = u64::from(plane.offset) + u64::from(plane.pitch) * y as u64;
        let mut bytes = Vec::new();
        for pixel in line {
            bytes.extend(pixel.write(self.fb.format).ok_or(Errno::EINVAL)?);
        }
        map.write(at, &bytes)
    }
}

impl Drop for Job {
    /// `vkms_wb_cleanup_job`: unmaps, and turns the composer off, even for somebody else who turned it on.
    fn drop(&mut self) {
        self.output.set_composer(false);
    }
}
