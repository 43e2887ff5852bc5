//! CPU jobs: work on objects that the kernel does itself, through a mapping of its own (`v3d_sched.c`).
//!
//! No offset is checked against the size of an object, and the mapping is not checked at all: where the kernel writes
//! past the mapping, or through null, the machine records the crash.

use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::sync::Arc;
use drm_core::syncobj::Syncobj;
use port_kit::sched::Job;

use crate::device::V3d;
use crate::job::{Kind, Work};

/// A uniform that is not to be rewritten.
const NO_UNIFORM: u32 = u32::MAX;

/// A timestamp query.
pub(crate) struct Query {
    pub(crate) offset: u32,
    pub(crate) syncobj: Syncobj,
}

/// Where results are copied to, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    pub(crate) do_64bit: bool,
    pub(crate) do_partial: bool,
    pub(crate) availability_bit: bool,
    pub(crate) offset: u32,
    pub(crate) stride: u32,
}

/// A compute job whose work groups are in memory.
pub(crate) struct Indirect {
    pub(crate) offset: u32,
    pub(crate) wg_size: u32,
    pub(crate) uniforms: [u32; 3],
    pub(crate) object: Gem,
    pub(crate) csd: Arc<Job<Work>>,
}

/// What a CPU job does.
pub(crate) enum CpuJob {
    IndirectCsd(Indirect),
    TimestampQuery(Vec<Query>),
    ResetTimestamps(Vec<Query>),
    CopyTimestamps(Vec<Query>, Copy),
    ResetPerformance(Vec<Syncobj>),
    /// The last number is that of counters in a pool.
    CopyPerformance(Vec<Syncobj>, Copy, u32),
}

impl CpuJob {
    /// How many objects a job of this kind is submitted with.
    pub(crate) fn bo_count(&self) -> u32 {
        match self {
            Self::IndirectCsd(_)
            | Self::TimestampQuery(_)
            | Self::ResetTimestamps(_)
            | Self::CopyPerformance(..) => 1,
            Self::CopyTimestamps(..) => 2,
            Self::ResetPerformance(_) => 0,
        }
    }
}

impl V3d {
    /// `v3d_cpu_job_run`: done when this returns.
    pub(crate) fn run_cpu(&self, job: &Arc<Job<Work>>, cpu: &CpuJob) {
        let bos = &job.work.bos;
        let done = match cpu {
            CpuJob::IndirectCsd(indirect) => self.rewrite_wg_counts(&bos[0], indirect),
            CpuJob::TimestampQuery(queries) => self.with_vaddr(&bos[0], |map| {
                for (i, query) in queries.iter().enumerate() {
                    let now = self.machine().clock().now();
                    let value = if i == 0 { now } else { 0 };
                    map.write(u64::from(query.offset), &value.to_ne_bytes())?;
                    query.syncobj.replace_fence(Some(job.finished().clone()));
                }
                Ok(())
            }),
            CpuJob::ResetTimestamps(queries) => self.with_vaddr(&bos[0], |map| {
                for query in queries {
                    map.write(u64::from(query.offset), &[0; 8])?;
                    query.syncobj.replace_fence(None);
                }
                Ok(())
            }),
            CpuJob::CopyTimestamps(queries, copy) => {
                self.copy_timestamps(&bos[0], &bos[1], queries, *copy)
            }
            CpuJob::ResetPerformance(queries) => {
                queries
                    .iter()
                    .for_each(|syncobj| syncobj.replace_fence(None));
                Ok(())
            }
            CpuJob::CopyPerformance(queries, copy, ncounters) => {
                self.copy_performance(&bos[0], queries, *copy, *ncounters)
            }
        };
        if done.is_err() {
            self.machine()
                .oops("Segfault with no mm: access outside of the kernel mapping of a CPU job");
        }
    }

    /// Maps an object for the time of `work`. Without a mapping nothing more is done: the kernel is gone by then.
    fn with_vaddr(&self, object: &Gem, work: impl FnOnce(&KernelMap) -> Result) -> Result {
        let Some(bo) = self.bo(object) else {
            return Ok(());
        };
        let Some(map) = bo.get_vaddr() else {
            return Ok(());
        };
        let done = work(&map);
        bo.put_vaddr();
        done
    }

