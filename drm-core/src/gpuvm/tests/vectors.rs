//! Requests against known spaces: which steps, which mappings are left, which leaves. Numbers are pages.

use super::*;

/// One request on a space that holds `before`: mappings of one object, `(page, pages, offset)`.
struct Vector {
    name: &'static str,
    before: &'static [(u64, u64, u64)],
    /// Page, pages, and for a map the offset, and whether it is of the same object.
    request: (u64, u64, Option<(u64, bool)>),
    steps: &'static [&'static str],
    after: &'static str,
}

const VECTORS: &[Vector] = &[
    Vector {
        name: "map over none",
        before: &[],
        request: (10, 5, Some((0, true))),
        steps: &["map 10+5"],
        after: "10+5:0",
    },
    Vector {
        name: "map between two",
        before: &[(0, 10, 0), (20, 10, 20)],
        request: (10, 10, Some((50, true))),
        steps: &["map 10+10"],
        after: "0+10:0 10+10:50 20+10:20",
    },
    Vector {
        name: "map exactly over one, contiguous",
        before: &[(10, 5, 3)],
        request: (10, 5, Some((3, true))),
        steps: &["unmap 10+5 keep", "map 10+5"],
        after: "10+5:3",
    },
    Vector {
        name: "map exactly over one, another offset",
        before: &[(10, 5, 3)],
        request: (10, 5, Some((4, true))),
        steps: &["unmap 10+5", "map 10+5"],
        after: "10+5:4",
    },
    Vector {
        name: "map exactly over one, another object",
        before: &[(10, 5, 3)],
        request: (10, 5, Some((3, false))),
        steps: &["unmap 10+5", "map 10+5"],
        after: "10+5:3",
    },
    Vector {
        name: "map over many, the outer two cut",
        before: &[(0, 10, 0), (10, 5, 40), (16, 4, 60), (20, 10, 20)],
        request: (8, 14, Some((8, true))),
        steps: &["remap 0+10 prev 0+8:0 keep", "unmap 10+5", "unmap 16+4", "remap 20+10 next 22+8:22 keep", "map 8+14"],
        after: "0+8:0 8+14:8 22+8:22",
    },
    Vector {
        name: "map over many, none cut",
        before: &[(0, 4, 0), (4, 4, 4), (8, 4, 9)],
        request: (0, 12, Some((0, true))),
        steps: &["unmap 0+4 keep", "unmap 4+4 keep", "unmap 8+4", "map 0+12"],
        after: "0+12:0",
    },
    Vector {
        name: "map over the start of one",
        before: &[(10, 10, 5)],
        request: (10, 4, Some((5, true))),
        steps: &["remap 10+10 next 14+6:9 keep", "map 10+4"],
        after: "10+4:5 14+6:9",
    },
    Vector {
        name: "map over the middle of one",
        before: &[(10, 10, 5)],
        request: (13, 4, Some((8, true))),
        steps: &["remap 10+10 prev 10+3:5 next 17+3:12 keep", "map 13+4"],
        after: "10+3:5 13+4:8 17+3:12",
    },
    Vector {
        name: "map over the end of one",
        before: &[(10, 10, 5)],
        request: (16, 4, Some((0, false))),
        steps: &["remap 10+10 prev 10+6:5", "map 16+4"],
        after: "10+6:5 16+4:0",
    },
    Vector {
        name: "map from inside one to beyond it",
        before: &[(10, 10, 5)],
        request: (16, 10, Some((11, true))),
        steps: &["remap 10+10 prev 10+6:5 keep", "map 16+10"],
        after: "10+6:5 16+10:11",
    },
    Vector {
        name: "map from before one into it",
        before: &[(10, 10, 5)],
        request: (6, 10, Some((1, true))),
        steps: &["remap 10+10 next 16+4:11 keep", "map 6+10"],
        after: "6+10:1 16+4:11",
    },
    Vector {
        name: "unmap nothing",
        before: &[(0, 4, 0), (8, 4, 0)],
        request: (4, 4, None),
        steps: &[],
        after: "0+4:0 8+4:0",
    },
    Vector {
        name: "unmap at the start",
        before: &[(10, 10, 5)],
        request: (10, 3, None),
        steps: &["remap 10+10 next 13+7:8"],
        after: "13+7:8",
    },
    Vector {
        name: "unmap from before the start",
        before: &[(10, 10, 5)],
        request: (2, 11, None),
        steps: &["remap 10+10 next 13+7:8"],
        after: "13+7:8",
    },
    Vector {
        name: "unmap in the middle",
        before: &[(10, 10, 5)],
        request: (13, 3, None),
        steps: &["remap 10+10 prev 10+3:5 next 16+4:11"],
        after: "10+3:5 16+4:11",
    },
    Vector {
        name: "unmap at the end",
        before: &[(10, 10, 5)],
        request: (17, 3, None),
        steps: &["remap 10+10 prev 10+7:5"],
        after: "10+7:5",
    },
    Vector {
        name: "unmap across two",
        before: &[(10, 10, 5), (20, 10, 40)],
        request: (17, 5, None),
        steps: &["remap 10+10 prev 10+7:5", "remap 20+10 next 22+8:42"],
        after: "10+7:5 22+8:42",
    },
    Vector {
        name: "unmap exactly one",
        before: &[(10, 10, 5)],
        request: (10, 10, None),
        steps: &["unmap 10+10"],
        after: "",
    },
    Vector {
        name: "unmap everything",
        before: &[(10, 10, 5), (30, 1, 0), (31, 1, 1)],
        request: (0, 1024, None),
        steps: &["unmap 10+10", "unmap 30+1", "unmap 31+1"],
        after: "",
    },
];

