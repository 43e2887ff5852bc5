//! Buffers: exported, imported, of another device, of the process's descriptors.

use drm_core::mmap::{Prot, Sharing};
use drm_core::prime::DmaBuf;
use port_kit::trace::outcome;

use port_kit::desk::{Buf, Fd};

use super::{Bo, Session};

impl Session {
    /// The number of a buffer: the one that it has, or a new one.
    fn keep(&mut self, dma_buf: DmaBuf) -> Buf {
        let known = self.buffers.iter().copied();
        if let Some(buf) = known.into_iter().find(|buf| self.buffer(*buf).is(&dma_buf)) {
            return buf;
        }
        let buf = self.add_buffer(dma_buf);
        self.buffers.push(buf);
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
        let result = self.file(fd).import(&self.buffer(buf));
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
        let buf = self.foreign_buffer(pages);
        self.buffers.push(buf);
        buf
    }

    pub(crate) fn map_buffer(&mut self, buf: Buf, len: u64) -> Option<u64> {
        let result = self.task().process().mmap_dma_buf(
            &self.buffer(buf),
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

    pub(crate) fn forget_buffer(&mut self, buf: Buf) {
        self.buffers.retain(|known| *known != buf);
        self.close_buffer(buf);
    }

    /// A descriptor of a buffer in the process.
    pub(crate) fn descriptor(&mut self, buf: Buf) -> i32 {
        self.task().install(&self.buffer(buf))
    }
}
