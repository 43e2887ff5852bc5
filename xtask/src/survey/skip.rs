//! What the survey could not look at, by name and reason.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// Why a file was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Larger than the survey reads.
    TooLarge,
    /// The system refused.
    Unreadable(String),
    /// A symbolic or hard link: its target is read where it is.
    Link,
    /// A device, a pipe or a socket.
    NotAFile,
    /// The file's name is not UTF-8.
    NameNotUtf8,
    /// The parser gave up.
    ParserGaveUp,
}

/// A file that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skip {
    /// The file, from the root of the tree.
    pub file: String,
    /// Why, in words.
    pub why: String,
    /// Whether sites may have been missed: the answer is incomplete.
    pub loses: bool,
}

/// Collects skips from any thread.
#[derive(Debug, Default)]
pub(crate) struct Skips(Mutex<Vec<Skip>>);

impl Skips {
    /// Notes one.
    pub(crate) fn add(&self, file: &str, why: Why) {
        let loses = why != Why::Link;
        let why = match why {
            Why::TooLarge => format!("larger than {} MiB", super::source::LIMIT >> 20),
            Why::Unreadable(error) => error,
            Why::Link => "a link; its target is read where it is".to_owned(),
            Why::NotAFile => "not a regular file".to_owned(),
            Why::NameNotUtf8 => "its name is not UTF-8".to_owned(),
            Why::ParserGaveUp => "the parser gave up within its time".to_owned(),
        };
        let skip = Skip {
            file: file.to_owned(),
            why,
            loses,
        };
        match self.0.lock() {
            Ok(mut list) => list.push(skip),
            // Another thread panicked while pushing; the list itself is whole.
            Err(poisoned) => poisoned.into_inner().push(skip),
        }
    }

    /// All of them, in order.
    pub(crate) fn into_sorted(self) -> Vec<Skip> {
        let mut list = self
            .0
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        list.sort();
        list.dedup();
        list
    }
}
