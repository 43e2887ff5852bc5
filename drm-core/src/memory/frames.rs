//! The page allocator: a buddy allocator per zone, and a list of single frames in front of it.

use buddy_system_allocator::FrameAllocator;

use super::page::Folio;
use super::ram::Ram;
use crate::PAGE_SIZE;
use crate::errno::{Errno, Result};
use crate::machine::{Counters, Fail, Failpoints};
use crate::sync::{Arc, Mutex, OnceLock, Weak};

/// Largest order: 512 pages, 2 MiB.
pub const MAX_ORDER: u8 = 9;

/// Frames that the single-page list takes from the buddy allocator at a time.
const BATCH_ORDER: u8 = 5;

/// First physical address that 32-bit DMA cannot reach.
const DMA32_END: u64 = 1 << 32;

bitflags::bitflags! {
    /// Allocation flags, as `gfp_t`: what the allocator may do, and which frames are acceptable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Gfp: u32 {
        /// The allocator may call the shrinkers and swap pages out (`__GFP_DIRECT_RECLAIM`).
        const DIRECT_RECLAIM = 1;
        /// `kswapd` is woken when memory is short (`__GFP_KSWAPD_RECLAIM`).
        const KSWAPD_RECLAIM = 1 << 1;
        /// Try reclaim once, then fail (`__GFP_NORETRY`).
        const NORETRY = 1 << 2;
        /// Frames below 4 GiB only (`__GFP_DMA32`).
        const DMA32 = 1 << 3;
        /// Blocking allocation (`GFP_KERNEL`, `GFP_HIGHUSER`).
        const KERNEL = Self::DIRECT_RECLAIM.bits() | Self::KSWAPD_RECLAIM.bits();
        /// Never blocks, but wakes `kswapd` (`GFP_NOWAIT`).
        const NOWAIT = Self::KSWAPD_RECLAIM.bits();
    }
}

/// Frames free and handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameStats {
    /// Frames in the machine.
    pub total: u64,
    /// Frames handed out and not yet returned.
    pub used: u64,
}

struct Zone {
    buddy: FrameAllocator<{ MAX_ORDER as usize + 1 }>,
    /// Single frames, last freed on top; refilled in batches, highest address on top (so that pages read one after the
    /// other do not follow each other in RAM, as on any machine that has been up for a while).
    singles: Vec<u64>,
}

struct Inner {
    low: Zone,
    high: Zone,
    used: u64,
    total: u64,
}

/// Called when frames run short: frees what it can and returns the number of pages freed.
pub(crate) type ReclaimFn = Box<dyn Fn(u64) -> u64 + Send + Sync>;

/// The page allocator of one machine.
pub struct Frames {
    inner: Mutex<Inner>,
    ram: Arc<Ram>,
    counters: Arc<Counters>,
    failpoints: Arc<Failpoints>,
    reclaim: OnceLock<ReclaimFn>,
    this: Weak<Frames>,
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Zone {
    fn new() -> Self {
        Self {
            buddy: FrameAllocator::new(),
            singles: Vec::new(),
        }
    }

    fn take(&mut self, order: u8) -> Option<u64> {
        if order > 0 {
            return self
                .buddy
                .alloc(1 << order)
                .map(|frame| frame as u64)
                .or_else(|| {
                    self.drain();
                    self.buddy.alloc(1 << order).map(|frame| frame as u64)
                });
        }
        if self.singles.is_empty() {
            let order = (0..=BATCH_ORDER)
                .rev()
                .find_map(|o| self.buddy.alloc(1 << o).map(|f| (f as u64, o)));
            let (first, order) = order?;
            self.singles.extend(first..first + (1 << order));
        }
        self.singles.pop()
    }

    fn give(&mut self, frame: u64, order: u8) {
        if order > 0 {
            self.buddy.dealloc(frame as usize, 1 << order);
        } else {
            self.singles.push(frame);
            if self.singles.len() > 4 << BATCH_ORDER {
                // The coldest half goes back, as `free_pcppages_bulk` does.
                for frame in self.singles.drain(..2 << BATCH_ORDER) {
                    self.buddy.dealloc(frame as usize, 1);
                }
            }
        }
    }

    /// Returns the single frames to the buddy allocator, so that they can merge (`drain_all_pages`).
    fn drain(&mut self) {
        for frame in self.singles.drain(..) {
            self.buddy.dealloc(frame as usize, 1);
        }
    }
}

impl Frames {
    pub(crate) fn new(
        ram: Arc<Ram>,
        counters: Arc<Counters>,
        failpoints: Arc<Failpoints>,
    ) -> Arc<Self> {
        let first = ram.base() / PAGE_SIZE;
        let end = first + ram.size() / PAGE_SIZE;
        let border = (DMA32_END / PAGE_SIZE).clamp(first, end);
        let (mut low, mut high) = (Zone::new(), Zone::new());
        low.buddy.add_frame(first as usize, border as usize);
        high.buddy.add_frame(border as usize, end as usize);
        Arc::new_cyclic(|this| Self {
            inner: Mutex::new(Inner {
                low,
                high,
                used: 0,
                total: end - first,
            }),
            ram,
            counters,
            failpoints,
            reclaim: OnceLock::new(),
            this: this.clone(),
        })
    }

