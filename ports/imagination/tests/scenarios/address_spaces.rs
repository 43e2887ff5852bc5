//! Address spaces: maps, unmaps, what they do to tables.

use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_imagination::Params;
use port_imagination::uapi::{
    BoFlags, CREATE_VM_CONTEXT, DESTROY_VM_CONTEXT, HandleArg, VM_UNMAP, VmContextArg, VmMap,
    VmUnmap,
};

use super::session::{GENERAL, Session};

const PAGE: u64 = 4096;

#[scenario]
fn a_mapping_fills_three_levels(s: &mut Session) {
    let mut args = VmContextArg::default();
    let result = s.raw(0, CREATE_VM_CONTEXT, &mut args);
    s.answer("create_vm_context", &result);
    s.trace.line(format_args!("handle {}", args.handle));
    let vm = args.handle;
    let bo = s.bo("bo", 2, BoFlags::empty());
    s.show_space(vm);
    let before = s.machine.counters().snapshot();
    let _mapped = s.map(vm, GENERAL + PAGE, bo, 0, 2);
    let spent = s.machine.counters().snapshot() - before;
    s.trace.line(format_args!(
        "{} tables put in use, {} entries written",
        spent.tables_allocated, spent.pte_writes
    ));
    s.show_space(vm);
    s.show_commands();
}

#[scenario]
fn create_flags_become_page_bits(s: &mut Session) {
    let vm = s.vm();
    let cases = [
        ("plain", BoFlags::empty()),
        ("bypass", BoFlags::BYPASS_DEVICE_CACHE),
        ("protect", BoFlags::PM_FW_PROTECT),
        (
            "both",
            BoFlags::PM_FW_PROTECT | BoFlags::BYPASS_DEVICE_CACHE,
        ),
        ("open", BoFlags::ALLOW_CPU_USERSPACE_ACCESS),
    ];
    for (at, (name, flags)) in (0..).zip(cases) {
        let bo = s.bo(name, 1, flags);
        let _mapped = s.map(vm, GENERAL + 2 * PAGE * at, bo, 0, 1);
    }
    s.show_space(vm);
    s.note("a shader cannot read protected pages");
    for at in 0..5 {
        s.gpu_reads(vm, GENERAL + 2 * PAGE * at);
    }
}

#[scenario]
fn an_unmap_names_a_mapping_exactly(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 2, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL + PAGE, bo, 0, 2);
    s.show_commands();
    for (addr, size) in [
        (GENERAL + PAGE, PAGE),
        (GENERAL + PAGE, 3 * PAGE),
        (GENERAL + 2 * PAGE, PAGE),
        (GENERAL, 3 * PAGE),
        (GENERAL + PAGE + 1, 2 * PAGE),
        (GENERAL + PAGE, 0),
    ] {
        let _refused = s.unmap(vm, addr, size);
    }
    s.show_space(vm);
    let _unmapped = s.unmap(vm, GENERAL + PAGE, 2 * PAGE);
    s.show_space(vm);
    s.show_commands();
    let _again = s.unmap(vm, GENERAL + PAGE, 2 * PAGE);
    let mut args = VmUnmap {
        vm_context_handle: vm,
        padding_4: 1,
        ..VmUnmap::default()
    };
    let result = s.raw(0, VM_UNMAP, &mut args);
    s.answer("padding", &result);
    let _unknown_space = s.unmap(9, GENERAL, PAGE);
}

