//! Every allocation, mapping and copy fails once, in every operation: the operation says so, and leaves what it found.

use drm_core::device::DumbArgs;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use gem_shmem::legacy::{Plain, Subclass};

use crate::library::{LIBRARIES, Library, PAGE, Side, machine};

/// What an operation may not change when it fails.
fn state(machine: &Machine, sides: [&Side; 2]) -> impl PartialEq + std::fmt::Debug + use<> {
    // What nobody uses goes out: what is left in RAM is in use.
    machine.swap_out(u64::MAX);
    let counters = machine.counters();
    let side = |side: &Side| {
        let handles = side.file.objects().len();
        let refs: usize = side
            .file
            .objects()
            .iter()
            .map(|object| object.gem().refs())
            .sum();
        (side.dev.object_count(), handles, refs)
    };
    (
        sides.map(side),
        machine.bufinfo(),
        counters.dma_mapped.get() - counters.dma_unmapped.get(),
        counters.vmaps.get() - counters.vunmaps.get(),
        machine.frames().stats().used,
        machine.swap_free(),
    )
}

/// Sweeps over every failure of `operation`, which undoes what it did when it succeeds. At least `at_least` can fail.
fn sweep(library: Library, at_least: u64, operation: impl Fn(&Machine, &Side, &Side) -> Result) {
    let machine = machine(Config {
        ram: 4 << 20,
        ..Config::default()
    });
    let (one, two) = (Side::new(&machine, library), Side::new(&machine, library));
    one.object(3);
    // Whatever is allocated once and kept.
    operation(&machine, &one, &two).expect("nothing fails yet");
    let _ = state(&machine, [&one, &two]);
    let before = state(&machine, [&one, &two]);
    for nth in 1.. {
        machine.failpoints().fail_any_nth(nth);
        let result = operation(&machine, &one, &two);
        let fired = machine.failpoints().disarm();
        assert_eq!(
            result.is_err(),
            fired,
            "{library:?}: failure {nth} answers {result:?}"
        );
        assert_eq!(machine.trace().take(), [], "{library:?}: failure {nth}");
        let after = state(&machine, [&one, &two]);
        assert_eq!(after, before, "{library:?}: failure {nth}");
        if !fired {
            assert!(nth > at_least, "{library:?}: {} failures", nth - 1);
            return;
        }
        assert!(
            matches!(result, Err(Errno::ENOMEM | Errno::EIO)),
            "{result:?}"
        );
    }
}

#[test]
fn of_a_creation() {
    for library in LIBRARIES {
        sweep(library, 1, |_, side, _| {
            library.create(&side.dev, PAGE).map(drop)
        });
    }
}

#[test]
fn of_a_dumb_buffer() {
    for library in LIBRARIES {
        sweep(library, 2, |_, side, _| {
            let mut args = DumbArgs {
                width: 64,
                height: 64,
                bpp: 32,
                ..DumbArgs::default()
            };
            side.file.create_dumb(&mut args)?;
            side.file.handle_delete(args.handle)
        });
    }
}

#[test]
fn of_a_user_mapping() {
    for library in LIBRARIES {
        sweep(library, 4, |machine, side, _| {
            let process = Process::new(machine);
            let object = side.file.lookup(1).ok_or(Errno::ENOENT)?;
            let addr = side.map(&process, &object)?;
            process.write(addr, &[1])
        });
    }
}

#[test]
fn of_a_kernel_mapping() {
    for library in LIBRARIES {
        sweep(library, 5, |_, side, _| {
            let object = side.file.lookup(1).ok_or(Errno::ENOENT)?;
            let mut guard = object.gem().resv().lock();
            let map = object.vmap(&mut guard)?;
            object.vunmap(&mut guard, &map);
            Ok(())
        });
    }
}

#[test]
fn of_a_table_for_the_device() {
    sweep(Library::Legacy, 6, |_, side, _| {
        let object = library_object(side)?;
        object.base().get_pages_sgt().map(drop)
    });
}

/// A fresh object, that is freed with its table.
fn library_object(side: &Side) -> Result<drm_core::gem::Gem<Plain>> {
    let object = side.library.create(&side.dev, 3 * PAGE)?;
    object.downcast().ok_or(Errno::EINVAL)
}

#[test]
fn of_sharing_between_devices() {
    for library in LIBRARIES {
        sweep(library, 6, |_, one, two| {
            let dma_buf = one.file.export(1, true)?;
            let there = two.file.import(&dma_buf)?;
            let import = two.file.lookup(there).ok_or(Errno::ENOENT)?;
            let mapped = {
                let mut guard = import.gem().resv().lock();
                import
                    .vmap(&mut guard)
                    .map(|map| import.vunmap(&mut guard, &map))
            };
            two.file.handle_delete(there)?;
            mapped
        });
    }
}

#[test]
fn of_an_import_that_is_mapped_for_a_process() {
    for library in LIBRARIES {
        sweep(library, 4, |machine, one, two| {
            let process = Process::new(machine);
            let dma_buf = one.file.export(1, true)?;
            let there = two.file.import(&dma_buf)?;
            let import = two.file.lookup(there).ok_or(Errno::ENOENT)?;
            let mapped = two
                .map(&process, &import)
                .and_then(|addr| process.write(addr, &[1]));
            two.file.handle_delete(there)?;
            mapped
        });
    }
}
