//! The device (`struct panthor_device`), its probe, and what it keeps with an open file.

use drm_core::device::{Device, Driver, Features, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::mmap::{NewVma, Sharing};
use drm_core::prime::{Attachment, DmaBuf};
use drm_core::sync::{Arc, Mutex};

use crate::bo::{BufferObject, DriverHooks, Policy};
use crate::drv;
use crate::fw::Firmware;
use crate::hw::{Hw, HwConfig};
use crate::mmu::{Mmu, Vm, VmPool};
use crate::sched::{GroupPool, Scheduler};
use crate::uapi;

/// The driver on one GPU; `B` is the side that keeps the memory of its objects.
pub struct Panthor<B: BufferObject> {
    hw: Arc<Hw>,
    mmu: Arc<Mmu>,
    scheduler: Arc<Scheduler<B>>,
    firmware: Mutex<Option<Firmware<B>>>,
    hooks: B::Hooks,
}

/// What the driver keeps with an open file (`struct panthor_file`).
pub struct PanthorFile<B: BufferObject> {
    /// Its address spaces.
    pub vms: VmPool<B>,
    /// Its groups.
    pub groups: GroupPool<B>,
}

/// A GPU with its driver. Dropping it takes both away.
pub struct Gpu<B: BufferObject> {
    dev: Device,
    panthor: Arc<Panthor<B>>,
}

/// Finds a GPU and starts its firmware (`panthor_probe`).
///
/// `ENOMEM`, `ENOSPC` without memory for the firmware.
pub fn probe<B: BufferObject>(machine: &Machine, config: HwConfig) -> Result<Gpu<B>> {
    probe_with(machine, config, Policy::default())
}

/// [`probe`], with a choice of when memory leaves. The same errors.
pub fn probe_with<B: BufferObject>(
    machine: &Machine,
    config: HwConfig,
    policy: Policy,
) -> Result<Gpu<B>> {
    let hw = Arc::new(Hw::new(machine, config)?);
    let mmu = Arc::new(Mmu::new(&hw));
    let panthor = Arc::new(Panthor::<B> {
        scheduler: Scheduler::new(&hw, &mmu),
        mmu,
        hw,
        firmware: Mutex::default(),
        hooks: B::Hooks::default(),
    });
    let dma = DmaConfig {
        mask: (1 << config.pa_bits()) - 1,
        coherent: config.coherent,
        ..DmaConfig::default()
    };
    let dma = DmaDevice::new(machine, "panthor", dma);
    let dev = Device::new(dma, Arc::clone(&panthor) as Arc<dyn Driver>);
    panthor.hooks.start(&dev, policy);
    let firmware = Firmware::load(&dev, &panthor.mmu, config.firmware_section)?;
    *panthor.firmware.lock() = Some(firmware);
    Ok(Gpu { dev, panthor })
}

impl<B: BufferObject> Gpu<B> {
    /// The DRM device.
    #[must_use]
    pub fn dev(&self) -> &Device {
        &self.dev
    }

    /// The driver.
    #[must_use]
    pub fn driver(&self) -> &Arc<Panthor<B>> {
        &self.panthor
    }

    /// The hardware.
    #[must_use]
    pub fn hw(&self) -> &Arc<Hw> {
        &self.panthor.hw
    }
}

impl<B: BufferObject> Drop for Gpu<B> {
    /// `panthor_remove`.
    fn drop(&mut self) {
        self.dev.unplug();
        self.panthor.scheduler.unplug();
        let firmware = self.panthor.firmware.lock().take();
        if let Some(firmware) = firmware {
            firmware.unload();
        }
    }
}

impl<B: BufferObject> Panthor<B> {
    /// The hardware.
    #[must_use]
    pub fn hw(&self) -> &Hw {
        &self.hw
    }

    /// The slots for address spaces.
    #[must_use]
    pub fn mmu(&self) -> &Arc<Mmu> {
        &self.mmu
    }

    /// The scheduler of groups.
    #[must_use]
    pub fn scheduler(&self) -> &Arc<Scheduler<B>> {
        &self.scheduler
    }

    /// The hooks of the side.
    #[must_use]
    pub fn hooks(&self) -> &B::Hooks {
        &self.hooks
    }

    /// The firmware's address space. `ENODEV` when the device is gone.
    pub fn fw_vm(&self) -> Result<Vm<B>> {
        let firmware = self.firmware.lock();
        firmware
            .as_ref()
            .map(|firmware| firmware.vm().clone())
            .ok_or(Errno::ENODEV)
    }
}

/// Whether the device sees the CPU caches (`ptdev->coherent`).
#[must_use]
pub fn is_coherent(dev: &Device) -> bool {
    dev.dma().config().coherent
}

/// What the driver keeps with `file`. `EINVAL` for a file of another driver.
pub(crate) fn private<B: BufferObject>(file: &File) -> Result<&PanthorFile<B>> {
    file.private().ok_or(Errno::EINVAL)
}

impl<B: BufferObject> Driver for Panthor<B> {
    fn name(&self) -> &'static str {
        "panthor"
    }

    fn features(&self) -> Features {
        Features::RENDER | Features::GEM | Features::SYNCOBJ | Features::GPUVA
    }

    fn open(&self, file: &File) -> Result {
        file.set_private(PanthorFile::<B> {
            vms: VmPool::default(),
            groups: GroupPool::default(),
        });
        Ok(())
    }

    fn postclose(&self, file: &File) {
        if let Ok(private) = private::<B>(file) {
            private.groups.destroy();
            private.vms.destroy();
        }
    }

    fn ioctl(&self, file: &File, nr: u32, arg: &mut [u8]) -> Result {
        drv::ioctl(self, file, nr, arg)
    }

    fn ioctl_size(&self, nr: u32) -> Option<usize> {
        uapi::arg_size(nr)
    }

    fn mmap(&self, _file: &File, vma: &mut NewVma) -> Option<Result> {
        let offset = vma.pgoff().checked_mul(drm_core::PAGE_SIZE)?;
        (offset >= uapi::USER_MMIO_OFFSET).then(|| self.mmap_io(vma, offset))
    }

    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        self.hooks.gem_prime_import_sg_table(dev, attach, table)
    }

    fn has_import_sg_table(&self) -> bool {
        self.hooks.has_import_sg_table()
    }

    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        self.hooks.gem_prime_import(dev, dma_buf)
    }
}

impl<B: BufferObject> Panthor<B> {
    /// Maps registers for a process (`panthor_device_mmap_io`). `EINVAL` for anything but one page, shared and read-only, of the
    /// flush id.
    fn mmap_io(&self, vma: &mut NewVma, offset: u64) -> Result {
        let readable = vma.sharing() == Sharing::Shared && !vma.prot().writes();
        if offset != uapi::USER_FLUSH_ID_MMIO_OFFSET || vma.pages() != 1 || !readable {
            return Err(Errno::EINVAL);
        }
        vma.map_page(0, self.hw.flush_id_page());
        Ok(())
    }
}
