//! Owns the mapping (`struct drm_gpuva`).

use std::fmt;
use std::ops::Range;

use super::VmTypes;
use super::pair::GpuVmBo;
use super::space::Key;
use super::vm::GpuVm;
use crate::gem::{Gem, Object, WeakGem};
use crate::sync::{Arc, Mutex};

pub(super) struct State<T: VmTypes> {
    /// The space it is in, and where.
    pub(super) placed: Option<(GpuVm<T>, Key)>,
    /// The pair it is linked to, and its place in that list.
    link: Option<(GpuVmBo<T>, u64)>,
}

struct Inner<T: VmTypes> {
    addr: u64,
    size: u64,
    offset: u64,
    /// Does not count: the pair holds the reference.
    object: Option<WeakGem>,
    data: T::VaData,
    state: Mutex<State<T>>,
}

/// A mapping (`struct drm_gpuva`): `size` bytes from `addr` on show an object from `offset` on. A clone is the same one.
pub struct GpuVa<T: VmTypes>(Arc<Inner<T>>);

impl<T: VmTypes> Clone for GpuVa<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: VmTypes> fmt::Debug for GpuVa<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GpuVa({:#x}+{:#x} o={:#x})",
            self.addr(),
            self.size(),
            self.offset()
        )
    }
}

impl<T: VmTypes> GpuVa<T> {
    /// A mapping that is in no space yet (`drm_gpuva_init`). Without an object it is sparse.
    #[must_use]
    pub fn new(
        addr: u64,
        size: u64,
        object: Option<&Gem<T::Object>>,
        offset: u64,
        data: T::VaData,
    ) -> Self {
        Self::of(
            addr,
            size,
            object.and_then(|object| object.gem().downgrade()),
            offset,
            data,
        )
    }

    pub(super) fn of(
        addr: u64,
        size: u64,
        object: Option<WeakGem>,
        offset: u64,
        data: T::VaData,
    ) -> Self {
        let state = Mutex::new(State {
            placed: None,
            link: None,
        });
        Self(Arc::new(Inner {
            addr,
            size,
            offset,
            object,
            data,
            state,
        }))
    }

    /// First address, in bytes.
    #[must_use]
    pub fn addr(&self) -> u64 {
        self.0.addr
    }

    /// Bytes. May be 0: the kernel lets a request of size 0 through, and keeps a mapping of size 0 for it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// The addresses.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.0.addr..self.0.addr.wrapping_add(self.0.size)
    }

    /// Byte of the object that the first address shows.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The driver's part.
    #[must_use]
    pub fn data(&self) -> &T::VaData {
        &self.0.data
    }

    /// The object, with a reference; `None` for a sparse mapping, or when the object is gone.
    #[must_use]
    pub fn object(&self) -> Option<Gem<T::Object>> {
        self.0.object.as_ref()?.upgrade()?.downcast()
    }

    /// Whether it maps `object`.
    #[must_use]
    pub fn maps(&self, object: &Gem<T::Object>) -> bool {
        self.0
            .object
            .as_ref()
            .is_some_and(|weak| weak.is_of(object.gem()))
    }

    pub(super) fn weak_object(&self) -> Option<WeakGem> {
        self.0.object.clone()
    }

    /// Whether it is in a space.
    #[must_use]
    pub fn is_inserted(&self) -> bool {
        self.state(|state| state.placed.is_some())
    }

    /// The pair it is linked to, with a reference.
    #[must_use]
    pub fn vm_bo(&self) -> Option<GpuVmBo<T>> {
        self.state(|state| state.link.as_ref().map(|(vm_bo, _)| vm_bo.clone()))
    }

    /// Whether both are the same mapping.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Puts the mapping on its pair's list; the reference goes to the mapping (`drm_gpuvm.c: drm_gpuva_link`, and the put
    /// that follows it). A sparse mapping stays as it is.
    ///
    /// Raises a warning when the pair is another object's.
    ///
    /// # Panics
    ///
    /// If it is linked already.
    pub fn link(&self, vm_bo: GpuVmBo<T>) {
        if self.0.object.is_none() {
            return;
        }
        if !self.maps(vm_bo.object()) {
            vm_bo
                .vm()
                .warn("drm_gpuvm.c: drm_gpuva_link: obj != vm_bo->obj");
        }
        let place = vm_bo.link_va(self);
        let before = self.state(|state| state.link.replace((vm_bo, place)));
        assert!(before.is_none(), "the mapping is linked already");
    }

    /// Takes the mapping off its pair's list, and hands back the reference it held (`drm_gpuvm.c: drm_gpuva_unlink`,
    /// without the put).
    #[must_use = "the pair may only be put with the lock of its lists"]
    pub fn unlink(&self) -> Option<GpuVmBo<T>> {
        let (vm_bo, place) = self.state(|state| state.link.take())?;
        vm_bo.unlink_va(place);
        Some(vm_bo)
    }

    /// Runs `f` under the lock of the state. What `f` takes out must not be dropped inside it.
    pub(super) fn state<R>(&self, f: impl FnOnce(&mut State<T>) -> R) -> R {
        f(&mut self.0.state.lock())
    }
}
