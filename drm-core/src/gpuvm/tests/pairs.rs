//! Pairs, references, look-up.

use super::*;
use crate::machine::Event;

#[test]
fn a_pair_is_unique_and_found_from_both_sides() {
    let dev = device();
    let (a, b) = (vm(&dev), vm(&dev));
    let object = external(&dev, 4);
    assert!(a.find_vm_bo(&object).is_none());
    let pair = a.obtain_vm_bo(&object);
    assert!(pair.is(&a.obtain_vm_bo(&object)));
    assert!(pair.is(&a.find_vm_bo(&object).expect("made above")));
    let other = b.obtain_vm_bo(&object);
    assert!(!pair.is(&other));
    let vms: Vec<Vm> = object
        .gpuva
        .vm_bos()
        .iter()
        .map(|pair| pair.vm().clone())
        .collect();
    assert!(vms.len() == 2 && vms[0].is(&a) && vms[1].is(&b));
    assert!(other.object().is(&object));
}

#[test]
fn a_pair_holds_its_space_and_its_object_and_goes_with_its_last_reference() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 4);
    let guard = vm.resv().lock();
    let pair = vm.obtain_vm_bo(&object);
    assert_eq!((pair.refs(), vm.refs(), object.gem().refs()), (1, 2, 2));
    let again = pair.clone();
    assert!(!again.put(None), "not the last: no lock is needed");
    assert!(pair.put(Some(&guard)));
    assert_eq!((vm.refs(), object.gem().refs()), (1, 1));
    assert!(object.gpuva.vm_bos().is_empty());
}

#[test]
#[should_panic(expected = "need the guard of its reservation")]
fn the_last_put_needs_the_lock_of_the_space() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 4);
    let foreign = object.gem().resv().lock();
    vm.obtain_vm_bo(&object).put(Some(&foreign));
}

#[test]
fn a_preallocated_pair_gives_way_to_the_one_that_is_there() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 4);
    let first = vm.create_vm_bo(&object);
    assert!(vm.find_vm_bo(&object).is_none(), "not listed yet");
    let first = first.obtain_prealloc();
    let second = vm.create_vm_bo(&object);
    assert_eq!((vm.refs(), object.gem().refs()), (3, 3));
    let second = second.obtain_prealloc();
    assert!(first.is(&second));
    assert_eq!((first.refs(), vm.refs(), object.gem().refs()), (2, 2, 2));
    // Dropping a pair that was never listed leaves the listed one alone.
    drop(vm.create_vm_bo(&object));
    assert!(vm.find_vm_bo(&object).expect("still there").is(&first));
}

#[test]
fn every_mapping_counts_on_its_space_and_on_its_pair() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    writer.map(0, 8 * PAGE, &object, 0).expect("valid");
    let refs = || {
        let pair = vm.find_vm_bo(&object).expect("mapped");
        (
            pair.vas().len(),
            pair.refs() - 1,
            vm.refs() - 1,
            object.gem().refs() - 1,
        )
    };
    // Mappings; references of the pair, of the space and of the object, without our own.
    assert_eq!(refs(), (1, 1, 2, 1));
    writer.unmap(2 * PAGE, PAGE).expect("valid");
    assert_eq!(refs(), (2, 2, 3, 1));
    writer.map(5 * PAGE, PAGE, &object, 0).expect("valid");
    assert_eq!(refs(), (4, 4, 5, 1));
    assert_eq!(writer.gone, 0);
    writer.unmap(0, 8 * PAGE).expect("valid");
    assert_eq!(writer.gone, 1);
    assert_eq!((vm.refs(), object.gem().refs()), (1, 1));
    assert!(vm.leftovers().is_empty());
}

#[test]
fn the_parts_of_a_split_inherit_the_drivers_data() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    writer.data = 7;
    writer.map(0, 8 * PAGE, &object, 0).expect("valid");
    writer.data = 9;
    writer.map(2 * PAGE, PAGE, &object, 0).expect("valid");
    assert_eq!(
        vm.vas().iter().map(|va| *va.data()).collect::<Vec<_>>(),
        [7, 9, 7]
    );
}

#[test]
fn a_pair_lists_its_mappings_and_can_unmap_them_all() {
    let dev = device();
    let vm = vm(&dev);
    let (object, other) = (external(&dev, 4), external(&dev, 5));
    let mut writer = Writer::new(&vm, HUGE);
    for page in [9, 3, 6] {
        writer.map(page * PAGE, PAGE, &object, 0).expect("valid");
        writer
            .map((page + 1) * PAGE, PAGE, &other, 0)
            .expect("valid");
    }
    let pair = vm.find_vm_bo(&object).expect("mapped");
    let pages: Vec<u64> = pair.vas().iter().map(|va| va.addr() / PAGE).collect();
    assert_eq!(pages, [9, 3, 6], "in the order in which they were linked");
    for op in pair.unmap_ops() {
        let Op::Unmap(op) = op else {
            panic!("only unmaps, not {op:?}")
        };
        assert!(!op.keep());
        let (removed, _applied) = op.remove();
        assert!(!removed.put(None), "we hold a reference ourselves");
    }
    assert_eq!((pair.refs(), pair.vas().len()), (1, 0));
    assert_eq!(text(&vm), "4+1:0 7+1:0 10+1:0");
}

