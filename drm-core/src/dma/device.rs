//! A device that can do DMA (`struct device`), behind an IOMMU or not, coherent or not.

use std::collections::BTreeMap;

use crate::PAGE_SIZE;
use crate::errno::{Errno, Result};
use crate::machine::{Fail, Machine};
use crate::sync::{Arc, Mutex};

/// What a device can reach, and how.
#[derive(Clone, Copy, Debug)]
pub struct DmaConfig {
    /// Highest address it can put on the bus.
    pub mask: u64,
    /// Whether it sees the CPU caches; otherwise mapping for DMA writes them back.
    pub coherent: bool,
    /// Whether an IOMMU translates: addresses then come from a space of their own.
    pub iommu: bool,
    /// Longest segment in bytes (`dma_max_mapping_size`); 0 for no limit.
    pub max_segment: u32,
}

impl Default for DmaConfig {
    /// A coherent device without IOMMU that reaches 40 bits.
    fn default() -> Self {
        Self {
            mask: (1 << 40) - 1,
            coherent: true,
            iommu: false,
            max_segment: 0,
        }
    }
}

#[derive(Debug)]
struct Inner {
    name: String,
    machine: Machine,
    config: Mutex<DmaConfig>,
    /// I/O virtual addresses in use: first byte; length, and the physical address behind it.
    iova: Mutex<BTreeMap<u64, (u64, u64)>>,
}

/// A device. A clone is the same device.
#[derive(Clone, Debug)]
pub struct DmaDevice(Arc<Inner>);

impl DmaDevice {
    /// A device on `machine`.
    #[must_use]
    pub fn new(machine: &Machine, name: impl Into<String>, config: DmaConfig) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            machine: machine.clone(),
            config: Mutex::new(config),
            iova: Mutex::default(),
        }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.0.machine
    }

    /// What it can reach now.
    #[must_use]
    pub fn config(&self) -> DmaConfig {
        *self.0.config.lock()
    }

    /// Changes the highest address it can reach (`dma_set_mask`).
    pub fn set_mask(&self, mask: u64) {
        self.0.config.lock().mask = mask;
    }

    /// Whether both are the same device.
    #[must_use]
    pub fn is(&self, other: &DmaDevice) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Longest segment in bytes (`dma_max_mapping_size`, or `UINT_MAX`).
    #[must_use]
    pub fn max_segment(&self) -> u64 {
        match self.config().max_segment {
            0 => u64::from(u32::MAX),
            limit => u64::from(limit),
        }
    }

    /// The bus address of `len` bytes at physical address `pa`. `EIO` when the device cannot reach them.
    pub(super) fn map(&self, pa: u64, len: u64) -> Result<u64> {
        self.0.machine.failpoints().check(Fail::DmaMap)?;
        let config = self.config();
        let dma = if config.iommu {
            self.alloc_iova(pa, len, config.mask)?
        } else {
            pa
        };
        if dma + (len - 1) > config.mask {
            self.0
                .machine
                .warn("dma: address beyond what the device can reach");
            return Err(Errno::EIO);
        }
        self.0.machine.counters().dma_mapped.add(1);
        self.sync(len);
        Ok(dma)
    }

    pub(super) fn unmap(&self, dma: u64, len: u64) {
        if self.config().iommu {
            self.0.iova.lock().remove(&dma);
        }
        self.0.machine.counters().dma_unmapped.add(1);
        self.sync(len);
    }

    /// Writes back or invalidates the CPU caches over `len` bytes, where the device does not see them.
    pub fn sync(&self, len: u64) {
        if !self.config().coherent {
            self.0.machine.counters().cache_synced.add(len);
        }
    }

    /// The physical address that the device reaches at bus address `dma`; `None` where the IOMMU maps nothing.
    #[must_use]
    pub fn translate(&self, dma: u64) -> Option<u64> {
        if !self.config().iommu {
            return Some(dma);
        }
        let iova = self.0.iova.lock();
        let (&start, &(len, pa)) = iova.range(..=dma).next_back()?;
        (dma - start < len).then(|| pa + (dma - start))
    }

    /// First fit from the bottom, page by page; the first page is never used, so that 0 stays invalid.
    fn alloc_iova(&self, pa: u64, len: u64, mask: u64) -> Result<u64> {
        let len = crate::page_align(len);
        let mut iova = self.0.iova.lock();
        let mut at = PAGE_SIZE;
        for (&start, &(taken, _)) in iova.iter() {
            if start - at >= len {
                break;
            }
            at = start + taken;
        }
        if at + (len - 1) > mask {
            return Err(Errno::EIO);
        }
        iova.insert(at, (len, pa));
        Ok(at)
    }
}
