//! The same requests with a page table of large leaves: which leaves are split, and how much is written.

use super::vectors::assert_pages_equal;
use super::*;

/// One request on a space that holds `before`, leaf by leaf. `T` is 512 pages, one large leaf.
fn check_leaves(
    before: &[(u64, u64, u64)],
    request: (u64, u64, Option<u64>),
    leaves: &str,
    writes: u64,
) {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 1 << 14);
    let mut writer = Writer::new(&vm, HUGE);
    for &(page, pages, offset) in before {
        writer
            .map(page * PAGE, pages * PAGE, &object, offset * PAGE)
            .expect("valid");
    }
    let written = writer.table.writes;
    let (page, pages, map) = request;
    match map {
        Some(offset) => writer
            .map(page * PAGE, pages * PAGE, &object, offset * PAGE)
            .expect("valid"),
        None => writer.unmap(page * PAGE, pages * PAGE).expect("valid"),
    }
    assert_pages_equal(&vm, &writer.table, leaves);
    let large = writer
        .table
        .leaves
        .values()
        .filter(|leaf| leaf.size == HUGE)
        .count() as u64;
    let small = writer.table.leaves.len() as u64 - large;
    assert_eq!(
        format!("{large} large, {small} small"),
        leaves,
        "{before:?} {request:?}"
    );
    assert_eq!(
        writer.table.writes - written,
        writes,
        "{before:?} {request:?}"
    );
}

const T: u64 = 512;

#[test]
fn large_leaves_are_split_only_where_a_request_cuts_them() {
    let two = &[(T, 2 * T, 0)][..];
    check_leaves(&[], (T, 2 * T, Some(0)), "2 large, 0 small", 2);
    check_leaves(&[], (T, 2 * T, Some(1)), "0 large, 1024 small", 1024);
    check_leaves(&[], (T - 1, 2 * T, Some(T - 1)), "1 large, 512 small", 513);
    // At the start: one leaf goes, its tail comes back small.
    check_leaves(two, (T, 10, None), "1 large, 502 small", 1 + 502);
    // In the middle of one leaf: one goes, head and tail come back.
    check_leaves(two, (T + 10, 10, None), "1 large, 502 small", 1 + 502);
    // At the end.
    check_leaves(two, (3 * T - 10, 10, None), "1 large, 502 small", 1 + 502);
    // Across both: two go, the head of the first and the tail of the second come back.
    check_leaves(two, (2 * T - 10, 20, None), "0 large, 1004 small", 2 + 1004);
    // Exactly one leaf: nothing is split.
    check_leaves(two, (2 * T, T, None), "1 large, 0 small", 1);
    // All of it.
    check_leaves(two, (0, 4 * T, None), "0 large, 0 small", 2);
    // A map in the middle.
    check_leaves(
        two,
        (T + 10, 10, Some(0)),
        "1 large, 512 small",
        1 + 502 + 10,
    );
    // A map that covers the second half of the first leaf and all of the second: the second needs no splitting.
    check_leaves(
        two,
        (T + 256, T + 256, Some(256)),
        "1 large, 512 small",
        2 + 256 + 256 + 1,
    );
}

#[test]
fn small_leaves_that_no_large_one_can_cover_are_not_touched_beyond_the_request() {
    // 100 pages into a large leaf's range: the mapping is too short for one.
    check_leaves(
        &[(T + 100, 200, 0)],
        (T + 150, 10, None),
        "0 large, 190 small",
        10,
    );
    // The mapping begins inside the range of one.
    check_leaves(
        &[(T + 100, T, 0)],
        (T + 150, 10, None),
        "0 large, 502 small",
        10,
    );
    // Its end lies inside the range of one.
    check_leaves(
        &[(T, T + 100, 0)],
        (2 * T + 50, 10, None),
        "1 large, 90 small",
        10,
    );
}

#[test]
fn a_leaf_split_names_the_span_and_what_is_mapped_again() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 1 << 14);
    let mut writer = Writer::new(&vm, HUGE);
    writer.map(HUGE, 3 * HUGE, &object, HUGE).expect("valid");
    let mut ops = vm
        .sm_unmap_ops(2 * HUGE - PAGE, HUGE + 3 * PAGE)
        .expect("valid");
    let Some(Op::Remap(op)) = ops.pop() else {
        panic!("a remap, not {ops:?}")
    };
    assert!(ops.is_empty());
    assert_eq!(op.unmap_range(), 2 * HUGE - PAGE..3 * HUGE + 2 * PAGE);
    let split = op.leaf_split(HUGE);
    assert_eq!(split.span, HUGE..4 * HUGE);
    assert_eq!(
        split.head,
        Some(Part {
            range: HUGE..2 * HUGE - PAGE,
            offset: HUGE
        })
    );
    assert_eq!(
        split.tail,
        Some(Part {
            range: 3 * HUGE + 2 * PAGE..4 * HUGE,
            offset: 3 * HUGE + 2 * PAGE
        })
    );
    // Where leaves are of one page, only what goes is touched.
    assert_eq!(
        op.leaf_split(PAGE),
        LeafSplit {
            span: op.unmap_range(),
            head: None,
            tail: None
        }
    );
}
