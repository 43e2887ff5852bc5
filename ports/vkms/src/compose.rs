//! The composer: all active planes of one frame, line by line (`vkms_composer.c`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::{Arc, Mutex};
use gem_shmem::ShadowMaps;
use port_kit::kms::{Format, Framebuffer, Rect};

use super::pixel::Pixel;
use super::writeback::Job;

/// The mappings of a plane state: taken away by its `cleanup_fb`, whoever still knows the state.
pub(crate) type Maps = Arc<Mutex<Option<ShadowMaps>>>;

/// What the composer knows of a plane (`struct vkms_frame_info`).
#[derive(Clone, Debug)]
pub(crate) struct FrameInfo {
    /// Held, so that its number and layout stay.
    pub(crate) fb: Arc<Framebuffer>,
    pub(crate) maps: Maps,
    /// 16.16.
    pub(crate) src: Rect,
    pub(crate) dst: Rect,
}

impl FrameInfo {
    fn format(&self) -> Format {
        self.fb.format
    }

    /// Composes line `y` of the screen over `line`. `EFAULT` when the plane reaches beyond its buffer.
    fn compose_row(&self, maps: &ShadowMaps, y: i32, line: &mut [Pixel]) -> Result {
        let plane = &self.fb.planes[0];
        let cpp = self.format().cpp();
        let src_y = (y - self.dst.y1 + (self.src.y1 >> 16)) as u64;
        let src_x = (self.src.x1 >> 16) as u64;
        // `data` begins at the offset of the plane; the offset is added to it once more.
        let at = u64::from(plane.offset) + src_y * u64::from(plane.pitch) + src_x * u64::from(cpp);
        let first = self.dst.x1 as usize;
        let pixels = (self.dst.width() as usize).min(line.len().saturating_sub(first));
        let mut bytes = vec![0; pixels * cpp as usize];
        maps.read(0, at, &mut bytes)?;
        for (to, from) in line[first..].iter_mut().zip(bytes.chunks(cpp as usize)) {
            let pixel = Pixel::read(self.format(), from).ok_or(Errno::EINVAL)?;
            *to = pixel.over(*to);
        }
        Ok(())
    }
}

/// Composes a frame of `mode` and gives its checksum; writes it to `job`, if there is one (`compose_active_planes`).
///
/// `EINVAL` when a plane is not mapped, `EFAULT` when one reaches beyond its buffer.
pub(crate) fn compose(mode: (u32, u32), planes: &[FrameInfo], job: Option<&Job>) -> Result<u32> {
    let mut guards = Vec::with_capacity(planes.len());
    for plane in planes {
        guards.push((plane, plane.maps.lock()));
    }
    let mut mapped = Vec::with_capacity(planes.len());
    for (plane, maps) in &guards {
        mapped.push((*plane, maps.as_ref().ok_or(Errno::EINVAL)?));
    }
    let mut crc = 0;
    for y in 0..mode.1 as i32 {
        let mut line = vec![Pixel::BLACK; mode.0 as usize];
        for (plane, maps) in &mapped {
            if (plane.dst.y1..plane.dst.y2).contains(&y) {
                plane.compose_row(maps, y, &mut line)?;
            }
        }
        let bytes: Vec<u8> = line.iter().flat_map(|pixel| pixel.bytes()).collect();
        crc = crc32_le(crc, &bytes);
        if let Some(job) = job {
            job.write_row(y, &line)?;
        }
    }
    Ok(crc)
}

/// The kernel's `crc32_le`: the common polynomial, without the inversions at both ends.
fn crc32_le(seed: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(!seed);
    hasher.update(bytes);
    !hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_kernels() {
        // The check value of CRC-32 is cbf43926, with the register inverted at both ends.
        assert_eq!(!crc32_le(!0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32_le(0, &[]), 0);
    }
}
