//! Entry values, table counts and costs, case by case.

use drm_core::errno::Errno;

use super::*;
use crate::mmu::pgsize::{SZ_2M, SZ_4K};
use crate::mmu::{TableMemory, WalkFault};

const PA: u64 = 0x8_0020_0000;

#[test]
fn mali_leaves_are_type_1_at_every_level() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    assert_eq!(t.map_pages(0x200_0000, PA, SZ_4K, 1, RW_NX), Ok(SZ_4K));
    assert_eq!(
        t.map_pages(0x200_1000, PA, SZ_4K, 1, Prot::READ | Prot::WRITE),
        Ok(SZ_4K)
    );
    assert_eq!(t.map_pages(0x220_0000, PA, SZ_2M, 1, RW_NX), Ok(SZ_2M));
    assert_eq!(
        raw_at(&mem, t.root(), 0x200_0000, 3),
        0x0060_0000_0000_02c1 | PA
    );
    assert_eq!(
        raw_at(&mem, t.root(), 0x200_1000, 3),
        0x0000_0000_0000_02c1 | PA
    );
    assert_eq!(
        raw_at(&mem, t.root(), 0x220_0000, 2),
        0x0060_0000_0000_02c1 | PA
    );
}

#[test]
fn stage_1_leaves_carry_the_attributes_of_each_bind_flag() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Stage1);
    let rw = Prot::READ | Prot::WRITE;
    let cases = [
        (rw | Prot::CACHE, 0xf47, 0xf45),
        (
            rw | Prot::CACHE | Prot::NOEXEC,
            0x60_0000_0000_0f47,
            0x60_0000_0000_0f45,
        ),
        (Prot::READ | Prot::CACHE, 0xfc7, 0xfc5),
        (rw, 0xe43, 0xe41),
        (
            Prot::READ | Prot::NOEXEC,
            0x60_0000_0000_0ec3,
            0x60_0000_0000_0ec1,
        ),
    ];
    for (i, (prot, page, block)) in cases.into_iter().enumerate() {
        let va = i as u64 * 2 * SZ_2M;
        t.map_pages(va, PA, SZ_4K, 1, prot).unwrap();
        t.map_pages(va + SZ_2M, PA, SZ_2M, 1, prot).unwrap();
        assert_eq!(raw_at(&mem, t.root(), va, 3), page | PA, "{prot:?}");
        assert_eq!(
            raw_at(&mem, t.root(), va + SZ_2M, 2),
            block | PA,
            "{prot:?}"
        );
    }
}

#[test]
fn a_table_entry_is_marked_flushed_only_for_a_walker_that_does_not_snoop() {
    let mem = TestMemory::default();
    for (coherent, mark, stores) in [(true, 0, 3 + 1), (false, 1 << 55, 6 + 1)] {
        let mut t = Lpae::new(&mem, Kind::Mali, config(coherent)).unwrap();
        mem.take_costs();
        t.map_pages(0x200_0000, PA, SZ_4K, 1, RW_NX).unwrap();
        let raw = raw_at(&mem, t.root(), 0x200_0000, 0);
        assert_eq!(raw & !super::super::ADDRESS, 3 | mark);
        assert_eq!(mem.take_costs().0, stores, "coherent {coherent}");
    }
}

#[test]
fn the_registers_name_the_root() {
    let mem = TestMemory::default();
    let mali = Lpae::new(&mem, Kind::Mali, config(false)).unwrap();
    assert_eq!(
        (mali.transtab(), mali.memory_attributes()),
        (mali.root() | 7, 0x88_8d_88)
    );
    let coherent = Lpae::new(&mem, Kind::Mali, config(true)).unwrap();
    assert_eq!(coherent.transtab(), coherent.root() | 0x17);
    let stage1 = Lpae::new(&mem, Kind::Stage1, config(true)).unwrap();
    assert_eq!(stage1.memory_attributes(), 0xf404ff44);
}

