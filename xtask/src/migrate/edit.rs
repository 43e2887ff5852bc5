//! Edits: disjoint byte ranges of an original text, each with its replacement. An overlap is an error, never a guess.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::findings::Number;

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the original text that go.
    pub range: Range<usize>,
    /// What stands there instead.
    pub new: String,
    /// The finding that the edit resolves.
    pub finding: Number,
}

impl Edit {
    /// Replaces `range` by `new`.
    pub fn replace(finding: Number, range: Range<usize>, new: impl Into<String>) -> Self {
        Self {
            range,
            new: new.into(),
            finding,
        }
    }

    /// Takes `range` out.
    pub fn delete(finding: Number, range: Range<usize>) -> Self {
        Self::replace(finding, range, "")
    }

    /// Puts `new` before byte `at`.
    pub fn insert(finding: Number, at: usize, new: impl Into<String>) -> Self {
        Self::replace(finding, at..at, new)
    }
}

/// Two edits that touch the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The earlier one.
    pub first: Edit,
    /// The later one.
    pub second: Edit,
}

/// The edits of one file, sorted and disjoint.
///
/// # Invariants
///
/// Ranges do not overlap; insertions at one place keep the order in which they came. The key is the range, and a number that
/// counts up.
#[derive(Clone, Debug, Default)]
pub struct EditSet {
    edits: BTreeMap<(usize, usize, usize), Edit>,
    next: usize,
}

/// Whether an edit was new.
type Added = Result<Option<(usize, usize, usize)>, Box<Overlap>>;

impl EditSet {
    /// Adds an edit. An edit that says the same as one that is there is no second edit: `None`.
    fn add_one(&mut self, edit: Edit) -> Added {
        let Range { start, end } = edit.range.clone();
        let before = self
            .edits
            .range(..=(start, usize::MAX, usize::MAX))
            .next_back();
        let after = self.edits.range((start, 0, 0)..(end.max(start + 1), 0, 0));
        for (_, other) in before.into_iter().chain(after) {
            if other.range == edit.range && other.new == edit.new {
                return Ok(None);
            }
            if overlaps(other, &edit) {
                return Err(Box::new(Overlap {
                    first: other.clone(),
                    second: edit,
                }));
            }
        }
        // INVARIANT: only a neighbour could overlap, because the others are disjoint from those; none does.
        let key = (start, end, self.next);
        self.next += 1;
        self.edits.insert(key, edit);
        Ok(Some(key))
    }

    /// Adds an edit.
    pub fn add(&mut self, edit: Edit) -> Result<(), Box<Overlap>> {
        self.add_one(edit).map(|_| ())
    }

    /// Adds all of `edits`, each to the set of its file, or none.
    pub fn add_all(
        sets: &mut [EditSet],
        edits: &[(usize, Edit)],
    ) -> Result<(), (usize, Box<Overlap>)> {
        let mut added = Vec::new();
        for (file, edit) in edits {
            match sets[*file].add_one(edit.clone()) {
                Ok(key) => added.extend(key.map(|key| (*file, key))),
                Err(overlap) => {
                    for (file, key) in added {
                        sets[file].edits.remove(&key);
                    }
                    return Err((*file, overlap));
                }
            }
        }
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text after the edits. Bytes outside of them are the original's, which [`EditSet::is_lossless`] checks.
    pub fn apply(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut at = 0;
        for edit in self.edits.values() {
            result.push_str(&text[at..edit.range.start]);
            result.push_str(&edit.new);
            at = edit.range.end;
        }
        result.push_str(&text[at..]);
        result
    }

    /// Whether `result` is `text` with exactly these edits: every byte outside of them unchanged, in order.
    pub fn is_lossless(&self, text: &str, result: &str) -> bool {
        let (mut old, mut new) = (0, 0);
        for edit in self.edits.values() {
            let kept = edit.range.start - old;
            if text.as_bytes().get(old..edit.range.start) != result.as_bytes().get(new..new + kept)
            {
                return false;
            }
            new += kept;
            if result.as_bytes().get(new..new + edit.new.len()) != Some(edit.new.as_bytes()) {
                return false;
            }
            (old, new) = (edit.range.end, new + edit.new.len());
        }
        text.as_bytes().get(old..) == result.as_bytes().get(new..)
    }
}

fn overlaps(a: &Edit, b: &Edit) -> bool {
    if a.range.is_empty() || b.range.is_empty() {
        // An insertion inside of a replaced range would be lost.
        let (point, other) = if a.range.is_empty() {
            (a.range.start, &b.range)
        } else {
            (b.range.start, &a.range)
        };
        return other.start < point && point < other.end;
    }
    a.range.start < b.range.end && b.range.start < a.range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, new: &str) -> Edit {
        Edit::replace(Number(1), range, new)
    }

    #[test]
    fn edits_apply_in_order_of_place_and_leave_the_rest() {
        let mut set = EditSet::default();
        set.add(edit(4..7, "TWO")).unwrap();
        set.add(edit(0..3, "1")).unwrap();
        set.add(edit(8..8, "and ")).unwrap();
        let text = "one two three";
        let result = set.apply(text);
        assert_eq!(result, "1 TWO and three");
        assert!(set.is_lossless(text, &result));
        assert!(!set.is_lossless(text, "1 TWO and  three"));
    }

    #[test]
    fn an_overlap_is_an_error_and_changes_nothing() {
        let mut set = EditSet::default();
        set.add(edit(2..6, "x")).unwrap();
        assert!(set.add(edit(5..8, "y")).is_err());
        assert!(set.add(edit(4..4, "y")).is_err());
        assert_eq!(set.edits.len(), 1);
    }

    #[test]
    fn of_several_edits_all_are_taken_or_none() {
        let mut sets = vec![EditSet::default(), EditSet::default()];
        sets[0].add(edit(2..6, "x")).unwrap();
        let edits = [(1, edit(8..9, "z")), (0, edit(5..8, "y"))];
        let (file, _) = EditSet::add_all(&mut sets, &edits).unwrap_err();
        assert_eq!(file, 0);
        assert!(sets[1].is_empty());
    }

    #[test]
    fn the_same_edit_twice_is_one_edit() {
        let mut set = EditSet::default();
        set.add(edit(2..6, "x")).unwrap();
        set.add(edit(2..6, "x")).unwrap();
        assert_eq!(set.edits.len(), 1);
    }
}
