//! Ioctl numbers, and the ioctls that the DRM core answers itself.

use super::File;
use crate::PAGE_SIZE;
use crate::errno::{Errno, Result};
use crate::syncobj;

/// First number of a driver's own ioctls (`DRM_COMMAND_BASE`).
const COMMAND_BASE: u32 = 0x40;
/// Number after the last of them (`DRM_COMMAND_END`).
const COMMAND_END: u32 = 0xa0;
/// Numbers of the ioctls of the display part.
const MODE_NUMBERS: std::ops::Range<u32> = 0xa0..0xbf;
const DRM_TYPE: u32 = b'd' as u32;

/// The number of an ioctl as user space passes it: direction, size, type `d`, number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoctlNr(u32);

impl IoctlNr {
    /// `_IOWR('d', nr, size)`: both directions.
    #[must_use]
    pub const fn iowr(nr: u32, size: usize) -> Self {
        Self(3 << 30 | (size as u32) << 16 | DRM_TYPE << 8 | nr)
    }

    /// `_IOW('d', nr, size)`: into the kernel.
    #[must_use]
    pub const fn iow(nr: u32, size: usize) -> Self {
        Self(1 << 30 | (size as u32) << 16 | DRM_TYPE << 8 | nr)
    }

    /// `_IOWR('d', DRM_COMMAND_BASE + nr, size)`: a driver's own.
    #[must_use]
    pub const fn driver(nr: u32, size: usize) -> Self {
        Self::iowr(COMMAND_BASE + nr, size)
    }

    /// From the number that user space passes.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The number that user space passes.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Its type byte.
    #[must_use]
    pub const fn kind(self) -> u32 {
        self.0 >> 8 & 0xff
    }

    /// Its number, without direction, size and type.
    #[must_use]
    pub const fn nr(self) -> u32 {
        self.0 & 0xff
    }

    /// The size of its argument, in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        (self.0 >> 16 & 0x3fff) as usize
    }
}

/// Numbers of the core's own ioctls that concern memory.
pub mod core_nr {
    use super::IoctlNr;

    /// `DRM_IOCTL_GEM_CLOSE`: `{ handle: u32, pad: u32 }`.
    pub const GEM_CLOSE: IoctlNr = IoctlNr::iow(0x09, 8);
    /// `DRM_IOCTL_GEM_FLINK`: `{ handle, name: u32 }`.
    pub const GEM_FLINK: IoctlNr = IoctlNr::iowr(0x0a, 8);
    /// `DRM_IOCTL_GEM_OPEN`: `{ name, handle: u32, size: u64 }`.
    pub const GEM_OPEN: IoctlNr = IoctlNr::iowr(0x0b, 16);
    /// `DRM_IOCTL_MODE_CREATE_DUMB`: `{ height, width, bpp, flags, handle, pitch: u32, size: u64 }`.
    pub const MODE_CREATE_DUMB: IoctlNr = IoctlNr::iowr(0xb2, 32);
    /// `DRM_IOCTL_MODE_MAP_DUMB`: `{ handle, pad: u32, offset: u64 }`.
    pub const MODE_MAP_DUMB: IoctlNr = IoctlNr::iowr(0xb3, 16);
    /// `DRM_IOCTL_MODE_DESTROY_DUMB`: `{ handle: u32 }`.
    pub const MODE_DESTROY_DUMB: IoctlNr = IoctlNr::iowr(0xb4, 4);
}

/// What a dumb buffer is to be, and what it became (`struct drm_mode_create_dumb`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumbArgs {
    /// Lines.
    pub height: u32,
    /// Pixels per line.
    pub width: u32,
    /// Bits per pixel.
    pub bpp: u32,
    /// Must be looked at by nobody.
    pub flags: u32,
    /// Out: the handle.
    pub handle: u32,
    /// Out: bytes per line.
    pub pitch: u32,
    /// Out: bytes.
    pub size: u64,
}

impl File {
    /// An ioctl: `number` as user space passes it, `arg` its argument struct, changed in place even after an error.
    ///
    /// `EINVAL` for an unknown number, `ENODEV` when the device is gone, `EACCES` for what a render node does not answer.
    pub fn ioctl(&self, number: u32, arg: &mut [u8]) -> Result {
        let _syscall = self.machine().syscall();
        if self.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        let number = IoctlNr::from_raw(number);
        if number.kind() != DRM_TYPE {
            return Err(Errno::ENOTTY);
        }
        if self.is_render() && !is_for_render(number.nr()) {
            return Err(Errno::EACCES);
        }
        match number.nr() {
            nr if nr == core_nr::GEM_CLOSE.nr() => gem_close(self, arg),
            nr if nr == core_nr::GEM_FLINK.nr() => gem_flink(self, arg),
            nr if nr == core_nr::GEM_OPEN.nr() => gem_open(self, arg),
            nr if nr == core_nr::MODE_CREATE_DUMB.nr() => create_dumb(self, arg),
            nr if nr == core_nr::MODE_MAP_DUMB.nr() => map_dumb(self, arg),
            nr if nr == core_nr::MODE_DESTROY_DUMB.nr() => self.handle_delete(get_u32(arg, 0)),
            nr if (COMMAND_BASE..COMMAND_END).contains(&nr) => {
                driver_ioctl(self, nr - COMMAND_BASE, arg)
            }
            nr if MODE_NUMBERS.contains(&nr) => {
                let driver = self.dev().driver().clone();
                driver.mode_ioctl(self, number, arg)
            }
            nr if syncobj::NUMBERS.contains(&nr) => syncobj::ioctl(self, number, arg),
            _ => Err(Errno::EINVAL),
        }
    }
}

