//! Jobs: what a submission leaves in the queues (`struct v3d_job` and those around it).

use drm_core::gem::Gem;
use drm_core::sync::{Arc, Mutex, Weak};
use port_kit::sched::Job;

use crate::cpu_job::CpuJob;
use crate::uapi::{SubmitCsd, SubmitTfu};

/// The queues, each with a scheduler of its own (`enum v3d_queue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    Bin,
    Render,
    Tfu,
    Csd,
    CacheClean,
    Cpu,
}

impl Queue {
    pub(crate) const ALL: [Self; 6] = [
        Self::Bin,
        Self::Render,
        Self::Tfu,
        Self::Csd,
        Self::CacheClean,
        Self::Cpu,
    ];
}

/// A job; its objects stay until it is freed.
pub(crate) struct Work {
    pub(crate) kind: Kind,
    /// Objects that it was submitted with. Only the last job of a submission has them.
    pub(crate) bos: Vec<Gem>,
}

impl Work {
    pub(crate) fn new(kind: Kind, bos: Vec<Gem>) -> Self {
        Self { kind, bos }
    }

    pub(crate) fn queue(&self) -> Queue {
        match self.kind {
            Kind::Bin(_) => Queue::Bin,
            Kind::Render(_) => Queue::Render,
            Kind::Tfu(_) => Queue::Tfu,
            Kind::Csd(_) => Queue::Csd,
            Kind::CacheClean => Queue::CacheClean,
            Kind::Cpu(_) => Queue::Cpu,
        }
    }
}

pub(crate) enum Kind {
    Bin(Bin),
    Render(Render),
    Tfu(SubmitTfu),
    Csd(Csd),
    CacheClean,
    Cpu(Box<CpuJob>),
}

/// A list, and where it was when it last timed out.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) timed_out_at: Mutex<(u32, u32)>,
}

pub(crate) struct Bin {
    pub(crate) list: List,
    pub(crate) qma: u32,
    pub(crate) qms: u32,
    pub(crate) qts: u32,
    /// Who gets the memory that the binner asks for. No reference: it waits for this job.
    pub(crate) render: Weak<Job<Work>>,
}

#[derive(Default)]
pub(crate) struct Render {
    pub(crate) list: List,
    /// Memory that the binner was given meanwhile (`unref_list`).
    pub(crate) overflow: Mutex<Vec<Gem>>,
}

#[derive(Default)]
pub(crate) struct Csd {
    /// Rewritten by a CPU job before the job starts, where it is an indirect one.
    pub(crate) args: Mutex<SubmitCsd>,
    pub(crate) timed_out_batches: Mutex<u32>,
}

impl Drop for Work {
    /// What the binner was given goes first, then the objects, in order (`v3d_render_job_free`).
    fn drop(&mut self) {
        if let Kind::Render(render) = &self.kind {
            render.overflow.lock().drain(..).for_each(drop);
        }
        self.bos.drain(..).for_each(drop);
    }
}

/// The render job of a binner job that is on the hardware.
pub(crate) fn render_of(job: &Job<Work>) -> Option<Arc<Job<Work>>> {
    match &job.work.kind {
        Kind::Bin(bin) => bin.render.upgrade(),
        _ => None,
    }
}
