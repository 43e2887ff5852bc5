//! Mappings that are split by `mprotect`, resized and moved by `mremap`.

use drm_core::errno::Errno;
use drm_core::gem::{Gem, Object as _};
use drm_core::mmap::{Process, Prot, Sharing};

use crate::support::{Bench, Buffer, PAGE, bench};

struct Mapped {
    bench: Bench,
    process: Process,
    object: Gem<Buffer>,
    addr: u64,
}

fn mapped(pages: u64) -> Mapped {
    let bench = bench();
    let object = bench.buffer(pages);
    let offset = object.gem().create_mmap_offset().expect("there is room");
    bench
        .file
        .handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    let process = Process::new(&bench.machine);
    let addr = process.mmap(
        &bench.file,
        pages * PAGE,
        Prot::ReadWrite,
        Sharing::Shared,
        offset,
    );
    let addr = addr.expect("it can be mapped");
    for page in 0..pages {
        process
            .write(addr + page * PAGE, &[page as u8 + 1])
            .expect("it is mapped");
    }
    Mapped {
        bench,
        process,
        object,
        addr,
    }
}

#[test]
fn mprotect_of_a_part_splits_and_keeps_what_was_mapped() {
    let m = mapped(3);
    let refs = m.object.gem().refs();
    m.process
        .mprotect(m.addr + PAGE, PAGE, Prot::Read)
        .expect("it is mapped");
    assert_eq!(
        m.object.gem().refs(),
        refs + 2,
        "three mappings instead of one"
    );
    assert_eq!(m.process.write(m.addr + PAGE, &[9]), Err(Errno::EFAULT));
    assert_eq!(m.process.write(m.addr, &[9]), Ok(()));
    assert_eq!(m.process.read_byte(m.addr + PAGE), Ok(2));
    m.process
        .mprotect(m.addr, 3 * PAGE, Prot::ReadWrite)
        .expect("it is mapped");
    assert_eq!(m.process.write(m.addr + PAGE, &[9]), Ok(()));
    m.process.munmap(m.addr, 3 * PAGE).expect("it is mapped");
    assert_eq!(m.object.gem().refs(), refs - 1);
    m.bench.quiet();
}

#[test]
fn mprotect_of_the_whole_splits_nothing() {
    let m = mapped(2);
    let refs = m.object.gem().refs();
    m.process
        .mprotect(m.addr, 2 * PAGE, Prot::Read)
        .expect("it is mapped");
    assert_eq!(m.object.gem().refs(), refs);
    assert_eq!(m.process.write(m.addr, &[9]), Err(Errno::EFAULT));
    assert_eq!(
        m.process.mprotect(m.addr + 1, PAGE, Prot::Read),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        m.process.mprotect(m.addr + 2 * PAGE, PAGE, Prot::Read),
        Err(Errno::ENOMEM)
    );
}

#[test]
fn a_mapping_of_an_object_shrinks_and_moves_but_does_not_grow() {
    let m = mapped(4);
    let refs = m.object.gem().refs();
    assert_eq!(
        m.process.mremap(m.addr, 4 * PAGE, 8 * PAGE),
        Err(Errno::EFAULT)
    );
    assert_eq!(m.process.mremap(m.addr, 0, 4 * PAGE), Err(Errno::EFAULT));
    assert_eq!(m.process.mremap(m.addr, 4 * PAGE, 0), Err(Errno::EINVAL));
    assert_eq!(
        m.process.mremap(m.addr, 5 * PAGE, 5 * PAGE),
        Err(Errno::EFAULT)
    );
    assert_eq!(
        m.process.mremap(m.addr + 9 * PAGE, PAGE, PAGE),
        Err(Errno::EFAULT)
    );
    assert_eq!(m.process.mremap(m.addr, 4 * PAGE, 2 * PAGE), Ok(m.addr));
    assert_eq!(m.process.read_byte(m.addr + 2 * PAGE), Err(Errno::EFAULT));
    let to = m
        .process
        .mremap_move(m.addr, 2 * PAGE)
        .expect("it can be moved");
    assert_eq!(m.process.read_byte(m.addr), Err(Errno::EFAULT));
    let faults = m.bench.machine.counters().user_faults.get();
    assert_eq!(
        [m.process.read_byte(to), m.process.read_byte(to + PAGE)],
        [Ok(1), Ok(2)]
    );
    assert_eq!(
        m.bench.machine.counters().user_faults.get(),
        faults,
        "the entries moved with it"
    );
    assert_eq!(m.object.gem().refs(), refs);
    m.bench.quiet();
}

#[test]
fn ranges_beyond_the_last_address_are_refused_and_change_nothing() {
    let m = mapped(2);
    let (process, last) = (&m.process, u64::MAX - PAGE + 1);
    for len in [PAGE, 2 * PAGE, u64::MAX] {
        assert_eq!(process.munmap(last, len), Err(Errno::EINVAL));
        assert_eq!(process.mprotect(last, len, Prot::Read), Err(Errno::ENOMEM));
        assert_eq!(process.madvise_dontneed(last, len), Err(Errno::EINVAL));
        assert!(process.mremap(last, len, PAGE).is_err());
    }
    assert_eq!(process.munmap(m.addr, u64::MAX), Err(Errno::EINVAL));
    let huge = u64::MAX - 3 * PAGE;
    assert_eq!(
        process.mremap(m.addr, huge, huge - PAGE),
        Err(Errno::EINVAL)
    );
    let fixed = process.mmap_fixed(
        last,
        &m.bench.file,
        2 * PAGE,
        Prot::ReadWrite,
        Sharing::Shared,
        m.object.gem().create_mmap_offset().expect("it has one"),
    );
    assert_eq!(fixed, Err(Errno::ENOMEM));
    assert!(process.pin_user_pages(last, u64::MAX >> 12).is_err());
    assert_eq!(process.read_byte(m.addr + PAGE), Ok(2));
}
