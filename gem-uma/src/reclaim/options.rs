//! Which advice is taken.

/// Which numbers [`super::Reclaim::madvise`] takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// 0 (needed) and 1 (not needed).
    #[default]
    Known,
    /// Any: all above 0 are "not needed", and one below 0 says that the contents are gone, which nobody threw away. What the
    /// base class shows.
    AnyNumber,
}

/// How a [`super::Reclaim`] behaves.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ReclaimOptions {
    pub(super) advice: Advice,
}

impl ReclaimOptions {
    /// What `drm_gem_shmem_object` shows: any number is advice.
    pub fn as_base_class() -> Self {
        Self {
            advice: Advice::AnyNumber,
        }
    }

    /// Which numbers are advice.
    pub fn advice(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }
}