#[test]
fn the_space_is_searched_by_range() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let mut writer = Writer::new(&vm, HUGE);
    writer.map(4 * PAGE, 4 * PAGE, &object, 0).expect("valid");
    writer.map(8 * PAGE, PAGE, &object, 0).expect("valid");
    let first = |addr, size| vm.find_first(addr, size).map(|va| va.addr() / PAGE);
    assert_eq!(first(0, 4 * PAGE), None);
    assert_eq!(first(0, 4 * PAGE + 1), Some(4));
    assert_eq!(first(5 * PAGE, 1), Some(4));
    assert_eq!(first(8 * PAGE - 1, 1 << 20), Some(4));
    assert_eq!(first(8 * PAGE, 1), Some(8));
    assert_eq!(first(9 * PAGE, 1 << 20), None);
    assert!(vm.find(4 * PAGE, 4 * PAGE).is_some());
    assert!(vm.find(4 * PAGE, 3 * PAGE).is_none());
    assert!(vm.find(5 * PAGE, 3 * PAGE).is_none());
    assert!(vm.interval_empty(9 * PAGE, 1));
    assert!(!vm.interval_empty(8 * PAGE, 1));
}

#[test]
fn overlapping_mappings_are_refused() {
    let dev = device();
    let vm = vm(&dev);
    let object = external(&dev, 64);
    let va =
        |page: u64, pages: u64| GpuVa::<Types>::new(page * PAGE, pages * PAGE, Some(&object), 0, 0);
    let middle = va(4, 4);
    assert_eq!(vm.insert(&middle), Ok(()));
    assert_eq!(
        vm.insert(&middle),
        Err(Errno::EEXIST),
        "it is in the space already"
    );
    for (page, pages) in [(4, 4), (5, 1), (0, 5), (7, 4), (0, 20)] {
        assert_eq!(
            vm.insert(&va(page, pages)),
            Err(Errno::EEXIST),
            "{page}+{pages}"
        );
    }
    assert_eq!(vm.insert(&va(0, 4)), Ok(()));
    assert_eq!(vm.insert(&va(8, 1)), Ok(()));
    assert!(vm.remove(&middle) && !vm.remove(&middle));
    assert_eq!(vm.insert(&va(4, 4)), Ok(()));
    for va in vm.vas() {
        vm.remove(&va);
    }
    assert_eq!(vm.refs(), 1);
}

#[test]
fn linking_to_another_objects_pair_is_a_warning() {
    let dev = device();
    let vm = vm(&dev);
    let (object, other) = (external(&dev, 1), external(&dev, 2));
    let va = GpuVa::<Types>::new(0, PAGE, Some(&object), 0, 0);
    va.link(vm.obtain_vm_bo(&other));
    let warning = Event::Warning("drm_gpuvm.c: drm_gpuva_link: obj != vm_bo->obj");
    assert_eq!(dev.machine().trace().take(), [warning]);
    assert!(
        va.unlink()
            .is_some_and(|pair| pair.put(Some(&vm.resv().lock())))
    );
}

#[test]
fn a_sparse_mapping_has_no_object_and_is_never_contiguous() {
    let dev = device();
    let vm = vm(&dev);
    let request = MapRequest::<Types> {
        addr: 0,
        size: 4 * PAGE,
        object: None,
        offset: 0,
    };
    let mut writer = Writer::new(&vm, HUGE);
    vm.sm_map(&request, &mut writer).expect("valid");
    vm.sm_map(&request, &mut writer).expect("valid");
    assert_eq!(writer.steps, ["map 0+4", "unmap 0+4", "map 0+4"]);
    let va = vm.find(0, 4 * PAGE).expect("mapped");
    assert!(va.object().is_none() && va.vm_bo().is_none());
    writer.unmap(0, 4 * PAGE).expect("valid");
    assert_eq!(vm.refs(), 1);
}

#[test]
fn the_drivers_data_goes_with_the_last_reference_to_the_space() {
    let dev = device();
    let alive = Arc::new(());
    let vm = Vm::new(
        VmConfig {
            range: 0..1 << 20,
            ..VmConfig::default()
        },
        resv_object(&dev),
        Arc::clone(&alive),
    );
    let object = external(&dev, 4);
    let pair = vm.obtain_vm_bo(&object);
    drop(vm);
    assert_eq!(
        Arc::strong_count(&alive),
        2,
        "the pair still refers to the space"
    );
    assert!(
        pair.put(None),
        "the lists of this space have locks of their own"
    );
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(dev.object_count(), 1, "the reservation's object is gone");
}

#[test]
fn spaces_and_pairs_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Vm>();
    shared::<GpuVmBo<Types>>();
    shared::<GpuVa<Types>>();
    shared::<GpuVaList<Types>>();
}
