//! Buffers that go between files and devices.

use super::*;

impl Session {
    /// PRIME export.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        self.export_handle(bo.fd, bo.handle)
    }

    /// PRIME import.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let v3d = Arc::clone(&self.v3d);
        let mut va = 0;
        let handle = self.import_handle(fd, buf, |file, handle| {
            let object = file.lookup(handle).expect("just imported");
            let node = v3d.bo(&object).and_then(|bo| bo.node());
            va = node.map_or(0, |(page, _)| (page << 12) as u32);
            format!(" va={va:#x}")
        })?;
        Ok(Bo { fd, handle, va })
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
}
