//! The driver's entry points: ioctls by number, open and close (`lima_drv.c`).

use bytemuck::Pod;
use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::Arc;
use port_kit::jiffies;

use crate::device::Lima;
use crate::file::{Context, FilePrivate};
use crate::hw::{Model, NUM_PP};
use crate::regs::{gp, pp};
use crate::uapi::{
    self, BO_FLAG_HEAP, Ctx, GemCreate, GemInfo, GemWait, GetParam, PIPE_GP, PIPE_PP, WAIT_READ,
    WAIT_WRITE, nr, param,
};

/// What entering an ioctl takes: a deadline that was a nanosecond away is past by then.
const ENTRY_NS: u64 = 100;

impl Driver for Lima {
    fn name(&self) -> &'static str {
        "lima"
    }

    fn features(&self) -> Features {
        Features::GEM | Features::RENDER
    }

    /// `lima_drm_driver_open`: `ENOMEM`.
    fn open(&self, file: &File) -> Result {
        file.set_private(FilePrivate::new(self.new_vm()?));
        Ok(())
    }

    /// `lima_drm_driver_postclose`; the address space goes with the file's data, unless a job or a pipe holds it.
    fn postclose(&self, file: &File) {
        if let Ok(private) = FilePrivate::of(file) {
            let contexts = private.take_contexts();
            contexts
                .iter()
                .for_each(|context| self.release_context(context));
        }
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        uapi::size(nr)
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        match nr {
            nr::GET_PARAM => self.get_param(view(arg)?),
            nr::GEM_CREATE => self.gem_create(file, view(arg)?),
            nr::GEM_INFO => self.gem_info(file, view(arg)?),
            nr::GEM_SUBMIT => self.gem_submit(file, view(arg)?),
            nr::GEM_WAIT => self.gem_wait(file, view(arg)?),
            nr::CTX_CREATE => self.ctx_create(file, view(arg)?),
            nr::CTX_FREE => self.ctx_free(file, view(arg)?),
            _ => Err(Errno::EINVAL),
        }
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.memory().gem_prime_import(dev, dma_buf)
    }

    fn has_import_sg_table(&self) -> bool {
        self.memory().has_import_sg_table()
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.memory().gem_prime_import_sg_table(dev, attach, table)
    }
}

/// The argument as a struct; the core has made it as long as that.
fn view<T: Pod>(arg: &mut [u8]) -> Result<&mut T> {
    bytemuck::try_from_bytes_mut(arg).map_err(|_| Errno::EFAULT)
}

impl Lima {
    /// `lima_ioctl_get_param`
    fn get_param(&self, args: &mut GetParam) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        args.value = match args.param {
            param::GPU_ID => match self.config().model {
                Model::Mali400 => 1,
                Model::Mali450 => 2,
            },
            param::NUM_PP => NUM_PP as u64,
            param::GP_VERSION => self.hw().read_gp(gp::VERSION).into(),
            param::PP_VERSION => self.hw().read_pp(0, pp::VERSION).into(),
            _ => return Err(Errno::EINVAL),
        };
        Ok(())
    }

    /// `lima_ioctl_gem_create`: everything is backed before there is a handle.
    fn gem_create(&self, file: &File, args: &mut GemCreate) -> Result {
        if args.pad != 0 || args.flags & !BO_FLAG_HEAP != 0 || args.size == 0 {
            return Err(Errno::EINVAL);
        }
        let heap = args.flags & BO_FLAG_HEAP != 0;
        let bo = self
            .memory()
            .create_bo(file.dev(), args.size.into(), heap)?;
        args.handle = file.handle_create(&bo)?;
        Ok(())
    }

    /// `lima_gem_get_info`
    fn gem_info(&self, file: &File, args: &mut GemInfo) -> Result {
        let object = file.lookup(args.handle).ok_or(Errno::ENOENT)?;
        let bo = self.bo(&object).ok_or(Errno::ENOENT)?;
        let mapping = bo.mapping(FilePrivate::of(file)?.vm());
        args.va = mapping.map_or(0, |mapping| mapping.va as u32);
        args.offset = object.gem().node().offset().unwrap_or(0);
        Ok(())
    }

    /// `lima_gem_wait`: nothing to wait for is done before the handle is looked at; a deadline that is past is `EBUSY`.
    fn gem_wait(&self, file: &File, args: &mut GemWait) -> Result {
        if args.op & !(WAIT_READ | WAIT_WRITE) != 0 {
            return Err(Errno::EINVAL);
        }
        if args.op == 0 {
            return Ok(());
        }
        self.machine().clock().advance(ENTRY_NS);
        let now = self.machine().clock().now();
        let left = u64::try_from(args.timeout_ns)
            .unwrap_or(0)
            .saturating_sub(now);
        let jiffies = match left {
            0 => 0,
            left => jiffies::nsecs_to_jiffies(left) + 1,
        };
        let write = args.op & WAIT_WRITE != 0;
        match jiffies::resv_wait(file, args.handle, write, jiffies) {
            Err(Errno::ETIME) if jiffies == 0 => Err(Errno::EBUSY),
            Err(Errno::ETIME) => Err(Errno::ETIMEDOUT),
            waited => waited,
        }
    }

    /// `lima_ioctl_ctx_create`: declared as one that only writes, so it never sees a pad.
    fn ctx_create(&self, file: &File, args: &mut Ctx) -> Result {
        *args = Ctx::default();
        args.id = FilePrivate::of(file)?.create_context()?;
        Ok(())
    }

    /// `lima_ioctl_ctx_free`
    fn ctx_free(&self, file: &File, args: &mut Ctx) -> Result {
        if args.pad != 0 {
            return Err(Errno::EINVAL);
        }
        let context = FilePrivate::of(file)?
            .take_context(args.id)
            .ok_or(Errno::EINVAL)?;
        self.release_context(&context);
        Ok(())
    }

    /// Waits until its jobs have left the queues.
    fn release_context(&self, context: &Context) {
        for pipe in [PIPE_GP, PIPE_PP] {
            let scheduler = &self.pipe(pipe).scheduler;
            scheduler.destroy_entity(context.entity(pipe));
        }
    }
}
