//! One range of an address space, as traces write it.
//!
//! | written | means |
//! | --- | --- |
//! | `0x2000000 512x4K rw- page 0` | address, leaves and the size of each, a note |
//! | `0x80000000 x16 page 0 0xc47` | address, pages, a note |
//! | `0x8000000000 L2[512] L1[0] 4 pages -> bo+0` | address, a note with the number of pages in it |
//! | `4200000+200000x1 a=f45` | address, size of a leaf, leaves, a note; without `0x` all of it is hexadecimal |
//! | `0x2000000+0x1000 code` | address and bytes, a note |
//! | `0x2000000 +0x1000`, `page 3 +0x1000` | address, or number of the page, and bytes |
//! | `0x20..=0x23 flags 0x30` | first and last entry, a note |
//! | `0x21..0x40` | from, to |
//!
//! Ranges of a list stand between `;`, `,` or brackets; some of the last kind also between spaces. A note that begins with `no`,
//! has the word `evicted`, or is a bare number (the entry itself, which names no page) says that nothing is mapped there.

/// The size of a page where the trace does not say it.
const PAGE: u64 = 4096;

/// Whether a range is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The device reaches pages there.
    Mapped,
    /// It is known, and nothing is there: evicted, or entries that name no page.
    Empty,
    /// Nobody has it.
    Free,
}

/// What a range is made of, as far as the trace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// So many leaves of so many bytes.
    Of(u64, u64),
    /// So many entries.
    Entries(u64),
    /// A number of bytes, or of what the trace counts in.
    Unknown,
}

/// A range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first address, or the number of the first entry.
    pub start: u64,
    /// How long it is, in the same unit.
    pub length: u64,
    /// What it is made of.
    pub leaves: Leaves,
    /// Whether it is in use.
    pub state: State,
    /// What the trace says besides: rights, flags, pages.
    pub note: String,
}

impl Range {
    fn new(start: u64, length: u64, leaves: Leaves, note: &str) -> Self {
        Range {
            start,
            length,
            leaves,
            state: state(note),
            note: note.to_owned(),
        }
    }

    /// The first address behind it.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.length)
    }

    /// Whether the two have an address in common; one of no length has its start.
    pub fn overlaps(&self, other: &Range) -> bool {
        self.start == other.start || self.start < other.end() && other.start < self.end()
    }
}

fn state(note: &str) -> State {
    let mut words = note.split_whitespace();
    let first = words.next().unwrap_or_default();
    let alone = words.next().is_none();
    let entry = alone && number(first, false).is_some();
    if first == "no" || entry || note.split_whitespace().any(|word| word == "evicted") {
        State::Empty
    } else {
        State::Mapped
    }
}

/// The ranges of a list.
pub fn list(text: &str) -> Vec<Range> {
    text.split([';', ',', '[', ']'])
        .flat_map(|item| {
            let item = item.trim();
            // `2: 0x21..0x100000 0x1..0x20`
            let item = match item.split_once(": ") {
                Some((count, rest)) if number(count, false).is_some() => rest,
                _ => item,
            };
            match item
                .split_whitespace()
                .map(from_to)
                .collect::<Option<Vec<Range>>>()
            {
                Some(ranges) => ranges,
                None => one(item).into_iter().collect(),
            }
        })
        .collect()
}

/// Whether a list without ranges says that there are none: it counts nothing.
pub fn is_nothing(text: &str) -> bool {
    let mut depth = 0usize;
    let outside: String = text
        .chars()
        .filter(|c| {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect();
    outside
        .split(|c: char| !c.is_ascii_digit())
        .all(|number| number.chars().all(|digit| digit == '0'))
}

/// The range of a line of its own, with a word before it or none.
pub fn line(text: &str) -> Option<(&str, Range)> {
    if let Some(range) = one(text) {
        return Some(("", range));
    }
    let (word, rest) = text.split_once(' ')?;
    word.chars()
        .all(|c| c.is_ascii_lowercase())
        .then(|| one(rest).map(|range| (word, range)))?
}

fn one(text: &str) -> Option<Range> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    if first.contains("..") {
        let mut range = from_to(first)?;
        range.note = rest.to_owned();
        range.state = state(rest);
        return Some(range);
    }
    if let Some((start, size)) = first.split_once('+') {
        // An address without `0x` makes what follows hexadecimal, too.
        let bare = !start.starts_with("0x");
        let start = number(start, true)?;
        return Some(match size.split_once('x').filter(|_| bare) {
            Some((leaf, count)) => {
                let (leaf, count) = (number(leaf, true)?, number(count, false)?);
                let length = leaf.checked_mul(count)?;
                Range::new(start, length, Leaves::Of(count, leaf), rest)
            }
            None => Range::new(start, number(size, bare)?, Leaves::Unknown, rest),
        });
    }
    if let Some((number_of, rest)) = rest.split_once(" +").filter(|_| first == "page") {
        let (size, note) = rest.split_once(' ').unwrap_or((rest, ""));
        let start = number(number_of, false)?.checked_mul(PAGE)?;
        return Some(Range::new(
            start,
            number(size, false)?,
            Leaves::Unknown,
            note,
        ));
    }
    let start = u64::from_str_radix(first.strip_prefix("0x")?, 16).ok()?;
    if let Some(rest) = rest.strip_prefix('+') {
        let (size, note) = rest.split_once(' ').unwrap_or((rest, ""));
        return Some(Range::new(
            start,
            number(size, false)?,
            Leaves::Unknown,
            note,
        ));
    }
    let (second, note) = rest.split_once(' ').unwrap_or((rest, ""));
    let (count, leaf, note) = if let Some((count, leaf)) = second.split_once('x')
        && !second.starts_with("0x")
    {
        match count {
            "" => (number(leaf, false)?, PAGE, note),
            count => (number(count, false)?, bytes(leaf)?, note),
        }
    } else {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "pages")?;
        (number(words.get(at.checked_sub(1)?)?, false)?, PAGE, rest)
    };
    let length = count.checked_mul(leaf)?;
    Some(Range::new(start, length, Leaves::Of(count, leaf), note))
}

