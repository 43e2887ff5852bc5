//! The white-box driver, on parts: what each exported function of the helper does, and what the object's fields said.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header, Object};
use drm_core::prime::DmaBuf;
use drm_core::resv::ResvGuard;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, New, Reclaim, ReclaimOptions, Share,
    ShareOptions, UmaObject,
};

use super::abi::{self, Create, OPS, Op, State};

/// An object with what the base class has, as parts.
#[derive(UmaObject)]
#[uma(status = none, rss = none)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
    #[uma(device_map)]
    dmap: DeviceMap,
    #[uma(cpu_map)]
    cmap: CpuMap,
    #[uma(reclaim)]
    reclaim: Reclaim,
    #[uma(share)]
    share: Share,
    /// What the script set, to be shown: how pages are given back is said at creation.
    mark_dirty: AtomicBool,
    mark_acc: AtomicBool,
}

impl Bo {
    fn new(new: New) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
            reclaim: Reclaim::new(&new, ReclaimOptions::as_base_class()),
            share: Share::new(&new, ShareOptions::default()),
            mark_dirty: AtomicBool::new(false),
            mark_acc: AtomicBool::new(false),
            gem: new.into_gem(),
        })
    }
}

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

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        gem_uma::import(dev, dma_buf, dev.dma(), |new| {
            Ok(new.create(Bo::new)?.into_dyn())
        })
    }
}

fn create(file: &File, arg: &mut Create) -> Result {
    let object = gem_uma::create(file.dev(), arg.size, Bo::new)?;
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
        found.downcast::<Bo>().ok_or(Errno::EINVAL)?
    };
    arg.ret = call(&object, arg)?;
    // Less the look-up's own reference.
    arg.state = state(&object, 1);
    Ok(())
}

fn call(bo: &Bo, arg: &Op) -> Result<i64> {
    let resv = bo.gem.resv().clone();
    let value = match OPS.get(arg.op as usize).copied() {
        Some("state") => 0,
        Some("pin") => number(bo.pin(&mut resv.lock())),
        Some("unpin") => {
            bo.unpin(&mut resv.lock());
            0
        }
        Some("vmap") => number(bo.vmap(&mut resv.lock()).map(drop)),
        Some("vunmap") => {
            bo.cmap.vunmap(&mut resv.lock(), &bo.backing);
            0
        }
        Some("sgt") => number(bo.dmap.lock_table(&bo.backing).map(drop)),
        Some("madv") => i64::from(bo.reclaim.madvise(&mut resv.lock(), arg.arg as i32)?),
        Some("purge") => {
            let mut guard = resv.lock();
            let may = purgeable(bo);
            if may && bo.backing.pins() > 0 {
                purge_pinned(bo, &mut guard)?;
            } else if may {
                let (gem, backing, dmap) = (&bo.gem, &bo.backing, &bo.dmap);
                bo.reclaim.purge(&mut guard, gem, backing, dmap)?;
            }
            i64::from(may)
        }
        Some(access @ ("vread" | "vwrite")) => vaddr(bo, access == "vwrite", arg.arg)?,
        Some("mmap_offset") => match bo.gem.create_mmap_offset() {
            Ok(offset) => offset.cast_signed(),
            Err(errno) => -i64::from(errno.number()),
        },
        Some("mark_dirty") => {
            bo.mark_dirty.store(arg.arg != 0, Ordering::SeqCst);
            0
        }
        Some("mark_acc") => {
            bo.mark_acc.store(arg.arg != 0, Ordering::SeqCst);
            0
        }
        _ => return Err(Errno::EINVAL),
    };
    Ok(value)
}

/// What 6.12 asks: the kernel's mapping counts, a pin does not. Where the object is not pinned, the library agrees.
fn purgeable(bo: &Bo) -> bool {
    let asked = bo.reclaim.is_discardable()
        && bo.dmap.is_mapped()
        && bo.cmap.vmaps() == 0
        && !bo.gem.has_dma_buf()
        && !bo.backing.is_import();
    let answered = bo.reclaim.is_purgeable(&bo.gem, &bo.backing, &bo.dmap);
    assert_eq!(answered, asked && bo.backing.pins() == 0);
    asked
}

/// What 6.12 does to a pinned object, and the library refuses (change C1 of `RULES.md`).
fn purge_pinned(bo: &Bo, guard: &mut ResvGuard) -> Result {
    assert!(
        bo.reclaim
            .purge(guard, &bo.gem, &bo.backing, &bo.dmap)
            .is_err()
    );
    bo.dmap.unmap(guard, &bo.backing)?;
    bo.reclaim.madvise(guard, -1)?;
    bo.gem.zap_user_mappings();
    bo.gem.free_mmap_offset();
    if let Some(file) = bo.gem.filp() {
        file.truncate();
    }
    Ok(())
}

/// One byte through the kernel mapping: the low half of `arg` is the offset, the high half the value.
fn vaddr(bo: &Bo, write: bool, arg: i64) -> Result<i64> {
    let (offset, value) = (u64::from(arg as u32), (arg >> 32) as u8);
    let map = bo.cmap.kernel_map().ok_or(Errno::EINVAL)?;
    if offset >= bo.gem.size() {
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

fn state(bo: &Bo, own_refs: usize) -> State {
    let header = &bo.gem;
    let guard = header.resv().lock();
    State {
        size: header.size(),
        nrpages: header.filp().map_or(u64::MAX, |file| file.nr_resident()),
        vma_page: header.node().offset().unwrap_or(0) / drm_core::PAGE_SIZE,
        pages_use: bo.backing.users(&guard).cast_signed(),
        pin: -1,
        vmap_use: bo.cmap.vmaps().cast_signed(),
        madv: bo.reclaim.advice(),
        has_pages: bo.backing.is_resident().into(),
        has_sgt: (bo.dmap.is_mapped() || bo.backing.is_import()).into(),
        has_vaddr: bo.cmap.kernel_map().is_some().into(),
        imported: bo.backing.is_import().into(),
        has_dma_buf: header.has_dma_buf().into(),
        refcount: (header.refs() - own_refs) as u32,
        handle_count: header.handle_count() as u32,
        purgeable: purgeable(bo).into(),
        sgt_nents: bo
            .dmap
            .existing(&guard)
            .map_or(0, |table| table.entries().len()) as u32,
        map_wc: bo.cmap.is_write_combined().into(),
        dirty_on_put: bo.mark_dirty.load(Ordering::SeqCst).into(),
        acc_on_put: bo.mark_acc.load(Ordering::SeqCst).into(),
    }
}
