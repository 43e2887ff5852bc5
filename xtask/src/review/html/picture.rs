//! Address spaces as pictures: a bar per space that a trace prints, with its ranges, the size of their leaves, and what is not there.
//!
//! A range that a later moment of the same space no longer has was unmapped, evicted or purged; it stays on the later bar as an
//! outline, as does an entry that names no page.

use maud::{Markup, html};

use crate::review::space::{Leaves, Range, Space, State, spaces};
use crate::review::trace::Sides;

/// The pictures of a scenario: one set for both sides where they are equal.
pub fn pictures(sides: &Sides) -> Markup {
    let before = spaces(sides.before());
    let after = sides.after().map(spaces).unwrap_or_default();
    let differ = sides.reason().is_some();
    html! {
        @if !before.is_empty() || (differ && !after.is_empty()) {
            section.pictures {
                h3 { "address spaces" }
                @if differ {
                    h4 { "before" }
                    @for space in &before { (picture(space)) }
                    h4 { "after" }
                    @for space in &after { (picture(space)) }
                } @else {
                    @for space in &before { (picture(space)) }
                }
            }
        }
    }
}

/// What the colours mean; once on the page.
pub fn legend() -> Markup {
    html! {
        p.legend {
            "In the pictures: "
            @for (class, words) in [
                ("mapped", "mapped"), ("huge", "mapped with leaves larger than a page"), ("gone", "evicted, unmapped or without a page"),
                ("free", "free"),
            ] {
                svg viewBox="0 0 20 12" aria-hidden="true" { rect class=(class) x="1" y="1" width="18" height="10" {} }
                " " (words) " "
            }
        }
    }
}

/// How a range is drawn.
fn class(range: &Range, gone: bool) -> &'static str {
    match (gone, range.state, range.leaves) {
        (true, ..) | (_, State::Empty, _) => "gone",
        (_, State::Free, _) => "free",
        (_, State::Mapped, Leaves::Of(_, leaf)) if leaf > 4096 => "huge",
        _ => "mapped",
    }
}

fn state(range: &Range, gone: bool) -> &'static str {
    match range.state {
        _ if gone => "no longer there",
        State::Mapped => "mapped",
        State::Empty => "not mapped",
        State::Free => "free",
    }
}

fn made_of(range: &Range) -> String {
    match range.leaves {
        Leaves::Of(count, leaf) => format!("{count}×{}", size(leaf)),
        Leaves::Entries(1) => "1 entry".to_owned(),
        Leaves::Entries(count) => format!("{count} entries"),
        Leaves::Unknown => format!("{:#x}", range.length),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{}K", bytes >> 10),
        bytes => bytes.to_string(),
    }
}

const WIDTH: u64 = 1000;
/// What a range takes at least, so that a single page is seen.
const LEAST: u64 = 12;
/// The width of a hole between ranges, whatever its size.
const HOLE: u64 = 24;
/// The width of a letter.
const LETTER: u64 = 8;

/// As much of a text as fits, or nothing.
fn fitting(texts: &[String], width: u64) -> Option<&str> {
    texts
        .iter()
        .find(|text| text.chars().count() as u64 * LETTER + LETTER <= width)
        .map(String::as_str)
}

fn picture(space: &Space) -> Markup {
    let mut all: Vec<(&Range, bool)> = space
        .ranges
        .iter()
        .map(|range| (range, false))
        .chain(space.gone.iter().map(|range| (range, true)))
        .collect();
    all.sort_by_key(|(range, _)| range.start);
    let places = places(&all);
    let label = match space.ranges.len() {
        0 => format!("{}: empty", space.name),
        1 => format!("{}: 1 range", space.name),
        count => format!("{}: {count} ranges", space.name),
    };
    html! {
        figure {
            figcaption { (label) }
            svg viewBox={ "0 0 " (WIDTH) " 64" } role="img" aria-label=(label) {
                rect.space x="0" y="8" width=(WIDTH) height="28" {}
                @for ((range, gone), (x, width)) in all.iter().zip(&places) {
                    rect class=(class(range, *gone)) x=(x) y="8" width=(width) height="28" {
                        title {
                            (state(range, *gone)) ": " (format!("{:#x}..{:#x}", range.start, range.end()))
                            " " (made_of(range)) " " (range.note)
                        }
                    }
                    @let made_of = made_of(range);
                    @if let Some(text) = fitting(&[format!("{made_of} {}", range.note), made_of], *width) {
                        text.outside[class(range, *gone) != "mapped" && class(range, *gone) != "huge"] x=(x + 4) y="27" { (text) }
                    }
                    @if let Some(text) = fitting(&[format!("{:#x}", range.start)], *width + HOLE) {
                        text.address x=(x) y="52" { (text) }
                    }
                }
            }
        }
    }
}

/// Where each range is drawn, and how wide: in proportion to its size, with holes of one width.
fn places(all: &[(&Range, bool)]) -> Vec<(u64, u64)> {
    let count = all.len() as u64;
    let hole = HOLE.min(WIDTH / (2 * count + 2));
    let least = LEAST.min(WIDTH / (2 * count + 2));
    let total: u128 = all.iter().map(|(range, _)| u128::from(range.length)).sum();
    let free = u128::from(WIDTH.saturating_sub((count + 1) * hole + count * least));
    let mut x = hole;
    all.iter()
        .map(|(range, _)| {
            let share = (u128::from(range.length) * free)
                .checked_div(total)
                .unwrap_or(0);
            let width = least + u64::try_from(share).unwrap_or(0);
            let place = (x, width);
            x += width + hole;
            place
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(trace: &str) -> String {
        pictures(&Sides::OneSide {
            trace: trace.to_owned(),
        })
        .into_string()
    }

    #[test]
    fn each_space_is_a_picture_with_its_ranges() {
        let page = drawn(
            "page table of file 0 => 0x2000000 512x4K rw- page 0; 0x2400000 2x2M rwx page 1024
             page table of file 0 => 0x2400000 2x2M rwx page 1024
entries of ssid 2 => 0xc0000000 x1 no table
va of file 0 => <b>
",
        );
        for text in [
            "page table of file 0: 2 ranges",
            "mapped: 0x2000000..0x2200000 512×4K rw- page 0",
            "class=\"huge\"",
            "no longer there: 0x2000000..0x2200000",
            "not mapped: 0xc0000000..0xc0001000 1×4K no table",
            "va of file 0: empty",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("<b>"), "{page}");
    }

    #[test]
    fn a_trace_without_address_spaces_has_no_pictures() {
        assert_eq!(drawn("create => ok\nleft: 0 objects, 0 pages\n"), "");
    }

    #[test]
    fn ranges_stay_in_the_picture_however_many() {
        for count in [1u64, 3, 40, 400] {
            let ranges: Vec<Range> = (0..count)
                .flat_map(|at| {
                    crate::review::space::spaces(&format!("va => {:#x}+0x{at}000", at << 32))
                })
                .flat_map(|space| space.ranges)
                .collect();
            let all: Vec<(&Range, bool)> = ranges.iter().map(|range| (range, false)).collect();
            assert_eq!(all.len() as u64, count);
            let places = places(&all);
            assert!(places.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0));
            let (x, width) = places[places.len() - 1];
            assert!(x + width <= WIDTH, "{count}: {places:?}");
            assert!(places[0].1 <= width, "{places:?}");
        }
    }
}
