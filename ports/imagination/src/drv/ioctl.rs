//! The ioctls (`pvr_ioctl_*`). Those that make something find out first that the hardware is there; those that end something do
//! not ask.

use bytemuck::Pod;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;

use super::{PvrDriver, PvrFile};
use crate::buffer::PvrGem;
use crate::context::Context;
use crate::free_list::FreeList;
use crate::heap;
use crate::hwrt::HwrtDataset;
use crate::uapi::*;
use crate::vm::VmContext;

/// The argument struct as a `T`; it is copied back whatever the answer is.
fn with<T: Pod>(arg: &mut [u8], ioctl: impl FnOnce(&mut T) -> Result) -> Result {
    let mut args: T = bytemuck::pod_read_unaligned(arg);
    let result = ioctl(&mut args);
    arg.copy_from_slice(bytemuck::bytes_of(&args));
    result
}

/// `EINVAL` unless a padding field is zero.
fn padding(field: u32) -> Result {
    (field == 0).then_some(()).ok_or(Errno::EINVAL)
}

impl<B: PvrGem> PvrDriver<B> {
    pub(super) fn dispatch(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        let own = self.file(file)?;
        let is = |number: drm_core::device::IoctlNr| number.nr() == 0x40 + nr;
        match nr {
            _ if is(DEV_QUERY) => with(arg, |args| self.dev_query(args)),
            _ if is(CREATE_BO) => with(arg, |args| self.create_bo(file, args)),
            _ if is(GET_BO_MMAP_OFFSET) => with(arg, |args| self.get_bo_mmap_offset(file, args)),
            _ if is(CREATE_VM_CONTEXT) => with(arg, |args| self.create_vm_context(own, args)),
            _ if is(DESTROY_VM_CONTEXT) => with(arg, |args: &mut HandleArg| {
                padding(args.padding_4)?;
                own.vms.erase(args.handle).map(drop).ok_or(Errno::EINVAL)
            }),
            _ if is(VM_MAP) => with(arg, |args| self.vm_map(file, own, args)),
            _ if is(VM_UNMAP) => with(arg, |args: &mut VmUnmap| {
                padding(args.padding_4)?;
                let vm = own.vms.load(args.vm_context_handle);
                vm.ok_or(Errno::EINVAL)?.unmap(args.device_addr, args.size)
            }),
            _ if is(CREATE_CONTEXT) => with(arg, |args| self.create_context(own, args)),
            _ if is(DESTROY_CONTEXT) => with(arg, |args: &mut HandleArg| {
                padding(args.padding_4)?;
                let context = own.contexts.erase(args.handle).ok_or(Errno::EINVAL)?;
                context.kill_queues();
                Ok(())
            }),
            _ if is(CREATE_FREE_LIST) => with(arg, |args| self.create_free_list(own, args)),
            _ if is(DESTROY_FREE_LIST) => with(arg, |args: &mut HandleArg| {
                padding(args.padding_4)?;
                let list = own.free_lists.erase(args.handle);
                list.map(drop).ok_or(Errno::EINVAL)
            }),
            _ if is(CREATE_HWRT_DATASET) => with(arg, |args| self.create_hwrt_dataset(own, args)),
            _ if is(DESTROY_HWRT_DATASET) => with(arg, |args: &mut HandleArg| {
                padding(args.padding_4)?;
                own.hwrts.erase(args.handle).map(drop).ok_or(Errno::EINVAL)
            }),
            _ if is(SUBMIT_JOBS) => with(arg, |args| {
                self.pvr.enter()?;
                self.pvr.submit_jobs(file, own, args)
            }),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `pvr_ioctl_create_bo`. `EIO`; `EINVAL` for padding, no size, part of a page, an unknown flag or two that do not go
    /// together; `ENOMEM`; `EINTR`.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result {
        self.pvr.enter()?;
        padding(args.padding_c)?;
        let flags = BoFlags::from_bits_retain(args.flags);
        if args.size == 0
            || !BoFlags::UAPI.contains(flags)
            || !args.size.is_multiple_of(drm_core::PAGE_SIZE)
        {
            return Err(Errno::EINVAL);
        }
        let bo = B::create(file.dev(), args.size, flags)?.into_dyn();
        args.handle = file.handle_create(&bo)?;
        Ok(())
    }

    /// `pvr_ioctl_get_bo_mmap_offset`. `EIO`, `EINVAL`, `ENOENT`. It does not ask whether the object can be mapped.
    fn get_bo_mmap_offset(&self, file: &File, args: &mut GetBoMmapOffset) -> Result {
        self.pvr.enter()?;
        padding(args.padding_4)?;
        let bo = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        args.offset = bo.gem().create_mmap_offset()?;
        Ok(())
    }

    /// `pvr_ioctl_create_vm_context`.
    fn create_vm_context(&self, own: &PvrFile<B>, args: &mut VmContextArg) -> Result {
        self.pvr.enter()?;
        padding(args.padding_4)?;
        let vm = VmContext::create(&self.pvr, true)?;
        args.handle = own.vms.alloc(self.pvr.machine(), vm)?;
        Ok(())
    }

    /// `pvr_ioctl_vm_map`. `EIO`; `EINVAL` for padding, flags, a sum that overflows, a range that is not in one heap, an
    /// unknown address space, a range that is not in the object; `ENOENT` for an unknown object; then those of
    /// [`VmContext::map`].
    fn vm_map(&self, file: &File, own: &PvrFile<B>, args: &mut VmMap) -> Result {
        self.pvr.enter()?;
        padding(args.padding_14)?;
        let end = args.offset.checked_add(args.size);
        let brn63142 = self.pvr.features().brn63142;
        let end = end
            .filter(|_| args.flags == 0)
            .filter(|_| heap::containing(args.device_addr, args.size, brn63142).is_some())
            .ok_or(Errno::EINVAL)?;
        let vm = own.vms.load(args.vm_context_handle);
        let vm = vm.ok_or(Errno::EINVAL)?;
        let bo = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        // Every object of the device is the driver's.
        let bo: Gem<B> = bo.downcast().ok_or(Errno::ENOENT)?;
        let size = bo.gem().size();
        if args.offset >= size || end > size {
            return Err(Errno::EINVAL);
        }
        vm.map(&bo, args.offset, args.device_addr, args.size)
    }

    /// `pvr_ioctl_create_context`.
    fn create_context(&self, own: &PvrFile<B>, args: &mut CreateContext) -> Result {
        self.pvr.enter()?;
        let vm = own.vms.load(args.vm_context_handle);
        let context = Context::create(&self.pvr, vm, args)?;
        args.handle = own.contexts.alloc(self.pvr.machine(), context)?;
        Ok(())
    }

    /// `pvr_ioctl_create_free_list`.
    fn create_free_list(&self, own: &PvrFile<B>, args: &mut CreateFreeList) -> Result {
        self.pvr.enter()?;
        let vm = own.vms.load(args.vm_context_handle);
        let list = FreeList::create(&self.pvr, vm, args)?;
        args.handle = own.free_lists.alloc(self.pvr.machine(), list)?;
        Ok(())
    }

    /// `pvr_ioctl_create_hwrt_dataset`.
    fn create_hwrt_dataset(&self, own: &PvrFile<B>, args: &mut CreateHwrtDataset) -> Result {
        self.pvr.enter()?;
        let lists = args.free_list_handles.map(|id| own.free_lists.load(id));
        let dataset = HwrtDataset::create(&self.pvr, lists, args)?;
        args.handle = own.hwrts.alloc(self.pvr.machine(), dataset)?;
        Ok(())
    }
}
