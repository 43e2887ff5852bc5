//! Free lists: what is written where, growth, and where the driver trusts too much.

use drm_core::errno::Result;
use drm_core::machine::Fail;
use migrate_macros::scenario;
use port_imagination::fwif::fwccb;
use port_imagination::uapi::*;

use super::session::{GENERAL, Session};

const PAGE: u64 = 4096;

/// A list of 64 pages at most, 32 to begin with, that grows by 16, in the buffer at `addr`.
fn args(vm: u32, addr: u64) -> CreateFreeList {
    CreateFreeList {
        free_list_gpu_addr: addr,
        initial_num_pages: 32,
        max_num_pages: 64,
        grow_num_pages: 16,
        grow_threshold: 50,
        vm_context_handle: vm,
        handle: 0,
    }
}

/// An address space with a protected buffer of one page at [`GENERAL`].
fn space(s: &mut Session) -> (u32, u32) {
    let vm = s.vm();
    let list = s.bo("list", 1, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL, list, 0, 1);
    (vm, list)
}

fn create(s: &mut Session, args: CreateFreeList) -> Result<u32> {
    let mut out = args;
    let result = s.raw(0, CREATE_FREE_LIST, &mut out);
    let what = format!(
        "create_free_list initial={:#x} max={} grow={} threshold={}",
        args.initial_num_pages, args.max_num_pages, args.grow_num_pages, args.grow_threshold
    );
    s.answer(&what, &result);
    result.map(|()| out.handle)
}

/// Records how a list stands, and which of its entries are written: runs of indices.
fn show(s: &mut Session, handle: u32, list: u32) {
    let info = s.pvr.control.free_list(&s.files[0], handle);
    let info = info.expect("a free list");
    s.trace.line(format_args!(
        "list: current {} ready {} blocks {:?}, {} pages",
        info.current_pages, info.ready_pages, info.block_pages, info.pages
    ));
    let fw = s.pvr.control.fw_free_list(&s.files[0], handle);
    s.trace.line(format_args!("firmware's: {fw:?}"));
    show_entries(s, list);
}

fn show_entries(s: &mut Session, list: u32) {
    let pages = s.object(0, list).gem().pages();
    let bytes = s.bytes(list, 0, (pages * PAGE) as usize);
    let (words, _) = bytes.as_chunks::<4>();
    let written: Vec<usize> = (0..words.len())
        .filter(|index| words[*index] != [0; 4])
        .collect();
    let runs = written
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| format!("{}..={}", run[0], run[run.len() - 1]));
    let text = runs.collect::<Vec<_>>().join(" ");
    s.trace.line(format_args!("entries written: {text}"));
}

/// The firmware asks for more pages.
fn grow(s: &mut Session, id: u32) {
    s.pvr.gpu.request(fwccb::FREELIST_GROW, &[id]);
    s.settle();
    s.trace.line("the firmware asks for more");
    s.trace.log(&s.machine);
    s.show_commands();
}

fn destroy(s: &mut Session, handle: u32) {
    let mut args = HandleArg {
        handle,
        ..HandleArg::default()
    };
    let result = s.raw(0, DESTROY_FREE_LIST, &mut args);
    s.answer("destroy_free_list", &result);
}

#[scenario]
fn a_free_list_is_filled_from_the_end(s: &mut Session) {
    let (vm, list) = space(s);
    let handle = create(s, args(vm, GENERAL)).expect("a free list");
    s.trace.line(format_args!("handle {handle}"));
    show(s, handle, list);
    let frames = s.bytes(list, 32 * 4, 32 * 4);
    let (frames, _) = frames.as_chunks::<4>();
    let mut frames: Vec<u32> = frames
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .collect();
    frames.sort_unstable();
    frames.dedup();
    let ram = s.machine.ram();
    let all_ram = frames
        .iter()
        .all(|frame| ram.contains(u64::from(*frame) << 12, PAGE));
    s.trace.line(format_args!(
        "{} different frames, all of them RAM: {all_ram}",
        frames.len()
    ));
    s.note("the parameter manager finds them where the list is mapped");
    let root = s.root(0, vm);
    let read = s.pvr.gpu.read_free_list(root, GENERAL, 64, 32);
    let found = read
        .iter()
        .flatten()
        .filter(|frame| frames.contains(*frame));
    s.trace.line(format_args!("found {}", found.count()));
    destroy(s, handle);
    destroy(s, handle);
    s.show_commands();
}

