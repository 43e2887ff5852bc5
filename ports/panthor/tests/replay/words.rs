//! The words of an operation.

use drm_core::errno::Result;

/// One operation.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(&'a [&'a str]);

/// A number as the recordings write it: decimal, or hexadecimal with `0x`.
pub(super) fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &'a [&'a str]) -> Self {
        Self(words)
    }

    /// The word at `at`; 0 is the name.
    pub(super) fn word(self, at: usize) -> &'a str {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// The number at `at`, 0 where there is none.
    pub(super) fn number(self, at: usize) -> u64 {
        number(self.word(at)).unwrap_or(0)
    }

    /// The number at `at`, cut to 32 bits.
    pub(super) fn short(self, at: usize) -> u32 {
        self.number(at) as u32
    }

    /// The words from `at` on.
    pub(super) fn rest(self, at: usize) -> &'a [&'a str] {
        self.0.get(at..).unwrap_or_default()
    }
}

/// A result as a word.
pub(super) fn errno<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "0".into(),
        Err(errno) => errno.to_string(),
    }
}

/// FNV-1a, 32 bits.
pub(super) fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
