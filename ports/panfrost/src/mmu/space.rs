//! Hardware address spaces: given to VMs when a job runs, taken from the one that used its own longest ago.

use drm_core::sync::{Arc, Weak};

use super::vm::Vm;
use crate::device::{Component, PanfrostDevice};
use crate::job::NUM_JOB_SLOTS;
use crate::regs::*;

/// What `as_lock` protects.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    /// Spaces that a VM holds, a bit each.
    pub(crate) alloc_mask: u32,
    /// Spaces that a fault ended, page-fault and bus-fault bit each.
    pub(crate) faulty_mask: u32,
    /// VMs that hold a space, the last used first.
    lru: Vec<Weak<Vm>>,
}

impl Spaces {
    /// The VM that holds a space.
    pub(super) fn vm_of(&self, as_nr: u32) -> Option<Arc<Vm>> {
        let held = self.lru.iter().filter_map(Weak::upgrade);
        held.into_iter().find(|vm| vm.as_nr() == as_nr as i32)
    }

    fn unlink(&mut self, vm: &Vm) {
        self.lru.retain(|other| !std::ptr::eq(other.as_ptr(), vm));
    }

    fn first(&mut self, vm: &Arc<Vm>) {
        self.unlink(vm);
        self.lru.insert(0, Arc::downgrade(vm));
    }

    /// The VM that used its space longest ago, of those that no job uses now.
    fn least_recently_used(&self) -> Option<Arc<Vm>> {
        let oldest_first = self.lru.iter().rev().filter_map(Weak::upgrade);
        oldest_first.into_iter().find(|vm| vm.as_count() == 0)
    }
}

impl PanfrostDevice {
    /// Gives a command once the space takes one (`write_cmd`); the mock GPU always does.
    fn write_cmd(&self, as_nr: u32, command: u32) {
        self.gpu().write(space(as_nr, AS_COMMAND), command);
    }

    /// Locks the smallest naturally aligned power of two around `start..start + size`, no less than 32 KiB (`lock_region`).
    fn lock_region(&self, as_nr: u32, start: u64, size: u64) {
        if size == 0 {
            return;
        }
        let last = start.wrapping_add(size).wrapping_sub(1);
        let width = (u64::BITS - (start ^ last).leading_zeros()).max(AS_LOCK_REGION_MIN_LOG2) - 1;
        let region = start >> width << width | u64::from(width);
        self.gpu()
            .write(space(as_nr, AS_LOCKADDR_LO), region as u32);
        self.gpu()
            .write(space(as_nr, AS_LOCKADDR_HI), (region >> 32) as u32);
        self.write_cmd(as_nr, AS_COMMAND_LOCK);
    }

    /// `mmu_hw_do_operation_locked`. Under `as_lock`.
    fn mmu_operation(&self, as_nr: u32, iova: u64, size: u64, command: u32) {
        if command != AS_COMMAND_UNLOCK {
            self.lock_region(as_nr, iova, size);
        }
        self.write_cmd(as_nr, command);
    }

    fn write_table(&self, as_nr: u32, transtab: u64, memattr: u64) {
        self.mmu_operation(as_nr, 0, u64::MAX, AS_COMMAND_FLUSH_MEM);
        self.gpu()
            .write(space(as_nr, AS_TRANSTAB_LO), transtab as u32);
        self.gpu()
            .write(space(as_nr, AS_TRANSTAB_HI), (transtab >> 32) as u32);
        self.gpu()
            .write(space(as_nr, AS_MEMATTR_LO), memattr as u32);
        self.gpu()
            .write(space(as_nr, AS_MEMATTR_HI), (memattr >> 32) as u32);
        self.write_cmd(as_nr, AS_COMMAND_UPDATE);
    }

    /// `panfrost_mmu_enable`. Under `as_lock`.
    fn mmu_enable(&self, as_nr: u32, vm: &Vm) {
        let (transtab, memattr) = vm.registers();
        self.write_table(as_nr, transtab, memattr);
    }

