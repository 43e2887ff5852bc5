//! Export, and import without a DMA mapping.

use drm_core::PAGE_SIZE;
use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Object as _};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::Direction;
use gem_shmem::{Object, Vmap};

use crate::support::{Calls, Camera, counts, device, device_on, warnings};

const SIZE: u64 = 2 * PAGE_SIZE;

fn import(dev: &Device, camera: &Camera) -> Result<Gem<Object>> {
    let object = Object::prime_import(dev, &camera.dma_buf, Some(dev.dma()))?;
    Ok(object.downcast().expect("an object of this library"))
}

#[test]
fn an_import_is_known_as_one_and_never_mapped_for_dma() -> Result {
    let dev = device();
    let camera = Camera::new(dev.machine());
    let object = import(&dev, &camera)?;
    let header = object.gem();
    assert!(header.is_imported());
    assert!(header.filp().is_none());
    assert!(header.resv().is(camera.dma_buf.resv()));
    assert_eq!(header.size(), SIZE);
    camera.write(1, b"picture");
    let vmap = Vmap::new(&object)?;
    let mut bytes = [0; 7];
    vmap.read(PAGE_SIZE, &mut bytes)?;
    assert_eq!(&bytes, b"picture");
    let expect = Calls {
        attached: 1,
        vmapped: 1,
        ..Calls::default()
    };
    assert_eq!(camera.calls(), expect);
    drop(vmap);
    drop(object);
    assert_eq!(camera.calls(), Calls::default());
    Ok(())
}

#[test]
fn an_import_that_fails_leaves_nothing_attached() -> Result {
    let dev = device();
    let camera = Camera::new(dev.machine());
    let without = Object::prime_import(&dev, &camera.dma_buf, None);
    assert_eq!(without.err(), Some(Errno::ENODEV));
    let all = Object::create(&dev, 0xfff_ff00 << drm_core::PAGE_SHIFT)?;
    assert_eq!(import(&dev, &camera).err(), Some(Errno::ENOSPC));
    drop(all);
    assert_eq!(camera.calls(), Calls::default());
    camera.refuse_attach(Errno::EBUSY);
    assert_eq!(import(&dev, &camera).err(), Some(Errno::EBUSY));
    assert_eq!(dev.object_count(), 0);
    assert!(warnings(&dev).is_empty());
    Ok(())
}

#[test]
fn an_import_in_memory_of_a_device_cannot_be_mapped() -> Result {
    let dev = device();
    let camera = Camera::new(dev.machine());
    camera.give_io_memory();
    let object = import(&dev, &camera)?;
    assert_eq!(Vmap::new(&object).err(), Some(Errno::EIO));
    assert_eq!(camera.calls().vmapped, 0);
    let site = "gem_shmem: import mapped to memory of a device";
    assert_eq!(warnings(&dev), [site]);
    Ok(())
}

#[test]
fn an_import_is_not_pinned_and_has_no_table() -> Result {
    let dev = device();
    let camera = Camera::new(dev.machine());
    let object = import(&dev, &camera)?.into_dyn();
    let mut guard = object.gem().resv().lock();
    assert_eq!(object.pin(&mut guard), Err(Errno::EINVAL));
    let table = object.get_sg_table(&mut guard);
    assert_eq!(table.err(), Some(Errno::EINVAL));
    drop(guard);
    assert_eq!(warnings(&dev).len(), 2);
    let mut text = String::new();
    object.print_info(&mut text, 0).expect("a string");
    assert_eq!(text, "", "an import has no counts to print");
    Ok(())
}

#[test]
fn a_table_is_made_for_a_device_that_attached_and_for_nobody_else() -> Result {
    let dev = device();
    let object = Object::create(&dev, SIZE)?;
    {
        let mut guard = object.gem().resv().lock();
        let table = object.get_sg_table(&mut guard);
        assert_eq!(table.err(), Some(Errno::EINVAL));
    }
    assert_eq!(warnings(&dev).len(), 1);
    let file = dev.open()?;
    let handle = file.handle_create(&object.clone().into_dyn())?;
    let dma_buf = file.export(handle, true)?;
    assert_eq!(counts(&object), (0, 0), "an export pins nothing");
    let other = device_on(dev.machine());
    let attach = dma_buf.attach(other.dma())?;
    assert_eq!(counts(&object), (1, 0));
    let table = attach.map_unlocked(Direction::Bidirectional)?;
    assert_eq!(table.len(), SIZE);
    assert_eq!(counts(&object), (1, 0), "the table is no further use");
    attach.unmap_unlocked(&table);
    attach.detach();
    assert_eq!(counts(&object), (0, 0));
    Ok(())
}

#[test]
fn a_device_imports_its_own_buffer_as_itself() -> Result {
    let dev = device();
    let file = dev.open()?;
    let object = Object::create(&dev, SIZE)?;
    let handle = file.handle_create(&object.clone().into_dyn())?;
    let dma_buf = file.export(handle, true)?;
    let own = Object::prime_import(&dev, &dma_buf, Some(dev.dma()))?;
    assert!(own.is(&object));
    assert_eq!(counts(&object), (0, 0), "nobody attached");
    Ok(())
}

#[test]
fn an_exporter_is_mapped_once_by_every_importer_together() -> Result {
    let dev = device();
    let object = Object::create(&dev, SIZE)?;
    let file = dev.open()?;
    let handle = file.handle_create(&object.clone().into_dyn())?;
    let dma_buf = file.export(handle, true)?;
    let importers: Vec<Vmap> = (0..3)
        .map(|_| {
            let other = device_on(dev.machine());
            let import = Object::prime_import(&other, &dma_buf, Some(other.dma()))?;
            Vmap::new(&import.downcast().expect("an object of this library"))
        })
        .collect::<Result<_>>()?;
    // Three attachments, and one mapping that the dma-buf counts.
    assert_eq!(counts(&object), (4, 1));
    drop(importers);
    assert_eq!(counts(&object), (0, 0));
    Ok(())
}

#[test]
fn a_process_maps_an_import_through_its_exporter() -> Result {
    let dev = device();
    let object = Object::create(&dev, SIZE)?;
    let file = dev.open()?;
    let handle = file.handle_create(&object.clone().into_dyn())?;
    let dma_buf = file.export(handle, true)?;
    let other = device_on(dev.machine());
    let theirs = other.open()?;
    let handle = theirs.import(&dma_buf)?;
    let refused = theirs.dumb_map_offset(handle);
    assert_eq!(refused, Err(Errno::EINVAL), "dumb map is for own buffers");
    let import = theirs.lookup(handle).expect("an object");
    let offset = import.gem().create_mmap_offset()?;
    let process = Process::new(dev.machine());
    let at = process.mmap(&theirs, SIZE, Prot::ReadWrite, Sharing::Shared, offset)?;
    process.write(at, b"through")?;
    let mut bytes = [0; 7];
    Vmap::new(&object)?.read(0, &mut bytes)?;
    assert_eq!(&bytes, b"through");
    Ok(())
}
