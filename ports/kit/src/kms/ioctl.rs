//! The mode-setting ioctls for framebuffers, byte for byte as `drm_mode.h` has them.

use drm_core::device::{File, IoctlNr};
use drm_core::errno::{Errno, Result};

use super::atomic::Kms;
use super::display::Display;
use super::format::Format;
use super::framebuffer::FbCmd;
use super::rect::Rect;

/// `DRM_IOCTL_MODE_ADDFB`: `{ fb_id, width, height, pitch, bpp, depth, handle: u32 }`.
pub const ADDFB: IoctlNr = IoctlNr::iowr(0xae, 28);
/// `DRM_IOCTL_MODE_RMFB`: `{ fb_id: u32 }`.
pub const RMFB: IoctlNr = IoctlNr::iowr(0xaf, 4);
/// `DRM_IOCTL_MODE_DIRTYFB`: `{ fb_id, flags, color, num_clips: u32, clips_ptr: u64 }`, each clip `{ x1, y1, x2, y2: u16 }`.
pub const DIRTYFB: IoctlNr = IoctlNr::iowr(0xb1, 24);
/// `DRM_IOCTL_MODE_ADDFB2`: `{ fb_id, width, height, pixel_format, flags: u32, handles, pitches, offsets: [u32; 4],
/// modifier: [u64; 4] }`, 4 bytes of padding before the modifiers.
pub const ADDFB2: IoctlNr = IoctlNr::iowr(0xb8, 104);

fn word(arg: &[u8], at: usize) -> u32 {
    let bytes = arg.get(at * 4..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

fn words(arg: &[u8], at: usize) -> [u32; 4] {
    std::array::from_fn(|i| word(arg, at + i))
}

fn long(arg: &[u8], at: usize) -> u64 {
    let bytes = arg.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
}

fn set_id(arg: &mut [u8], id: u32) {
    if let Some(field) = arg.first_chunk_mut() {
        *field = id.to_ne_bytes();
    }
}

/// The clips of a [`DIRTYFB`]. `EINVAL` for a number without a pointer, the reverse, more than 256, or an odd number where
/// they come in pairs; `EFAULT` where there are none.
fn read_clips(file: &File, flags: u32, n: u32, at: u64) -> Result<Vec<Rect>> {
    const ANNOTATE_COPY: u32 = 1;
    const MAX_CLIPS: u32 = 256;
    let pairs = flags & ANNOTATE_COPY != 0;
    if (n == 0) != (at == 0) || pairs && !n.is_multiple_of(2) || n > MAX_CLIPS {
        return Err(Errno::EINVAL);
    }
    let mut bytes = vec![0; n as usize * 8];
    if n > 0 {
        file.machine().user().read(at, &mut bytes)?;
    }
    let edge = |clip: &[u8; 8], i: usize| i32::from(u16::from_ne_bytes([clip[i], clip[i + 1]]));
    let clips = bytes.as_chunks::<8>().0.iter();
    Ok(clips
        .step_by(if pairs { 2 } else { 1 })
        .map(|clip| Rect::new(edge(clip, 0), edge(clip, 2), edge(clip, 4), edge(clip, 6)))
        .collect())
}

impl<D: Display> Kms<D> {
    /// A driver's `mode_ioctl`: [`ADDFB`], [`ADDFB2`], [`RMFB`], [`DIRTYFB`]. `EINVAL` for other numbers: atomic requests name
    /// properties, which this model has none of, and go through [`Kms::atomic`].
    pub fn ioctl(&self, file: &File, number: IoctlNr, arg: &mut [u8]) -> Result {
        match number.nr() {
            nr if nr == ADDFB.nr() => {
                let format = Format::legacy(word(arg, 4), word(arg, 5)).ok_or(Errno::EINVAL)?;
                let cmd = FbCmd::packed(
                    word(arg, 1),
                    word(arg, 2),
                    format,
                    word(arg, 6),
                    word(arg, 3),
                );
                set_id(arg, self.add_fb(file, &cmd)?);
                Ok(())
            }
            nr if nr == ADDFB2.nr() => {
                let cmd = FbCmd {
                    width: word(arg, 1),
                    height: word(arg, 2),
                    format: Format::from_raw(word(arg, 3)),
                    flags: word(arg, 4),
                    handles: words(arg, 5),
                    pitches: words(arg, 9),
                    offsets: words(arg, 13),
                    modifiers: std::array::from_fn(|i| long(arg, 72 + i * 8)),
                };
                set_id(arg, self.add_fb(file, &cmd)?);
                Ok(())
            }
            nr if nr == DIRTYFB.nr() => {
                let clips = read_clips(file, word(arg, 1), word(arg, 3), long(arg, 16))?;
                self.dirty_fb(file, word(arg, 0), &clips)
            }
            nr if nr == RMFB.nr() => self.rm_fb(file, word(arg, 0)),
            _ => Err(Errno::EINVAL),
        }
    }
}
