//! Buffers that go between files and devices.

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
        let bo = imported.map(|handle| {
            let object = self.file(fd).lookup(handle).expect("just imported");
            let node = self.v3d.bo(&object).and_then(|bo| bo.node());
            let va = node.map_or(0, |(page, _)| (page << 12) as u32);
            Bo { fd, handle, va }
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

    /// vgem attaches to a buffer.
    pub(crate) fn attach(&mut self, buf: Buf) -> u32 {
        let buffer = self.buffers[buf.0].clone().expect("it is open");
        let handle = self.vgem.import(&buffer).expect("vgem imports");
        drop(buffer);
        self.record(format_args!("vgem attaches to buffer {}", buf.0), "ok");
        handle
    }

    /// vgem gives a handle up.
    pub(crate) fn vgem_close(&mut self, handle: u32) {
        let result = self.vgem.close(handle);
        self.record("vgem closes its handle", outcome(&result));
    }

    /// Users of the pages of an object, as the shmem file shows them: whether they may be swapped out.
    pub(crate) fn swap_out(&mut self, bo: Bo) {
        let object = self.file(bo.fd).lookup(bo.handle).expect("it has a handle");
        let file = object.gem().filp().cloned().expect("it is no import");
        let freed = file.swap_out(u64::MAX);
        self.record(
            format_args!("swap out handle {}", bo.handle),
            format_args!("{freed} pages"),
        );
    }

    /// Takes every hole of the address space.
    pub(crate) fn fill_space(&mut self) {
        let nodes = self.v3d.with_mm(|mm| {
            let holes: Vec<_> = mm.holes().collect();
            let mut taken = 0;
            for hole in holes {
                let node = mm.reserve_node(hole.start, hole.end - hole.start, 0);
                // Never given back: the space is full for good.
                taken += u32::from(node.is_ok());
            }
            taken
        });
        self.record(
            "fill the address space",
            format_args!("{nodes} holes taken"),
        );
    }

    /// The `nth` failure of a kind from now on happens.
    pub(crate) fn fail(&mut self, kind: Fail, nth: u64) {
        self.machine.failpoints().fail_nth(kind, nth);
        self.trace
            .line(format_args!("{kind:?} is to fail, number {nth}"));
    }

    /// The `nth` failure of a kind from now on and all later ones happen.
    pub(crate) fn fail_from_now(&mut self, kind: Fail) {
        self.machine.failpoints().fail_from(kind, 1);
        self.trace
            .line(format_args!("{kind:?} is to fail from now on"));
    }

    /// Nothing fails any more.
    pub(crate) fn stop_failing(&mut self) {
        self.machine.failpoints().disarm();
        self.trace.line("nothing is to fail any more");
    }
}
