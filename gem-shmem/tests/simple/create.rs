//! Creation, and what it refuses.

use drm_core::device::DumbArgs;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::{PAGE_SIZE, gem};
use gem_shmem::Object;

use crate::support::{counts, device, warnings};

#[test]
fn sizes_are_rounded_up_to_pages_and_bad_ones_refused() -> Result {
    let dev = device();
    for (size, expect) in [
        (1, Ok(PAGE_SIZE)),
        (PAGE_SIZE, Ok(PAGE_SIZE)),
        (PAGE_SIZE + 1, Ok(2 * PAGE_SIZE)),
        (1 << 32, Ok(1 << 32)),
        (0, Err(Errno::ENOSPC)),
        (u64::MAX, Err(Errno::ENOSPC)),
        (u64::MAX - PAGE_SIZE, Err(Errno::EINVAL)),
        (1 << 63, Err(Errno::EINVAL)),
        (i64::MAX as u64, Err(Errno::EINVAL)),
        (1 << 62, Err(Errno::ENOSPC)),
    ] {
        let object = Object::create(&dev, size);
        let size_of = |object: gem::Gem<Object>| gem::Object::gem(&*object).size();
        assert_eq!(object.map(size_of), expect, "{size:#x}");
        assert_eq!(dev.object_count(), 0, "{size:#x}");
    }
    Ok(())
}

#[test]
fn a_fresh_object_has_an_offset_and_no_pages() -> Result {
    let dev = device();
    let object = Object::create(&dev, 3 * PAGE_SIZE)?;
    let header = gem::Object::gem(&*object);
    assert_eq!(header.node().offset(), Some(1 << 32));
    assert_eq!(header.filp().map(|file| file.nr_resident()), Some(0));
    assert_eq!((header.refs(), header.handle_count()), (1, 0));
    assert_eq!(counts(&object), (0, 0));
    Ok(())
}

#[test]
fn no_memory_for_the_file_is_enomem() {
    let dev = device();
    dev.machine().failpoints().fail_nth(Fail::Alloc, 1);
    assert_eq!(Object::create(&dev, 1).err(), Some(Errno::ENOMEM));
    assert_eq!(dev.object_count(), 0);
}

#[test]
fn a_full_offset_space_is_enospc_until_something_goes() -> Result {
    let dev = device();
    let all = Object::create(&dev, 0xfff_ff00 << drm_core::PAGE_SHIFT)?;
    assert_eq!(Object::create(&dev, 1).err(), Some(Errno::ENOSPC));
    assert_eq!(dev.object_count(), 1);
    drop(all);
    Object::create(&dev, 1)?;
    Ok(())
}

fn dumb(width: u32, height: u32, bpp: u32) -> DumbArgs {
    DumbArgs {
        width,
        height,
        bpp,
        ..DumbArgs::default()
    }
}

#[test]
fn a_dumb_buffer_gets_pitch_size_and_the_lowest_handle() -> Result {
    let dev = device();
    let file = dev.open()?;
    let mut args = dumb(1024, 768, 32);
    file.create_dumb(&mut args)?;
    assert_eq!((args.pitch, args.size, args.handle), (4096, 3_145_728, 1));
    let mut args = dumb(17, 5, 15);
    file.create_dumb(&mut args)?;
    assert_eq!((args.pitch, args.size, args.handle), (32, 4096, 2));
    Ok(())
}

#[test]
fn the_pitch_of_a_dumb_buffer_wraps_in_32_bits() -> Result {
    let dev = device();
    let file = dev.open()?;
    let mut args = dumb(0x1000_0001, 1, 32);
    file.create_dumb(&mut args)?;
    assert_eq!((args.pitch, args.size), (4, 4096));
    assert_eq!(
        file.create_dumb(&mut dumb(0x1000_0000, 1, 32)),
        Err(Errno::ENOSPC)
    );
    assert_eq!(
        file.create_dumb(&mut dumb(u32::MAX, 1, 32)),
        Err(Errno::EINVAL)
    );
    assert_eq!(dev.object_count(), 1);
    Ok(())
}

#[test]
fn a_dumb_buffer_without_a_handle_is_gone() -> Result {
    let dev = device();
    let file = dev.open()?;
    // The file of the object is the first allocation, the handle the second.
    dev.machine().failpoints().fail_nth(Fail::Alloc, 2);
    assert_eq!(file.create_dumb(&mut dumb(1, 1, 32)), Err(Errno::ENOMEM));
    assert_eq!(dev.object_count(), 0);
    assert!(warnings(&dev).is_empty());
    Ok(())
}
