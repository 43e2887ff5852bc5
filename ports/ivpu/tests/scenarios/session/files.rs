//! The uAPI: files, objects, mappings, buffers.

use std::fmt;

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::mmap::{Prot, Sharing};
use port_ivpu::HeldBo;
use port_ivpu::uapi;
use port_kit::trace::{ioctl, outcome};

use super::{Bo, Buf, Fd, Mapped, Session};

impl fmt::Display for Bo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fd.0, self.handle)
    }
}

/// Flags of a creation, in words.
fn flags_in_words(flags: u32) -> String {
    let known = [
        (uapi::BO_SHAVE_MEM, "SHAVE"),
        (uapi::BO_MAPPABLE, "MAPPABLE"),
        (uapi::BO_DMA_MEM, "DMA"),
        (uapi::BO_UNCACHED, "UNCACHED"),
        (uapi::BO_WC, "WC"),
    ];
    let names: Vec<&str> = known
        .iter()
        .filter(|(bit, _)| flags & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    match (flags, names.as_slice()) {
        (0, _) => "cached".to_owned(),
        (_, []) => format!("flags {flags:#x}"),
        (_, names) => names.join("|"),
    }
}

impl Session {
    /// Opens the device; nothing is recorded of a file that opens.
    pub(crate) fn try_open(&mut self) -> Result<Fd> {
        let file = self.ivpu.device().open()?;
        Ok(self.add_file(file))
    }

    /// Opens the device, and tells the context.
    pub(crate) fn open(&mut self) -> Fd {
        let fd = self.try_open().expect("the device opens");
        let ssid = self.param(fd, uapi::PARAM_CONTEXT_ID, 0).unwrap_or(0);
        self.record(
            format_args!("open file {}", fd.0),
            format_args!("ok ssid={ssid}"),
        );
        fd
    }

    /// GET_PARAM, not recorded.
    pub(crate) fn param(&mut self, fd: Fd, param: u32, index: u32) -> Result<u64> {
        let mut args = uapi::GetParam {
            param,
            index,
            value: 0,
        };
        ioctl(&self.file(fd), uapi::GET_PARAM, &mut args)?;
        Ok(args.value)
    }

    /// Records whatever a scenario found out.
    pub(crate) fn note(&mut self, what: &str, answer: impl fmt::Display) {
        self.record(what, answer);
    }

    /// BO_CREATE that is to succeed.
    pub(crate) fn create(&mut self, fd: Fd, size: u64, flags: u32) -> Bo {
        self.try_create(fd, size, flags).expect("it is created")
    }

    /// BO_CREATE.
    pub(crate) fn try_create(&mut self, fd: Fd, size: u64, flags: u32) -> Result<Bo> {
        let mut args = uapi::BoCreate {
            size,
            flags,
            ..uapi::BoCreate::default()
        };
        let result = ioctl(&self.file(fd), uapi::BO_CREATE, &mut args);
        let uapi::BoCreate {
            handle,
            vpu_addr: va,
            ..
        } = args;
        let answer = match &result {
            Ok(()) => format!("ok handle={handle} va={va:#x}"),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!(
                "create in file {}: {size:#x} bytes {}",
                fd.0,
                flags_in_words(flags)
            ),
            answer,
        );
        result.map(|()| Bo { fd, handle, va })
    }

    /// BO_INFO; the mmap offset.
    pub(crate) fn info(&mut self, bo: Bo) -> Option<u64> {
        let mut args = uapi::BoInfo {
            handle: bo.handle,
            ..uapi::BoInfo::default()
        };
        let result = ioctl(&self.file(bo.fd), uapi::BO_INFO, &mut args);
        let answer = match &result {
            Ok(()) => format!(
                "ok {} va={:#x} size={:#x} offset={}",
                flags_in_words(args.flags),
                args.vpu_addr,
                args.size,
                args.mmap_offset != 0
            ),
            Err(error) => format!("{error:?}"),
        };
        self.record(format_args!("info {bo}"), answer);
        result.is_ok().then_some(args.mmap_offset)
    }

    /// A handle that somebody guesses.
    pub(crate) fn guess(&self, fd: Fd, handle: u32) -> Bo {
        Bo { fd, handle, va: 0 }
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(format_args!("close {bo}"), outcome(&result));
    }

    /// GEM_FLINK, and GEM_OPEN in a file.
    pub(crate) fn open_by_name(&mut self, bo: Bo, fd: Fd) {
        let name = self.file(bo.fd).flink(bo.handle).expect("it gets a name");
        let opened = self.file(fd).open_name(name);
        self.record(
            format_args!("open {bo} by name in file {}", fd.0),
            outcome(&opened),
        );
    }

    /// Maps an object as a whole.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Mapped {
        let mut args = uapi::BoInfo {
            handle: bo.handle,
            ..uapi::BoInfo::default()
        };
        let file = self.file(bo.fd);
        ioctl(&file, uapi::BO_INFO, &mut args).expect("it is there");
        let len = pages * PAGE_SIZE;
        let mapped = self.process.mmap(
            &file,
            len,
            Prot::ReadWrite,
            Sharing::Shared,
            args.mmap_offset,
        );
        self.record(format_args!("mmap {bo} {pages} pages"), outcome(&mapped));
        Mapped {
            at: mapped.expect("it is mapped"),
            len,
        }
    }

    /// Writes a command of the NPU at the start of a mapping.
    pub(crate) fn write_command(&mut self, map: Mapped, words: [u64; 4]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let result = self.process.write(map.at, &bytes);
        self.record(
            format_args!("cpu writes command {words:x?}"),
            outcome(&result),
        );
    }

    /// PRIME_HANDLE_TO_FD.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        self.export_handle(bo.fd, bo.handle)
    }

    /// PRIME_FD_TO_HANDLE.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Bo {
        let imported = self.import_handle(fd, buf, |_, _| String::new());
        self.guess(fd, imported.expect("it is imported"))
    }

    /// A buffer of another device, kept by that.
    pub(crate) fn foreign_buffer(&mut self, pages: u32) -> Buf {
        self.kept_foreign_buffer(pages)
    }

    /// A BO of the kernel.
    pub(crate) fn kernel_bo(&mut self, size: u64, flags: u32) -> HeldBo {
        let bo = self.ivpu.kernel_bo(size, flags);
        let answer = bo.as_ref().map_or("none".to_owned(), |bo| {
            format!("ok va={:#x}", bo.vpu_addr())
        });
        self.record(
            format_args!("kernel bo: {size:#x} bytes {}", flags_in_words(flags)),
            answer,
        );
        bo.expect("it is made")
    }

    /// The device goes, with files open.
    pub(crate) fn unplug(&mut self) {
        self.ivpu.unplug();
        self.record("unplug", "ok");
    }
}

impl Session {
    /// BO_CREATE of a page, not recorded.
    pub(crate) fn create_quietly(&mut self, fd: Fd) -> Bo {
        let mut args = uapi::BoCreate {
            size: 4096,
            ..uapi::BoCreate::default()
        };
        ioctl(&self.file(fd), uapi::BO_CREATE, &mut args).expect("it is created");
        Bo {
            fd,
            handle: args.handle,
            va: args.vpu_addr,
        }
    }

    /// SUBMIT of one BO, not recorded.
    pub(crate) fn submit_quietly(&mut self, fd: Fd, bo: Bo) -> Result {
        let buffers_ptr = self.machine.user().put(&bo.handle.to_ne_bytes());
        let mut args = uapi::Submit {
            buffers_ptr,
            buffer_count: 1,
            ..uapi::Submit::default()
        };
        ioctl(&self.file(fd), uapi::SUBMIT, &mut args)
    }

    /// A byte of a buffer, as another process that has it mapped sees it.
    pub(crate) fn buffer_byte(&mut self, buf: Buf, at: u64) {
        let size = self.buffer(buf).size();
        let map = self.map_dma_buf(buf, size).expect("it is mapped");
        self.read(map, at);
        self.unmap(map);
    }
}
