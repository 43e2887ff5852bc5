//! Sync objects.

use drm_core::errno::Errno;
use drm_core::syncobj::nr;
use port_kit::trace::{ioctl, outcome};
use port_panfrost::uapi;

use super::{Bo, Fd, Session};

/// `struct drm_syncobj_create`; DESTROY has the same layout.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Create {
    handle: u32,
    flags: u32,
}

impl Session {
    /// SYNCOBJ_CREATE, signalled.
    pub(crate) fn sync_object(&mut self, fd: Fd) -> u32 {
        let mut args = Create {
            handle: 0,
            flags: 1,
        };
        let result = ioctl(&self.file(fd), nr::CREATE, &mut args);
        self.record(
            format_args!("syncobj create in file {}", fd.0),
            format_args!("{} handle={}", outcome(&result), args.handle),
        );
        args.handle
    }

    /// A fragment job that waits for a sync object, or a vertex job that signals one.
    pub(crate) fn submit_with_sync(
        &mut self,
        fd: Fd,
        bo: Bo,
        wait: Option<u32>,
        signal: Option<u32>,
    ) {
        let in_syncs = self
            .machine
            .user()
            .put(bytemuck::cast_slice(wait.as_slice()));
        let args = uapi::Submit {
            jc: bo.va,
            in_syncs,
            in_sync_count: wait.iter().count() as u32,
            out_sync: signal.unwrap_or(0),
            requirements: if wait.is_some() { uapi::JD_REQ_FS } else { 0 },
            ..uapi::Submit::default()
        };
        self.submit_raw(fd, args, &[bo.handle])
            .expect("the job is taken");
        self.machine.user().take(in_syncs);
    }

    /// Whether a sync object's fence has signalled.
    pub(crate) fn sync_object_state(&mut self, fd: Fd, handle: u32) {
        let fence = self
            .file(fd)
            .syncobj(handle)
            .and_then(|syncobj| syncobj.find_fence(0));
        let text = match fence {
            Ok(fence) if fence.is_signaled() => "signalled".to_owned(),
            Ok(_) => "not signalled".to_owned(),
            Err(error @ Errno::EINVAL) => format!("no fence ({error})"),
            Err(error) => error.to_string(),
        };
        self.record(format_args!("sync object {handle}"), text);
    }
}
