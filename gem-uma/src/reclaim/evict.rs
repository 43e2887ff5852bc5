//! Eviction, step by step: each step can only be taken after the one before it.

use std::fmt;
use std::marker::PhantomData;

use drm_core::errno::{Errno, Result};
use drm_core::gem::Header;
use drm_core::resv::ResvGuard;

use super::{Live, Reclaim};
use crate::backing::Backing;
use crate::device_map::DeviceMap;

/// What reclaim asks of whoever knows where the device maps an object.
pub trait GpuMaps {
    /// In which address spaces the object is mapped and not evicted. `None` while somebody else has the list locked.
    fn live(&self) -> Option<Live>;

    /// Clears the entries of every mapping that is not evicted, and marks it. Locks are only tried: the list, the reservation
    /// of each address space that is not the object's, the page tables. `guard` is of the object's reservation.
    ///
    /// `EBUSY` when a lock is taken; mappings that were evicted before stay so, which is harmless.
    fn try_evict(&self, guard: &ResvGuard) -> Result;
}

/// The CPU may still map the pages.
#[derive(Debug)]
pub enum CpuMapped {}
/// Address spaces of the device may still map them.
#[derive(Debug)]
pub enum GpuMapped {}
/// The device map may still be there.
#[derive(Debug)]
pub enum DeviceMapped {}
/// Nobody maps them.
#[derive(Debug)]
pub enum Unmapped {}

/// An object on its way out of memory; `S` says who may still map it.
///
/// The order is that of the types: user mappings are zapped, GPU mappings cleared, the device map dropped, then pages can
/// be given back. Stopping in between is allowed: what was undone comes back when it is wanted.
#[must_use = "pages are given back by the last step"]
pub struct Eviction<'a, S> {
    guard: &'a mut ResvGuard,
    backing: &'a Backing,
    state: PhantomData<fn() -> S>,
}

impl<S> fmt::Debug for Eviction<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eviction")
            .field("backing", self.backing)
            .finish_non_exhaustive()
    }
}

impl<'a, S> Eviction<'a, S> {
    fn step<T>(self) -> Eviction<'a, T> {
        Eviction {
            guard: self.guard,
            backing: self.backing,
            state: PhantomData,
        }
    }
}

impl<'a> Eviction<'a, CpuMapped> {
    /// Begins. `EINVAL` for an import, whose pages are not ours; `EBUSY` for an object that is pinned, that has mappings which
    /// hold pages, or that has none.
    pub fn begin(guard: &'a mut ResvGuard, backing: &'a Backing) -> Result<Self> {
        if backing.is_import() {
            return Err(Errno::EINVAL);
        }
        if !backing.is_evictable(guard) {
            return Err(Errno::EBUSY);
        }
        Ok(Self {
            guard,
            backing,
            state: PhantomData,
        })
    }

    /// Zaps the user mappings; they stay, and fault the pages in again. The reservation, held, keeps faults out.
    pub fn zap(self, gem: &Header) -> Eviction<'a, GpuMapped> {
        gem.zap_user_mappings();
        self.step()
    }
}

impl<'a> Eviction<'a, GpuMapped> {
    /// Evicts the object in every address space. Errors of [`GpuMaps::try_evict`].
    pub fn unmap_gpu(self, gpu: Option<&dyn GpuMaps>) -> Result<Eviction<'a, DeviceMapped>> {
        if let Some(gpu) = gpu {
            gpu.try_evict(self.guard)?;
        }
        Ok(self.step())
    }
}

impl<'a> Eviction<'a, DeviceMapped> {
    /// Drops the device map. Errors of [`DeviceMap::unmap`].
    pub fn unmap_device(self, device: Option<&DeviceMap>) -> Result<Eviction<'a, Unmapped>> {
        if let Some(device) = device {
            device.unmap(self.guard, self.backing)?;
        }
        Ok(self.step())
    }
}

impl Eviction<'_, Unmapped> {
    /// Gives the pages back, and writes them to swap. Pages that left RAM; fewer than all when swap is full.
    pub fn release(self) -> u64 {
        self.backing.evict(self.guard)
    }
}

/// Moves an object out of memory (`funcs.evict`): purged if user space does not need it, else to swap.
///
/// Only tries locks besides `guard`. `EINVAL` for an import; `EBUSY` when the object is pinned, in use, empty, or a lock is taken.
pub fn evict(
    guard: &mut ResvGuard,
    gem: &Header,
    backing: &Backing,
    device: Option<&DeviceMap>,
    gpu: Option<&dyn GpuMaps>,
    reclaim: &Reclaim,
) -> Result {
    let mapped = Eviction::begin(guard, backing)?
        .zap(gem)
        .unmap_gpu(gpu)?
        .unmap_device(device)?;
    if reclaim.is_discardable() && !gem.has_dma_buf() {
        let Eviction { guard, .. } = mapped;
        reclaim.discard(guard, gem, backing);
        return Ok(());
    }
    mapped.release();
    Ok(())
}
