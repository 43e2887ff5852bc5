//! What is left when something fails, and when the device goes.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_virtgpu::Params;
use port_virtgpu::uapi::{BLOB_FLAG_USE_MAPPABLE, BLOB_MEM_HOST3D, ResourceCreate};

use super::session::{Fd, Session};

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_INTERRUPTED_CREATION_LEAVES_NOTHING,
    A_CREATION_WITHOUT_MEMORY_LEAVES_NOTHING,
    A_CREATION_WITHOUT_A_HANDLE_IS_TOLD_TO_THE_HOST,
    ANY_FAILURE_OF_A_CREATION_LEAVES_NOTHING,
    AN_UNPLUGGED_DEVICE_FREES_AT_ONCE,
    WHAT_THE_HOST_HAS_NOT_ANSWERED_IS_LOST_WITH_THE_DEVICE,
    MEMORY_OF_THE_HOST_IS_LOST_WITH_THE_DEVICE,
    A_HANDLE_THAT_IS_CLOSED_AFTER_THE_DEVICE_LOSES_ITS_OBJECT,
    MEMORY_PRESSURE_FREES_NOTHING,
];

fn picture() -> ResourceCreate {
    ResourceCreate {
        target: 2,
        format: 2,
        width: 32,
        height: 32,
        size: 4096,
        ..ResourceCreate::default()
    }
}

#[scenario]
fn an_interrupted_creation_leaves_nothing(s: &mut Session) {
    let fd = s.open();
    s.heading("while the pages are got");
    s.fail(Fail::Signal, 1);
    s.try_create(fd, picture()).expect_err("it is interrupted");
    s.heading("while the object is locked for its fence");
    s.fail(Fail::Signal, 2);
    s.try_create(fd, picture()).expect_err("it is interrupted");
    s.memory();
    s.heading("the id is gone, or not");
    s.try_create(fd, picture()).expect("it is created");
}

#[scenario]
fn a_creation_without_memory_leaves_nothing(s: &mut Session) {
    let fd = s.open();
    for what in [Fail::PageAlloc, Fail::DmaMap] {
        s.fail(what, 1);
        s.try_dumb(fd, 32, 32, 32).expect_err("it fails");
    }
    s.answer();
    s.memory();
}

#[scenario]
fn a_creation_without_a_handle_is_told_to_the_host(s: &mut Session) {
    let fd = s.open();
    for nth in 4..=6 {
        s.fail(Fail::Alloc, nth);
        let made = s.try_dumb(fd, 32, 32, 32);
        s.machine.failpoints().disarm();
        s.answer();
        if let Ok(bo) = made {
            s.close(bo);
            s.answer();
        }
    }
    s.memory();
}

fn sweep(s: &mut Session, make: impl Fn(&mut Session, Fd) -> bool) {
    let fd = s.open();
    for nth in 1.. {
        s.machine.failpoints().fail_any_nth(nth);
        let made = make(s, fd);
        let fired = s.machine.failpoints().disarm();
        s.answer();
        if made && !fired {
            break;
        }
    }
    s.close_file(fd);
    s.answer();
    s.memory();
}

#[scenario]
fn any_failure_of_a_creation_leaves_nothing(s: &mut Session) {
    s.host(Params {
        virgl: true,
        blob: true,
        window: Some(16),
        ..Params::default()
    });
    s.heading("a classic resource");
    sweep(s, |s, fd| s.try_create(fd, picture()).is_ok());
    s.heading("memory of the host");
    sweep(s, |s, fd| {
        let args = port_virtgpu::uapi::ResourceCreateBlob {
            blob_mem: BLOB_MEM_HOST3D,
            blob_flags: BLOB_FLAG_USE_MAPPABLE,
            size: 4096,
            ..Default::default()
        };
        s.try_blob(fd, args).is_ok()
    });
    s.window();
}

#[scenario]
fn an_unplugged_device_frees_at_once(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.unplug();
    s.memory();
    s.close(bo);
    s.memory();
}

#[scenario(differs = "D2")]
fn what_the_host_has_not_answered_is_lost_with_the_device(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.close(bo);
    s.unplug();
    s.memory();
}

#[scenario(differs = "D2")]
fn memory_of_the_host_is_lost_with_the_device(s: &mut Session) {
    s.host(Params {
        virgl: true,
        blob: true,
        window: Some(16),
        ..Params::default()
    });
    let fd = s.open();
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 4096);
    s.answer();
    s.close(bo);
    s.answer_next();
    s.unplug();
    s.window();
    s.memory();
}

#[scenario]
fn a_handle_that_is_closed_after_the_device_loses_its_object(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.unplug();
    s.close(bo);
    s.memory();
}

#[scenario]
fn memory_pressure_frees_nothing(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.heading("advice is for later kernels");
    s.later_ioctl(fd, 12, [bo.handle, 0, 1, 0]);
    s.heading("memory is asked for");
    let control = drm_core::machine::ShrinkControl::direct(64);
    let freed = s.machine.shrink_slab(64, control);
    s.note("pages that a shrinker freed", freed);
    let map = s.map(bo, 4);
    s.read(map, 0);
    s.look(bo);
}
