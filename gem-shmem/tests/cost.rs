//! What an object without pages costs: nothing but its header. Alone in its process, because it counts descriptors.

use drm_core::device::{Device, Driver};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::machine::{Config, Machine};
use drm_core::sync::Arc;

struct NoDriver;

impl Driver for NoDriver {
    fn name(&self) -> &'static str {
        "cost"
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[test]
fn a_hundred_thousand_objects_have_no_page_and_no_descriptor() {
    let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
    let dma = DmaDevice::new(&machine, "cost", DmaConfig::default());
    let dev = Device::new(dma, Arc::new(NoDriver));
    let file = dev.open().expect("it opens");
    let before = descriptors();
    for _ in 0..100_000 {
        let object = gem_shmem::Object::create(&dev, 1 << 20).expect("there is room");
        file.handle_create(&object.into_dyn())
            .expect("a handle can be made");
    }
    assert_eq!(dev.object_count(), 100_000);
    assert_eq!(machine.frames().stats().used, 0);
    assert_eq!(descriptors(), before);
    let counters = machine.counters();
    let steps = counters.handle_steps.get();
    for handle in [1, 50_000, 100_000] {
        assert!(file.lookup(handle).is_some());
    }
    assert_eq!(counters.handle_steps.get() - steps, 3);
    drop(file);
    assert_eq!(dev.object_count(), 0);
}
