//! Dumb buffers and classic resources: lists of addresses, numbers, uploads, waiting.

use drm_core::dma::DmaConfig;
use drm_core::mmap::Sharing;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_virtgpu::Params;
use port_virtgpu::host::command::ERR_OUT_OF_MEMORY;
use port_virtgpu::uapi::{ResourceCreate, Transfer, WAIT_NOWAIT};

use super::session::{Session, flat};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_DUMB_BUFFER_IS_RESIDENT_AND_THE_HOST_HAS_ITS_LIST,
    A_CLOSED_BUFFER_STAYS_UNTIL_THE_HOST_ANSWERS,
    AN_ID_IS_USED_AGAIN_AFTER_THE_ANSWER_ALONE,
    PAGES_THAT_LIE_APART_ARE_ENTRIES_OF_THEIR_OWN,
    AN_IOMMU_MAKES_ONE_ENTRY_OF_PAGES_THAT_LIE_APART,
    A_LIMIT_OF_SEGMENTS_CUTS_ENTRIES,
    DUMB_BUFFERS_HAVE_32_BITS_PER_PIXEL,
    A_2D_HOST_TAKES_PLAIN_PICTURES_ALONE,
    AN_UPLOAD_FOLLOWS_THE_LIST,
    A_DOWNLOAD_NEEDS_A_RENDERER,
    A_RENDERER_DRAWS_AND_THE_GUEST_READS,
    A_TRANSFER_WRITES_THE_CACHES_BACK,
    AN_UPLOAD_FOR_THE_RENDERER_WRITES_THE_CACHES_BACK,
    WITHOUT_THE_DMA_API_THE_HOST_SEES_EVERYTHING,
    WHAT_THE_HOST_WROTE_STAYS_BEHIND_STALE_CACHES,
    WAITING_FOR_A_CREATION,
    WAITING_FOR_A_HOST_THAT_HANGS,
    A_REJECTED_CREATION_IS_NOT_NOTICED,
    A_MAPPING_IS_WHOLE_SHARED_AND_CACHED,
];

#[scenario]
fn a_dumb_buffer_is_resident_and_the_host_has_its_list(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.look(bo);
    s.info(bo);
    s.answer();
    s.backing(bo, 2);
    s.memory();
}

#[scenario(differs = "D1")]
fn a_closed_buffer_stays_until_the_host_answers(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.close(bo);
    s.memory();
    s.dumb(fd, 64, 64);
    s.answer();
    s.memory();
}

#[scenario]
fn an_id_is_used_again_after_the_answer_alone(s: &mut Session) {
    s.host(Params {
        virglhack: false,
        ..Params::default()
    });
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.close(bo);
    s.dumb(fd, 64, 64);
    s.answer();
    s.dumb(fd, 64, 64);
}

fn apart(s: &mut Session) {
    let fd = s.open();
    let kept = s.scatter();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.backing(bo, 2);
    s.look(bo);
    drop(kept);
}

#[scenario]
fn pages_that_lie_apart_are_entries_of_their_own(s: &mut Session) {
    apart(s);
}

#[scenario]
fn an_iommu_makes_one_entry_of_pages_that_lie_apart(s: &mut Session) {
    s.host(Params {
        use_dma_api: true,
        dma: DmaConfig {
            iommu: true,
            ..DmaConfig::default()
        },
        ..Params::default()
    });
    apart(s);
}

#[scenario]
fn a_limit_of_segments_cuts_entries(s: &mut Session) {
    s.host(Params {
        use_dma_api: true,
        dma: DmaConfig {
            iommu: true,
            max_segment: 8192,
            ..DmaConfig::default()
        },
        ..Params::default()
    });
    apart(s);
}

