//! What user space may try: sizes, pitches, handles, offsets and files that are wrong. The kernel's errno, and nothing changed.

use drm_core::device::{File, IoctlNr, core_nr};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};

use crate::library::{LIBRARIES, PAGE, Side, assert_all, contents, fill, machine};

/// What must not change: objects, handles, frames, the next offset, dma-bufs.
fn state(machine: &Machine, side: &Side) -> (usize, usize, u64, Option<u64>, usize) {
    let probe = side
        .library
        .create(&side.dev, PAGE)
        .expect("an object can be made");
    (
        side.dev.object_count(),
        side.file.objects().len(),
        machine.frames().stats().used,
        probe.gem().node().offset(),
        machine.bufinfo().len(),
    )
}

fn call(file: &File, number: IoctlNr, words: &mut [u32]) -> Result {
    file.ioctl(number.raw(), bytemuck::cast_slice_mut(words))
}

/// Runs `attempts` beside an object that holds 0x5a.
fn unchanged(attempts: impl Fn(&Machine, &Side, u32)) {
    for library in LIBRARIES {
        let machine = machine(Config {
            swap: 0,
            ..Config::default()
        });
        let side = Side::new(&machine, library);
        let (object, handle) = side.object(4);
        fill(&object, 0x5a).expect("there is memory");
        let before = state(&machine, &side);
        attempts(&machine, &side, handle);
        assert_eq!(state(&machine, &side), before, "{library:?}");
        assert_all(
            &contents(&object).expect("it is there"),
            0x5a,
            "the object beside",
        );
        assert_eq!(machine.trace().take(), [], "{library:?}");
    }
}

#[test]
fn sizes_that_no_object_can_have() {
    unchanged(|_, side, _| {
        for (size, errno) in [
            (0, Errno::ENOSPC),
            (1 << 63, Errno::EINVAL),
            (u64::MAX, Errno::ENOSPC),
            (u64::MAX - PAGE, Errno::EINVAL),
            (i64::MAX as u64, Errno::EINVAL),
            (1 << 62, Errno::ENOSPC),
            (1 << 40, Errno::ENOSPC),
        ] {
            let made = side.library.create(&side.dev, size);
            assert_eq!(made.err(), Some(errno), "{size:#x}");
        }
    });
}

#[test]
fn sizes_that_an_object_can_have() {
    unchanged(|_, side, _| {
        for (size, rounded) in [
            (1, PAGE),
            (1 << 32, 1 << 32),
            ((1 << 32) + 1, (1 << 32) + PAGE),
        ] {
            let made = side
                .library
                .create(&side.dev, size)
                .expect("it can be made");
            assert_eq!(made.gem().size(), rounded);
            let pinned = made.pin(&mut made.gem().resv().lock());
            let too_much = (size > 1).then_some(Errno::ENOMEM);
            assert_eq!(pinned.err(), too_much, "pages are another matter");
            if too_much.is_none() {
                made.unpin(&mut made.gem().resv().lock());
            }
        }
    });
}

#[test]
fn dumb_buffers_that_do_not_fit() {
    unchanged(|_, side, _| {
        let sizes = [
            0,
            1,
            2,
            0x8000,
            0x1_0000,
            1 << 27,
            1 << 29,
            1 << 30,
            1 << 31,
            u32::MAX - 7,
            u32::MAX,
        ];
        let mut refused = 0;
        for width in sizes {
            for height in sizes {
                for bpp in sizes {
                    let mut arg = [height, width, bpp, 0, 7, 7, 7, 7];
                    match call(&side.file, core_nr::MODE_CREATE_DUMB, &mut arg) {
                        Ok(()) => {
                            let size = u64::from(arg[6]) | u64::from(arg[7]) << 32;
                            let pitch = u64::from(arg[5]);
                            assert!(size.is_multiple_of(PAGE) && size > 0);
                            assert!(pitch * u64::from(height) <= size, "{width} {height} {bpp}");
                            side.file.handle_delete(arg[4]).expect("it was made");
                        }
                        Err(errno) => {
                            refused += 1;
                            assert!(matches!(errno, Errno::EINVAL | Errno::ENOSPC), "{errno}");
                            assert_eq!(arg[4], 0, "no handle for {width} {height} {bpp}");
                        }
                    }
                }
            }
        }
        assert!(refused > 1_000);
    });
}

#[test]
fn handles_that_nobody_has() {
    unchanged(|_, side, handle| {
        let stranger = side.dev.open().expect("it opens");
        let bad = [0, handle + 1, handle + 1_000, 1 << 31, u32::MAX];
        let tries = bad.map(|bad| (&side.file, bad)).into_iter();
        for (file, bad) in tries.chain([(&stranger, handle), (&stranger, 0)]) {
            let close = call(file, core_nr::GEM_CLOSE, &mut [bad, 0]);
            let destroy = call(file, core_nr::MODE_DESTROY_DUMB, &mut [bad]);
            assert_eq!([close, destroy], [Err(Errno::EINVAL); 2], "{bad:#x}");
            let map = call(file, core_nr::MODE_MAP_DUMB, &mut [bad, 0, 0, 0]);
            let flink = call(file, core_nr::GEM_FLINK, &mut [bad, 0]);
            let open = call(file, core_nr::GEM_OPEN, &mut [bad, 0, 0, 0]);
            let export = file.handle_to_fd(bad, 2).map(drop);
            assert_eq!(
                [map, flink, open, export],
                [Err(Errno::ENOENT); 4],
                "{bad:#x}"
            );
        }
    });
}