#[scenario]
fn a_free_list_grows_on_request(s: &mut Session) {
    let (vm, list) = space(s);
    let handle = create(s, args(vm, GENERAL)).expect("a free list");
    s.pvr.gpu.take_commands();
    grow(s, 1);
    show(s, handle, list);
    grow(s, 1);
    show(s, handle, list);
    s.note("of a list that is not there");
    grow(s, 7);
}

/// The driver never compares with the maximum: a third request wraps around, and stores beyond the list's kernel mapping.
#[scenario]
fn a_free_list_grows_past_its_start(s: &mut Session) {
    let (vm, list) = space(s);
    let handle = create(s, args(vm, GENERAL)).expect("a free list");
    for _ in 0..3 {
        s.pvr.gpu.take_commands();
        grow(s, 1);
    }
    show(s, handle, list);
}

#[scenario]
fn growing_without_memory_adds_nothing(s: &mut Session) {
    let (vm, list) = space(s);
    let handle = create(s, args(vm, GENERAL)).expect("a free list");
    s.pvr.gpu.take_commands();
    for kind in [Fail::PageAlloc, Fail::Alloc] {
        s.machine.failpoints().fail_nth(kind, 1);
        grow(s, 1);
        s.machine.failpoints().disarm();
        show(s, handle, list);
    }
    s.note("no room for the kernel mapping of the list");
    s.machine.failpoints().fail_nth(Fail::Vmap, 2);
    grow(s, 1);
    show(s, handle, list);
}

#[scenario]
fn bad_free_lists_are_refused(s: &mut Session) {
    let (vm, _list) = space(s);
    let plain = s.bo("plain", 1, BoFlags::empty());
    let _mapped = s.map(vm, GENERAL + PAGE, plain, 0, 1);
    let good = args(vm, GENERAL);
    let cases = [
        (
            "a threshold above 100",
            CreateFreeList {
                grow_threshold: 101,
                ..good
            },
        ),
        (
            "more to begin with than at most",
            CreateFreeList {
                initial_num_pages: 68,
                ..good
            },
        ),
        (
            "more to grow by than at most",
            CreateFreeList {
                grow_num_pages: 68,
                ..good
            },
        ),
        (
            "nothing at most",
            CreateFreeList {
                initial_num_pages: 0,
                max_num_pages: 0,
                grow_num_pages: 0,
                ..good
            },
        ),
        (
            "room to grow, but no growth",
            CreateFreeList {
                grow_num_pages: 0,
                ..good
            },
        ),
        (
            "growth, but no room",
            CreateFreeList {
                initial_num_pages: 64,
                ..good
            },
        ),
        (
            "no multiple of four",
            CreateFreeList {
                initial_num_pages: 33,
                ..good
            },
        ),
        (
            "no multiple of four at most",
            CreateFreeList {
                max_num_pages: 63,
                ..good
            },
        ),
        (
            "no multiple of four to grow by",
            CreateFreeList {
                grow_num_pages: 15,
                ..good
            },
        ),
        (
            "an unknown space",
            CreateFreeList {
                vm_context_handle: 9,
                ..good
            },
        ),
        (
            "nothing mapped there",
            CreateFreeList {
                free_list_gpu_addr: GENERAL + 2 * PAGE,
                ..good
            },
        ),
        (
            "a buffer that is not protected",
            CreateFreeList {
                free_list_gpu_addr: GENERAL + PAGE,
                ..good
            },
        ),
        (
            "a mapping too short by four entries",
            CreateFreeList {
                max_num_pages: 1028,
                ..good
            },
        ),
    ];
    let objects = s.pvr.control.fw_objects().len();
    for (what, args) in cases {
        s.note(what);
        let _refused = create(s, args);
    }
    let left = s.pvr.control.fw_objects().len() - objects;
    s.trace.line(format_args!("firmware objects left: {left}"));
    s.note("the longest list in one page");
    let _created = create(
        s,
        CreateFreeList {
            max_num_pages: 1024,
            ..good
        },
    );
}