#[scenario]
fn bad_maps_are_refused(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 4, BoFlags::empty());
    let good = VmMap {
        vm_context_handle: vm,
        device_addr: GENERAL,
        handle: bo,
        size: PAGE,
        ..VmMap::default()
    };
    let general_end = GENERAL + (128 << 30);
    let cases = [
        (
            "outside of every heap",
            VmMap {
                device_addr: 0x1000,
                ..good
            },
        ),
        (
            "across the end of a heap",
            VmMap {
                device_addr: general_end - PAGE,
                size: 2 * PAGE,
                ..good
            },
        ),
        (
            "the heap of region headers",
            VmMap {
                device_addr: 0xdb_f000_0000,
                ..good
            },
        ),
        (
            "the heap of the firmware",
            VmMap {
                device_addr: 0xe1_c000_0000,
                ..good
            },
        ),
        ("no size", VmMap { size: 0, ..good }),
        ("part of a page", VmMap { size: 100, ..good }),
        (
            "an address in a page",
            VmMap {
                device_addr: GENERAL + 4,
                ..good
            },
        ),
        ("an offset in a page", VmMap { offset: 4, ..good }),
        (
            "from the end of the object",
            VmMap {
                offset: 4 * PAGE,
                ..good
            },
        ),
        (
            "beyond the end of the object",
            VmMap {
                offset: 3 * PAGE,
                size: 2 * PAGE,
                ..good
            },
        ),
        (
            "offset and size overflow",
            VmMap {
                offset: u64::MAX - 0xfff,
                size: 2 * PAGE,
                ..good
            },
        ),
        ("an unknown object", VmMap { handle: 9, ..good }),
        (
            "an unknown space",
            VmMap {
                vm_context_handle: 9,
                ..good
            },
        ),
        (
            "an unknown space and object",
            VmMap {
                vm_context_handle: 9,
                handle: 9,
                ..good
            },
        ),
        ("a flag", VmMap { flags: 1, ..good }),
        (
            "padding",
            VmMap {
                padding_14: 1,
                ..good
            },
        ),
    ];
    for (what, args) in cases {
        s.note(what);
        let _refused = s.vm_map(args);
    }
    s.note("the last page of a heap, the whole of another");
    let _mapped = s.vm_map(VmMap {
        device_addr: general_end - PAGE,
        ..good
    });
    let vis_test = s.bo("vis", 512, BoFlags::empty());
    let _mapped = s.map(vm, 0xf2_0000_0000, vis_test, 0, 512);
    let _mapped = s.map(vm, 0xf2_0020_0000, bo, 0, 1);
    s.show_space(vm);
}

#[scenario]
fn a_map_splits_what_it_displaces(s: &mut Session) {
    let vm = s.vm();
    let a = s.bo("a", 16, BoFlags::empty());
    let b = s.bo("b", 4, BoFlags::BYPASS_DEVICE_CACHE);
    s.write(a, 4 * PAGE, &[0xaa]);
    s.write(b, 0, &[0xbb]);
    let _mapped = s.map(vm, GENERAL, a, 0, 16);
    s.gpu_reads(vm, GENERAL + 4 * PAGE);
    let context = s.compute_context(vm);
    let _mapped = s.map(vm, GENERAL + 4 * PAGE, b, 0, 4);
    s.show_space(vm);
    let _flushed = s.submit(context, GENERAL + 15 * PAGE);
    s.gpu_reads(vm, GENERAL + 4 * PAGE);
    s.note("what is left goes by its pieces");
    let _refused = s.unmap(vm, GENERAL, 16 * PAGE);
    let _unmapped = s.unmap(vm, GENERAL, 4 * PAGE);
    let _unmapped = s.unmap(vm, GENERAL + 4 * PAGE, 4 * PAGE);
    let _unmapped = s.unmap(vm, GENERAL + 8 * PAGE, 8 * PAGE);
    s.show_space(vm);
}

#[scenario]
fn a_mapping_across_two_page_tables(s: &mut Session) {
    let vm = s.vm();
    let bo = s.bo("bo", 768, BoFlags::empty());
    let before = s.machine.counters().snapshot();
    let _mapped = s.map(vm, GENERAL + 0xf_f000, bo, 0, 768);
    let spent = s.machine.counters().snapshot() - before;
    s.trace.line(format_args!(
        "{} tables put in use, {} entries written, {} walk from the root",
        spent.tables_allocated, spent.pte_writes, spent.table_walks
    ));
    s.show_space(vm);
    let _unmapped = s.unmap(vm, GENERAL + 0xf_f000, 768 * PAGE);
    s.show_space(vm);
}

