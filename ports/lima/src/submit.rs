//! Submission: validation, references, locks, fences (`lima_gem.c: lima_gem_submit`).

use bytemuck::Pod;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::resv::Usage;
use drm_core::sync::atomic::AtomicBool;
use drm_core::sync::{Arc, Mutex};
use port_kit::locking::lock_reservations;
use port_kit::sched::Job;

use crate::device::Lima;
use crate::file::FilePrivate;
use crate::hw::Model;
use crate::uapi::{
    GemSubmit, GpFrame, M400PpFrame, M450PpFrame, PIPE_GP, PIPE_PP, SUBMIT_BO_WRITE,
    SUBMIT_FLAG_EXPLICIT_FENCE, SubmitBo,
};
use crate::vm::LimaVm;
use crate::{gp, pp};

/// The registers of a job.
pub(crate) enum Frame {
    /// Rewritten while the heap grows.
    Gp(Mutex<GpFrame>),
    Pp400(Box<M400PpFrame>),
    Pp450(Box<M450PpFrame>),
}

/// A job (`struct lima_sched_task`).
pub(crate) struct Task {
    pub(crate) pipe: u32,
    pub(crate) frame: Frame,
    objects: Mutex<Vec<Gem>>,
    vm: Mutex<Option<Arc<LimaVm>>>,
    /// Whether a full heap can be helped.
    pub(crate) recoverable: AtomicBool,
    /// Which of the objects is the heap.
    pub(crate) heap: Mutex<Option<usize>>,
}

impl Task {
    /// The objects, until the job is freed.
    pub(crate) fn objects(&self) -> Vec<Gem> {
        self.objects.lock().clone()
    }

    pub(crate) fn take_objects(&self) -> Vec<Gem> {
        std::mem::take(&mut *self.objects.lock())
    }

    /// The address space, until the job is freed.
    pub(crate) fn vm(&self) -> Option<Arc<LimaVm>> {
        self.vm.lock().clone()
    }

    pub(crate) fn take_vm(&self) -> Option<Arc<LimaVm>> {
        self.vm.lock().take()
    }
}

/// Reads one struct from user space. `EFAULT`.
fn copy_from_user<T: Pod>(file: &File, at: u64) -> Result<T> {
    let mut value = T::zeroed();
    file.machine()
        .user()
        .read(at, bytemuck::bytes_of_mut(&mut value))?;
    Ok(value)
}

impl Lima {
    fn frame_size(&self, pipe: u32) -> usize {
        match (pipe, self.config().model) {
            (PIPE_GP, _) => size_of::<GpFrame>(),
            (_, Model::Mali400) => size_of::<M400PpFrame>(),
            (_, Model::Mali450) => size_of::<M450PpFrame>(),
        }
    }

    fn frame(&self, file: &File, args: &GemSubmit) -> Result<Frame> {
        let frame = match (args.pipe, self.config().model) {
            (PIPE_GP, _) => {
                let frame: GpFrame = copy_from_user(file, args.frame)?;
                gp::validate(&frame)?;
                return Ok(Frame::Gp(Mutex::new(frame)));
            }
            (_, Model::Mali400) => Frame::Pp400(Box::new(copy_from_user(file, args.frame)?)),
            (_, Model::Mali450) => Frame::Pp450(Box::new(copy_from_user(file, args.frame)?)),
        };
        pp::validate(&frame)?;
        Ok(frame)
    }

    /// `lima_ioctl_gem_submit`.
    ///
    /// `EINVAL` for an unknown pipe, no object, unknown flags, a frame of another size or with nonsense in it; `EFAULT`;
    /// `ENOENT` for an unknown context, sync object, object, or one without an address here; `EALREADY` for one listed twice.
    pub(crate) fn gem_submit(&self, file: &File, args: &GemSubmit) -> Result {
        if args.pipe > PIPE_PP || args.nr_bos == 0 {
            return Err(Errno::EINVAL);
        }
        if args.flags & !SUBMIT_FLAG_EXPLICIT_FENCE != 0 {
            return Err(Errno::EINVAL);
        }
        if args.frame_size as usize != self.frame_size(args.pipe) {
            return Err(Errno::EINVAL);
        }
        let words = args.nr_bos.checked_mul(2).ok_or(Errno::ENOMEM)?;
        let words = file.machine().user().read_u32s(args.bos, words)?;
        let bos: &[SubmitBo] = bytemuck::cast_slice(&words);
        let frame = self.frame(file, args)?;
        let private = FilePrivate::of(file)?;
        let context = private.context(args.ctx).ok_or(Errno::ENOENT)?;

        let out_sync = match args.out_sync {
            0 => None,
            handle => Some(file.syncobj(handle)?),
        };
        let vm = private.vm();
        let mut taken: Vec<Gem> = Vec::new();
        let submitted = self.take_objects(file, bos, vm, &mut taken).and_then(|()| {
            let task = Task {
                pipe: args.pipe,
                frame,
                objects: Mutex::new(taken.clone()),
                vm: Mutex::new(Some(Arc::clone(vm))),
                recoverable: AtomicBool::new(false),
                heap: Mutex::default(),
            };
            let job = Job::new(context.entity(args.pipe), task);
            self.queue(file, args, bos, &taken, &job)?;
            Ok(job)
        });
        match submitted {
            Ok(job) => {
                if let Some(syncobj) = out_sync {
                    syncobj.replace_fence(Some(job.finished().clone()));
                }
                Ok(())
            }
            Err(error) => {
                for object in taken {
                    if let Some(bo) = self.bo(&object) {
                        bo.remove_from(vm);
                    }
                }
                Err(error)
            }
        }
    }

    /// Each object is looked up, and its mapping in this space gets one more user, so that it stays until the job is done.
    fn take_objects(
        &self,
        file: &File,
        bos: &[SubmitBo],
        vm: &Arc<LimaVm>,
        taken: &mut Vec<Gem>,
    ) -> Result {
        for bo in bos {
            let object = file.lookup(bo.handle).ok_or(Errno::ENOENT)?;
            let own = self.bo(&object).ok_or(Errno::ENOENT)?;
            own.add_to(vm, false)?;
            taken.push(object);
        }
        Ok(())
    }

    /// Locks everything, collects what the job waits for, queues it and attaches its fence.
    fn queue(
        &self,
        file: &File,
        args: &GemSubmit,
        bos: &[SubmitBo],
        objects: &[Gem],
        job: &Arc<Job<Task>>,
    ) -> Result {
        let mut guards = lock_reservations(objects)?;
        for handle in args.in_sync.into_iter().filter(|handle| *handle != 0) {
            job.depend_on(&file.syncobj(handle)?.find_fence(0)?);
        }
        for ((guard, bo), object) in guards.iter_mut().zip(bos).zip(objects) {
            guard.reserve_fences(1)?;
            if args.flags & SUBMIT_FLAG_EXPLICIT_FENCE == 0 {
                let usage = if bo.flags & SUBMIT_BO_WRITE != 0 {
                    Usage::Read
                } else {
                    Usage::Write
                };
                let fences = object.gem().resv().fences(usage);
                fences.iter().for_each(|fence| job.depend_on(fence));
            }
        }
        self.pipe(args.pipe).scheduler.push(Arc::clone(job));
        for (guard, bo) in guards.iter_mut().zip(bos) {
            let usage = if bo.flags & SUBMIT_BO_WRITE != 0 {
                Usage::Write
            } else {
                Usage::Read
            };
            guard.add_fence(job.finished(), usage);
        }
        Ok(())
    }
}
