//! What an open file has (`struct amdxdna_client`): the device heap in chunks, the addresses in it, figures, contexts.

use std::collections::BTreeMap;
use std::ops::Range;

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::mm::{Mm, Node, Placement};
use drm_core::sync::{Arc, Mutex, Weak};

use crate::device::AmdxdnaDevice;
use crate::hwctx::Hwctx;
use crate::task::Task;
use crate::uapi::INVALID_ADDR;
use crate::umap::UserMaps;

/// First device address of the window, in bytes; the firmware fixes it.
pub const HEAP_BASE: u64 = 64 << 20;
/// Bytes of a chunk, or of a part of it that the firmware is told of at once (`dev_mem_size`).
pub const CHUNK: u64 = 64 << 20;
/// Bytes of the window at most.
pub const HEAP_MAX: u64 = 512 << 20;
/// Alignment of a device BO in bytes.
const DEV_ALIGN: u64 = 32 << 10;

/// Bytes that a file uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of BOs with memory of their own.
    pub total: u64,
    /// Of those, commands and heap.
    pub internal: u64,
    /// Of the heap, in pieces.
    pub heap: u64,
}

/// A chunk of the heap, of one or more times [`CHUNK`].
#[derive(Clone)]
pub(crate) struct Chunk {
    /// Held until the file is closed.
    pub(crate) object: Gem,
    maps: Arc<UserMaps>,
    start: u64,
}

impl Chunk {
    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.object.gem().size()
    }

    fn range(&self) -> Range<u64> {
        self.start..self.start + self.size()
    }
}

struct Heap {
    mm: Mm,
    chunks: Vec<Chunk>,
    usage: Usage,
}

/// A piece of the heap: addresses, and the chunks that it lies in. It goes back to [`Client::give_back`].
pub(crate) struct Slice {
    node: Node,
    uva: u64,
    /// Number of the first chunk.
    first: usize,
    chunks: Vec<Chunk>,
}

impl Slice {
    /// First device address.
    pub(crate) fn start(&self) -> u64 {
        self.node.start()
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.node.size()
    }

    /// Where the process had its first byte mapped when the piece was cut.
    pub(crate) fn uva(&self) -> u64 {
        self.uva
    }

    /// Numbers of the first chunk and the last (`heap_start_id`, `heap_end_id`).
    pub(crate) fn ids(&self) -> (usize, usize) {
        (self.first, self.first + self.chunks.len() - 1)
    }

    /// The chunks.
    pub(crate) fn chunks(&self) -> Vec<Gem> {
        let chunks = self.chunks.iter();
        chunks.map(|chunk| chunk.object.clone()).collect()
    }

    /// Bytes of its first chunk before it.
    pub(crate) fn offset(&self) -> u64 {
        let first = self.chunks.first().map_or(0, |chunk| chunk.start);
        self.node.start() - first
    }

    /// What of each chunk lies in `len` bytes from byte `from` of the piece: the chunk, first byte, bytes.
    pub(crate) fn overlaps(&self, from: u64, len: u64) -> Vec<(Gem, u64, u64)> {
        let start = self.node.start().saturating_add(from);
        let end = start.saturating_add(len);
        let chunks = self.chunks.iter().filter_map(|chunk| {
            let range = chunk.range();
            let (from, to) = (start.max(range.start), end.min(range.end));
            (from < to).then(|| (chunk.object.clone(), from - range.start, to - from))
        });
        chunks.collect()
    }
}

/// `struct amdxdna_client`.
pub(crate) struct Client {
    device: Arc<AmdxdnaDevice>,
    task: Weak<Task>,
    /// `mm_lock`.
    heap: Mutex<Heap>,
    pub(crate) hwctxs: Mutex<BTreeMap<u32, Arc<Hwctx>>>,
}

impl Client {
    pub(crate) fn new(device: &Arc<AmdxdnaDevice>, task: &Arc<Task>) -> Self {
        Self {
            device: Arc::clone(device),
            task: Arc::downgrade(task),
            heap: Mutex::new(Heap {
                mm: Mm::new(HEAP_BASE, HEAP_MAX),
                chunks: Vec::new(),
                usage: Usage::default(),
            }),
            hwctxs: Mutex::default(),
        }
    }

    /// Of a file of this driver.
    pub(crate) fn of(file: &File) -> Result<&Arc<Self>> {
        file.private().ok_or(Errno::EINVAL)
    }

    pub(crate) fn device(&self) -> &Arc<AmdxdnaDevice> {
        &self.device
    }

    pub(crate) fn task(&self) -> &Weak<Task> {
        &self.task
    }

    /// Bytes in use.
    pub(crate) fn usage(&self) -> Usage {
        self.heap.lock().usage
    }

