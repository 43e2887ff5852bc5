//! A tiler that is out of memory: the heap grows, or the firmware must do without (`group_process_tiler_oom`).

use drm_core::errno::Errno;
use drm_core::sync::Arc;

use super::Scheduler;
use super::group::Group;
use crate::bo::BufferObject;
use crate::hw::HeapState;

/// What the firmware was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OomAnswer {
    /// A chunk: its address, and its size in pages in the low bits; 0 to wait for passes to end, or render as far as it came.
    Chunk(u64),
    /// Nothing: the group is no longer in a slot. A chunk that was made for it went back.
    Dropped,
    /// Nothing: the queue failed.
    Fatal,
}

impl<B: BufferObject> Scheduler<B> {
    /// Handles one event. The heap grows without locks of the scheduler, so the group may leave its slot meanwhile.
    pub(super) fn process_tiler_oom(
        self: &Arc<Self>,
        group: &Arc<Group<B>>,
        queue: usize,
        heap: HeapState,
    ) {
        let answer = self.answer_tiler_oom(group, heap);
        match answer {
            OomAnswer::Chunk(chunk) => group.queues()[queue].answer_oom(chunk),
            OomAnswer::Fatal => group.set_fatal(queue),
            OomAnswer::Dropped => {}
        }
        self.answers.lock().push(answer);
    }

    fn answer_tiler_oom(&self, group: &Arc<Group<B>>, heap: HeapState) -> OomAnswer {
        let Ok(pool) = group.vm().heap_pool(false) else {
            return OomAnswer::Fatal;
        };
        if heap.frag_end > heap.vt_end || heap.vt_end >= heap.vt_start {
            return OomAnswer::Fatal;
        }
        let passes_in_flight = heap.vt_start - heap.frag_end;
        let grown = pool.grow(group.vm(), heap.address, passes_in_flight);
        if let Some(meanwhile) = self.meanwhile.lock().take() {
            meanwhile(self);
        }
        let chunk = match grown {
            Ok(chunk) => chunk,
            // Whatever is short: the firmware waits for passes to end, or renders what it has.
            Err(Errno::ENOMEM) => 0,
            Err(_) => return OomAnswer::Fatal,
        };
        if group.is_resident() {
            return OomAnswer::Chunk(chunk);
        }
        if chunk != 0 && pool.return_chunk(heap.address, chunk).is_err() {
            self.hw
                .machine()
                .warn("panthor_heap.c: panthor_heap_return_chunk");
        }
        OomAnswer::Dropped
    }
}
