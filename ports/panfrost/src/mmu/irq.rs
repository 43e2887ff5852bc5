//! The fault interrupt: the hard handler, and the thread that maps heap chunks or ends the space.

use std::any::Any;

use drm_core::errno::Errno;
use drm_core::sync::{Arc, Weak};

use crate::device::{Component, PanfrostDevice};
use crate::regs::*;

impl PanfrostDevice {
    /// `panfrost_mmu_irq_handler`, and the thread that it wakes.
    pub(crate) fn mmu_irq_handler(&self) -> bool {
        if self.is_suspended(Component::Mmu) || self.gpu().read(MMU_INT_STAT) == 0 {
            return false;
        }
        self.gpu().write(MMU_INT_MASK, 0);
        self.mmu_irq_thread();
        true
    }

    /// `panfrost_mmu_irq_handler_thread`.
    fn mmu_irq_thread(&self) {
        let mut status = self.gpu().read(MMU_INT_RAWSTAT);
        while status != 0 {
            let as_nr = (status | status >> 16).trailing_zeros();
            let mask = 1 << as_nr | 1 << (as_nr + 16);
            let fault_status = self.gpu().read(space(as_nr, AS_FAULTSTATUS));
            let addr = u64::from(self.gpu().read(space(as_nr, AS_FAULTADDRESS_LO)))
                | u64::from(self.gpu().read(space(as_nr, AS_FAULTADDRESS_HI))) << 32;
            let exception_type = fault_status & 0xff;
            self.gpu().write(MMU_INT_CLEAR, mask);

            // A page fault without a bus fault, for want of a translation.
            let recoverable = status & mask == 1 << as_nr && exception_type & 0xf8 == 0xc0;
            let handled = if recoverable {
                self.memory()
                    .ok_or(Errno::ENODEV)
                    .and_then(|memory| memory.map_fault_addr(as_nr, addr))
            } else {
                Err(Errno::EPERM)
            };
            if handled.is_err() {
                self.log(format!(
                    "Unhandled Page fault in AS{as_nr} at VA 0x{addr:016X}"
                ));
                let mut spaces = self.spaces.lock();
                // No interrupts of this space until it is switched on again.
                spaces.faulty_mask |= mask;
                self.mmu_disable(as_nr);
            }
            status &= !mask;
            if status == 0 {
                status = self.gpu().read(MMU_INT_RAWSTAT) & !self.spaces.lock().faulty_mask;
            }
        }
        if !self.is_suspended(Component::Mmu) {
            let spaces = self.spaces.lock();
            self.gpu().write(MMU_INT_MASK, !spaces.faulty_mask);
        }
    }

    /// Who has the page behind `addr` in the VM that holds hardware space `as_nr`, referenced (`addr_to_mapping`).
    pub(crate) fn addr_to_mapping(
        &self,
        as_nr: u32,
        addr: u64,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        let vm = self.spaces.lock().vm_of(as_nr)?;
        let occupant = vm.va_space().occupant_of(addr >> drm_core::PAGE_SHIFT);
        occupant.as_ref().and_then(Weak::upgrade)
    }
}
