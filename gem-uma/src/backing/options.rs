//! How long pages are kept, and what they are made of.

use drm_core::memory::Gfp;

/// When pages leave an object that lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// When they are reclaimed. Nobody counts who uses them.
    #[default]
    UntilReclaimed,
    /// With the last pin, the device map and the last user mapping: what the base class shows.
    WhileUsed,
}

/// How a [`super::Backing`] behaves.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct BackingOptions {
    pub(super) keep: Keep,
    pub(super) dirty: bool,
    pub(super) gfp: Gfp,
    pub(super) huge: bool,
}

impl Default for BackingOptions {
    /// Pages stay until reclaimed, are marked dirty when given back, come from anywhere, and in huge folios where the machine has them.
    fn default() -> Self {
        Self {
            keep: Keep::UntilReclaimed,
            dirty: true,
            gfp: Gfp::KERNEL,
            huge: true,
        }
    }
}

impl BackingOptions {
    /// What `drm_gem_shmem_object` shows: pages go with their last user, without a dirty mark.
    pub fn as_base_class() -> Self {
        Self::default().keep(Keep::WhileUsed).dirty(false)
    }

    /// When the pages leave.
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Whether pages are marked dirty when they are given back. Without, what a device or a mapping wrote may be lost.
    pub fn dirty(mut self, dirty: bool) -> Self {
        self.dirty = dirty;
        self
    }

    /// How pages are allocated, and from where (`mapping_set_gfp_mask`).
    pub fn gfp(mut self, gfp: Gfp) -> Self {
        self.gfp = gfp;
        self
    }

    /// Whether pages come in 2 MiB folios where a whole one fits, and the machine has them.
    pub fn huge(mut self, huge: bool) -> Self {
        self.huge = huge;
        self
    }
}
