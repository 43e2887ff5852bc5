//! What `#[bridge]` gives a half-moved driver besides methods: the fields of the base class, as the parts know them.
//!
//! Each field is deprecated with its finding, so that every use that is left is one warning. What is read is what the base class
//! would show. Of what is written, the parts take over `madv`, `sgt` when it is taken away, `map_wc` before the first mapping, and
//! `pages_mark_dirty_on_put`.
//!
//! They do not take over the rest, and say so with a warning of the machine. An array of pages that a driver fills has holes, and
//! entries that nobody else may rely on: every part above the backing (device map, CPU mappings, reclaim) is right only because
//! [`Backing`] has all pages or none, and each of them would need a second way for such an object, which is the base class again.
//! For the same reason a count is not set, and a table or a kernel mapping is not put in from outside. Such a site is moved with the
//! struct; [`SparseBacking`](crate::SparseBacking) is what it wants.

use std::fmt;
use std::ops::{Deref, DerefMut};

use drm_core::dma::SgTable;
use drm_core::errno::Result;
use drm_core::gem::Header;
use drm_core::memory::{KernelMap, Page};
use drm_core::resv::ResvGuard;
use drm_core::sync::Arc;

use crate::backing::Backing;
use crate::cpu_map::CpuMap;
use crate::device_map::DeviceMap;
use crate::part::Part;
use crate::reclaim::Reclaim;

/// The parts that stand for the base class.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'uma> {
    /// The GEM object.
    pub gem: &'uma Header,
    /// The pages.
    pub backing: &'uma Backing,
    /// The table mapped for the device.
    pub device: Option<&'uma DeviceMap>,
    /// Kernel and user mappings.
    pub cpu: Option<&'uma CpuMap>,
    /// What may be thrown away.
    pub reclaim: Option<&'uma Reclaim>,
}

/// What the base class keeps under the object's reservation lock, at one moment.
#[derive(Clone, Debug)]
pub struct Fields {
    /// One entry per 4 KiB page; `None` while the pages are not there.
    #[deprecated(note = "F03: ask `backing.is_resident()`, or look at `backing.pages(guard)`")]
    pub pages: Option<Vec<Option<Page>>>,
    /// Users of `pages`.
    #[deprecated(note = "F04: ask `backing.users(guard)`, or `backing.pins()`")]
    pub pages_use_count: u32,
    /// The table mapped for the device.
    #[deprecated(note = "F05: ask `dmap.is_mapped()`, or look at `dmap.existing(guard)`")]
    pub sgt: Option<Arc<SgTable>>,
    /// 0 in use; above 0 may be purged; below 0 purged.
    #[deprecated(note = "F06: ask `reclaim.advice()`")]
    pub madv: i32,
    /// The kernel mapping.
    #[deprecated(note = "F08: ask `cmap.kernel_map()`")]
    pub vaddr: Option<KernelMap>,
    /// Users of `vaddr`.
    #[deprecated(note = "F09: ask `cmap.vmaps()`")]
    pub vmap_use_count: u32,
}

#[expect(deprecated, reason = "the fields are marked for their users")]
impl Fields {
    fn of(parts: &Parts<'_>) -> Self {
        Self {
            pages: parts.backing.peek_pages(),
            pages_use_count: parts.backing.peek_users(),
            sgt: parts.device.and_then(DeviceMap::peek_table),
            madv: parts.reclaim.map_or(0, Reclaim::advice),
            vaddr: parts.cpu.and_then(CpuMap::kernel_map),
            vmap_use_count: parts.cpu.map_or(0, CpuMap::vmaps),
        }
    }

    /// Whether something changed that no part takes over.
    fn refused(&self, before: &Self) -> bool {
        let entries = |fields: &Self| -> Option<Vec<Option<u64>>> {
            let pages = fields.pages.as_ref()?;
            Some(
                pages
                    .iter()
                    .map(|page| page.as_ref().map(Page::phys))
                    .collect(),
            )
        };
        let table = |fields: &Self| fields.sgt.as_ref().map(Arc::as_ptr);
        let address = |fields: &Self| fields.vaddr.as_ref().map(KernelMap::address);
        entries(self) != entries(before)
            || self.pages_use_count != before.pages_use_count
            || (self.sgt.is_some() && table(self) != table(before))
            || address(self) != address(before)
            || self.vmap_use_count != before.vmap_use_count
    }
}