#[scenario]
fn a_remap_of_a_large_mapping(s: &mut Session) {
    let vm = s.vm();
    let huge = s.bo("huge", 1536, BoFlags::empty());
    let small = s.bo("small", 2, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL + 0x20_0000, huge, 0, 1536);
    s.note("over a boundary of page tables, in the middle");
    let before = s.machine.counters().snapshot();
    let _mapped = s.map(vm, GENERAL + 0x3f_f000, small, 0, 2);
    let spent = s.machine.counters().snapshot() - before;
    s.trace
        .line(format_args!("{} entries written", spent.pte_writes));
    s.show_space(vm);
    s.note("the same object, shifted by one page, over all of it");
    let _mapped = s.map(vm, GENERAL + 0x20_1000, huge, 0, 1535);
    s.show_space(vm);
    s.note("identical");
    let _mapped = s.map(vm, GENERAL + 0x20_1000, huge, 0, 1535);
    s.show_space(vm);
}

#[scenario]
fn destroying_a_space_frees_everything(s: &mut Session) {
    let frames = s.machine.frames().stats().used;
    let vm = s.vm();
    let bo = s.bo("bo", 8, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, bo, 0, 8);
    let _mapped = s.map(vm, GENERAL + (1 << 30), bo, 4, 4);
    let _mapped = s.map(vm, 0xe0_0000_0000, bo, 0, 1);
    s.show_space(vm);
    s.close(bo);
    s.destroy_vm(vm);
    let held = s.machine.frames().stats().used - frames;
    s.trace.line(format_args!("frames held: {held}"));
    s.destroy_vm(vm);
    let mut args = HandleArg {
        handle: 1,
        padding_4: 1,
    };
    let result = s.raw(0, DESTROY_VM_CONTEXT, &mut args);
    s.answer("padding", &result);
    s.note("handles are used again, lowest first");
    let (first, second) = (s.vm(), s.vm());
    s.destroy_vm(first);
    let third = s.vm();
    s.trace
        .line(format_args!("handles {first} {second} {third}"));
    s.note("a signal while everything is unmapped");
    let bo = s.bo("bo", 1, BoFlags::empty());
    let _mapped = s.map(second, GENERAL, bo, 0, 1);
    s.machine.failpoints().fail_nth(Fail::Signal, 1);
    s.destroy_vm(second);
}

#[scenario]
fn a_failed_map_leaves_the_space_alone(s: &mut Session) {
    let vm = s.vm();
    let a = s.bo("a", 4, BoFlags::empty());
    let b = s.bo("b", 1024, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL, a, 0, 4);
    let frames = s.machine.frames().stats().used;
    for (what, kind, nth) in [
        ("no page for a table", Fail::TableAlloc, 1),
        ("no page for the last table", Fail::TableAlloc, 4),
        ("no memory for a mapping", Fail::Alloc, 1),
        ("no memory for the operation", Fail::Alloc, 4),
        ("a signal before the pages", Fail::Signal, 1),
        ("a signal before the locks", Fail::Signal, 2),
        ("a signal before the second lock", Fail::Signal, 3),
    ] {
        s.note(what);
        s.machine.failpoints().fail_nth(kind, nth);
        let _failed = s.map(vm, GENERAL + 2 * PAGE, b, 0, 1024);
        s.machine.failpoints().disarm();
    }
    let held = s.machine.frames().stats().used - frames;
    s.trace.line(format_args!("frames held: {held}"));
    s.show_space(vm);
    s.show_commands();
    s.note("unmaps");
    for (what, kind) in [("no memory", Fail::Alloc), ("a signal", Fail::Signal)] {
        s.note(what);
        s.machine.failpoints().fail_nth(kind, 1);
        let _failed = s.unmap(vm, GENERAL, 4 * PAGE);
    }
    s.show_space(vm);
}

#[scenario]
fn the_heap_of_region_headers_is_for_one_erratum(s: &mut Session) {
    s.probe_as(Params {
        brn63142: true,
        ..Params::default()
    });
    let vm = s.vm();
    let bo = s.bo("bo", 1, BoFlags::empty());
    let _mapped = s.map(vm, 0xdb_f000_0000, bo, 0, 1);
    s.show_space(vm);
}