#[test]
fn a_narrow_mali_table_keeps_four_levels_with_one_root_entry() {
    let mem = TestMemory::default();
    let narrow = |kind| {
        Config {
            ias: 33,
            ..config(true)
        }
        .pipe(|c| Lpae::new(&mem, kind, c))
    };
    let mut mali = narrow(Kind::Mali).unwrap();
    mali.map_pages(0x1_0000_0000, PA, SZ_4K, 1, RW_NX).unwrap();
    assert_eq!(mali.view().tables(), [1, 1, 1, 1]);
    assert_eq!(raw_at(&mem, mali.root(), 0, 0) & 3, 3);
    assert_eq!(
        mali.view().translate(1 << 33, Access::Read),
        Err(WalkFault::AddressSize)
    );

    let mut stage1 = narrow(Kind::Stage1).unwrap();
    assert_eq!(stage1.format().start_level(), 1);
    stage1
        .map_pages(0x1_0000_0000, PA, SZ_4K, 1, RW_NX)
        .unwrap();
    assert_eq!(stage1.view().tables(), [1, 1, 1]);
    assert_eq!(stage1.iova_to_phys(0x1_0000_0123), PA + 0x123);
}

trait Pipe: Sized {
    fn pipe<T>(self, f: impl FnOnce(Self) -> T) -> T {
        f(self)
    }
}
impl Pipe for Config {}

#[test]
fn widths_that_the_format_cannot_do_are_refused() {
    let mem = TestMemory::default();
    let refused = |kind, ias, oas| {
        Lpae::new(
            &mem,
            kind,
            Config {
                ias,
                oas,
                coherent_walk: true,
            },
        )
        .err()
            == Some(Errno::EINVAL)
    };
    assert!(refused(Kind::Mali, 49, 40));
    assert!(refused(Kind::Mali, 48, 41));
    assert!(refused(Kind::Stage1, 48, 39));
    assert!(!refused(Kind::Stage1, 48, 52), "52 bits are cut to 48");
    assert_eq!(mem.live(), 0);
}

#[test]
fn permissions_stop_the_device() {
    let mem = TestMemory::default();
    for kind in [Kind::Mali, Kind::Stage1] {
        let mut t = table(&mem, kind);
        t.map_pages(0, PA, SZ_4K, 1, Prot::READ | Prot::NOEXEC)
            .unwrap();
        t.map_pages(SZ_4K, PA, SZ_4K, 1, Prot::READ | Prot::WRITE)
            .unwrap();
        assert_eq!(reaches(&t, 0x123, Access::Read), Some(PA + 0x123));
        assert_eq!(reaches(&t, 0, Access::Write), None);
        assert_eq!(reaches(&t, 0, Access::Execute), None);
        assert_eq!(reaches(&t, SZ_4K, Access::Write), Some(PA));
        assert_eq!(reaches(&t, SZ_4K, Access::Execute), Some(PA));
        let hole = t.view().translate(2 * SZ_4K, Access::Read);
        assert_eq!(hole, Err(WalkFault::Translation { depth: 3 }));
        let far = t.view().translate(1 << 40, Access::Read);
        assert_eq!(far, Err(WalkFault::Translation { depth: 0 }));
    }
}

#[test]
fn the_rules_of_map_pages() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    let map = |t: &mut Lpae<_>, va, pa, size, prot| {
        (t.map_pages(va, pa, size, 1, prot), mem.take_costs().2)
    };
    let warned = |errno, site| (Err(errno), vec![site]);
    let range = || warned(Errno::ERANGE, "io-pgtable-arm.c:527");
    assert_eq!(map(&mut t, 1 << 48, PA, SZ_4K, RW_NX), range());
    assert_eq!(map(&mut t, 0, 1 << 40, SZ_4K, RW_NX), range());
    let size = warned(Errno::EINVAL, "io-pgtable-arm.c:522");
    assert_eq!(map(&mut t, 0, PA, 0x1_0000, RW_NX), size);
    assert_eq!(
        map(&mut t, 0, PA, SZ_4K, Prot::NOEXEC),
        (Err(Errno::EINVAL), vec![])
    );
    assert_eq!(t.view().tables(), [1, 0, 0, 0]);

    assert_eq!(map(&mut t, 0, PA, SZ_2M, RW_NX), (Ok(SZ_2M), vec![]));
    let in_block = warned(Errno::EEXIST, "io-pgtable-arm.c:436");
    assert_eq!(map(&mut t, 0x3000, PA, SZ_4K, RW_NX), in_block);
    let over_leaf = warned(Errno::EEXIST, "io-pgtable-arm.c:334");
    assert_eq!(map(&mut t, 0, PA, SZ_2M, RW_NX), over_leaf);
    assert_eq!(dump(&t), ["0+200000x1 600000000002c1 800200000"]);
}

