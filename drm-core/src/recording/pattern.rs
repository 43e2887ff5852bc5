//! Lines that a model cannot answer: a short list, each entry with its reason.

/// Which lines are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Lines that begin so.
    Prefix(&'static str),
    /// Lines that contain this.
    Contains(&'static str),
    /// Lines that contain the one, and somewhere behind it the other.
    Both(&'static str, &'static str),
}

impl Pattern {
    /// Whether `line` is meant.
    #[must_use]
    pub fn matches(self, line: &str) -> bool {
        match self {
            Self::Prefix(start) => line.starts_with(start),
            Self::Contains(part) => line.contains(part),
            Self::Both(first, second) => line
                .split_once(first)
                .is_some_and(|(_, rest)| rest.contains(second)),
        }
    }
}

/// Patterns and why their lines are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patterns(&'static [(Pattern, &'static str)]);

impl Patterns {
    /// Leaves out what any of `entries` matches; the second of each pair is the reason.
    #[must_use]
    pub const fn new(entries: &'static [(Pattern, &'static str)]) -> Self {
        Self(entries)
    }

    /// Why `line` is left out; `None` where it is compared.
    #[must_use]
    pub fn reason(&self, line: &str) -> Option<&'static str> {
        let (_, reason) = self.0.iter().find(|(pattern, _)| pattern.matches(line))?;
        Some(reason)
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &'static [(Pattern, &'static str)] {
        self.0
    }
}
