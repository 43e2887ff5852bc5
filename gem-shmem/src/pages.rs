//! The pages of an own object, and the count of their users.

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::{KernelMap, Page};
use drm_core::resv::ResvGuard;

use crate::object::{Kind, Object};

/// What an own object keeps under its reservation.
///
/// # Invariants
///
/// `pages` has every page of the object while `uses > 0`, and is empty otherwise. `vmap` is set exactly while
/// `vmaps > 0`, which holds one use.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) pages: Vec<Page>,
    /// Users of `pages`: user mappings, attached devices, and the kernel mapping.
    pub(crate) uses: u32,
    pub(crate) vmap: Option<KernelMap>,
    /// Users of `vmap`.
    pub(crate) vmaps: u32,
}

impl Own {
    /// The lines of debugfs, in the words of `drm_gem_shmem_print_info`.
    pub(crate) fn print(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        let tabs = "\t".repeat(indent);
        let address = self.vmap.as_ref().map_or(0, KernelMap::address);
        writeln!(out, "{tabs}pages_use_count={}", self.uses)?;
        writeln!(out, "{tabs}vmap_use_count={}", self.vmaps)?;
        writeln!(out, "{tabs}vaddr={address:#x}")
    }
}

impl Object {
    /// One more user of the pages; the first gets them all (`drm_gem_shmem_get_pages`).
    ///
    /// `EINVAL`, and a warning, for an import, which has none. `ENOSPC`, `ENOMEM`, `EIO` of the file; nothing has changed then.
    pub(crate) fn get_pages(&self, guard: &mut ResvGuard) -> Result {
        let Kind::Own(own) = &self.kind else {
            self.machine().warn("gem_shmem: pages wanted of an import");
            return Err(Errno::EINVAL);
        };
        let mut own = own.get_mut(guard);
        if own.uses == 0 {
            own.pages = self.read_all_pages()?;
        }
        own.uses += 1;
        Ok(())
    }

    /// Every page of the file, which cannot be swapped out from now on (`drm_gem_get_pages`).
    fn read_all_pages(&self) -> Result<Vec<Page>> {
        let file = self.base.filp().ok_or(Errno::EINVAL)?;
        self.machine().failpoints().check(Fail::Alloc)?;
        file.set_unevictable(true);
        (0..self.base.pages())
            .map(|index| file.read_page(index))
            .collect::<Result<Vec<_>>>()
            .inspect_err(|_| file.set_unevictable(false))
    }

    /// One user of the pages less; the last gives them back to the file, which keeps their contents
    /// (`drm_gem_shmem_put_pages`).
    pub(crate) fn put_pages(&self, guard: &mut ResvGuard) {
        if let Kind::Own(own) = &self.kind {
            self.put_use(&mut own.get_mut(guard));
        }
    }

    pub(crate) fn put_use(&self, own: &mut Own) {
        let Some(left) = own.uses.checked_sub(1) else {
            self.machine()
                .warn_once("gem_shmem: pages put that nobody uses");
            return;
        };
        own.uses = left;
        if left == 0 {
            own.pages = Vec::new();
            if let Some(file) = self.base.filp() {
                file.set_unevictable(false);
            }
        }
    }

    /// The last reference is gone. Every mapping and every attachment held a reference, so nothing may be in use.
    pub(crate) fn release(&self, own: &mut Own) {
        if own.vmaps != 0 {
            self.machine()
                .warn("gem_shmem: freed while mapped for the kernel");
        }
        if own.uses != 0 {
            self.machine()
                .warn("gem_shmem: freed while its pages are in use");
        }
    }

    /// A fresh table of the pages for a device that attached, and so holds them (`drm_gem_shmem_get_sg_table`).
    ///
    /// `EINVAL`, and a warning, for an import and for an object that nobody attached to; `ENOMEM`.
    pub(crate) fn sg_table(&self, guard: &mut ResvGuard) -> Result<SgTable> {
        let max_segment = self.base.dev().dma().max_segment();
        match &self.kind {
            Kind::Own(own) if own.get(guard).uses > 0 => {
                let own = own.get(guard);
                let addrs = own.pages.iter().map(Page::phys);
                SgTable::from_addrs(self.machine(), addrs, max_segment)
            }
            _ => {
                self.machine()
                    .warn("gem_shmem: table wanted of pages that are not there");
                Err(Errno::EINVAL)
            }
        }
    }
}
