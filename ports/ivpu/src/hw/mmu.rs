//! The MMU: context descriptors by SSID, a TLB tagged by ASID, a command queue, events.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::ivpu::IvpuFormat;
use port_kit::mmu::{Access, MachineTables, View};

/// Invalidates the TLB of an ASID.
const TLBI_NH_ASID: u32 = 0x11;
/// Invalidates all of the TLB.
const TLBI_ALL: u32 = 0x30;
/// Forgets cached descriptors.
const CFGI_ALL: u32 = 0x04;
/// Tells when everything before it is done.
const SYNC: u32 = 0x46;
/// How long the driver waits for that, in nanoseconds.
const SYNC_TIMEOUT_NS: u64 = 100_000_000;

/// What the MMU tells of an access that failed: a translation or a permission fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// 0x10 for a translation fault, 0x13 for a permission fault.
    pub code: u32,
    /// The context.
    pub ssid: u32,
    /// Device address.
    pub va: u64,
}

#[derive(Debug, Default)]
struct State {
    on: bool,
    /// Table roots by SSID (the CD table).
    descriptors: BTreeMap<u32, u64>,
    tlb: BTreeMap<(u32, u64), (u64, bool)>,
    commands: Vec<(u32, u32)>,
    lost_syncs: u32,
}

/// The MMU, and the driver's access to it (`ivpu_mmu.c`).
#[derive(Debug)]
pub struct Mmu {
    machine: Machine,
    tables: Arc<MachineTables>,
    state: Mutex<State>,
}

impl Mmu {
    pub(super) fn new(machine: &Machine, tables: &Arc<MachineTables>) -> Self {
        Self {
            machine: machine.clone(),
            tables: Arc::clone(tables),
            state: Mutex::default(),
        }
    }

    /// Commands since this was last asked, as (opcode, ASID).
    pub fn take_commands(&self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.state.lock().commands)
    }

    /// The next `n` waits for a SYNC end without one.
    pub fn lose_syncs(&self, n: u32) {
        self.state.lock().lost_syncs = n;
    }

    /// Whether it is powered.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state.lock().on
    }

    /// The contexts that have a descriptor.
    #[must_use]
    pub fn contexts(&self) -> Vec<u32> {
        self.state.lock().descriptors.keys().copied().collect()
    }

    /// Powers up, and forgets everything cached (`ivpu_mmu_enable`). `ETIMEDOUT`.
    pub(crate) fn enable(&self) -> Result {
        self.state.lock().on = true;
        self.run(&[(CFGI_ALL, 0), (TLBI_ALL, 0)])
    }

    /// Powers down (`ivpu_mmu_disable`).
    pub(crate) fn disable(&self) {
        self.state.lock().on = false;
    }

    /// Writes or clears the context descriptor of `ssid` (`ivpu_mmu_cd_add`, `ivpu_mmu_cd_clear`). `EINVAL` beyond the table, by a
    /// check that is off by one; `ETIMEDOUT`.
    pub(crate) fn set_descriptor(&self, ssid: u32, root: Option<u64>) -> Result {
        if ssid > 256 {
            return Err(Errno::EINVAL);
        }
        {
            let mut state = self.state.lock();
            match root {
                Some(root) => state.descriptors.insert(ssid, root),
                None => state.descriptors.remove(&ssid),
            };
            if !state.on {
                return Ok(());
            }
        }
        self.run(&[(CFGI_ALL, 0)])
    }

    /// Invalidates everything of a context (`ivpu_mmu_invalidate_tlb`); nothing to do while the MMU is off. `ETIMEDOUT`.
    pub(crate) fn invalidate_tlb(&self, ssid: u32) -> Result {
        if !self.is_on() {
            return Ok(());
        }
        self.machine.counters().invalidations.add(1);
        self.run(&[(TLBI_NH_ASID, ssid)])
    }

    /// Queues commands and a SYNC, and waits for it (`ivpu_mmu_cmdq_sync`). `ETIMEDOUT` after 100 ms.
    fn run(&self, commands: &[(u32, u32)]) -> Result {
        let mut state = self.state.lock();
        for &(opcode, asid) in commands {
            match opcode {
                TLBI_NH_ASID => state.tlb.retain(|(ssid, _), _| *ssid != asid),
                TLBI_ALL => state.tlb.clear(),
                _ => {}
            }
            state.commands.push((opcode, asid));
        }
        state.commands.push((SYNC, 0));
        let Some(lost) = state.lost_syncs.checked_sub(1) else {
            return Ok(());
        };
        state.lost_syncs = lost;
        drop(state);
        self.machine.clock().advance(SYNC_TIMEOUT_NS);
        Err(Errno::ETIMEDOUT)
    }

    /// The bus address of `va` in a context.
    pub(super) fn translate(
        &self,
        ssid: u32,
        va: u64,
        write: bool,
    ) -> std::result::Result<u64, Event> {
        let mut state = self.state.lock();
        let page = va & !(PAGE_SIZE - 1);
        let fault = |code| Event { code, ssid, va };
        if let Some(&(pa, writable)) = state.tlb.get(&(ssid, page)) {
            return if write && !writable {
                Err(fault(0x13))
            } else {
                Ok(pa + va % PAGE_SIZE)
            };
        }
        let root = state.descriptors.get(&ssid).copied().ok_or(fault(0x10))?;
        let view = View::new(IvpuFormat, &*self.tables, root);
        let (pa, _) = view
            .translate(page, Access::Read)
            .map_err(|_| fault(0x10))?;
        let writable = view.translate(page, Access::Write).is_ok();
        state.tlb.insert((ssid, page), (pa, writable));
        if write && !writable {
            return Err(fault(0x13));
        }
        Ok(pa + va % PAGE_SIZE)
    }
}
