//! Tiler heaps (`panthor_heap.c`): chunks of memory that the firmware asks for while it tiles.

use std::collections::{BTreeMap, VecDeque};

use drm_core::PAGE_SIZE;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::sync::{Arc, Mutex};

use crate::bo::BufferObject;
use crate::kernel_bo::KernelBo;
use crate::mmu::Vm;
use crate::uapi::{BO_NO_MMAP, TilerHeapCreate, VM_BIND_OP_MAP_NOEXEC};

/// Bytes of a heap context, before it is rounded up to a cache line.
const HEAP_CONTEXT_SIZE: u64 = 32;
/// Heaps that one address space may have.
const MAX_HEAPS_PER_POOL: u32 = 128;
/// Bytes of the header of a chunk.
const CHUNK_HEADER_SIZE: u64 = 64;
/// What a chunk may have, in bytes.
const CHUNK_SIZES: std::ops::RangeInclusive<u32> = 128 << 10..=8 << 20;

/// A heap (`struct panthor_heap`). Its chunks are listed the newest first.
struct Heap<B: BufferObject> {
    chunks: VecDeque<KernelBo<B>>,
    chunk_size: u32,
    max_chunks: u32,
    target_in_flight: u32,
}

impl<B: BufferObject> Heap<B> {
    /// A chunk as the firmware is told: its address, and its size in pages.
    fn link(&self, gpuva: u64) -> u64 {
        gpuva & !(PAGE_SIZE - 1) | u64::from(self.chunk_size >> 12)
    }

    /// One more chunk (`panthor_alloc_heap_chunk`); an initial one is linked to the one before it. Errors of the object and its
    /// mappings.
    fn alloc_chunk(&mut self, vm: &Vm<B>, initial: bool) -> Result<u64> {
        vm.dev().machine().failpoints().check(Fail::Alloc)?;
        let chunk = KernelBo::new(
            vm,
            u64::from(self.chunk_size),
            BO_NO_MMAP,
            VM_BIND_OP_MAP_NOEXEC,
            None,
        )?;
        let header = chunk.vmap()?;
        header.fill(0, CHUNK_HEADER_SIZE, 0)?;
        if let Some(before) = self.chunks.front().filter(|_| initial) {
            header.write(0, &self.link(before.gpuva()).to_le_bytes())?;
        }
        chunk.vunmap();
        let gpuva = chunk.gpuva();
        self.chunks.push_front(chunk);
        Ok(gpuva)
    }
}

/// What the pool has while its address space is there.
struct Live<B: BufferObject> {
    heaps: BTreeMap<u32, Heap<B>>,
    /// The contexts of all heaps, side by side; mapped for the CPU throughout.
    gpu_contexts: KernelBo<B>,
}

/// The heaps of one address space (`struct panthor_heap_pool`).
pub struct HeapPool<B: BufferObject> {
    stride: u64,
    contexts_va: u64,
    /// `None` once the space is gone.
    live: Mutex<Option<Live<B>>>,
}

impl<B: BufferObject> HeapPool<B> {
    /// An empty pool: the contexts of all heaps are allocated with it (`panthor_heap_pool_create`). Errors of the object and its
    /// mappings.
    pub(crate) fn new(vm: &Vm<B>) -> Result<Arc<Self>> {
        vm.dev().machine().failpoints().check(Fail::Alloc)?;
        let stride = HEAP_CONTEXT_SIZE.next_multiple_of(vm.hw().config().l2_line_size());
        let size = (u64::from(MAX_HEAPS_PER_POOL) * stride).next_multiple_of(PAGE_SIZE);
        let gpu_contexts = KernelBo::new(vm, size, BO_NO_MMAP, VM_BIND_OP_MAP_NOEXEC, None)?;
        gpu_contexts.vmap()?;
        Ok(Arc::new(Self {
            stride,
            contexts_va: gpu_contexts.gpuva(),
            live: Mutex::new(Some(Live {
                heaps: BTreeMap::new(),
                gpu_contexts,
            })),
        }))
    }

