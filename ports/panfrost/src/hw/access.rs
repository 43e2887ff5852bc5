//! One access of the GPU to memory: a walk through the page table, and a fault that the driver may repair.

use port_kit::mmu::lpae::{Kind, LpaeFormat};
use port_kit::mmu::{Access, Leaf, View, WalkFault};

use super::{Gpu, SPACES};
use crate::regs::{GPU_MMU_FEATURES, MMU_INT_MASK, MMU_INT_RAWSTAT};

/// What the GPU wants to do with the four bytes at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Load.
    Read,
    /// Store.
    Write(u32),
    /// Fetch as an instruction.
    Execute,
}

impl AccessKind {
    fn wanted(self) -> Access {
        match self {
            Self::Read => Access::Read,
            Self::Write(_) => Access::Write,
            Self::Execute => Access::Execute,
        }
    }

    /// `AS_FAULTSTATUS`, bits 9:8.
    fn fault_bits(self) -> u32 {
        match self {
            Self::Execute => 1 << 8,
            Self::Read => 2 << 8,
            Self::Write(_) => 3 << 8,
        }
    }
}

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was done.
    Done {
        /// The entry that mapped the address.
        leaf: Leaf,
        /// What was there before.
        value: u32,
    },
    /// The space has no page table, or has none any more: the driver ended it.
    Disabled,
    /// The mapping does not allow it; the driver was told.
    Forbidden,
    /// The driver answered, and still nothing is mapped: the access would be tried for ever.
    Stuck {
        /// How far below the root the walk came.
        depth: usize,
    },
}

/// An access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accessed {
    /// Translation faults on the way.
    pub faults: u32,
    /// The end.
    pub ended: Ended,
}

/// Exception types of `AS_FAULTSTATUS`, bits 7:0; the level is added.
const TRANSLATION_FAULT: u32 = 0xc0;
const PERMISSION_FAULT: u32 = 0xc8;
/// `AS_FAULTSTATUS`, bits 31:16: who accessed.
const SOURCE: u32 = 1 << 16;
/// Tries after which an access counts as stuck; real hardware has no such limit.
const TRIES: u32 = 2;

impl Gpu {
    /// Accesses `va` in address space `space`; every fault raises an interrupt, and the access is tried again.
    pub fn access(&self, space: usize, va: u64, kind: AccessKind) -> Accessed {
        let mut faults = 0;
        loop {
            let Some(root) = self.root(space) else {
                return Accessed {
                    faults,
                    ended: Ended::Disabled,
                };
            };
            match self.view(root).translate(va, kind.wanted()) {
                Ok((pa, leaf)) => {
                    let value = self.machine.ram().read_u32(pa & !3);
                    if let AccessKind::Write(new) = kind {
                        self.machine.ram().write_u32(pa & !3, new);
                    }
                    return Accessed {
                        faults,
                        ended: Ended::Done { leaf, value },
                    };
                }
                Err(WalkFault::Permission { .. }) => {
                    self.raise_fault(
                        space,
                        va,
                        PERMISSION_FAULT | 3 | kind.fault_bits() | SOURCE,
                        false,
                    );
                    return Accessed {
                        faults,
                        ended: Ended::Forbidden,
                    };
                }
                Err(fault) => {
                    let depth = match fault {
                        WalkFault::Translation { depth } => depth,
                        _ => 0,
                    };
                    if faults == TRIES {
                        return Accessed {
                            faults,
                            ended: Ended::Stuck { depth },
                        };
                    }
                    faults += 1;
                    let status = TRANSLATION_FAULT | depth as u32 | kind.fault_bits() | SOURCE;
                    self.raise_fault(space, va, status, false);
                }
            }
        }
    }

    /// Reports a fault of address space `space` with these `AS_FAULTSTATUS` bits, as a fault on the bus if `bus`; returns
    /// `MMU_INT_RAWSTAT` and `MMU_INT_MASK` once the driver has answered.
    pub fn raise_fault(&self, space: usize, va: u64, status: u32, bus: bool) -> (u32, u32) {
        if space < SPACES {
            let mut state = self.state.lock();
            let registers = &mut state.mmu.spaces[space];
            registers.fault_status = status;
            registers.fault_address = va;
            state.mmu.int_raw |= 1 << space | u32::from(bus) << (space + 16);
        }
        self.deliver();
        (self.read(MMU_INT_RAWSTAT), self.read(MMU_INT_MASK))
    }

    /// The root table of a space that is on.
    fn root(&self, space: usize) -> Option<u64> {
        let in_use = self.state.lock().mmu.spaces.get(space)?.in_use;
        (in_use & 3 == 3).then_some(in_use & !0xfff)
    }

    fn view(&self, root: u64) -> View<LpaeFormat, &port_kit::mmu::MachineTables> {
        let va_bits = self.read(GPU_MMU_FEATURES) & 0xff;
        View::new(LpaeFormat::new(Kind::Mali, va_bits), &self.tables, root)
    }
}
