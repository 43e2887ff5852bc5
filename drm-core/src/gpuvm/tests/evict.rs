//! External and evicted objects. Objects are told apart by their size in pages.

use super::*;

/// A driver that has nothing to validate with.
struct Simple;

struct SimpleBo {
    header: Header,
    gpuva: GpuVaList<Simple>,
}

impl Object for SimpleBo {
    fn gem(&self) -> &Header {
        &self.header
    }
}

impl VmTypes for Simple {
    type Object = SimpleBo;
    type VmData = ();
    type VaData = ();
    type VmBoData = ();
    type Exec = Held;

    fn gpuva_list(object: &SimpleBo) -> &GpuVaList<Self> {
        &object.gpuva
    }
}

fn pages(pairs: &[GpuVmBo<Types>]) -> Vec<u64> {
    pairs
        .iter()
        .map(|pair| pair.object().gem().pages())
        .collect()
}

/// A space with two local objects (of 1 and 2 pages) and two external ones (of 10 and 20), and their pairs in that order.
fn populated(dev: &Device, resv_protected: bool) -> (Vm, Vec<GpuVmBo<Types>>) {
    let vm = vm_of(
        dev,
        VmConfig {
            range: 0..1 << 20,
            resv_protected,
            ..VmConfig::default()
        },
    );
    let objects = [
        local(dev, &vm, 1),
        local(dev, &vm, 2),
        external(dev, 10),
        external(dev, 20),
    ];
    let guard = vm.resv().lock();
    let pairs: Vec<_> = objects
        .iter()
        .map(|object| vm.obtain_vm_bo(object))
        .collect();
    for pair in &pairs {
        pair.extobj_add(Some(&guard));
    }
    (vm, pairs)
}

fn evict(pair: &GpuVmBo<Types>, flag: bool) {
    let guard = pair.object().gem().resv().lock();
    pair.evict(flag, &guard);
}

/// Everything locked, as a job does before it validates.
fn locked(vm: &Vm) -> Held {
    let mut held = Held::default();
    vm.prepare_vm(&mut held, 0).expect("nobody holds it");
    vm.prepare_objects(&mut held, 0).expect("nobody holds them");
    held
}

#[test]
fn only_objects_with_another_reservation_are_external() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    assert_eq!(pages(&vm.extobjs()), [10, 20]);
    // Adding twice is once.
    pairs[2].extobj_add(Some(&vm.resv().lock()));
    assert_eq!(pages(&vm.extobjs()), [10, 20]);
    assert!(vm.is_extobj(pairs[2].object()) && !vm.is_extobj(pairs[0].object()));
}

#[test]
fn a_pair_leaves_the_lists_when_it_goes() {
    let dev = device();
    let (vm, mut pairs) = populated(&dev, true);
    evict(&pairs[0], true);
    evict(&pairs[3], true);
    drop(locked(&vm));
    assert_eq!(
        vm.leftovers(),
        Leftovers {
            vas: 0,
            extobjs: 2,
            evicted: 2
        }
    );
    let guard = vm.resv().lock();
    assert!(pairs.pop().is_some_and(|pair| pair.put(Some(&guard))));
    assert_eq!(pages(&vm.extobjs()), [10]);
    assert_eq!(pages(&vm.evicted_vm_bos()), [1]);
    for pair in pairs {
        assert!(pair.put(Some(&guard)));
    }
    assert!(vm.leftovers().is_empty());
}

#[test]
fn a_local_object_is_on_the_evicted_list_at_once() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    evict(&pairs[1], true);
    evict(&pairs[0], true);
    evict(&pairs[1], true);
    assert_eq!(
        pages(&vm.evicted_vm_bos()),
        [2, 1],
        "in the order of eviction"
    );
    evict(&pairs[1], false);
    assert_eq!(pages(&vm.evicted_vm_bos()), [1]);
}

#[test]
fn an_external_object_is_on_it_once_a_job_locks_it() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    evict(&pairs[3], true);
    evict(&pairs[0], true);
    assert!(pairs[3].is_evicted());
    assert_eq!(pages(&vm.evicted_vm_bos()), [1], "only the flag is set");
    let held = locked(&vm);
    assert_eq!(pages(&vm.evicted_vm_bos()), [1, 20]);
    drop(held);
    // Back again, before anybody validated: the flag goes, the list follows at the next validation.
    evict(&pairs[3], false);
    assert_eq!(pages(&vm.evicted_vm_bos()), [1, 20]);
    let mut held = locked(&vm);
    vm.validate(&mut held).expect("all can be validated");
    assert!(vm.evicted_vm_bos().is_empty());
}

#[test]
fn a_space_with_locks_of_its_own_defers_nothing() {
    let dev = device();
    let (vm, pairs) = populated(&dev, false);
    evict(&pairs[3], true);
    evict(&pairs[0], true);
    assert_eq!(pages(&vm.evicted_vm_bos()), [20, 1]);
    let mut held = locked(&vm);
    vm.validate(&mut held).expect("all can be validated");
    assert_eq!(held.validated, [20 * PAGE, PAGE]);
    assert!(vm.evicted_vm_bos().is_empty(), "the callback took them off");
}

