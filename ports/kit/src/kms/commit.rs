//! A commit, in the order of `drm_atomic_helper_commit`.

use std::collections::BTreeMap;

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::machine::Deadline;

use super::atomic::{Kms, State, Transaction};
use super::display::Display;
use super::state::PlaneState;

impl<D: Display> Kms<D> {
    /// Prepares, waits, swaps, draws, cleans up. After a failure of what comes before the swap, nothing has changed.
    pub(super) fn commit(
        &self,
        dev: &Device,
        state: &mut State<D>,
        transaction: Transaction<D>,
    ) -> Result {
        let Transaction {
            planes: mut new,
            crtc,
            writeback,
            ..
        } = transaction;
        let display = self.display();
        // Dropped without being started when something after it fails: its clean-up.
        let job = writeback
            .map(|fb| display.prepare_job(&fb, &crtc))
            .transpose()?;
        self.prepare_planes(&mut new)?;
        if let Err(error) = wait_for_fences(dev, &new) {
            self.unprepare_planes(&mut new);
            return Err(error);
        }

        let old_crtc = std::mem::replace(&mut state.crtc, crtc);
        for (&plane, plane_state) in &mut new {
            std::mem::swap(plane_state, &mut state.planes[plane]);
        }
        let mut old = new;

        let modeset = old_crtc != crtc;
        if modeset && old_crtc.active {
            display.disable_crtc(dev);
        }
        if modeset && crtc.active {
            display.set_mode(dev, &crtc);
        }
        self.commit_planes(dev, state, &mut old);
        if modeset && crtc.active {
            display.enable_crtc(dev, &crtc);
        }
        if let Some(job) = job {
            display.commit_job(dev, job, &crtc);
        }
        display.wait_for_flip(dev);
        for (&plane, old) in &mut old {
            display.cleanup_fb(plane, old);
        }
        Ok(())
    }

    /// `drm_atomic_helper_prepare_planes`.
    fn prepare_planes(&self, new: &mut BTreeMap<usize, PlaneState<D::Plane>>) -> Result {
        let display = self.display();
        let mut failed = None;
        for (&plane, state) in new.iter_mut() {
            if let Err(error) = display.prepare_fb(plane, state) {
                failed = Some((plane, error));
                break;
            }
        }
        if let Some((at, error)) = failed {
            for (&plane, state) in new.range_mut(..at) {
                display.cleanup_fb(plane, state);
            }
            return Err(error);
        }
        for (&plane, state) in new.iter_mut() {
            if let Err(error) = display.begin_fb_access(plane, state) {
                failed = Some((plane, error));
                break;
            }
        }
        if let Some((at, error)) = failed {
            for (&plane, state) in new.range_mut(..at) {
                display.end_fb_access(plane, state);
            }
            for (&plane, state) in new.iter_mut() {
                display.cleanup_fb(plane, state);
            }
            return Err(error);
        }
        Ok(())
    }

    /// `drm_atomic_helper_unprepare_planes`.
    fn unprepare_planes(&self, new: &mut BTreeMap<usize, PlaneState<D::Plane>>) {
        let display = self.display();
        for (&plane, state) in new.iter_mut() {
            display.end_fb_access(plane, state);
        }
        for (&plane, state) in new.iter_mut() {
            display.cleanup_fb(plane, state);
        }
    }

    /// `drm_atomic_helper_commit_planes`: the access to what was shown ends here, at the very end.
    fn commit_planes(
        &self,
        dev: &Device,
        state: &mut State<D>,
        old: &mut BTreeMap<usize, PlaneState<D::Plane>>,
    ) {
        let display = self.display();
        for (&plane, old) in old.iter() {
            let new = &mut state.planes[plane];
            if old.crtc && !new.crtc {
                display.disable_plane(dev, plane, old, new);
            } else if new.crtc {
                display.update_plane(dev, plane, old, new);
            }
        }
        display.flush(dev, &state.crtc, &state.planes);
        for (&plane, old) in old.iter_mut() {
            display.end_fb_access(plane, old);
        }
    }
}

/// `drm_atomic_helper_wait_for_fences`. `EINTR` when the wait is ended by a signal.
fn wait_for_fences<P>(dev: &Device, planes: &BTreeMap<usize, PlaneState<P>>) -> Result {
    for fence in planes.values().flat_map(|plane| &plane.fences) {
        dev.machine()
            .wait_until(Deadline::Never, || fence.is_signaled())?;
    }
    Ok(())
}
