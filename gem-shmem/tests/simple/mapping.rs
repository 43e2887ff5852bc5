//! Kernel mappings and user mappings, and the count that they share.

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Object as _};
use drm_core::machine::Fail;
use drm_core::mmap::{Process, Prot, Sharing, VmFlags};
use gem_shmem::{Object, Vmap};

use crate::support::{Camera, counts, device, device_on, warnings};

const SIZE: u64 = 4 * PAGE_SIZE;

fn object() -> Result<(Device, Gem<Object>)> {
    let dev = device();
    let object = Object::create(&dev, SIZE)?;
    Ok((dev, object))
}

#[test]
fn mappings_of_the_kernel_are_counted_and_share_one_run_of_addresses() -> Result {
    let (dev, object) = object()?;
    let first = Vmap::new(&object)?;
    let second = Vmap::new(&object)?;
    assert_eq!(counts(&object), (1, 2));
    assert_eq!(dev.machine().counters().snapshot().vmaps, 1);
    first.write(5000, b"seen")?;
    drop(first);
    assert_eq!(counts(&object), (1, 1));
    let mut bytes = [0; 4];
    second.read(5000, &mut bytes)?;
    assert_eq!(&bytes, b"seen");
    assert!(second.object().is(&object));
    drop(second);
    assert_eq!(counts(&object), (0, 0));
    assert_eq!(dev.machine().counters().snapshot().vunmaps, 1);
    Ok(())
}

#[test]
fn a_mapping_ends_where_the_object_ends() -> Result {
    let (_dev, object) = object()?;
    let vmap = Vmap::new(&object)?;
    let mut byte = [0];
    assert_eq!(vmap.read(SIZE - 1, &mut byte), Ok(()));
    assert_eq!(vmap.read(SIZE, &mut byte), Err(Errno::EFAULT));
    assert_eq!(vmap.write(SIZE - 1, b"ab"), Err(Errno::EFAULT));
    assert_eq!(vmap.read(u64::MAX, &mut byte), Err(Errno::EFAULT));
    Ok(())
}

#[test]
fn a_mapping_that_fails_changes_no_count() -> Result {
    let (dev, object) = object()?;
    let machine = dev.machine();
    for (fail, nth) in [(Fail::Alloc, 1), (Fail::PageAlloc, 1), (Fail::PageAlloc, 3)] {
        machine.failpoints().fail_from(fail, nth);
        assert_eq!(Vmap::new(&object).err(), Some(Errno::ENOMEM));
        machine.failpoints().disarm();
        assert_eq!(counts(&object), (0, 0), "{fail:?} {nth}");
    }
    machine.limit_commit(Some(0));
    assert_eq!(Vmap::new(&object).err(), Some(Errno::ENOSPC));
    machine.limit_commit(None);
    machine.failpoints().fail_nth(Fail::Vmap, 1);
    assert_eq!(Vmap::new(&object).err(), Some(Errno::ENOMEM));
    assert_eq!(counts(&object), (0, 0));
    Vmap::new(&object)?;
    assert!(warnings(&dev).is_empty());
    Ok(())
}

#[test]
fn a_page_is_had_by_index_while_mapped_and_not_one_beyond() -> Result {
    let (_dev, object) = object()?;
    let vmap = Vmap::new(&object)?;
    vmap.write(2 * PAGE_SIZE, b"third page")?;
    let page = vmap.page(2).expect("the third of four pages");
    let mut bytes = [0; 10];
    object.gem().machine().ram().read(page.phys(), &mut bytes);
    assert_eq!(&bytes, b"third page");
    assert!(vmap.page(3).is_some());
    // Linux 6.12 lets this through, and reads one entry beyond the array.
    assert!(vmap.page(4).is_none());
    assert!(vmap.page(u64::MAX).is_none());
    Ok(())
}

#[test]
fn an_import_has_no_page_to_give() -> Result {
    let dev = device();
    let camera = Camera::new(dev.machine());
    let import = Object::prime_import(&dev, &camera.dma_buf, Some(dev.dma()))?;
    let import = import.downcast().expect("an object of this library");
    let vmap = Vmap::new(&import)?;
    assert!(vmap.page(0).is_none());
    Ok(())
}

struct Mapped {
    file: File,
    object: Gem<Object>,
    offset: u64,
}

fn mapped() -> Result<Mapped> {
    let (dev, object) = object()?;
    let file = dev.open()?;
    let handle = file.handle_create(&object.clone().into_dyn())?;
    let offset = file.dumb_map_offset(handle)?;
    Ok(Mapped {
        file,
        object,
        offset,
    })
}

