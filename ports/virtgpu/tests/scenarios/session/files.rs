//! Files, handles, mappings, buffers.

use drm_core::PAGE_SIZE;
use drm_core::device::DumbArgs;
use drm_core::errno::Result;
use drm_core::machine::Fail;
use drm_core::mmap::{Prot, Sharing, VmFlags};
use drm_core::prime::DmaBuf;
use port_kit::trace::{ioctl, outcome};
use port_virtgpu::uapi;

use super::{Bo, Buf, Fd, Mapped, Session};

impl Session {
    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let fd = Fd(self.opened);
        let file = self.gpu.device().open().expect("the device opens");
        self.opened += 1;
        self.files.insert(fd, file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, fd: Fd) {
        drop(self.files.remove(&fd).expect("it is open"));
        self.record(format_args!("close file {}", fd.0), "ok");
    }

    /// CREATE_DUMB that is to succeed.
    pub(crate) fn dumb(&mut self, fd: Fd, width: u32, height: u32) -> Bo {
        self.try_dumb(fd, width, height, 32).expect("it is created")
    }

    /// CREATE_DUMB.
    pub(crate) fn try_dumb(&mut self, fd: Fd, width: u32, height: u32, bpp: u32) -> Result<Bo> {
        let mut args = DumbArgs {
            width,
            height,
            bpp,
            ..DumbArgs::default()
        };
        let result = self.file(fd).create_dumb(&mut args);
        let answer = match &result {
            Ok(()) => format!(
                "ok handle={} pitch={} size={:#x}",
                args.handle, args.pitch, args.size
            ),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("dumb in file {}: {width}x{height} of {bpp} bits", fd.0),
            answer,
        );
        let handle = args.handle;
        result.map(|()| Bo { fd, handle })
    }

    /// A handle that somebody guesses.
    pub(crate) fn guess(&self, fd: Fd, handle: u32) -> Bo {
        Bo { fd, handle }
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(format_args!("close {bo}"), outcome(&result));
    }

    /// The `nth` chance of `what` to fail, from now on, is taken.
    pub(crate) fn fail(&mut self, what: Fail, nth: u64) {
        self.machine.failpoints().fail_nth(what, nth);
        self.trace
            .line(format_args!("{what:?} number {nth} will fail"));
    }

    /// `DRM_IOCTL_VIRTGPU_MAP`, and mmap of the first bytes.
    pub(crate) fn try_map(&mut self, bo: Bo, len: u64, sharing: Sharing) -> Result<Mapped> {
        let mut args = uapi::Map {
            handle: bo.handle,
            ..uapi::Map::default()
        };
        let file = self.file(bo.fd);
        ioctl(&file, uapi::MAP, &mut args).expect("it is there");
        let mapped = self
            .process
            .mmap(&file, len, Prot::ReadWrite, sharing, args.offset);
        let answer = match &mapped {
            Ok(at) => {
                let vma = self.process.vma(*at).expect("it is mapped");
                let caching = if vma.flags().contains(VmFlags::WRITE_COMBINE) {
                    "write-combined"
                } else {
                    "cached"
                };
                format!("ok {caching} entries={}", vma.mapped_pages())
            }
            Err(error) => format!("{error:?}"),
        };
        let how = if sharing == Sharing::Shared {
            ""
        } else {
            " private"
        };
        self.record(format_args!("mmap {bo} {len:#x} bytes{how}"), answer);
        mapped.map(|at| Mapped { at, len })
    }

