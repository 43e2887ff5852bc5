//! Blobs: of the guest's memory, of the host's, through the window; UUIDs.

use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_virtgpu::Params;
use port_virtgpu::host::command::{ERR_UNSPEC, MAP_CACHE_UNCACHED, MAP_CACHE_WC};
use port_virtgpu::uapi::{
    BLOB_FLAG_USE_CROSS_DEVICE, BLOB_FLAG_USE_MAPPABLE, BLOB_FLAG_USE_SHAREABLE, BLOB_MEM_GUEST,
    BLOB_MEM_HOST3D, BLOB_MEM_HOST3D_GUEST, ResourceCreateBlob, Transfer,
};

use super::session::{Session, flat};

pub(crate) const ALL: &[Scenario<Session>] = &[
    BAD_BLOBS_ARE_REFUSED,
    A_HOST_WITHOUT_BLOBS_HAS_NONE,
    MEMORY_OF_THE_HOST_NEEDS_A_RENDERER,
    A_BLOB_OF_THE_GUEST_COMES_WITH_ITS_LIST,
    A_DUMB_BLOB_DOES_NOT_KNOW_WHOSE_MEMORY_IT_IS,
    A_BLOB_OF_THE_RENDERER_IN_THE_GUESTS_MEMORY,
    MEMORY_OF_THE_HOST_IS_MAPPED_THROUGH_THE_WINDOW,
    THE_HOST_SAYS_HOW_ITS_MEMORY_IS_CACHED,
    A_HOST_THAT_DOES_NOT_MAP_IS_NOTICED_BY_MMAP,
    MEMORY_OF_THE_HOST_IS_FOR_THE_HOST_ALONE,
    A_MAPPABLE_BLOB_WITHOUT_A_WINDOW,
    A_FULL_WINDOW_TELLS_THE_HOST_TWICE,
    A_PART_OF_THE_WINDOW_IS_FREE_AFTER_THE_ANSWER_ALONE,
    FOUR_GIB_ARE_TOLD_AS_NONE,
    COMMANDS_ARE_SENT_BEFORE_A_CREATION_THAT_FAILS,
    A_BLOB_FOR_OTHER_DEVICES_HAS_A_UUID,
];

/// A host with everything, and a window of a MiB.
fn everything() -> Params {
    Params {
        virgl: true,
        blob: true,
        uuid: true,
        window: Some(256),
        ..Params::default()
    }
}

const MIB: u64 = 1 << 20;

#[scenario]
fn bad_blobs_are_refused(s: &mut Session) {
    s.host(Params {
        uuid: false,
        ..everything()
    });
    let fd = s.open();
    let guest = ResourceCreateBlob {
        blob_mem: BLOB_MEM_GUEST,
        size: 4096,
        ..ResourceCreateBlob::default()
    };
    let host = ResourceCreateBlob {
        blob_mem: BLOB_MEM_HOST3D,
        ..guest
    };
    let bad = [
        ResourceCreateBlob {
            blob_mem: 0,
            ..guest
        },
        ResourceCreateBlob {
            blob_mem: 4,
            ..guest
        },
        ResourceCreateBlob {
            blob_flags: 8,
            ..guest
        },
        ResourceCreateBlob {
            blob_flags: BLOB_FLAG_USE_CROSS_DEVICE,
            ..guest
        },
        ResourceCreateBlob {
            blob_id: 1,
            ..guest
        },
        ResourceCreateBlob {
            cmd_size: 4,
            ..guest
        },
        ResourceCreateBlob {
            cmd_size: 6,
            ..host
        },
        ResourceCreateBlob {
            cmd_size: 4,
            cmd: 0x1000,
            ..host
        },
        ResourceCreateBlob { size: 0, ..guest },
        ResourceCreateBlob { size: 0, ..host },
        ResourceCreateBlob {
            size: u64::MAX,
            ..guest
        },
        ResourceCreateBlob {
            size: u64::MAX,
            ..host
        },
        ResourceCreateBlob {
            size: 1 << 62,
            ..guest
        },
    ];
    for args in bad {
        s.try_blob(fd, args).expect_err("it is refused");
    }
    s.answer();
    s.memory();
}

