//! Large leaves, and mappings that are cut.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panthor::uapi::VM_BIND_OP_MAP_NOEXEC;

use super::contig::contig;
use super::session::{Session, map, unmap};

pub(crate) const ALL: &[Scenario<Session>] = &[
    MEMORY_IN_ONE_PIECE_GETS_LARGE_LEAVES_WHERE_BOTH_ADDRESSES_FIT,
    UNMAPPING_A_PAGE_OF_A_LARGE_LEAF_SPLITS_IT,
    A_MAP_OVER_PART_OF_A_LARGE_LEAF_SPLITS_IT,
    A_MAP_OVER_PART_OF_ANOTHER_KEEPS_BOTH_ENDS,
    AN_UNMAP_ACROSS_TWO_MAPPINGS_CUTS_BOTH,
    AN_EMPTY_TABLE_STAYS_UNTIL_ONE_MAPPING_COVERS_IT,
];

/// A file with a space, and an object of 4 MiB in one piece.
fn large(s: &mut Session) -> (usize, u32, u32) {
    let (file, vm) = s.vm();
    let buffer = contig(&s.machine, 1024).expect("RAM is left");
    s.buffers.push(buffer);
    let object = s.import(file, s.buffers.len() - 1);
    (file, vm, object)
}

#[scenario]
fn memory_in_one_piece_gets_large_leaves_where_both_addresses_fit(s: &mut Session) {
    let (file, vm, object) = large(s);
    s.bind(file, vm, &[map(object, 0x400_0000, 0x40_0000)]);
    s.show(file, vm);
    s.tables(file, vm);
    s.part("a page further up, no address fits");
    s.bind(file, vm, &[map(object, 0x800_1000, 0x40_0000)]);
    s.show(file, vm);
    s.part("a page further up on both sides, one does");
    s.bind(file, vm, &[map(object, 0xc00_1000, 0x3f_f000).at(0x1000)]);
    s.show(file, vm);
}

#[scenario]
fn unmapping_a_page_of_a_large_leaf_splits_it(s: &mut Session) {
    let (file, vm, object) = large(s);
    s.bind(
        file,
        vm,
        &[map(object, 0x400_0000, 0x40_0000).flags(VM_BIND_OP_MAP_NOEXEC)],
    );
    s.tables(file, vm);
    s.gpu_writes(file, vm, 0x410_1000, 0x11);
    s.bind(file, vm, &[unmap(0x410_0000, 0x1000)]);
    s.show(file, vm);
    s.tables(file, vm);
    s.gpu_reads(file, vm, 0x410_0000);
    s.gpu_reads(file, vm, 0x410_1000);
    s.part("all of it");
    s.bind(file, vm, &[unmap(0x400_0000, 0x40_0000)]);
    s.show(file, vm);
    s.tables(file, vm);
}

#[scenario]
fn a_map_over_part_of_a_large_leaf_splits_it(s: &mut Session) {
    let (file, vm, object) = large(s);
    let small = s.bo(file, 0x1_0000);
    s.bind(file, vm, &[map(object, 0x400_0000, 0x40_0000)]);
    s.bind(file, vm, &[map(small, 0x410_0000, 0x1_0000)]);
    s.show(file, vm);
    s.part("the whole again");
    s.bind(file, vm, &[map(object, 0x400_0000, 0x40_0000)]);
    s.show(file, vm);
    s.part("the other half over the first");
    s.bind(
        file,
        vm,
        &[map(object, 0x400_0000, 0x20_0000).at(0x20_0000)],
    );
    s.show(file, vm);
}

#[scenario]
fn a_map_over_part_of_another_keeps_both_ends(s: &mut Session) {
    let (file, vm) = s.vm();
    let (below, above) = (s.bo(file, 0x1_0000), s.bo(file, 0x4000));
    s.bind(file, vm, &[map(below, 0x10_0000, 0x1_0000)]);
    for (va, value) in [(0x10_3000, 0xa3), (0x10_4000, 0xa4), (0x10_8000, 0xa8)] {
        s.gpu_writes(file, vm, va, value);
    }
    s.bind(file, vm, &[map(above, 0x10_4000, 0x4000)]);
    s.show(file, vm);
    s.gpu_writes(file, vm, 0x10_4000, 0xb4);
    for va in [0x10_3000, 0x10_4000, 0x10_8000] {
        s.gpu_reads(file, vm, va);
    }
    s.part("what was covered is still there");
    s.bind(file, vm, &[map(below, 0x20_0000, 0x1_0000)]);
    s.gpu_reads(file, vm, 0x20_4000);
}

#[scenario]
fn an_unmap_across_two_mappings_cuts_both(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x1_0000);
    s.bind(
        file,
        vm,
        &[
            map(object, 0x10_0000, 0x8000),
            map(object, 0x10_8000, 0x8000).at(0x8000),
        ],
    );
    s.show(file, vm);
    s.bind(file, vm, &[unmap(0x10_4000, 0x8000)]);
    s.show(file, vm);
    s.part("mappings that fit together again stay apart");
    s.bind(file, vm, &[map(object, 0x10_4000, 0x8000).at(0x4000)]);
    s.show(file, vm);
}

#[scenario]
fn an_empty_table_stays_until_one_mapping_covers_it(s: &mut Session) {
    let (file, vm) = s.vm();
    let object = s.bo(file, 0x20_0000);
    let halves = [
        map(object, 0x400_0000, 0x10_0000),
        map(object, 0x410_0000, 0x10_0000).at(0x10_0000),
    ];
    s.bind(file, vm, &halves);
    s.tables(file, vm);
    s.part("two mappings are unmapped, each by itself");
    s.bind(file, vm, &[unmap(0x400_0000, 0x20_0000)]);
    s.show(file, vm);
    s.tables(file, vm);
    s.part("one mapping");
    s.bind(file, vm, &[map(object, 0x400_0000, 0x20_0000)]);
    s.bind(file, vm, &[unmap(0x400_0000, 0x20_0000)]);
    s.tables(file, vm);
}
