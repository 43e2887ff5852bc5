//! The white-box driver: each exported function of the helper as an ioctl, and the object's own fields after each call.

use drm_core::device::{Device, Driver, DumbArgs, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::Attachment;
use drm_core::sync::Arc;
use gem_shmem::legacy::{self, Plain, Subclass};

use super::abi::{self, Create, OPS, Op, State};

/// The driver.
#[derive(Debug)]
pub(super) struct Shmora;

impl Driver for Shmora {
    fn name(&self) -> &'static str {
        "shmora"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        abi::ioctl_size(nr)
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        match nr {
            0 => create(file, bytemuck::from_bytes_mut(arg)),
            1 => operation(file, bytemuck::from_bytes_mut(arg)),
            _ => Err(Errno::EINVAL),
        }
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        legacy::prime_import_sg_table::<Plain>(dev, attach, Some(table)).map(Gem::into_dyn)
    }

    fn has_import_sg_table(&self) -> bool {
        true
    }

    fn dumb_create(&self, file: &File, args: &mut DumbArgs) -> Result {
        legacy::dumb_create::<Plain>(file, args)
    }
}

fn create(file: &File, arg: &mut Create) -> Result {
    let object = legacy::create::<Plain>(file.dev(), arg.size)?;
    object.base().map_wc.set(arg.flags & 1 != 0);
    arg.handle = file.handle_create(&object.into_dyn())?;
    Ok(())
}

/// An errno of the helper as its C caller gets it: negative.
fn number(result: Result) -> i64 {
    result.map_or_else(|errno| -i64::from(errno.number()), |()| 0)
}

fn operation(file: &File, arg: &mut Op) -> Result {
    let object = {
        let found = file.lookup(arg.handle).ok_or(Errno::ENOENT)?;
        found.downcast::<Plain>().ok_or(Errno::EINVAL)?
    };
    arg.ret = call(object.base(), arg)?;
    // Less the look-up's own reference.
    arg.state = state(object.base(), 1);
    Ok(())
}

fn call(shmem: &legacy::Object, arg: &Op) -> Result<i64> {
    let resv = shmem.base.resv().clone();
    let value = match OPS.get(arg.op as usize).copied() {
        Some("state") => 0,
        Some("pin") => number(shmem.pin()),
        Some("unpin") => {
            shmem.unpin();
            0
        }
        Some("vmap") => number(shmem.vmap(&mut resv.lock()).map(drop)),
        Some("vunmap") => {
            shmem.vunmap(&mut resv.lock());
            0
        }
        Some("sgt") => number(shmem.get_pages_sgt().map(drop)),
        Some("madv") => i64::from(shmem.madvise(&mut resv.lock(), arg.arg as i32)),
        Some("purge") => {
            let mut guard = resv.lock();
            if shmem.is_purgeable() {
                shmem.purge(&mut guard);
                1
            } else {
                0
            }
        }
        Some(access @ ("vread" | "vwrite")) => vaddr(shmem, access == "vwrite", arg.arg)?,
        Some("put_pages") => {
            shmem.put_pages(&mut resv.lock());
            0
        }
        Some("mmap_offset") => match shmem.base.create_mmap_offset() {
            Ok(offset) => offset.cast_signed(),
            Err(errno) => -i64::from(errno.number()),
        },
        Some("mark_dirty") => {
            shmem.pages_mark_dirty_on_put.set(arg.arg != 0);
            0
        }
        Some("mark_acc") => {
            shmem.pages_mark_accessed_on_put.set(arg.arg != 0);
            0
        }
        _ => return Err(Errno::EINVAL),
    };
    Ok(value)
}

/// One byte through the kernel mapping: the low half of `arg` is the offset, the high half the value.
fn vaddr(shmem: &legacy::Object, write: bool, arg: i64) -> Result<i64> {
    let (offset, value) = (u64::from(arg as u32), (arg >> 32) as u8);
    let map = shmem.racy().vaddr.clone().ok_or(Errno::EINVAL)?;
    if offset >= shmem.base.size() {
        return Err(Errno::EINVAL);
    }
    let mut byte = [value];
    if write {
        map.write(offset, &byte)?;
        return Ok(0);
    }
    map.read(offset, &mut byte)?;
    Ok(i64::from(byte[0]))
}

fn state(shmem: &legacy::Object, own_refs: usize) -> State {
    let header = &shmem.base;
    let purgeable = shmem.is_purgeable();
    let fields = shmem.racy();
    State {
        size: header.size(),
        nrpages: header.filp().map_or(u64::MAX, |file| file.nr_resident()),
        vma_page: header.node().offset().unwrap_or(0) / drm_core::PAGE_SIZE,
        pages_use: fields.pages_use_count.cast_signed(),
        pin: -1,
        vmap_use: fields.vmap_use_count.cast_signed(),
        madv: fields.madv,
        has_pages: fields.pages.is_some().into(),
        has_sgt: fields.sgt.is_some().into(),
        has_vaddr: fields.vaddr.is_some().into(),
        imported: header.is_imported().into(),
        has_dma_buf: header.has_dma_buf().into(),
        refcount: (header.refs() - own_refs) as u32,
        handle_count: header.handle_count() as u32,
        purgeable: purgeable.into(),
        sgt_nents: fields.sgt.as_ref().map_or(0, |table| table.entries().len()) as u32,
        map_wc: shmem.map_wc.get().into(),
        dirty_on_put: shmem.pages_mark_dirty_on_put.get().into(),
        acc_on_put: shmem.pages_mark_accessed_on_put.get().into(),
    }
}
