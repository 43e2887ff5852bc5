//! What a device BO is: a piece of the heap of a file.

use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::sync::{Arc, Mutex, Weak};

use crate::client::{Client, Slice};

/// Addresses in the heap of a file, and the chunks that they lie in.
///
/// Having a `Piece` tells you that the addresses are yours alone, and that the chunks stay for as long as you have it; not that a process
/// has them mapped.
///
/// # Invariants
///
/// It goes back to its heap once: when whoever has it says so, or when it is dropped.
pub(crate) struct Piece {
    client: Weak<Client>,
    slice: Mutex<Option<Slice>>,
}

impl Piece {
    /// Cuts `size` bytes. Errors of [`Client::cut`].
    pub(crate) fn cut(client: &Arc<Client>, size: u64) -> Result<Self> {
        Ok(Self {
            client: Arc::downgrade(client),
            slice: Mutex::new(Some(client.cut(size)?)),
        })
    }

    /// Runs `look` on what it is. `EINVAL` once it went back.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Slice) -> R) -> Result<R> {
        self.slice.lock().as_ref().map(look).ok_or(Errno::EINVAL)
    }

    /// The chunk that it lies in, and where. `ENOMEM` for one that lies in two.
    pub(crate) fn chunk(&self) -> Result<(Gem, u64, u64)> {
        self.look(|slice| match slice.chunks().as_slice() {
            [chunk] => Ok((chunk.clone(), slice.offset(), slice.size())),
            _ => Err(Errno::ENOMEM),
        })?
    }

    /// Gives it back.
    pub(crate) fn give_back(&self) {
        let slice = self.slice.lock().take();
        if let (Some(slice), Some(client)) = (slice, self.client.upgrade()) {
            client.give_back(slice);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.give_back();
    }
}
