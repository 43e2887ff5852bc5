//! Leaves folded into runs, as traces and recordings print them.

use super::view::Leaf;

/// Leaves side by side in VA, of one size and with the same attribute bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: Leaf,
    /// How many.
    pub count: u64,
}

impl Run {
    /// One past the last byte of VA.
    pub fn end(&self) -> u64 {
        self.first.va + self.count * self.first.size
    }
}

/// Folds `leaves`; two neighbours join if besides VA, size and attributes `also` agrees, which is
/// given the earlier leaf and the later one.
///
/// What a dump shows decides `also`: [`same_memory`] to see physical runs, `|_, _| true` for flags
/// alone (v3d, lima), a comparison of page indices where the lines carry one (panfrost, panthor).
pub fn runs_by<I, P>(leaves: I, also: P) -> Runs<I::IntoIter, P>
where
    I: IntoIterator<Item = Leaf>,
    P: FnMut(&Leaf, &Leaf) -> bool,
{
    Runs {
        leaves: leaves.into_iter(),
        next: None,
        also,
    }
}

/// Whether `b` lies in memory directly behind `a`.
pub fn same_memory(a: &Leaf, b: &Leaf) -> bool {
    a.pa + a.size == b.pa
}

/// Iterator of [`runs_by`].
#[derive(Clone, Debug)]
pub struct Runs<I, P> {
    leaves: I,
    next: Option<Leaf>,
    also: P,
}

impl<I: Iterator<Item = Leaf>, P: FnMut(&Leaf, &Leaf) -> bool> Iterator for Runs<I, P> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let first = self.next.take().or_else(|| self.leaves.next())?;
        let mut last = first;
        let mut count = 1;
        for leaf in self.leaves.by_ref() {
            let joins = leaf.va == last.va + last.size
                && leaf.size == last.size
                && leaf.attributes == last.attributes
                && (self.also)(&last, &leaf);
            if !joins {
                self.next = Some(leaf);
                break;
            }
            last = leaf;
            count += 1;
        }
        Some(Run { first, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(va: u64, size: u64, pa: u64, attributes: u64) -> Leaf {
        Leaf {
            va,
            size,
            pa,
            attributes,
        }
    }

    #[test]
    fn a_gap_a_size_an_attribute_or_the_caller_ends_a_run() {
        let leaves = [
            leaf(0x0000, 0x1000, 0x10000, 1),
            leaf(0x1000, 0x1000, 0x11000, 1),
            leaf(0x2000, 0x1000, 0x19000, 1),
            leaf(0x3000, 0x1000, 0x1a000, 3),
            leaf(0x5000, 0x1000, 0x1b000, 3),
            leaf(0x6000, 0x2000, 0x1c000, 3),
        ];
        let by_memory: Vec<_> = runs_by(leaves, same_memory)
            .map(|run| (run.first.va, run.count, run.end()))
            .collect();
        assert_eq!(
            by_memory,
            [
                (0x0000, 2, 0x2000),
                (0x2000, 1, 0x3000),
                (0x3000, 1, 0x4000),
                (0x5000, 1, 0x6000),
                (0x6000, 1, 0x8000)
            ]
        );
        let by_flags: Vec<_> = runs_by(leaves, |_, _| true).map(|run| run.count).collect();
        assert_eq!(by_flags, [3, 1, 1, 1]);
    }
}
