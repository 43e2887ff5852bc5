//! Commands, and the caches.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_amdxdna::CHUNK;
use port_amdxdna::uapi::{
    CreateHwctx, DEV, DEV_HEAP, ExecCmd, FROM_DEVICE, INVALID_ADDR, SHARE, TO_DEVICE,
};
use port_kit::Scenario;

use super::session::{Bo, Session, add, copy};

pub(crate) const ALL: &[Scenario<Session>] = &[
    CACHES_OVER_A_BUFFER,
    CACHES_OVER_A_PIECE_OF_THE_HEAP,
    THE_FIRST_JOB_PINS_FOR_GOOD,
    JOBS_THAT_ARE_REFUSED,
    A_JOB_READS_AND_WRITES_BY_IOVA,
    A_JOB_READS_AND_WRITES_CARVE_OUT_MEMORY,
    FOUR_COMMANDS_ARE_IN_FLIGHT,
    A_CONTEXT_GOES_WITH_ITS_FILE,
];

#[scenario]
fn caches_over_a_buffer(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, SHARE, 8192);
    s.sync(Bo { fd, handle: 99 }, TO_DEVICE, 0, 1);
    s.sync(bo, TO_DEVICE, 8192, 0);
    s.sync(bo, TO_DEVICE, 8191, u64::MAX);
    s.look(bo);
    s.sync(bo, 77, 4096, 1 << 20);
    s.look(bo);
    s.sync(bo, FROM_DEVICE, 1, 100);
    s.look(bo);
    s.heading("without a kernel mapping whole pages are flushed");
    let other = s.create(fd, SHARE, 8192);
    s.fail(Fail::Vmap, 1);
    s.sync(other, TO_DEVICE, 1, 100);
    s.look(other);
    s.heading("without pages nothing is");
    let third = s.create(fd, SHARE, 8192);
    s.fail(Fail::PageAlloc, 1);
    s.sync(third, TO_DEVICE, 0, 100);
    s.look(third);
}

#[scenario(differs = "D5")]
fn caches_over_a_piece_of_the_heap(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let dev = s.create(fd, DEV, 4096);
    s.create(fd, DEV, 4096);
    s.sync(dev, TO_DEVICE, 0, 4096);
    s.heading("bytes that are somebody else's");
    s.sync(dev, TO_DEVICE, 32 << 10, 4096);
    s.sync(dev, TO_DEVICE, 0, 64 << 10);
    s.sync(dev, TO_DEVICE, CHUNK, 4096);
    s.sync(dev, TO_DEVICE, 1, u64::MAX);
    s.look(heap);
}

#[scenario]
fn the_first_job_pins_for_good(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 8192);
    let at = s.map(bo, 8192);
    s.look(bo);
    let command = s.command(fd, &[add(at, 1)]);
    s.run(hwctx, command, &[bo]);
    s.look(bo);
    s.run(hwctx, command, &[bo]);
    s.look(bo);
    s.unmap(at, 8192);
    s.look(bo);
    s.close(bo);
    s.memory();
}

#[scenario]
fn jobs_that_are_refused(s: &mut Session) {
    let fd = s.open();
    s.hwctx_with(
        fd,
        CreateHwctx {
            ext: 1,
            ..CreateHwctx::default()
        },
    );
    s.hwctx_with(fd, CreateHwctx::default());
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    let good = s.exec_args(hwctx, command, &[bo.handle]);
    let cases: [(&str, ExecCmd); 10] = [
        ("ext", ExecCmd { ext: 1, ..good }),
        (
            "ext_flags",
            ExecCmd {
                ext_flags: 1,
                ..good
            },
        ),
        ("type 1", ExecCmd { kind: 1, ..good }),
        (
            "4096 arguments",
            ExecCmd {
                arg_count: 4096,
                ..good
            },
        ),
        (
            "no command",
            ExecCmd {
                cmd_count: 0,
                ..good
            },
        ),
        (
            "two commands",
            ExecCmd {
                cmd_count: 2,
                ..good
            },
        ),
        (
            "arguments that cannot be read",
            ExecCmd { args: 16, ..good },
        ),
        (
            "a SHARE BO as command",
            ExecCmd {
                cmd_handles: bo.handle.into(),
                ..good
            },
        ),
        (
            "no such command",
            ExecCmd {
                cmd_handles: 99,
                ..good
            },
        ),
        ("no such context", ExecCmd { hwctx: 9, ..good }),
    ];
    for (what, args) in cases {
        s.exec_with(fd, what, args);
    }
    s.heading("the last one got as far as the pins");
    s.look(bo);
    s.exec(hwctx, command, &[Bo { fd, handle: 999 }]);
    s.exec(hwctx, command, &[bo, bo]);
    s.heading("an instruction that the device does not know");
    let odd = s.command(fd, &[copy(0, INVALID_ADDR - 64, 8)]);
    s.run(hwctx, odd, &[]);
}

#[scenario]
fn a_job_reads_and_writes_by_iova(s: &mut Session) {
    s.with_iova();
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 8192);
    let at = s.map(bo, 8192);
    let info = s.info(bo);
    let dev = s.create(fd, DEV, 4096);
    let piece = s.info(dev);
    s.write(at, &[1, 2, 3]);
    let steps = [
        copy(piece.xdna_addr, info.xdna_addr, 3),
        add(piece.xdna_addr, 3),
        copy(info.xdna_addr + 4096, piece.xdna_addr, 3),
    ];
    let command = s.command(fd, &steps);
    s.run(hwctx, command, &[bo, dev]);
    s.read(at + 4096, 3);
    s.kernel_bytes(dev, 3);
    s.heading("the mappings of the process do not matter");
    s.unmap(at, 8192);
    s.run(hwctx, command, &[bo, dev]);
    s.look(bo);
    s.close(bo);
    s.run(hwctx, command, &[dev]);
}

#[scenario]
fn a_job_reads_and_writes_carve_out_memory(s: &mut Session) {
    s.carve_out(CHUNK + (4 << 20));
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let info = s.info(bo);
    s.write(at, &[1, 2]);
    let command = s.command(fd, &[add(info.xdna_addr, 2)]);
    s.run(hwctx, command, &[bo]);
    s.read(at, 2);
    s.look(bo);
    s.look(heap);
}

#[scenario]
fn four_commands_are_in_flight(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let commands: Vec<Bo> = (0..6).map(|_| s.command(fd, &[add(at, 1)])).collect();
    for command in &commands {
        let before = s.machine.clock().now();
        s.exec(hwctx, *command, &[bo]);
        let waited = (s.machine.clock().now() - before) / 1_000_000;
        s.heading(&format!("that took {waited} ms"));
    }
    s.sleep(10);
    s.read(at, 1);
    for command in commands {
        s.state(command);
    }
}

#[scenario]
fn a_context_goes_with_its_file(s: &mut Session) {
    let fd = s.open();
    let heap = s.create(fd, DEV_HEAP, CHUNK);
    let heap_at = s.map(heap, CHUNK);
    let hwctx = s.hwctx(fd);
    let bo = s.create(fd, SHARE, 4096);
    let at = s.map(bo, 4096);
    let command = s.command(fd, &[add(at, 1)]);
    s.exec(hwctx, command, &[bo]);
    s.close(bo);
    s.close(command);
    s.unmap(at, 4096);
    s.unmap(heap_at, CHUNK);
    s.close_file(fd);
    s.memory();
}
