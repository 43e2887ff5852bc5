//! Reading a page table: what a device sees, and what a trace shows.

use super::memory::{TableEvent, TableMemory};
use super::path::Path;
use super::radix::{Access, Entry, Format};

/// A mapped page or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// First byte of device address space that it maps.
    pub va: u64,
    /// Bytes it maps.
    pub size: u64,
    /// First byte of memory behind it.
    pub pa: u64,
    /// The entry without its address bits.
    pub attributes: u64,
}

/// Why a device access found no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkFault {
    /// The address is beyond what the table can hold.
    AddressSize,
    /// An empty entry.
    Translation {
        /// How far below the root the walk came.
        depth: usize,
    },
    /// Mapped, but not for this kind of access.
    Permission {
        /// The leaf that forbids it.
        leaf: Leaf,
    },
}

/// A page table as seen by whoever holds its root address: a device, or a dump.
///
/// Holding a view says nothing about who may write the table; it reads each entry anew.
#[derive(Clone, Copy, Debug)]
pub struct View<F, M> {
    format: F,
    mem: M,
    root: u64,
}

impl<F: Format + Clone, M: TableMemory + Clone> View<F, M> {
    /// The table of this format whose root lies at physical address `root`.
    pub fn new(format: F, mem: M, root: u64) -> Self {
        Self { format, mem, root }
    }

    /// Where the byte at `va` is, as one walk of the device.
    ///
    /// # Errors
    /// The fault that the device would report.
    pub fn translate(&self, va: u64, access: Access) -> Result<(u64, Leaf), WalkFault> {
        if va >= self.format.va_end() {
            return Err(WalkFault::AddressSize);
        }
        match self.reader().seek(va) {
            Position::Hole { depth } => Err(WalkFault::Translation { depth }),
            Position::Leaf(leaf) if !self.format.permits(leaf.attributes, access) => {
                Err(WalkFault::Permission { leaf })
            }
            Position::Leaf(leaf) => Ok((leaf.pa + (va - leaf.va), leaf)),
        }
    }

    /// A reader at the root.
    pub fn reader(&self) -> Reader<F, M> {
        Reader {
            view: self.clone(),
            path: Path::new(self.root),
        }
    }

    /// Every leaf that begins in `from..to`, in address order.
    pub fn leaves_in(&self, from: u64, to: u64) -> Leaves<F, M> {
        let to = to.min(self.format.va_end());
        Leaves {
            reader: self.reader(),
            va: from,
            to,
        }
    }

    /// Every leaf of the table, in address order.
    pub fn leaves(&self) -> Leaves<F, M> {
        self.leaves_in(0, u64::MAX)
    }

    /// Tables in use by depth; the first is the root, so 1.
    pub fn tables(&self) -> Vec<u64> {
        let mut counts = vec![0; self.format.levels().len()];
        for_each_table(&self.format, &self.mem, (0, self.root), &mut |depth, _| {
            counts[depth] += 1;
        });
        counts
    }
}

fn read<M: TableMemory>(mem: &M, entry_bytes: u64, pa: u64) -> u64 {
    match entry_bytes {
        4 => mem.read32(pa).into(),
        _ => mem.read64(pa),
    }
}

/// Visits a table, given by depth and physical address, after the tables under it. The visitor may
/// free what it is given.
pub(super) fn for_each_table<F: Format, M: TableMemory>(
    format: &F,
    mem: &M,
    (depth, table): (usize, u64),
    visit: &mut impl FnMut(usize, u64),
) {
    let levels = format.levels();
    if depth + 1 < levels.len() {
        let level = levels[depth];
        for i in 0..level.entries() {
            let raw = read(mem, level.entry_bytes, table + i * level.entry_bytes);
            if let Entry::Table { pa } = format.entry(depth, raw) {
                for_each_table(format, mem, (depth + 1, pa), visit);
            }
        }
    }
    visit(depth, table);
}

/// What a reader found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Nothing is mapped; the empty entry is in a table this far below the root.
    Hole {
        /// Depth of that table.
        depth: usize,
    },
    /// A mapped page or block.
    Leaf(Leaf),
}

/// Reads a table address by address and goes back no further up than it must.
#[derive(Debug)]
pub struct Reader<F, M> {
    view: View<F, M>,
    path: Path,
}

impl<F: Format + Clone, M: TableMemory + Clone> Reader<F, M> {
    /// Walks to the entry that decides about `va`.
    pub fn seek(&mut self, va: u64) -> Position {
        let View { format, mem, .. } = &self.view;
        let levels = format.levels();
        if self.path.turn_to(levels, va) {
            mem.count(TableEvent::Walk, 1);
        }
        loop {
            let depth = self.path.depth();
            let level = levels[depth];
            let raw = read(
                &self.view.mem,
                level.entry_bytes,
                level.slot(self.path.table(), va),
            );
            match format.entry(depth, raw) {
                Entry::Table { pa } => self.path.descend(pa),
                Entry::Empty => return Position::Hole { depth },
                Entry::Leaf { pa, attributes } => {
                    let size = level.span();
                    return Position::Leaf(Leaf {
                        va: va & !(size - 1),
                        size,
                        pa,
                        attributes,
                    });
                }
            }
        }
    }

    /// First address at or after `va` that is not in the run of empty entries at `va`, within the
    /// table where the walk stands. `va` must be in a hole at this depth.
    fn skip_hole(&self, depth: usize, va: u64, to: u64) -> u64 {
        let level = self.view.format.levels()[depth];
        let mut va = va & !(level.span() - 1);
        loop {
            va = va.saturating_add(level.span());
            if va >= to || level.index(va) == 0 {
                return va;
            }
            let slot = level.slot(self.path.table(), va);
            let raw = read(&self.view.mem, level.entry_bytes, slot);
            if self.view.format.entry(depth, raw) != Entry::Empty {
                return va;
            }
        }
    }
}

/// Iterator over leaves in address order; see [`View::leaves`].
#[derive(Debug)]
pub struct Leaves<F, M> {
    reader: Reader<F, M>,
    va: u64,
    to: u64,
}

impl<F: Format + Clone, M: TableMemory + Clone> Iterator for Leaves<F, M> {
    type Item = Leaf;

    fn next(&mut self) -> Option<Leaf> {
        while self.va < self.to {
            match self.reader.seek(self.va) {
                Position::Hole { depth } => {
                    self.va = self.reader.skip_hole(depth, self.va, self.to);
                }
                Position::Leaf(leaf) => {
                    let begins_here = leaf.va >= self.va;
                    self.va = leaf.va + leaf.size;
                    if begins_here {
                        return Some(leaf);
                    }
                }
            }
        }
        None
    }
}
