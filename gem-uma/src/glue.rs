//! What the derive answers for objects made of several parts.

use drm_core::PAGE_SIZE;
use drm_core::gem::Status;

use crate::backing::Backing;
use crate::reclaim::Reclaim;
use crate::sparse::SparseBacking;

/// The memory status of an object (`funcs.status`): resident when its pages are there or are the exporter's, or when a granule
/// is; purgeable when user space does not need it.
#[must_use]
pub fn status(
    backing: Option<&Backing>,
    sparse: Option<&SparseBacking>,
    reclaim: Option<&Reclaim>,
) -> Status {
    let whole = backing.is_some_and(|backing| backing.is_resident() || backing.is_import());
    let part = sparse.is_some_and(|sparse| sparse.resident_pages() > 0);
    let mut status = Status::empty();
    status.set(Status::RESIDENT, whole || part);
    status.set(
        Status::PURGEABLE,
        reclaim.is_some_and(Reclaim::is_discardable),
    );
    status
}

/// Bytes resident (`funcs.rss`): the granules of an object that has them, else all or nothing.
#[must_use]
pub fn rss(backing: Option<&Backing>, sparse: Option<&SparseBacking>) -> u64 {
    match (sparse, backing) {
        (Some(sparse), _) => sparse.resident_pages() * PAGE_SIZE,
        (None, Some(backing)) if backing.is_resident() => backing.page_count() * PAGE_SIZE,
        (None, _) => 0,
    }
}

/// Whether an object grows: operations that need all its pages are refused then.
#[must_use]
pub fn grows<'s>(sparse: impl Into<Option<&'s SparseBacking>>) -> bool {
    sparse.into().is_some()
}
