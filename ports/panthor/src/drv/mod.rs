//! The ioctls (`panthor_drv.c`): arguments checked, and handed to those who do the work.

mod bind;
mod group;
mod submit;
mod uobj;

use bytemuck::Pod;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};

use crate::bo::BufferObject;
use crate::device::{Panthor, private};
use crate::uapi::{self, *};

/// Copies the argument in, runs `f`, and copies it out again, even after an error.
fn with<T: Pod>(arg: &mut [u8], f: impl FnOnce(&mut T) -> Result) -> Result {
    let mut args: T = bytemuck::try_pod_read_unaligned(arg).map_err(|_| Errno::EINVAL)?;
    let result = f(&mut args);
    arg.copy_from_slice(bytemuck::bytes_of(&args));
    result
}

/// An ioctl by its number, less `DRM_COMMAND_BASE`. `EINVAL` for an unknown one.
pub(crate) fn ioctl<B: BufferObject>(
    panthor: &Panthor<B>,
    file: &File,
    nr: u32,
    arg: &mut [u8],
) -> Result {
    const BASE: u32 = 0x40;
    let is = |number: drm_core::device::IoctlNr| number.nr() == BASE + nr;
    if is(uapi::DEV_QUERY) {
        with(arg, |args| dev_query(panthor, file, args))
    } else if is(uapi::VM_CREATE) {
        with(arg, |args| vm_create(panthor, file, args))
    } else if is(uapi::VM_DESTROY) {
        with(arg, |args| vm_destroy::<B>(file, args))
    } else if is(uapi::VM_BIND) {
        with(arg, |args| bind::vm_bind::<B>(file, args))
    } else if is(uapi::VM_GET_STATE) {
        with(arg, |args| vm_get_state::<B>(file, args))
    } else if is(uapi::BO_CREATE) {
        with(arg, |args| bo_create::<B>(file, args))
    } else if is(uapi::BO_MMAP_OFFSET) {
        with(arg, |args| bo_mmap_offset(file, args))
    } else if is(uapi::GROUP_CREATE) {
        with(arg, |args| group::create(panthor, file, args))
    } else if is(uapi::GROUP_DESTROY) {
        with(arg, |args| group::destroy::<B>(file, args))
    } else if is(uapi::GROUP_SUBMIT) {
        with(arg, |args| group::submit::<B>(file, args))
    } else if is(uapi::GROUP_GET_STATE) {
        with(arg, |args| group::get_state::<B>(file, args))
    } else if is(uapi::TILER_HEAP_CREATE) {
        with(arg, |args| tiler_heap_create::<B>(file, args))
    } else if is(uapi::TILER_HEAP_DESTROY) {
        with(arg, |args| tiler_heap_destroy::<B>(file, args))
    } else {
        Err(Errno::EINVAL)
    }
}

/// Without a pointer, tells only the size of the answer.
fn dev_query<B: BufferObject>(panthor: &Panthor<B>, file: &File, args: &mut DevQuery) -> Result {
    let config = panthor.hw().config();
    if args.pointer == 0 {
        args.size = match args.type_ {
            DEV_QUERY_GPU_INFO => size_of::<GpuInfo>() as u32,
            DEV_QUERY_CSIF_INFO => size_of::<CsifInfo>() as u32,
            _ => return Err(Errno::EINVAL),
        };
        return Ok(());
    }
    let machine = file.machine();
    match args.type_ {
        DEV_QUERY_GPU_INFO => uobj::set(machine, args.pointer, args.size, &config.gpu),
        DEV_QUERY_CSIF_INFO => uobj::set(machine, args.pointer, args.size, &config.csif),
        _ => Err(Errno::EINVAL),
    }
}

fn vm_create<B: BufferObject>(panthor: &Panthor<B>, file: &File, args: &mut VmCreate) -> Result {
    let vms = &private::<B>(file)?.vms;
    args.id = vms.create_vm(file.dev(), panthor.mmu(), args)?;
    Ok(())
}

fn vm_destroy<B: BufferObject>(file: &File, args: &mut VmDestroy) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    private::<B>(file)?.vms.destroy_vm(args.id)
}

fn vm_get_state<B: BufferObject>(file: &File, args: &mut VmGetState) -> Result {
    let vm = private::<B>(file)?
        .vms
        .get(args.vm_id)
        .ok_or(Errno::EINVAL)?;
    args.state = match vm.is_unusable() {
        true => VM_STATE_UNUSABLE,
        false => VM_STATE_USABLE,
    };
    Ok(())
}

fn bo_create<B: BufferObject>(file: &File, args: &mut BoCreate) -> Result {
    if args.size == 0 || args.pad != 0 || args.flags & !BO_NO_MMAP != 0 {
        return Err(Errno::EINVAL);
    }
    let vms = &private::<B>(file)?.vms;
    let exclusive_vm = match args.exclusive_vm_id {
        0 => None,
        id => Some(vms.get(id).ok_or(Errno::EINVAL)?),
    };
    args.handle = B::create_with_handle(file, exclusive_vm.as_ref(), &mut args.size, args.flags)?;
    Ok(())
}

/// An object that may not be mapped has an offset all the same.
fn bo_mmap_offset(file: &File, args: &mut BoMmapOffset) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
    args.offset = object.gem().create_mmap_offset()?;
    Ok(())
}

/// The pool of heaps is made before the counts and sizes are looked at.
fn tiler_heap_create<B: BufferObject>(file: &File, args: &mut TilerHeapCreate) -> Result {
    let vm = private::<B>(file)?
        .vms
        .get(args.vm_id)
        .ok_or(Errno::EINVAL)?;
    let pool = vm.heap_pool(true)?;
    let id = pool.create_heap(&vm, args)?;
    args.handle = args.vm_id << 16 | id;
    Ok(())
}

fn tiler_heap_destroy<B: BufferObject>(file: &File, args: &mut TilerHeapDestroy) -> Result {
    if args.pad != 0 {
        return Err(Errno::EINVAL);
    }
    let vms = &private::<B>(file)?.vms;
    let vm = vms.get(args.handle >> 16).ok_or(Errno::EINVAL)?;
    vm.heap_pool(false)?.destroy_heap(args.handle & 0xffff)
}
