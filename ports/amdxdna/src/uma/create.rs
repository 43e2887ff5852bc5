//! `CREATE_BO`, by type, and what the rest of the driver asks of an object (`amdxdna_gem.c`).

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use gem_uma::New;

use super::Objects;
use super::gem::{AmdxdnaObject, to_xdna_obj};
use super::slice::DevObject;
use crate::client::{CHUNK, Client};
use crate::memory::Memory;
use crate::uapi::{CMD, CreateBo, DEV, DEV_HEAP, GetBoInfo, INVALID_ADDR, SHARE, SyncBo};
use crate::ubuf::{self, Table};
use crate::umap::UserMaps;

impl Objects {
    /// A BO with memory (`amdxdna_gem_create_obj`): of ranges of the process or of a descriptor, if there is a table; of carve-out
    /// memory, if there is any; else of its own.
    fn create_obj(&self, file: &File, args: &CreateBo) -> Result<Gem<AmdxdnaObject>> {
        let dev = file.dev();
        if args.vaddr != 0 {
            let task = self.device.current()?;
            let buffer = match ubuf::read_table(file.machine(), &task, args.vaddr)? {
                Table::Foreign(dma_buf) => dma_buf,
                Table::Ranges(ranges) => ubuf::pin(dev, &task, &ranges)?,
            };
            self.borrow(dev, &buffer, args.kind)
        } else if let Some(carve_out) = self.device.carve_out() {
            let align = if args.kind == DEV_HEAP { CHUNK } else { 0 };
            let buffer = carve_out.alloc(args.size, align)?;
            self.import(dev, &buffer, args.kind)
        } else {
            let make = |new| AmdxdnaObject::new(new, &self.device, args.kind, None);
            gem_uma::create(dev, args.size, make)
        }
    }

    /// `amdxdna_drm_create_dev_heap_bo`: a chunk joins the heap last, once it has a handle.
    fn create_heap(&self, file: &File, args: &CreateBo) -> Result<u32> {
        if args.size == 0 || !args.size.is_multiple_of(CHUNK) {
            return Err(Errno::EINVAL);
        }
        let bo = self.create_obj(file, args)?;
        let client = Client::of(file)?;
        let handle = file.handle_create(&bo.clone().into_dyn())?;
        let joined = client.add_chunk(bo.clone().into_dyn(), bo.maps(), |at| {
            bo.dev_addr.get_or_init(|| at);
        });
        match joined {
            Ok(()) => Ok(handle),
            Err(error) => file.handle_delete(handle).and(Err(error)),
        }
    }

    /// `amdxdna_gem_create_dev_bo`: the addresses come first. Then contexts get chunks that they do not know yet.
    fn create_dev(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem<DevObject>> {
        let slice = client.cut(size)?;
        let bo = New::private(dev, size).create(|new| DevObject::new(new, client, slice))?;
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
        args.handle = match args.kind {
            SHARE | CMD => file.handle_create(&self.create_obj(file, args)?.into_dyn())?,
            DEV_HEAP => self.create_heap(file, args)?,
            DEV => {
                let bo = self.create_dev(file.dev(), Client::of(file)?, args.size)?;
                file.handle_create(&bo.into_dyn())?
            }
            _ => return Err(Errno::EINVAL),
        };
        Ok(())
    }

    fn create_dev_bo(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem> {
        Ok(self.create_dev(dev, client, size)?.into_dyn())
    }

    fn get_bo_info(&self, object: &Gem, args: &mut GetBoInfo) -> Result {
        if let Some(dev) = object.downcast::<DevObject>() {
            let (at, uva) = dev.slice.look(|slice| (slice.start(), slice.uva()))?;
            args.xdna_addr = at;
            args.vaddr = uva;
            args.map_offset = INVALID_ADDR;
            return Ok(());
        }
        let bo = to_xdna_obj(object)?;
        args.xdna_addr = bo.dev_addr.get().copied().unwrap_or_else(|| bo.dma_addr());
        args.vaddr = bo.maps().uva();
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
            Some(dev) => dev.slice.look(|slice| slice.start()),
            None => Ok(to_xdna_obj(object)?.dma_addr()),
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
        Some(Arc::clone(to_xdna_obj(object).ok()?.maps()))
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        Ok(self.import(dev, dma_buf, SHARE)?.into_dyn())
    }
}
