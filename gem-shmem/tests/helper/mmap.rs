//! `drm_gem_shmem_mmap`, and the copies of a mapping: `vm_open`, `vm_close`.

use drm_core::errno::Errno;
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::mmap::{Prot, Sharing, VmFlags};
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::import::foreign;
use crate::support::{Bench, PAGE, bench, counts};

fn with_handle(bench: &Bench, pages: u64) -> Gem<Plain> {
    let object = bench.object(pages * PAGE);
    bench.handle(&object);
    object
}

#[test]
fn mmap_gets_every_page_and_holds_one_use_and_one_reference() {
    let bench = bench();
    let object = with_handle(&bench, 4);
    let refs = object.base().base.refs();
    let addr = bench.map(&object).expect("it can be mapped");
    assert_eq!((counts(&object), bench.frames()), ((1, 0), 4));
    assert_eq!(object.base().base.refs(), refs + 1);
    bench.unmap(&object, addr);
    assert_eq!((counts(&object), object.base().base.refs()), ((0, 0), refs));
    bench.quiet();
}

#[test]
fn the_mapping_is_of_pfns_and_cannot_grow() {
    let bench = bench();
    for wc in [false, true] {
        let object = with_handle(&bench, 1);
        object.base().map_wc.set(wc);
        let addr = bench.map(&object).expect("it can be mapped");
        let flags = bench.process.vma(addr).expect("it is mapped").flags();
        assert!(flags.contains(VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP));
        assert_eq!(flags.contains(VmFlags::WRITE_COMBINE), wc);
    }
}

#[test]
fn a_mapping_that_copies_on_write_is_refused() {
    let bench = bench();
    let object = with_handle(&bench, 1);
    let refs = object.base().base.refs();
    for prot in [Prot::ReadWrite, Prot::Read] {
        let mapped = bench.map_as(&object, prot, Sharing::Private);
        assert_eq!(mapped, Err(Errno::EINVAL), "it may be made writable later");
    }
    assert_eq!((counts(&object), object.base().base.refs()), ((0, 0), refs));
    assert!(bench.map_as(&object, Prot::Read, Sharing::Shared).is_ok());
}

#[test]
fn a_failed_mmap_leaves_no_use_and_no_reference() {
    let bench = bench();
    let object = with_handle(&bench, 4);
    let refs = object.base().base.refs();
    bench.machine.failpoints().fail_nth(Fail::PageAlloc, 3);
    assert_eq!(bench.map(&object), Err(Errno::ENOMEM));
    assert_eq!((counts(&object), object.base().base.refs()), ((0, 0), refs));
    bench.quiet();
}

#[test]
fn mmap_wants_the_exact_offset_no_more_than_the_object_and_a_handle() {
    let bench = bench();
    let object = with_handle(&bench, 4);
    let offset = object.base().base.node().offset().expect("it has one");
    let map = |file, len, offset| {
        bench
            .process
            .mmap(file, len, Prot::ReadWrite, Sharing::Shared, offset)
    };
    assert_eq!(
        map(&bench.file, PAGE, offset + PAGE),
        Err(Errno::EINVAL),
        "inside the object"
    );
    assert_eq!(
        map(&bench.file, PAGE, offset + 1),
        Err(Errno::EINVAL),
        "no page"
    );
    assert_eq!(map(&bench.file, PAGE, 0), Err(Errno::EINVAL), "nobody's");
    assert_eq!(map(&bench.file, PAGE, !(PAGE - 1)), Err(Errno::EINVAL));
    assert_eq!(
        map(&bench.file, 4 * PAGE + 1, offset),
        Err(Errno::EINVAL),
        "too long"
    );
    assert_eq!(map(&bench.file, u64::MAX, offset), Err(Errno::ENOMEM));
    assert_eq!(map(&bench.file, 0, offset), Err(Errno::EINVAL));
    let stranger = bench.dev.open().expect("it opens");
    assert_eq!(
        map(&stranger, PAGE, offset),
        Err(Errno::EACCES),
        "no handle"
    );
    assert_eq!(counts(&object), (0, 0));
    assert!(map(&bench.file, PAGE, offset).is_ok(), "a part");
    bench.dev.unplug();
    assert_eq!(map(&bench.file, PAGE, offset), Err(Errno::ENODEV));
}

