//! Where address spaces map the object: one record for each, found by comparing (`lima_vm.c`).

use std::ops::Range;

use drm_core::PAGE_SHIFT;
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::mm::Node;
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Weak};

use super::bo::LimaBo;
use super::{dump, heap};
use crate::side::{Bo, Mapping};
use crate::vm::LimaVm;

/// `struct lima_bo_va`: it holds no reference to the space.
#[derive(Debug)]
pub(super) struct Record {
    users: u32,
    node: Node,
    vm: Weak<LimaVm>,
    /// Bytes from the start that have entries in this space.
    shown: u64,
}

impl Record {
    fn is_of(&self, vm: &Arc<LimaVm>) -> bool {
        std::ptr::eq(self.vm.as_ptr(), Arc::as_ptr(vm))
    }

    /// Maps what this space does not show yet, up to byte `to`. `ENOMEM`; errors of the device map.
    fn show(&mut self, bo: &LimaBo, guard: &mut ResvGuard, vm: &LimaVm, to: u64) -> Result {
        if self.shown < to {
            let runs = runs(bo, guard, self.shown..to)?;
            vm.map((self.node.start() + self.shown) as u32, runs)?;
            self.shown = to;
        }
        Ok(())
    }
}

/// The runs that the device sees of a part of the object. Of what is no heap, all of them.
fn runs(bo: &LimaBo, guard: &mut ResvGuard, bytes: Range<u64>) -> Result<Vec<Entry>> {
    let Some((heap, chunks)) = bo.heap.as_ref().zip(bo.chunks.as_ref()) else {
        let table = bo.dmap.table(guard, &bo.backing)?;
        return Ok(table.dma_entries().to_vec());
    };
    let granule = |byte: u64| heap.granule_of(byte >> PAGE_SHIFT);
    let mut runs = Vec::new();
    for n in granule(bytes.start)..=granule(bytes.end - 1) {
        let table = chunks.existing(guard, n).ok_or(Errno::EINVAL)?;
        runs.extend_from_slice(table.dma_entries());
    }
    Ok(runs)
}

/// Maps what one space does not show yet of a heap, up to byte `to` (`lima_vm_map_bo`). `ENOENT` where it does not map the
/// object, `ENOMEM`.
pub(super) fn map_more(bo: &LimaBo, guard: &mut ResvGuard, vm: &Arc<LimaVm>, to: u64) -> Result {
    let mut records = bo.records.lock();
    let record = records.iter_mut().find(|record| record.is_of(vm));
    record.ok_or(Errno::ENOENT)?.show(bo, guard, vm, to)
}

/// The same in every space that is alive. One that has no memory for it catches up with its next job.
pub(super) fn map_everywhere(bo: &LimaBo, guard: &mut ResvGuard, to: u64) {
    for record in bo.records.lock().iter_mut() {
        if let Some(vm) = record.vm.upgrade() {
            let _ = record.show(bo, guard, &vm, to);
        }
    }
}

impl LimaBo {
    /// Bytes that an address space shows when it shows all there is.
    fn backed(&self) -> u64 {
        match self.heap() {
            0 => self.gem.size(),
            backed => backed,
        }
    }
}

impl Bo for LimaBo {
    fn heap_size(&self) -> u64 {
        self.heap()
    }

    fn grow_heap(&self, vm: &Arc<LimaVm>) -> Result {
        heap::grow(self, Some(vm))
    }

    fn add_to(&self, vm: &Arc<LimaVm>, create: bool) -> Result {
        let mut guard = self.gem.resv().lock();
        let mut records = self.records.lock();
        if let Some(record) = records.iter_mut().find(|record| record.is_of(vm)) {
            record.show(self, &mut guard, vm, self.backed())?;
            record.users += 1;
            return Ok(());
        }
        if !create {
            return Err(Errno::ENOENT);
        }
        let header = &self.gem;
        header.machine().failpoints().check(Fail::Alloc)?;
        let mut record = Record {
            users: 1,
            node: vm.insert_node(header.size())?,
            vm: Arc::downgrade(vm),
            shown: 0,
        };
        if let Err(error) = record.show(self, &mut guard, vm, self.backed()) {
            vm.remove_node(record.node);
            return Err(error);
        }
        records.push(record);
        Ok(())
    }

    fn remove_from(&self, vm: &Arc<LimaVm>) {
        let mut records = self.records.lock();
        let Some(at) = records.iter().position(|record| record.is_of(vm)) else {
            self.gem
                .machine()
                .oops("Kernel mode fault at addr 0x10: lima_vm_bo_del without a record");
            return;
        };
        records[at].users -= 1;
        if records[at].users > 0 {
            return;
        }
        let record = records.remove(at);
        vm.unmap(record.node.start() as u32, record.shown);
        vm.remove_node(record.node);
    }

    fn mapping(&self, vm: &Arc<LimaVm>) -> Option<Mapping> {
        let records = self.records.lock();
        let record = records.iter().find(|record| record.is_of(vm))?;
        Some(Mapping {
            users: record.users,
            va: record.node.start(),
            size: record.node.size(),
        })
    }

    fn dump(&self) -> Result<Vec<u8>> {
        dump::copy(self)
    }
}

impl LimaBo {
    /// Every space that maps the object, in the order in which they came.
    #[must_use]
    pub fn mappings(&self) -> Vec<(Weak<LimaVm>, Mapping)> {
        let records = self.records.lock();
        let mapping = |record: &Record| {
            let mapping = Mapping {
                users: record.users,
                va: record.node.start(),
                size: record.node.size(),
            };
            (record.vm.clone(), mapping)
        };
        records.iter().map(mapping).collect()
    }
}
