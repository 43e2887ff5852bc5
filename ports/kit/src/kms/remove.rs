//! Framebuffers of files: made, told that they changed, removed (`drm_framebuffer.c`).

use std::fmt;

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::sync::Arc;

use super::atomic::{Kms, State};
use super::display::Display;
use super::framebuffer::{self, FbCmd, Framebuffer};
use super::rect::Rect;
use super::state::{Crtc, PlaneKind};

impl<D: Display> Kms<D> {
    /// Makes a framebuffer (`DRM_IOCTL_MODE_ADDFB2`); its number is the lowest free one.
    ///
    /// `ENODEV` when the device is gone; `EINVAL`, `ERANGE`, `ENOENT` as the checks in `framebuffer.rs` say.
    pub fn add_fb(&self, file: &File, cmd: &FbCmd) -> Result<u32> {
        let machine = file.machine().clone();
        let _syscall = machine.syscall();
        if file.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        let config = self.display().config();
        framebuffer::check(config, cmd)?;
        let mut state = self.state.lock();
        let id = (1..).find(|id| !state.fbs.contains_key(id));
        let id = id.ok_or(Errno::ENOSPC)?;
        let objects = self.display().fb_objects(file, cmd)?;
        let fb = framebuffer::create(objects, cmd, id);
        state.fbs.insert(id, (Arc::new(fb), file.tag()));
        Ok(id)
    }

    /// A framebuffer by number.
    #[must_use]
    pub fn fb(&self, id: u32) -> Option<Arc<Framebuffer>> {
        self.state.lock().fbs.get(&id).map(|(fb, _)| Arc::clone(fb))
    }

    /// Prints every framebuffer, by number, as debugfs does (`drm_framebuffer_info`).
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn print_framebuffers(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let state = self.state.lock();
        for (id, (fb, _)) in &state.fbs {
            writeln!(out, "framebuffer[{id}]:")?;
            fb.print_info(Arc::strong_count(fb), out, 1)?;
        }
        Ok(())
    }

    /// Removes a framebuffer of this file; planes that show it go off first (`DRM_IOCTL_MODE_RMFB`). `ENODEV` when the device
    /// is gone, `ENOENT` for an unknown number, and for a framebuffer of another file.
    pub fn rm_fb(&self, file: &File, id: u32) -> Result {
        let machine = file.machine().clone();
        let _syscall = machine.syscall();
        if file.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        self.forget_fb(file, id)
    }

    /// The same for the kernel's own files, whose device may be gone.
    pub(super) fn forget_fb(&self, file: &File, id: u32) -> Result {
        let mut state = self.state.lock();
        match state.fbs.get(&id) {
            Some((_, tag)) if *tag == file.tag() => {}
            _ => return Err(Errno::ENOENT),
        }
        let Some((fb, _)) = state.fbs.remove(&id) else {
            return Err(Errno::ENOENT);
        };
        self.remove_fb(file.dev(), &mut state, &fb);
        Ok(())
    }

    /// Removes every framebuffer of a file that is closed: a driver's `fb_release` (`drm_fb_release`). Those that are shown go
    /// last.
    pub fn fb_release(&self, file: &File) {
        let mut state = self.state.lock();
        let mine: Vec<u32> = state
            .fbs
            .iter()
            .filter(|(_, (_, tag))| *tag == file.tag())
            .map(|(id, _)| *id)
            .collect();
        let removed = mine.iter().filter_map(|id| state.fbs.remove(id));
        let removed: Vec<_> = removed.map(|(fb, _)| fb).collect();
        let (shown, unused): (Vec<_>, Vec<_>) = removed
            .into_iter()
            .partition(|fb| state.planes.iter().any(|plane| plane.shows(fb)));
        drop(unused);
        for fb in shown {
            self.remove_fb(file.dev(), &mut state, &fb);
        }
    }

    /// Takes `fb` off every plane; the CRTC goes off, too, when it cannot be without its primary plane (`atomic_remove_fb`).
    fn remove_fb(&self, dev: &Device, state: &mut State<D>, fb: &Arc<Framebuffer>) {
        let mut result = Ok(());
        for disable_crtc in [false, true] {
            let mut transaction = self.empty(state);
            transaction.allow_modeset = true;
            for (plane, old) in state.planes.iter().enumerate() {
                if !old.shows(fb) {
                    continue;
                }
                let kind = self.display().config().planes[plane].kind;
                if disable_crtc && kind == PlaneKind::Primary {
                    transaction.crtc = Crtc::default();
                }
                let mut new = old.duplicate();
                (new.fb, new.crtc) = (None, false);
                transaction.planes.insert(plane, new);
            }
            if transaction.planes.is_empty() {
                return;
            }
            result = self.check_and_commit(dev, state, transaction);
            if result != Err(Errno::EINVAL) {
                break;
            }
        }
        if result.is_err() {
            dev.machine().warn("drm_framebuffer: atomic remove failed");
        }
    }

    /// Says what changed in a framebuffer of any file; every plane that shows it is drawn again (`DRM_IOCTL_MODE_DIRTYFB`,
    /// `drm_atomic_helper_dirtyfb`). No clips mean everything.
    ///
    /// `ENODEV` when the device is gone, `ENOENT` for an unknown number, `EINVAL` for more than 256 clips, `ENOSYS` for a
    /// driver without the hook, else the answer of the commit.
    pub fn dirty_fb(&self, file: &File, id: u32, clips: &[Rect]) -> Result {
        const MAX_CLIPS: usize = 256;
        let machine = file.machine().clone();
        let _syscall = machine.syscall();
        if file.dev().is_unplugged() {
            return Err(Errno::ENODEV);
        }
        let fb = self.fb(id).ok_or(Errno::ENOENT)?;
        if clips.len() > MAX_CLIPS {
            return Err(Errno::EINVAL);
        }
        self.dirty(file.dev(), &fb, clips)
    }

    /// The same from inside the kernel.
    pub(super) fn dirty(&self, dev: &Device, fb: &Arc<Framebuffer>, clips: &[Rect]) -> Result {
        if !self.display().config().has_dirty {
            return Err(Errno::ENOSYS);
        }
        let mut state = self.state.lock();
        let mut transaction = self.empty(&state);
        for (plane, old) in state.planes.iter().enumerate() {
            if old.shows(fb) {
                let mut new = old.duplicate();
                new.damage = (!clips.is_empty()).then(|| clips.to_vec());
                transaction.planes.insert(plane, new);
            }
        }
        self.check_and_commit(dev, &mut state, transaction)
    }
}
