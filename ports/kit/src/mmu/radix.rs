//! The shape of a page table, as data: what a walker must know about a format to read it.

/// Deepest radix table of any port (LPAE and ivpu).
pub const MAX_LEVELS: usize = 4;

/// One level of a radix table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Lowest VA bit of the index; one entry covers `1 << shift` bytes.
    pub shift: u32,
    /// Index width; a table has `1 << bits` entries.
    pub bits: u32,
    /// Entry size in bytes: 4 or 8.
    pub entry_bytes: u64,
}

impl Level {
    /// Entries of a table of this level.
    pub const fn entries(&self) -> u64 {
        1 << self.bits
    }

    /// Bytes of VA that one entry covers.
    pub const fn span(&self) -> u64 {
        1 << self.shift
    }

    /// Index of `va` in a table of this level.
    pub const fn index(&self, va: u64) -> u64 {
        (va >> self.shift) & (self.entries() - 1)
    }

    /// Physical address of the entry for `va` in the table at `table`.
    pub const fn slot(&self, table: u64, va: u64) -> u64 {
        table + self.index(va) * self.entry_bytes
    }
}

/// What a raw entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The walk ends here: nothing is mapped.
    Empty,
    /// A table of the next level.
    Table {
        /// Its physical address.
        pa: u64,
    },
    /// A page or block of the size that one entry covers.
    Leaf {
        /// First byte of the memory behind it.
        pa: u64,
        /// The entry without its address bits.
        attributes: u64,
    },
}

/// What a device wants to do with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Load.
    Read,
    /// Store.
    Write,
    /// Instruction fetch.
    Execute,
}

/// A page-table format: the levels from the root down, and how to read an entry.
///
/// A walker needs this and the root's physical address, nothing of the driver: a mock device walks
/// from its registers.
pub trait Format {
    /// The levels, root first; at most [`MAX_LEVELS`].
    fn levels(&self) -> &[Level];

    /// Reads `raw`, an entry of a table `depth` steps below the root.
    fn entry(&self, depth: usize, raw: u64) -> Entry;

    /// Whether a leaf with these attribute bits lets the device do this.
    fn permits(&self, attributes: u64, access: Access) -> bool;

    /// One past the highest VA that the table can hold.
    fn va_end(&self) -> u64 {
        let root = self.levels()[0];
        1 << (root.shift + root.bits)
    }
}

impl<F: Format + ?Sized> Format for &F {
    fn levels(&self) -> &[Level] {
        (**self).levels()
    }
    fn entry(&self, depth: usize, raw: u64) -> Entry {
        (**self).entry(depth, raw)
    }
    fn permits(&self, attributes: u64, access: Access) -> bool {
        (**self).permits(attributes, access)
    }
}
