//! Whatever fails, on either side: everything is given back, and nothing breaks.

use drm_core::device::File;
use drm_core::machine::{Config, Event, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::sync::Arc;
use port_amdxdna::uapi::{
    CMD, CREATE_BO, CreateBo, DEV, DEV_HEAP, SHARE, SYNC_BO, SyncBo, VaEntry, VaTable,
};
use port_amdxdna::{CHUNK, Params, Probed, Task, probe};
use port_kit::Side;
use port_kit::trace::ioctl;

/// Creates a BO; 0 when that fails.
fn create(file: &File, kind: u32, size: u64, vaddr: u64) -> u32 {
    let mut args = CreateBo {
        kind,
        size,
        vaddr,
        ..CreateBo::default()
    };
    ioctl(file, CREATE_BO, &mut args).map_or(0, |()| args.handle)
}

/// Maps a BO and touches it, as far as that goes.
fn map(task: &Task, file: &File, handle: u32, len: u64) {
    let Some(object) = file.lookup(handle) else {
        return;
    };
    let Some(offset) = object.gem().node().offset() else {
        return;
    };
    drop(object);
    let process = task.process();
    let at = process.mmap(file, len, Prot::ReadWrite, Sharing::Shared, offset);
    if let Ok(at) = at {
        let _ = process.write(at, &[1, 2, 3]);
    }
}

fn sync(file: &File, handle: u32) {
    let mut args = SyncBo {
        handle,
        size: 4096,
        ..SyncBo::default()
    };
    let _ = ioctl(file, SYNC_BO, &mut args);
}

/// What a client does: memory of its own, of another file, of the process; mapped, and flushed.
fn story(npu: &Probed, task: &Arc<Task>) {
    let machine = npu.amdxdna().machine();
    let (Ok(one), Ok(other)) = (npu.device().open(), npu.device().open()) else {
        return;
    };
    for kind in [SHARE, CMD] {
        let bo = create(&one, kind, 8192, 0);
        map(task, &one, bo, 8192);
        sync(&one, bo);
    }
    let bo = create(&one, SHARE, 8192, 0);
    if let Ok(dma_buf) = one.export(bo, true)
        && let Ok(imported) = other.import(&dma_buf)
    {
        map(task, &other, imported, 8192);
        sync(&other, imported);
        let _ = one.handle_delete(bo);
    }
    if let Ok(at) = task.process().mmap_anonymous(8192) {
        let mut table = bytemuck::bytes_of(&VaTable {
            dmabuf_fd: -1,
            num_entries: 1,
        })
        .to_vec();
        let entry = VaEntry {
            vaddr: at,
            len: 8192,
        };
        table.extend(bytemuck::bytes_of(&entry));
        let bo = create(&one, SHARE, 0, machine.user().put(&table));
        map(task, &one, bo, 8192);
        sync(&one, bo);
    }
}

/// The heap alone, and a piece of it: nothing of it is mapped, so that it stays small.
fn heap(npu: &Probed, _task: &Arc<Task>) {
    let Ok(file) = npu.device().open() else {
        return;
    };
    create(&file, DEV_HEAP, CHUNK, 0);
    create(&file, DEV, 4096, 0);
    create(&file, DEV_HEAP, CHUNK, 0);
}

/// Everything that the machine has lent.
fn held(machine: &Machine, npu: &Probed) -> [u64; 5] {
    let counts = machine.counters().snapshot();
    [
        npu.device().object_count() as u64,
        machine.frames().stats().used,
        counts.vmaps - counts.vunmaps,
        counts.dma_mapped - counts.dma_unmapped,
        npu.amdxdna().domain().ranges().len() as u64,
    ]
}

/// Runs `story` with each of its failures in turn; how many there were.
fn sweep(side: Side, force_iova: bool, story: fn(&Probed, &Arc<Task>)) -> u64 {
    for nth in 1..1000 {
        let machine = Machine::new(Config::default()).expect("the host has the RAM");
        let params = Params {
            force_iova,
            ..Params::default()
        };
        let npu = probe(side, &machine, params).expect("both sides are there");
        let empty = held(&machine, &npu);
        let task = Task::new(&machine);
        npu.amdxdna().run_as(Some(&task));
        machine.failpoints().fail_any_nth(nth);
        story(&npu, &task);
        let failed = machine.failpoints().disarm();
        npu.amdxdna().run_as(None);
        drop(task);
        machine.sleep(1_000_000);
        assert_eq!(held(&machine, &npu), empty, "{side:?}, failure {nth}");
        let events = machine.trace().take();
        let broken = |event: &Event| matches!(event, Event::Oops(_) | Event::Warning(_));
        assert!(
            !events.iter().any(broken),
            "{side:?}, failure {nth}: {events:?}"
        );
        if !failed {
            return nth - 1;
        }
    }
    panic!("{side:?}: a thousand failures")
}

#[test]
fn every_failure_of_memory_gives_everything_back() {
    for side in [Side::Before, Side::After] {
        for force_iova in [false, true] {
            let failures = sweep(side, force_iova, story);
            assert!(failures > 25, "{failures}");
        }
    }
}

#[test]
fn every_failure_of_a_heap_gives_everything_back() {
    for side in [Side::Before, Side::After] {
        let failures = sweep(side, false, heap);
        assert!(failures >= 2, "{failures}");
    }
}
