//! What the firmware asks for: more pages, or all frame numbers again.

use drm_core::sync::{Arc, Weak};

use super::FreeList;
use super::grow::WriteError;
use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fwif::{self, freelist, kccb, put32};

impl<B: PvrGem> FreeList<B> {
    /// Writes all frame numbers again (`pvr_free_list_reconstruct`).
    fn reconstruct(&self) -> std::result::Result<(), WriteError> {
        let mut inner = self.inner.lock();
        inner.current_pages = 0;
        let blocks = std::mem::take(&mut inner.blocks);
        let inserted =
            blocks
                .iter()
                .try_for_each(|block| match self.insert_block(&mut inner, block) {
                    Err(WriteError::Errno(_)) => {
                        self.pvr.machine().warn(
                            "pvr_free_list.c: pvr_free_list_insert_node_locked(free_list_node)",
                        );
                        Ok(())
                    }
                    other => other,
                });
        inner.blocks = blocks;
        inserted?;
        inner.current_pages = inner.current_pages.wrapping_sub(inner.ready_pages);
        if let Some(fw) = self.fw.get() {
            let top = inner.current_pages.wrapping_sub(1);
            put32(&fw.map, freelist::CURRENT_STACK_TOP, top)?;
            put32(&fw.map, freelist::ALLOCATED_PAGE_COUNT, 0)?;
            put32(&fw.map, freelist::ALLOCATED_MMU_PAGE_COUNT, 0)?;
        }
        for data in inner.hwrts.iter().filter_map(Weak::upgrade) {
            data.mark_reset()?;
        }
        Ok(())
    }
}

impl<B: PvrGem> PvrDevice<B> {
    fn free_list_lookup_id(&self, id: u32) -> Option<Arc<FreeList<B>>> {
        self.free_list_ids.load(id)?.upgrade()
    }

    /// The firmware has used up what was held back, and wants more (`pvr_free_list_process_grow_req`). The answer is how much
    /// there is now; no pages when growing failed.
    pub(crate) fn process_grow_req(&self, id: u32) {
        let Some(list) = self.free_list_lookup_id(id) else {
            self.machine().warn("pvr_free_list.c: !free_list");
            return;
        };
        {
            let mut inner = list.inner.lock();
            inner.current_pages = inner.current_pages.wrapping_add(inner.ready_pages);
            inner.ready_pages = 0;
        }
        let delta = match list.grow(list.grow_pages) {
            Ok(()) => list.grow_pages,
            Err(WriteError::Errno(_)) => 0,
            Err(WriteError::Crash) => {
                // The reference of whoever crashed is never dropped.
                std::mem::forget(list);
                return;
            }
        };
        let info = list.info();
        let new = info.current_pages.wrapping_add(info.ready_pages);
        let answer = [list.fw_addr(), delta, new, info.ready_pages];
        drop(list);
        if self.kccb_send(kccb::FREELIST_GROW_UPDATE, &answer).is_err() {
            self.machine()
                .warn("pvr_free_list.c: pvr_kccb_send_cmd of a grow update");
        }
    }

    /// After a reset, lists are to be as if nothing had been taken from them (`pvr_free_list_process_reconstruct_req`).
    pub(crate) fn process_reconstruct_req(&self, args: &[u32]) {
        let count = args[0].min(fwif::MAX_FREELISTS_TO_RECONSTRUCT);
        if count != args[0] {
            self.log(format!(
                "Requested reconstruction of {} freelists, limiting to {count}",
                args[0]
            ));
        }
        let ids: Vec<u32> = args[2..].iter().copied().take(count as usize).collect();
        for id in &ids {
            if let Some(list) = self.free_list_lookup_id(*id)
                && matches!(list.reconstruct(), Err(WriteError::Crash))
            {
                return;
            }
        }
        let mut answer = vec![count];
        answer.extend(ids);
        let kind = kccb::FREELISTS_RECONSTRUCTION_UPDATE;
        if self.kccb_send(kind, &answer).is_err() {
            self.machine()
                .warn("pvr_free_list.c: pvr_kccb_send_cmd of a reconstruction update");
        }
    }
}
