//! Which side of a port is meant.

use std::fmt;
use std::str::FromStr;

/// A side of a port: the memory library that its objects stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// `gem_shmem::legacy`, the base class of today.
    Before,
    /// gem-uma.
    After,
}

impl Side {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|side| side.to_string() == text)
            .ok_or_else(|| format!("`{text}` is no side of a port: say `before` or `after`"))
    }
}
