//! The ioctls of classic resources (`virtgpu_ioctl.c`).

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Deadline, Fail};
use drm_core::resv::Usage;
use drm_core::sync::{Arc, OnceLock};

use crate::drv::VirtGpu;
use crate::file::Fpriv;
use crate::host::command::{Command, Create3d, Rect, Response, Way};
use crate::queue::{FenceAlloc, Objects, Vbuf};
use crate::resource::{ObjectParams, Resource};
use crate::uapi;

/// Nanoseconds that WAIT waits.
const WAIT_TIMEOUT: u64 = 15_000_000_000;
/// Nanoseconds that GET_CAPS waits.
const CAPS_TIMEOUT: u64 = 5_000_000_000;

/// `virtio_gpu_map_ioctl`. `ENOENT`. An object without an offset answers 0.
pub(crate) fn map(file: &File, args: &mut uapi::Map) -> Result {
    let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
    args.offset = object.gem().node().offset().unwrap_or(0);
    Ok(())
}

/// `virtio_gpu_getparam_ioctl`. `EINVAL`, `EFAULT`.
pub(crate) fn getparam(gpu: &VirtGpu, args: &uapi::Getparam) -> Result {
    let host = gpu.device().params();
    let value = match args.param {
        uapi::PARAM_3D_FEATURES => host.virgl.into(),
        uapi::PARAM_CAPSET_QUERY_FIX => 1,
        uapi::PARAM_RESOURCE_BLOB => host.blob.into(),
        uapi::PARAM_HOST_VISIBLE => host.window.is_some().into(),
        uapi::PARAM_CROSS_DEVICE => host.uuid.into(),
        uapi::PARAM_CONTEXT_INIT | uapi::PARAM_EXPLICIT_DEBUG_NAME => host.context_init.into(),
        uapi::PARAM_SUPPORTED_CAPSET_IDS => {
            host.capsets.iter().fold(0, |mask, set| mask | 1 << set.id)
        }
        _ => return Err(Errno::EINVAL),
    };
    let value: i32 = value;
    gpu.device()
        .machine()
        .user()
        .write(args.value, &value.to_ne_bytes())
}

/// `virtio_gpu_resource_create_ioctl`. On a 2D host `EINVAL` for what is no plain picture; on one with a renderer, whose business it is,
/// nothing is checked.
pub(crate) fn resource_create(
    gpu: &VirtGpu,
    file: &File,
    args: &mut uapi::ResourceCreate,
) -> Result {
    let virgl = gpu.device().params().virgl;
    let plain = args.depth <= 1
        && args.nr_samples <= 1
        && args.last_level <= 1
        && args.target == 2
        && args.array_size <= 1;
    let mut what = Create3d {
        format: args.format,
        width: args.width,
        height: args.height,
        ..Create3d::default()
    };
    if virgl {
        VirtGpu::create_context(file);
        what = Create3d {
            target: args.target,
            bind: args.bind,
            depth: args.depth,
            array_size: args.array_size,
            last_level: args.last_level,
            nr_samples: args.nr_samples,
            flags: args.flags,
            ..what
        };
    } else if !plain {
        return Err(Errno::EINVAL);
    }
    let size = if args.size == 0 {
        PAGE_SIZE
    } else {
        args.size.into()
    };
    let params = ObjectParams {
        size,
        virgl,
        what,
        ..ObjectParams::default()
    };
    let fence = gpu.device().fence();
    let object = gpu
        .memory()
        .object_create(file.dev(), &params, Some(fence))?;
    let handle = file.handle_create(&object)?;
    args.res_handle = gpu.memory().resource(&object)?.id;
    args.bo_handle = handle;
    Ok(())
}

/// `virtio_gpu_resource_info_ioctl`. `ENOENT`. Of the size 32 bits are told; of what is no blob, `blob_mem` stays as it was.
pub(crate) fn resource_info(gpu: &VirtGpu, file: &File, args: &mut uapi::ResourceInfo) -> Result {
    let object = file.lookup(args.bo_handle).ok_or(Errno::ENOENT)?;
    let resource = gpu.memory().resource(&object)?;
    args.size = object.gem().size() as u32;
    args.res_handle = resource.id;
    if resource.is_blob() {
        args.blob_mem = resource.blob_mem();
    }
    Ok(())
}

/// The object of a transfer, as far as every host checks it: `ENOENT`, and `EINVAL` for memory of the guest alone.
fn transferred(
    gpu: &VirtGpu,
    file: &File,
    args: &uapi::Transfer,
) -> Result<(Objects, Arc<Resource>)> {
    let objects = Objects::from_handles(file, &[args.bo_handle])?;
    let object = objects.first().ok_or(Errno::ENOENT)?;
    let resource = gpu.memory().resource(object)?;
    if resource.blob() == (true, false) {
        return Err(Errno::EINVAL);
    }
    Ok((objects, resource))
}

/// Lines of another length are for blobs of the renderer.
fn check_strides(resource: &Resource, args: &uapi::Transfer) -> Result {
    let (_, host3d) = resource.blob();
    match !host3d && (args.stride | args.layer_stride) != 0 {
        true => Err(Errno::EINVAL),
        false => Ok(()),
    }
}

fn transfer_3d(
    gpu: &VirtGpu,
    file: &File,
    way: Way,
    args: &uapi::Transfer,
    (mut objects, resource): (Objects, Arc<Resource>),
) -> Result {
    objects.lock_resv()?;
    if way == Way::ToHost {
        gpu.sync(&objects);
    }
    let command = Command::Transfer3d {
        way,
        r#box: args.r#box,
        offset: args.offset.into(),
        id: resource.id,
        level: args.level,
        stride: args.stride,
        layer_stride: args.layer_stride,
    };
    let vbuf = Vbuf::new(command)
        .ctx(Fpriv::ctx_of(file))
        .objects(objects)
        .fence(Some(gpu.device().fence()));
    gpu.device().ctrlq().send(vbuf);
    Ok(())
}

