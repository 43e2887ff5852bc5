//! Which address space is in which slot of the device, and what happens when one faults (`struct panthor_mmu`).

use std::collections::VecDeque;

use drm_core::errno::{Errno, Result};
use drm_core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use drm_core::sync::{Arc, Mutex};

use super::Vm;
use crate::bo::BufferObject;
use crate::hw::{Command, Hw, RootRegisters};

/// The slot that is the firmware's for ever.
const MCU_SLOT: u32 = 0;
/// The least that a slot can lock, in bytes.
const LOCK_REGION_MIN_SIZE: u64 = 1 << 15;

/// An address space as the slots see it (`panthor_vm.as`). Changed under the lock of all slots.
#[derive(Debug)]
pub struct AsState {
    registers: RootRegisters,
    /// -1 without a slot.
    id: AtomicI32,
    active_cnt: AtomicU32,
    unhandled_fault: AtomicBool,
}

impl AsState {
    /// The slot, or -1 (`panthor_vm_as`).
    #[must_use]
    pub fn id(&self) -> i32 {
        self.id.load(Ordering::SeqCst)
    }

    /// Users that need it in a slot.
    #[must_use]
    pub fn active_cnt(&self) -> u32 {
        self.active_cnt.load(Ordering::SeqCst)
    }

    /// Whether it faulted since it was made active (`panthor_vm_has_unhandled_faults`).
    #[must_use]
    pub fn has_unhandled_faults(&self) -> bool {
        self.unhandled_fault.load(Ordering::SeqCst)
    }

    fn slot(&self) -> Option<u32> {
        u32::try_from(self.id()).ok()
    }
}

#[derive(Default)]
struct Slots {
    /// Who is in each.
    spaces: Vec<Option<Arc<AsState>>>,
    /// Those that nobody needs there, the longest idle first.
    lru: VecDeque<Arc<AsState>>,
    /// Slots whose interrupts are masked after a fault.
    faulty_mask: u32,
}

/// The slots of one device.
pub struct Mmu {
    hw: Arc<Hw>,
    slots: Mutex<Slots>,
}

impl Mmu {
    /// Empty slots, their interrupts on.
    #[must_use]
    pub fn new(hw: &Arc<Hw>) -> Self {
        hw.write_int_mask(0xffff);
        let slots = Slots {
            spaces: vec![None; 32],
            ..Slots::default()
        };
        Self {
            hw: Arc::clone(hw),
            slots: Mutex::new(slots),
        }
    }

    pub(super) fn hw(&self) -> &Hw {
        &self.hw
    }

    pub(super) fn va_bits(&self) -> u32 {
        self.hw.config().va_bits()
    }

    pub(super) fn pa_bits(&self) -> u32 {
        self.hw.config().pa_bits()
    }

    pub(super) fn is_coherent(&self) -> bool {
        self.hw.config().coherent
    }

    /// A new address space, in no slot.
    pub(super) fn register(&self, root: u64, memattr: u64) -> Arc<AsState> {
        let registers = RootRegisters::stage1(root, self.va_bits(), self.is_coherent(), memattr);
        Arc::new(AsState {
            registers,
            id: AtomicI32::new(-1),
            active_cnt: AtomicU32::new(0),
            unhandled_fault: AtomicBool::new(false),
        })
    }

    /// One operation on a slot, over a range (`mmu_hw_do_operation_locked`). `ETIMEDOUT`.
    fn operation(&self, slot: u32, iova: u64, size: u64, command: Command) -> Result {
        if size > 0 {
            self.hw.write_lockaddr(slot, lock_region(iova, size));
            // A lock that times out is not looked at; what follows times out, too.
            let _locked = self.hw.command(slot, Command::Lock);
        }
        self.hw.command(slot, command)
    }

    /// Forgets the translations of a range, for a space that is in a slot (`mmu_hw_do_operation`). `ETIMEDOUT`.
    pub(super) fn flush_pt(&self, space: &AsState, iova: u64, size: u64) -> Result {
        let _slots = self.slots.lock();
        match space.slot() {
            Some(slot) => self.operation(slot, iova, size, Command::FlushPt),
            None => Ok(()),
        }
    }

    /// Keeps the device away from a range, for a space that is in a slot (`mmu_hw_do_operation` with `AS_COMMAND_LOCK`); until
    /// the next operation on it. `ETIMEDOUT`.
    pub(super) fn lock_pt(&self, space: &AsState, iova: u64, size: u64) -> Result {
        let _slots = self.slots.lock();
        let Some(slot) = space.slot() else {
            return Ok(());
        };
        self.hw.write_lockaddr(slot, lock_region(iova, size));
        self.hw.command(slot, Command::Lock)
    }

    fn enable(&self, slot: u32, registers: RootRegisters) -> Result {
        self.operation(slot, 0, u64::MAX, Command::FlushMem)?;
        self.hw.write_root(slot, registers);
        self.hw.command(slot, Command::Update)
    }

    fn disable(&self, slot: u32) -> Result {
        self.enable(slot, RootRegisters::UNMAPPED)
    }