    /// `panfrost_mmu_disable`. Under `as_lock`.
    pub(super) fn mmu_disable(&self, as_nr: u32) {
        self.write_table(as_nr, 0, 0);
    }

    /// A hardware space for a job of `vm` (`panfrost_mmu_as_get`).
    ///
    /// A space that a fault ended is switched on again; but its interrupts stay masked, because the mask is written before the
    /// space's bits leave `faulty_mask`.
    pub(crate) fn as_get(&self, vm: &Arc<Vm>) -> u32 {
        let mut spaces = self.spaces.lock();
        if let Ok(as_nr) = u32::try_from(vm.as_nr()) {
            if vm.add_as_count(1) > NUM_JOB_SLOTS as i32 {
                self.machine().warn("panfrost_mmu.c:173");
            }
            spaces.first(vm);
            let mask = 1 << as_nr | 1 << (16 + as_nr);
            if spaces.faulty_mask & mask != 0 {
                self.gpu().write(MMU_INT_CLEAR, mask);
                self.gpu().write(MMU_INT_MASK, !spaces.faulty_mask);
                spaces.faulty_mask &= !mask;
                self.mmu_enable(as_nr, vm);
            }
            return as_nr;
        }
        let free = spaces.alloc_mask.trailing_ones();
        let as_nr = if self.features().as_present & 1u32.checked_shl(free).unwrap_or(0) != 0 {
            free
        } else {
            let Some(victim) = spaces.least_recently_used() else {
                self.machine().warn("panfrost_mmu.c:200");
                return 0;
            };
            spaces.unlink(&victim);
            let as_nr = victim.as_nr() as u32;
            victim.set_as_nr(-1);
            as_nr
        };
        vm.set_as_nr(as_nr as i32);
        spaces.alloc_mask |= 1 << as_nr;
        vm.set_as_count(1);
        spaces.first(vm);
        self.mmu_enable(as_nr, vm);
        as_nr
    }

    /// A job of `vm` is done with its space (`panfrost_mmu_as_put`).
    pub(crate) fn as_put(&self, vm: &Vm) {
        if vm.add_as_count(-1) < 0 {
            self.machine().warn("panfrost_mmu.c:227");
        }
    }

    /// A VM dies and gives its space back (`panfrost_mmu_release_ctx`).
    pub(super) fn as_release(&self, vm: &Vm) {
        let mut spaces = self.spaces.lock();
        let Ok(as_nr) = u32::try_from(vm.as_nr()) else {
            return;
        };
        self.pm_get_noresume();
        if self.pm_active() {
            self.mmu_disable(as_nr);
        }
        self.pm_put_autosuspend();
        spaces.alloc_mask &= !(1 << as_nr);
        spaces.unlink(vm);
    }

    /// After a reset no VM has a space (`panfrost_mmu_reset`).
    pub(crate) fn mmu_reset(&self) {
        self.set_suspended(Component::Mmu, false);
        {
            let mut spaces = self.spaces.lock();
            spaces.alloc_mask = 0;
            spaces.faulty_mask = 0;
            for vm in spaces.lru.drain(..).filter_map(|vm| vm.upgrade()) {
                vm.set_as_nr(-1);
                vm.set_as_count(0);
            }
        }
        self.gpu().write(MMU_INT_CLEAR, !0);
        self.gpu().write(MMU_INT_MASK, !0);
    }

    /// Makes the GPU forget page-table entries, if it can have any: the VM holds a space, and the device is awake
    /// (`panfrost_mmu_flush_range`).
    pub(super) fn flush_range(&self, vm: &Vm, iova: u64, size: u64) {
        if vm.as_nr() < 0 {
            return;
        }
        self.pm_get_noresume();
        if self.pm_active() {
            let _spaces = self.spaces.lock();
            if let Ok(as_nr) = u32::try_from(vm.as_nr()) {
                self.mmu_operation(as_nr, iova, size, AS_COMMAND_FLUSH_PT);
            }
        }
        self.pm_put_autosuspend();
    }
}
