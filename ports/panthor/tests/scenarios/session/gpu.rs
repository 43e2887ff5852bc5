//! What the GPU sees through a page table.

use port_kit::mmu::{Access, WalkFault};
use port_panthor::AnyVm;

use super::Session;

impl Session {
    fn access(&self, file: usize, vm: u32, va: u64, access: Access) -> Result<u64, String> {
        let space: Box<dyn AnyVm> = self.look(file, vm).ok_or("no such space")?;
        space
            .translate(va, access)
            .map(|(pa, _)| pa)
            .map_err(|fault| match fault {
                WalkFault::Translation { depth } => format!("fault at level {depth}"),
                WalkFault::Permission { .. } => "fault: read-only".to_owned(),
                WalkFault::AddressSize => "fault: no such address".to_owned(),
            })
    }

    /// One load of 4 bytes.
    pub(crate) fn gpu_reads(&mut self, file: usize, vm: u32, va: u64) {
        let answer = match self.access(file, vm, va, Access::Read) {
            Ok(pa) => format!("{:#x}", self.machine.ram().read_u32(pa)),
            Err(fault) => fault,
        };
        self.record(format_args!("gpu reads {va:#x}"), answer);
    }

    /// One store of 4 bytes.
    pub(crate) fn gpu_writes(&mut self, file: usize, vm: u32, va: u64, value: u32) {
        let answer = match self.access(file, vm, va, Access::Write) {
            Ok(pa) => {
                self.machine.ram().write_u32(pa, value);
                "ok".to_owned()
            }
            Err(fault) => fault,
        };
        self.record(format_args!("gpu writes {value:#x} at {va:#x}"), answer);
    }

    /// The slot of a space.
    pub(crate) fn slot(&mut self, file: usize, vm: u32) {
        let answer = match self.look(file, vm) {
            Some(space) => {
                let (slot, users, faulted) = space.slot();
                let masked = self.gpu.faulty_slots();
                format!("slot={slot} users={users} faulted={faulted} masked={masked:#x}")
            }
            None => "no such space".to_owned(),
        };
        self.trace.line(format_args!("  space {vm}: {answer}"));
    }
}
