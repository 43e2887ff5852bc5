//! `drm_gem_shmem_print_info`, behind the lines that the core prints.

use drm_core::gem::print_info;
use gem_shmem::legacy::{self, Subclass};

use crate::support::{PAGE, bench};

#[test]
fn an_own_object_prints_its_counts_and_its_address() {
    let bench = bench();
    let object = bench.object(4 * PAGE);
    object.base().pin().expect("it can be pinned");
    let mut text = String::new();
    print_info(&*object, &mut text, 2).expect("a string takes everything");
    assert_eq!(
        text,
        "\t\tname=0\n\t\trefcount=1\n\t\tstart=00100000\n\t\tsize=16384\n\t\timported=no\n\
         \t\tpages_use_count=1\n\t\tvmap_use_count=0\n\t\tvaddr=0x0\n"
    );
    let map = object
        .base()
        .vmap(&mut object.base().base.resv().lock())
        .expect("it can be mapped");
    let mut text = String::new();
    legacy::object_print_info(object.base(), &mut text, 0).expect("a string takes everything");
    let address = map.map().address();
    assert_eq!(
        text,
        format!("pages_use_count=2\nvmap_use_count=1\nvaddr={address:#x}\n")
    );
    object.base().vunmap(&mut object.base().base.resv().lock());
}

#[test]
fn an_import_prints_nothing_of_its_own() {
    let bench = bench();
    let (_object, _, dma_buf) = bench.exported(PAGE);
    let (handle, import) = bench.imported(&dma_buf);
    let mut text = String::new();
    import
        .base()
        .print_info(&mut text, 1)
        .expect("a string takes everything");
    assert_eq!(text, "");
    bench
        .other_file
        .flink(handle)
        .expect("imports have names, too");
    print_info(&*import, &mut text, 0).expect("a string takes everything");
    assert!(
        text.starts_with("name=1\n") && text.ends_with("imported=yes\n"),
        "{text}"
    );
}
