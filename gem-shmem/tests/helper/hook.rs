//! The hook `gem_create_object`: what it is given, what becomes of what it sets, and who undoes it.

use drm_core::device::Device;
use drm_core::dma::DmaConfig;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{self, Gem, Gone, Header};
use drm_core::machine::Fail;
use drm_core::resv::Resv;
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use gem_shmem::legacy::{self, CreateObject, Object, Subclass};

use crate::support::{Bench, PAGE, bench, device};

/// A driver whose hook can be told what to do.
#[derive(Default)]
struct Hooked {
    refuses: Option<Errno>,
    shares: Option<Resv>,
    seen: Arc<AtomicU64>,
    frees: Arc<AtomicU32>,
}

impl drm_core::device::Driver for Hooked {
    fn name(&self) -> &'static str {
        "hooked"
    }
}

struct Hook {
    base: Object,
    frees: Arc<AtomicU32>,
}

impl Subclass for Hook {
    fn base(&self) -> &Object {
        &self.base
    }
}

impl CreateObject for Hook {
    fn gem_create_object(dev: &Device, base: Object) -> Result<Self> {
        let driver = dev.driver_as::<Hooked>().expect("the driver is this one");
        driver.seen.store(base.base.size(), Ordering::SeqCst);
        if let Some(errno) = driver.refuses {
            return Err(errno);
        }
        if let Some(resv) = &driver.shares {
            base.base.resv_slot().choose(resv.clone());
        }
        base.map_wc.set(true);
        let frees = Arc::clone(&driver.frees);
        Ok(Self { base, frees })
    }
}

impl gem::Object for Hook {
    fn gem(&self) -> &Header {
        &self.base.base
    }

    fn free(&self, gone: &Gone) {
        self.frees.fetch_add(1, Ordering::SeqCst);
        self.base.free(gone);
    }
}

fn hooked(bench: &Bench, driver: Hooked) -> Device {
    device(&bench.machine, driver, DmaConfig::default())
}

#[test]
fn the_hook_sees_the_rounded_size() {
    let (bench, seen) = (bench(), Arc::<AtomicU64>::default());
    let driver = Hooked {
        seen: Arc::clone(&seen),
        ..Hooked::default()
    };
    let dev = hooked(&bench, driver);
    let _object = legacy::create::<Hook>(&dev, PAGE + 1).expect("it can be made");
    assert_eq!(seen.load(Ordering::SeqCst), 2 * PAGE);
}

#[test]
fn an_error_of_the_hook_is_returned_unchanged() {
    let bench = bench();
    for errno in [Errno::EINVAL, Errno::ENODEV] {
        let driver = Hooked {
            refuses: Some(errno),
            ..Hooked::default()
        };
        let dev = hooked(&bench, driver);
        assert_eq!(legacy::create::<Hook>(&dev, PAGE).err(), Some(errno));
        assert_eq!(
            legacy::create_private::<Hook>(&dev, PAGE).err(),
            Some(errno)
        );
        assert_eq!(dev.object_count(), 0);
    }
}

#[test]
fn write_combining_is_kept_for_an_own_object_and_lost_for_a_private_one() {
    let bench = bench();
    let dev = hooked(&bench, Hooked::default());
    let own = legacy::create::<Hook>(&dev, PAGE).expect("it can be made");
    let private = legacy::create_private::<Hook>(&dev, PAGE).expect("it can be made");
    assert!(own.base().map_wc.get());
    assert!(!private.base().map_wc.get());
}

#[test]
fn a_reservation_that_the_hook_chose_is_kept() {
    let bench = bench();
    let shared = Resv::new(&bench.machine);
    let driver = Hooked {
        shares: Some(shared.clone()),
        ..Hooked::default()
    };
    let dev = hooked(&bench, driver);
    let object: Gem<Hook> = legacy::create(&dev, PAGE).expect("it can be made");
    assert!(object.base().base.resv().is(&shared));
    object.base().pin().expect("it can be pinned");
    assert!(!shared.is_locked());
    let guard = shared.lock();
    assert!(object.base().base.resv().try_lock().is_none());
    drop(guard);
}

#[test]
fn an_error_after_the_hook_frees_the_memory_but_does_not_run_the_drivers_free() {
    let (bench, frees) = (bench(), Arc::<AtomicU32>::default());
    let driver = Hooked {
        frees: Arc::clone(&frees),
        ..Hooked::default()
    };
    let dev = hooked(&bench, driver);
    bench.fail(Fail::Alloc);
    assert_eq!(
        legacy::create::<Hook>(&dev, PAGE).err(),
        Some(Errno::ENOMEM),
        "no file"
    );
    assert_eq!(
        legacy::create::<Hook>(&dev, 0).err(),
        Some(Errno::ENOSPC),
        "no offset"
    );
    assert_eq!(frees.load(Ordering::SeqCst), 0);
    assert_eq!(dev.object_count(), 0);
    drop(legacy::create::<Hook>(&dev, PAGE));
    assert_eq!(frees.load(Ordering::SeqCst), 1);
    assert_eq!(dev.object_count(), 0);
}