/// Pads or cuts the argument to what the driver's struct has, as `drm_ioctl` does.
fn driver_ioctl(file: &File, nr: u32, arg: &mut [u8]) -> Result {
    let driver = file.dev().driver().clone();
    let size = driver.ioctl_size(nr).ok_or(Errno::EINVAL)?;
    if size == arg.len() {
        return driver.ioctl(file, nr, arg);
    }
    let shared = size.min(arg.len());
    let mut own = vec![0; size];
    own[..shared].copy_from_slice(&arg[..shared]);
    let result = driver.ioctl(file, nr, &mut own);
    arg[..shared].copy_from_slice(&own[..shared]);
    result
}

fn get_u32(arg: &[u8], at: usize) -> u32 {
    arg.get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

fn set(arg: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(field) = arg.get_mut(at..at + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

/// Whether a render node answers an ioctl (`DRM_RENDER_ALLOW`): a driver's own, and those that concern only the caller.
fn is_for_render(nr: u32) -> bool {
    nr == core_nr::GEM_CLOSE.nr() || (COMMAND_BASE..COMMAND_END).contains(&nr)
}

fn gem_flink(file: &File, arg: &mut [u8]) -> Result {
    let name = file.flink(get_u32(arg, 0))?;
    set(arg, 4, &name.to_ne_bytes());
    Ok(())
}

fn gem_open(file: &File, arg: &mut [u8]) -> Result {
    let (handle, size) = file.open_name(get_u32(arg, 0))?;
    set(arg, 4, &handle.to_ne_bytes());
    set(arg, 8, &size.to_ne_bytes());
    Ok(())
}

/// The padding is not looked at, as in `drm_gem_close_ioctl`.
fn gem_close(file: &File, arg: &mut [u8]) -> Result {
    file.handle_delete(get_u32(arg, 0))
}

fn create_dumb(file: &File, arg: &mut [u8]) -> Result {
    let mut args = DumbArgs {
        height: get_u32(arg, 0),
        width: get_u32(arg, 4),
        bpp: get_u32(arg, 8),
        flags: get_u32(arg, 12),
        ..DumbArgs::default()
    };
    let result = file.create_dumb(&mut args);
    set(arg, 16, &args.handle.to_ne_bytes());
    set(arg, 20, &args.pitch.to_ne_bytes());
    set(arg, 24, &args.size.to_ne_bytes());
    result
}

fn map_dumb(file: &File, arg: &mut [u8]) -> Result {
    let offset = file.dumb_map_offset(get_u32(arg, 0))?;
    set(arg, 8, &offset.to_ne_bytes());
    Ok(())
}

impl File {
    /// Makes a dumb buffer (`drm_mode_create_dumb`).
    ///
    /// `EINVAL` for a zero dimension, or when a line, the buffer or its whole pages do not fit 32 bits; else the
    /// driver's answer.
    pub fn create_dumb(&self, args: &mut DumbArgs) -> Result {
        let _syscall = self.machine().syscall();
        if args.width == 0 || args.height == 0 || args.bpp == 0 || args.bpp > u32::MAX - 8 {
            return Err(Errno::EINVAL);
        }
        let stride = args
            .bpp
            .div_ceil(8)
            .checked_mul(args.width)
            .ok_or(Errno::EINVAL)?;
        let bytes = args.height.checked_mul(stride).ok_or(Errno::EINVAL)?;
        let mask = PAGE_SIZE as u32 - 1;
        if bytes.wrapping_add(mask) & !mask == 0 {
            return Err(Errno::EINVAL);
        }
        (args.handle, args.pitch, args.size) = (0, 0, 0);
        self.dev().driver().clone().dumb_create(self, args)
    }

    /// The mmap offset of a handle, in bytes; made again if it was taken away (`drm_gem_dumb_map_offset`).
    ///
    /// `ENOENT` for an unknown handle, `EINVAL` for an import.
    pub fn dumb_map_offset(&self, handle: u32) -> Result<u64> {
        let object = self.lookup(handle).ok_or(Errno::ENOENT)?;
        if object.gem().is_imported() {
            return Err(Errno::EINVAL);
        }
        object.gem().create_mmap_offset()
    }
}
