//! Swap through the libraries: what is used stays, what is not goes and comes back with its contents.

use drm_core::errno::Errno;
use drm_core::machine::Fail;
use drm_core::mmap::Process;

use crate::library::{LIBRARIES, PAGE, Side, assert_all, contents, fill, small};

#[test]
fn an_object_that_nobody_uses_goes_out_and_comes_back() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (object, _) = side.object(16);
        fill(&object, 0x5a).expect("there is memory");
        assert_eq!(
            (machine.swap_out(16), machine.frames().stats().used),
            (16, 0)
        );
        let process = Process::new(&machine);
        let addr = side.map(&process, &object).expect("it comes back");
        let mut bytes = vec![0; 16 * PAGE as usize];
        process.read(addr, &mut bytes).expect("it is mapped");
        assert_all(&bytes, 0x5a, "through a user mapping");
        assert_eq!(machine.counters().swapped_in.get(), 16);
        assert_eq!(machine.swap_out(16), 0, "mapped: it stays");
        process.munmap(addr, 16 * PAGE).expect("it is mapped");
        assert_eq!(machine.swap_out(16), 16);
        assert_all(
            &contents(&object).expect("it comes back"),
            0x5a,
            "through the kernel",
        );
    }
}

#[test]
fn every_user_of_the_pages_keeps_them() {
    for library in LIBRARIES {
        let machine = small();
        let (side, other) = (Side::new(&machine, library), Side::new(&machine, library));
        let (object, handle) = side.object(8);
        fill(&object, 1).expect("there is memory");
        let mut guard = object.gem().resv().lock();
        object.pin(&mut guard).expect("it can be pinned");
        assert_eq!(machine.swap_out(8), 0, "pinned");
        let map = object.vmap(&mut guard).expect("it can be mapped");
        object.unpin(&mut guard);
        assert_eq!(machine.swap_out(8), 0, "mapped for the kernel");
        object.vunmap(&mut guard, &map);
        drop(guard);
        let dma_buf = side.file.export(handle, true).expect("it can be exported");
        let there = other.file.import(&dma_buf).expect("it can be imported");
        assert_eq!(machine.swap_out(8), 0, "a device is attached");
        other.file.handle_delete(there).expect("it exists");
        assert_eq!(machine.swap_out(8), 8);
    }
}

#[test]
fn a_failed_return_changes_nothing() {
    for library in LIBRARIES {
        let machine = small();
        let side = Side::new(&machine, library);
        let (object, _) = side.object(8);
        fill(&object, 0x77).expect("there is memory");
        machine.swap_out(8);
        for (kind, nth, errno) in [
            (Fail::SwapIn, 1, Errno::EIO),
            (Fail::SwapIn, 8, Errno::EIO),
            (Fail::PageAlloc, 3, Errno::ENOMEM),
        ] {
            machine.swap_out(8);
            machine.failpoints().fail_nth(kind, nth);
            assert_eq!(
                contents(&object).err(),
                Some(errno),
                "{library:?} {kind:?} {nth}"
            );
            machine.failpoints().disarm();
        }
        machine.swap_out(8);
        let left = (machine.frames().stats().used, machine.swap_free());
        assert_eq!(left, (0, 128 - 8), "all evictable, all there");
        assert_all(&contents(&object).expect("it comes back"), 0x77, "kept");
        assert!(machine.trace().take().is_empty());
    }
}
