//! MADVISE and reclaim.

use drm_core::machine::Config;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::{BO_NOEXEC, MADV_DONTNEED, MADV_WILLNEED};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    AN_OFFERED_BUFFER_IS_PURGED_AND_ITS_VA_IS_ANOTHERS,
    A_PURGE_LEAVES_ITS_PAGES_TO_A_MAPPING,
    A_PURGED_BUFFER_IS_MAPPED_AGAIN_AND_CANNOT_BE_TOUCHED,
    A_BUFFER_IN_A_JOB_IS_NOT_PURGED,
    A_PURGED_BUFFER_CAN_BE_SUBMITTED,
    A_BUFFER_OF_TWO_FILES_CANNOT_BE_OFFERED,
    AN_EXPORTED_BUFFER_IS_NOT_PURGED,
    A_NEGATIVE_ADVICE_POISONS_THE_BUFFER,
    ADVICE_OF_ANY_NUMBER_IS_ACCEPTED,
    THE_SHRINKER_GOES_OLDEST_FIRST_AND_TAKES_WHOLE_BUFFERS,
    AN_OFFERED_BUFFER_OPENED_AGAIN_WARNS,
    A_PURGED_BUFFER_OPENED_AGAIN_IS_POPULATED,
    A_CREATION_PURGES_WHAT_IS_OFFERED_WHEN_MEMORY_RUNS_SHORT,
    UNKNOWN_HANDLES_CANNOT_BE_ADVISED,
];

/// A purge gives the VA back while the object still tells it.
#[scenario]
fn an_offered_buffer_is_purged_and_its_va_is_anothers(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4 * 4096, BO_NOEXEC);
    s.madvise(bo, MADV_DONTNEED);
    s.figures(fd);
    s.shrink(1);
    s.figures(fd);
    s.va_space(fd);
    s.page_table(fd);
    s.memory();
    s.madvise(bo, MADV_WILLNEED);
    let other = s.create(fd, 4 * 4096, BO_NOEXEC);
    s.offset(bo);
    s.offset(other);
    s.gpu_write(fd, bo.va, 9);
    s.close(bo);
    s.gpu_read(fd, other.va);
}

#[scenario]
fn a_purge_leaves_its_pages_to_a_mapping(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    let map = s.map(bo, 2).expect("it is mapped");
    s.write(map, 0, 0x33);
    s.madvise(bo, MADV_DONTNEED);
    s.read(map, 0);
    s.shrink(1024);
    s.memory();
    s.read(map, 0);
    s.unmap(map);
    s.memory();
}

#[scenario]
fn a_purged_buffer_is_mapped_again_and_cannot_be_touched(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    s.mmap_bo(bo, 0).expect("it has an offset");
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(1024);
    s.heading("its offset is gone, and made again");
    let map = s.map(bo, 2).expect("it is mapped");
    s.memory();
    s.read(map, 0);
    s.figures(fd);
    s.unmap(map);
    s.memory();
}

#[scenario]
fn a_buffer_in_a_job_is_not_purged(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    let other = s.create(fd, 4096, BO_NOEXEC);
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.figures(fd);
    s.madvise(bo, MADV_DONTNEED);
    s.madvise(other, MADV_DONTNEED);
    s.shrink(100);
    s.memory();
    s.finish_job();
    s.shrink(100);
    s.memory();
}

#[scenario]
fn a_purged_buffer_can_be_submitted(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(1);
    s.submit(fd, bo.va, &[bo]).expect("the job is taken");
    s.access(bo.va, port_panfrost::hw::AccessKind::Read);
    s.finish_slot(1, 0x42);
}

#[scenario]
fn a_buffer_of_two_files_cannot_be_offered(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, BO_NOEXEC);
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is imported");
    s.madvise(bo, MADV_DONTNEED);
    s.madvise(other, MADV_DONTNEED);
    s.madvise(other, MADV_WILLNEED);
    s.close(bo);
    s.madvise(other, MADV_DONTNEED);
    s.shrink(10);
}

