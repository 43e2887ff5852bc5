//! The driver's side of an MMU unit (`lima_mmu.c`).

use drm_core::errno::{Errno, Result};

use crate::device::Lima;
use crate::hw::Mmu;
use crate::regs::mmu as reg;
use crate::uapi::{PIPE_GP, PIPE_PP};
use crate::vm::LimaVm;

/// Written to the directory register to see whether its low bits read as 0.
const PROBE: u32 = 0xcafe_babe;

impl Lima {
    /// `lima_mmu_init`: `EIO` where the unit does not answer.
    pub(crate) fn mmu_init(&self, mmu: Mmu) -> Result {
        self.hw().write_mmu(mmu, reg::DTE_ADDR, PROBE);
        if self.hw().read_mmu(mmu, reg::DTE_ADDR) != PROBE & !0xfff {
            return Err(Errno::EIO);
        }
        self.hw().write_mmu(mmu, reg::COMMAND, reg::CMD_HARD_RESET);
        self.mmu_start(mmu);
        Ok(())
    }

    /// Resets the unit, and lets it translate by the empty space.
    fn mmu_start(&self, mmu: Mmu) {
        self.hw().write_mmu(mmu, reg::COMMAND, reg::CMD_HARD_RESET);
        let mask = reg::INT_PAGE_FAULT | reg::INT_READ_BUS_ERROR;
        self.hw().write_mmu(mmu, reg::INT_MASK, mask);
        self.hw()
            .write_mmu(mmu, reg::DTE_ADDR, self.empty_vm().root());
        self.hw()
            .write_mmu(mmu, reg::COMMAND, reg::CMD_ENABLE_PAGING);
    }

    /// `lima_mmu_flush_tlb`
    pub(crate) fn mmu_flush_tlb(&self, mmu: Mmu) {
        self.hw().write_mmu(mmu, reg::COMMAND, reg::CMD_ZAP_CACHE);
    }

    /// `lima_mmu_switch_vm`: neither the interrupt mask nor a fault that is active is looked at.
    pub(crate) fn mmu_switch_vm(&self, mmu: Mmu, vm: &LimaVm) {
        self.hw()
            .write_mmu(mmu, reg::COMMAND, reg::CMD_ENABLE_STALL);
        self.hw().write_mmu(mmu, reg::DTE_ADDR, vm.root());
        self.mmu_flush_tlb(mmu);
        self.hw()
            .write_mmu(mmu, reg::COMMAND, reg::CMD_DISABLE_STALL);
    }

    /// `lima_mmu_page_fault_resume`: only a unit with an active fault is reset.
    pub(crate) fn mmu_page_fault_resume(&self, mmu: Mmu) {
        let status = self.hw().read_mmu(mmu, reg::STATUS);
        if status & reg::STATUS_PAGE_FAULT_ACTIVE == 0 {
            return;
        }
        self.log(format!("lima: {} resume", mmu.name()));
        self.hw().write_mmu(mmu, reg::INT_MASK, 0);
        self.hw().write_mmu(mmu, reg::DTE_ADDR, PROBE);
        self.mmu_start(mmu);
    }

    /// `lima_mmu_irq_handler`: bus and kind of the access are taken from the wrong register, so it is always a read by bus 0.
    /// The unit stays masked until it is reset.
    pub(crate) fn mmu_irq(&self, mmu: Mmu) {
        let status = self.hw().read_mmu(mmu, reg::INT_STATUS);
        if status == 0 {
            return;
        }
        let name = mmu.name();
        if status & reg::INT_PAGE_FAULT != 0 {
            let fault = self.hw().read_mmu(mmu, reg::PAGE_FAULT_ADDR);
            let bus = status >> 6 & 0x1f;
            let kind = match status & reg::STATUS_PAGE_FAULT_IS_WRITE {
                0 => "read",
                _ => "write",
            };
            self.log(format!(
                "lima: {name} page fault at {fault:#x} from bus id {bus} of type {kind}"
            ));
        }
        if status & reg::INT_READ_BUS_ERROR != 0 {
            self.log(format!("lima: {name} irq bus error"));
        }
        self.hw().write_mmu(mmu, reg::INT_MASK, 0);
        self.hw().write_mmu(mmu, reg::INT_CLEAR, status);

        let pipe = if mmu == Mmu::Gp { PIPE_GP } else { PIPE_PP };
        self.pipe(pipe).state.lock().error = true;
        match pipe {
            PIPE_GP => self.task_done(PIPE_GP),
            _ => self.pp_one_done(),
        }
    }
}
