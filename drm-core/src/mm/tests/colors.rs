//! Colours: what a neighbour takes from a hole.

use super::{Mm, Neighbours, Placement, holes, with_free};
use crate::errno::Errno;

/// Keeps one unit between nodes of different colours, as cache domains do.
fn one_unit_between_colors(neighbours: Neighbours, color: u64, start: &mut u64, end: &mut u64) {
    if neighbours.before.is_some_and(|before| before != color) {
        *start += 1;
    }
    if neighbours.after.is_some_and(|after| after != color) {
        *end = end.saturating_sub(1);
    }
}

#[test]
fn colors_keep_their_distance() {
    let mut mm = Mm::new(0, 100);
    mm.set_color_adjust(Some(one_unit_between_colors));
    let color = |color| Placement {
        color,
        ..Placement::default()
    };
    assert_eq!(
        mm.insert_node(10, &color(1))
            .expect("there is room")
            .start(),
        0
    );
    assert_eq!(
        mm.insert_node(10, &color(1))
            .expect("there is room")
            .start(),
        10
    );
    assert_eq!(
        mm.insert_node(10, &color(2))
            .expect("there is room")
            .start(),
        21
    );
    // The hole (20, 21) is closed to colour 3 at its lower end, and open to nobody at its upper.
    assert_eq!(mm.reserve_node(20, 1, 1), Err(Errno::ENOSPC));
    assert_eq!(mm.reserve_node(20, 1, 3), Err(Errno::ENOSPC));
    assert_eq!(holes(&mm), [(31, 100), (20, 21)]);
}

/// No node of an even colour starts on a multiple of 64: what panfrost does at 4 GiB, in small.
fn not_on_a_boundary(_: Neighbours, color: u64, start: &mut u64, end: &mut u64) {
    if color.is_multiple_of(2) {
        if start.is_multiple_of(64) {
            *start += 1;
        }
        if end.is_multiple_of(64) {
            *end -= 1;
        }
    }
}

#[test]
fn a_hole_that_its_color_makes_too_small_is_skipped() {
    let mut mm = with_free(&[(64, 74), (200, 211)]);
    mm.set_color_adjust(Some(not_on_a_boundary));
    assert_eq!(
        mm.insert_node(
            10,
            &Placement {
                color: 2,
                ..Placement::default()
            }
        )
        .expect("room")
        .start(),
        200
    );
    assert_eq!(
        mm.insert_node(
            10,
            &Placement {
                color: 2,
                ..Placement::default()
            }
        ),
        Err(Errno::ENOSPC)
    );
    assert_eq!(
        mm.insert_node(
            10,
            &Placement {
                color: 1,
                ..Placement::default()
            }
        )
        .expect("room")
        .start(),
        64
    );
}
