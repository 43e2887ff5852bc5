//! Address spaces as pictures: a bar per page table that a trace prints, with its ranges, the size of their leaves, and their rights.
//!
//! Read are lines `page table of file 0 => 0x2000000 512x4K rw- page 0; ...`, one range each: address, leaves, rights, first page.
//! A range that a later table of the same space no longer has was unmapped or evicted; it stays on the later bar as an outline.

use maud::{Markup, html};

use crate::review::trace::Sides;

/// Leaves of one size that lie side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    count: u64,
    leaf: u64,
    rights: String,
}

impl Range {
    fn end(&self) -> u64 {
        self.start
            .saturating_add(self.count.saturating_mul(self.leaf))
    }
}

/// A page table at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    space: String,
    ranges: Vec<Range>,
    /// What an earlier table of the space had, and this one does not.
    gone: Vec<Range>,
}

/// The pictures of a scenario: one set for both sides where they are equal.
pub fn pictures(sides: &Sides) -> Markup {
    let before = tables(sides.before());
    let after = sides.after().map(tables).unwrap_or_default();
    let differ = sides.reason().is_some();
    html! {
        @if !before.is_empty() || (differ && !after.is_empty()) {
            section.pictures {
                h3 { "address spaces" }
                @if differ {
                    h4 { "before" }
                    @for table in &before { (picture(table)) }
                    h4 { "after" }
                    @for table in &after { (picture(table)) }
                } @else {
                    @for table in &before { (picture(table)) }
                }
            }
        }
    }
}

fn tables(trace: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in trace.lines() {
        let Some((space, ranges)) = line
            .strip_prefix("page table of ")
            .and_then(|rest| rest.split_once(" => "))
        else {
            continue;
        };
        let ranges: Vec<Range> = ranges.split("; ").filter_map(range).collect();
        let gone = tables
            .iter()
            .rfind(|table| table.space == space)
            .map(|earlier| {
                earlier
                    .ranges
                    .iter()
                    .filter(|old| {
                        ranges
                            .iter()
                            .all(|new| new.end() <= old.start || new.start >= old.end())
                    })
                    .cloned()
                    .collect()
            })
            .unwrap_or_default();
        tables.push(Table {
            space: space.to_owned(),
            ranges,
            gone,
        });
    }
    tables
}

/// `0x2000000 512x4K rw- page 0`
fn range(text: &str) -> Option<Range> {
    let mut words = text.split_whitespace();
    let start = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    let (count, leaf) = words.next()?.split_once('x')?;
    let unit = match leaf.chars().last()? {
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        _ => return None,
    };
    let leaf = leaf[..leaf.len() - 1]
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)?;
    Some(Range {
        start,
        count: count.parse().ok()?,
        leaf,
        rights: words.next()?.to_owned(),
    })
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        bytes => format!("{}K", bytes >> 10),
    }
}

const WIDTH: u64 = 1000;
/// What a range takes at least, so that a single page is seen.
const LEAST: u64 = 12;
/// The width of a hole between ranges, whatever its size.
const HOLE: u64 = 24;

fn picture(table: &Table) -> Markup {
    let mut all: Vec<(&Range, bool)> = table
        .ranges
        .iter()
        .map(|range| (range, true))
        .chain(table.gone.iter().map(|range| (range, false)))
        .collect();
    all.sort_by_key(|(range, _)| range.start);
    let places = places(&all);
    let label = if table.ranges.is_empty() {
        format!("{}: empty", table.space)
    } else {
        format!("{}: {} ranges", table.space, table.ranges.len())
    };
    html! {
        figure {
            figcaption { (label) }
            svg viewBox={ "0 0 " (WIDTH) " 64" } role="img" aria-label=(label) {
                rect.space x="0" y="8" width=(WIDTH) height="28" {}
                @for ((range, mapped), (x, width)) in all.iter().zip(&places) {
                    rect.mapped[*mapped].gone[!*mapped].huge[*mapped && range.leaf > 4096] x=(x) y="8" width=(width) height="28" {
                        title {
                            @if *mapped { "mapped: " } @else { "no longer mapped: " }
                            (format!("{:#x}..{:#x}", range.start, range.end()))
                            " " (range.count) " leaves of " (size(range.leaf)) " " (range.rights)
                        }
                    }
                    @if *width > 90 {
                        text x=(x + 4) y="27" { (range.count) "×" (size(range.leaf)) " " (range.rights) }
                        text.address x=(x) y="52" { (format!("{:#x}", range.start)) }
                    }
                }
            }
        }
    }
}

/// Where each range is drawn, and how wide: in proportion to its size, with holes of one width.
fn places(all: &[(&Range, bool)]) -> Vec<(u64, u64)> {
    let count = all.len() as u64;
    let holes = count.saturating_add(1).saturating_mul(HOLE);
    let least = count.saturating_mul(LEAST);
    let total: u128 = all
        .iter()
        .map(|(range, _)| u128::from(range.end() - range.start))
        .sum();
    let free = u128::from(WIDTH.saturating_sub(holes).saturating_sub(least));
    let mut x = HOLE;
    all.iter()
        .map(|(range, _)| {
            let share = (u128::from(range.end() - range.start) * free)
                .checked_div(total)
                .unwrap_or(0);
            let width = LEAST + u64::try_from(share).unwrap_or(0);
            let place = (x, width);
            x += width + HOLE;
            place
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "open => ok\npage table of file 0 => 0x2000000 512x4K rw- page 0; 0x2400000 2x2M rwx page 1024\n\
                         page table of file 1 => empty\npage table of file 0 => 0x2400000 2x2M rwx page 1024\n";

    #[test]
    fn tables_are_read_from_a_trace() {
        let tables = tables(TRACE);
        assert_eq!(tables.len(), 3);
        assert_eq!(tables[0].ranges[0].end(), 0x220_0000);
        assert_eq!(tables[0].ranges[1].leaf, 2 << 20);
        assert_eq!(tables[0].ranges[1].rights, "rwx");
        assert!(tables[1].ranges.is_empty());
        assert_eq!(tables[2].gone, [tables[0].ranges[0].clone()]);
    }

    #[test]
    fn ranges_stay_in_the_picture() {
        let tables = tables(TRACE);
        let all: Vec<(&Range, bool)> = tables[0].ranges.iter().map(|range| (range, true)).collect();
        let places = places(&all);
        assert!(places[0].1 < places[1].1, "{places:?}");
        assert!(places[1].0 + places[1].1 <= WIDTH, "{places:?}");
    }

    #[test]
    fn an_absurd_line_is_no_range() {
        for text in [
            "empty",
            "0x10 4096",
            "0xzz 1x4K rw-",
            "0x1000 1x4Q rw-",
            "0x1000 1x rw-",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
