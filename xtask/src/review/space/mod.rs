//! Address spaces that a trace prints: page tables, mappings, allocated and free ranges, each at one moment.
//!
//! A trace names a space and lists its ranges, on one line or on indented lines below the name:
//!
//! ```text
//! page table of file 0 => 0x2000000 512x4K rw- page 0; 0x2400000 2x2M rwx page 1024
//! va of file 0 => [0x2000000+0x1000 code][0x2001000+0x2000]
//! space 1: tables 1 1 1
//!   mapping 0x8000000000+0x4000 offset 0x0
//!   0x8000000000 L2[512] L1[0] L0[0] 4 pages -> bo+0 bits 0x1
//! ```
//!
//! The name is one of [`NAMES`], alone or with `of` and what it belongs to; [`range`] says how a range is written. No driver is
//! named here: a port whose traces keep to this has pictures.

mod range;

pub use range::{Leaves, Range, State};

/// What a line begins with that lists ranges.
const NAMES: [&str; 10] = [
    "page table",
    "entries",
    "leaves",
    "mappings",
    "mapped",
    "va",
    "window",
    "the IOMMU maps",
    "the host's list",
    FREE,
];
/// The ranges behind this name are what is left, not what is taken.
const FREE: &str = "holes";
/// A line with this word and a number opens a block of indented ranges.
const BLOCK: &str = "space ";

/// A space at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// What the trace calls it.
    pub name: String,
    /// Its ranges, by address.
    pub ranges: Vec<Range>,
    /// What an earlier moment of the same space had, and this one has not: unmapped, evicted or purged.
    pub gone: Vec<Range>,
}

/// The spaces of a trace, in its order.
pub fn spaces(trace: &str) -> Vec<Space> {
    let mut spaces = Vec::new();
    let lines: Vec<&str> = trace.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some((name, list)) = named(line.trim_start()) {
            let mut ranges = range::list(list);
            if ranges.is_empty() && !range::is_nothing(list) {
                continue;
            }
            if name == FREE || name.starts_with("holes of ") {
                for range in &mut ranges {
                    range.state = State::Free;
                }
            }
            push(&mut spaces, name.to_owned(), ranges);
        } else if let Some(name) = block(line) {
            let depth = indent(line);
            let mut listed: Vec<(String, Vec<Range>)> = Vec::new();
            for line in lines[at + 1..]
                .iter()
                .take_while(|line| indent(line) > depth)
            {
                let Some((word, range)) = range::line(line.trim_start()) else {
                    continue;
                };
                let name = match word {
                    "" => name.to_owned(),
                    word => format!("{name}, {word}"),
                };
                match listed.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, ranges)) => ranges.push(range),
                    None => listed.push((name, vec![range])),
                }
            }
            for (name, ranges) in listed {
                push(&mut spaces, name, ranges);
            }
        }
    }
    spaces
}

/// A name of [`NAMES`], with what it belongs to, and its list.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, list) = [" => ", ": "]
        .iter()
        .filter_map(|by| line.split_once(by))
        .min_by_key(|(name, _)| name.len())?;
    NAMES
        .iter()
        .any(|noun| {
            name.strip_prefix(noun)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" of "))
        })
        .then_some((name, list))
}

/// `space 1: ...`
fn block(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().split_once(':')?;
    name.strip_prefix(BLOCK)?.parse::<u64>().ok().map(|_| name)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn push(spaces: &mut Vec<Space>, name: String, mut ranges: Vec<Range>) {
    ranges.sort_by_key(|range| range.start);
    let gone = spaces
        .iter()
        .rfind(|earlier| earlier.name == name)
        .map(|earlier| {
            earlier
                .ranges
                .iter()
                .filter(|old| old.state == State::Mapped)
                .filter(|old| !ranges.iter().any(|new| new.overlaps(old)))
                .cloned()
                .collect()
        })
        .unwrap_or_default();
    spaces.push(Space { name, ranges, gone });
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "open => ok\npage table of file 0 => 0x2000000 512x4K rw- page 0; 0x2400000 2x2M rwx page 1024\n\
         page table of file 1 => empty\n16 entries of handle 1 name its pages => true\n\
         \x20 page table of file 0 => 0x2400000 2x2M rwx page 1024\nholes of file 0 => 1: 0x0..0x100000000\n";

    #[test]
    fn a_space_is_known_by_its_name() {
        let spaces = spaces(TRACE);
        let names: Vec<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "page table of file 0",
                "page table of file 1",
                "page table of file 0",
                "holes of file 0"
            ]
        );
        assert!(spaces[1].ranges.is_empty());
        assert_eq!(spaces[3].ranges[0].state, State::Free);
    }

    #[test]
    fn what_a_later_moment_lacks_is_gone() {
        let spaces = spaces(TRACE);
        assert_eq!(spaces[2].gone, [spaces[0].ranges[0].clone()]);
        assert!(spaces[0].gone.is_empty());
    }

    #[test]
    fn ranges_may_stand_below_the_name_of_their_space() {
        let spaces = spaces(
            "space 1: tables 1 1 1\n  mapping 0x8000001000+0x4000 offset 0x0\n  0x8000001000 L2[512] L1[0] L0[1] 4 pages -> a+8 bits 0x1\n\
             space 2: slot=none\nvm_map vm=1 0x8000000000+0x2000 bo=1+0x0 => ok\nspace 1: tables 1 0 0\n",
        );
        let shown: Vec<(&str, usize)> = spaces
            .iter()
            .map(|space| (space.name.as_str(), space.ranges.len()))
            .collect();
        assert_eq!(shown, [("space 1, mapping", 1), ("space 1", 1)]);
        assert_eq!(spaces[1].ranges[0].end(), 0x80_0000_5000);
    }

    #[test]
    fn a_space_may_be_empty_in_many_words() {
        for line in [
            "page table of file 0 => empty",
            "va of file 0 => free",
            "entries of file 0 => blocks [0 1], 0 entries",
            "  leaves: runs=0 leaves=0",
            "  mapped: n=0",
            "the IOMMU maps => []",
            "holes of file 0 => 0: ",
        ] {
            assert_eq!(spaces(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn other_lines_list_nothing() {
        for line in [
            "mmap_bo 0:1 => ok offset=0x100000",
            "page tables are fine: yes",
            "entries beyond 0x1000 => 2",
            "space: 0x1000+0x1000",
            "spaceship 1: x",
            "entries of the mapping at 0x7f0000000000 => 2 of 2 pages",
        ] {
            assert!(spaces(line).is_empty(), "{line}");
        }
    }
}
