//! GEM objects for devices that share the system's memory: parts that a driver puts into a struct of its own.
//!
//! | part | owns |
//! | --- | --- |
//! | [`Backing`] | the pages of the whole object, or the import that stands in their place |
//! | [`SparseBacking`] | pages in granules, filled by range |
//! | [`DeviceMap`], [`GranuleMap`] | the scatter table mapped for the device: whole, or one per granule |
//! | [`CpuMap`] | the kernel's mapping and the user mappings |
//! | [`GpuMap`] | where device address spaces map the object |
//! | [`Reclaim`] | what may be thrown away, and when |
//! | [`Share`] | what may be exported, and what attached devices pin |
//!
//! A method takes the parts that it works on and, where it changes something, a guard of the object's reservation;
//! never the driver's object. What a part keeps is reached through its methods only. `RULES.md` lists what always holds.
//!
//! `#[derive(UmaObject)]` writes the GEM operations of the struct from its parts.

mod backing;
pub mod bridge;
mod cpu_map;
mod detain;
mod device_map;
mod glue;
mod gpu_map;
mod import;
mod new;
mod part;
mod reclaim;
mod share;
mod sparse;

pub use backing::{Backing, BackingOptions, Keep, Pages, Pin};
pub use cpu_map::{Caching, CpuMap, CpuMapOptions, Entries, Populate};
pub use detain::{Detained, detain};
pub use device_map::{DeviceMap, MappedTable, PinnedTable, Runs, Table};
pub use glue::{grows, rss, status};
pub use gpu_map::{EvictVm, GpuMap, GpuMapping, GpuVmMap, Mapping, Mappings};
pub use import::{Import, ImportOptions, import, import_with};
pub use migrate_macros::{UmaObject, bridge};
pub use new::{New, create};
pub use part::{Part, UmaObject};
pub use reclaim::{
    Advice, Class, CpuMapped, DeviceMapped, DeviceReclaim, Eviction, GpuMapped, GpuMaps, Live,
    PurgeList, Reclaim, ReclaimOptions, ReclaimPages, Unmapped, VmReclaim, evict,
};
pub use share::{Share, ShareOptions};
pub use sparse::{GranuleMap, GranuleTable, RangeMap, SparseBacking, SparseOptions};
