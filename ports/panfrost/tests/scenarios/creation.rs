//! CREATE_BO: addresses, alignment, refusals, and what a failure leaves.

use drm_core::machine::Config;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_HEAP, BO_NOEXEC, CreateBo};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    SMALL_BUFFERS_FOLLOW_EACH_OTHER_IN_VA,
    CODE_IS_EXECUTABLE_AND_ALIGNED_TO_ITS_SIZE,
    A_LARGE_BUFFER_IS_ALIGNED_TO_TWO_MIB,
    CONTIGUOUS_MEMORY_IS_MAPPED_IN_BLOCKS,
    BAD_CREATIONS_ARE_REFUSED_AND_LEAVE_NOTHING,
    A_HEAP_OF_ONE_BYTE_IS_TWO_MIB_WITHOUT_PAGES,
    A_FULL_ADDRESS_SPACE_REFUSES_THE_NEXT_BUFFER,
    CODE_KEEPS_AWAY_FROM_THE_END_OF_FOUR_GIB,
    A_CREATION_WITHOUT_MEMORY_GIVES_HANDLE_AND_VA_BACK,
    A_PAGE_TABLE_THAT_CANNOT_GROW_IS_NOT_NOTICED,
    THE_HARDWARE_TELLS_ITS_PARAMETERS,
];

const HEAP: u32 = BO_NOEXEC | BO_HEAP;

#[scenario]
fn small_buffers_follow_each_other_in_va(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, BO_NOEXEC);
    let second = s.create(fd, 1, BO_NOEXEC);
    s.create(fd, 5000, BO_NOEXEC);
    s.page_table(fd);
    s.figures(fd);
    s.close(second);
    s.heading("the smallest hole that fits is used first");
    s.create(fd, 4096, BO_NOEXEC);
    s.va_space(fd);
}

#[scenario]
fn code_is_executable_and_aligned_to_its_size(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 12288, 0);
    s.create(fd, 4096, BO_NOEXEC);
    s.create(fd, 4096, 0);
    s.create(fd, 5 * 4096, 0);
    s.page_table(fd);
    s.va_space(fd);
}

#[scenario]
fn a_large_buffer_is_aligned_to_two_mib(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, BO_NOEXEC);
    s.create(fd, 2 << 20, BO_NOEXEC);
    s.create(fd, (2 << 20) + 1, BO_NOEXEC);
    s.create(fd, 4096, BO_NOEXEC);
    s.page_table(fd);
    s.va_space(fd);
}

#[scenario]
fn contiguous_memory_is_mapped_in_blocks(s: &mut Session) {
    s.machine_with(Config {
        ram: 64 << 20,
        huge_pages: true,
        ..Config::default()
    });
    let fd = s.open();
    let large = s.create(fd, 5 << 20, BO_NOEXEC);
    s.page_table(fd);
    s.gpu_write(fd, large.va + (3 << 20), 7);
    s.gpu_read(fd, large.va + (3 << 20));
    s.close(large);
    s.page_table(fd);
}

#[scenario]
fn bad_creations_are_refused_and_leave_nothing(s: &mut Session) {
    let fd = s.open();
    for (size, flags, pad) in [
        (0, BO_NOEXEC, 0),
        (4096, BO_NOEXEC, 1),
        (4096, 4, 0),
        (4096, BO_HEAP, 0),
        (0, BO_HEAP, 1),
        (u32::MAX, BO_NOEXEC, 0),
        (u32::MAX, HEAP, 0),
        (0xfe00_0001, HEAP, 0),
    ] {
        let refused = s.try_create(
            fd,
            CreateBo {
                size,
                flags,
                pad,
                ..CreateBo::default()
            },
        );
        assert!(refused.is_err());
    }
    s.va_space(fd);
    s.memory();
    s.heading("the first handle is still free");
    s.create(fd, 4096, BO_NOEXEC);
}

#[scenario]
fn a_heap_of_one_byte_is_two_mib_without_pages(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, BO_NOEXEC);
    let heap = s.create(fd, 1, HEAP);
    s.va_space(fd);
    s.page_table(fd);
    s.figures(fd);
    s.memory();
    s.mmap_bo(heap, 0).expect_err("a heap has no offset to map");
}

#[scenario]
fn a_full_address_space_refuses_the_next_buffer(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 0xfe00_0000, HEAP);
    for flags in [BO_NOEXEC, 0, HEAP] {
        s.try_create(
            fd,
            CreateBo {
                size: 4096,
                flags,
                ..CreateBo::default()
            },
        )
        .expect_err("no room");
    }
    s.close(heap);
    s.create(fd, 4096, BO_NOEXEC);
    s.va_space(fd);
}

#[scenario]
fn code_keeps_away_from_the_end_of_four_gib(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, 0xfd00_0000, HEAP);
    s.heading("16 MiB are left: data fits, code does not");
    s.try_create(
        fd,
        CreateBo {
            size: 4096,
            flags: 0,
            ..CreateBo::default()
        },
    )
    .expect_err("the last 16 MiB");
    s.create(fd, 4096, BO_NOEXEC);
    s.close(heap);
    s.create(fd, 0xfc00_0000, HEAP);
    s.heading("32 MiB are left");
    s.create(fd, 4096, 0);
    s.va_space(fd);
}

#[scenario]
fn a_creation_without_memory_gives_handle_and_va_back(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, BO_NOEXEC);
    s.machine.limit_commit(Some(300));
    s.try_create(
        fd,
        CreateBo {
            size: 4 << 20,
            flags: BO_NOEXEC,
            ..CreateBo::default()
        },
    )
    .expect_err("no memory");
    s.machine.limit_commit(None);
    s.va_space(fd);
    s.page_table(fd);
    s.memory();
    s.create(fd, 4 << 20, BO_NOEXEC);
}

/// Errors of the page-table code are ignored: the object is created, and nothing is mapped.
#[scenario]
fn a_page_table_that_cannot_grow_is_not_noticed(s: &mut Session) {
    let fd = s.open();
    s.machine
        .failpoints()
        .fail_nth(drm_core::machine::Fail::TableAlloc, 1);
    let bo = s.create(fd, 8192, BO_NOEXEC);
    s.machine.failpoints().disarm();
    s.page_table(fd);
    s.gpu_read(fd, bo.va + 4096);
    s.close(bo);
}

#[scenario]
fn the_hardware_tells_its_parameters(s: &mut Session) {
    let fd = s.open();
    for param in [0, 1, 2, 6, 12, 19, 23, 38, 40] {
        s.param(fd, param, 0);
    }
    s.param(fd, 41, 0);
    s.param(fd, 0, 1);
}
