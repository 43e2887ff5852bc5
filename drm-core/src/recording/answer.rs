//! What an operation answered: words, and whether the kernel log said something.

use std::fmt;

/// An answer, its marks apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Errno, values and state, as words.
    pub text: String,
    /// What the kernel log said: the place of a warning, a message.
    pub marks: Vec<String>,
}

impl Answer {
    /// From the text behind `=>`: the marks begin at the first ` !`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split(" !");
        Self {
            text: parts.next().unwrap_or_default().trim().to_owned(),
            marks: parts.map(|mark| mark.trim().to_owned()).collect(),
        }
    }

    /// Whether both say the same, and the log spoke in both or in neither. Which line of the kernel spoke is the
    /// kernel's business.
    #[must_use]
    pub fn agrees(&self, other: &Answer) -> bool {
        self.text == other.text && self.marks.is_empty() == other.marks.is_empty()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.marks.iter().try_for_each(|mark| write!(f, " !{mark}"))
    }
}
