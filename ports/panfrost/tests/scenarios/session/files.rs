//! The uAPI: files, objects, mappings, buffers.

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::mmap::{Prot, Sharing};
use port_kit::trace::{ioctl, outcome};
use port_panfrost::uapi;

use super::{Bo, Buf, Fd, Mapped, Session};

/// Flags of a creation, in words.
fn flags_in_words(flags: u32) -> String {
    match flags {
        0 => "executable".to_owned(),
        uapi::BO_NOEXEC => "NOEXEC".to_owned(),
        3 => "NOEXEC|HEAP".to_owned(),
        other => format!("flags {other:#x}"),
    }
}

impl Session {
    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.panfrost.device().open().expect("the device opens");
        let fd = self.add_file(file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
    }

    /// CREATE_BO that is to succeed.
    pub(crate) fn create(&mut self, fd: Fd, size: u32, flags: u32) -> Bo {
        let args = uapi::CreateBo {
            size,
            flags,
            ..uapi::CreateBo::default()
        };
        self.try_create(fd, args).expect("it is created")
    }

    /// CREATE_BO.
    pub(crate) fn try_create(&mut self, fd: Fd, args: uapi::CreateBo) -> Result<Bo> {
        let mut args = args;
        let result = ioctl(&self.file(fd), uapi::CREATE_BO, &mut args);
        let pad = if args.pad == 0 {
            String::new()
        } else {
            format!(" pad {}", args.pad)
        };
        let operation = format!(
            "create in file {}: {} bytes {}{pad}",
            fd.0,
            args.size,
            flags_in_words(args.flags)
        );
        self.record(
            operation,
            format_args!(
                "{} handle={} va={:#x}",
                outcome(&result),
                args.handle,
                args.offset
            ),
        );
        result.map(|()| Bo {
            fd,
            handle: args.handle,
            va: args.offset,
        })
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(format_args!("close {}", name(bo)), outcome(&result));
    }

    /// MMAP_BO.
    pub(crate) fn mmap_bo(&mut self, bo: Bo, flags: u32) -> Result<u64> {
        let mut args = uapi::MmapBo {
            handle: bo.handle,
            flags,
            offset: 0,
        };
        let result = ioctl(&self.file(bo.fd), uapi::MMAP_BO, &mut args);
        let flags = if flags == 0 {
            String::new()
        } else {
            format!(" flags {flags}")
        };
        let answer = format!("{} offset={:#x}", outcome(&result), args.offset);
        self.record(format_args!("mmap_bo {}{flags}", name(bo)), answer);
        result.map(|()| args.offset)
    }

    /// GET_BO_OFFSET.
    pub(crate) fn offset(&mut self, bo: Bo) {
        let mut args = uapi::GetBoOffset {
            handle: bo.handle,
            pad: 0,
            offset: 0,
        };
        let result = ioctl(&self.file(bo.fd), uapi::GET_BO_OFFSET, &mut args);
        let answer = format!("{} va={:#x}", outcome(&result), args.offset);
        self.record(format_args!("get_bo_offset {}", name(bo)), answer);
    }

    /// MADVISE.
    pub(crate) fn madvise(&mut self, bo: Bo, madv: u32) {
        let mut args = uapi::Madvise {
            handle: bo.handle,
            madv,
            retained: 77,
        };
        let result = ioctl(&self.file(bo.fd), uapi::MADVISE, &mut args);
        let answer = format!("{} retained={}", outcome(&result), args.retained);
        self.record(format_args!("madvise {} {}", name(bo), madv as i32), answer);
    }

    /// GET_PARAM.
    pub(crate) fn param(&mut self, fd: Fd, param: u32, pad: u32) {
        let mut args = uapi::GetParam {
            param,
            pad,
            value: 0,
        };
        let result = ioctl(&self.file(fd), uapi::GET_PARAM, &mut args);
        self.record(
            format_args!("get_param {param} pad {pad}"),
            format_args!("{} {:#x}", outcome(&result), args.value),
        );
    }

    /// Maps the first `pages` pages of an object; recorded as one step.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Result<Mapped> {
        let offset = self.mmap_bo(bo, 0)?;
        self.map_offset(bo.fd, offset, pages, Sharing::Shared)
    }

    /// Maps `pages` pages from an offset of the device.
    pub(crate) fn map_offset(
        &mut self,
        fd: Fd,
        offset: u64,
        pages: u64,
        sharing: Sharing,
    ) -> Result<Mapped> {
        let len = pages * PAGE_SIZE;
        let mapped = self
            .process
            .mmap(&self.file(fd), len, Prot::ReadWrite, sharing, offset);
        let private = if sharing == Sharing::Private {
            " private"
        } else {
            ""
        };
        self.record(
            format_args!("mmap file {} {pages} pages{private} at {offset:#x}", fd.0),
            outcome(&mapped),
        );
        mapped.map(|at| Mapped { at, len })
    }

    /// Maps `pages` pages of a dma-buf.
    pub(crate) fn map_buffer(&mut self, buf: Buf, pages: u64) -> Result<Mapped> {
        let mapped = self.map_dma_buf(buf, pages * PAGE_SIZE);
        self.record(
            format_args!("mmap buffer {} {pages} pages", buf.0),
            outcome(&mapped),
        );
        mapped
    }

    /// Writes bytes of a mapping, not recorded byte by byte.
    pub(crate) fn write_all(&mut self, map: Mapped, at: u64, bytes: &[u8]) {
        let result = self.process.write(map.at + at, bytes);
        self.record(
            format_args!("cpu writes +{at:#x} {} bytes", bytes.len()),
            outcome(&result),
        );
    }

    /// PRIME_HANDLE_TO_FD.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        self.export_handle(bo.fd, bo.handle)
    }

    /// PRIME_FD_TO_HANDLE. The VA is asked for, too.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let mut va = 0;
        let handle = self.import_handle(fd, buf, |file, handle| {
            let mut args = uapi::GetBoOffset {
                handle,
                pad: 0,
                offset: 0,
            };
            match ioctl(file, uapi::GET_BO_OFFSET, &mut args) {
                Ok(()) => va = args.offset,
                Err(error) => return format!(" va={error:?}"),
            }
            format!(" va={va:#x}")
        })?;
        Ok(Bo { fd, handle, va })
    }
}

/// How a handle is called in traces.
pub(super) fn name(bo: Bo) -> String {
    format!("{}:{}", bo.fd.0, bo.handle)
}
