//! The driver's own ioctls.

use bytemuck::{bytes_of, cast_slice};
use drm_core::errno::Result;
use port_kit::trace::{ioctl, outcome};
use port_virtgpu::uapi::{self, Box3d};

use super::{Bo, Fd, Session};

/// A box of one layer.
pub(crate) fn flat(x: u32, y: u32, w: u32, h: u32) -> Box3d {
    Box3d {
        x,
        y,
        z: 0,
        w,
        h,
        d: 1,
    }
}

/// An answer with numbers, if it is one.
fn answer(result: &Result, numbers: impl FnOnce() -> String) -> String {
    match result {
        Ok(()) => format!("ok {}", numbers()),
        Err(error) => format!("{error:?}"),
    }
}

impl Session {
    /// RESOURCE_CREATE.
    pub(crate) fn try_create(&mut self, fd: Fd, args: uapi::ResourceCreate) -> Result<(Bo, u32)> {
        let mut args = args;
        let what = format!(
            "create in file {}: target {} {}x{} size={}",
            fd.0, args.target, args.width, args.height, args.size
        );
        let result = ioctl(&self.file(fd), uapi::RESOURCE_CREATE, &mut args);
        let text = answer(&result, || {
            format!("handle={} resource={}", args.bo_handle, args.res_handle)
        });
        self.record(what, text);
        let handle = args.bo_handle;
        result.map(|()| (Bo { fd, handle }, args.res_handle))
    }

    /// RESOURCE_CREATE of a picture, to succeed.
    pub(crate) fn create(&mut self, fd: Fd, width: u32, height: u32) -> (Bo, u32) {
        let args = uapi::ResourceCreate {
            target: 2,
            format: 2,
            width,
            height,
            size: width * height * 4,
            ..uapi::ResourceCreate::default()
        };
        self.try_create(fd, args).expect("it is created")
    }

    /// RESOURCE_CREATE_BLOB.
    pub(crate) fn try_blob(&mut self, fd: Fd, args: uapi::ResourceCreateBlob) -> Result<(Bo, u32)> {
        let mut args = args;
        let what = format!(
            "blob in file {}: mem {} flags {} size {:#x} blob_id {} cmd_size {}",
            fd.0, args.blob_mem, args.blob_flags, args.size, args.blob_id, args.cmd_size
        );
        let result = ioctl(&self.file(fd), uapi::RESOURCE_CREATE_BLOB, &mut args);
        let text = answer(&result, || {
            format!("handle={} resource={}", args.bo_handle, args.res_handle)
        });
        self.record(what, text);
        let handle = args.bo_handle;
        result.map(|()| (Bo { fd, handle }, args.res_handle))
    }

    /// RESOURCE_CREATE_BLOB, to succeed.
    pub(crate) fn blob(&mut self, fd: Fd, blob_mem: u32, blob_flags: u32, size: u64) -> (Bo, u32) {
        let args = uapi::ResourceCreateBlob {
            blob_mem,
            blob_flags,
            size,
            ..uapi::ResourceCreateBlob::default()
        };
        self.try_blob(fd, args).expect("it is created")
    }

    /// RESOURCE_INFO; `blob_mem` begins as 9.
    pub(crate) fn info(&mut self, bo: Bo) {
        let mut args = uapi::ResourceInfo {
            bo_handle: bo.handle,
            blob_mem: 9,
            ..uapi::ResourceInfo::default()
        };
        let result = ioctl(&self.file(bo.fd), uapi::RESOURCE_INFO, &mut args);
        let text = answer(&result, || {
            format!(
                "resource={} size={:#x} blob_mem={}",
                args.res_handle, args.size, args.blob_mem
            )
        });
        self.record(format_args!("info {bo}"), text);
    }

    /// TRANSFER_TO_HOST, or TRANSFER_FROM_HOST.
    pub(crate) fn transfer(&mut self, bo: Bo, to_host: bool, args: uapi::Transfer) {
        let mut args = uapi::Transfer {
            bo_handle: bo.handle,
            ..args
        };
        let (name, number) = if to_host {
            ("to", uapi::TRANSFER_TO_HOST)
        } else {
            ("from", uapi::TRANSFER_FROM_HOST)
        };
        let result = ioctl(&self.file(bo.fd), number, &mut args);
        self.record(format_args!("transfer {bo} {name} host"), outcome(&result));
    }

    /// TRANSFER_TO_HOST of a rectangle.
    pub(crate) fn upload(&mut self, bo: Bo, r#box: Box3d, offset: u32) {
        let args = uapi::Transfer {
            r#box,
            offset,
            ..uapi::Transfer::default()
        };
        self.transfer(bo, true, args);
    }

    /// TRANSFER_FROM_HOST of a rectangle.
    pub(crate) fn download(&mut self, bo: Bo, r#box: Box3d, offset: u32) {
        let args = uapi::Transfer {
            r#box,
            offset,
            ..uapi::Transfer::default()
        };
        self.transfer(bo, false, args);
    }

