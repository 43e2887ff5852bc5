//! Contexts, which jobs are submitted to (`pvr_context.c`).

use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use drm_core::sync::{Arc, OnceLock};

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::fw::FwObject;
use crate::fwif::commoncontext;
use crate::queue::{Queue, QueueInit};
use crate::stream::{self, StreamDef};
use crate::uapi::{BoFlags, CreateContext, ctx_priority, ctx_type, job_type};
use crate::uobj;
use crate::vm::VmContext;

/// A kind of context: its queues, the size of its firmware object, the registers that user space sets once.
struct Kind {
    /// The jobs of each queue, in the order of the firmware's struct.
    queues: &'static [u32],
    size: usize,
    state: Option<&'static StreamDef>,
}

/// What kinds there are (`get_fw_obj_size`, `init_fw_objs`). `EINVAL` for another.
fn kind_of(kind: u32) -> Result<Kind> {
    Ok(match kind {
        ctx_type::RENDER => Kind {
            queues: &[job_type::GEOMETRY, job_type::FRAGMENT],
            size: 680,
            state: Some(&stream::STATIC_RENDER),
        },
        ctx_type::COMPUTE => Kind {
            queues: &[job_type::COMPUTE],
            size: 232,
            state: Some(&stream::STATIC_COMPUTE),
        },
        ctx_type::TRANSFER_FRAG => Kind {
            queues: &[job_type::TRANSFER_FRAG],
            size: 152,
            state: None,
        },
        _ => return Err(Errno::EINVAL),
    })
}

/// A context (`struct pvr_context`). Counted: a file and jobs hold it.
pub struct Context<B: PvrGem> {
    pvr: Arc<PvrDevice<B>>,
    pub(crate) kind: u32,
    pub(crate) vm: Arc<VmContext<B>>,
    queues: Vec<Arc<Queue<B>>>,
    fw_obj: OnceLock<Arc<FwObject<B>>>,
    ctx_id: u32,
    faulty: Arc<AtomicBool>,
}

impl<B: PvrGem> Context<B> {
    /// A new context in an address space (`pvr_context_create`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for flags, an unknown kind or priority, an unknown address space, a call stack or a state where there is none,
    /// and a state that is missing or does not fit; `EACCES` for high priority, which needs a privilege; `EFAULT`; `ENOMEM`;
    /// those of firmware objects.
    pub(crate) fn create(
        pvr: &Arc<PvrDevice<B>>,
        vm: Option<Arc<VmContext<B>>>,
        args: &CreateContext,
    ) -> Result<Arc<Self>> {
        let machine = pvr.machine();
        if args.flags != 0 {
            return Err(Errno::EINVAL);
        }
        let kind = kind_of(args.kind)?;
        machine.failpoints().check(Fail::Alloc)?;
        let priority = match args.priority {
            ctx_priority::LOW => 0,
            ctx_priority::NORMAL => 1,
            ctx_priority::HIGH => return Err(Errno::EACCES),
            _ => return Err(Errno::EINVAL),
        };
        let vm = vm.ok_or(Errno::EINVAL)?;
        machine.failpoints().check(Fail::Alloc)?;
        let mut data = vec![0; kind.size];
        let ctx_id = pvr.ctx_ids.alloc(machine, ())?;
        // Dropping the context from here on undoes what there is.
        let mut context = Self {
            pvr: Arc::clone(pvr),
            kind: args.kind,
            vm,
            queues: Vec::new(),
            fw_obj: OnceLock::new(),
            ctx_id,
            faulty: Arc::default(),
        };
        for (queue, job_kind) in (0..).zip(kind.queues) {
            let init = QueueInit {
                kind: *job_kind,
                ctx_offset: queue * commoncontext::SIZE as u32,
                ctx_id,
                priority,
                callstack_addr: args.callstack_addr,
                vm: &context.vm,
                faulty: &context.faulty,
            };
            let queue = Queue::create(pvr, &init, &mut data)?;
            context.queues.push(queue);
        }
        let state_at = kind.queues.len() * commoncontext::SIZE as usize;
        match kind.state {
            Some(def) => {
                if args.static_context_state_len == 0 {
                    return Err(Errno::EINVAL);
                }
                let len = args.static_context_state_len;
                let stream = uobj::bytes(machine, args.static_context_state, len)?;
                let dest = &mut data[state_at..state_at + def.size as usize];
                stream::process(def, &stream, dest)?;
            }
            None if args.static_context_state_len != 0 => return Err(Errno::EINVAL),
            None => {}
        }
        let size = data.len() as u64;
        let init = move |map: &KernelMap| map.write(0, &data);
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let fw_obj = pvr.fw_object_create(size, uncached, Some(Box::new(init)))?;
        for queue in &context.queues {
            queue.set_context(fw_obj.addr());
        }
        context.fw_obj.get_or_init(|| fw_obj);
        Ok(Arc::new(context))
    }

    /// The queue for a kind of job (`pvr_context_get_queue_for_job`).
    pub(crate) fn queue(&self, kind: u32) -> Option<&Arc<Queue<B>>> {
        self.queues.iter().find(|queue| queue.kind == kind)
    }

    /// Its firmware object, whose reservation orders submissions.
    pub(crate) fn fw_obj(&self) -> Option<&Arc<FwObject<B>>> {
        self.fw_obj.get()
    }

    /// Whether a job of it was lost in a reset: it takes no more.
    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty.load(Ordering::SeqCst)
    }

    /// Lets no more jobs in, and waits for those that are queued (`pvr_context_kill_queues`).
    pub(crate) fn kill_queues(&self) {
        for queue in self.queues.iter().rev() {
            queue.scheduler.destroy_entity(&queue.entity);
        }
    }
}

impl<B: PvrGem> Drop for Context<B> {
    /// `pvr_context_release`.
    fn drop(&mut self) {
        self.pvr.ctx_ids.erase(self.ctx_id);
        for queue in self.queues.drain(..).rev() {
            queue.destroy(self.fw_obj.get());
        }
        if let Some(object) = self.fw_obj.get() {
            self.pvr.fw_object_destroy(object);
        }
    }
}
