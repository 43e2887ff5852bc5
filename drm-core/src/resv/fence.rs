//! Fences: what a job promises to signal.

use crate::errno::Errno;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, OnceLock};

/// How a fence uses the buffer (`enum dma_resv_usage`). Asking for one asks for all above it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// The kernel itself: moves, clears.
    Kernel,
    /// A writer; implicit synchronisation waits for it.
    Write,
    /// A reader.
    Read,
    /// Only memory management waits for it.
    Bookkeep,
}

/// A sequence of fences that signal in order (`dma_fence_context_alloc`).
#[derive(Debug)]
pub struct FenceContext {
    id: u64,
    next: AtomicU64,
}

/// Contexts are numbered over the process: a number is never shown, only compared.
static CONTEXTS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl Default for FenceContext {
    fn default() -> Self {
        Self::new()
    }
}

impl FenceContext {
    /// A new sequence.
    #[must_use]
    pub fn new() -> Self {
        Self {
            id: CONTEXTS.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            next: AtomicU64::new(1),
        }
    }

    /// What tells the sequence from every other.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The next fence of the sequence, not signalled.
    pub fn fence(&self) -> Fence {
        Fence(Arc::new(Inner {
            context: self.id,
            seqno: self.next.fetch_add(1, Ordering::SeqCst),
            signaled: AtomicBool::new(false),
            error: OnceLock::new(),
            callbacks: Mutex::new(Vec::new()),
        }))
    }
}

type Callback = Box<dyn FnOnce() + Send>;

struct Inner {
    context: u64,
    seqno: u64,
    signaled: AtomicBool,
    error: OnceLock<Errno>,
    callbacks: Mutex<Vec<Callback>>,
}

/// A fence (`struct dma_fence`). A clone is the same fence.
#[derive(Clone)]
pub struct Fence(Arc<Inner>);

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Fence({}:{}{})",
            self.0.context,
            self.0.seqno,
            if self.is_signaled() { " signaled" } else { "" }
        )
    }
}

impl Fence {
    /// A fence that is signalled already (`dma_fence_get_stub`).
    #[must_use]
    pub fn signaled() -> Self {
        let fence = FenceContext::new().fence();
        fence.signal();
        fence
    }

    /// Whether the work is done.
    #[must_use]
    pub fn is_signaled(&self) -> bool {
        self.0.signaled.load(Ordering::SeqCst)
    }

    /// Why the work failed; `None` for work that did not, or is not done.
    #[must_use]
    pub fn error(&self) -> Option<Errno> {
        self.0.error.get().copied()
    }

    /// Says why the work failed, before it says that it is done (`dma_fence_set_error`). The first reason stays.
    pub fn set_error(&self, error: Errno) {
        let _ = self.0.error.set(error);
    }

    /// Says that the work is done; runs the callbacks. Doing it twice is harmless.
    pub fn signal(&self) {
        let callbacks = {
            let mut callbacks = self.0.callbacks.lock();
            if self.0.signaled.swap(true, Ordering::SeqCst) {
                return;
            }
            std::mem::take(&mut *callbacks)
        };
        for callback in callbacks {
            callback();
        }
    }

    /// Runs `callback` when the fence signals; at once when it has (`dma_fence_add_callback`).
    pub fn on_signal(&self, callback: impl FnOnce() + Send + 'static) {
        let mut callbacks = self.0.callbacks.lock();
        if self.is_signaled() {
            drop(callbacks);
            callback();
        } else {
            callbacks.push(Box::new(callback));
        }
    }

    /// The sequence that the fence belongs to.
    #[must_use]
    pub fn context(&self) -> u64 {
        self.0.context
    }

    /// Whether `self` is a later fence of the same sequence.
    #[must_use]
    pub fn is_later(&self, other: &Fence) -> bool {
        self.0.context == other.0.context && self.0.seqno > other.0.seqno
    }

    /// Whether both are the same fence.
    #[must_use]
    pub fn is(&self, other: &Fence) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
