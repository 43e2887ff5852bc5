//! The list node that drivers use for their purge lists.

use gem_shmem::legacy::{List, Subclass};

use crate::support::{PAGE, bench};

#[test]
fn a_list_is_kept_by_drivers_and_an_object_is_in_it_once() {
    let bench = bench();
    let list = List::default();
    let (one, two) = (bench.object(PAGE), bench.object(PAGE));
    list.move_tail(one.base());
    list.move_tail(two.base());
    list.move_tail(one.base());
    assert!(one.base().madv_list.is_linked() && list.contains(&one.base().base));
    let order: Vec<_> = list
        .objects()
        .iter()
        .filter_map(|weak| weak.upgrade())
        .collect();
    assert_eq!(order.len(), 2);
    assert!(order[0].is(&two) && order[1].is(&one));
    list.del(two.base());
    assert!(!two.base().madv_list.is_linked() && !list.contains(&two.base().base));
    list.del(two.base());
    assert_eq!(list.objects().len(), 1);
}

#[test]
fn nobody_takes_a_dying_object_out() {
    let bench = bench();
    let list = List::default();
    let object = bench.object(PAGE);
    list.move_tail(object.base());
    drop(object);
    assert_eq!(list.objects().len(), 1, "the driver's free must do it");
    assert!(list.objects()[0].upgrade().is_none());
}
