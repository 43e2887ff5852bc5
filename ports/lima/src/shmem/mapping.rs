//! Where address spaces map the object: one record for each, found by comparing (`lima_vm.c`).

use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::mm::Node;
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
}

impl Record {
    fn is_of(&self, vm: &Arc<LimaVm>) -> bool {
        std::ptr::eq(self.vm.as_ptr(), Arc::as_ptr(vm))
    }
}

/// The runs that the device sees of the object, from byte `from` on. `None` where there is no table: the kernel crashes.
fn runs(bo: &LimaBo, from: u64) -> Option<Vec<Entry>> {
    let fields = bo.base.racy();
    let table = fields.sgt.as_ref()?;
    let mut skip = from;
    let mut runs = Vec::new();
    for entry in table.dma_entries() {
        let cut = skip.min(entry.len);
        skip -= cut;
        if cut < entry.len {
            runs.push(Entry {
                addr: entry.addr + cut,
                len: entry.len - cut,
            });
        }
    }
    Some(runs)
}

/// Maps what the table has behind byte `from`, in one space (`lima_vm_map_bo`). `ENOENT` where it does not map the object,
/// `ENOMEM`.
pub(super) fn map_more(bo: &LimaBo, vm: &Arc<LimaVm>, from: u64) -> Result {
    let records = bo.records.lock();
    let record = records.iter().find(|record| record.is_of(vm));
    let record = record.ok_or(Errno::ENOENT)?;
    let Some(runs) = runs(bo, from) else {
        return Err(no_table(bo));
    };
    vm.map((record.node.start() + from) as u32, runs)
}

fn no_table(bo: &LimaBo) -> Errno {
    bo.base
        .base
        .machine()
        .oops("Kernel mode fault at addr 0x8: entries of an object whose table is null");
    Errno::EFAULT
}

impl Bo for LimaBo {
    fn heap_size(&self) -> u64 {
        self.heap()
    }

    fn grow_heap(&self, vm: &Arc<LimaVm>) -> Result {
        heap::grow(self, Some(vm))
    }

    fn add_to(&self, vm: &Arc<LimaVm>, create: bool) -> Result {
        let mut records = self.records.lock();
        if let Some(record) = records.iter_mut().find(|record| record.is_of(vm)) {
            record.users += 1;
            return Ok(());
        }
        if !create {
            return Err(Errno::ENOENT);
        }
        let header = &self.base.base;
        header.machine().failpoints().check(Fail::Alloc)?;
        let node = vm.insert_node(header.size())?;
        let mapped = match runs(self, 0) {
            Some(runs) => vm.map(node.start() as u32, runs),
            None => Err(no_table(self)),
        };
        if let Err(error) = mapped {
            vm.remove_node(node);
            return Err(error);
        }
        records.push(Record {
            users: 1,
            node,
            vm: Arc::downgrade(vm),
        });
        Ok(())
    }

    fn remove_from(&self, vm: &Arc<LimaVm>) {
        let mut records = self.records.lock();
        let Some(at) = records.iter().position(|record| record.is_of(vm)) else {
            self.base
                .base
                .machine()
                .oops("Kernel mode fault at addr 0x10: lima_vm_bo_del without a record");
            return;
        };
        records[at].users -= 1;
        if records[at].users > 0 {
            return;
        }
        let record = records.remove(at);
        // Of a heap what is backed now, whatever of it was mapped here.
        let bytes = match self.heap() {
            0 => record.node.size(),
            backed => backed,
        };
        vm.unmap(record.node.start() as u32, bytes);
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
