//! Framebuffers: objects, and how a picture lies in them (`drm_framebuffer.c`, `drm_gem_framebuffer_helper.c`).

use std::fmt;

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem, HandleCount};

use super::display::Config;
use super::format::Format;

/// `DRM_MODE_FB_INTERLACED`.
const INTERLACED: u32 = 1;
/// `DRM_MODE_FB_MODIFIERS`.
const MODIFIERS: u32 = 2;

/// What a framebuffer is to be (`struct drm_mode_fb_cmd2`).
#[derive(Clone, Copy, Debug)]
pub struct FbCmd {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Format.
    pub format: Format,
    /// Interlaced 1, modifiers are given 2.
    pub flags: u32,
    /// Object of each memory plane, by handle of the file.
    pub handles: [u32; 4],
    /// Bytes of a line, for each plane.
    pub pitches: [u32; 4],
    /// First byte of each plane in its object.
    pub offsets: [u32; 4],
    /// Layout of each plane; 0 is linear.
    pub modifiers: [u64; 4],
}

impl FbCmd {
    /// A framebuffer of one plane.
    #[must_use]
    pub fn packed(width: u32, height: u32, format: Format, handle: u32, pitch: u32) -> Self {
        Self {
            width,
            height,
            format,
            flags: 0,
            handles: [handle, 0, 0, 0],
            pitches: [pitch, 0, 0, 0],
            offsets: [0; 4],
            modifiers: [0; 4],
        }
    }

    /// The same, its first plane from byte `offset` on.
    #[must_use]
    pub fn at(mut self, offset: u32) -> Self {
        self.offsets[0] = offset;
        self
    }
}

/// The one reference of a framebuffer to an object.
#[derive(Debug)]
enum Hold {
    /// With a handle counted; given up before the reference, as the kernel does.
    Counted(HandleCount),
    /// An object that no file has.
    Plain(Gem),
}

/// One memory plane.
#[derive(Debug)]
pub struct FbPlane {
    hold: Hold,
    /// Bytes of a line.
    pub pitch: u32,
    /// First byte in the object.
    pub offset: u32,
}

impl FbPlane {
    /// The object.
    #[must_use]
    pub fn object(&self) -> &Gem {
        match &self.hold {
            Hold::Counted(count) => count.object(),
            Hold::Plain(object) => object,
        }
    }
}

/// A framebuffer. It holds a reference to each of its objects, and a handle of each that has one.
#[derive(Debug)]
pub struct Framebuffer {
    /// Its number.
    pub id: u32,
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Format.
    pub format: Format,
    /// Memory planes.
    pub planes: Vec<FbPlane>,
}

impl Framebuffer {
    /// Prints it as debugfs does (`drm_framebuffer_print_info`); `refs` are the references to it.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub(super) fn print_info(
        &self,
        refs: usize,
        out: &mut dyn fmt::Write,
        indent: usize,
    ) -> fmt::Result {
        let tabs = "\t".repeat(indent);
        writeln!(out, "{tabs}refcount={refs}")?;
        writeln!(out, "{tabs}format={}", self.format)?;
        writeln!(out, "{tabs}size={}x{}", self.width, self.height)?;
        writeln!(out, "{tabs}layers:")?;
        let formats = self.format.planes().unwrap_or_default();
        for (i, (plane, format)) in self.planes.iter().zip(formats).enumerate() {
            let size = (format.width(self.width), format.height(self.height));
            writeln!(out, "{tabs}\tsize[{i}]={}x{}", size.0, size.1)?;
            writeln!(out, "{tabs}\tpitch[{i}]={}", plane.pitch)?;
            writeln!(out, "{tabs}\toffset[{i}]={}", plane.offset)?;
            writeln!(out, "{tabs}\tobj[{i}]:")?;
            gem::print_info(&**plane.object(), out, indent + 2)?;
        }
        Ok(())
    }
}

impl fmt::Display for Framebuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} {}", self.width, self.height, self.format)
    }
}

