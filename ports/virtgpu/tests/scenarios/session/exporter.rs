//! Exporters that are no DRM drivers: one whose buffer can move, one that is a virtio device's importer.

use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::memory::{Gfp, Page};
use drm_core::prime::{Attachment, Direction, DmaBufOps};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::{Arc, Mutex};
use drm_core::{PAGE_SIZE, prime::DmaBuf};
use port_kit::trace::outcome;

use super::{Buf, Session};

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    attached: i32,
    pinned: i32,
    mapped: i32,
}

struct Ops {
    machine: Machine,
    pages: Mutex<Vec<Page>>,
    counts: Mutex<Counts>,
}

/// An exporter whose buffer can move, as the scenario holds it.
pub(crate) struct Movable(Arc<Ops>);

impl DmaBufOps for Ops {
    fn attach(&self, _attach: &Attachment) -> Result {
        self.counts.lock().attached += 1;
        Ok(())
    }

    fn detach(&self, _attach: &Attachment) {
        self.counts.lock().attached -= 1;
    }

    fn is_dynamic(&self) -> bool {
        true
    }

    fn pin(&self, _attach: &Attachment, _guard: &mut ResvGuard) -> Result {
        self.counts.lock().pinned += 1;
        Ok(())
    }

    fn unpin(&self, _attach: &Attachment, _guard: &mut ResvGuard) {
        self.counts.lock().pinned -= 1;
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        let pages = self.pages.lock();
        let table = SgTable::from_pages(&self.machine, &pages, attach.device().max_segment())?;
        table.map(attach.device())?;
        self.counts.lock().mapped += 1;
        Ok(Arc::new(table))
    }

    fn unmap(&self, _attach: &Attachment, _guard: &mut ResvGuard, table: &Arc<SgTable>) {
        self.counts.lock().mapped -= 1;
        table.unmap();
    }
}

fn pages(machine: &Machine, count: u64, byte: u8) -> Vec<Page> {
    let page = || {
        let page = Page::alloc(machine.frames(), Gfp::KERNEL).expect("there is memory");
        machine.ram().fill(page.phys(), PAGE_SIZE, byte);
        page
    };
    (0..count).map(|_| page()).collect()
}

impl Session {
    /// A buffer that can move, full of a byte.
    pub(crate) fn movable(&mut self, count: u64, byte: u8) -> (Buf, Movable) {
        let ops = Arc::new(Ops {
            machine: self.machine.clone(),
            pages: Mutex::new(pages(&self.machine, count, byte)),
            counts: Mutex::default(),
        });
        let resv = Resv::new(&self.machine);
        let size = count * PAGE_SIZE;
        let buffer = DmaBuf::new(
            &self.machine,
            size,
            &resv,
            true,
            Arc::clone(&ops) as Arc<dyn DmaBufOps>,
        );
        let buf = self.add_buffer(buffer);
        self.record(
            format_args!("a movable buffer of {count} pages is buffer {}", buf.0),
            "ok",
        );
        (buf, Movable(ops))
    }

    /// How its exporter sees it.
    pub(crate) fn exporter(&mut self, movable: &Movable) {
        let Counts {
            attached,
            pinned,
            mapped,
        } = *movable.0.counts.lock();
        self.record(
            "its exporter counts",
            format_args!("attached={attached} pinned={pinned} mapped={mapped}"),
        );
    }

    /// Its exporter moves it: the importers are told, then it lies elsewhere.
    pub(crate) fn move_buffer(&mut self, buf: Buf, movable: &Movable, byte: u8) {
        let buffer = self.buffer(buf);
        let mut guard = buffer.resv().lock();
        buffer.move_notify(&mut guard);
        let count = movable.0.pages.lock().len() as u64;
        *movable.0.pages.lock() = pages(&self.machine, count, byte);
        drop(guard);
        drop(buffer);
        self.record(format_args!("buffer {} moves", buf.0), "ok");
    }

    /// A device attaches to a buffer, maps it, and detaches.
    pub(crate) fn device_maps(&mut self, buf: Buf, name: &str) {
        let device = DmaDevice::new(&self.machine, name, DmaConfig::default());
        let buffer = self.buffer(buf);
        let attach = buffer.attach(&device);
        drop(buffer);
        let attach = match attach {
            Ok(attach) => attach,
            Err(error) => {
                self.record(
                    format_args!("device {name} attaches to buffer {}", buf.0),
                    format_args!("{error:?}"),
                );
                return;
            }
        };
        let table = attach.map_unlocked(Direction::Bidirectional);
        let text = match &table {
            Ok(table) => format!(
                "ok runs={} bytes={:#x}",
                table.dma_entries().len(),
                table.len()
            ),
            other => outcome(other),
        };
        if let Ok(table) = &table {
            attach.unmap_unlocked(table);
        }
        drop(table);
        attach.detach();
        drop(attach);
        self.record(format_args!("device {name} maps buffer {}", buf.0), text);
    }
}
