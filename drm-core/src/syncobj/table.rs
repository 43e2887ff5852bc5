//! The sync objects of a file, by handle: from 1, lowest free first (`file->syncobj_idr`).

use std::collections::BTreeMap;

use super::Syncobj;
use crate::device::File;
use crate::errno::{Errno, Result};
use crate::machine::Fail;

/// Handles and objects.
#[derive(Debug, Default)]
pub(crate) struct SyncobjTable(BTreeMap<u32, Syncobj>);

impl SyncobjTable {
    fn add(&mut self, syncobj: Syncobj) -> Option<u32> {
        let mut taken = self.0.keys().copied();
        let free = (1..=u32::MAX).find(|handle| taken.next() != Some(*handle))?;
        self.0.insert(free, syncobj);
        Some(free)
    }
}

impl File {
    /// A handle of a sync object (`drm_syncobj_get_handle`). `ENOMEM`, `ENOSPC`.
    pub fn add_syncobj(&self, syncobj: Syncobj) -> Result<u32> {
        self.machine().failpoints().check(Fail::Alloc)?;
        self.syncobjs().lock().add(syncobj).ok_or(Errno::ENOSPC)
    }

    /// The sync object of a handle (`drm_syncobj_find`). `ENOENT` for an unknown one.
    pub fn syncobj(&self, handle: u32) -> Result<Syncobj> {
        let table = self.syncobjs().lock();
        table.0.get(&handle).cloned().ok_or(Errno::ENOENT)
    }

    /// Gives a handle up (`drm_syncobj_destroy`). `EINVAL` for an unknown one.
    pub fn remove_syncobj(&self, handle: u32) -> Result {
        let removed = self.syncobjs().lock().0.remove(&handle);
        removed.map(drop).ok_or(Errno::EINVAL)
    }
}
