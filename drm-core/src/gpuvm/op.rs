//! Owns the steps of a request: what a driver must do to its page table, and the only way to tell the space that it did.
//!
//! A step is consumed by applying it; the [`Applied`] that comes out is what a callback must return. So the space and the
//! page table cannot part by forgetting.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use super::VmTypes;
use super::pair::GpuVmBo;
use super::va::GpuVa;
use super::vm::GpuVm;
use crate::gem::Gem;
use crate::resv::ResvGuard;

/// Proof that the step of the same lifetime was applied to the space.
///
/// Only consuming a step makes one, and the proof of one step does not do for another:
///
/// ```compile_fail
/// # use drm_core::gpuvm::{Applied, OpMap, OpRemap, OpUnmap, SmSteps, VmTypes};
/// # use drm_core::{Errno, Result};
/// struct Reuse<'a>(Option<Applied<'a>>);
///
/// impl<T: VmTypes> SmSteps<T> for Reuse<'_> {
///     fn map<'op>(&mut self, _: OpMap<'op, T>) -> Result<Applied<'op>> {
///         self.0.take().ok_or(Errno::EINVAL) // lifetime may not live long enough
///     }
/// #   fn remap<'op>(&mut self, _: OpRemap<'op, T>) -> Result<Applied<'op>> { Err(Errno::EINVAL) }
/// #   fn unmap<'op>(&mut self, _: OpUnmap<'op, T>) -> Result<Applied<'op>> { Err(Errno::EINVAL) }
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Applied<'op>(PhantomData<fn(&'op ()) -> &'op ()>);

/// One step of a request (`struct drm_gpuva_op`).
#[must_use = "a step that is dropped is not applied"]
pub enum Op<'op, T: VmTypes> {
    /// Map the request itself.
    Map(OpMap<'op, T>),
    /// Unmap a part of a mapping, and keep the rest.
    Remap(OpRemap<'op, T>),
    /// Unmap a mapping.
    Unmap(OpUnmap<'op, T>),
}

impl<'op, T: VmTypes> Op<'op, T> {
    /// The space.
    #[must_use]
    pub fn vm(&self) -> &'op GpuVm<T> {
        match self {
            Self::Map(op) => op.vm,
            Self::Remap(op) => op.vm,
            Self::Unmap(op) => op.vm,
        }
    }
}

impl<T: VmTypes> fmt::Debug for Op<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(op) => write!(f, "map {:#x}+{:#x} o={:#x}", op.addr, op.size, op.offset),
            Self::Remap(op) => write!(
                f,
                "remap {:?} prev={:?} next={:?} keep={}",
                op.va, op.prev, op.next, op.keep
            ),
            Self::Unmap(op) => write!(f, "unmap {:?} keep={}", op.va, op.keep),
        }
    }
}

/// A mapping that was taken out of its space and off its pair's list.
#[derive(Debug)]
#[must_use = "the pair may only be put with the lock of its lists"]
pub struct Removed<T: VmTypes> {
    /// The mapping.
    pub va: GpuVa<T>,
    /// The reference to the pair that the mapping held; `None` for a sparse one.
    pub vm_bo: Option<GpuVmBo<T>>,
}

impl<T: VmTypes> Removed<T> {
    fn from(vm: &GpuVm<T>, va: GpuVa<T>) -> Self {
        vm.remove(&va);
        let vm_bo = va.unlink();
        Self { va, vm_bo }
    }

    /// Puts the pair; `true` when that was its last reference. See [`GpuVmBo::put`].
    pub fn put(self, vm_guard: Option<&ResvGuard>) -> bool {
        self.vm_bo.is_some_and(|vm_bo| vm_bo.put(vm_guard))
    }
}

/// Map the request itself (`struct drm_gpuva_op_map`). Always the last step.
pub struct OpMap<'op, T: VmTypes> {
    vm: &'op GpuVm<T>,
    addr: u64,
    size: u64,
    object: Option<Gem<T::Object>>,
    offset: u64,
}

impl<'op, T: VmTypes> OpMap<'op, T> {
    pub(super) fn new(
        vm: &'op GpuVm<T>,
        addr: u64,
        size: u64,
        object: Option<Gem<T::Object>>,
        offset: u64,
    ) -> Self {
        Self {
            vm,
            addr,
            size,
            object,
            offset,
        }
    }

    /// First address.
    #[must_use]
    pub fn addr(&self) -> u64 {
        self.addr
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The object; `None` for a sparse mapping.
    #[must_use]
    pub fn object(&self) -> Option<&Gem<T::Object>> {
        self.object.as_ref()
    }

    /// Byte of the object that the first address shows.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Puts the mapping into the space and links it (`drm_gpuvm.c: drm_gpuva_map`, `drm_gpuva_link`). The reference to the
    /// pair goes to the mapping.
    ///
    /// As in the kernel, nobody is told when the space refuses it ([`GpuVa::is_inserted`]). That happens to a mapping of
    /// size 0 at address 0 when there are others.
    pub fn insert(self, data: T::VaData, vm_bo: Option<GpuVmBo<T>>) -> (GpuVa<T>, Applied<'op>) {
        let va = GpuVa::new(
            self.addr,
            self.size,
            self.object.as_ref(),
            self.offset,
            data,
        );
        let _refused = self.vm.insert(&va);
        if let Some(vm_bo) = vm_bo {
            va.link(vm_bo);
        }
        (va, Applied(PhantomData))
    }
}

/// Unmap a mapping (`struct drm_gpuva_op_unmap`).
pub struct OpUnmap<'op, T: VmTypes> {
    vm: &'op GpuVm<T>,
    va: GpuVa<T>,
    keep: bool,
}

