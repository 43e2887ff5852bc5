//! Names in comments, strings and directives: looked at, and no sites.

use super::super::c::lex::Dead;
use super::{Finder, Found, Verdict};

impl Finder<'_> {
    /// Rejects every name to look for that stands where a name counts for nothing.
    pub(super) fn reject_dead(&self, found: &mut Found) {
        let text = &self.file.text;
        for (range, why) in &self.file.tokens.dead {
            let why = match why {
                Dead::Comment => "in a comment",
                Dead::String => "in a string",
                Dead::Directive => "in a directive",
            };
            let mut at = range.start;
            while at < range.end {
                let end = (at..range.end)
                    .find(|&end| !is_word(text[end]))
                    .unwrap_or(range.end);
                if end == at {
                    at += 1;
                    continue;
                }
                if let Ok(word) = std::str::from_utf8(&text[at..end])
                    && self.is_looked_for(word, &text[..at])
                {
                    self.record(at, word, Verdict::Rejected(why.to_owned()), found);
                }
                at = end;
            }
        }
    }

    fn is_looked_for(&self, word: &str, before: &[u8]) -> bool {
        self.watch.name(word).is_some()
            || self.watch.is_base_class(word)
            || (self.watch.is_member(word) && (before.ends_with(b".") || before.ends_with(b"->")))
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}