#[scenario]
fn a_host_without_blobs_has_none(s: &mut Session) {
    let fd = s.open();
    let args = ResourceCreateBlob {
        blob_mem: BLOB_MEM_GUEST,
        size: 4096,
        ..ResourceCreateBlob::default()
    };
    s.try_blob(fd, args).expect_err("it is refused");
}

#[scenario]
fn memory_of_the_host_needs_a_renderer(s: &mut Session) {
    s.host(Params {
        blob: true,
        ..Params::default()
    });
    let fd = s.open();
    for blob_mem in [BLOB_MEM_HOST3D, BLOB_MEM_HOST3D_GUEST] {
        let args = ResourceCreateBlob {
            blob_mem,
            size: 4096,
            ..ResourceCreateBlob::default()
        };
        s.try_blob(fd, args).expect_err("it is refused");
    }
}

#[scenario]
fn a_blob_of_the_guest_comes_with_its_list(s: &mut Session) {
    s.host(Params {
        blob: true,
        ..Params::default()
    });
    let fd = s.open();
    let (bo, id) = s.blob(fd, BLOB_MEM_GUEST, BLOB_FLAG_USE_MAPPABLE, 5000);
    s.info(bo);
    s.look(bo);
    s.answer();
    s.backing(bo, id);
    let map = s.map(bo, 2);
    s.write(map, 0x1fff, 0x42);
    s.guest_byte(id, 0x1fff);
    s.heading("what the host reads in place is not transferred");
    s.upload(bo, flat(0, 0, 1, 1), 0);
}

#[scenario]
fn a_dumb_blob_does_not_know_whose_memory_it_is(s: &mut Session) {
    s.host(Params {
        blob: true,
        ..Params::default()
    });
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.info(bo);
    s.look(bo);
}

#[scenario]
fn a_blob_of_the_renderer_in_the_guests_memory(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (bo, id) = s.blob(fd, BLOB_MEM_HOST3D_GUEST, BLOB_FLAG_USE_MAPPABLE, 4096);
    s.info(bo);
    s.look(bo);
    let draw = port_virtgpu::host::fill(id, 16, 16, 0x5a);
    s.exec(fd, &[bo.handle], &draw).expect("it is taken");
    s.wait(bo, 0);
    let map = s.map(bo, 1);
    s.read(map, 15);
    s.read(map, 16);
    s.heading("its transfers may have lines of any length");
    let args = Transfer {
        r#box: flat(0, 0, 16, 1),
        stride: 64,
        layer_stride: 64,
        ..Transfer::default()
    };
    s.transfer(bo, true, args);
    s.answer();
}

#[scenario]
fn memory_of_the_host_is_mapped_through_the_window(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (bo, id) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 8192);
    s.look(bo);
    s.window();
    s.heading("mmap waits for the host");
    let map = s.map(bo, 2);
    s.write(map, 0x1800, 0x42);
    s.host_byte(id, 0x1800);
    s.heading("only as a whole, only shared, never for the kernel");
    s.try_map(bo, 4096, Sharing::Shared)
        .expect_err("it is refused");
    s.vmap(bo);
    s.info(bo);
    s.unmap(map);
    s.close(bo);
    s.answer();
    s.window();
}

#[scenario]
fn the_host_says_how_its_memory_is_cached(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    for info in [MAP_CACHE_WC, MAP_CACHE_UNCACHED] {
        s.gpu.host().set_map_info(info);
        let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 4096);
        s.map(bo, 1);
    }
}

#[scenario]
fn a_host_that_does_not_map_is_noticed_by_mmap(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    s.host_fails(0x208, ERR_UNSPEC);
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 4096);
    s.try_map(bo, 4096, Sharing::Shared)
        .expect_err("it is refused");
    s.close(bo);
    s.answer();
    s.window();
    s.heading("memory that is not to be mapped");
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_SHAREABLE, 4096);
    s.try_map(bo, 4096, Sharing::Shared)
        .expect_err("it is refused");
}