#[test]
fn validation_calls_the_driver_once_per_evicted_object_in_order() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    for i in [2, 1, 3] {
        evict(&pairs[i], true);
    }
    let mut held = locked(&vm);
    vm.validate(&mut held).expect("all can be validated");
    assert_eq!(held.validated, [2 * PAGE, 10 * PAGE, 20 * PAGE]);
    assert!(vm.evicted_vm_bos().is_empty());
    held.validated.clear();
    vm.validate(&mut held).expect("nothing to do");
    assert!(held.validated.is_empty());
}

#[test]
fn what_validation_leaves_evicted_or_does_not_reach_stays_on_the_list() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    for pair in &pairs {
        evict(pair, true);
    }
    let mut held = locked(&vm);
    held.leaves = Some(2 * PAGE);
    held.refuses = Some((10 * PAGE, Errno::ENOMEM));
    assert_eq!(vm.validate(&mut held), Err(Errno::ENOMEM));
    assert_eq!(held.validated, [PAGE, 2 * PAGE, 10 * PAGE]);
    assert_eq!(pages(&vm.evicted_vm_bos()), [2, 10, 20]);
    held.leaves = None;
    held.refuses = None;
    vm.validate(&mut held).expect("now all can be validated");
    assert!(vm.evicted_vm_bos().is_empty());
}

#[test]
fn without_a_validate_operation_it_is_eopnotsupp_even_with_nothing_evicted() {
    let dev = device();
    let vm = GpuVm::<Simple>::new(VmConfig::default(), resv_object(&dev), ());
    let object = Gem::new(SimpleBo {
        header: Header::new_private(&dev, PAGE),
        gpuva: GpuVaList::default(),
    });
    assert_eq!(vm.validate(&mut Held::default()), Err(Errno::EOPNOTSUPP));
    object.gpuva.evict(true, &object.gem().resv().lock());
    assert_eq!(vm.validate(&mut Held::default()), Err(Errno::EOPNOTSUPP));
}

#[test]
fn evicting_an_object_marks_it_in_every_space() {
    let dev = device();
    let (a, b) = (
        vm(&dev),
        vm_of(
            &dev,
            VmConfig {
                range: 0..1 << 20,
                ..VmConfig::default()
            },
        ),
    );
    let object = external(&dev, 3);
    let pairs = [a.obtain_vm_bo(&object), b.obtain_vm_bo(&object)];
    object.gpuva.evict(true, &object.gem().resv().lock());
    assert!(pairs.iter().all(GpuVmBo::is_evicted));
    assert_eq!((a.evicted_vm_bos().len(), b.evicted_vm_bos().len()), (0, 1));
    object.gpuva.evict(false, &object.gem().resv().lock());
    assert!(!pairs.iter().any(GpuVmBo::is_evicted));
    assert_eq!(b.evicted_vm_bos().len(), 0);
}

#[test]
fn a_job_locks_the_space_then_the_external_objects_or_those_of_a_range() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    let mut writer = Writer::new(&vm, HUGE);
    for (i, pair) in pairs.iter().enumerate() {
        writer
            .map(i as u64 * 16 * PAGE, PAGE, pair.object(), 0)
            .expect("valid");
    }
    let mut held = Held::default();
    vm.prepare_vm(&mut held, 1).expect("nobody holds it");
    vm.prepare_objects(&mut held, 2).expect("nobody holds them");
    assert_eq!(
        (held.order, held.fences, held.guards.len()),
        (vec![0, 10 * PAGE, 20 * PAGE], 5, 3)
    );
    drop(held.guards);
    let mut held = Held::default();
    vm.prepare_range(&mut held, 16 * PAGE, 17 * PAGE, 0)
        .expect("nobody holds them");
    assert_eq!(held.order, [2 * PAGE, 10 * PAGE]);
}

#[test]
fn a_lock_that_is_refused_ends_the_preparation() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    evict(&pairs[2], true);
    evict(&pairs[3], true);
    let _somebody = pairs[3].object().gem().resv().lock();
    let mut held = Held::default();
    vm.prepare_vm(&mut held, 0).expect("nobody holds it");
    assert_eq!(vm.prepare_objects(&mut held, 0), Err(Errno::EDEADLK));
    assert_eq!(
        pages(&vm.evicted_vm_bos()),
        [10],
        "the first was reached, the second was not"
    );
}

#[test]
#[should_panic(expected = "the space's reservation must be locked")]
fn preparing_objects_needs_the_lock_of_the_space() {
    let dev = device();
    let (vm, _pairs) = populated(&dev, true);
    let _ = vm.prepare_objects(&mut Held::default(), 0);
}

#[test]
#[should_panic(expected = "evicting needs the object's reservation")]
fn evicting_needs_the_lock_of_the_object() {
    let dev = device();
    let (vm, pairs) = populated(&dev, true);
    pairs[3].evict(true, &vm.resv().lock());
}