    /// `v3d_rewrite_csd_job_wg_counts_from_indirect`. Both objects may be the same one.
    fn rewrite_wg_counts(&self, object: &Gem, indirect: &Indirect) -> Result {
        let (Some(bo), Some(uniforms)) = (self.bo(object), self.bo(&indirect.object)) else {
            return Ok(());
        };
        let (from, to) = (bo.get_vaddr(), uniforms.get_vaddr());
        let done = match (&from, &to) {
            (Some(counts), Some(uniforms)) => self.dispatch(counts, uniforms, indirect),
            _ => Ok(()),
        };
        if to.is_some() {
            uniforms.put_vaddr();
        }
        if from.is_some() {
            bo.put_vaddr();
        }
        done
    }

    fn dispatch(&self, counts: &KernelMap, uniforms: &KernelMap, indirect: &Indirect) -> Result {
        let Kind::Csd(csd) = &indirect.csd.work.kind else {
            return Ok(());
        };
        let mut groups = [0; 3];
        for (n, group) in (0..).zip(&mut groups) {
            let mut word = [0; 4];
            counts.read(u64::from(indirect.offset) + 4 * n, &mut word)?;
            *group = u32::from_ne_bytes(word);
        }
        let mut args = csd.args.lock();
        for (cfg, group) in args.cfg.iter_mut().zip(groups) {
            *cfg = group << 16;
        }
        if groups.contains(&0) {
            return Ok(());
        }
        let all = groups.iter().fold(1u32, |all, n| all.wrapping_mul(*n));
        let batches = indirect.wg_size.div_ceil(16).wrapping_mul(all);
        let minus_one = self.ver() < 71 || (self.ver() == 71 && self.rev() < 6);
        args.cfg[4] = batches.wrapping_sub(u32::from(minus_one));
        if args.cfg[4] == u32::MAX {
            self.machine().warn("v3d_sched.c: no batch to dispatch");
        }
        for (index, group) in indirect.uniforms.into_iter().zip(groups) {
            if index != NO_UNIFORM {
                uniforms.write(4 * u64::from(index), &group.to_ne_bytes())?;
            }
        }
        Ok(())
    }

    /// `v3d_copy_query_results`
    fn copy_timestamps(&self, to: &Gem, from: &Gem, queries: &[Query], copy: Copy) -> Result {
        self.with_vaddr(to, |data| {
            self.with_vaddr(from, |timestamps| {
                let mut at = u64::from(copy.offset);
                for query in queries {
                    let available = is_available(&query.syncobj);
                    if available || copy.do_partial {
                        let mut value = [0; 8];
                        timestamps.read(u64::from(query.offset), &mut value)?;
                        put(data, at, 0, copy, u64::from_ne_bytes(value))?;
                    }
                    if copy.availability_bit {
                        put(data, at, 1, copy, available.into())?;
                    }
                    at += u64::from(copy.stride);
                }
                Ok(())
            })
        })
    }

    /// `v3d_copy_performance_query`: there is no monitor to be found, so only availability is written.
    fn copy_performance(
        &self,
        to: &Gem,
        queries: &[Syncobj],
        copy: Copy,
        ncounters: u32,
    ) -> Result {
        self.with_vaddr(to, |data| {
            let mut at = u64::from(copy.offset);
            for syncobj in queries {
                if copy.availability_bit {
                    put(data, at, ncounters, copy, is_available(syncobj).into())?;
                }
                at += u64::from(copy.stride);
            }
            Ok(())
        })
    }
}

fn is_available(syncobj: &Syncobj) -> bool {
    syncobj.find_fence(0).is_ok_and(|fence| fence.is_signaled())
}

/// `write_to_buffer`
fn put(data: &KernelMap, at: u64, index: u32, copy: Copy, value: u64) -> Result {
    let index = u64::from(index);
    if copy.do_64bit {
        data.write(at + 8 * index, &value.to_ne_bytes())
    } else {
        data.write(at + 4 * index, &(value as u32).to_ne_bytes())
    }
}