    /// WAIT.
    pub(crate) fn wait(&mut self, bo: Bo, flags: u32) {
        let mut args = uapi::Wait {
            handle: bo.handle,
            flags,
        };
        let before = self.machine.clock().now();
        let result = ioctl(&self.file(bo.fd), uapi::WAIT, &mut args);
        let waited = (self.machine.clock().now() - before) / 1_000_000;
        let how = if flags & uapi::WAIT_NOWAIT != 0 {
            " nowait"
        } else {
            ""
        };
        self.record(
            format_args!("wait {bo}{how}"),
            format_args!("{} after {waited} ms", outcome(&result)),
        );
    }

    /// EXECBUFFER with objects.
    pub(crate) fn exec(&mut self, fd: Fd, handles: &[u32], command: &[u8]) -> Result {
        self.exec_with(fd, handles, command, uapi::Execbuffer::default())
            .map(drop)
    }

    /// EXECBUFFER; pointers and numbers of commands and objects are filled in.
    pub(crate) fn exec_with(
        &mut self,
        fd: Fd,
        handles: &[u32],
        command: &[u8],
        args: uapi::Execbuffer,
    ) -> Result<uapi::Execbuffer> {
        let user = self.machine.user();
        let mut args = uapi::Execbuffer {
            size: command.len() as u32,
            command: user.put(command),
            bo_handles: user.put(cast_slice(handles)),
            num_bo_handles: handles.len() as u32,
            ..args
        };
        let result = ioctl(&self.file(fd), uapi::EXECBUFFER, &mut args);
        self.record(
            format_args!(
                "exec in file {}: objects {handles:?} flags {}",
                fd.0, args.flags
            ),
            outcome(&result),
        );
        result.map(|()| args)
    }

    /// CONTEXT_INIT.
    pub(crate) fn context_init(&mut self, fd: Fd, params: &[(u64, u64)]) {
        let list: Vec<_> = params
            .iter()
            .map(|&(param, value)| uapi::ContextSetParam { param, value })
            .collect();
        let mut args = uapi::ContextInit {
            num_params: list.len() as u32,
            pad: 0,
            ctx_set_params: self.machine.user().put(cast_slice(&list)),
        };
        let result = ioctl(&self.file(fd), uapi::CONTEXT_INIT, &mut args);
        self.record(
            format_args!("context init in file {}: {params:?}", fd.0),
            outcome(&result),
        );
    }

    /// GETPARAM.
    pub(crate) fn param(&mut self, fd: Fd, param: u64) {
        let place = self.machine.user().put(&[0; 4]);
        let mut args = uapi::Getparam {
            param,
            value: place,
        };
        let result = ioctl(&self.file(fd), uapi::GETPARAM, &mut args);
        let bytes = self.machine.user().take(place).expect("it was put");
        let text = answer(&result, || {
            let value: [u8; 4] = bytes.as_slice().try_into().expect("four bytes");
            i32::from_ne_bytes(value).to_string()
        });
        self.record(format_args!("param {param}"), text);
    }

    /// GET_CAPS into `size` bytes.
    pub(crate) fn caps(&mut self, fd: Fd, cap_set_id: u32, cap_set_ver: u32, size: u32) {
        let place = self.machine.user().put(&vec![0; size as usize]);
        let mut args = uapi::GetCaps {
            cap_set_id,
            cap_set_ver,
            addr: place,
            size,
            pad: 0,
        };
        let result = ioctl(&self.file(fd), uapi::GET_CAPS, &mut args);
        let bytes = self.machine.user().take(place).expect("it was put");
        let text = answer(&result, || format!("{bytes:?}"));
        self.record(
            format_args!("caps {cap_set_id} version {cap_set_ver} into {size} bytes"),
            text,
        );
    }

    /// An ioctl of a number that there is not: what a later kernel may have there.
    pub(crate) fn later_ioctl(&mut self, fd: Fd, nr: u32, words: [u32; 4]) {
        let number = drm_core::device::IoctlNr::driver(nr, 16);
        let mut bytes = bytes_of(&words).to_vec();
        let result = self.file(fd).ioctl(number.raw(), &mut bytes);
        self.record(format_args!("ioctl {nr}"), outcome(&result));
    }
}

impl Session {
    /// EXECBUFFER as it is.
    pub(crate) fn raw_exec(&mut self, fd: Fd, args: &mut uapi::Execbuffer) {
        let result = ioctl(&self.file(fd), uapi::EXECBUFFER, args);
        self.record(format_args!("exec in file {}", fd.0), outcome(&result));
    }

    /// SYNCOBJ_CREATE.
    pub(crate) fn new_syncobj(&mut self, fd: Fd) -> u32 {
        let handle = self.file(fd).add_syncobj(drm_core::syncobj::Syncobj::new());
        handle.expect("it is made")
    }

    /// What a sync object says.
    pub(crate) fn syncobj(&mut self, fd: Fd, handle: u32) {
        let syncobj = self.file(fd).syncobj(handle).expect("it is there");
        let text = match syncobj.find_fence(0) {
            Ok(fence) if fence.is_signaled() => "signalled",
            Ok(_) => "not signalled",
            Err(_) => "empty",
        };
        self.record(
            format_args!("sync object {handle}"),
            format_args!("{text}, point {}", syncobj.reached()),
        );
    }
}
