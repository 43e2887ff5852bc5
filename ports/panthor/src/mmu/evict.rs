//! The entries of an evicted object: cleared when it leaves, written again before a job of its space runs.
//!
//! The mappings stay in the space meanwhile; who maps or unmaps leaves the page table alone where the pair's entries are cleared.

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::exec::Exec;
use drm_core::gpuvm::GpuVmBo;

use super::tables::{Table, flags_to_prot};
use super::{Types, Vm};
use crate::bo::BufferObject;

/// Clears the entries of every mapping of a pair, and tells the device. Nothing is allocated: a mapping has whole leaves.
///
/// The device is asked first to keep away from all of them: one that does not answer may still see the pages, and the entries
/// stay. One that answered keeps away until it is told what changed, or is reset: from there on nothing can fail.
///
/// `EBUSY` while somebody operates on the space; `ETIMEDOUT` of a device that does not answer.
pub(crate) fn try_clear<B: BufferObject>(vm_bo: &GpuVmBo<Types<B>>) -> Result {
    let vm = Vm(vm_bo.vm().clone());
    let mut table = vm.data().table.try_lock().ok_or(Errno::EBUSY)?;
    let vas = vm_bo.vas();
    let start = vas.iter().map(|va| va.addr()).min();
    let end = vas.iter().map(|va| va.addr() + va.size()).max();
    if let (Some(start), Some(end)) = (start, end) {
        vm.lock_range(start, end - start)?;
    }
    if vm.clear(&mut table, vm_bo, usize::MAX).is_err() {
        let machine = vm.dev().machine();
        machine.warn("panthor_mmu.c: a locked region is not let go");
    }
    vm_bo.data().set_cleared(true);
    Ok(())
}

/// Brings an object back for a space, with both locked (`vm_bo_validate`). Errors of the pages and of tables; the object then
/// stays evicted.
pub(super) fn validate<B: BufferObject>(vm_bo: &GpuVmBo<Types<B>>, exec: &mut Exec) -> Result {
    let vm = Vm(vm_bo.vm().clone());
    let object = vm_bo.object();
    let guard = exec
        .guard(&object.clone().into_dyn())
        .ok_or(Errno::EINVAL)?;
    object.restore(guard, &mut |sgt| vm.rewrite(vm_bo, sgt))?;
    {
        let _pairs = object.lock_pairs();
        vm_bo.evict(false, guard);
    }
    object.pairs_changed();
    Ok(())
}

impl<B: BufferObject> Vm<B> {
    /// Clears the entries of the first `count` mappings of a pair.
    fn clear(&self, table: &mut Table, vm_bo: &GpuVmBo<Types<B>>, count: usize) -> Result {
        let mut result = Ok(());
        for va in vm_bo.vas().iter().take(count) {
            if va.size() > 0 {
                result = result.and(self.unmap_pages(table, va.addr(), va.size()));
            }
        }
        result
    }

    /// Writes the entries of every mapping of a pair, or none.
    fn rewrite(&self, vm_bo: &GpuVmBo<Types<B>>, sgt: &SgTable) -> Result {
        let data = self.data();
        let mut table = data.table.lock();
        for (va, done) in vm_bo.vas().iter().zip(0..) {
            let (addr, size) = (va.addr(), va.size());
            let written = data.table_mem.reserve_map(addr, size).and_then(|mut rsvd| {
                let _attached = data.table_mem.attach(&mut rsvd);
                let prot = flags_to_prot(*va.data());
                self.map_pages(&mut table, addr, prot, sgt, va.offset(), size)
            });
            if let Err(error) = written {
                // Nobody waits for the device here: the space has no job.
                let _told = self.clear(&mut table, vm_bo, done);
                return Err(error);
            }
        }
        vm_bo.data().set_cleared(false);
        Ok(())
    }
}