/// The fields read without the lock: they may have changed the moment they are seen.
#[derive(Debug)]
pub struct Racy(Fields);

impl Racy {
    /// What the parts show now.
    #[must_use]
    pub fn new(parts: &Parts<'_>) -> Self {
        Self(Fields::of(parts))
    }
}

impl Deref for Racy {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.0
    }
}

/// The fields under the object's reservation lock. What is written to them goes to the parts when this is dropped.
#[derive(Debug)]
pub struct Locked<'g> {
    parts: Parts<'g>,
    guard: &'g mut ResvGuard,
    fields: Fields,
    before: Option<Fields>,
}

impl<'g> Locked<'g> {
    /// What the parts show now.
    #[must_use]
    pub fn new(parts: Parts<'g>, guard: &'g mut ResvGuard) -> Self {
        let fields = Fields::of(&parts);
        Self {
            parts,
            guard,
            fields,
            before: None,
        }
    }
}

impl Deref for Locked<'_> {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.fields
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Fields {
        self.before.get_or_insert_with(|| self.fields.clone());
        &mut self.fields
    }
}

impl Drop for Locked<'_> {
    #[expect(deprecated, reason = "the fields are marked for their users")]
    fn drop(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        if self.fields.refused(&before) {
            let machine = self.parts.gem.machine();
            machine.warn("gem-uma: a field of the base class was written that no part takes over");
        }
        if let (Some(device), Some(_), None) = (self.parts.device, &before.sgt, &self.fields.sgt) {
            device.forget_table(self.guard, self.parts.backing);
        }
        if let Some(reclaim) = self.parts.reclaim
            && self.fields.madv != before.madv
        {
            reclaim.set_advice(self.guard, self.fields.madv);
        }
    }
}

/// `map_wc`, as the CPU mappings know it.
#[derive(Clone, Copy, Debug)]
pub struct MapWc<'uma>(&'uma CpuMap);

impl<'uma> MapWc<'uma> {
    /// That of an object.
    #[must_use]
    pub fn new(cpu: &'uma CpuMap) -> Self {
        Self(cpu)
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.is_write_combined()
    }

    /// Changes it, for as long as nothing is mapped; a warning afterwards, and nothing changes.
    pub fn set(&self, value: bool) {
        self.0.set_write_combined(value);
    }
}

/// `pages_mark_dirty_on_put`, as the backing knows it.
#[derive(Clone, Copy, Debug)]
pub struct MarkDirty<'uma>(&'uma Backing);

impl<'uma> MarkDirty<'uma> {
    /// That of an object.
    #[must_use]
    pub fn new(backing: &'uma Backing) -> Self {
        Self(backing)
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.is_dirty()
    }

    /// Changes it.
    pub fn set(&self, value: bool) {
        self.0.set_dirty(value);
    }
}

/// The table, mapped now if it is not there, as somebody without a lock keeps it.
///
/// # Errors
///
/// Those of [`DeviceMap::lock_table`].
pub fn get_pages_sgt(parts: &Parts<'_>, device: &DeviceMap) -> Result<Arc<SgTable>> {
    let mut guard = parts.gem.resv().lock_interruptible()?;
    device.ensure(&mut guard, parts.backing)
}

/// Prints what the base class would: the counts and the kernel address; nothing for an import.
///
/// # Errors
///
/// Those of `out`.
pub fn print_info(parts: &Parts<'_>, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
    if parts.backing.is_import() {
        return Ok(());
    }
    parts.backing.print_info(out, indent)?;
    parts.cpu.map_or(Ok(()), |cpu| cpu.print_info(out, indent))
}
