//! CPU jobs: the kernel's own mapping of an object, and what nobody checks.

use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::{Cpu, Session};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_TIMESTAMP_IS_SEEN_BY_CPU_AND_GPU,
    A_RESULT_IS_COPIED_BETWEEN_OBJECTS,
    AN_OFFSET_BEYOND_THE_OBJECT_IS_WRITTEN_TO,
    AN_IMPORT_HAS_NO_PAGES_TO_MAP,
    AN_OBJECT_THAT_IS_BOTH_OPERANDS_LOSES_A_MAPPING,
    AN_OBJECT_IN_BOTH_LISTS_HANGS_THE_TASK,
    AN_INDIRECT_DISPATCH_REWRITES_A_UNIFORM,
    A_BAD_SUBMISSION_CRASHES_INSTEAD_OF_FAILING,
];

#[scenario]
fn a_timestamp_is_seen_by_cpu_and_gpu(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    let map = s.map(bo, 1);
    s.sleep(77);
    s.submit_cpu(fd, &[bo.handle], Cpu::Timestamp { offset: 8 });
    s.sleep(1);
    s.read(map, 8);
    s.gpu_read(bo.va + 8);
    s.submit_cpu(fd, &[bo.handle], Cpu::Reset { offset: 8 });
    s.sleep(1);
    s.read(map, 8);
    s.kernel_mappings();
}

#[scenario]
fn a_result_is_copied_between_objects(s: &mut Session) {
    let fd = s.open();
    let (from, to) = (s.create(fd, 4096), s.create(fd, 0x2000));
    let (source, target) = (s.map(from, 1), s.map(to, 2));
    s.write(source, 16, 0x11);
    s.submit_cpu(
        fd,
        &[to.handle, from.handle],
        Cpu::Copy {
            to: 0x1008,
            from: 16,
        },
    );
    s.sleep(1);
    s.read(target, 0x1008);
    s.heading("both at once: the locks find out");
    s.submit_cpu(fd, &[to.handle, to.handle], Cpu::Copy { to: 0, from: 0 });
    s.kernel_mappings();
}

/// No offset is compared with the size of the object.
#[scenario]
fn an_offset_beyond_the_object_is_written_to(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.submit_cpu(fd, &[bo.handle], Cpu::Reset { offset: 4096 });
    s.sleep(1);
}

/// The page array of an import is null, and nobody looks; its exporter could map it.
#[scenario(differs = "D2")]
fn an_import_has_no_pages_to_map(s: &mut Session) {
    let fd = s.open();
    let buf = s.kept_foreign_buffer(1);
    let bo = s.import(fd, buf).expect("it is imported");
    let map = s.map(bo, 1);
    s.write(map, 8, 0x11);
    s.submit_cpu(fd, &[bo.handle], Cpu::Reset { offset: 8 });
    s.sleep(1);
    s.read(map, 8);
    s.unmap(map);
    s.close(bo);
    s.close_buffer(buf);
    s.detach(buf);
}

/// The indirect object is looked up apart from the job's, so both may be the same one: the second mapping replaces the first,
/// which is never unmapped.
#[scenario(differs = "D3")]
fn an_object_that_is_both_operands_loses_a_mapping(s: &mut Session) {
    let fd = s.open();
    let (bo, other) = (s.create(fd, 4096), s.create(fd, 4096));
    let job = Cpu::Indirect {
        offset: 0,
        indirect: bo.handle,
        listed: other.handle,
    };
    s.submit_cpu(fd, &[bo.handle], job);
    s.sleep(1);
    s.kernel_mappings();
}

/// Each list is locked in a transaction of its own: the second waits for the first, which is the same task's.
#[scenario]
fn an_object_in_both_lists_hangs_the_task(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    let job = Cpu::Indirect {
        offset: 0,
        indirect: bo.handle,
        listed: bo.handle,
    };
    s.submit_cpu(fd, &[bo.handle], job);
    s.object(bo);
}

#[scenario]
fn an_indirect_dispatch_rewrites_a_uniform(s: &mut Session) {
    let fd = s.open();
    let (counts, uniforms) = (s.create(fd, 4096), s.create(fd, 4096));
    let (map, out) = (s.map(counts, 1), s.map(uniforms, 1));
    for at in [32, 36, 40] {
        s.write(map, at, 2);
    }
    s.submit_cpu(
        fd,
        &[counts.handle],
        Cpu::Indirect {
            offset: 32,
            indirect: uniforms.handle,
            listed: uniforms.handle,
        },
    );
    s.sleep(1);
    s.read(out, 16);
    s.wait_with(uniforms, 0, 0);
    s.compute_done();
    s.wait_with(uniforms, 0, 0);
    s.kernel_mappings();
}

/// Everything that is wrong before the job is initialised runs into its clean-up.
#[scenario]
fn a_bad_submission_crashes_instead_of_failing(s: &mut Session) {
    let fd = s.open();
    let (a, b) = (s.create(fd, 4096), s.create(fd, 4096));
    s.submit_cpu(fd, &[], Cpu::Timestamp { offset: 8 });
    s.submit_cpu(fd, &[a.handle, b.handle], Cpu::Timestamp { offset: 8 });
    s.submit_extension(fd, &[a.handle], &[0; 16], "an unknown extension");
    s.heading("an unknown object is found out later, and in order");
    s.submit_cpu(fd, &[99], Cpu::Timestamp { offset: 8 });
    s.object(a);
}