/// No pages to begin with is refused late, when the list's firmware object is there; it stays, and points to nowhere.
#[scenario]
fn a_failed_free_list_leaves_a_firmware_object(s: &mut Session) {
    let (vm, _list) = space(s);
    let objects = s.pvr.control.fw_objects().len();
    let _refused = create(
        s,
        CreateFreeList {
            initial_num_pages: 0,
            ..args(vm, GENERAL)
        },
    );
    s.note("no memory for the first pages");
    s.machine.failpoints().fail_nth(Fail::Alloc, 7);
    let _refused = create(s, args(vm, GENERAL));
    s.machine.failpoints().disarm();
    let left = s.pvr.control.fw_objects().len() - objects;
    s.trace.line(format_args!("firmware objects left: {left}"));
    s.note("the next hard reset makes them anew");
    let result = s.pvr.control.hard_reset();
    s.answer("hard reset", &result);
}

#[scenario]
fn the_size_of_a_block_is_counted_in_32_bits(s: &mut Session) {
    let vm = s.vm();
    let list = s.bo("list", 1025, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL, list, 0, 1025);
    let handle = create(
        s,
        CreateFreeList {
            initial_num_pages: 0x10_0004,
            max_num_pages: 0x10_0008,
            grow_num_pages: 4,
            ..args(vm, GENERAL)
        },
    )
    .expect("a free list");
    show(s, handle, list);
}

/// The list may begin anywhere in a mapping that may begin anywhere in the buffer; the driver writes as if both began at 0.
#[scenario]
fn frame_numbers_go_to_the_start_of_the_buffer(s: &mut Session) {
    let vm = s.vm();
    let list = s.bo("list", 4, BoFlags::PM_FW_PROTECT);
    let _mapped = s.map(vm, GENERAL, list, 2, 2);
    let handle = create(
        s,
        CreateFreeList {
            initial_num_pages: 8,
            max_num_pages: 8,
            grow_num_pages: 0,
            ..args(vm, GENERAL + PAGE)
        },
    )
    .expect("a free list");
    show(s, handle, list);
    let root = s.root(0, vm);
    let read = s.pvr.gpu.read_free_list(root, GENERAL + PAGE, 8, 8);
    s.trace
        .line(format_args!("the parameter manager finds {read:?}"));
    s.note("a list at the end of its mapping reaches beyond it");
    let handle = create(
        s,
        CreateFreeList {
            initial_num_pages: 8,
            max_num_pages: 8,
            grow_num_pages: 0,
            ..args(vm, GENERAL + 2 * PAGE - 16)
        },
    )
    .expect("a free list");
    let read = s
        .pvr
        .gpu
        .read_free_list(root, GENERAL + 2 * PAGE - 16, 8, 8);
    s.trace
        .line(format_args!("the parameter manager finds {read:?}"));
    destroy(s, handle);
}

#[scenario]
fn a_free_list_is_reconstructed_after_a_reset(s: &mut Session) {
    let (vm, list) = space(s);
    let handle = create(s, args(vm, GENERAL)).expect("a free list");
    grow(s, 1);
    let before = s.bytes(list, 0, 4096);
    let result = s.pvr.control.hard_reset();
    s.answer("hard reset", &result);
    s.note("the reset makes the firmware's struct as it was at creation");
    show(s, handle, list);
    s.write(list, 0, &[0xff; 256]);
    s.pvr
        .gpu
        .request(fwccb::FREELISTS_RECONSTRUCTION, &[2, 0, 1, 9]);
    s.settle();
    s.show_commands();
    show(s, handle, list);
    let same = s.bytes(list, 64, 192) == before[64..256];
    s.trace
        .line(format_args!("frame numbers as before: {same}"));
    s.note("more lists than a request can name");
    let mut ids = vec![20, 0];
    ids.resize(20, 9);
    s.pvr.gpu.request(fwccb::FREELISTS_RECONSTRUCTION, &ids);
    s.settle();
    s.trace.log(&s.machine);
    s.show_commands();
}
