//! Pixel formats (`drm_fourcc.c`): how many planes, how many bytes a pixel.

use std::fmt;

/// One memory plane of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneFormat {
    /// Bytes of a sample.
    pub cpp: u8,
    /// Pixels that share a sample, horizontally.
    pub hsub: u8,
    /// Pixels that share a sample, vertically.
    pub vsub: u8,
}

const fn packed(cpp: u8) -> PlaneFormat {
    PlaneFormat {
        cpp,
        hsub: 1,
        vsub: 1,
    }
}

/// A format by its four-character code (`DRM_FORMAT_*`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Format(u32);

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $planes:expr;)*) => {
        impl Format {
            $($(#[$doc])* pub const $name: Self = Self::fourcc($code);)*

            /// Its memory planes; `None` for a code that is no format.
            #[must_use]
            pub const fn planes(self) -> Option<&'static [PlaneFormat]> {
                match self {
                    $(Self::$name => Some(const { $planes }),)*
                    _ => None,
                }
            }
        }
    };
}

formats! {
    /// An index into a palette.
    C8 = b"C8  ", &[packed(1)];
    /// 5, 6, 5 bits.
    RGB565 = b"RG16", &[packed(2)];
    /// One unused bit, 5, 5, 5.
    XRGB1555 = b"XR15", &[packed(2)];
    /// Alpha, 5, 5, 5.
    ARGB1555 = b"AR15", &[packed(2)];
    /// 5, 5, 5, alpha.
    RGBA5551 = b"RA15", &[packed(2)];
    /// 5, 5, 5, one unused bit.
    RGBX5551 = b"RX15", &[packed(2)];
    /// Three bytes: blue first in memory.
    RGB888 = b"RG24", &[packed(3)];
    /// Three bytes: red first in memory.
    BGR888 = b"BG24", &[packed(3)];
    /// Four bytes, the highest unused.
    XRGB8888 = b"XR24", &[packed(4)];
    /// Four bytes, the highest alpha.
    ARGB8888 = b"AR24", &[packed(4)];
    /// Four bytes, the highest unused, then blue.
    XBGR8888 = b"XB24", &[packed(4)];
    /// Four bytes, the highest alpha, then blue.
    ABGR8888 = b"AB24", &[packed(4)];
    /// Four bytes, the lowest unused.
    BGRX8888 = b"BX24", &[packed(4)];
    /// Two unused bits, 10, 10, 10.
    XRGB2101010 = b"XR30", &[packed(4)];
    /// Alpha, 10, 10, 10.
    ARGB2101010 = b"AR30", &[packed(4)];
    /// 16 bits each, the highest unused.
    XRGB16161616 = b"XR48", &[packed(8)];
    /// 16 bits each.
    ARGB16161616 = b"AR48", &[packed(8)];
    /// Luma, and a quarter of interleaved chroma.
    NV12 = b"NV12", &[packed(1), PlaneFormat { cpp: 2, hsub: 2, vsub: 2 }];
}

impl Format {
    /// From the four characters.
    #[must_use]
    pub const fn fourcc(code: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*code))
    }

    /// From the number that user space passes.
    #[must_use]
    pub const fn from_raw(code: u32) -> Self {
        Self(code)
    }

    /// The number that user space passes.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The format of the old `ADDFB`, by bits per pixel and depth (`drm_mode_legacy_fb_format`).
    #[must_use]
    pub const fn legacy(bpp: u32, depth: u32) -> Option<Self> {
        Some(match (bpp, depth) {
            (8, 8) => Self::C8,
            (16, 15) => Self::XRGB1555,
            (16, 16) => Self::RGB565,
            (24, 24) => Self::RGB888,
            (32, 24) => Self::XRGB8888,
            (32, 30) => Self::XRGB2101010,
            (32, 32) => Self::ARGB8888,
            _ => return None,
        })
    }

    /// Bytes of a pixel in the first plane; 0 for a code that is no format.
    #[must_use]
    pub fn cpp(self) -> u32 {
        self.planes().map_or(0, |planes| u32::from(planes[0].cpp))
    }
}

impl PlaneFormat {
    /// Samples in a line of `width` pixels.
    #[must_use]
    pub fn width(&self, width: u32) -> u32 {
        width.div_ceil(u32::from(self.hsub))
    }

    /// Lines of samples in `height` lines of pixels.
    #[must_use]
    pub fn height(&self, height: u32) -> u32 {
        height.div_ceil(u32::from(self.vsub))
    }

    /// Bytes that a line of `width` samples needs (`drm_format_info_min_pitch`).
    #[must_use]
    pub fn min_pitch(&self, width: u32) -> u64 {
        u64::from(width) * u64::from(self.cpp)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.0.to_le_bytes();
        f.write_str(String::from_utf8_lossy(&code).trim_end())
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
