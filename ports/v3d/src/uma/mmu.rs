//! Entries of an object, from the table that is mapped for the device (`v3d_mmu.c`).

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};

use super::bo::V3dBo;
use crate::side::Bo;

/// `v3d_mmu_insert_ptes`
pub(super) fn insert_ptes(bo: &V3dBo, table: &SgTable) -> Result {
    let Some((page, pages)) = bo.node() else {
        return Err(Errno::ENOSPC);
    };
    let v3d = bo.v3d();
    if v3d.insert_ptes(page, table.dma_entries())? != pages {
        v3d.machine()
            .warn_once("v3d_mmu.c: table and object differ in size");
    }
    Ok(())
}

/// `v3d_mmu_remove_ptes`
pub(super) fn remove_ptes(bo: &V3dBo) {
    if let Some((page, pages)) = bo.node() {
        bo.v3d().remove_ptes(page, pages);
    }
}
