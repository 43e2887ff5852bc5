//! The screen (`virtgpu_display.c`, `virtgpu_plane.c`): one scanout of the host, a plane for the picture and one for the cursor. What they
//! show is uploaded and flushed by commands.

use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Deadline;
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use port_kit::kms::{
    self, Config, Crtc, FbCmd, Format, Framebuffer, NoWriteback, PlaneDesc, PlaneKind, PlaneState,
    Rect, check_plane_state, collect_fences, damage_of,
};

use crate::device::VirtgpuDevice;
use crate::drv::{FORMAT_B8G8R8X8, VirtGpu};
use crate::host::command::{self, Command};
use crate::queue::{FenceAlloc, Objects, Vbuf};
use crate::resource::Resource;

/// Nanoseconds that a flip of a blob waits for the host.
const FLUSH_TIMEOUT: u64 = 50_000_000;

/// The second plane.
const CURSOR: usize = 1;

/// Smallest and largest framebuffer.
const MIN: (u32, u32) = (32, 32);
const MAX: (u32, u32) = (8192, 8192);

/// The driver's part of a plane's state (`struct virtio_gpu_plane_state`).
#[derive(Default)]
pub struct Plane {
    fence: Option<FenceAlloc>,
}

/// The scanout and its plane.
pub struct Display {
    vgdev: Arc<VirtgpuDevice>,
    config: Config,
    active: AtomicBool,
    /// A modeset is part of the commit.
    modeset: AtomicBool,
    /// The next update sets the scanout, whatever it shows.
    needs_modeset: AtomicBool,
}

impl Display {
    pub(crate) fn new(vgdev: &Arc<VirtgpuDevice>) -> Self {
        Self {
            vgdev: Arc::clone(vgdev),
            config: Config {
                mode: vgdev.params().mode.unwrap_or_default(),
                min: MIN,
                max: MAX,
                planes: vec![
                    PlaneDesc {
                        kind: PlaneKind::Primary,
                        formats: vec![Format::XRGB8888],
                    },
                    PlaneDesc {
                        kind: PlaneKind::Cursor,
                        formats: vec![Format::ARGB8888],
                    },
                ],
                has_dirty: true,
                needs_primary: false,
                commits_all_planes: false,
            },
            active: AtomicBool::new(false),
            modeset: AtomicBool::new(false),
            needs_modeset: AtomicBool::new(false),
        }
    }

    fn resource(&self, fb: &Framebuffer) -> Option<(Gem, Arc<Resource>)> {
        let object = fb.planes.first()?.object().clone();
        let resource = self.vgdev.resource(&object).ok()?;
        Some((object, resource))
    }

    fn set_scanout(&self, id: u32, rect: command::Rect) {
        let command = Command::SetScanout {
            rect,
            scanout: 0,
            id,
        };
        self.vgdev.ctrlq().send(Vbuf::new(command));
    }

    /// The source of a plane in whole pixels.
    fn source<P>(state: &PlaneState<P>) -> command::Rect {
        let src = &state.uapi_src;
        command::Rect {
            x: (src.x1 >> 16) as u32,
            y: (src.y1 >> 16) as u32,
            width: (src.width() >> 16) as u32,
            height: (src.height() >> 16) as u32,
        }
    }

    /// `virtio_gpu_update_dumb_bo`.
    fn upload(
        &self,
        dev: &Device,
        fb: &Framebuffer,
        object: &Gem,
        resource: &Resource,
        rect: command::Rect,
    ) {
        let Some(gpu) = dev.driver_as::<VirtGpu>() else {
            return;
        };
        let offset = rect.x * fb.format.cpp() + rect.y * fb.planes[0].pitch;
        gpu.transfer_2d(Objects::one(object), resource, rect, offset.into(), None);
    }

    /// `virtio_gpu_cursor_plane_update`: a new picture is uploaded, and waited for, however long it takes.
    fn update_cursor(&self, dev: &Device, old: &PlaneState<Plane>, new: &PlaneState<Plane>) {
        let place = &new.uapi_dst;
        let (x, y) = (place.x1, place.y1);
        let is_new = match &new.fb {
            Some(fb) => !old.shows(fb),
            None => old.fb.is_some(),
        };
        if !is_new {
            let command = Command::MoveCursor { x, y };
            self.vgdev.ctrlq().send_cursor(&command);
            return;
        }
        let shown = new.fb.as_deref().and_then(|fb| self.resource(fb));
        if let Some((object, resource)) = shown.as_ref().filter(|(_, resource)| resource.dumb)
            && let (Some(fence), Some(gpu)) = (&new.private.fence, dev.driver_as::<VirtGpu>())
        {
            let mut objects = Objects::one(object);
            if objects.lock_one_resv().is_err() {
                return;
            }
            let rect = command::Rect {
                x: 0,
                y: 0,
                width: place.width() as u32,
                height: place.height() as u32,
            };
            gpu.transfer_2d(objects, resource, rect, 0, Some(fence.clone()));
            let done = || fence.fence().is_none_or(|fence| fence.is_signaled());
            // Nothing but the host ends this wait.
            let _ = self.vgdev.machine().wait_until(Deadline::Never, done);
        }
        let id = shown.map_or(0, |(_, resource)| resource.id);
        let command = Command::UpdateCursor { id, x, y };
        self.vgdev.ctrlq().send_cursor(&command);
    }

