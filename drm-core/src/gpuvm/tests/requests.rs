//! Requests that are refused, that fail half-way, that are taken as a list; and what a request costs.

use super::vectors::assert_pages_equal;
use super::*;

#[test]
fn a_range_that_is_not_valid_is_einval_and_changes_nothing() {
    let dev = device();
    let config = VmConfig {
        range: 0x1000..0x10_0000,
        reserved: 0x8000..0xa000,
        ..VmConfig::default()
    };
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
        assert_eq!(
            writer.map(addr, size, &object, 0),
            Err(Errno::EINVAL),
            "{addr:#x}+{size:#x}"
        );
        assert_eq!(
            writer.unmap(addr, size),
            Err(Errno::EINVAL),
            "{addr:#x}+{size:#x}"
        );
        assert!(writer.steps.is_empty());
        let va = GpuVa::new(addr, size, Some(&object), 0, 0);
        assert_eq!(vm.insert(&va), Err(Errno::EINVAL));
    }
    assert_eq!(vm.leftovers(), Leftovers::default());
    assert_eq!((vm.refs(), object.gem().refs()), (1, 1));
    writer
        .map(0x7000, 0x1000, &object, 0)
        .expect("ends where the reserved part begins");
    writer
        .map(0xa000, 0x1000, &object, 0)
        .expect("begins where the reserved part ends");
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
        writer
            .map(page * PAGE, 4 * PAGE, &object, 0)
            .expect("valid");
    }
    writer.fail_at = Some(1);
    assert_eq!(
        writer.map(2 * PAGE, 8 * PAGE, &object, 0),
        Err(Errno::ENOMEM)
    );
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
    let request = MapRequest {
        addr: PAGE,
        size: PAGE,
        object: Some(object.clone()),
        offset: 7 * PAGE,
    };
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
        writer
            .map(count * PAGE, 3 * PAGE, &object, 0)
            .expect("valid");
        writer.unmap(count * PAGE, 3 * PAGE).expect("valid");
        assert_eq!(
            vm.vas_walked() - before,
            3,
            "two mappings were in the way of one, one of the other"
        );
    }
}
