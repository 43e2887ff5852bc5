//! One test per rule of the allocator.

mod colors;

use std::ops::Range;

use super::{Mm, Mode, Neighbours, Node, Placement};
use crate::errno::Errno;

fn holes(mm: &Mm) -> Vec<(u64, u64)> {
    mm.holes_newest_first()
        .map(|hole| (hole.start, hole.end))
        .collect()
}

fn best(mm: &mut Mm, size: u64) -> Node {
    mm.insert_node(size, &Placement::default())
        .expect("there is room")
}

/// An allocator of 0..1000 whose only free pieces are `free`, made in that order.
fn with_free(free: &[(u64, u64)]) -> Mm {
    let mut mm = Mm::new(0, 1000);
    let mut sorted = free.to_vec();
    sorted.sort_unstable();
    let mut low = 0;
    let mut pieces = Vec::new();
    for &(start, end) in &sorted {
        if low < start {
            let _node = mm.reserve_node(low, start - low, 0).expect("free");
        }
        pieces.push((start, mm.reserve_node(start, end - start, 0).expect("free")));
        low = end;
    }
    if low < 1000 {
        let _node = mm.reserve_node(low, 1000 - low, 0).expect("free");
    }
    for &(start, _) in free {
        let at = pieces
            .iter()
            .position(|(s, _)| *s == start)
            .expect("a piece");
        mm.remove_node(pieces.swap_remove(at).1);
    }
    assert_eq!(holes(&mm), free.iter().rev().copied().collect::<Vec<_>>());
    mm
}

#[test]
fn a_new_allocator_is_one_hole() {
    let mm = Mm::new(0x20, 0x100);
    assert!(mm.is_clean());
    assert_eq!(mm.range(), 0x20..0x120);
    assert_eq!(holes(&mm), [(0x20, 0x120)]);
}

#[test]
#[should_panic(expected = "not empty")]
fn an_empty_range_is_a_bug_of_the_caller() {
    let _mm = Mm::new(5, 0);
}

#[test]
#[should_panic(expected = "below 2^64")]
fn a_range_that_wraps_is_a_bug_of_the_caller() {
    let _mm = Mm::new(2, u64::MAX);
}

#[test]
fn best_fit_takes_the_smallest_sufficient_hole() {
    let mut mm = with_free(&[(0, 40), (100, 120), (200, 230)]);
    assert_eq!(best(&mut mm, 15).start(), 100);
    assert_eq!(best(&mut mm, 25).start(), 200);
    assert_eq!(best(&mut mm, 25).start(), 0);
}

#[test]
fn among_equal_holes_the_newest_wins() {
    let mut mm = with_free(&[(0, 20), (100, 120), (50, 70)]);
    assert_eq!(best(&mut mm, 20).start(), 50);
    assert_eq!(best(&mut mm, 20).start(), 100);
    assert_eq!(best(&mut mm, 20).start(), 0);
}

#[test]
fn a_hole_too_small_once_aligned_is_skipped_for_older_equal_ones_then_larger() {
    // Sixteen units on a multiple of 16 fit into (64, 80) only, though (101, 117) is newer and (33, 49) older.
    let mut mm = with_free(&[(33, 49), (64, 80), (101, 117), (200, 300)]);
    let aligned = Placement {
        align: 16,
        ..Placement::default()
    };
    assert_eq!(
        mm.insert_node(16, &aligned).expect("there is room").start(),
        64
    );
    assert_eq!(
        mm.insert_node(16, &aligned).expect("there is room").start(),
        208
    );
}

#[test]
fn a_split_makes_the_lower_rest_then_the_upper() {
    let mut mm = Mm::new(0, 100);
    let placement = Placement {
        align: 40,
        range: 30..100,
        ..Placement::default()
    };
    let node = mm.insert_node(20, &placement).expect("there is room");
    assert_eq!(node.start(), 40);
    assert_eq!(holes(&mm), [(60, 100), (0, 40)]);
    // Both rests have 40 units: the upper one is newer, so it is taken first.
    assert_eq!(best(&mut mm, 40).start(), 60);
}

#[test]
fn freeing_makes_one_merged_hole_and_it_is_the_newest() {
    let mut mm = Mm::new(0, 100);
    let a = best(&mut mm, 10);
    let b = best(&mut mm, 10);
    let c = best(&mut mm, 10);
    mm.remove_node(a);
    mm.remove_node(c);
    assert_eq!(holes(&mm), [(20, 100), (0, 10)]);
    mm.remove_node(b);
    assert_eq!(holes(&mm), [(0, 100)]);
    assert!(mm.is_clean());
}

#[test]
fn alignment_need_not_be_a_power_of_two() {
    let mut mm = Mm::new(1, 10_000);
    let node = mm
        .insert_node(
            5,
            &Placement {
                align: 384,
                ..Placement::default()
            },
        )
        .expect("there is room");
    assert_eq!(node.start(), 384);
    let high = Placement {
        align: 384,
        mode: Mode::High,
        ..Placement::default()
    };
    assert_eq!(
        mm.insert_node(5, &high).expect("there is room").start(),
        9984
    );
}

#[test]
fn low_and_high_take_the_outermost_hole_that_fits() {
    let mut mm = with_free(&[(0, 5), (100, 130), (200, 220), (300, 340), (400, 404)]);
    let low = Placement {
        mode: Mode::Low,
        ..Placement::default()
    };
    let high = Placement {
        mode: Mode::High,
        ..Placement::default()
    };
    assert_eq!(
        mm.insert_node(10, &low).expect("there is room").start(),
        100
    );
    assert_eq!(
        mm.insert_node(10, &high).expect("there is room").start(),
        330
    );
    assert_eq!(mm.insert_node(5, &low).expect("there is room").start(), 0);
    assert_eq!(
        mm.insert_node(4, &high).expect("there is room").start(),
        400
    );
}