#[test]
fn a_handle_closed_twice() {
    unchanged(|_, side, _| {
        let (object, handle) = side.object(1);
        assert_eq!(
            call(&side.file, core_nr::GEM_CLOSE, &mut [handle, 0]),
            Ok(())
        );
        for number in [core_nr::GEM_CLOSE, core_nr::MODE_DESTROY_DUMB] {
            let again = call(&side.file, number, &mut [handle, 0]);
            assert_eq!(again, Err(Errno::EINVAL));
        }
        assert_eq!((object.gem().refs(), object.gem().handle_count()), (1, 0));
    });
}

#[test]
fn flags_of_an_export_that_do_not_exist() {
    unchanged(|_, side, handle| {
        for flags in [1, 4, 0x8000_0000, 0o2_000_002 | 4, u32::MAX] {
            assert_eq!(
                side.file.handle_to_fd(handle, flags).err(),
                Some(Errno::EINVAL),
                "{flags:#x}"
            );
        }
    });
}

#[test]
fn offsets_and_lengths_that_do_not_match() {
    unchanged(|machine, side, handle| {
        let process = Process::new(machine);
        let stranger = side.dev.open().expect("it opens");
        let offset = side.file.dumb_map_offset(handle).expect("it exists");
        let map = |file: &File, len: u64, offset: u64| {
            process.mmap(file, len, Prot::ReadWrite, Sharing::Shared, offset)
        };
        for (len, at, errno) in [
            (PAGE, offset + PAGE, Errno::EINVAL),
            (PAGE, offset + 3 * PAGE, Errno::EINVAL),
            (PAGE, offset + 4 * PAGE, Errno::EINVAL),
            (PAGE, offset + 1, Errno::EINVAL),
            (PAGE, 0, Errno::EINVAL),
            (PAGE, PAGE, Errno::EINVAL),
            (PAGE, 1 << 63, Errno::EINVAL),
            (PAGE, !(PAGE - 1), Errno::EINVAL),
            (4 * PAGE + 1, offset, Errno::EINVAL),
            (1 << 32, offset, Errno::EINVAL),
            (0, offset, Errno::EINVAL),
            (1 << 63, offset, Errno::ENOMEM),
            (u64::MAX, offset, Errno::ENOMEM),
        ] {
            assert_eq!(map(&side.file, len, at), Err(errno), "{len:#x} at {at:#x}");
        }
        assert_eq!(map(&stranger, PAGE, offset), Err(Errno::EACCES));
        let private = process.mmap(&side.file, PAGE, Prot::ReadWrite, Sharing::Private, offset);
        assert_eq!(private, Err(Errno::EINVAL));
        assert_eq!(process.read_byte(0), Err(Errno::EFAULT));
        assert_eq!(process.read_byte(u64::MAX), Err(Errno::EFAULT));
        assert_eq!(process.munmap(offset + 1, PAGE), Err(Errno::EINVAL));
        assert_eq!(process.munmap(offset, 0), Err(Errno::EINVAL));
    });
}

#[test]
fn ranges_of_a_dma_buf_that_do_not_exist() {
    unchanged(|machine, side, _| {
        let process = Process::new(machine);
        let (_object, handle) = side.object(4);
        let dma_buf = side
            .file
            .handle_to_fd(handle, 0)
            .expect("it can be exported");
        let map =
            |len, prot, offset| process.mmap_dma_buf(&dma_buf, len, prot, Sharing::Shared, offset);
        assert_eq!(
            map(PAGE, Prot::ReadWrite, 0),
            Err(Errno::EACCES),
            "opened for reading"
        );
        for (len, at) in [
            (5 * PAGE, 0),
            (4 * PAGE, PAGE),
            (PAGE, 4 * PAGE),
            (PAGE, 1),
            (0, 0),
            (PAGE, 0x7fff_ffff_ffff_f000),
            (PAGE, !(PAGE - 1)),
        ] {
            assert_eq!(
                map(len, Prot::Read, at),
                Err(Errno::EINVAL),
                "{len:#x} at {at:#x}"
            );
        }
        drop(dma_buf);
        side.file.handle_delete(handle).expect("it exists");
    });
}

#[test]
fn arguments_that_are_too_short() {
    unchanged(|_, side, _| {
        for number in [
            core_nr::GEM_CLOSE,
            core_nr::GEM_FLINK,
            core_nr::GEM_OPEN,
            core_nr::MODE_CREATE_DUMB,
            core_nr::MODE_MAP_DUMB,
            core_nr::MODE_DESTROY_DUMB,
        ] {
            for len in 0..4 {
                let mut arg = vec![0; len];
                assert!(
                    side.file.ioctl(number.raw(), &mut arg).is_err(),
                    "{number:?} {len}"
                );
            }
        }
    });
}
