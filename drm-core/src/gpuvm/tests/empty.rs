//! Mappings of size 0, which the kernel lets through. The expected lists are what Linux 6.12.117 answered to panthor's
//! VM_BIND.

use super::*;

struct Case {
    vm: Vm,
    object: Gem<Bo>,
    dev: Device,
}

impl Case {
    fn new() -> Self {
        let dev = device();
        Self {
            vm: vm(&dev),
            object: external(&dev, 16),
            dev,
        }
    }

    fn list(&self) -> String {
        let va = |va: &GpuVa<Types>| {
            let refs = va.vm_bo().map_or(0, |pair| pair.refs() - 1);
            format!(
                "[{:x}+{:x} o={:x} r={refs}]",
                va.addr(),
                va.size(),
                va.offset()
            )
        };
        self.vm.vas().iter().map(va).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn they_stand_side_by_side_and_only_a_range_around_them_unmaps_them() {
    let case = Case::new();
    let mut writer = Writer::new(&case.vm, HUGE);
    writer.map(0x20_0000, 0, &case.object, 0).expect("valid");
    assert_eq!(case.list(), "[200000+0 o=0 r=1]");
    writer.map(0x20_0000, 0, &case.object, 0).expect("valid");
    assert_eq!(case.list(), "[200000+0 o=0 r=2] [200000+0 o=0 r=2]");
    writer.unmap(0x20_0000, 0).expect("valid");
    assert_eq!(case.list(), "[200000+0 o=0 r=2] [200000+0 o=0 r=2]");
    writer.unmap(0x1f_0000, 0x2_0000).expect("valid");
    assert_eq!(case.list(), "");
    assert_eq!(case.vm.refs(), 1);
}

#[test]
fn they_are_found_by_some_requests_and_missed_by_others() {
    let case = Case::new();
    let mut writer = Writer::new(&case.vm, HUGE);
    writer.map(0x30_0000, 0, &case.object, 0).expect("valid");
    writer
        .map(0x2f_0000, 0x1_0000, &case.object, 0)
        .expect("valid");
    assert_eq!(case.list(), "[2f0000+10000 o=0 r=2] [300000+0 o=0 r=2]");
    writer
        .map(0x2f_8000, 0x1_0000, &case.object, 0)
        .expect("valid");
    assert_eq!(case.list(), "[2f0000+8000 o=0 r=2] [2f8000+10000 o=0 r=2]");
    writer.map(0x2f_c000, 0, &case.object, 0).expect("valid");
    let split =
        "[2f0000+8000 o=0 r=4] [2f8000+4000 o=0 r=4] [2fc000+c000 o=4000 r=4] [2fc000+0 o=0 r=4]";
    assert_eq!(case.list(), split);
    writer.unmap(0x2f_c000, 0).expect("valid");
    assert_eq!(case.list(), split);
    writer
        .map(0x40_0000, 0x1000, &case.object, 0)
        .expect("valid");
    assert_eq!(case.list().matches("r=5").count(), 5);
}

#[test]
fn a_request_to_map_stops_before_an_empty_mapping_that_one_to_unmap_takes() {
    let case = Case::new();
    let mut writer = Writer::new(&case.vm, HUGE);
    writer
        .map(0x10_0000, 0x4000, &case.object, 0)
        .expect("valid");
    writer.map(0x10_2000, 0, &case.object, 0).expect("valid");
    assert_eq!(
        case.list(),
        "[100000+2000 o=0 r=3] [102000+2000 o=2000 r=3] [102000+0 o=0 r=3]"
    );
    writer
        .map(0x10_2000, 0x2000, &case.object, 0)
        .expect("valid");
    assert_eq!(writer.steps, ["unmap 258+2", "map 258+2"]);
    assert_eq!(
        case.list(),
        "[100000+2000 o=0 r=3] [102000+0 o=0 r=3] [102000+2000 o=0 r=3]"
    );
    // Now the empty one is the older, and a search from its own address does not find it.
    writer.unmap(0x10_2000, 0x2000).expect("valid");
    assert_eq!(case.list(), "[100000+2000 o=0 r=2] [102000+0 o=0 r=2]");
    writer
        .map(0x10_2000, 0x2000, &case.object, 0)
        .expect("valid");
    writer.map(0x10_3000, 0, &case.object, 0).expect("valid");
    assert_eq!(case.list().matches('[').count(), 5);
    writer.unmap(0x10_3000, 0x1000).expect("valid");
    assert_eq!(writer.steps, ["unmap 259+1", "unmap 259+0"]);
}

#[test]
fn one_at_address_0_is_in_the_way_of_everything() {
    let case = Case::new();
    let mut writer = Writer::new(&case.vm, HUGE);
    writer.map(0, 0, &case.object, 0).expect("valid");
    assert_eq!(case.list(), "[0+0 o=0 r=1]");
    let elsewhere = GpuVa::new(0x5000, PAGE, Some(&case.object), 0, 0);
    assert_eq!(case.vm.insert(&elsewhere), Err(Errno::EEXIST));
    // A second one is refused, and nobody is told: it stays linked, and keeps the pair.
    let pair = case.vm.obtain_vm_bo(&case.object);
    let request = MapRequest {
        addr: 0,
        size: 0,
        object: Some(case.object.clone()),
        offset: 0,
    };
    for op in case.vm.sm_map_ops(&request).expect("valid") {
        let Op::Map(op) = op else {
            panic!("only the map, not {op:?}")
        };
        let (va, _applied) = op.insert(0, Some(pair.clone()));
        assert!(!va.is_inserted());
    }
    assert_eq!((pair.vas().len(), case.vm.leftovers().vas), (2, 1));
    assert_eq!(case.dev.object_count(), 2);
}