    pub(crate) fn set_reclaim(&self, reclaim: ReclaimFn) {
        // The machine sets it once, while it is built.
        let _ = self.reclaim.set(reclaim);
    }

    /// Frames free and used now.
    #[must_use]
    pub fn stats(&self) -> FrameStats {
        let inner = self.inner.lock();
        FrameStats {
            total: inner.total,
            used: inner.used,
        }
    }

    /// `1 << order` zeroed frames, aligned to their size.
    ///
    /// Frames above 4 GiB are preferred unless `gfp` asks for [`Gfp::DMA32`]. When none is free and `gfp` allows it, reclaim
    /// runs (shrinkers, then swap). `ENOMEM` when that does not help; `EINVAL` for an order above [`MAX_ORDER`].
    pub fn alloc(&self, order: u8, gfp: Gfp) -> Result<Folio> {
        if order > MAX_ORDER {
            return Err(Errno::EINVAL);
        }
        self.failpoints.check(Fail::PageAlloc)?;
        let frame = match self.take(order, gfp) {
            Some(frame) => frame,
            None => self.reclaim_and_take(order, gfp)?,
        };
        let (phys, bytes) = (frame * PAGE_SIZE, PAGE_SIZE << order);
        self.ram.fill(phys, bytes, 0);
        self.counters.pages_zeroed.add(1 << order);
        Ok(Folio::new(phys, order, self.this.clone()))
    }

    fn reclaim_and_take(&self, order: u8, gfp: Gfp) -> Result<u64> {
        let rounds = match (
            gfp.contains(Gfp::DIRECT_RECLAIM),
            gfp.contains(Gfp::NORETRY),
        ) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 16,
        };
        for _ in 0..rounds {
            // At least a batch, as reclaim works in clusters of 32 pages.
            let freed = self
                .reclaim
                .get()
                .map_or(0, |reclaim| reclaim((1u64 << order).max(32)));
            if let Some(frame) = self.take(order, gfp) {
                return Ok(frame);
            }
            if freed == 0 {
                break;
            }
        }
        Err(Errno::ENOMEM)
    }

    fn take(&self, order: u8, gfp: Gfp) -> Option<u64> {
        let mut inner = self.inner.lock();
        let frame = if gfp.contains(Gfp::DMA32) {
            None
        } else {
            inner.high.take(order)
        };
        let frame = frame.or_else(|| inner.low.take(order))?;
        inner.used += 1 << order;
        Some(frame)
    }

    pub(super) fn release(&self, phys: u64, order: u8) {
        let mut inner = self.inner.lock();
        inner.used -= 1 << order;
        let zone = if phys < DMA32_END {
            &mut inner.low
        } else {
            &mut inner.high
        };
        zone.give(phys / PAGE_SIZE, order);
    }
}
