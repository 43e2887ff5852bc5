//! Failure injection: any allocation, mapping or wait can be told to fail, the n-th time.

use crate::errno::{Errno, Result};
use crate::sync::Mutex;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fail {
    /// A frame from the page allocator (`ENOMEM`).
    PageAlloc,
    /// A kernel data structure (`kmalloc`, `ENOMEM`).
    Alloc,
    /// A page of a GPU page table (`ENOMEM`).
    TableAlloc,
    /// A scatter table mapped for DMA (`EIO`).
    DmaMap,
    /// A kernel mapping (`ENOMEM`).
    Vmap,
    /// A page read back from swap (`EIO`).
    SwapIn,
    /// An interruptible wait meets a signal (`EINTR`).
    Signal,
}

impl Fail {
    /// What the failed operation answers.
    #[must_use]
    pub fn errno(self) -> Errno {
        match self {
            Self::PageAlloc | Self::Alloc | Self::TableAlloc | Self::Vmap => Errno::ENOMEM,
            Self::DmaMap | Self::SwapIn => Errno::EIO,
            Self::Signal => Errno::EINTR,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    /// `None` counts every kind.
    kind: Option<Fail>,
    /// Checks that still pass.
    passes: u64,
    /// Whether every check after the first failure fails, too.
    sticky: bool,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Armed>,
    fired: u64,
}

/// The failure injection of one machine; nothing fails until it is armed.
#[derive(Debug, Default)]
pub struct Failpoints(Mutex<State>);

impl Failpoints {
    /// The `nth` check of `kind` from now on fails, once. The first is 1.
    pub fn fail_nth(&self, kind: Fail, nth: u64) {
        self.arm(Armed {
            kind: Some(kind),
            passes: nth.saturating_sub(1),
            sticky: false,
        });
    }

    /// The `nth` check of `kind` from now on and all later ones fail, until [`Failpoints::disarm`].
    pub fn fail_from(&self, kind: Fail, nth: u64) {
        self.arm(Armed {
            kind: Some(kind),
            passes: nth.saturating_sub(1),
            sticky: true,
        });
    }

    /// The `nth` check of any kind from now on fails, once. Sweeping `nth` from 1 until [`Failpoints::disarm`] answers
    /// `false` visits every failure of an operation.
    pub fn fail_any_nth(&self, nth: u64) {
        self.arm(Armed {
            kind: None,
            passes: nth.saturating_sub(1),
            sticky: false,
        });
    }

    fn arm(&self, armed: Armed) {
        *self.0.lock() = State {
            armed: Some(armed),
            fired: 0,
        };
    }

    /// Nothing fails any more. Whether anything failed since the failpoint was armed.
    pub fn disarm(&self) -> bool {
        std::mem::take(&mut *self.0.lock()).fired > 0
    }

    /// Called where `kind` can fail: the errno when it is to fail now.
    pub fn check(&self, kind: Fail) -> Result {
        let mut state = self.0.lock();
        let Some(armed) = &mut state.armed else {
            return Ok(());
        };
        if armed.kind.is_some_and(|armed| armed != kind) {
            return Ok(());
        }
        // A signal is no failure of a resource: a sweep over everything leaves it out.
        if armed.kind.is_none() && kind == Fail::Signal {
            return Ok(());
        }
        if armed.passes > 0 {
            armed.passes -= 1;
            return Ok(());
        }
        if !armed.sticky {
            state.armed = None;
        }
        state.fired += 1;
        Err(kind.errno())
    }
}
