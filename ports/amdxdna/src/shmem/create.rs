//! `CREATE_BO`, by type, and what the rest of the driver asks of an object (`amdxdna_gem.c`).

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_shmem::legacy;

use super::Objects;
use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::client::{CHUNK, Client};
use crate::memory::Memory;
use crate::piece::Piece;
use crate::place::Place;
use crate::uapi::{CMD, CreateBo, DEV, DEV_HEAP, GetBoInfo, INVALID_ADDR, SHARE, SyncBo};
use crate::ubuf::{self, Table};
use crate::umap::UserMaps;

impl Objects {
    /// A BO with memory (`amdxdna_gem_create_obj`): of ranges of the process or of a descriptor, if there is a table; of carve-out
    /// memory, if there is any; else of its own.
    fn create_obj(&self, file: &File, args: &CreateBo) -> Result<Gem<AmdxdnaObject>> {
        let dev = file.dev();
        let bo = if args.vaddr != 0 {
            let task = self.device.current()?;
            let buffer = match ubuf::read_table(file.machine(), &task, args.vaddr)? {
                Table::Foreign(dma_buf) => dma_buf,
                Table::Ranges(ranges) => ubuf::pin(dev, &task, &ranges)?,
            };
            let bo = self.import(dev, &buffer)?;
            bo.private_buffer.get_or_init(|| ());
            bo
        } else if let Some(carve_out) = self.device.carve_out() {
            let align = if args.kind == DEV_HEAP { CHUNK } else { 0 };
            let buffer = carve_out.alloc(args.size, align)?;
            self.import(dev, &buffer)?
        } else {
            let bo = legacy::create::<AmdxdnaObject>(dev, args.size)?;
            bo.base.map_wc.set(false);
            bo.place.get_or_init(|| Place::new(&self.device));
            bo
        };
        Ok(bo)
    }

    /// `amdxdna_drm_create_dev_heap_bo`: a chunk joins the heap before it has a handle, and stays there if it gets none.
    fn create_heap(&self, file: &File, args: &CreateBo) -> Result<Gem<AmdxdnaObject>> {
        if args.size == 0 || !args.size.is_multiple_of(CHUNK) {
            return Err(Errno::EINVAL);
        }
        let bo = self.create_obj(file, args)?;
        let client = Client::of(file)?;
        client.add_chunk(bo.clone().into_dyn(), bo.place()?.maps(), |at| {
            bo.dev_addr.get_or_init(|| at);
        })?;
        Ok(bo)
    }

    /// `amdxdna_gem_create_dev_bo`: the addresses come first. Then contexts get chunks that they do not know yet.
    fn create_dev(
        &self,
        dev: &Device,
        client: &Arc<Client>,
        size: u64,
    ) -> Result<Gem<AmdxdnaObject>> {
        let piece = Piece::cut(client, size)?;
        let bo = legacy::create_private::<AmdxdnaObject>(dev, size)?;
        bo.piece.get_or_init(|| piece);
        let contexts: Vec<_> = client.hwctxs.lock().values().cloned().collect();
        let _dev_lock = self.device.lock_dev();
        for context in contexts {
            context.add_heap(client)?;
        }
        Ok(bo)
    }
}

impl Memory for Objects {
    /// `EINVAL` for an unknown type; `ENOSPC` for shared memory of no bytes; errors of the object's memory, of the heap, of the handle.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        let bo = match args.kind {
            SHARE | CMD => self.create_obj(file, args)?,
            DEV_HEAP => self.create_heap(file, args)?,
            DEV => self.create_dev(file.dev(), Client::of(file)?, args.size)?,
            _ => return Err(Errno::EINVAL),
        };
        bo.kind.get_or_init(|| args.kind);
        args.handle = file.handle_create(&bo.into_dyn())?;
        Ok(())
    }

    fn create_dev_bo(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem> {
        let bo = self.create_dev(dev, client, size)?;
        bo.kind.get_or_init(|| DEV);
        Ok(bo.into_dyn())
    }

    fn get_bo_info(&self, object: &Gem, args: &mut GetBoInfo) -> Result {
        let bo = to_xdna_obj(object)?;
        if let Some(piece) = bo.piece.get() {
            let (at, uva) = piece.look(|slice| (slice.start(), slice.uva()))?;
            args.xdna_addr = at;
            args.vaddr = uva;
            args.map_offset = INVALID_ADDR;
            return Ok(());
        }
        let place = bo.place()?;
        args.xdna_addr = bo
            .dev_addr
            .get()
            .copied()
            .unwrap_or_else(|| place.dma_addr());
        args.vaddr = place.maps().uva();
        args.map_offset = bo.base.base.node().offset().unwrap_or(INVALID_ADDR);
        Ok(())
    }

    fn sync_bo(&self, object: &Gem, args: &SyncBo) -> Result {
        to_xdna_obj(object)?.sync(args)
    }

    fn vmap(&self, object: &Gem) -> Result<KernelMap> {
        to_xdna_obj(object)?.kva()
    }

    fn is_command(&self, object: &Gem) -> bool {
        to_xdna_obj(object).is_ok_and(|bo| bo.kind() == CMD)
    }

    fn dev_addr(&self, object: &Gem) -> Result<u64> {
        let bo = to_xdna_obj(object)?;
        match bo.piece.get() {
            Some(piece) => piece.look(|slice| slice.start()),
            None => Ok(bo.place()?.dma_addr()),
        }
    }

    fn pin_argument(&self, object: &Gem) -> Result {
        let bo = to_xdna_obj(object)?;
        let mut locked = bo.lock.lock();
        if !locked.pinned {
            bo.pin_nolock()?;
            locked.pinned = true;
        }
        Ok(())
    }

    fn pin(&self, object: &Gem) -> Result {
        to_xdna_obj(object)?.pin_nolock()
    }

    fn unpin(&self, object: &Gem) {
        if let Ok(bo) = to_xdna_obj(object) {
            bo.unpin_nolock();
        }
    }

    fn user_maps(&self, object: &Gem) -> Option<Arc<UserMaps>> {
        let bo = to_xdna_obj(object).ok()?;
        Some(Arc::clone(bo.place().ok()?.maps()))
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Ok(self.import(dev, dma_buf)?.into_dyn())
    }
}