    /// A BO got its first handle in this file, or lost its last.
    pub(crate) fn account(&self, size: u64, is_internal: bool, is_more: bool) {
        let usage = &mut self.heap.lock().usage;
        let internal = if is_internal { size } else { 0 };
        if is_more {
            usage.total += size;
            usage.internal += internal;
        } else {
            usage.total -= size;
            usage.internal -= internal;
        }
    }

    /// The chunks so far.
    pub(crate) fn chunks(&self) -> Vec<Chunk> {
        self.heap.lock().chunks.clone()
    }

    /// Adds a chunk, which stays until the file is closed; its device address is told to `place` before anybody sees it.
    ///
    /// `EOPNOTSUPP` for a second one on a device that knows one; `ENOSPC` when the window is full.
    pub(crate) fn add_chunk(
        &self,
        object: Gem,
        maps: &Arc<UserMaps>,
        place: impl FnOnce(u64),
    ) -> Result {
        let mut heap = self.heap.lock();
        let start = heap
            .chunks
            .last()
            .map_or(HEAP_BASE, |last| last.range().end);
        let chunk = Chunk {
            object,
            maps: Arc::clone(maps),
            start,
        };
        let refused = if start != HEAP_BASE && !self.device.params().heap_expansion {
            Some(Errno::EOPNOTSUPP)
        } else if chunk.range().end > HEAP_BASE + HEAP_MAX {
            Some(Errno::ENOSPC)
        } else {
            None
        };
        if let Some(errno) = refused {
            // The object may go now, which must not happen under the lock.
            drop(heap);
            return Err(errno);
        }
        place(start);
        heap.chunks.push(chunk);
        Ok(())
    }

    /// Cuts a piece of `size` bytes, whole pages.
    ///
    /// `EAGAIN` without any heap; `EINVAL` for no bytes, for more than the window, and where chunks are not mapped next to each other;
    /// `ENOSPC`; `EAGAIN` where a chunk is missing or is not mapped.
    pub(crate) fn cut(&self, size: u64) -> Result<Slice> {
        let size = size
            .checked_next_multiple_of(PAGE_SIZE)
            .filter(|size| (1..=HEAP_MAX).contains(size))
            .ok_or(Errno::EINVAL)?;
        let placement = Placement {
            align: DEV_ALIGN,
            ..Placement::default()
        };
        let mut heap = self.heap.lock();
        if heap.chunks.is_empty() {
            return Err(Errno::EAGAIN);
        }
        let node = heap.mm.insert_node(size, &placement)?;
        match heap.covered(node.start()..node.end()) {
            Ok((first, uva, chunks)) => {
                heap.usage.heap += size;
                Ok(Slice {
                    node,
                    uva,
                    first,
                    chunks,
                })
            }
            Err(error) => {
                heap.mm.remove_node(node);
                Err(error)
            }
        }
    }

    /// Takes a piece back.
    pub(crate) fn give_back(&self, slice: Slice) {
        let Slice { node, chunks, .. } = slice;
        {
            let mut heap = self.heap.lock();
            heap.usage.heap -= node.size();
            heap.mm.remove_node(node);
        }
        drop(chunks);
    }

    /// The file is closed: contexts go, and then the chunks.
    pub(crate) fn close(&self) {
        let contexts = std::mem::take(&mut *self.hwctxs.lock());
        contexts.values().for_each(|context| context.destroy());
        drop(contexts);
        let mut heap = self.heap.lock();
        if !heap.mm.is_clean() {
            self.device
                .machine()
                .warn("amdxdna_pci_drv.c: the heap is taken down with pieces in it");
        }
        let chunks = std::mem::take(&mut heap.chunks);
        drop(heap);
        drop(chunks);
    }
}

impl Heap {
    /// The chunks that a range lies in: number of the first, user address of the range's first byte, all of them.
    fn covered(&self, range: Range<u64>) -> Result<(usize, u64, Vec<Chunk>)> {
        let of = |at: u64| {
            self.chunks
                .iter()
                .position(|chunk| chunk.range().contains(&at))
        };
        let first = of(range.start).ok_or(Errno::EAGAIN)?;
        let last = of(range.end - 1).ok_or(Errno::EAGAIN)?;
        let chunks = &self.chunks[first..=last];
        let (start, uva) = (chunks[0].start, chunks[0].maps.uva());
        for chunk in chunks {
            match chunk.maps.uva() {
                INVALID_ADDR => return Err(Errno::EAGAIN),
                at if at != uva + (chunk.start - start) => return Err(Errno::EINVAL),
                _ => {}
            }
        }
        Ok((first, uva + (range.start - start), chunks.to_vec()))
    }
}
