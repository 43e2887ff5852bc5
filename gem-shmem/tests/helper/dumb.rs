//! `drm_gem_shmem_dumb_create`.

use drm_core::device::DumbArgs;
use drm_core::errno::Errno;
use drm_core::machine::Fail;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::support::{PAGE, bench};

fn args(width: u32, height: u32, bpp: u32) -> DumbArgs {
    DumbArgs {
        width,
        height,
        bpp,
        ..DumbArgs::default()
    }
}

#[test]
fn the_pitch_is_whole_bytes_and_the_size_whole_pages() {
    let bench = bench();
    for (width, height, bpp, pitch, size) in [
        (64, 64, 32, 256, 4 * PAGE),
        (1, 1, 1, 1, PAGE),
        (9, 1, 1, 2, PAGE),
        (17, 5, 15, 32, PAGE),
        (1025, 1, 32, 4100, 2 * PAGE),
        (0x7fff, 0x8000, 32, 0x1_fffc, 0xfffe_0000),
    ] {
        let mut args = args(width, height, bpp);
        legacy::dumb_create::<Plain>(&bench.file, &mut args).expect("it can be made");
        assert_eq!(
            (args.pitch, args.size),
            (pitch, size),
            "{width}x{height}x{bpp}"
        );
        assert_eq!(args.handle, 1);
        let object = bench.plain(&bench.file, 1);
        assert_eq!(
            (object.base().base.size(), object.base().base.refs()),
            (size, 2)
        );
        drop(object);
        bench.file.handle_delete(1).expect("the handle exists");
    }
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn a_pitch_and_a_size_that_the_driver_set_are_raised_but_not_lowered() {
    let bench = bench();
    for (pitch, size, want_pitch, want_size) in [
        (0, 100 * PAGE, 256, 4 * PAGE),
        (1024, 0, 256, 4 * PAGE),
        (100, 1, 256, 4 * PAGE),
        (512, 1, 512, 8 * PAGE),
        (256, 100, 256, 4 * PAGE),
        (256, 5 * PAGE + 1, 256, 5 * PAGE + 1),
    ] {
        let mut args = DumbArgs {
            pitch,
            size,
            ..args(64, 64, 32)
        };
        legacy::dumb_create::<Plain>(&bench.file, &mut args).expect("it can be made");
        assert_eq!(
            (args.pitch, args.size),
            (want_pitch, want_size),
            "{pitch} {size}"
        );
        let object = bench.plain(&bench.file, args.handle);
        assert_eq!(object.base().base.size(), drm_core::page_align(want_size));
    }
}

#[test]
fn a_pitch_that_wraps_to_0_finds_no_room() {
    let bench = bench();
    for (width, bpp) in [(0x2000_0000, 32), (2, 0x8000_0000), (0x1000, 0x10_0000)] {
        let created = legacy::dumb_create::<Plain>(&bench.file, &mut args(width, 1, bpp));
        assert_eq!(created, Err(Errno::ENOSPC));
    }
    assert_eq!(bench.dev.object_count(), 0);
}

#[test]
fn a_pitch_that_wraps_to_a_small_number_makes_a_small_buffer() {
    let bench = bench();
    let mut args = args(0x0800_0001, 1, 32);
    legacy::dumb_create::<Plain>(&bench.file, &mut args).expect("it can be made");
    assert_eq!((args.pitch, args.size), (4, PAGE), "for 2^27 + 1 pixels");
}

#[test]
fn without_a_handle_the_object_is_gone() {
    let bench = bench();
    bench.machine.failpoints().fail_nth(Fail::Alloc, 2);
    let created = legacy::dumb_create::<Plain>(&bench.file, &mut args(64, 64, 32));
    assert_eq!(created, Err(Errno::ENOMEM));
    assert_eq!(bench.dev.object_count(), 0);
    assert!(bench.file.objects().is_empty());
    bench.quiet();
}

#[test]
fn the_core_refuses_what_does_not_fit_32_bits() {
    let bench = bench();
    for (width, height, bpp) in [
        (0, 1, 32),
        (1, 0, 32),
        (1, 1, 0),
        (u32::MAX, 1, 32),
        (0x4000_0000, 1, 32),
        (1, u32::MAX, 32),
        (0x1_0000, 0x1_0000, 32),
        (0x8000, 0x8000, 32),
        (1, 1, u32::MAX),
        (1, 1, u32::MAX - 7),
        (1, 0x4000_0000, 32),
    ] {
        let mut args = args(width, height, bpp);
        assert_eq!(
            bench.file.create_dumb(&mut args),
            Err(Errno::EINVAL),
            "{width} {height} {bpp}"
        );
        assert_eq!((args.handle, args.pitch, args.size), (0, 0, 0));
    }
    assert_eq!(bench.dev.object_count(), 0);
}