/// What the core checks before it asks the driver (`drm_internal_framebuffer_create`, `framebuffer_check`).
///
/// `EINVAL` for unknown flags, a size beyond what the device can, an unknown format, a missing handle, a pitch that is too
/// small, a modifier that was not announced, garbage in planes that the format does not have; `ERANGE` when a plane ends beyond
/// 4 GiB.
pub(super) fn check(config: &Config, cmd: &FbCmd) -> Result {
    let invalid = |bad: bool| if bad { Err(Errno::EINVAL) } else { Ok(()) };
    invalid(cmd.flags & !(INTERLACED | MODIFIERS) != 0)?;
    let (min, max) = (config.min, config.max);
    invalid(!(min.0..=max.0).contains(&cmd.width) || !(min.1..=max.1).contains(&cmd.height))?;
    let planes = cmd.format.planes().ok_or(Errno::EINVAL)?;
    invalid(cmd.width == 0 || cmd.height == 0)?;
    let modifiers = cmd.flags & MODIFIERS != 0;
    for (i, plane) in planes.iter().enumerate() {
        let min_pitch = plane.min_pitch(plane.width(cmd.width));
        let end = u64::from(plane.height(cmd.height)) * u64::from(cmd.pitches[i])
            + u64::from(cmd.offsets[i]);
        invalid(cmd.handles[i] == 0)?;
        if min_pitch > u64::from(u32::MAX) || end > u64::from(u32::MAX) {
            return Err(Errno::ERANGE);
        }
        invalid(u64::from(cmd.pitches[i]) < min_pitch)?;
        invalid(cmd.modifiers[i] != 0 && !modifiers)?;
        invalid(modifiers && cmd.modifiers[i] != cmd.modifiers[0])?;
    }
    for i in planes.len()..4 {
        invalid(cmd.modifiers[i] != 0)?;
        // Old user space did not clear the rest of the struct.
        invalid(modifiers && (cmd.handles[i] | cmd.pitches[i] | cmd.offsets[i]) != 0)?;
    }
    Ok(())
}

/// The objects of a checked request, one for each memory plane (`drm_gem_fb_init_with_funcs`).
///
/// `EINVAL` when no plane of the device shows the format, or an object is smaller than its plane; `ENOENT` for an unknown
/// handle.
pub(super) fn gem_objects(file: &File, config: &Config, cmd: &FbCmd) -> Result<Vec<Gem>> {
    let shown = |format| config.planes.iter().any(|p| p.formats.contains(&format));
    if !shown(cmd.format) || cmd.modifiers[0] != 0 {
        return Err(Errno::EINVAL);
    }
    let planes = cmd.format.planes().ok_or(Errno::EINVAL)?;
    planes
        .iter()
        .enumerate()
        .map(|(i, plane)| {
            let object = file.lookup(cmd.handles[i]).ok_or(Errno::ENOENT)?;
            // In 32 bits, as the kernel does.
            let min_size = (plane.height(cmd.height) - 1)
                .wrapping_mul(cmd.pitches[i])
                .wrapping_add(plane.min_pitch(plane.width(cmd.width)) as u32)
                .wrapping_add(cmd.offsets[i]);
            if object.gem().size() < u64::from(min_size) {
                return Err(Errno::EINVAL);
            }
            Ok(object)
        })
        .collect()
}

/// Builds the framebuffer of a checked request from its objects.
pub(super) fn create(objects: Vec<Gem>, cmd: &FbCmd, id: u32) -> Framebuffer {
    let planes = objects
        .into_iter()
        .enumerate()
        .map(|(i, object)| FbPlane {
            hold: match HandleCount::get_if_exists(&object) {
                Some(count) => Hold::Counted(count),
                None => Hold::Plain(object),
            },
            pitch: cmd.pitches[i],
            offset: cmd.offsets[i],
        })
        .collect();
    Framebuffer {
        id,
        width: cmd.width,
        height: cmd.height,
        format: cmd.format,
        planes,
    }
}
