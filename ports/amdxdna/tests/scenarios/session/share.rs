//! Buffers: exported, imported, of another device, of the process's descriptors.

use drm_core::mmap::{Prot, Sharing};
use drm_core::prime::DmaBuf;
use port_kit::trace::outcome;

use super::{Bo, Buf, Fd, Session};

impl Session {
    fn keep(&mut self, dma_buf: DmaBuf) -> Buf {
        let known = self.buffers.iter().find(|(_, known)| known.is(&dma_buf));
        if let Some((&buf, _)) = known {
            return buf;
        }
        let buf = Buf(self.buffers.len());
        self.buffers.insert(buf, dma_buf);
        buf
    }

    pub(crate) fn export(&mut self, bo: Bo) -> Option<Buf> {
        let result = self.file(bo.fd).export(bo.handle, true);
        let answer = outcome(&result);
        let buf = result.ok().map(|dma_buf| self.keep(dma_buf));
        let which = buf.map_or(String::new(), |buf| format!(" buffer {}", buf.0));
        self.record(format_args!("export {bo}"), answer + &which);
        buf
    }

    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Option<Bo> {
        let result = self.file(fd).import(&self.buffers[&buf].clone());
        let bo = result.ok().map(|handle| Bo { fd, handle });
        let which = bo.map_or(String::new(), |bo| format!(" {bo}"));
        let answer = outcome(&result) + &which;
        self.record(
            format_args!("import buffer {} into file {}", buf.0, fd.0),
            answer,
        );
        bo
    }

    /// A buffer of another device.
    pub(crate) fn foreign(&mut self, pages: u32) -> Buf {
        let (handle, dma_buf) = self.vgem.export(pages).expect("vgem exports");
        self.vgem.close(handle).expect("it is there");
        let buf = self.keep(dma_buf);
        self.record(
            format_args!("a foreign buffer of {pages} pages"),
            format_args!("buffer {}", buf.0),
        );
        buf
    }

    /// Another device opens a buffer, and thereby attaches to it.
    pub(crate) fn attach_elsewhere(&mut self, buf: Buf) {
        let result = self.vgem.import(&self.buffers[&buf].clone());
        self.record(
            format_args!("another device imports buffer {}", buf.0),
            outcome(&result),
        );
        if let Ok(handle) = result {
            self.vgem.close(handle).expect("it is there");
        }
    }

    pub(crate) fn map_buffer(&mut self, buf: Buf, len: u64) -> Option<u64> {
        let result = self.task().process().mmap_dma_buf(
            &self.buffers[&buf].clone(),
            len,
            Prot::ReadWrite,
            Sharing::Shared,
            0,
        );
        let answer = match &result {
            Ok(at) => format!("at {at:#x}"),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("map {len:#x} of buffer {}", buf.0), answer);
        result.ok()
    }

    /// Every buffer that there is, and who is attached.
    pub(crate) fn attached(&mut self) {
        let infos = self.machine.bufinfo();
        let infos: Vec<_> = infos
            .iter()
            .map(|info| format!("{:#x} of {}: {:?}", info.size, info.exporter, info.attached))
            .collect();
        self.record("buffers", infos.join("; "));
    }

    pub(crate) fn close_buffer(&mut self, buf: Buf) {
        let dma_buf = self.buffers.remove(&buf);
        {
            let _syscall = self.machine.syscall();
            drop(dma_buf);
        }
        self.record(format_args!("close buffer {}", buf.0), "ok");
    }

    /// A descriptor of a buffer in the process.
    pub(crate) fn descriptor(&mut self, buf: Buf) -> i32 {
        self.task().install(&self.buffers[&buf])
    }
}
