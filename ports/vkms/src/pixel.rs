//! Pixels at 16 bits a channel, and the formats they come from and go to (`vkms_formats.c`).

use port_kit::kms::Format;

/// Formats of planes and of writeback.
pub(crate) const FORMATS: [Format; 5] = [
    Format::ARGB8888,
    Format::XRGB8888,
    Format::XRGB16161616,
    Format::ARGB16161616,
    Format::RGB565,
];

/// One pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pixel {
    pub(crate) a: u16,
    pub(crate) r: u16,
    pub(crate) g: u16,
    pub(crate) b: u16,
}

impl Pixel {
    pub(crate) const BLACK: Self = Self {
        a: 0xffff,
        r: 0,
        g: 0,
        b: 0,
    };

    /// The bytes that the checksum is over.
    pub(crate) fn bytes(self) -> [u8; 8] {
        words([self.a, self.r, self.g, self.b])
    }

    /// Reads one pixel of `format`; `None` for a format that is not among [`FORMATS`], or too few bytes.
    pub(crate) fn read(format: Format, bytes: &[u8]) -> Option<Self> {
        let wide = |i: usize| u16::from(bytes[i]) * 257;
        let half = |i: usize| u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
        if bytes.len() < format.cpp() as usize {
            return None;
        }
        Some(match format {
            Format::ARGB8888 | Format::XRGB8888 => Self {
                a: if format == Format::ARGB8888 {
                    wide(3)
                } else {
                    0xffff
                },
                r: wide(2),
                g: wide(1),
                b: wide(0),
            },
            Format::ARGB16161616 | Format::XRGB16161616 => Self {
                a: if format == Format::ARGB16161616 {
                    half(3)
                } else {
                    0xffff
                },
                r: half(2),
                g: half(1),
                b: half(0),
            },
            Format::RGB565 => Self {
                a: 0xffff,
                r: widen(half(0) >> 11, 31),
                g: widen(half(0) >> 5 & 63, 63),
                b: widen(half(0) & 31, 31),
            },
            _ => return None,
        })
    }

    /// The bytes of the pixel in `format`; `None` for a format that is not among [`FORMATS`].
    pub(crate) fn write(self, format: Format) -> Option<Vec<u8>> {
        let narrow = |channel: u16| ((u32::from(channel) + 128) / 257) as u8;
        let Self { a, r, g, b } = self;
        Some(match format {
            Format::ARGB8888 => vec![narrow(b), narrow(g), narrow(r), narrow(a)],
            Format::XRGB8888 => vec![narrow(b), narrow(g), narrow(r), 0xff],
            Format::ARGB16161616 => words([b, g, r, a]).to_vec(),
            Format::XRGB16161616 => words([b, g, r, 0xffff]).to_vec(),
            Format::RGB565 => {
                let word = shorten(r, 31) << 11 | shorten(g, 63) << 5 | shorten(b, 31);
                word.to_le_bytes().to_vec()
            }
            _ => return None,
        })
    }

    /// Puts this pixel over `under`, which is opaque; the colours are multiplied by alpha already (`pre_mul_alpha_blend`).
    pub(crate) fn over(self, under: Self) -> Self {
        let blend = |src: u16, dst: u16| {
            // Colours that are not multiplied overflow, in 32 bits.
            let sum = u32::from(src)
                .wrapping_mul(0xffff)
                .wrapping_add(u32::from(dst).wrapping_mul(u32::from(0xffff - self.a)));
            (sum.wrapping_add(0x7fff) / 0xffff) as u16
        };
        Self {
            a: 0xffff,
            r: blend(self.r, under.r),
            g: blend(self.g, under.g),
            b: blend(self.b, under.b),
        }
    }
}

fn words(channels: [u16; 4]) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (to, from) in bytes.chunks_exact_mut(2).zip(channels) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    bytes
}

/// `max` steps to 65535, to the nearest.
fn widen(channel: u16, max: u32) -> u16 {
    ((u32::from(channel) * 65535 * 2 + max) / (2 * max)) as u16
}

/// 65535 to `max` steps, downward.
fn shorten(channel: u16, max: u32) -> u16 {
    (u32::from(channel) * max / 65535) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_back_what_it_stored() {
        let pixel = Pixel {
            a: 0xffff,
            r: 0xffff,
            g: 0,
            b: 0xffff,
        };
        for format in FORMATS {
            let bytes = pixel.write(format).expect("a format of the driver");
            assert_eq!(Pixel::read(format, &bytes), Some(pixel), "{format}");
        }
    }

    /// Widening rounds to the nearest, narrowing down: where the first went down, the second goes down once more.
    #[test]
    fn a_short_channel_may_come_back_one_step_lower() {
        let blue = |step: u16| {
            let pixel = Pixel::read(Format::RGB565, &step.to_le_bytes()).expect("two bytes");
            pixel.write(Format::RGB565).expect("a format of the driver")[0]
        };
        assert_eq!([blue(0), blue(1), blue(16), blue(31)], [0, 0, 16, 31]);
    }

    #[test]
    fn half_of_a_colour_over_another() {
        let half = Pixel {
            a: 0x8000,
            r: 0x8000,
            g: 0,
            b: 0,
        };
        let white = Pixel {
            a: 0xffff,
            r: 0xffff,
            g: 0xffff,
            b: 0xffff,
        };
        let over = half.over(white);
        assert_eq!((over.r, over.g, over.a), (0xffff, 0x7fff, 0xffff));
    }

    #[test]
    fn a_palette_is_neither_read_nor_written() {
        assert_eq!(Pixel::read(Format::C8, &[0; 4]), None);
        assert_eq!(Pixel::BLACK.write(Format::C8), None);
    }
}
