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
        steps: &[
            "remap 0+10 prev 0+8:0 keep",
            "unmap 10+5",
            "unmap 16+4",
            "remap 20+10 next 22+8:22 keep",
            "map 8+14",
        ],
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
        writer
            .map(page * PAGE, pages * PAGE, &object, offset * PAGE)
            .expect("valid");
    }
    let (page, pages, map) = vector.request;
    match map {
        Some((offset, same)) => {
            let object = if same { &object } else { &other };
            writer
                .map(page * PAGE, pages * PAGE, object, offset * PAGE)
                .expect("valid");
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
