//! Buffers that go between files and devices, and failures.

use drm_core::machine::Fail;

use super::*;

impl Session {
    /// PRIME export.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        let buffer = self
            .file(bo.fd)
            .export(bo.handle, true)
            .expect("it is exported");
        self.buffers.push(Some(buffer));
        let buf = Buf(self.buffers.len() - 1);
        self.record(
            format_args!("export handle {}", bo.handle),
            format_args!("buffer {}", buf.0),
        );
        buf
    }

    /// PRIME import.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let buffer = self.buffers[buf.0].clone().expect("it is open");
        let imported = self.file(fd).import(&buffer);
        drop(buffer);
        let bo = imported.map(|handle| Bo {
            fd,
            handle,
            va: self.info(fd, handle).map_or(0, |info| info.va),
        });
        let answer = match &bo {
            Ok(bo) => format!("handle {} at {:#x}", bo.handle, bo.va),
            Err(error) => format!("{error:?}"),
        };
        self.record(
            format_args!("file {}: import buffer {}", fd.0, buf.0),
            answer,
        );
        bo
    }

    /// Closes a dma-buf.
    pub(crate) fn close_buffer(&mut self, buf: Buf) {
        let buffer = self.buffers[buf.0].take();
        drop(buffer);
        self.record(format_args!("close buffer {}", buf.0), "ok");
    }

    /// A buffer of vgem.
    pub(crate) fn foreign(&mut self, pages: u32) -> (u32, Buf) {
        let (handle, buffer) = self.vgem.export(pages).expect("vgem exports");
        self.buffers.push(Some(buffer));
        let buf = Buf(self.buffers.len() - 1);
        self.record(
            format_args!("vgem makes {pages} pages"),
            format_args!("buffer {}", buf.0),
        );
        (handle, buf)
    }

    /// vgem attaches to a buffer, and detaches again.
    pub(crate) fn attach(&mut self, buf: Buf) {
        let buffer = self.buffers[buf.0].clone().expect("it is open");
        let imported = self.vgem.import(&buffer);
        drop(buffer);
        self.record(
            format_args!("vgem attaches to buffer {}", buf.0),
            outcome(&imported),
        );
        if let Ok(handle) = imported {
            self.vgem_close(handle);
        }
    }

    /// vgem gives a handle up.
    pub(crate) fn vgem_close(&mut self, handle: u32) {
        let result = self.vgem.close(handle);
        self.record("vgem closes its handle", outcome(&result));
    }

    /// The `nth` failure of a kind from now on and all later ones happen.
    pub(crate) fn fail_from(&mut self, kind: Fail, nth: u64) {
        self.machine.failpoints().fail_from(kind, nth);
        self.trace
            .line(format_args!("{kind:?} is to fail, from number {nth} on"));
    }

    /// Nothing fails any more.
    pub(crate) fn stop_failing(&mut self) {
        self.machine.failpoints().disarm();
        self.trace.line("nothing is to fail any more");
    }
}
