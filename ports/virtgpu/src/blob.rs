//! Blobs and contexts (`virtgpu_ioctl.c`).

use bytemuck::Zeroable;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};

use crate::drv::VirtGpu;
use crate::file::Fpriv;
use crate::host::command::Command;
use crate::queue::Vbuf;
use crate::resource::ObjectParams;
use crate::uapi;

const FLAGS: u32 =
    uapi::BLOB_FLAG_USE_MAPPABLE | uapi::BLOB_FLAG_USE_SHAREABLE | uapi::BLOB_FLAG_USE_CROSS_DEVICE;
/// Most bytes of commands.
const MOST: usize = 16 << 20;
/// Most parameters of a context.
const MAX_PARAMS: u32 = 4;

/// Whether it is a blob of the guest's memory, and of the renderer; `EINVAL` for whatever is wrong (`verify_blob`).
fn verify(gpu: &VirtGpu, args: &uapi::ResourceCreateBlob) -> Result<(bool, bool)> {
    let host = gpu.device().params();
    let crosses = args.blob_flags & uapi::BLOB_FLAG_USE_CROSS_DEVICE != 0;
    if !host.blob || args.blob_flags & !FLAGS != 0 || (crosses && !host.uuid) {
        return Err(Errno::EINVAL);
    }
    let kind @ (_, host3d) = match args.blob_mem {
        uapi::BLOB_MEM_GUEST => (true, false),
        uapi::BLOB_MEM_HOST3D => (false, true),
        uapi::BLOB_MEM_HOST3D_GUEST => (true, true),
        _ => return Err(Errno::EINVAL),
    };
    let bad = if host3d {
        !host.virgl || !args.cmd_size.is_multiple_of(4)
    } else {
        args.blob_id != 0 || args.cmd_size != 0
    };
    if bad { Err(Errno::EINVAL) } else { Ok(kind) }
}

/// `virtio_gpu_resource_create_blob_ioctl`. `EINVAL`; `EFAULT`; `ENOSPC` for size 0 and for a window that is full; `ENOMEM`. The commands
/// are with the host by then.
pub(crate) fn create(gpu: &VirtGpu, file: &File, args: &mut uapi::ResourceCreateBlob) -> Result {
    let (guest, host3d) = verify(gpu, args)?;
    VirtGpu::create_context(file);
    let ctx_id = Fpriv::ctx_of(file);
    if args.cmd_size != 0 {
        let data = read(gpu, args.cmd, args.cmd_size)?;
        let vbuf = Vbuf::new(Command::Submit3d { data }).ctx(ctx_id);
        gpu.device().ctrlq().send(vbuf);
    }
    let params = ObjectParams {
        size: args.size,
        blob: true,
        ctx_id: if host3d { ctx_id } else { 0 },
        blob_mem: args.blob_mem,
        blob_flags: args.blob_flags,
        blob_id: args.blob_id,
        ..ObjectParams::default()
    };
    let object = if guest {
        gpu.memory().object_create(file.dev(), &params, None)?
    } else {
        gpu.memory().vram_create(file.dev(), &params)?
    };
    let resource = gpu.memory().resource(&object)?;
    resource.set_blob(guest, host3d, args.blob_mem, args.blob_flags);
    if args.blob_flags & uapi::BLOB_FLAG_USE_CROSS_DEVICE != 0 {
        resource.assign_uuid(&object);
    }
    args.bo_handle = file.handle_create(&object)?;
    args.res_handle = resource.id;
    Ok(())
}

/// Commands of user space. `EFAULT`, `ENOMEM`.
pub(crate) fn read(gpu: &VirtGpu, at: u64, size: u32) -> Result<Vec<u8>> {
    let size = size as usize;
    if size > MOST {
        return Err(Errno::ENOMEM);
    }
    let mut data = vec![0; size];
    gpu.device().machine().user().read(at, &mut data)?;
    Ok(data)
}

/// `virtio_gpu_context_init_ioctl`. `EINVAL`, `EFAULT`, `EEXIST` once anything made the context.
pub(crate) fn context_init(gpu: &VirtGpu, file: &File, args: &uapi::ContextInit) -> Result {
    let host = gpu.device().params();
    if !host.context_init || !host.virgl || args.num_params > MAX_PARAMS {
        return Err(Errno::EINVAL);
    }
    let mut params = [uapi::ContextSetParam::zeroed(); MAX_PARAMS as usize];
    let params = &mut params[..args.num_params as usize];
    let user = gpu.device().machine().user();
    user.read(args.ctx_set_params, bytemuck::cast_slice_mut(params))?;
    Fpriv::of(file)?.init(params)
}