#[test]
fn fork_and_a_split_are_a_use_and_a_reference_each() {
    let bench = bench();
    let object = with_handle(&bench, 4);
    let refs = object.base().base.refs();
    let addr = bench.map(&object).expect("it can be mapped");
    let child = bench.process.fork();
    assert_eq!(
        (counts(&object), object.base().base.refs()),
        ((2, 0), refs + 2)
    );
    bench
        .process
        .munmap(addr + PAGE, PAGE)
        .expect("it is mapped");
    assert_eq!(counts(&object), (3, 0), "a hole makes two of one");
    bench.process.munmap(addr, PAGE).expect("it is mapped");
    assert_eq!(counts(&object), (2, 0));
    drop(child);
    bench.unmap(&object, addr);
    assert_eq!((counts(&object), object.base().base.refs()), ((0, 0), refs));
    bench.quiet();
}

#[test]
fn vm_open_without_pages_warns_once_and_does_not_count() {
    let bench = bench();
    let object = with_handle(&bench, 1);
    bench.map(&object).expect("it can be mapped");
    object.base().unpin();
    assert_eq!(
        counts(&object),
        (0, 0),
        "somebody unpinned what the mapping holds"
    );
    let child = bench.process.fork();
    bench.warned();
    assert_eq!(counts(&object), (0, 0));
    drop(child);
    assert_eq!(bench.marks().0, 1, "put that nobody uses");
}

#[test]
fn the_vm_operations_are_the_public_ones() {
    let bench = bench();
    let object = with_handle(&bench, 1);
    let addr = bench.map(&object).expect("it can be mapped");
    let vma = bench.process.vma(addr).expect("it is mapped");
    legacy::vm_open(object.base(), &vma);
    assert_eq!(counts(&object), (2, 0));
    legacy::vm_close(object.base(), &vma);
    assert_eq!(counts(&object), (1, 0));
}

#[test]
fn mmap_of_an_import_is_the_exporters() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(2 * PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let refs = import.base().base.refs();
    let addr = bench.map(&import).expect("it can be mapped");
    assert_eq!((counts(&import), counts(&object)), ((0, 0), (2, 0)));
    assert_eq!(
        import.base().base.refs(),
        refs,
        "the mapping holds the exporter's object"
    );
    bench
        .process
        .write(addr + PAGE, &[0x77])
        .expect("it is mapped");
    let own = bench.map(&object).expect("it can be mapped");
    assert_eq!(bench.process.read_byte(own + PAGE), Ok(0x77));
    assert!(
        bench
            .map_as(&import, Prot::ReadWrite, Sharing::Private)
            .is_err()
    );
    bench.unmap(&import, addr);
    bench.quiet();
}

#[test]
fn mmap_of_an_import_answers_what_its_exporter_does() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let (_, import) = bench.imported(&exporter.dma_buf);
    let refs = (import.base().base.refs(), exporter.dma_buf.refs());
    assert_eq!(
        bench.map(&import),
        Err(Errno::EINVAL),
        "this one has no mmap"
    );
    assert_eq!((import.base().base.refs(), exporter.dma_buf.refs()), refs);
    bench.quiet();
}

#[test]
fn vm_open_of_an_import_warns() {
    let bench = bench();
    let (object, _, dma_buf) = bench.exported(PAGE);
    let (_, import) = bench.imported(&dma_buf);
    let addr = bench.map(&object).expect("it can be mapped");
    let vma = bench.process.vma(addr).expect("it is mapped");
    bench.quiet();
    legacy::vm_open(import.base(), &vma);
    assert!(bench.marks().0 >= 1);
    assert_eq!(counts(&import), (0, 0));
}
