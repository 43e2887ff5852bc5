//! Hardware address spaces: eight for any number of files.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_panfrost::uapi::BO_NOEXEC;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_NINTH_FILE_TAKES_THE_SPACE_OF_THE_LEAST_RECENT,
    A_SPACE_IN_USE_IS_NOT_TAKEN,
    SLEEP_TAKES_ALL_SPACES,
];

#[scenario]
fn the_ninth_file_takes_the_space_of_the_least_recent(s: &mut Session) {
    let files: Vec<_> = (0..9).map(|_| s.open()).collect();
    let bos: Vec<_> = files
        .iter()
        .map(|fd| s.create(*fd, 4096, BO_NOEXEC))
        .collect();
    for bo in &bos[..8] {
        s.gpu_write(bo.fd, bo.va, bo.fd.0 as u32 + 0x10);
    }
    s.gpu_read(files[0], bos[0].va);
    s.heading("the first file was used again: the second loses its space");
    s.gpu_read(files[8], bos[8].va);
    for fd in &files {
        s.space(*fd);
    }
    s.heading("and gets another");
    s.gpu_read(files[1], bos[1].va);
    s.space(files[1]);
    s.close_file(files[4]);
    s.gpu_read(files[2], bos[2].va);
    s.space(files[2]);
}

#[scenario]
fn a_space_in_use_is_not_taken(s: &mut Session) {
    let files: Vec<_> = (0..9).map(|_| s.open()).collect();
    let bos: Vec<_> = files
        .iter()
        .map(|fd| s.create(*fd, 4096, BO_NOEXEC))
        .collect();
    s.submit(files[0], bos[0].va, &[bos[0]])
        .expect("the job is taken");
    s.finish_job();
    s.submit(files[1], bos[1].va, &[bos[1]])
        .expect("the job is taken");
    for bo in &bos[2..8] {
        s.perfcnt(bo.fd, true, 0);
        s.perfcnt(bo.fd, false, 0);
    }
    s.space(files[0]);
    s.space(files[1]);
    s.perfcnt(files[8], true, 0);
    s.space(files[0]);
    s.space(files[1]);
    s.space(files[8]);
    s.finish_job();
}

#[scenario]
fn sleep_takes_all_spaces(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096, BO_NOEXEC);
    s.gpu_write(fd, bo.va, 5);
    s.space(fd);
    s.sleep(49);
    s.sleep(1);
    s.space(fd);
    s.heading("a job wakes the device");
    s.gpu_read(fd, bo.va);
    s.space(fd);
}