#[scenario]
fn memory_of_the_host_is_for_the_host_alone(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let flags = BLOB_FLAG_USE_MAPPABLE | BLOB_FLAG_USE_CROSS_DEVICE;
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, flags, 8192);
    s.answer();
    let buf = s.export(bo);
    s.heading("mapped in the window: one run of it");
    s.device_maps(buf, "camera");
    s.device_maps(buf, "virtio_camera");
    s.heading("not to be mapped: only devices that know the uuid");
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_CROSS_DEVICE, 8192);
    s.answer();
    let buf = s.export(bo);
    s.device_maps(buf, "camera");
    s.device_maps(buf, "virtio_camera");
    s.uuid(buf);
}

#[scenario]
fn a_mappable_blob_without_a_window(s: &mut Session) {
    s.host(Params {
        window: None,
        ..everything()
    });
    let fd = s.open();
    let args = ResourceCreateBlob {
        blob_mem: BLOB_MEM_HOST3D,
        blob_flags: BLOB_FLAG_USE_MAPPABLE,
        size: 4096,
        ..ResourceCreateBlob::default()
    };
    s.try_blob(fd, args).expect_err("it is refused");
    s.answer();
    s.memory();
}

fn mappable(size: u64) -> ResourceCreateBlob {
    ResourceCreateBlob {
        blob_mem: BLOB_MEM_HOST3D,
        blob_flags: BLOB_FLAG_USE_MAPPABLE,
        size,
        ..ResourceCreateBlob::default()
    }
}

#[scenario]
fn a_full_window_tells_the_host_twice(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    s.try_blob(fd, mappable(MIB)).expect("it is created");
    s.answer();
    s.try_blob(fd, mappable(4096))
        .expect_err("the window is full");
    s.answer();
    s.resources();
    s.memory();
}

#[scenario]
fn a_part_of_the_window_is_free_after_the_answer_alone(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (bo, _) = s.try_blob(fd, mappable(MIB)).expect("it is created");
    s.answer();
    s.close(bo);
    s.window();
    s.try_blob(fd, mappable(MIB))
        .expect_err("the window is full");
    s.answer();
    s.window();
    s.try_blob(fd, mappable(MIB)).expect("it is created");
    s.window();
}

#[scenario]
fn four_gib_are_told_as_none(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, 0, 1 << 32);
    s.info(bo);
    s.look(bo);
    s.answer();
}

#[scenario]
fn commands_are_sent_before_a_creation_that_fails(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (other, id) = s.blob(fd, BLOB_MEM_HOST3D, 0, 4096);
    let draw = port_virtgpu::host::fill(id, 0, 16, 0x99);
    let args = ResourceCreateBlob {
        cmd_size: draw.len() as u32,
        cmd: s.machine.user().put(&draw),
        ..mappable(2 * MIB)
    };
    s.try_blob(fd, args).expect_err("it is refused");
    s.answer();
    s.host_byte(id, 0);
    s.info(other);
}

#[scenario]
fn a_blob_for_other_devices_has_a_uuid(s: &mut Session) {
    s.host(everything());
    let fd = s.open();
    let (bo, _) = s.blob(fd, BLOB_MEM_GUEST, BLOB_FLAG_USE_CROSS_DEVICE, 4096);
    let buf = s.export(bo);
    s.uuid(buf);
    s.heading("another blob has none, asked or not");
    let (bo, _) = s.blob(fd, BLOB_MEM_GUEST, BLOB_FLAG_USE_SHAREABLE, 4096);
    let buf = s.export(bo);
    s.uuid(buf);
    s.heading("a classic resource gets one when it is exported");
    let (bo, _) = s.create(fd, 32, 32);
    let buf = s.export(bo);
    s.uuid(buf);
    s.heading("a host that refuses");
    let (bo, _) = s.create(fd, 32, 32);
    s.host_fails(0x10b, ERR_UNSPEC);
    let buf = s.export(bo);
    s.uuid(buf);
}
