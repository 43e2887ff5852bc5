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
        let fd = Fd(self.opened);
        self.opened += 1;
        let opened = self.panfrost.device().open();
        let answer = outcome(&opened);
        self.files.insert(fd, opened.expect("the device opens"));
        self.record(format_args!("open file {}", fd.0), answer);
        fd
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, fd: Fd) {
        let file = self.files.remove(&fd).expect("it is open");
        drop(file);
        self.record(format_args!("close file {}", fd.0), "ok");
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
        let buffer = self.buffers.get(&buf).expect("it is exported").clone();
        let len = pages * PAGE_SIZE;
        let mapped = self
            .process
            .mmap_dma_buf(&buffer, len, Prot::ReadWrite, Sharing::Shared, 0);
        self.record(
            format_args!("mmap buffer {} {pages} pages", buf.0),
            outcome(&mapped),
        );
        mapped.map(|at| Mapped { at, len })
    }

    /// Unmaps a mapping.
    pub(crate) fn unmap(&mut self, map: Mapped) {
        let result = self.process.munmap(map.at, map.len);
        self.record("munmap", outcome(&result));
    }

    /// Touches a byte of a mapping.
    pub(crate) fn read(&mut self, map: Mapped, at: u64) {
        let byte = match self.process.read_byte(map.at + at) {
            Ok(byte) => format!("{byte:#04x}"),
            Err(_) => "SIGBUS".to_owned(),
        };
        self.record(format_args!("cpu reads +{at:#x}"), byte);
    }

    /// Writes a byte of a mapping.
    pub(crate) fn write(&mut self, map: Mapped, at: u64, byte: u8) {
        let result = match self.process.write(map.at + at, &[byte]) {
            Ok(()) => "ok",
            Err(_) => "SIGBUS",
        };
        self.record(format_args!("cpu writes +{at:#x} {byte:#04x}"), result);
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
        let exported = self.file(bo.fd).export(bo.handle, true);
        let answer = outcome(&exported);
        let buf = self.next_buffer();
        self.buffers.insert(buf, exported.expect("it is exported"));
        self.record(
            format_args!("export {} as buffer {}", name(bo), buf.0),
            answer,
        );
        buf
    }

    /// PRIME_FD_TO_HANDLE. The VA is asked for, too.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let buffer = self.buffers.get(&buf).expect("it is exported").clone();
        let imported = self.file(fd).import(&buffer);
        drop(buffer);
        let handle = imported.unwrap_or(0);
        let mut args = uapi::GetBoOffset {
            handle,
            pad: 0,
            offset: 0,
        };
        if imported.is_ok() {
            ioctl(&self.file(fd), uapi::GET_BO_OFFSET, &mut args)?;
        }
        let answer = format!(
            "{} handle={handle} va={:#x}",
            outcome(&imported),
            args.offset
        );
        self.record(
            format_args!("import buffer {} into file {}", buf.0, fd.0),
            answer,
        );
        imported.map(|handle| Bo {
            fd,
            handle,
            va: args.offset,
        })
    }

    /// Gives the descriptor of a buffer up.
    pub(crate) fn close_buffer(&mut self, buf: Buf) {
        drop(self.buffers.remove(&buf));
        self.record(format_args!("close buffer {}", buf.0), "ok");
    }

    /// A buffer of another device.
    pub(crate) fn foreign_buffer(&mut self, pages: u32) -> Buf {
        let (handle, buffer) = self.vgem.export(pages).expect("vgem exports");
        self.vgem.close(handle).expect("it has the handle");
        let buf = self.next_buffer();
        self.buffers.insert(buf, buffer);
        self.record(
            format_args!("vgem exports {pages} pages as buffer {}", buf.0),
            "ok",
        );
        buf
    }

    /// Another device imports a buffer.
    pub(crate) fn attach(&mut self, buf: Buf) {
        let attached = self.vgem.import(&self.buffers[&buf]);
        let answer = outcome(&attached);
        if let Ok(handle) = attached {
            self.attached.insert(buf, handle);
        }
        self.record(format_args!("vgem imports buffer {}", buf.0), answer);
    }

    /// The other device gives it up.
    pub(crate) fn detach(&mut self, buf: Buf) {
        let handle = self.attached.remove(&buf).expect("it is imported");
        let result = self.vgem.close(handle);
        self.record(
            format_args!("vgem gives buffer {} up", buf.0),
            outcome(&result),
        );
    }
}

/// How a handle is called in traces.
pub(super) fn name(bo: Bo) -> String {
    format!("{}:{}", bo.fd.0, bo.handle)
}
