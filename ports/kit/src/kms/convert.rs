//! Copying a part of a framebuffer to a screen of another format (`drm_format_helper.c: drm_fb_blit`).

use drm_core::errno::{Errno, Result};
use drm_core::sync::Mutex;
use gem_shmem::ShadowMaps;

use super::format::Format;
use super::framebuffer::Framebuffer;
use super::rect::Rect;

/// Memory of a display that the CPU writes to: lines of pixels in one format.
#[derive(Debug)]
pub struct Screen {
    /// Its format.
    pub format: Format,
    /// Bytes of a line.
    pub pitch: u32,
    memory: Mutex<Vec<u8>>,
}

impl Screen {
    /// `height` black lines.
    #[must_use]
    pub fn new(format: Format, pitch: u32, height: u32) -> Self {
        Self {
            format,
            pitch,
            memory: Mutex::new(vec![0; pitch as usize * height as usize]),
        }
    }

    /// All of its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.memory.lock().clone()
    }

    /// Makes every byte `value`.
    pub fn fill(&self, value: u8) {
        self.memory.lock().fill(value);
    }

    /// Byte of the pixel at `(x, y)` (`drm_fb_clip_offset`).
    fn offset(&self, x: i32, y: i32) -> usize {
        y as usize * self.pitch as usize + x as usize * self.format.cpp() as usize
    }

    fn write(&self, at: usize, from: &[u8]) -> Result {
        let mut memory = self.memory.lock();
        let to = memory.get_mut(at..at + from.len()).ok_or(Errno::EFAULT)?;
        to.copy_from_slice(from);
        Ok(())
    }
}

/// Copies the pixels of `clip` to the screen, from pixel `(x, y)` of it on, and converts them where the formats differ.
///
/// `EINVAL` when nothing converts the one format into the other; nothing is written then.
pub fn blit(
    screen: &Screen,
    (x, y): (i32, i32),
    maps: &ShadowMaps,
    fb: &Framebuffer,
    clip: &Rect,
) -> Result {
    let convert = conversion(fb.format, screen.format).ok_or(Errno::EINVAL)?;
    let cpp = fb.format.cpp();
    let mut line = vec![0; clip.width() as usize * cpp as usize];
    for row in 0..clip.height() {
        let from = u64::from(fb.planes[0].pitch) * (clip.y1 + row) as u64
            + u64::from(cpp) * clip.x1 as u64;
        maps.read(0, from, &mut line)?;
        screen.write(screen.offset(x, y + row), &convert(&line))?;
    }
    Ok(())
}

type Convert = fn(&[u8]) -> Vec<u8>;

fn conversion(from: Format, to: Format) -> Option<Convert> {
    if from == to {
        return Some(<[u8]>::to_vec);
    }
    if from != Format::XRGB8888 {
        return None;
    }
    Some(match to {
        Format::RGB565 => |line| halves(line, |r, g, b| r >> 3 << 11 | g >> 2 << 5 | b >> 3),
        Format::XRGB1555 => |line| halves(line, |r, g, b| r >> 3 << 10 | g >> 3 << 5 | b >> 3),
        Format::ARGB1555 => |line| {
            halves(line, |r, g, b| {
                1 << 15 | r >> 3 << 10 | g >> 3 << 5 | b >> 3
            })
        },
        Format::RGBA5551 => {
            |line| halves(line, |r, g, b| r >> 3 << 11 | g >> 3 << 6 | b >> 3 << 1 | 1)
        }
        Format::RGB888 => |line| pixels(line).flatten().collect(),
        Format::BGR888 => |line| pixels(line).flat_map(|[b, g, r]| [r, g, b]).collect(),
        Format::ARGB8888 => |line| swizzle(line, |[b, g, r, _]| [b, g, r, 0xff]),
        Format::XBGR8888 => |line| swizzle(line, |[b, g, r, x]| [r, g, b, x]),
        Format::ABGR8888 => |line| swizzle(line, |[b, g, r, _]| [r, g, b, 0xff]),
        Format::XRGB2101010 => |line| words(line, 0),
        Format::ARGB2101010 => |line| words(line, 3 << 30),
        Format::BGRX8888 => |line| swizzle(line, |[b, g, r, x]| [x, r, g, b]),
        _ => return None,
    })
}

/// Blue, green, red of each XRGB8888 pixel.
fn pixels(line: &[u8]) -> impl Iterator<Item = [u8; 3]> + '_ {
    line.as_chunks::<4>()
        .0
        .iter()
        .map(|[b, g, r, _]| [*b, *g, *r])
}

fn swizzle(line: &[u8], order: impl Fn([u8; 4]) -> [u8; 4]) -> Vec<u8> {
    line.as_chunks::<4>()
        .0
        .iter()
        .flat_map(|pixel| order(*pixel))
        .collect()
}

fn halves(line: &[u8], pack: impl Fn(u16, u16, u16) -> u16) -> Vec<u8> {
    pixels(line)
        .flat_map(|[b, g, r]| pack(r.into(), g.into(), b.into()).to_le_bytes())
        .collect()
}

/// 10 bits a channel: 8, and the highest two again.
fn words(line: &[u8], alpha: u32) -> Vec<u8> {
    let wide = |channel: u8| u32::from(channel) << 2 | u32::from(channel) >> 6;
    pixels(line)
        .flat_map(|[b, g, r]| (alpha | wide(r) << 20 | wide(g) << 10 | wide(b)).to_le_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(to: Format, pixel: u32) -> Vec<u8> {
        let convert = conversion(Format::XRGB8888, to).expect("a conversion");
        convert(&pixel.to_le_bytes())
    }

    #[test]
    fn every_conversion_packs_its_channels() {
        let pixel = 0x00ff_8040;
        let expect: &[(Format, u32)] = &[
            (Format::RGB565, 0xfc08),
            (Format::XRGB1555, 0x7e08),
            (Format::ARGB1555, 0xfe08),
            (Format::RGBA5551, 0xfc11),
            (Format::RGB888, 0x00ff_8040),
            (Format::BGR888, 0x0040_80ff),
            (Format::ARGB8888, 0xffff_8040),
            (Format::XBGR8888, 0x0040_80ff),
            (Format::ABGR8888, 0xff40_80ff),
            (Format::XRGB2101010, 0x3ff8_0901),
            (Format::ARGB2101010, 0xfff8_0901),
            (Format::BGRX8888, 0x4080_ff00),
        ];
        for &(to, word) in expect {
            let bytes = &word.to_le_bytes()[..to.cpp() as usize];
            assert_eq!(converted(to, pixel), bytes, "{to}");
        }
    }

    #[test]
    fn nothing_converts_a_palette() {
        assert!(conversion(Format::C8, Format::XRGB8888).is_none());
        assert!(conversion(Format::RGB565, Format::XRGB8888).is_none());
    }
}