#[scenario]
fn an_exported_buffer_is_not_purged(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 2 * 4096, BO_NOEXEC);
    s.madvise(bo, MADV_DONTNEED);
    let buf = s.export(bo);
    s.shrink(10);
    s.close_buffer(buf);
    s.heading("the handle keeps the buffer");
    s.shrink(10);
    s.memory();
}

/// -1 is what the base class writes into a purged object.
#[scenario]
fn a_negative_advice_poisons_the_buffer(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    let map = s.map(bo, 1).expect("it is mapped");
    s.write(map, 0, 0x55);
    s.madvise(bo, u32::MAX);
    s.heading("a page that is mapped stays, a new mapping faults");
    s.read(map, 0);
    let again = s.map(bo, 1).expect("it is mapped");
    s.read(again, 0);
    s.gpu_read(fd, bo.va);
    s.madvise(bo, MADV_WILLNEED);
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(10);
    s.memory();
}

#[scenario]
fn advice_of_any_number_is_accepted(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.madvise(bo, 2);
    s.figures(fd);
    s.shrink(10);
    s.heading("on the list already, it is purged");
    s.madvise(bo, MADV_DONTNEED);
    s.madvise(bo, 2);
    s.shrink(10);
    s.madvise(bo, MADV_WILLNEED);
}

#[scenario]
fn the_shrinker_goes_oldest_first_and_takes_whole_buffers(s: &mut Session) {
    let fd = s.open();
    let bos: Vec<_> = (1..=4)
        .map(|pages| s.create(fd, pages * 4096, BO_NOEXEC))
        .collect();
    for at in [2, 0, 3, 1] {
        s.madvise(bos[at], MADV_DONTNEED);
    }
    s.heading("offered again: the last now");
    s.madvise(bos[0], MADV_DONTNEED);
    s.shrink(0);
    s.shrink(1);
    s.va_space(fd);
    s.shrink(5);
    s.va_space(fd);
    s.madvise(bos[0], MADV_WILLNEED);
    s.shrink(5);
    for bo in bos {
        s.madvise(bo, MADV_WILLNEED);
    }
}

#[scenario]
fn an_offered_buffer_opened_again_warns(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, BO_NOEXEC);
    let buf = s.export(bo);
    s.madvise(bo, MADV_DONTNEED);
    let other = s.import(b, buf).expect("it is imported");
    s.madvise(other, MADV_WILLNEED);
    s.figures(b);
}

/// A second file gets fresh pages of an object whose contents are gone for good.
#[scenario]
fn a_purged_buffer_opened_again_is_populated(s: &mut Session) {
    let (a, b) = (s.open(), s.open());
    let bo = s.create(a, 4096, BO_NOEXEC);
    s.madvise(bo, MADV_DONTNEED);
    s.shrink(10);
    s.memory();
    let buf = s.export(bo);
    let other = s.import(b, buf).expect("it is imported");
    s.memory();
    s.page_table(b);
    s.gpu_read(b, other.va);
    s.madvise(other, MADV_WILLNEED);
}

#[scenario]
fn a_creation_purges_what_is_offered_when_memory_runs_short(s: &mut Session) {
    s.machine_with(Config {
        ram: 4 << 20,
        swap: 0,
        ..Config::default()
    });
    let fd = s.open();
    let offered = s.create(fd, 2 << 20, BO_NOEXEC);
    let needed = s.create(fd, 4096, BO_NOEXEC);
    s.madvise(offered, MADV_DONTNEED);
    s.create(fd, 5 << 19, BO_NOEXEC);
    s.madvise(offered, MADV_WILLNEED);
    s.madvise(needed, MADV_WILLNEED);
    s.memory();
}

#[scenario]
fn unknown_handles_cannot_be_advised(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.close(bo);
    s.madvise(bo, MADV_DONTNEED);
    s.offset(bo);
    s.wait(bo, 0);
    s.mmap_bo(bo, 0).expect_err("it is closed");
    s.heading("flags come before the handle");
    s.mmap_bo(bo, 1).expect_err("flags");
    s.close(bo);
}