#[test]
fn a_map_ends_with_its_table() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    assert_eq!(
        t.map_pages(SZ_2M - 0x3000, PA, SZ_4K, 10, RW_NX),
        Ok(0x3000)
    );
    assert_eq!(t.unmap_pages(SZ_2M - 0x2000, SZ_4K, 10), 0x2000);
    assert_eq!(dump(&t), ["1fd000+1000x1 600000000002c1 800200000"]);
}

#[test]
fn a_block_takes_the_place_of_a_table_and_frees_it() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Stage1);
    t.map_pages(0x20_0000, PA, SZ_4K, 5, RW_NX).unwrap();
    assert_eq!(t.view().tables(), [1, 1, 1, 1]);
    mem.take_costs();
    assert_eq!(t.map_pages(0x20_0000, PA, SZ_2M, 1, RW_NX), Ok(SZ_2M));
    assert_eq!(
        mem.take_costs(),
        (3, 1, vec![]),
        "cleared twice, then the block"
    );
    assert_eq!(t.view().tables(), [1, 1, 1, 0]);
    assert_eq!(dump(&t), ["200000+200000x1 60000000000e41 800200000"]);
}

#[test]
fn blocks_stopped_by_a_leaf_have_already_freed_the_tables_before_it() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    t.map_pages(0, PA, SZ_4K, 1, RW_NX).unwrap();
    t.map_pages(SZ_2M, PA, SZ_2M, 1, RW_NX).unwrap();
    assert_eq!(t.map_pages(0, PA, SZ_2M, 2, RW_NX), Err(Errno::EEXIST));
    assert_eq!(t.view().tables(), [1, 1, 1, 0]);
    assert_eq!(dump(&t), ["200000+200000x1 600000000002c1 800200000"]);
}

#[test]
fn unmapping_one_page_of_a_block_rewrites_511() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Stage1);
    let prot = Prot::READ | Prot::WRITE | Prot::CACHE | Prot::NOEXEC;
    t.map_pages(0x20_0000, PA, SZ_2M, 2, prot).unwrap();
    mem.take_costs();
    assert_eq!(t.unmap_pages(0x20_3000, SZ_4K, 1), SZ_4K);
    assert_eq!(mem.take_costs(), (511 + 1, 1, vec![]));
    assert_eq!(t.view().tables(), [1, 1, 1, 1]);
    assert_eq!(
        dump(&t),
        [
            "200000+1000x3 60000000000f47 800200000",
            "204000+1000x508 60000000000f47 800204000",
            "400000+200000x1 60000000000f45 800400000"
        ]
    );
}

#[test]
fn unmapping_two_pages_of_a_block_rewrites_510() {
    let mem = TestMemory::default();
    let mut t = Lpae::new(&mem, Kind::Mali, config(false)).unwrap();
    t.map_pages(0, PA, SZ_2M, 1, RW_NX).unwrap();
    mem.take_costs();
    assert_eq!(t.unmap_pages(0x1f_e000, SZ_4K, 10), 0x2000);
    assert_eq!(
        mem.take_costs(),
        (510 + 2, 1, vec![]),
        "the table entry is stored twice"
    );
    assert_eq!(dump(&t), ["0+1000x510 600000000002c1 800200000"]);
}

#[test]
fn an_emptied_table_stays_until_its_whole_entry_is_unmapped() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Stage1);
    t.map_pages(0, PA, SZ_4K, 512, RW_NX).unwrap();
    assert_eq!(t.unmap_pages(0, SZ_4K, 256), 256 * SZ_4K);
    assert_eq!(t.unmap_pages(SZ_2M / 2, SZ_4K, 256), 256 * SZ_4K);
    assert_eq!((dump(&t).len(), t.view().tables()), (0, vec![1, 1, 1, 1]));
    assert_eq!(t.unmap_pages(0, SZ_2M, 1), SZ_2M);
    assert_eq!(t.view().tables(), [1, 1, 1, 0]);
    drop(t);
    assert_eq!(mem.live(), 0);
}

