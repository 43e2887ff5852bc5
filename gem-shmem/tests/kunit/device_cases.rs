//! The cases that are about a device that reads the pages: the kept table, advice, purge.

use drm_core::errno::Result;

use crate::cases::{Library, SIZE, fixture, quiet};

/// A library whose objects a device reads.
pub(crate) trait DeviceLibrary: Library {
    /// Makes the table, mapped for the device, unless there is one; it stays with the object.
    fn get_pages_sgt(object: &Self::Object) -> Result;

    /// Stores advice; whether the contents are retained.
    fn madvise(object: &Self::Object, madv: i32) -> bool;

    /// The advice.
    fn madv(object: &Self::Object) -> i32;

    /// Whether it may be purged.
    fn is_purgeable(object: &Self::Object) -> bool;

    /// Throws the contents away.
    fn purge(object: &Self::Object);
}

/// The table for the device covers the object, is kept, and is one use.
pub(crate) fn get_pages_sgt<L: DeviceLibrary>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    L::get_pages_sgt(&object).expect("it can be made");
    assert_eq!(L::pages(&object), 256);
    assert_eq!(L::uses(&object).unwrap_or(1), 1);
    let table = L::table(&object).expect("it is kept");
    assert!(table.iter().map(|run| run.len).sum::<u64>() >= SIZE);
    L::get_pages_sgt(&object).expect("it is there");
    assert_eq!(L::table(&object), Some(table));
    let counts = || machine.counters().snapshot();
    assert!(counts().dma_mapped > 0 && counts().dma_unmapped == 0);
    drop(object);
    assert_eq!(counts().dma_mapped, counts().dma_unmapped);
    quiet(&machine);
}

/// Advice is stored until it is negative, which is for ever.
pub(crate) fn madvise<L: DeviceLibrary>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    assert_eq!(L::madv(&object), 0);
    assert!(L::madvise(&object, 1));
    assert_eq!(L::madv(&object), 1);
    assert!(!L::madvise(&object, -1));
    assert_eq!(L::madv(&object), -1);
    assert!(!L::madvise(&object, 0));
    assert_eq!(L::madv(&object), -1);
    quiet(&machine);
}

/// What is advised and mapped for the device can be purged, and then has nothing left.
pub(crate) fn purge<L: DeviceLibrary>() {
    let (machine, dev) = fixture();
    let object = L::create(&dev, SIZE).expect("it can be made");
    assert!(!L::is_purgeable(&object));
    assert!(L::madvise(&object, 1));
    assert!(!L::is_purgeable(&object), "not mapped for the device yet");
    L::get_pages_sgt(&object).expect("it can be made");
    assert!(L::is_purgeable(&object));
    L::purge(&object);
    assert_eq!(L::pages(&object), 0);
    assert!(L::table(&object).is_none());
    assert_eq!(L::madv(&object), -1);
    quiet(&machine);
}
