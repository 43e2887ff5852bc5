//! The address space that everybody shares: isolation, exhaustion, violations, large entries.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_kit::mmu::v3d::LargePages;
use port_v3d::{Config, Model};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_FULL_SPACE_REFUSES_AND_A_FREED_PLACE_IS_USED_AGAIN,
    AN_ACCESS_WITHOUT_ENTRY_GOES_TO_THE_SCRATCH_PAGE,
    ONE_CLIENT_READS_ANOTHERS_OBJECT,
    MEGABYTES_AND_64_KIB_HAVE_FLAGS_WHERE_FRAMES_ALLOW,
    AN_ALIGNMENT_THAT_FOLLOWS_THE_SIZE_LEAVES_NO_HOLES,
    V3D_7_1_HAS_THE_SAME_SPACE,
];

/// Objects of 128 MiB, without as much memory: the space is taken away by hand instead.
#[scenario]
fn a_full_space_refuses_and_a_freed_place_is_used_again(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.fill_space();
    let _ = s.create_with(fd, 4096, 0);
    s.stats();
    s.frames();
    s.close(bo);
    s.create(fd, 4096);
    let _ = s.create_with(fd, 4096, 0);
}

/// A read gives the scratch page, which stays zero: a write is aborted.
#[scenario]
fn an_access_without_entry_goes_to_the_scratch_page(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.gpu_read(0x5000);
    s.gpu_write(0x5000, 9);
    s.gpu_read(0x5000);
    s.gpu_read(bo.va + 0x1000);
}

/// Nothing isolates clients: the GMP is not programmed.
#[scenario]
fn one_client_reads_anothers_object(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let secret = s.create(a, 4096);
    let map = s.map(secret, 1);
    s.write(map, 8, 0x42);
    let own = s.create(b, 4096);
    s.submit(b, &[own.handle]);
    s.sleep(1);
    s.gpu_read(secret.va + 8);
    s.bin_done();
    s.render_done();
}

/// From Linux 6.13 on: every entry of a large page keeps its own frame, and says how large it is.
#[scenario]
fn megabytes_and_64_kib_have_flags_where_frames_allow(s: &mut Session) {
    let config = Config {
        large_pages: LargePages::WhereTheyFit,
        ..Config::default()
    };
    s.rebuild(64 << 20, config, true);
    let fd = s.open();
    let bo = s.create(fd, 2 << 20);
    s.entries();
    s.entries_name_the_pages(bo, 512);
    s.create(fd, 4096);
    s.entries();
    s.close(bo);
    s.entries();
}

/// With large entries small objects are not aligned for the GMP any more, so they lie side by side.
#[scenario]
fn an_alignment_that_follows_the_size_leaves_no_holes(s: &mut Session) {
    let config = Config {
        large_pages: LargePages::WhereTheyFit,
        ..Config::default()
    };
    s.rebuild(64 << 20, config, false);
    let fd = s.open();
    for size in [4096, 4096, 4096, 0x10000, 4096] {
        s.create(fd, size);
    }
    s.holes();
    s.entries();
}

#[scenario]
fn v3d_7_1_has_the_same_space(s: &mut Session) {
    let config = Config {
        model: Model::V71,
        ..Config::default()
    };
    s.rebuild(64 << 20, config, false);
    let fd = s.open();
    s.create(fd, 4096);
    s.create(fd, 0x21000);
    s.create(fd, 4096);
    s.entries();
    s.registers();
}
