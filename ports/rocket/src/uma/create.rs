//! `CREATE_BO`, and the cache maintenance of PREP and FINI (`rocket_gem.c`).

use drm_core::device::File;
use drm_core::dma::Entry;
use drm_core::errno::Result;
use drm_core::gem::Gem;

use super::Objects;
use super::gem::{RocketObject, to_rocket_bo};
use crate::drv::FilePriv;
use crate::memory::Memory;
use crate::uapi::CreateBo;

impl Memory for Objects {
    /// The handle comes last: nobody finds an object that is half made.
    ///
    /// `ENOSPC` for size 0, and without VA; `ENOMEM`, also for whatever is wrong with the mapping; errors of the pages and of the DMA
    /// mapping.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        let private = FilePriv::of(file)?;
        let va = private.va()?;
        let bo = gem_uma::create(file.dev(), args.size.into(), RocketObject::new)?;
        let table = bo.dmap.lock_table(&bo.backing)?;
        let place = &bo.place;
        place.map(&va, private.domain(), args.size.into(), table.entries())?;
        drop(table);
        args.offset = bo.gem.node().offset().unwrap_or(0);
        args.dma_address = bo.start();
        args.handle = file.handle_create(&bo.into_dyn())?;
        Ok(())
    }

    /// The table is there from the moment that anybody can find the object.
    fn sync(&self, object: &Gem) -> Result<Vec<Entry>> {
        let bo = to_rocket_bo(object)?;
        let guard = bo.gem.resv().lock();
        bo.dmap.sync(&guard);
        let table = bo.dmap.existing(&guard);
        Ok(table.map_or_else(Vec::new, |sgt| sgt.entries().to_vec()))
    }
}
