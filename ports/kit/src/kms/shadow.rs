//! What most drivers do to show a buffer: fences, and the mappings of a shadow plane (`drm_gem_atomic_helper.c`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::Usage;
use gem_shmem::ShadowMaps;

use super::framebuffer::Framebuffer;
use super::state::PlaneState;

/// Adds what the commit must wait for (`drm_gem_plane_helper_prepare_fb`): the writers of every object; only the kernel's own
/// fences when user space gave an explicit one.
pub fn collect_fences<P>(state: &mut PlaneState<P>) {
    let Some(fb) = &state.fb else { return };
    let usage = if state.in_fence.is_some() {
        Usage::Kernel
    } else {
        Usage::Write
    };
    state.fences.extend(state.in_fence.clone());
    for plane in &fb.planes {
        state
            .fences
            .extend(plane.object().gem().resv().fences(usage));
    }
}

/// Maps every memory plane of `fb` (`drm_gem_fb_vmap`). Errors of [`ShadowMaps::begin`]; `EINVAL` for an object that is not of
/// gem-shmem, which a driver on it never has.
pub fn fb_vmap(fb: &Framebuffer) -> Result<ShadowMaps> {
    let objects = fb
        .planes
        .iter()
        .map(|plane| {
            plane
                .object()
                .downcast::<gem_shmem::Object>()
                .ok_or(Errno::EINVAL)
        })
        .collect::<Result<Vec<Gem<_>>>>()?;
    let offsets = fb.planes.iter().map(|plane| u64::from(plane.offset));
    ShadowMaps::begin(objects.iter().zip(offsets))
}

/// A driver's part of the plane state when that is the shadow mappings alone (`struct drm_shadow_plane_state`).
#[derive(Debug, Default)]
pub struct ShadowState {
    maps: Option<ShadowMaps>,
}

impl ShadowState {
    /// `begin_fb_access`: maps the new framebuffer. Errors of [`fb_vmap`].
    pub fn begin(state: &mut PlaneState<Self>) -> Result {
        state.private.maps = state.fb.as_deref().map(fb_vmap).transpose()?;
        Ok(())
    }

    /// `end_fb_access`: unmaps the framebuffer of this state.
    pub fn end(state: &mut PlaneState<Self>) {
        state.private.maps = None;
    }

    /// The mappings, between the two.
    #[must_use]
    pub fn maps(&self) -> Option<&ShadowMaps> {
        self.maps.as_ref()
    }
}