#[test]
fn a_node_stays_inside_the_range_asked_for() {
    for mode in [Mode::Best, Mode::Low, Mode::High] {
        let mut mm = Mm::new(0, 1000);
        let placement = Placement {
            range: 500..600,
            mode,
            ..Placement::default()
        };
        let node = mm.insert_node(100, &placement).expect("there is room");
        assert_eq!((node.start(), node.end()), (500, 600));
        assert_eq!(mm.insert_node(1, &placement), Err(Errno::ENOSPC));
        let anywhere = mm
            .insert_node(
                1,
                &Placement {
                    mode,
                    ..Placement::default()
                },
            )
            .expect("there is room");
        // 500 units are free below, 400 above: best fit takes the smaller.
        let expected = match mode {
            Mode::Best => 600,
            Mode::Low => 0,
            Mode::High => 999,
        };
        assert_eq!(anywhere.start(), expected);
    }
}

#[test]
fn nothing_fits_is_enospc_and_changes_nothing() {
    let mut mm = with_free(&[(0, 20), (100, 120)]);
    let before = holes(&mm);
    for (size, placement) in [
        (0, Placement::default()),
        (21, Placement::default()),
        (u64::MAX, Placement::default()),
        (
            10,
            Placement {
                range: 5..12,
                ..Placement::default()
            },
        ),
        (
            10,
            Placement {
                range: Range { start: 12, end: 5 },
                ..Placement::default()
            },
        ),
        (
            10,
            Placement {
                range: 30..90,
                ..Placement::default()
            },
        ),
        (
            20,
            Placement {
                align: 64,
                range: 1..1000,
                ..Placement::default()
            },
        ),
        (
            1,
            Placement {
                align: u64::MAX,
                range: 1..u64::MAX,
                ..Placement::default()
            },
        ),
        (
            20,
            Placement {
                align: 7,
                range: 1..1000,
                mode: Mode::High,
                ..Placement::default()
            },
        ),
    ] {
        assert_eq!(
            mm.insert_node(size, &placement),
            Err(Errno::ENOSPC),
            "{size} {placement:?}"
        );
    }
    assert_eq!(holes(&mm), before);
}

#[test]
fn reserving_takes_exactly_what_is_asked_or_nothing() {
    let mut mm = Mm::new(10, 90);
    let node = mm.reserve_node(40, 10, 7).expect("free");
    assert_eq!((node.start(), node.size(), node.color()), (40, 10, 7));
    assert_eq!(holes(&mm), [(50, 100), (10, 40)]);
    for (start, size) in [
        (40, 10),
        (35, 6),
        (45, 1),
        (49, 5),
        (0, 20),
        (5, 5),
        (95, 6),
        (100, 1),
        (60, 0),
        (60, u64::MAX),
    ] {
        assert_eq!(
            mm.reserve_node(start, size, 0),
            Err(Errno::ENOSPC),
            "{start}+{size}"
        );
    }
    assert_eq!(holes(&mm), [(50, 100), (10, 40)]);
    let _low = mm.reserve_node(10, 30, 0).expect("exactly the lower hole");
    assert_eq!(holes(&mm), [(50, 100)]);
}

#[test]
fn nodes_and_holes_are_listed_by_address() {
    let mm = with_free(&[(200, 300), (0, 50)]);
    assert_eq!(mm.holes().collect::<Vec<_>>(), [0..50, 200..300]);
    assert_eq!(
        mm.nodes()
            .map(|node| node.start..node.end())
            .collect::<Vec<_>>(),
        [50..200, 300..1000]
    );
    let touched = |range| {
        mm.nodes_in(range)
            .map(|node| node.start)
            .collect::<Vec<_>>()
    };
    assert_eq!(touched(0..50), [0u64; 0]);
    assert_eq!(touched(0..51), [50]);
    assert_eq!(touched(199..300), [50]);
    assert_eq!(touched(199..301), [50, 300]);
    assert_eq!(touched(900..901), [300]);
}

#[test]
#[should_panic(expected = "another allocator")]
fn a_node_of_another_allocator_is_refused() {
    let (mut a, mut b) = (Mm::new(0, 10), Mm::new(0, 10));
    let node = best(&mut a, 1);
    let _same_place = best(&mut b, 1);
    b.remove_node(node);
}

#[test]
fn the_last_address_can_be_used() {
    let mut mm = Mm::new(u64::MAX - 10, 10);
    assert_eq!(best(&mut mm, 10).end(), u64::MAX);
    assert_eq!(mm.insert_node(1, &Placement::default()), Err(Errno::ENOSPC));
}

#[test]
fn a_search_does_not_grow_with_the_number_of_holes() {
    for count in [100u64, 1_000, 10_000] {
        for mode in [Mode::Best, Mode::Low, Mode::High] {
            let mut mm = Mm::new(0, 1 << 40);
            let nodes: Vec<Node> = (0..2 * count).map(|_| best(&mut mm, 16)).collect();
            for (i, node) in nodes.into_iter().enumerate() {
                if i % 2 == 0 {
                    mm.remove_node(node);
                }
            }
            assert_eq!(mm.holes().count() as u64, count + 1);
            let before = mm.holes_examined();
            let placement = Placement {
                mode,
                ..Placement::default()
            };
            let small = mm.insert_node(16, &placement).expect("there is room");
            let large = mm.insert_node(1 << 20, &placement).expect("there is room");
            mm.remove_node(small);
            mm.remove_node(large);
            let examined = mm.holes_examined() - before;
            assert!(
                examined <= 4,
                "{examined} holes for two searches among {count}, {mode:?}"
            );
        }
    }
}
