//! Random requests against a list of pages, a page table with large leaves, and the kernel's search by brute force.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::vectors::assert_pages_equal;
use super::*;

#[derive(Clone, Debug)]
enum Request {
    Map {
        page: u64,
        pages: u64,
        object: usize,
        offset: u64,
    },
    Unmap {
        page: u64,
        pages: u64,
    },
}

/// Pages of the space under test, and of a large leaf in it.
const PAGES: u64 = 96;
const LEAF: u64 = 8;

fn request() -> impl Strategy<Value = Request> {
    let range = || (0..PAGES).prop_flat_map(|page| (Just(page), 1..=(PAGES - page).min(40)));
    // Offsets that often continue a neighbour, and often allow a large leaf.
    let offset = prop_oneof![3 => Just(None), 1 => (0u64..8).prop_map(|i| Some(i * LEAF)), 1 => (0u64..64).prop_map(Some)];
    prop_oneof![
        3 => (range(), 0usize..3, offset).prop_map(|((page, pages), object, offset)| Request::Map {
            page,
            pages,
            object,
            offset: offset.unwrap_or(page),
        }),
        2 => range().prop_map(|(page, pages)| Request::Unmap { page, pages }),
    ]
}

fn run(requests: Vec<Request>) {
    let dev = device();
    let vm = vm(&dev);
    let objects = [
        external(&dev, 1000),
        local(&dev, &vm, 2000),
        external(&dev, 3000),
    ];
    let mut writer = Writer::new(&vm, LEAF * PAGE);
    let mut model: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for request in requests {
        let before = model.clone();
        match request {
            Request::Map {
                page,
                pages,
                object,
                offset,
            } => {
                let object = &objects[object];
                writer
                    .map(page * PAGE, pages * PAGE, object, offset * PAGE)
                    .expect("valid");
                for i in 0..pages {
                    model.insert(
                        (page + i) * PAGE,
                        (object.gem().size(), (offset + i) * PAGE),
                    );
                }
                assert!(
                    writer
                        .steps
                        .last()
                        .is_some_and(|step| step.starts_with("map"))
                );
                check_keep(&writer.steps, &before, &model);
            }
            Request::Unmap { page, pages } => {
                writer.unmap(page * PAGE, pages * PAGE).expect("valid");
                model.retain(|addr, _| !(page * PAGE..(page + pages) * PAGE).contains(addr));
                assert!(
                    writer
                        .steps
                        .iter()
                        .all(|step| !step.starts_with("map") && !step.contains("keep"))
                );
            }
        }
        assert!(
            writer
                .steps
                .iter()
                .filter(|step| step.starts_with("map"))
                .count()
                <= 1
        );
        assert!(
            writer
                .steps
                .iter()
                .filter(|step| step.starts_with("remap"))
                .count()
                <= 2
        );
        let expected: Vec<_> = model
            .iter()
            .map(|(&addr, &(object, offset))| (addr, object, offset))
            .collect();
        assert_eq!(writer.table.pages(), expected, "{}", writer.table.text());
        assert_pages_equal(&vm, &writer.table, "space and table");
        check_counts(&vm, &objects);
    }
    writer.unmap(0, PAGES * PAGE).expect("valid");
    assert!(vm.leftovers().is_empty() && writer.table.leaves.is_empty());
    assert_eq!(vm.refs(), 1);
    assert!(objects.iter().all(|object| object.gem().refs() == 1));
}

/// A step that may keep its entries shows the same page before and after, wherever the request covers it.
fn check_keep(
    steps: &[String],
    before: &BTreeMap<u64, (u64, u64)>,
    after: &BTreeMap<u64, (u64, u64)>,
) {
    for step in steps.iter().filter(|step| step.ends_with("keep")) {
        let mut words = step.split(' ').skip(1);
        let (page, pages) = words
            .next()
            .and_then(|range| range.split_once('+'))
            .expect("a range");
        let (page, pages): (u64, u64) =
            (page.parse().expect("a page"), pages.parse().expect("pages"));
        for addr in (page..page + pages).map(|page| page * PAGE) {
            assert_eq!(before.get(&addr), after.get(&addr), "{step}");
        }
    }
}

fn check_counts(vm: &Vm, objects: &[Gem<Bo>]) {
    let vas = vm.vas();
    assert!(
        vas.windows(2)
            .all(|pair| pair[0].range().end <= pair[1].addr())
    );
    let mut pairs = 0;
    for object in objects {
        let mine = vas.iter().filter(|va| va.maps(object)).count();
        let pair = vm.find_vm_bo(object);
        assert_eq!(pair.is_some(), mine > 0);
        if let Some(pair) = pair {
            assert_eq!((pair.vas().len(), pair.refs() - 1), (mine, mine));
            pairs += 1;
        }
        assert_eq!(object.gem().refs(), 1 + usize::from(mine > 0));
    }
    assert_eq!(vm.refs(), 1 + vas.len() + pairs);
}

/// The first of a list that a search from `addr` finds, as the kernel's interval tree defines it.
fn naive_first(list: &[(u64, u64)], addr: u64, size: u64) -> Option<(u64, u64)> {
    let last = |addr: u64, size: u64| addr.wrapping_add(size).wrapping_sub(1);
    list.iter()
        .copied()
        .find(|&(start, len)| addr <= last(start, len) && start <= last(addr, size))
}

fn search_against_a_list(inserts: Vec<(u64, u64)>, searches: Vec<(u64, u64)>) {
    let dev = device();
    let vm = vm(&dev);
    let mut list: Vec<(u64, u64)> = Vec::new();
    for (addr, size) in inserts {
        let result = vm.insert(&GpuVa::new(addr, size, None, 0, 0));
        if naive_first(&list, addr, size).is_some() {
            assert_eq!(result, Err(Errno::EEXIST), "{addr}+{size} into {list:?}");
        } else {
            assert_eq!(result, Ok(()), "{addr}+{size} into {list:?}");
            let at = list.partition_point(|other| other.0 <= addr);
            list.insert(at, (addr, size));
        }
    }
    assert_eq!(
        vm.vas()
            .iter()
            .map(|va| (va.addr(), va.size()))
            .collect::<Vec<_>>(),
        list
    );
    for (addr, size) in searches {
        let found = vm.find_first(addr, size).map(|va| (va.addr(), va.size()));
        assert_eq!(
            found,
            naive_first(&list, addr, size),
            "{addr}+{size} in {list:?}"
        );
    }
    for va in vm.vas() {
        assert!(vm.remove(&va));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_page_is_the_models_and_no_count_drifts(requests in prop::collection::vec(request(), 1..120)) {
        run(requests);
    }

    #[test]
    fn the_search_finds_what_the_kernels_tree_finds_empty_mappings_included(
        inserts in prop::collection::vec((0u64..60, prop_oneof![Just(0u64), 1u64..8]), 1..40),
        searches in prop::collection::vec((0u64..70, 0u64..20), 1..40),
    ) {
        search_against_a_list(inserts, searches);
    }
}