impl Mapped {
    fn map(&self, process: &Process, sharing: Sharing) -> Result<u64> {
        process.mmap(&self.file, SIZE, Prot::ReadWrite, sharing, self.offset)
    }
}

#[test]
fn a_user_mapping_gets_every_page_at_once_and_is_a_use() -> Result {
    let m = mapped()?;
    let process = Process::new(m.file.machine());
    let at = m.map(&process, Sharing::Shared)?;
    assert_eq!(counts(&m.object), (1, 0));
    assert_eq!(m.object.gem().filp().map(|f| f.nr_resident()), Some(4));
    let flags = process.vma(at).map(|vma| vma.flags());
    let expect = VmFlags::PFNMAP | VmFlags::DONTEXPAND | VmFlags::DONTDUMP;
    assert_eq!(flags, Some(expect), "cached, never write-combined");
    let child = process.fork();
    assert_eq!(counts(&m.object), (2, 0));
    process.write(at, b"parent")?;
    assert_eq!(child.read_byte(at), Ok(b'p'));
    drop(child);
    process.munmap(at, PAGE_SIZE)?;
    assert_eq!(counts(&m.object), (1, 0), "the rest is a mapping, too");
    process.munmap(at + PAGE_SIZE, SIZE)?;
    assert_eq!(counts(&m.object), (0, 0));
    Ok(())
}

#[test]
fn a_user_mapping_that_fails_is_no_use() -> Result {
    let m = mapped()?;
    let process = Process::new(m.file.machine());
    assert_eq!(m.map(&process, Sharing::Private), Err(Errno::EINVAL));
    m.file.machine().failpoints().fail_from(Fail::PageAlloc, 2);
    assert_eq!(m.map(&process, Sharing::Shared), Err(Errno::ENOMEM));
    m.file.machine().failpoints().disarm();
    assert_eq!(counts(&m.object), (0, 0));
    let other = m.file.dev().open()?;
    let foreign = process.mmap(&other, SIZE, Prot::Read, Sharing::Shared, m.offset);
    assert_eq!(foreign, Err(Errno::EACCES));
    let inside = m.offset + PAGE_SIZE;
    let inside = process.mmap(&m.file, PAGE_SIZE, Prot::Read, Sharing::Shared, inside);
    assert_eq!(inside, Err(Errno::EINVAL));
    Ok(())
}

#[test]
fn faults_count_from_the_start_of_the_mapping() -> Result {
    let m = mapped()?;
    let process = Process::new(m.file.machine());
    let vmap = Vmap::new(&m.object)?;
    for page in 0..4 {
        vmap.write(page * PAGE_SIZE, &[b'0' + page as u8])?;
    }
    let at = m.map(&process, Sharing::Shared)?;
    process.munmap(at, PAGE_SIZE)?;
    let seen: Result<Vec<u8>> = (1..4)
        .map(|page| process.read_byte(at + page * PAGE_SIZE))
        .collect();
    assert_eq!(seen.as_deref(), Ok(&b"012"[..]), "as in Linux");
    Ok(())
}

#[test]
fn contents_outlive_the_last_use_and_swap() -> Result {
    let (dev, object) = object()?;
    Vmap::new(&object)?.write(PAGE_SIZE, b"kept")?;
    let file = object.gem().filp().expect("an own object");
    assert_eq!(file.swap_out(u64::MAX), 4);
    assert_eq!((file.nr_resident(), file.nr_swapped()), (0, 4));
    let mut bytes = [0; 4];
    let vmap = Vmap::new(&object)?;
    vmap.read(PAGE_SIZE, &mut bytes)?;
    assert_eq!(&bytes, b"kept");
    assert_eq!(file.swap_out(u64::MAX), 0, "pages in use stay");
    drop(vmap);
    dev.machine().failpoints().fail_nth(Fail::SwapIn, 1);
    assert_eq!(file.swap_out(u64::MAX), 4);
    assert_eq!(Vmap::new(&object).err(), Some(Errno::EIO));
    assert_eq!(counts(&object), (0, 0));
    Ok(())
}

#[test]
fn memory_of_another_object_is_never_seen() -> Result {
    let machine = crate::support::machine();
    let dev = device_on(&machine);
    for round in 0..3 {
        let object = Object::create(&dev, SIZE)?;
        let vmap = Vmap::new(&object)?;
        let mut bytes = vec![0xff; SIZE as usize];
        vmap.read(0, &mut bytes)?;
        assert!(bytes.iter().all(|byte| *byte == 0), "round {round}");
        vmap.write(0, &vec![0xae; SIZE as usize])?;
        drop(vmap);
        if round == 1 {
            object.gem().filp().map(|file| file.swap_out(u64::MAX));
        }
    }
    Ok(())
}