/// `0x20..=0x23` or `0x21..0x40`
fn from_to(text: &str) -> Option<Range> {
    let (from, to) = text.split_once("..")?;
    let from = number(from, false)?;
    if let Some(last) = to.strip_prefix('=') {
        let count = number(last, false)?.checked_sub(from)?.checked_add(1)?;
        return Some(Range::new(from, count, Leaves::Entries(count), ""));
    }
    let length = number(to, false)?.checked_sub(from)?;
    Some(Range::new(from, length, Leaves::Unknown, ""))
}

fn number(text: &str, hexadecimal: bool) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if hexadecimal => u64::from_str_radix(text, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `4K`, `2M`
fn bytes(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        _ => return None,
    };
    text[..text.len() - 1]
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, u64, Leaves)> {
        list(text)
            .into_iter()
            .map(|range| (range.start, range.end(), range.leaves))
            .collect()
    }

    #[test]
    fn every_way_of_writing_a_range_is_read() {
        for (text, wanted) in [
            (
                "0x2000000 512x4K rw- page 0; 0x2400000 2x2M rwx page 1024",
                vec![
                    (0x200_0000, 0x220_0000, Leaves::Of(512, 4096)),
                    (0x240_0000, 0x280_0000, Leaves::Of(2, 2 << 20)),
                ],
            ),
            (
                "0xc0000000 x2 page 0 0xc47; 0xc0002000 x1 0",
                vec![
                    (0xc000_0000, 0xc000_2000, Leaves::Of(2, 4096)),
                    (0xc000_2000, 0xc000_3000, Leaves::Of(1, 4096)),
                ],
            ),
            (
                "100000+1000x16 a=f47 i=0; 200000+200000x1 a=f45 i=1; runs=2 leaves=17",
                vec![
                    (0x10_0000, 0x11_0000, Leaves::Of(16, 0x1000)),
                    (0x20_0000, 0x40_0000, Leaves::Of(1, 0x20_0000)),
                ],
            ),
            (
                "[100000+2000 o=0 f=0 h=1] [103000+1000 o=3000 f=0 h=1] n=2",
                vec![
                    (0x10_0000, 0x10_2000, Leaves::Unknown),
                    (0x10_3000, 0x10_4000, Leaves::Unknown),
                ],
            ),
            (
                "[0x0+8192][0x2000+0x1000 code]",
                vec![
                    (0, 0x2000, Leaves::Unknown),
                    (0x2000, 0x3000, Leaves::Unknown),
                ],
            ),
            (
                "blocks [0 1], 16 entries, 0x0..=0xf flags 0x1df",
                vec![(0, 16, Leaves::Entries(16))],
            ),
            (
                "[page 3 +0x1000][0x8000 +0x2000]",
                vec![
                    (0x3000, 0x4000, Leaves::Unknown),
                    (0x8000, 0xa000, Leaves::Unknown),
                ],
            ),
            (
                "[0xf8000000+0x4000000, 0xffffe000+0x2000]",
                vec![
                    (0xf800_0000, 0xfc00_0000, Leaves::Unknown),
                    (0xffff_e000, 0x1_0000_0000, Leaves::Unknown),
                ],
            ),
            (
                "2: 0x21..0x40 0x1..0x20",
                vec![(0x21, 0x40, Leaves::Unknown), (1, 0x20, Leaves::Unknown)],
            ),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_line_of_its_own_may_open_with_a_word() {
        let (word, range) = line("mapping 0x8000000000+0x4000 offset 0x0").expect("a range");
        assert_eq!((word, range.note.as_str()), ("mapping", "offset 0x0"));
        let (word, range) =
            line("0x8000000000 L2[512] L1[0] L0[0] 4 pages -> a+0 bits 0x1").expect("a range");
        assert_eq!((word, range.leaves), ("", Leaves::Of(4, 4096)));
        assert_eq!(line("flushes: 2"), None);
    }

    #[test]
    fn entries_that_name_no_page_are_empty() {
        for (text, state) in [
            ("0xc0000000 x1 no table", State::Empty),
            ("0x1000 x1 no object", State::Empty),
            ("0xc0002000 x1 0xdeadb000", State::Empty),
            ("0x2000000 1x4K evicted", State::Empty),
            ("0xc0000000 x2 page 0 0xc47", State::Mapped),
            ("0x1000 x2 0:2", State::Mapped),
            ("0x1000+0x1000", State::Mapped),
        ] {
            assert_eq!(list(text)[0].state, state, "{text}");
        }
    }

    #[test]
    fn an_absurd_item_is_no_range() {
        for text in [
            "empty",
            "free",
            "0x10 4096",
            "0xzz 1x4K rw-",
            "0x1000 1x4Q rw-",
            "0x1000 1x rw-",
            "0x1000 1xé rw-",
            "0xffffffffffffffff 18446744073709551615x4K rw-",
            "0x20..=0x10",
            "+",
            "..",
            "0x1000 pages",
            "runs=0 leaves=0",
        ] {
            assert_eq!(list(text), [], "{text}");
        }
    }

    #[test]
    fn ranges_overlap_by_their_addresses() {
        let [a, b, none] = ["0x1000+0x2000", "0x2000+0x1000", "0x3000+0x0"]
            .map(|text| list(text).pop().expect("a range"));
        assert!(a.overlaps(&b) && b.overlaps(&a));
        assert!(!a.overlaps(&none) && none.overlaps(&none));
    }
}
