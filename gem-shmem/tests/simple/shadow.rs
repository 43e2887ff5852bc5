//! The shadow-plane helper.

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::prime::Direction;
use gem_shmem::{Object, ShadowMaps, Vmap};

use crate::support::{Calls, Camera, counts, device, device_on};

const SIZE: u64 = 2 * PAGE_SIZE;

#[test]
fn every_plane_is_read_from_where_it_begins() -> Result {
    let dev = device();
    let luma = Object::create(&dev, SIZE)?;
    let chroma = Object::create(&dev, SIZE)?;
    Vmap::new(&luma)?.write(0, b"luma")?;
    Vmap::new(&chroma)?.write(PAGE_SIZE + 2, b"chroma")?;
    let maps = ShadowMaps::begin([(&luma, 0), (&chroma, PAGE_SIZE)])?;
    let mut bytes = [0; 4];
    maps.read(0, 0, &mut bytes)?;
    assert_eq!(&bytes, b"luma");
    maps.read(1, 2, &mut bytes)?;
    assert_eq!(&bytes, b"chro");
    assert_eq!(maps.read(1, PAGE_SIZE, &mut bytes), Err(Errno::EFAULT));
    assert_eq!(maps.read(1, u64::MAX, &mut bytes), Err(Errno::EFAULT));
    assert_eq!(maps.read(2, 0, &mut bytes), Err(Errno::EINVAL));
    // The map itself begins with the object.
    let map = maps.map(1).expect("two planes");
    map.read(PAGE_SIZE + 2, &mut bytes)?;
    assert_eq!(&bytes, b"chro");
    assert!(maps.map(2).is_none());
    Ok(())
}

#[test]
fn a_plane_that_cannot_be_mapped_unmaps_those_before_it() -> Result {
    let dev = device();
    let first = Object::create(&dev, SIZE)?;
    let second = Object::create(&dev, SIZE)?;
    dev.machine().failpoints().fail_nth(Fail::Vmap, 2);
    let maps = ShadowMaps::begin([(&first, 0), (&second, 0)]);
    assert_eq!(maps.err(), Some(Errno::ENOMEM));
    let beyond = ShadowMaps::begin([(&first, 0), (&second, SIZE)]);
    assert_eq!(beyond.err(), Some(Errno::EINVAL));
    assert_eq!((counts(&first), counts(&second)), ((0, 0), (0, 0)));
    Ok(())
}

#[test]
fn the_same_object_in_two_planes_is_mapped_once() -> Result {
    let dev = device();
    let object = Object::create(&dev, SIZE)?;
    let maps = ShadowMaps::begin([(&object, 0), (&object, PAGE_SIZE)])?;
    assert_eq!(counts(&object), (1, 2));
    assert_eq!(dev.machine().counters().snapshot().vmaps, 1);
    drop(maps);
    assert_eq!(counts(&object), (0, 0));
    Ok(())
}

fn import(camera: &Camera) -> Result<Gem<Object>> {
    let dev = device_on(&camera.machine());
    let object = Object::prime_import(&dev, &camera.dma_buf, Some(dev.dma()))?;
    Ok(object.downcast().expect("an object of this library"))
}

#[test]
fn an_access_is_told_to_foreign_exporters_alone() -> Result {
    let dev = device();
    let own = Object::create(&dev, SIZE)?;
    let camera = Camera::new(dev.machine());
    let import = import(&camera)?;
    let maps = ShadowMaps::begin([(&own, 0), (&import, 0)])?;
    let access = maps.cpu_access(Direction::FromDevice)?;
    assert_eq!(camera.calls().accesses, 1);
    let mut byte = [0];
    access.maps().read(1, 0, &mut byte)?;
    drop(access);
    assert_eq!(camera.calls().accesses, 0);
    Ok(())
}

#[test]
fn an_access_that_is_refused_ends_those_that_began() -> Result {
    let dev = device();
    let (first, second) = (Camera::new(dev.machine()), Camera::new(dev.machine()));
    let (a, b) = (import(&first)?, import(&second)?);
    let maps = ShadowMaps::begin([(&a, 0), (&b, 0)])?;
    second.refuse_access(Errno::EIO);
    let access = maps.cpu_access(Direction::FromDevice);
    assert_eq!(access.err(), Some(Errno::EIO));
    assert_eq!((first.calls().accesses, second.calls().accesses), (0, 0));
    drop(maps);
    drop((a, b));
    assert_eq!(first.calls(), Calls::default());
    Ok(())
}
