//! The tables a walk has gone through, kept so that the next walk need not start at the root.

use super::radix::{Level, MAX_LEVELS};

/// The tables from the root down to where a walk stands.
///
/// A path is only as good as the tables it names: whoever frees a table must cut every path above it
/// with [`truncate`](Self::truncate). Cursors borrow their table, so there is one path at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    tables: [u64; MAX_LEVELS],
    depth: usize,
    va: u64,
}

impl Path {
    pub(super) fn new(root: u64) -> Self {
        Self {
            tables: [root, 0, 0, 0],
            depth: 0,
            va: 0,
        }
    }

    /// Steps below the root: 0 is the root table.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Physical address of the table where the walk stands.
    pub(super) fn table(&self) -> u64 {
        self.tables[self.depth]
    }

    /// Turns to `va`, keeping the tables that it shares with the address before. True if only the
    /// root is left: the walk starts anew.
    pub(super) fn turn_to(&mut self, levels: &[Level], va: u64) -> bool {
        while self.depth > 0 && (va ^ self.va) >> levels[self.depth - 1].shift != 0 {
            self.depth -= 1;
        }
        self.va = va;
        self.depth == 0
    }

    /// Steps into `table`, a child of the table where the walk stands.
    pub(super) fn descend(&mut self, table: u64) {
        self.depth += 1;
        self.tables[self.depth] = table;
    }

    /// Forgets every table deeper than `depth`.
    pub(super) fn truncate(&mut self, depth: usize) {
        self.depth = self.depth.min(depth);
    }
}
