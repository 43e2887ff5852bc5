//! Buffers that move while devices are attached, and objects whose end is put off.

use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Deferred, Gem, Gone, Header, Object};
use drm_core::machine::Machine;
use drm_core::memory::{Gfp, Page};
use drm_core::prime::{Attachment, Direction, DmaBuf, DmaBufOps, Importer};
use drm_core::resv::{Resv, ResvGuard};
use drm_core::sync::{Arc, Mutex};

use crate::support::{Bench, PAGE, bench};

/// An exporter, and what it was asked.
struct Exporter {
    machine: Machine,
    page: Page,
    dynamic: bool,
    pins: Mutex<i32>,
    maps: Mutex<i32>,
    refuses: Mutex<bool>,
}

impl DmaBufOps for Exporter {
    fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    fn pin(&self, _attach: &Attachment, _guard: &mut ResvGuard) -> Result {
        *self.pins.lock() += 1;
        Ok(())
    }

    fn unpin(&self, _attach: &Attachment, _guard: &mut ResvGuard) {
        *self.pins.lock() -= 1;
    }

    fn map(
        &self,
        attach: &Attachment,
        _guard: &mut ResvGuard,
        _direction: Direction,
    ) -> Result<Arc<SgTable>> {
        if *self.refuses.lock() {
            return Err(Errno::EIO);
        }
        let pages = std::slice::from_ref(&self.page);
        let table = SgTable::from_pages(&self.machine, pages, u64::MAX)?;
        table.map(attach.device())?;
        *self.maps.lock() += 1;
        Ok(Arc::new(table))
    }

    fn unmap(&self, _attach: &Attachment, _guard: &mut ResvGuard, table: &Arc<SgTable>) {
        *self.maps.lock() -= 1;
        table.unmap();
    }
}

/// An importer that counts moves.
#[derive(Default)]
struct Moves(Mutex<u32>);

impl Importer for Moves {
    fn move_notify(&self, _guard: &mut ResvGuard) {
        *self.0.lock() += 1;
    }
}

fn export(bench: &Bench, dynamic: bool) -> (DmaBuf, Arc<Exporter>) {
    let machine = &bench.machine;
    let ops = Arc::new(Exporter {
        machine: machine.clone(),
        page: Page::alloc(machine.frames(), Gfp::KERNEL).expect("there is memory"),
        dynamic,
        pins: Mutex::default(),
        maps: Mutex::default(),
        refuses: Mutex::default(),
    });
    let resv = Resv::new(machine);
    let exporter = Arc::clone(&ops) as Arc<dyn DmaBufOps>;
    (DmaBuf::new(machine, PAGE, &resv, true, exporter), ops)
}

fn device(bench: &Bench) -> DmaDevice {
    DmaDevice::new(&bench.machine, "importer", DmaConfig::default())
}

#[test]
fn importers_are_told_of_moves_until_they_detach() {
    let bench = bench();
    let (buffer, ops) = export(&bench, true);
    let (told, silent) = (Arc::new(Moves::default()), Arc::new(Moves::default()));
    let attach = buffer.attach_dynamic(&device(&bench), Arc::clone(&told) as _);
    let attach = attach.expect("it attaches");
    let gone = buffer.attach_dynamic(&device(&bench), Arc::clone(&silent) as _);
    let gone = gone.expect("it attaches");
    gone.detach();
    drop(gone);
    assert_eq!(*ops.maps.lock(), 0, "attaching maps nothing");
    let mut guard = buffer.resv().lock();
    buffer.move_notify(&mut guard);
    buffer.move_notify(&mut guard);
    assert_eq!((*told.0.lock(), *silent.0.lock()), (2, 0));
    let table = attach.map(&mut guard, Direction::Bidirectional);
    let table = table.expect("it maps");
    attach.unmap(&mut guard, &table);
    assert_eq!(*ops.maps.lock(), 0, "nothing is kept between mappings");
    drop(guard);
    attach.detach();
    bench.quiet();
}

#[test]
fn a_pin_reaches_the_exporter() {
    let bench = bench();
    let (buffer, ops) = export(&bench, true);
    let attach = buffer.attach_dynamic(&device(&bench), Arc::new(Moves::default()));
    let attach = attach.expect("it attaches");
    let mut guard = buffer.resv().lock();
    attach.pin(&mut guard).expect("it is pinned");
    assert_eq!(*ops.pins.lock(), 1);
    attach.unpin(&mut guard);
    assert_eq!(*ops.pins.lock(), 0);
    drop(guard);
    attach.detach();
}

#[test]
fn a_buffer_that_never_moves_is_mapped_from_the_attachment_to_its_end() {
    let bench = bench();
    let (buffer, ops) = export(&bench, false);
    let attach = buffer.attach_dynamic(&device(&bench), Arc::new(Moves::default()));
    let attach = attach.expect("it attaches");
    assert_eq!(*ops.maps.lock(), 1);
    let first = attach.map_unlocked(Direction::ToDevice).expect("it maps");
    let second = attach.map_unlocked(Direction::FromDevice).expect("it maps");
    assert!(Arc::ptr_eq(&first, &second), "there is one table");
    attach.unmap_unlocked(&first);
    attach.unmap_unlocked(&second);
    assert_eq!(*ops.maps.lock(), 1);
    drop((first, second));
    attach.detach();
    assert_eq!(*ops.maps.lock(), 0);
    bench.quiet();
}

#[test]
fn an_attachment_whose_table_cannot_be_made_leaves_nothing() {
    let bench = bench();
    let (buffer, ops) = export(&bench, false);
    *ops.refuses.lock() = true;
    let attach = buffer.attach_dynamic(&device(&bench), Arc::new(Moves::default()));
    assert_eq!(attach.err(), Some(Errno::EIO));
    drop(buffer);
    bench.quiet();
}

/// An object that puts its end off, and keeps a page.
struct Late {
    header: Header,
    page: Mutex<Option<Page>>,
    later: Arc<Mutex<Option<Deferred>>>,
}

impl Object for Late {
    fn gem(&self) -> &Header {
        &self.header
    }

    fn free(&self, gone: &Gone) {
        *self.later.lock() = gone.defer(&self.header);
        assert!(gone.defer(&self.header).is_none(), "once is enough");
    }
}

fn late(bench: &Bench) -> Arc<Mutex<Option<Deferred>>> {
    let later = Arc::default();
    let object = Gem::new(Late {
        header: Header::new_private(&bench.dev, PAGE),
        page: Mutex::new(Page::alloc(bench.machine.frames(), Gfp::KERNEL).ok()),
        later: Arc::clone(&later),
    });
    drop(object);
    later
}

#[test]
fn an_object_that_is_put_off_stays_until_it_is_finished() {
    let bench = bench();
    let used = bench.machine.frames().stats().used;
    let later = late(&bench);
    assert_eq!(bench.dev.object_count(), 1);
    let deferred = later.lock().take().expect("it was put off");
    assert!(deferred.finish::<Late>(|late, _gone| *late.page.lock() = None));
    assert_eq!(bench.dev.object_count(), 0);
    assert_eq!(bench.machine.frames().stats().used, used);
}

#[test]
fn one_that_nobody_finishes_is_lost_with_all_that_it_holds() {
    let bench = bench();
    let used = bench.machine.frames().stats().used;
    drop(late(&bench).lock().take());
    assert_eq!(bench.dev.object_count(), 1);
    assert_eq!(bench.machine.frames().stats().used, used + 1);
}