    /// One more user that needs the space in a slot; the first puts it into one, at the cost of the space that has been idle for
    /// the longest time (`panthor_vm_active`).
    ///
    /// `EBUSY`, with a warning, when every slot is in use; `ETIMEDOUT`.
    fn active(&self, space: &Arc<AsState>, for_mcu: bool) -> Result {
        let mut slots = self.slots.lock();
        if space.active_cnt() > 0 {
            space.active_cnt.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        let slot = match space.slot() {
            Some(slot) if slots.faulty_mask & 1 << slot == 0 => None,
            Some(slot) => Some(slot),
            None => {
                let slot = self.free_slot(&mut slots, for_mcu)?;
                space.id.store(slot as i32, Ordering::SeqCst);
                slots.spaces[slot as usize] = Some(Arc::clone(space));
                Some(slot)
            }
        };
        if let Some(slot) = slot {
            space.unhandled_fault.store(false, Ordering::SeqCst);
            if slots.faulty_mask & 1 << slot != 0 {
                self.hw.clear_int(1 << slot);
                slots.faulty_mask &= !(1 << slot);
                self.hw.write_int_mask(!slots.faulty_mask & 0xffff);
            }
            self.enable(slot, space.registers)?;
        }
        space.active_cnt.store(1, Ordering::SeqCst);
        slots.lru.retain(|idle| !Arc::ptr_eq(idle, space));
        Ok(())
    }

    fn free_slot(&self, slots: &mut Slots, for_mcu: bool) -> Result<u32> {
        if for_mcu {
            return Ok(MCU_SLOT);
        }
        let present = self.hw.config().gpu.as_present;
        let free = (1..32).find(|slot| slots.spaces[*slot as usize].is_none());
        if let Some(slot) = free.filter(|slot| present & 1 << slot != 0) {
            return Ok(slot);
        }
        let idle = slots.lru.pop_front();
        let Some((idle, slot)) = idle.and_then(|idle| Some((idle.clone(), idle.slot()?))) else {
            self.hw
                .machine()
                .warn("panthor_mmu.c: panthor_vm_active: !lru_vm");
            return Err(Errno::EBUSY);
        };
        idle.id.store(-1, Ordering::SeqCst);
        slots.spaces[slot as usize] = None;
        Ok(slot)
    }

    /// One user less; without any, the space keeps its slot until another needs it (`panthor_vm_idle`).
    fn idle(&self, space: &Arc<AsState>) {
        let mut slots = self.slots.lock();
        if space.active_cnt.fetch_sub(1, Ordering::SeqCst) == 1 {
            slots.lru.push_back(Arc::clone(space));
        }
    }

    /// The space goes (`panthor_vm_free`).
    pub(super) fn release(&self, space: &Arc<AsState>) {
        let mut slots = self.slots.lock();
        let Some(slot) = space.slot() else { return };
        // As in the kernel, nobody looks whether the device answered.
        let _disabled = self.disable(slot);
        slots.spaces[slot as usize] = None;
        slots.lru.retain(|idle| !Arc::ptr_eq(idle, space));
    }

    /// Handles the interrupt (`panthor_mmu_irq_handler`): slots that faulted are masked and disabled; nothing is mapped.
    ///
    /// Returns whether there was a fault: then the groups on these spaces must go.
    pub(crate) fn irq_handler(&self) -> bool {
        let status = self.hw.int_stat() & 0xffff;
        for slot in (0..16).filter(|slot| status & 1 << slot != 0) {
            let mut slots = self.slots.lock();
            slots.faulty_mask |= 1 << slot;
            self.hw.write_int_mask(!slots.faulty_mask & 0xffff);
            if let Some(space) = &slots.spaces[slot as usize] {
                space.unhandled_fault.store(true, Ordering::SeqCst);
            }
            let _disabled = self.disable(slot);
        }
        status != 0
    }

    /// Slots whose interrupts are masked after a fault.
    #[must_use]
    pub fn faulty_mask(&self) -> u32 {
        self.slots.lock().faulty_mask
    }
}

impl<B: BufferObject> Vm<B> {
    /// See [`Mmu::active`]; `ENODEV` when the device is gone.
    pub(crate) fn active(&self) -> Result {
        if self.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        let data = self.data();
        B::space_is_active(&data.space);
        data.mmu
            .active(&data.slot, self.gpuvm().name() == super::MCU_VM_NAME)
    }

    /// See [`Mmu::idle`].
    pub(crate) fn idle(&self) {
        let data = self.data();
        data.mmu.idle(&data.slot);
    }
}

/// `AS_LOCKADDR` for the smallest naturally aligned block around a range (`lock_region`): its start, and `log2` of its bytes,
/// less one.
fn lock_region(start: u64, size: u64) -> u64 {
    let differing = start ^ start.wrapping_add(size).wrapping_sub(1);
    let bits = u64::BITS - differing.leading_zeros();
    let width = bits.max(LOCK_REGION_MIN_SIZE.ilog2()) - 1;
    u64::from(width) | start & u64::MAX << width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_covers_the_range_and_is_aligned_to_its_size() {
        assert_eq!(lock_region(0x1000, 0x1000), 14);
        assert_eq!(lock_region(0x20_0000, 0x20_0000), 0x20_0000 | 20);
        // The block must begin at a multiple of its size: it grows until it does.
        assert_eq!(lock_region(0x7000, 0x2000), 15);
        assert_eq!(lock_region(0, u64::MAX), 63);
    }
}
