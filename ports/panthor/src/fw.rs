//! The firmware (`panthor_fw.c`): its address space, in a slot for ever, and its sections.

use drm_core::device::Device;
use drm_core::errno::Result;
use drm_core::sync::Arc;

use crate::bo::BufferObject;
use crate::kernel_bo::KernelBo;
use crate::mmu::{MCU_VM_NAME, Mmu, Vm, VmRange};
use crate::uapi::BO_NO_MMAP;

/// What a Cortex-M7 can address.
const SZ_4G: u64 = 4 << 30;
/// Where the firmware shares memory with the driver: first address, and bytes (`CSF_MCU_SHARED_REGION`).
const SHARED_REGION: (u64, u64) = (0x0400_0000, 0x0400_0000);

/// The firmware of one device (`struct panthor_fw`).
pub struct Firmware<B: BufferObject> {
    vm: Vm<B>,
    section: KernelBo<B>,
}

impl<B: BufferObject> Firmware<B> {
    /// Loads a firmware with one section of `size` bytes, at address 0, and puts its space into slot 0 (`panthor_fw_init`,
    /// `panthor_fw_load_section_entry`).
    ///
    /// Errors of the space and of the section.
    pub(crate) fn load(dev: &Device, mmu: &Arc<Mmu>, size: u64) -> Result<Self> {
        let range = VmRange {
            full: SZ_4G,
            kernel: (0, SZ_4G),
            auto: SHARED_REGION,
        };
        let vm = Vm::new(dev, mmu, MCU_VM_NAME, range)?;
        vm.active()?;
        match Self::load_section(&vm, size) {
            Ok(section) => Ok(Self { vm, section }),
            Err(error) => {
                vm.destroy();
                Err(error)
            }
        }
    }

    /// The contents are written by the CPU, through its caches, and then pushed out to where the firmware sees them.
    fn load_section(vm: &Vm<B>, size: u64) -> Result<KernelBo<B>> {
        let section = KernelBo::new(vm, size, BO_NO_MMAP, 0, Some(0))?;
        let map = section.vmap()?;
        map.fill(0, size, 0)?;
        section.vunmap();
        section.object().sync_for_device()?;
        Ok(section)
    }

    /// The firmware's space.
    #[must_use]
    pub fn vm(&self) -> &Vm<B> {
        &self.vm
    }

    /// The device goes (`panthor_fw_unplug`).
    pub(crate) fn unload(self) {
        drop(self.section);
        self.vm.idle();
        self.vm.destroy();
    }
}