/// `virtio_gpu_transfer_from_host_ioctl`. `ENOSYS` without a renderer, `ENOENT`, `EINVAL`, `EINTR`. What the host wrote is not made
/// visible through the CPU's caches.
pub(crate) fn transfer_from_host(gpu: &VirtGpu, file: &File, args: &uapi::Transfer) -> Result {
    if !gpu.device().params().virgl {
        return Err(Errno::ENOSYS);
    }
    VirtGpu::create_context(file);
    let object = transferred(gpu, file, args)?;
    check_strides(&object.1, args)?;
    transfer_3d(gpu, file, Way::FromHost, args, object)
}

/// `virtio_gpu_transfer_to_host_ioctl`. `ENOENT`, `EINVAL`, `EINTR`. Without a renderer nobody can wait for it.
pub(crate) fn transfer_to_host(gpu: &VirtGpu, file: &File, args: &uapi::Transfer) -> Result {
    let (objects, resource) = transferred(gpu, file, args)?;
    if gpu.device().params().virgl {
        VirtGpu::create_context(file);
        check_strides(&resource, args)?;
        return transfer_3d(gpu, file, Way::ToHost, args, (objects, resource));
    }
    let rect = Rect {
        x: args.r#box.x,
        y: args.r#box.y,
        width: args.r#box.w,
        height: args.r#box.h,
    };
    gpu.transfer_2d(objects, &resource, rect, args.offset.into(), None);
    Ok(())
}

impl VirtGpu {
    /// Writes the CPU's caches back over what the host is going to read; only where addresses are those of the DMA API.
    pub(crate) fn sync(&self, objects: &Objects) {
        if let Some(object) = objects
            .first()
            .filter(|_| self.device().params().use_dma_api)
            && let Some(runs) = self.memory().sync_for_device(object)
        {
            self.device().host().guest().clean(&runs);
        }
    }

    /// `virtio_gpu_cmd_transfer_to_host_2d`; with a fence the objects are locked.
    pub(crate) fn transfer_2d(
        &self,
        objects: Objects,
        resource: &Resource,
        rect: Rect,
        offset: u64,
        fence: Option<FenceAlloc>,
    ) {
        self.sync(&objects);
        let command = Command::TransferToHost2d {
            rect,
            offset,
            id: resource.id,
        };
        let vbuf = Vbuf::new(command).objects(objects).fence(fence);
        self.device().ctrlq().send(vbuf);
    }
}

/// `virtio_gpu_wait_ioctl`. `ENOENT`; `EBUSY` after 15 seconds, or at once; `EINTR`.
pub(crate) fn wait(gpu: &VirtGpu, file: &File, args: &uapi::Wait) -> Result {
    let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
    let idle = || object.gem().resv().test_signaled(Usage::Read);
    if args.flags & uapi::WAIT_NOWAIT != 0 {
        return if idle() { Ok(()) } else { Err(Errno::EBUSY) };
    }
    let machine = gpu.device().machine();
    if !idle() {
        machine.failpoints().check(Fail::Signal)?;
    }
    let deadline = Deadline::At(machine.clock().now() + WAIT_TIMEOUT);
    machine
        .wait_until(deadline, idle)
        .map_err(|error| match error {
            Errno::ETIME => Errno::EBUSY,
            error => error,
        })
}

/// `virtio_gpu_get_caps_ioctl`. `ENOSYS` for a host without any; `EINVAL` for a set, a version or a size that there is not; `EBUSY` when
/// the host says nothing for 5 seconds; `EFAULT`. What was asked for once is never asked for again, answered or not.
pub(crate) fn get_caps(gpu: &VirtGpu, args: &uapi::GetCaps) -> Result {
    let device = gpu.device();
    let sets = &device.params().capsets;
    if sets.is_empty() {
        return Err(Errno::ENOSYS);
    }
    if args.size == 0 {
        return Err(Errno::EINVAL);
    }
    let known = sets
        .iter()
        .find(|set| set.id == args.cap_set_id && set.max_version >= args.cap_set_ver);
    let known = known.ok_or(Errno::EINVAL)?;
    let size = (args.size as usize).min(known.bytes.len());
    let mut cache = device.cap_cache.lock();
    let wanted = (args.cap_set_id, args.cap_set_ver);
    let cached = cache
        .iter()
        .find(|(id, version, _)| (*id, *version) == wanted);
    let answer = match cached {
        Some((_, _, answer)) => Arc::clone(answer),
        None => {
            let answer = Arc::new(OnceLock::new());
            cache.push((wanted.0, wanted.1, Arc::clone(&answer)));
            let place = Arc::clone(&answer);
            let command = Command::GetCapset {
                capset: wanted.0,
                version: wanted.1,
            };
            let vbuf = Vbuf::new(command).callback(move |response| {
                if let Response::Capset(bytes) = response {
                    place.get_or_init(|| bytes.clone());
                }
            });
            device.ctrlq().send(vbuf);
            answer
        }
    };
    drop(cache);
    let machine = device.machine();
    let deadline = Deadline::At(machine.clock().now() + CAPS_TIMEOUT);
    let arrived = machine.wait_until(deadline, || answer.get().is_some());
    arrived.map_err(|_| Errno::EBUSY)?;
    let bytes = answer.get().ok_or(Errno::EBUSY)?;
    machine.user().write(args.addr, &bytes[..size])
}