#[test]
fn an_unmap_stops_at_an_empty_entry() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    t.map_pages(0, PA, SZ_4K, 2, RW_NX).unwrap();
    t.map_pages(0x3000, PA, SZ_4K, 1, RW_NX).unwrap();
    mem.take_costs();
    assert_eq!(t.unmap_pages(0, SZ_4K, 4), 0x2000);
    assert_eq!(mem.take_costs(), (2, 1, vec!["io-pgtable-arm.c:671"]));
    assert_eq!(t.unmap_pages(0, SZ_4K, 4), 0);
    assert_eq!(t.unmap_pages(0x4000_0000, SZ_2M, 1), 0);
    assert_eq!(mem.take_costs(), (0, 2, vec!["io-pgtable-arm.c:660"; 2]));
    assert_eq!(t.unmap_pages(0, SZ_4K, 0), 0);
    assert_eq!(t.unmap_pages(1 << 48, SZ_4K, 1), 0);
    assert_eq!(
        mem.take_costs().2,
        ["io-pgtable-arm.c:715", "io-pgtable-arm.c:720"]
    );
}

#[test]
fn a_block_costs_one_store_where_pages_cost_512() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    t.map_pages(4 * SZ_2M, PA, SZ_2M, 1, RW_NX).unwrap();
    mem.take_costs();
    t.map_pages(0, PA, SZ_2M, 1, RW_NX).unwrap();
    assert_eq!(mem.take_costs(), (1, 1, vec![]));
    t.unmap_pages(0, SZ_2M, 1);
    assert_eq!(mem.take_costs(), (1, 1, vec![]));
    t.map_pages(SZ_2M, PA, SZ_4K, 512, RW_NX).unwrap();
    assert_eq!(
        mem.take_costs(),
        (512 + 1, 1, vec![]),
        "and one for the table"
    );
    t.unmap_pages(SZ_2M, SZ_4K, 512);
    assert_eq!(mem.take_costs(), (512, 1, vec![]));
}

#[test]
fn a_cursor_walks_from_the_root_once() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    mem.take_costs();
    let mut cursor = t.cursor();
    for i in 0..1000 {
        assert_eq!(cursor.map_pages(i * SZ_4K, PA, SZ_4K, 1, RW_NX), Ok(SZ_4K));
    }
    assert_eq!(mem.take_costs(), (1000 + 4, 1, vec![]));
    let mut cursor = t.cursor();
    for i in 0..1000 {
        assert_eq!(cursor.unmap_pages(i * SZ_4K, SZ_4K, 1), SZ_4K);
    }
    assert_eq!(mem.take_costs(), (1000, 1, vec![]));
}

#[test]
fn a_cursor_forgets_a_table_that_it_freed() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    let mut cursor = t.cursor();
    cursor.map_pages(0, PA, SZ_4K, 512, RW_NX).unwrap();
    assert_eq!(cursor.unmap_pages(0, SZ_2M, 1), SZ_2M);
    cursor.map_pages(0, PA, SZ_4K, 1, RW_NX).unwrap();
    assert_eq!(dump(&t), ["0+1000x1 600000000002c1 800200000"]);
    assert_eq!(t.view().tables(), [1, 1, 1, 1]);
}

#[test]
fn a_device_needs_nothing_but_the_root_address() {
    let mem = TestMemory::default();
    let mut t = table(&mem, Kind::Mali);
    t.map_pages(0x20_0000, PA, SZ_2M, 1, RW_NX).unwrap();
    let device = crate::mmu::View::new(t.format(), &mem as &dyn TableMemory, t.transtab() & !0xfff);
    let (pa, leaf) = device.translate(0x2a_bcde, Access::Write).unwrap();
    assert_eq!((pa, leaf.size), (PA + 0xa_bcde, SZ_2M));
    assert_eq!(t.iova_to_phys(0x2a_bcde), PA + 0xa_bcde);
    assert_eq!(t.iova_to_phys(0x40_0000), 0);
}
