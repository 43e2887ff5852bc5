//! Sharing: buffers of other devices, and of other files.

use migrate_macros::scenario;
use port_imagination::uapi::BoFlags;
use port_kit::vgem::Vgem;

use super::session::{GENERAL, Session};

/// A buffer of two pages of another device, imported; its handle.
fn import(s: &mut Session) -> (Vgem, u32) {
    let vgem = Vgem::new(&s.machine).expect("a file");
    let (foreign, dma_buf) = vgem.export(2).expect("memory");
    let exporter = vgem.file().lookup(foreign).expect("a handle");
    let imported = s.files[0].import(&dma_buf);
    s.answer("import", &imported);
    let pages: Vec<u64> = {
        let mut guard = exporter.gem().resv().lock();
        let table = exporter
            .get_sg_table(&mut guard)
            .expect("attached, so there");
        (0..2).filter_map(|page| table.phys_page(page)).collect()
    };
    for (index, pa) in pages.into_iter().enumerate() {
        s.name_page(pa, &format!("foreign+{index}"));
    }
    (vgem, imported.expect("a handle"))
}

#[scenario]
fn an_import_is_mapped_where_the_exporter_has_it(s: &mut Session) {
    let vm = s.vm();
    let (_vgem, handle) = import(s);
    let _mapped = s.map(vm, GENERAL, handle, 0, 2);
    s.show_space(vm);
    s.note("a process cannot map it");
    let _refused = s.mmap(handle);
    s.note("it goes back to where it came from");
    let _shared = s.export(handle);
    s.close(handle);
    s.show_space(vm);
    let _unmapped = s.unmap(vm, GENERAL, 2 * 4096);
}

#[scenario(differs = "D1")]
fn a_kernel_mapping_of_an_import_is_never_undone(s: &mut Session) {
    let (_vgem, handle) = import(s);
    let object = s.object(0, handle);
    let before = s.machine.counters().snapshot();
    let map = s.pvr.control.kernel_map(&object);
    s.answer("vmap", &map);
    s.pvr.control.kernel_unmap(&object);
    s.trace.log(&s.machine);
    let spent = s.machine.counters().snapshot() - before;
    s.trace.line(format_args!(
        "kernel mappings made {}, ended {}",
        spent.vmaps, spent.vunmaps
    ));
}

#[scenario]
fn a_buffer_in_two_files_is_one_object(s: &mut Session) {
    let bo = s.bo("bo", 1, BoFlags::empty());
    let dma_buf = s.export(bo).expect("a buffer");
    let second = s.open();
    let imported = s.files[second].import(&dma_buf).expect("a handle");
    let again = s.files[second].import(&dma_buf).expect("a handle");
    let same = s.object(0, bo).is(&s.object(second, imported));
    s.trace.line(format_args!(
        "handles {imported} and {again}, the same object: {same}"
    ));
    drop(dma_buf);
    let (vm, other) = (s.vm(), s.vm_of(second));
    let _mapped = s.map(vm, GENERAL, bo, 0, 1);
    let mut args = port_imagination::uapi::VmMap {
        vm_context_handle: other,
        device_addr: GENERAL + 0x1000,
        handle: imported,
        size: 4096,
        ..Default::default()
    };
    let mapped = s.raw(second, port_imagination::uapi::VM_MAP, &mut args);
    s.answer("vm_map in the second file", &mapped);
    s.show_space_of(0, vm);
    s.show_space_of(second, other);
}