#[scenario]
fn dumb_buffers_have_32_bits_per_pixel(s: &mut Session) {
    let fd = s.open();
    for bpp in [16, 24, 8, 64] {
        s.try_dumb(fd, 64, 64, bpp).expect_err("it is refused");
    }
    s.try_dumb(fd, 0, 64, 32).expect_err("it is refused");
    s.try_dumb(fd, 0x8000, 0x8000, 32)
        .expect_err("it is refused");
    s.dumb(fd, 1, 1);
    s.memory();
}

#[scenario]
fn a_2d_host_takes_plain_pictures_alone(s: &mut Session) {
    let fd = s.open();
    let plain = ResourceCreate {
        target: 2,
        format: 2,
        width: 16,
        height: 16,
        ..ResourceCreate::default()
    };
    let bad = [
        ResourceCreate { target: 3, ..plain },
        ResourceCreate { depth: 2, ..plain },
        ResourceCreate {
            nr_samples: 2,
            ..plain
        },
        ResourceCreate {
            last_level: 2,
            ..plain
        },
        ResourceCreate {
            array_size: 2,
            ..plain
        },
    ];
    for args in bad {
        s.try_create(fd, args).expect_err("it is refused");
    }
    s.heading("no size is a page");
    let (bo, _) = s.try_create(fd, plain).expect("it is created");
    s.look(bo);
    s.info(bo);
    s.heading("a size that is too small for the picture");
    let args = ResourceCreate { size: 1, ..plain };
    let (bo, id) = s.try_create(fd, args).expect("it is created");
    s.upload(bo, flat(0, 0, 16, 16), 4096);
    s.answer();
    s.backing(bo, id);
}

#[scenario]
fn an_upload_follows_the_list(s: &mut Session) {
    let fd = s.open();
    let kept = s.scatter();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    for (at, byte) in [(0, 0x11), (0x1000, 0x22), (0x2104, 0x33), (0x3fff, 0x44)] {
        s.write(map, at, byte);
    }
    s.heading("everything");
    s.upload(bo, flat(0, 0, 64, 64), 0);
    s.answer();
    for at in [0, 0x1000, 0x2104, 0x3fff] {
        s.host_byte(2, at);
    }
    s.heading("two lines, from their place");
    s.write(map, 0, 0x55);
    s.write(map, 0x2104, 0x66);
    s.upload(bo, flat(1, 33, 2, 2), 33 * 256 + 4);
    s.answer();
    s.host_byte(2, 0);
    s.host_byte(2, 0x2104);
    s.heading("beyond the picture, and beyond the memory");
    s.upload(bo, flat(60, 0, 8, 1), 0);
    s.upload(bo, flat(0, 0, 64, 64), 4);
    s.answer();
    drop(kept);
}

#[scenario]
fn a_download_needs_a_renderer(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.download(bo, flat(0, 0, 64, 64), 0);
    let unknown = s.guess(fd, 99);
    s.download(unknown, flat(0, 0, 1, 1), 0);
    s.upload(unknown, flat(0, 0, 1, 1), 0);
    s.info(unknown);
    s.wait(unknown, 0);
}

#[scenario]
fn a_renderer_draws_and_the_guest_reads(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let (bo, id) = s.create(fd, 32, 32);
    let draw = port_virtgpu::host::fill(id, 256, 512, 0x77);
    s.exec(fd, &[bo.handle], &draw).expect("it is taken");
    s.download(bo, flat(0, 0, 32, 32), 0);
    s.wait(bo, 0);
    let map = s.map(bo, 1);
    s.read(map, 255);
    s.read(map, 256);
    s.read(map, 767);
    s.read(map, 768);
    s.heading("lines of another length are for blobs");
    let args = Transfer {
        r#box: flat(0, 0, 32, 32),
        stride: 128,
        ..Transfer::default()
    };
    s.transfer(bo, true, args);
    s.transfer(bo, false, args);
}

/// A host that wants addresses of the DMA API and does not see the CPU's caches.
fn cached() -> Params {
    Params {
        use_dma_api: true,
        dma: DmaConfig {
            coherent: false,
            ..DmaConfig::default()
        },
        ..Params::default()
    }
}

