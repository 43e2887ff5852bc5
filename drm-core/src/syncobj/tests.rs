//! Fences and timelines behind handles.

use super::*;
use crate::device::{Device, Driver, Features, File};
use crate::dma::{DmaConfig, DmaDevice};
use crate::machine::{Config, Machine};

struct Plain;

impl Driver for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::SYNCOBJ
    }
}

fn file() -> File {
    let machine = Machine::new(Config::default()).expect("the host has memory");
    let dma = DmaDevice::new(&machine, "plain", DmaConfig::default());
    Device::new(dma, Arc::new(Plain)).open().expect("opens")
}

fn create(file: &File, flags: u32) -> u32 {
    let mut arg = [0u32, flags].map(u32::to_ne_bytes).concat();
    file.ioctl(nr::CREATE.raw(), &mut arg)
        .expect("there are numbers left");
    u32::from_ne_bytes([arg[0], arg[1], arg[2], arg[3]])
}

#[test]
fn handles_are_the_lowest_free_numbers() {
    let file = file();
    assert_eq!(
        [create(&file, 0), create(&file, 0), create(&file, 0)],
        [1, 2, 3]
    );
    assert_eq!(file.remove_syncobj(2), Ok(()));
    assert_eq!(file.remove_syncobj(2), Err(Errno::EINVAL));
    assert_eq!(file.syncobj(2).map(drop), Err(Errno::ENOENT));
    assert_eq!(create(&file, 0), 2);
}

#[test]
fn a_new_object_has_no_fence_to_wait_for() {
    let file = file();
    let (empty, signaled) = (create(&file, 0), create(&file, 1));
    assert_eq!(
        file.syncobj(empty)
            .and_then(|object| object.find_fence(0))
            .map(drop),
        Err(Errno::EINVAL)
    );
    let fence = file
        .syncobj(signaled)
        .and_then(|object| object.find_fence(0));
    assert!(fence.is_ok_and(|fence| fence.is_signaled()));
}

#[test]
fn a_point_is_reached_when_all_before_it_are() {
    let object = Syncobj::new();
    let context = FenceContext::new();
    let (first, second) = (context.fence(), context.fence());
    object.add_point(10, &first);
    object.add_point(20, &second);
    let at = |point| object.find_fence(point).map(|fence| fence.is_signaled());
    second.signal();
    assert_eq!([at(5), at(15), at(0)], [Ok(false); 3]);
    assert_eq!(object.reached(), 0);
    first.set_error(Errno::EIO);
    first.signal();
    assert_eq!([at(5), at(15), at(0)], [Ok(true); 3]);
    assert_eq!(at(21), Err(Errno::EINVAL));
    assert_eq!(object.reached(), 20);
    assert_eq!(
        object.find_fence(20).map(|fence| fence.error()),
        Ok(Some(Errno::EIO))
    );
}

#[test]
fn waits_end_at_the_first_object_or_at_all() {
    let file = file();
    let (done, pending) = (create(&file, 1), create(&file, 0));
    let fence = FenceContext::new().fence();
    file.syncobj(pending)
        .expect("exists")
        .replace_fence(Some(fence.clone()));
    let handles = file
        .machine()
        .user()
        .put(&[pending, done].map(u32::to_ne_bytes).concat());
    let wait = |flags: u32| {
        let mut arg = [handles, 1_000, u64::from(flags) << 32 | 2, 0]
            .map(u64::to_ne_bytes)
            .concat();
        let result = file.ioctl(nr::WAIT.raw(), &mut arg);
        (result, arg[24])
    };
    assert_eq!(wait(0), (Ok(()), 1));
    assert_eq!(wait(1), (Err(Errno::ETIME), 0));
    fence.signal();
    assert_eq!(wait(1), (Ok(()), 0));
}
