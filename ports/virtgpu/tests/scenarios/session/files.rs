//! Files, handles, mappings, buffers.

use drm_core::PAGE_SIZE;
use drm_core::device::DumbArgs;
use drm_core::errno::Result;
use drm_core::mmap::{Prot, Sharing, VmFlags};
use port_kit::trace::{ioctl, outcome};
use port_virtgpu::uapi;

use super::{Bo, Buf, Fd, Mapped, Session};

impl Session {
    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.gpu.device().open().expect("the device opens");
        let fd = self.add_file(file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
    }

    /// Closes a file.
    pub(crate) fn close_file(&mut self, fd: Fd) {
        self.desk.close_file(fd);
        self.commands();
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
        self.desk.unmap(map);
        self.commands();
    }

    /// PRIME_HANDLE_TO_FD.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        let buf = self.export_handle(bo.fd, bo.handle);
        self.commands();
        buf
    }

    /// PRIME_FD_TO_HANDLE.
    pub(crate) fn try_import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let handle = self.import_handle(fd, buf, |_, _| String::new());
        self.commands();
        handle.map(|handle| Bo { fd, handle })
    }

    /// Gives the descriptor of a buffer up.
    pub(crate) fn close_buffer(&mut self, buf: Buf) {
        self.desk.close_buffer(buf);
        self.commands();
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
        let mapped = self.map_dma_buf(buf, pages * PAGE_SIZE);
        self.record(
            format_args!("mmap buffer {} {pages} pages", buf.0),
            outcome(&mapped),
        );
        mapped.ok()
    }
}

/// For programs that do whatever comes.
#[cfg(test)]
impl Session {
    /// Maps a handle, if it is one.
    pub(crate) fn map_if_there(&mut self, bo: Bo, pages: u64) -> Option<Mapped> {
        self.file(bo.fd).lookup(bo.handle)?;
        self.try_map(bo, pages * PAGE_SIZE, Sharing::Shared).ok()
    }

    /// Exports a handle, if that goes.
    pub(crate) fn export_if_there(&mut self, bo: Bo) -> Option<Buf> {
        let exported = self.file(bo.fd).export(bo.handle, true);
        self.record(format_args!("export {bo}"), outcome(&exported));
        Some(self.add_buffer(exported.ok()?))
    }

    /// vgem attaches to a buffer, for good. Whether it did.
    pub(crate) fn vgem_attaches(&mut self, buf: Buf) -> bool {
        let attached = self.vgem.import(&self.buffer(buf));
        self.record(
            format_args!("vgem imports buffer {}", buf.0),
            outcome(&attached),
        );
        attached.is_ok()
    }
}