#[scenario]
fn a_transfer_writes_the_caches_back(s: &mut Session) {
    s.host(cached());
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    let map = s.map(bo, 4);
    s.write(map, 0, 0x11);
    s.guest_byte(2, 0);
    s.upload(bo, flat(0, 0, 64, 64), 0);
    s.guest_byte(2, 0);
    s.answer();
    s.host_byte(2, 0);
}

#[scenario]
fn an_upload_for_the_renderer_writes_the_caches_back(s: &mut Session) {
    s.host(Params {
        virgl: true,
        ..cached()
    });
    let fd = s.open();
    let (bo, id) = s.create(fd, 32, 32);
    s.answer();
    let map = s.map(bo, 1);
    s.write(map, 0, 0x11);
    s.guest_byte(id, 0);
    s.upload(bo, flat(0, 0, 32, 32), 0);
    s.guest_byte(id, 0);
    s.wait(bo, 0);
    s.host_byte(id, 0);
}

#[scenario]
fn without_the_dma_api_the_host_sees_everything(s: &mut Session) {
    s.host(Params {
        use_dma_api: false,
        ..cached()
    });
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    let map = s.map(bo, 4);
    s.write(map, 0, 0x11);
    s.guest_byte(2, 0);
}

#[scenario]
fn what_the_host_wrote_stays_behind_stale_caches(s: &mut Session) {
    s.host(Params {
        virgl: true,
        ..cached()
    });
    let fd = s.open();
    let (bo, id) = s.create(fd, 32, 32);
    let draw = port_virtgpu::host::fill(id, 0, 512, 0x77);
    s.exec(fd, &[bo.handle], &draw).expect("it is taken");
    s.download(bo, flat(0, 0, 32, 32), 0);
    s.wait(bo, 0);
    let map = s.map(bo, 1);
    s.guest_byte(id, 0);
    s.read(map, 0);
}

#[scenario]
fn waiting_for_a_creation(s: &mut Session) {
    let fd = s.open();
    let (bo, _) = s.create(fd, 32, 32);
    s.wait(bo, WAIT_NOWAIT);
    s.answer_next();
    s.wait(bo, WAIT_NOWAIT);
    s.heading("a dumb buffer is never busy");
    let dumb = s.dumb(fd, 32, 32);
    s.wait(dumb, WAIT_NOWAIT);
    s.heading("waiting lets the host work");
    let (bo, _) = s.create(fd, 32, 32);
    s.wait(bo, 0);
}

#[scenario]
fn waiting_for_a_host_that_hangs(s: &mut Session) {
    let fd = s.open();
    s.host_hangs(true);
    let (bo, _) = s.create(fd, 32, 32);
    s.wait(bo, 0);
    s.close(bo);
    s.memory();
    s.host_hangs(false);
    s.answer();
    s.memory();
}

#[scenario]
fn a_rejected_creation_is_not_noticed(s: &mut Session) {
    let fd = s.open();
    s.host_fails(0x101, ERR_OUT_OF_MEMORY);
    let bo = s.dumb(fd, 64, 64);
    s.answer();
    s.resources();
    let map = s.map(bo, 4);
    s.write(map, 0, 0x11);
    s.read(map, 0);
    s.upload(bo, flat(0, 0, 64, 64), 0);
    s.answer();
    s.unmap(map);
    s.close(bo);
    s.answer();
}

#[scenario]
fn a_mapping_is_whole_shared_and_cached(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.look(bo);
    s.read(map, 0x3fff);
    s.try_map(bo, 4096, Sharing::Private)
        .expect_err("it is refused");
    s.try_map(bo, 5 * 4096, Sharing::Shared)
        .expect_err("it is refused");
    s.unmap(map);
    s.look(bo);
    s.vmap(bo);
    s.look(bo);
    s.vunmap(bo);
    s.look(bo);
}
