//! LPAE tables against the entry values and table counts of the real drivers.

mod failure;
mod model;
mod vectors;

use super::{Config, Kind, Lpae, Prot};
use crate::mmu::testmem::TestMemory;
use crate::mmu::{Access, runs_by, same_memory};

pub(super) const RW_NX: Prot = Prot::READ.union(Prot::WRITE).union(Prot::NOEXEC);

pub(super) fn config(coherent_walk: bool) -> Config {
    Config {
        ias: 48,
        oas: 40,
        coherent_walk,
    }
}

/// A 48-bit table on a device that snoops.
pub(super) fn table(mem: &TestMemory, kind: Kind) -> Lpae<&TestMemory> {
    Lpae::new(mem, kind, config(true)).expect("memory for the root")
}

/// `va+size x count attributes pa` for each physical run.
pub(super) fn dump(table: &Lpae<&TestMemory>) -> Vec<String> {
    runs_by(table.view().leaves(), same_memory)
        .map(|run| {
            let first = run.first;
            let (count, attributes) = (run.count, first.attributes);
            format!(
                "{:x}+{:x}x{count} {attributes:x} {:x}",
                first.va, first.size, first.pa
            )
        })
        .collect()
}

/// The raw entry for `va` in the table of the last level, reached by hand.
pub(super) fn raw_at(mem: &TestMemory, root: u64, va: u64, depth: usize) -> u64 {
    use crate::mmu::TableMemory;
    let mut table = root;
    for level in 0..=depth {
        let raw = mem.read64(table + 8 * ((va >> (39 - 9 * level)) & 511));
        if level == depth {
            return raw;
        }
        table = raw & 0x0000_ffff_ffff_f000;
    }
    0
}

/// Whether the byte at `va` can be reached, through the root address alone.
pub(super) fn reaches(table: &Lpae<&TestMemory>, va: u64, access: Access) -> Option<u64> {
    table.view().translate(va, access).ok().map(|(pa, _)| pa)
}