fn check(vector: &Vector) {
    let dev = device();
    let vm = vm(&dev);
    let (object, other) = (external(&dev, 4096), external(&dev, 8192));
    let mut writer = Writer::new(&vm, HUGE);
    for &(page, pages, offset) in vector.before {
        writer.map(page * PAGE, pages * PAGE, &object, offset * PAGE).expect("valid");
    }
    let (page, pages, map) = vector.request;
    match map {
        Some((offset, same)) => {
            let object = if same { &object } else { &other };
            writer.map(page * PAGE, pages * PAGE, object, offset * PAGE).expect("valid");
        }
        None => writer.unmap(page * PAGE, pages * PAGE).expect("valid"),
    }
    assert_eq!(writer.steps, vector.steps, "{}", vector.name);
    assert_eq!(text(&vm), vector.after, "{}", vector.name);
    assert_pages_equal(&vm, &writer.table, vector.name);
}

/// The table shows exactly what the space says.
pub(super) fn assert_pages_equal(vm: &Vm, table: &Table, name: &str) {
    let mut pages = Vec::new();
    for va in vm.vas() {
        for i in 0..va.size() / PAGE {
            pages.push((va.addr() + i * PAGE, size_of(&va), va.offset() + i * PAGE));
        }
    }
    assert_eq!(table.pages(), pages, "{name}");
}

#[test]
fn map_and_unmap_over_none_one_and_many() {
    for vector in VECTORS {
        check(vector);
    }
}

/// One request on a space that holds `before`, leaf by leaf. `T` is 512 pages, one large leaf.
fn check_leaves(before: &[(u64, u64, u64)], request: (u64, u64, Option<u64>), leaves: &str, writes: u64) {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 1 << 14);
    let mut writer = Writer::new(&vm, HUGE);
    for &(page, pages, offset) in before {
        writer.map(page * PAGE, pages * PAGE, &object, offset * PAGE).expect("valid");
    }
    let written = writer.table.writes;
    let (page, pages, map) = request;
    match map {
        Some(offset) => writer.map(page * PAGE, pages * PAGE, &object, offset * PAGE).expect("valid"),
        None => writer.unmap(page * PAGE, pages * PAGE).expect("valid"),
    }
    assert_pages_equal(&vm, &writer.table, leaves);
    let large = writer.table.leaves.values().filter(|leaf| leaf.size == HUGE).count() as u64;
    let small = writer.table.leaves.len() as u64 - large;
    assert_eq!(format!("{large} large, {small} small"), leaves, "{before:?} {request:?}");
    assert_eq!(writer.table.writes - written, writes, "{before:?} {request:?}");
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
    check_leaves(two, (T + 10, 10, Some(0)), "1 large, 512 small", 1 + 502 + 10);
    // A map that covers the second half of the first leaf and all of the second: the second needs no splitting.
    check_leaves(two, (T + 256, T + 256, Some(256)), "1 large, 512 small", 2 + 256 + 256 + 1);
}

#[test]
fn small_leaves_that_no_large_one_can_cover_are_not_touched_beyond_the_request() {
    // 100 pages into a large leaf's range: the mapping is too short for one.
    check_leaves(&[(T + 100, 200, 0)], (T + 150, 10, None), "0 large, 190 small", 10);
    // The mapping begins inside the range of one.
    check_leaves(&[(T + 100, T, 0)], (T + 150, 10, None), "0 large, 502 small", 10);
    // Its end lies inside the range of one.
    check_leaves(&[(T, T + 100, 0)], (2 * T + 50, 10, None), "1 large, 90 small", 10);
}

#[test]
fn a_leaf_split_names_the_span_and_what_is_mapped_again() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 1 << 14);
    let mut writer = Writer::new(&vm, HUGE);
    writer.map(HUGE, 3 * HUGE, &object, HUGE).expect("valid");
    let mut ops = vm.sm_unmap_ops(2 * HUGE - PAGE, HUGE + 3 * PAGE).expect("valid");
    let Some(Op::Remap(op)) = ops.pop() else { panic!("a remap, not {ops:?}") };
    assert!(ops.is_empty());
    assert_eq!(op.unmap_range(), 2 * HUGE - PAGE..3 * HUGE + 2 * PAGE);
    let split = op.leaf_split(HUGE);
    assert_eq!(split.span, HUGE..4 * HUGE);
    assert_eq!(split.head, Some(Part { range: HUGE..2 * HUGE - PAGE, offset: HUGE }));
    assert_eq!(split.tail, Some(Part { range: 3 * HUGE + 2 * PAGE..4 * HUGE, offset: 3 * HUGE + 2 * PAGE }));
    // Where leaves are of one page, only what goes is touched.
    assert_eq!(op.leaf_split(PAGE), LeafSplit { span: op.unmap_range(), head: None, tail: None });
}

