//! `drm_gem_shmem_free`: what it takes down, what it forgives, what it warns of.

use drm_core::gem;
use drm_core::prime::Direction;
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

use crate::import::foreign;
use crate::support::{PAGE, bench};

#[test]
fn free_unmaps_the_table_and_gives_everything_back() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    let table = object.base().get_pages_sgt().expect("it can be made");
    let offset = object.base().base.node().offset();
    drop(object);
    assert!(!table.is_mapped());
    assert_eq!((bench.frames(), bench.dev.object_count()), (0, 0));
    let next = bench.object(PAGE);
    assert_eq!(
        next.base().base.node().offset(),
        offset,
        "the offset is free again"
    );
    bench.quiet();
}

#[test]
fn one_use_that_is_left_is_forgiven() {
    let bench = bench();
    let object = bench.object(PAGE);
    object.base().pin().expect("it can be pinned");
    drop(object);
    bench.quiet();
    assert_eq!(bench.frames(), 0);
}

#[test]
fn two_uses_that_are_left_are_warned_of() {
    let bench = bench();
    for with_table in [false, true] {
        let object = bench.object(PAGE);
        object.base().pin().expect("it can be pinned");
        if with_table {
            object.base().get_pages_sgt().expect("it can be made");
        } else {
            object.base().pin().expect("it can be pinned");
        }
        drop(object);
        bench.warned();
    }
}

#[test]
fn a_kernel_mapping_that_is_left_is_warned_of() {
    let bench = bench();
    let object = bench.object(PAGE);
    object
        .base()
        .vmap(&mut object.base().base.resv().lock())
        .expect("it can be mapped");
    drop(object);
    bench.warned();
}

#[test]
fn free_of_an_import_unmaps_detaches_and_drops_the_buffer() {
    let bench = bench();
    let (exporter, handle, dma_buf) = bench.exported(PAGE);
    let (there, import) = bench.imported(&dma_buf);
    let table = import
        .base()
        .racy()
        .sgt
        .clone()
        .expect("it came with the import");
    bench.file.handle_delete(handle).expect("the handle exists");
    bench
        .other_file
        .handle_delete(there)
        .expect("the handle exists");
    assert!(table.is_mapped());
    drop(import);
    assert!(!table.is_mapped());
    assert_eq!((bench.other.object_count(), dma_buf.refs()), (0, 1));
    drop(dma_buf);
    assert_eq!(exporter.base().base.refs(), 1);
    drop(exporter);
    assert_eq!((bench.dev.object_count(), bench.frames()), (0, 0));
    bench.quiet();
}

#[test]
fn an_import_that_is_freed_before_it_knows_loses_its_table_twice() {
    let bench = bench();
    let exporter = foreign(&bench.machine, 1);
    let attach = exporter
        .dma_buf
        .attach(bench.dev.dma())
        .expect("it attaches");
    let table = attach
        .map_unlocked(Direction::Bidirectional)
        .expect("it maps");
    let object =
        legacy::prime_import_sg_table::<Plain>(&bench.dev, &attach, Some(Arc::clone(&table)))
            .expect("it can be made");
    // A driver that frees here, because a later step failed.
    drop(object);
    bench.quiet();
    // And the core, which unwinds what it did.
    attach.unmap_unlocked(&table);
    bench.crashed();
    attach.detach();
}

#[test]
fn the_adapter_frees() {
    struct Own(legacy::Object);
    impl gem::Object for Own {
        fn gem(&self) -> &gem::Header {
            &self.0.base
        }
        fn free(&self, gone: &gem::Gone) {
            legacy::object_free(&self.0, gone);
        }
    }
    impl Subclass for Own {
        fn base(&self) -> &legacy::Object {
            &self.0
        }
    }
    impl legacy::CreateObject for Own {
        fn gem_create_object(
            _dev: &drm_core::device::Device,
            base: legacy::Object,
        ) -> drm_core::errno::Result<Self> {
            Ok(Self(base))
        }
    }
    let bench = bench();
    let object = legacy::create::<Own>(&bench.dev, PAGE).expect("it can be made");
    let table = object.0.get_pages_sgt().expect("it can be made");
    drop(object);
    assert!(!table.is_mapped());
    bench.quiet();
}
