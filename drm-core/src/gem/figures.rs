//! Memory figures of a file, as fdinfo shows them (`drm_show_memory_stats`).

use super::object::Object;
use crate::device::File;
use crate::resv::Usage;

bitflags::bitflags! {
    /// What an object says of its memory (`enum drm_gem_object_status`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Status: u32 {
        /// Its pages are in RAM.
        const RESIDENT = 1;
        /// It may be purged.
        const PURGEABLE = 1 << 1;
    }
}

/// Bytes by what may be done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Objects with more than one handle, or a dma-buf.
    pub shared: u64,
    /// Objects with one handle.
    pub private: u64,
    /// Resident bytes.
    pub resident: u64,
    /// Bytes that could be purged now.
    pub purgeable: u64,
    /// Objects in use by a job.
    pub active: u64,
    /// Whether any object told its status: without, resident and purgeable mean nothing.
    pub has_status: bool,
}

impl MemoryStats {
    /// The figures of every object that `file` has a handle of.
    #[must_use]
    pub fn of(file: &File) -> Self {
        let mut stats = Self::default();
        for object in file.objects() {
            stats.add(&*object);
        }
        stats
    }

    /// Everything that the file can reach.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.shared + self.private
    }

    fn add(&mut self, object: &dyn Object) {
        let header = object.gem();
        let added = object.rss().unwrap_or(header.size());
        if header.handle_count() > 1 || header.has_dma_buf() {
            self.shared += header.size();
        } else {
            self.private += header.size();
        }
        let status = object.status();
        self.has_status |= status.is_some();
        let status = status.unwrap_or(Status::empty());
        if status.contains(Status::RESIDENT) {
            self.resident += added;
        }
        if !header.resv().test_signaled(Usage::Read) {
            self.active += added;
        } else if status.contains(Status::RESIDENT | Status::PURGEABLE) {
            self.purgeable += added;
        }
    }
}