impl<'op, T: VmTypes> OpUnmap<'op, T> {
    pub(super) fn new(vm: &'op GpuVm<T>, va: GpuVa<T>, keep: bool) -> Self {
        Self { vm, va, keep }
    }

    /// The mapping to unmap.
    #[must_use]
    pub fn va(&self) -> &GpuVa<T> {
        &self.va
    }

    /// Whether the request maps the same bytes of the same object there: the entries may stay.
    #[must_use]
    pub fn keep(&self) -> bool {
        self.keep
    }

    /// Takes the mapping out of the space and unlinks it (`drm_gpuvm.c: drm_gpuva_unmap`, `drm_gpuva_unlink`).
    pub fn remove(self) -> (Removed<T>, Applied<'op>) {
        (Removed::from(self.vm, self.va), Applied(PhantomData))
    }
}

/// A piece of an object at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The addresses.
    pub range: Range<u64>,
    /// Byte of the object that the first address shows.
    pub offset: u64,
}

/// What a writer of a page table with large leaves does to unmap a part of a mapping; see [`OpRemap::leaf_split`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafSplit {
    /// Clear these addresses: no large leaf of the mapping is cut.
    pub span: Range<u64>,
    /// Then map this again with small leaves, before the part that goes.
    pub head: Option<Part>,
    /// And this, after it.
    pub tail: Option<Part>,
}

/// Unmap a part of a mapping, and keep the rest (`struct drm_gpuva_op_remap`).
pub struct OpRemap<'op, T: VmTypes> {
    vm: &'op GpuVm<T>,
    va: GpuVa<T>,
    prev: Option<Part>,
    next: Option<Part>,
    keep: bool,
}

impl<'op, T: VmTypes> OpRemap<'op, T> {
    pub(super) fn new(
        vm: &'op GpuVm<T>,
        va: GpuVa<T>,
        prev: Option<Part>,
        next: Option<Part>,
        keep: bool,
    ) -> Self {
        Self {
            vm,
            va,
            prev,
            next,
            keep,
        }
    }

    /// The mapping that is split.
    #[must_use]
    pub fn va(&self) -> &GpuVa<T> {
        &self.va
    }

    /// Whether the request maps the same bytes of the same object where the mapping goes: the entries may stay.
    #[must_use]
    pub fn keep(&self) -> bool {
        self.keep
    }

    /// What stays before the request.
    #[must_use]
    pub fn prev(&self) -> Option<&Part> {
        self.prev.as_ref()
    }

    /// What stays after the request.
    #[must_use]
    pub fn next(&self) -> Option<&Part> {
        self.next.as_ref()
    }

    /// The addresses that go (`drm_gpuva_op_remap_to_unmap_range`).
    #[must_use]
    pub fn unmap_range(&self) -> Range<u64> {
        let whole = self.va.range();
        let start = self
            .prev
            .as_ref()
            .map_or(whole.start, |prev| prev.range.end);
        let end = self
            .next
            .as_ref()
            .map_or(whole.end, |next| next.range.start);
        start..end
    }

    /// The addresses that go, widened to whole leaves of `leaf` bytes where the mapping can have one there, and what of the
    /// widened span must be mapped again.
    ///
    /// # Panics
    ///
    /// If `leaf` is 0.
    #[must_use]
    pub fn leaf_split(&self, leaf: u64) -> LeafSplit {
        let (goes, whole) = (self.unmap_range(), self.va.range());
        let fits = |start: u64| {
            start >= whole.start && start.checked_add(leaf).is_some_and(|end| end <= whole.end)
        };
        let low = goes.start - goes.start % leaf;
        let high = goes.end - goes.end % leaf;
        let start = if fits(low) { low } else { goes.start };
        let end = if high < goes.end && fits(high) {
            high + leaf
        } else {
            goes.end
        };
        let part = |range: Range<u64>| {
            let offset = self
                .va
                .offset()
                .wrapping_add(range.start.wrapping_sub(whole.start));
            (!range.is_empty()).then_some(Part { range, offset })
        };
        LeafSplit {
            span: start..end,
            head: part(start..goes.start),
            tail: part(goes.end..end),
        }
    }

    /// Replaces the mapping by what stays of it, linked to the same pair (`drm_gpuvm.c: drm_gpuva_remap`, `drm_gpuva_link`
    /// for both parts, `drm_gpuva_unlink` for the old one). `data` makes the driver's part of each from the old mapping.
    pub fn remap(
        self,
        mut data: impl FnMut(&GpuVa<T>) -> T::VaData,
    ) -> (Remapped<T>, Applied<'op>) {
        self.vm.remove(&self.va);
        let mut insert = |part: Part| {
            let size = part.range.end.wrapping_sub(part.range.start);
            let va = GpuVa::of(
                part.range.start,
                size,
                self.va.weak_object(),
                part.offset,
                data(&self.va),
            );
            let _refused = self.vm.insert(&va);
            va
        };
        let prev = self.prev.map(&mut insert);
        let next = self.next.map(&mut insert);
        for part in prev.iter().chain(&next) {
            if let Some(vm_bo) = self.va.vm_bo() {
                part.link(vm_bo);
            }
        }
        let old = Removed {
            vm_bo: self.va.unlink(),
            va: self.va,
        };
        (Remapped { old, prev, next }, Applied(PhantomData))
    }
}

/// What a split left.
#[derive(Debug)]
#[must_use = "the old mapping's pair may only be put with the lock of its lists"]
pub struct Remapped<T: VmTypes> {
    /// The mapping that was split.
    pub old: Removed<T>,
    /// What stays before the request.
    pub prev: Option<GpuVa<T>>,
    /// What stays after the request.
    pub next: Option<GpuVa<T>>,
}