    /// The same, to succeed.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Mapped {
        let mapped = self.try_map(bo, pages * PAGE_SIZE, Sharing::Shared);
        mapped.expect("it is mapped")
    }

    /// `DRM_IOCTL_VIRTGPU_MAP` alone.
    pub(crate) fn offset(&mut self, bo: Bo) {
        let mut args = uapi::Map {
            handle: bo.handle,
            ..uapi::Map::default()
        };
        let result = ioctl(&self.file(bo.fd), uapi::MAP, &mut args);
        let answer = match result {
            Ok(()) if args.offset == 0 => "ok offset=0".to_owned(),
            other => outcome(&other),
        };
        self.record(format_args!("offset of {bo}"), answer);
    }

    /// Unmaps a mapping.
    pub(crate) fn unmap(&mut self, map: Mapped) {
        let result = self.process.munmap(map.at, map.len);
        self.record("munmap", outcome(&result));
    }

    /// Reads a byte of a mapping.
    pub(crate) fn read(&mut self, map: Mapped, at: u64) {
        let byte = self.process.read_byte(map.at + at);
        let text = byte.map_or("SIGBUS".to_owned(), |byte| format!("{byte:#04x}"));
        self.record(format_args!("cpu reads +{at:#x}"), text);
    }

    /// Writes a byte of a mapping.
    pub(crate) fn write(&mut self, map: Mapped, at: u64, byte: u8) {
        let result = self.process.write(map.at + at, &[byte]);
        self.record(
            format_args!("cpu writes +{at:#x} {byte:#04x}"),
            outcome(&result),
        );
    }

    /// PRIME_HANDLE_TO_FD.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        let exported = self.file(bo.fd).export(bo.handle, true);
        let buf = self.add_buffer(exported.expect("it is exported"));
        self.record(format_args!("export {bo} as buffer {}", buf.0), "ok");
        buf
    }

    /// PRIME_FD_TO_HANDLE.
    pub(crate) fn try_import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let buffer = self.buffer(buf);
        let handle = self.file(fd).import(&buffer);
        drop(buffer);
        let answer = match &handle {
            Ok(handle) => format!("ok handle={handle}"),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("import buffer {} into file {}", buf.0, fd.0),
            answer,
        );
        handle.map(|handle| Bo { fd, handle })
    }

    /// Gives the descriptor of a buffer up.
    pub(crate) fn close_buffer(&mut self, buf: Buf) {
        drop(self.buffers.remove(&buf));
        self.record(format_args!("close buffer {}", buf.0), "ok");
    }

    /// Gives a buffer a number.
    pub(super) fn add_buffer(&mut self, buffer: DmaBuf) -> Buf {
        let buf = Buf(self.exported);
        self.exported += 1;
        self.buffers.insert(buf, buffer);
        buf
    }

    pub(super) fn buffer(&self, buf: Buf) -> DmaBuf {
        self.buffers.get(&buf).expect("it is exported").clone()
    }

    /// vgem imports a buffer, and keeps it; its handle there.
    pub(crate) fn vgem_imports(&mut self, buf: Buf) -> Option<u32> {
        let buffer = self.buffer(buf);
        let handle = self.vgem.import(&buffer);
        drop(buffer);
        self.record(
            format_args!("vgem imports buffer {}", buf.0),
            outcome(&handle),
        );
        handle.ok()
    }

    /// vgem gives its handle up.
    pub(crate) fn vgem_closes(&mut self, handle: u32) {
        let result = self.vgem.close(handle);
        self.record("vgem closes it", outcome(&result));
    }

    /// vgem exports a buffer of its own.
    pub(crate) fn vgem_exports(&mut self, pages: u32) -> Buf {
        let (handle, buffer) = self.vgem.export(pages).expect("vgem exports");
        self.vgem.close(handle).expect("it is there");
        let buf = self.add_buffer(buffer);
        self.record(
            format_args!("vgem exports {pages} pages as buffer {}", buf.0),
            "ok",
        );
        buf
    }

    /// Takes pages of the machine so that the pages of the next object lie apart.
    pub(crate) fn scatter(&mut self) -> Vec<drm_core::memory::Page> {
        use drm_core::memory::{Gfp, Page};
        let frames = self.machine.frames();
        let page = || Page::alloc(frames, Gfp::KERNEL).expect("there is memory");
        let taken: Vec<Page> = (0..8).map(|_| page()).collect();
        // Every other one goes back.
        taken.into_iter().step_by(2).collect()
    }

    /// The device goes, with files open.
    pub(crate) fn unplug(&mut self) {
        self.gpu.unplug();
        self.record("unplug", "ok");
    }
}

impl Session {
    /// Whether two buffers are one.
    pub(crate) fn same_buffer(&mut self, one: Buf, other: Buf) {
        let same = self.buffer(one).is(&self.buffer(other));
        self.record(
            format_args!("buffers {} and {} are the same", one.0, other.0),
            same,
        );
    }

    /// Maps a buffer by its descriptor.
    pub(crate) fn map_buffer(&mut self, buf: Buf, pages: u64) -> Option<Mapped> {
        let buffer = self.buffer(buf);
        let len = pages * PAGE_SIZE;
        let mapped = self
            .process
            .mmap_dma_buf(&buffer, len, Prot::ReadWrite, Sharing::Shared, 0);
        drop(buffer);
        self.record(
            format_args!("mmap buffer {} {pages} pages", buf.0),
            outcome(&mapped),
        );
        mapped.ok().map(|at| Mapped { at, len })
    }
}
