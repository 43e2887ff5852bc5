//! `CREATE_BO`, and the cache maintenance of PREP and FINI (`rocket_gem.c`).

use drm_core::device::File;
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;
use gem_shmem::legacy;

use super::Objects;
use super::gem::{MmNode, RocketObject, to_rocket_bo};
use crate::drv::FilePriv;
use crate::memory::Memory;
use crate::uapi::CreateBo;

impl Memory for Objects {
    /// The handle is there before the pages and the address are: whoever guesses it finds an object that is half made.
    ///
    /// `ENOSPC` for size 0; `ENOMEM`, also for whatever is wrong with the mapping; errors of the pages and of the DMA mapping.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        let private = FilePriv::of(file)?;
        let va = private.va()?;
        let bo = legacy::create::<RocketObject>(file.dev(), args.size.into())?;
        bo.driver_priv.get_or_init(|| Arc::downgrade(&va));
        bo.domain.get_or_init(|| Arc::clone(private.domain()));
        bo.size.store(args.size.into(), Ordering::SeqCst);

        match file.handle_create(&bo.clone().into_dyn()) {
            Ok(handle) => args.handle = handle,
            Err(error) => {
                // The creator's reference was the only one: the object is freed, and then freed again.
                drop(bo);
                file.machine()
                    .oops("rocket: a BO without a handle is freed twice");
                self.device.leak(Arc::clone(private.domain()));
                return Err(error);
            }
        }

        if let Err(error) = bo.base.get_pages_sgt() {
            self.give_up(private, bo);
            return Err(error);
        }
        // Nobody looks whether there was room; a node that was not inserted starts at 0.
        if let Ok(node) = va.insert(args.size.into()) {
            *bo.mm.lock() = MmNode {
                start: node.start(),
                inserted: Some(node),
            };
        }
        let mapped = match &bo.base.racy().sgt {
            Some(sgt) => private.domain().map(bo.start(), sgt.entries()),
            None => Err(Errno::EINVAL),
        };
        // The bytes are counted in an `int`: from 2 GiB on they look like an error.
        let ret = mapped.map_or_else(|error| -error.number(), |bytes| bytes as i32);
        if ret < 0 || (ret as u32) < args.size {
            bo.remove_node();
            self.give_up(private, bo);
            return Err(Errno::ENOMEM);
        }
        bo.size.store(ret as u64, Ordering::SeqCst);
        args.offset = bo.base.base.node().offset().unwrap_or(0);
        args.dma_address = bo.start();
        Ok(())
    }

    /// The table is read without the lock; there is none while the object is half made.
    fn sync(&self, object: &Gem) -> Result<Vec<Entry>> {
        let bo = to_rocket_bo(object)?;
        let Some(sgt) = bo.base.racy().sgt.clone() else {
            object
                .gem()
                .machine()
                .oops("rocket: cache maintenance of a BO without a table");
            return Err(Errno::EFAULT);
        };
        sgt.sync();
        Ok(sgt.entries().to_vec())
    }
}

impl Objects {
    /// The error path: the base class frees the object, whoever has a handle of it; the reference to the domain stays.
    fn give_up(&self, private: &FilePriv, bo: Gem<RocketObject>) {
        self.device.leak(Arc::clone(private.domain()));
        bo.free_directly(|bo, gone| bo.base.free(gone));
    }
}
