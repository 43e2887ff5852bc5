//! Sync objects of one file (`drm_syncobj`): handles that hold a fence, or none yet. Binary ones only.

use std::collections::BTreeMap;

use drm_core::resv::Fence;
use drm_core::sync::{Arc, Mutex};

/// A sync object. A clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Syncobj(Arc<Mutex<Option<Fence>>>);

impl Syncobj {
    /// The fence that it holds (`drm_syncobj_fence_get`).
    #[must_use]
    pub fn fence(&self) -> Option<Fence> {
        self.0.lock().clone()
    }

    /// Holds another fence from now on, or none (`drm_syncobj_replace_fence`).
    pub fn replace(&self, fence: Option<Fence>) {
        *self.0.lock() = fence;
    }
}

/// The sync objects of one file, by handle: lowest free number first, from 1.
#[derive(Debug, Default)]
pub struct Syncobjs(Mutex<BTreeMap<u32, Syncobj>>);

impl Syncobjs {
    /// A new one; with a signalled fence on request (`DRM_IOCTL_SYNCOBJ_CREATE`).
    pub fn create(&self, signaled: bool) -> u32 {
        let mut handles = self.0.lock();
        let free = (1..).find(|handle| !handles.contains_key(handle));
        let handle = free.unwrap_or(u32::MAX);
        let syncobj = Syncobj::default();
        syncobj.replace(signaled.then(Fence::signaled));
        handles.insert(handle, syncobj);
        handle
    }

    /// The sync object of a handle (`drm_syncobj_find`).
    #[must_use]
    pub fn find(&self, handle: u32) -> Option<Syncobj> {
        self.0.lock().get(&handle).cloned()
    }

    /// Gives a handle up (`DRM_IOCTL_SYNCOBJ_DESTROY`); `false` for an unknown one.
    pub fn destroy(&self, handle: u32) -> bool {
        self.0.lock().remove(&handle).is_some()
    }
}
