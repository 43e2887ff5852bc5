//! `CREATE_BO`, by type, and what the rest of the driver asks of an object (`amdxdna_gem.c`).

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_uma::New;

use super::Objects;
use super::dev::DevObject;
use super::gem::{AmdxdnaObject, to_xdna_obj};
use crate::client::{CHUNK, Client};
use crate::memory::Memory;
use crate::piece::Piece;
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
            self.borrow(dev, &buffer)?
        } else if let Some(carve_out) = self.device.carve_out() {
            let align = if args.kind == DEV_HEAP { CHUNK } else { 0 };
            let buffer = carve_out.alloc(args.size, align)?;
            self.import(dev, &buffer)?
        } else {
            let make = |new| AmdxdnaObject::new(new, &self.device, None);
            gem_uma::create(dev, args.size, make)?
        };
        bo.kind.get_or_init(|| args.kind);
        Ok(bo)
    }

    /// `amdxdna_drm_create_dev_heap_bo`: a chunk joins the heap last, once it has a handle.
    fn create_heap(&self, file: &File, args: &CreateBo) -> Result<u32> {
        if args.size == 0 || !args.size.is_multiple_of(CHUNK) {
            return Err(Errno::EINVAL);
        }
        let bo = self.create_obj(file, args)?;
        let client = Client::of(file)?;
        let handle = file.handle_create(&bo.clone().into_dyn())?;
        let joined = client.add_chunk(bo.clone().into_dyn(), bo.place().maps(), |at| {
            bo.dev_addr.get_or_init(|| at);
        });
        match joined {
            Ok(()) => Ok(handle),
            Err(error) => file.handle_delete(handle).and(Err(error)),
        }
    }

    /// `amdxdna_gem_create_dev_bo`: the addresses come first. Then contexts get chunks that they do not know yet.
    fn create_dev(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem<DevObject>> {
        let piece = Piece::cut(client, size)?;
        let bo = New::private(dev, size).create(|new| DevObject::new(new, piece))?;
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
        let object = match args.kind {
            SHARE | CMD => self.create_obj(file, args)?.into_dyn(),
            DEV_HEAP => {
                args.handle = self.create_heap(file, args)?;
                return Ok(());
            }
            DEV => {
                let client = Client::of(file)?;
                self.create_dev(file.dev(), client, args.size)?.into_dyn()
            }
            _ => return Err(Errno::EINVAL),
        };
        args.handle = file.handle_create(&object)?;
        Ok(())
    }

    fn create_dev_bo(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem> {
        let bo = self.create_dev(dev, client, size)?;
        Ok(bo.into_dyn())
    }

    fn get_bo_info(&self, object: &Gem, args: &mut GetBoInfo) -> Result {
        if let Some(dev) = object.downcast::<DevObject>() {
            let (at, uva) = dev.piece.look(|slice| (slice.start(), slice.uva()))?;
            args.xdna_addr = at;
            args.vaddr = uva;
            args.map_offset = INVALID_ADDR;
            return Ok(());
        }
        let bo = to_xdna_obj(object)?;
        let place = bo.place();
        args.xdna_addr = bo
            .dev_addr
            .get()
            .copied()
            .unwrap_or_else(|| place.dma_addr());
        args.vaddr = place.maps().uva();
        args.map_offset = bo.gem.node().offset().unwrap_or(INVALID_ADDR);
        Ok(())
    }

    fn sync_bo(&self, object: &Gem, args: &SyncBo) -> Result {
        match object.downcast::<DevObject>() {
            Some(dev) => dev.sync(args),
            None => to_xdna_obj(object)?.sync(args),
        }
    }

    fn vmap(&self, object: &Gem) -> Result<KernelMap> {
        match object.downcast::<DevObject>() {
            Some(dev) => dev.kva(),
            None => to_xdna_obj(object)?.kva(),
        }
    }

    fn is_command(&self, object: &Gem) -> bool {
        to_xdna_obj(object).is_ok_and(|bo| bo.kind() == CMD)
    }

    fn dev_addr(&self, object: &Gem) -> Result<u64> {
        match object.downcast::<DevObject>() {
            Some(dev) => dev.piece.look(|slice| slice.start()),
            None => Ok(to_xdna_obj(object)?.place().dma_addr()),
        }
    }

    fn pin_argument(&self, object: &Gem) -> Result {
        if let Some(dev) = object.downcast::<DevObject>() {
            return dev.pin_argument();
        }
        let bo = to_xdna_obj(object)?;
        let mut locked = bo.lock.lock();
        if !locked.pinned {
            locked.pin = bo.pin_nolock()?;
            locked.pinned = true;
        }
        Ok(())
    }

    fn pin(&self, object: &Gem) -> Result {
        to_xdna_obj(object)?.pin()
    }

    fn unpin(&self, object: &Gem) {
        if let Ok(bo) = to_xdna_obj(object) {
            bo.unpin();
        }
    }

    fn user_maps(&self, object: &Gem) -> Option<Arc<UserMaps>> {
        let bo = to_xdna_obj(object).ok()?;
        Some(Arc::clone(bo.place().maps()))
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Ok(self.import(dev, dma_buf)?.into_dyn())
    }
}