    /// A new heap with its initial chunks, and its id (`panthor_heap_create`). `args` learns the address of the newest chunk, then
    /// that of the context: a failure in between leaves the first of them there.
    ///
    /// `EINVAL` for counts and sizes that do not fit, or a pool without a space; `EBUSY` for one heap too many, whose chunks
    /// are made and freed again; errors of the chunks.
    pub(crate) fn create_heap(&self, vm: &Vm<B>, args: &mut TilerHeapCreate) -> Result<u32> {
        let initial = args.initial_chunk_count;
        if initial == 0 || initial > args.max_chunks {
            return Err(Errno::EINVAL);
        }
        let whole_pages = u64::from(args.chunk_size).is_multiple_of(PAGE_SIZE);
        if !whole_pages || !CHUNK_SIZES.contains(&args.chunk_size) {
            return Err(Errno::EINVAL);
        }
        if self.live.lock().is_none() {
            return Err(Errno::EINVAL);
        }
        vm.dev().machine().failpoints().check(Fail::Alloc)?;
        let mut heap = Heap {
            chunks: VecDeque::new(),
            chunk_size: args.chunk_size,
            max_chunks: args.max_chunks,
            target_in_flight: args.target_in_flight,
        };
        let mut first = 0;
        for _ in 0..initial {
            first = heap.alloc_chunk(vm, true)?;
        }
        args.first_heap_chunk_gpu_va = first;
        let mut live = self.live.lock();
        let live = live.as_mut().ok_or(Errno::EINVAL)?;
        let id = (0..MAX_HEAPS_PER_POOL)
            .find(|id| !live.heaps.contains_key(id))
            .ok_or(Errno::EBUSY)?;
        let offset = u64::from(id) * self.stride;
        live.gpu_contexts.kmap()?.fill(offset, self.stride, 0)?;
        args.tiler_heap_ctx_gpu_va = self.contexts_va + offset;
        live.heaps.insert(id, heap);
        Ok(id)
    }

    /// Ends a heap (`panthor_heap_destroy`). `EINVAL` for an unknown id.
    pub(crate) fn destroy_heap(&self, id: u32) -> Result {
        let mut live = self.live.lock();
        let heap = live.as_mut().and_then(|live| live.heaps.remove(&id));
        heap.map(drop).ok_or(Errno::EINVAL)
    }

    /// One more chunk for the heap whose context is at `context_va`, as the firmware is told of it (`panthor_heap_grow`).
    ///
    /// `EINVAL` for no such heap; `ENOMEM` when more passes are in flight than the heap aims for, or it has all the chunks it may
    /// have; errors of the chunk.
    pub(crate) fn grow(&self, vm: &Vm<B>, context_va: u64, passes_in_flight: u32) -> Result<u64> {
        let mut live = self.live.lock();
        let heap = self.heap_at(live.as_mut(), context_va)?;
        if passes_in_flight > heap.target_in_flight || heap.chunks.len() >= heap.max_chunks as usize
        {
            return Err(Errno::ENOMEM);
        }
        let gpuva = heap.alloc_chunk(vm, false)?;
        Ok(heap.link(gpuva))
    }

    /// Takes a chunk back that the firmware was never told of (`panthor_heap_return_chunk`). `EINVAL` for no such heap or chunk.
    pub(crate) fn return_chunk(&self, context_va: u64, chunk: u64) -> Result {
        let mut live = self.live.lock();
        let heap = self.heap_at(live.as_mut(), context_va)?;
        let gpuva = chunk & !(PAGE_SIZE - 1);
        let at = heap.chunks.iter().position(|chunk| chunk.gpuva() == gpuva);
        let removed = at.and_then(|at| heap.chunks.remove(at));
        removed.map(drop).ok_or(Errno::EINVAL)
    }

    fn heap_at<'a>(
        &self,
        live: Option<&'a mut Live<B>>,
        context_va: u64,
    ) -> Result<&'a mut Heap<B>> {
        let offset = context_va.wrapping_sub(self.contexts_va);
        let id = u32::try_from(offset).map_err(|_| Errno::EINVAL)? / self.stride as u32;
        let heap = live.and_then(|live| live.heaps.get_mut(&id));
        heap.ok_or(Errno::EINVAL)
    }

    /// Chunks of the heap with this id.
    #[must_use]
    pub fn chunk_count(&self, id: u32) -> Option<usize> {
        let live = self.live.lock();
        Some(live.as_ref()?.heaps.get(&id)?.chunks.len())
    }

    /// The space goes: all heaps do, by id, then the contexts (`panthor_heap_pool_destroy`).
    pub(crate) fn destroy(&self) {
        let live = self.live.lock().take();
        if let Some(Live {
            heaps,
            gpu_contexts,
        }) = live
        {
            drop(heaps);
            drop(gpu_contexts);
        }
    }
}
