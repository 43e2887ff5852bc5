//! The dma-bufs of a machine, as debugfs lists them.

use std::fmt;

use super::dma_buf::{DmaBuf, WeakDmaBuf};
use crate::machine::Machine;
use crate::sync::Mutex;

/// Every dma-buf that is not released yet; the newest is first in the list (`db_list`).
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Vec<WeakDmaBuf>>);

impl Registry {
    pub(super) fn add(&self, dma_buf: &DmaBuf) {
        let mut list = self.0.lock();
        // Amortised: buffers that are gone go when the list would grow.
        if list.len() == list.capacity() {
            list.retain(WeakDmaBuf::exists);
        }
        list.push(dma_buf.downgrade());
    }

    fn list(&self) -> Vec<WeakDmaBuf> {
        self.0.lock().iter().rev().cloned().collect()
    }
}

/// One line of `dma_buf/bufinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufInfo {
    /// Bytes.
    pub size: u64,
    /// References to its file.
    pub refs: usize,
    /// Who exported it.
    pub exporter: &'static str,
    /// The devices that are attached, in the order in which they came.
    pub attached: Vec<String>,
}

impl fmt::Display for BufInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} {} refs={:08}]", self.exporter, self.size, self.refs)?;
        self.attached
            .iter()
            .try_for_each(|name| write!(f, " +{name}"))
    }
}

impl Machine {
    /// The dma-bufs that exist, the newest first (`dma_buf_debug_show`).
    #[must_use]
    pub fn bufinfo(&self) -> Vec<BufInfo> {
        let list = self.dma_bufs().list();
        list.iter().filter_map(WeakDmaBuf::info).collect()
    }
}
