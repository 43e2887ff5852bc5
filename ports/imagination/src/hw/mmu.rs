//! The MMU of the GPU: walks page tables, and remembers what it found until it is told to forget.

use std::collections::BTreeMap;

use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};
use port_kit::mmu::rogue::{PageFlags, PageSize, RogueFormat};
use port_kit::mmu::{Access, Leaf, MachineTables, View, WalkFault};

use super::Gpu;

/// Who accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// A program of user space.
    Shader,
    /// The parameter manager, which alone may access protected pages.
    ParameterManager,
}

/// An access that found no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The address.
    pub addr: u64,
    /// Whether it was a store.
    pub write: bool,
    /// Whether there is memory, but not for this requester.
    pub protected: bool,
}

/// Translations by page catalogue and page.
#[derive(Debug, Default)]
pub(super) struct MmuCache(BTreeMap<(u64, u64), Leaf>);

impl MmuCache {
    pub(super) fn flush(&mut self) {
        self.0.clear();
    }

    pub(super) fn entries(&self) -> Vec<(u64, Leaf)> {
        self.0
            .iter()
            .map(|((catalogue, _), leaf)| (*catalogue, *leaf))
            .collect()
    }

    /// The leaf of an address, from the cache or by a walk.
    fn leaf(
        &mut self,
        memory: &Arc<MachineTables>,
        catalogue: u64,
        addr: u64,
    ) -> std::result::Result<Leaf, WalkFault> {
        let key = (catalogue, addr >> PAGE_SHIFT);
        if let Some(leaf) = self.0.get(&key) {
            return Ok(*leaf);
        }
        let view = View::new(RogueFormat::new(PageSize::K4), &**memory, catalogue);
        let (_, leaf) = view.translate(addr, Access::Read)?;
        self.0.insert(key, leaf);
        Ok(leaf)
    }
}

impl Gpu {
    /// Where the byte at `addr` is, for this requester, in the address space of a page catalogue; `bytes` of it are in one
    /// page. `EFAULT` where the GPU faults; the fault is recorded.
    fn translate(&self, catalogue: u64, addr: u64, who: Requester, write: bool) -> Result<u64> {
        let mut state = self.state.lock();
        let found = state.cache.leaf(&self.memory, catalogue, addr);
        let protected = |leaf: &Leaf| {
            leaf.attributes & PageFlags::PROTECT.bits() != 0 && who == Requester::Shader
        };
        match found {
            Ok(leaf) if !protected(&leaf) => {
                let pa = leaf.pa + (addr & (PAGE_SIZE - 1));
                if self.machine.ram().contains(leaf.pa, PAGE_SIZE) {
                    return Ok(pa);
                }
            }
            _ => {}
        }
        state.faults.push(Fault {
            addr,
            write,
            protected: found.is_ok(),
        });
        Err(Errno::EFAULT)
    }

    /// Every page that an address space maps, in order, as its tables are now.
    #[must_use]
    pub fn leaves(&self, catalogue: u64) -> Vec<Leaf> {
        let format = RogueFormat::new(PageSize::K4);
        View::new(format, &*self.memory, catalogue)
            .leaves()
            .collect()
    }

    fn pieces(addr: u64, len: usize) -> impl Iterator<Item = (u64, std::ops::Range<usize>)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = addr + done as u64;
            let room = (PAGE_SIZE - at % PAGE_SIZE) as usize;
            let take = room.min(len - done);
            let range = done..done + take;
            done += take;
            (take > 0).then_some((at, range))
        })
    }

    /// Loads from the address space of a page catalogue.
    ///
    /// # Errors
    ///
    /// `EFAULT` where the GPU faults.
    pub fn load(&self, catalogue: u64, addr: u64, who: Requester, into: &mut [u8]) -> Result {
        for (at, range) in Self::pieces(addr, into.len()) {
            let pa = self.translate(catalogue, at, who, false)?;
            self.machine.ram().read(pa, &mut into[range]);
        }
        Ok(())
    }

    /// Stores to the address space of a page catalogue.
    ///
    /// # Errors
    ///
    /// `EFAULT` where the GPU faults; what came before is stored.
    pub fn store(&self, catalogue: u64, addr: u64, who: Requester, from: &[u8]) -> Result {
        for (at, range) in Self::pieces(addr, from.len()) {
            let pa = self.translate(catalogue, at, who, true)?;
            self.machine.ram().write(pa, &from[range]);
        }
        Ok(())
    }
}