    /// `virtio_gpu_resource_flush`: what the host reads in place is waited for, but not for long.
    fn flush(
        &self,
        fence: Option<&FenceAlloc>,
        object: &Gem,
        resource: &Resource,
        rect: command::Rect,
    ) {
        let vbuf = Vbuf::new(Command::ResourceFlush {
            rect,
            id: resource.id,
        });
        let Some(fence) = fence else {
            self.vgdev.ctrlq().send(vbuf);
            return;
        };
        let mut objects = Objects::one(object);
        if objects.lock_one_resv().is_err() {
            return;
        }
        let vbuf = vbuf.objects(objects).fence(Some(fence.clone()));
        self.vgdev.ctrlq().send(vbuf);
        let machine = self.vgdev.machine();
        let until = Deadline::At(machine.clock().now() + FLUSH_TIMEOUT);
        // A host that is slow shows the picture later.
        let _ = machine.wait_until(until, || {
            fence.fence().is_none_or(|fence| fence.is_signaled())
        });
    }
}

impl kms::Display for Display {
    type Plane = Plane;
    type Job = NoWriteback;

    fn config(&self) -> &Config {
        &self.config
    }

    /// `virtio_gpu_user_framebuffer_create`: `ENOENT` for a format, `EINVAL` for a handle, the other way round than everybody else. The
    /// object may be smaller than the framebuffer.
    fn fb_objects(&self, file: &File, cmd: &FbCmd) -> Result<Vec<Gem>> {
        if ![Format::XRGB8888, Format::ARGB8888].contains(&cmd.format) {
            return Err(Errno::ENOENT);
        }
        let object = file.lookup(cmd.handles[0]).ok_or(Errno::EINVAL)?;
        Ok(vec![object])
    }

    fn check_plane(&self, plane: usize, state: &mut PlaneState<Plane>, crtc: &Crtc) -> Result {
        check_plane_state(state, crtc, plane == CURSOR, true)
    }

    /// `virtio_gpu_plane_prepare_fb`: what the host reads in place is flushed with a fence, and so are cursors.
    fn prepare_fb(&self, plane: usize, state: &mut PlaneState<Plane>) -> Result {
        collect_fences(state);
        let resource = state.fb.as_ref().and_then(|fb| self.resource(fb));
        if let Some((_, resource)) = resource
            && resource.dumb
            && (plane == CURSOR || resource.blob().0)
        {
            state.private.fence = Some(self.vgdev.fence());
        }
        Ok(())
    }

    fn cleanup_fb(&self, _plane: usize, state: &mut PlaneState<Plane>) {
        state.private.fence = None;
    }

    fn disable_crtc(&self, _dev: &Device) {
        self.active.store(false, Ordering::SeqCst);
        self.modeset.store(true, Ordering::SeqCst);
        self.set_scanout(0, command::Rect::default());
    }

    /// `virtio_gpu_crtc_mode_set_nofb`.
    fn set_mode(&self, _dev: &Device, crtc: &Crtc) {
        self.active.store(true, Ordering::SeqCst);
        self.modeset.store(true, Ordering::SeqCst);
        let (width, height) = crtc.mode;
        let rect = command::Rect {
            width,
            height,
            ..command::Rect::default()
        };
        self.set_scanout(0, rect);
    }

    /// `virtio_gpu_primary_plane_update`, `virtio_gpu_cursor_plane_update`.
    fn update_plane(
        &self,
        dev: &Device,
        plane: usize,
        old: &PlaneState<Plane>,
        new: &mut PlaneState<Plane>,
    ) {
        if plane == CURSOR {
            self.update_cursor(dev, old, new);
            return;
        }
        let source = Self::source(new);
        let Some(fb) = new
            .fb
            .clone()
            .filter(|_| self.active.load(Ordering::SeqCst))
        else {
            let rect = command::Rect {
                x: 0,
                y: 0,
                ..source
            };
            self.set_scanout(0, rect);
            return;
        };
        let is_new = !old.shows(&fb);
        // Uploads are those of a buffer: what changed since another one was shown is everything.
        new.ignore_damage_clips |= is_new;
        let damage = damage_of(old, new);
        let Some(rect) = damage.into_iter().reduce(|all, clip| all.merge(&clip)) else {
            return;
        };
        let Some((object, resource)) = self.resource(&fb) else {
            return;
        };
        let rect = to_host(&rect);
        if resource.dumb {
            self.upload(dev, &fb, &object, &resource, rect);
        }
        let forced = self.needs_modeset.swap(false, Ordering::SeqCst);
        if is_new || source != Self::source(old) || forced {
            if resource.is_blob() {
                let command = Command::SetScanoutBlob {
                    rect: source,
                    scanout: 0,
                    id: resource.id,
                    width: fb.width,
                    height: fb.height,
                    format: FORMAT_B8G8R8X8,
                    stride: fb.planes[0].pitch,
                    offset: fb.planes[0].offset,
                };
                self.vgdev.ctrlq().send(Vbuf::new(command));
            } else {
                self.set_scanout(resource.id, source);
            }
        }
        self.flush(new.private.fence.as_ref(), &object, &resource, rect);
    }

    /// `virtio_gpu_crtc_atomic_flush`.
    fn flush(&self, _dev: &Device, _crtc: &Crtc, _planes: &[PlaneState<Plane>]) {
        if self.modeset.swap(false, Ordering::SeqCst) {
            self.needs_modeset.store(true, Ordering::SeqCst);
        }
    }
}

fn to_host(rect: &Rect) -> command::Rect {
    command::Rect {
        x: rect.x1 as u32,
        y: rect.y1 as u32,
        width: rect.width() as u32,
        height: rect.height() as u32,
    }
}