#[test]
fn a_range_that_is_not_valid_is_einval_and_changes_nothing() {
    let dev = device();
    let config = VmConfig { range: 0x1000..0x10_0000, reserved: 0x8000..0xa000, ..VmConfig::default() };
    let vm = vm_of(&dev, config);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    for (addr, size) in [
        (0, 0x2000),
        (0xf_f000, 0x2000),
        (u64::MAX, 1),
        (0x1000, u64::MAX),
        (0x9000, 0x1000),
        (0x7000, 0x2000),
        (0x7000, 0x4000),
        (0x9000, 0),
    ] {
        assert!(!vm.range_valid(addr, size));
        assert_eq!(writer.map(addr, size, &object, 0), Err(Errno::EINVAL), "{addr:#x}+{size:#x}");
        assert_eq!(writer.unmap(addr, size), Err(Errno::EINVAL), "{addr:#x}+{size:#x}");
        assert!(writer.steps.is_empty());
        let va = GpuVa::new(addr, size, Some(&object), 0, 0);
        assert_eq!(vm.insert(&va), Err(Errno::EINVAL));
    }
    assert_eq!(vm.leftovers(), Leftovers::default());
    assert_eq!((vm.refs(), object.gem().refs()), (1, 1));
    writer.map(0x7000, 0x1000, &object, 0).expect("ends where the reserved part begins");
    writer.map(0xa000, 0x1000, &object, 0).expect("begins where the reserved part ends");
    assert!(!vm.interval_empty(0x8000, 0x1000) && !vm.interval_empty(0x7000, 1));
    assert!(vm.interval_empty(0x1000, 0x6000) && vm.interval_empty(0xb000, 1));
    writer.unmap(0x1000, 0x7000).expect("valid");
    writer.unmap(0xa000, 0x1000).expect("valid");
    assert!(vm.leftovers().is_empty());
}

#[test]
fn a_step_that_fails_ends_the_request_and_what_was_applied_stays() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    for page in [0, 4, 8] {
        writer.map(page * PAGE, 4 * PAGE, &object, 0).expect("valid");
    }
    writer.fail_at = Some(1);
    assert_eq!(writer.map(2 * PAGE, 8 * PAGE, &object, 0), Err(Errno::ENOMEM));
    assert_eq!(writer.steps, ["remap 0+4 prev 0+2:0", "unmap 4+4"]);
    assert_eq!(text(&vm), "0+2:0 4+4:0 8+4:0");
    assert_pages_equal(&vm, &writer.table, "after a failure");
    let pair = vm.find_vm_bo(&object).expect("mapped");
    assert_eq!((pair.vas().len(), pair.refs()), (3, 4));
}

#[test]
fn steps_can_be_taken_as_a_list_and_abandoned() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    writer.map(0, 4 * PAGE, &object, 0).expect("valid");
    let request = MapRequest { addr: PAGE, size: PAGE, object: Some(object.clone()), offset: 7 * PAGE };
    let ops = vm.sm_map_ops(&request).expect("valid");
    assert_eq!(
        format!("{ops:?}"),
        "[remap GpuVa(0x0+0x4000 o=0x0) prev=Some(Part { range: 0..4096, offset: 0 }) \
         next=Some(Part { range: 8192..16384, offset: 8192 }) keep=false, map 0x1000+0x1000 o=0x7000]"
    );
    drop(ops);
    assert_eq!(text(&vm), "0+4:0");
    for op in vm.sm_map_ops(&request).expect("valid") {
        match op {
            Op::Map(op) => drop(op.insert(0, vm.find_vm_bo(&object))),
            Op::Remap(op) => drop(op.remap(|old| *old.data())),
            Op::Unmap(op) => drop(op.remove()),
        }
    }
    assert_eq!(text(&vm), "0+1:0 1+1:7 2+2:2");
    let prefetch: Vec<u64> = vm.vas_in(PAGE, 2 * PAGE).iter().map(GpuVa::addr).collect();
    assert_eq!(prefetch, [PAGE, 2 * PAGE]);
}

#[test]
fn a_request_looks_only_at_what_it_touches() {
    for count in [100, 1_000, 10_000] {
        let dev = device();
        let vm = vm(&dev);
        let object = external(&dev, 1);
        let mut writer = Writer::new(&vm, HUGE);
        for i in 0..count {
            writer.map(i * 2 * PAGE, PAGE, &object, 0).expect("valid");
        }
        let before = vm.vas_walked();
        assert_eq!(before, 0, "nothing was in the way of any");
        writer.map(count * PAGE, 3 * PAGE, &object, 0).expect("valid");
        writer.unmap(count * PAGE, 3 * PAGE).expect("valid");
        assert_eq!(vm.vas_walked() - before, 3, "two mappings were in the way of one, one of the other");
    }
}
