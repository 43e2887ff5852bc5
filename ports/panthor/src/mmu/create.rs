//! New address spaces: how the addresses are split, and what a space is made of.

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gpuvm::{self, GpuVm, VmConfig};
use drm_core::memory::Gfp;
use drm_core::mm::Mm;
use drm_core::sync::atomic::AtomicBool;
use drm_core::sync::{Arc, Mutex};
use port_kit::mmu::MachineTables;
use port_kit::mmu::lpae::{Config, Kind, Lpae};
use port_kit::mmu::prealloc::PreallocTables;

use super::job::Entity;
use super::{Mmu, Vm, VmData};
use crate::bo::BufferObject;
use crate::uapi::VmCreate;

/// The least that is kept for the kernel.
const MIN_KERNEL_VA_SIZE: u64 = 256 << 20;
const SZ_4G: u64 = 4 << 30;
/// Where a 64-bit process ends (`TASK_SIZE`): just below 2^47.
const TASK_SIZE: u64 = (1 << 47) - 4096;

/// The addresses of a new space, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmRange {
    /// Bytes that can be mapped, from 0 on.
    pub full: u64,
    /// First address, and bytes, for the kernel's own objects; user space has what is below.
    pub kernel: (u64, u64),
    /// The part of them that the kernel chooses from.
    pub auto: (u64, u64),
}

impl VmRange {
    /// Splits `1 << va_bits` bytes as user space asks (`panthor_vm_create_check_args`). The kernel's part is a power of two, so
    /// user space may get more than it asked for.
    ///
    /// `EINVAL` for a flag, or when less than 256 MiB would be left.
    pub fn split(args: &VmCreate, va_bits: u32) -> Result<Self> {
        if args.flags != 0 {
            return Err(Errno::EINVAL);
        }
        let full = 1u64 << va_bits;
        let most = full
            .checked_sub(MIN_KERNEL_VA_SIZE)
            .filter(|most| *most > 0)
            .ok_or(Errno::EINVAL)?;
        let user = match args.user_va_range {
            0 if TASK_SIZE < full => TASK_SIZE,
            0 if full > SZ_4G => full / 2,
            0 => most,
            asked => asked,
        };
        let user = user.min(most);
        if args.user_va_range > user {
            return Err(Errno::EINVAL);
        }
        let kernel_size = 1 << (full - user).ilog2();
        let kernel = (full - kernel_size, kernel_size);
        Ok(Self {
            full,
            kernel,
            auto: kernel,
        })
    }
}

impl<B: BufferObject> Vm<B> {
    /// A space without mappings (`panthor_vm_create`).
    ///
    /// `EINVAL` when no page table can be made, be it for want of memory.
    pub(crate) fn new(
        dev: &Device,
        mmu: &Arc<Mmu>,
        name: &'static str,
        range: VmRange,
    ) -> Result<Self> {
        let pages = MachineTables::new(dev.machine(), Gfp::KERNEL);
        let table_mem = Arc::new(PreallocTables::new(Arc::new(pages)));
        let config = Config {
            ias: mmu.va_bits(),
            oas: mmu.pa_bits(),
            coherent_walk: mmu.is_coherent(),
        };
        let table =
            Lpae::new(Arc::clone(&table_mem), Kind::Stage1, config).map_err(|_| Errno::EINVAL)?;
        let (format, root) = (table.format(), table.root());
        let memattr = mair_to_memattr(mair(table.memory_attributes()));
        let slot = mmu.register(root, memattr);
        let (auto_start, auto_size) = range.auto;
        let data = VmData {
            dev: dev.clone(),
            mmu: Arc::clone(mmu),
            table: Mutex::new(table),
            table_mem,
            format,
            root,
            memattr,
            user_va_range: range.kernel.0,
            mm: Mutex::new(Mm::new(range.kernel.0, range.kernel.1)),
            kernel_auto_va: (auto_start, auto_start + auto_size - 1),
            heaps: Mutex::default(),
            entity: Mutex::new(Entity::default()),
            destroyed: AtomicBool::new(false),
            unusable: AtomicBool::new(false),
            slot,
            space: B::new_space(dev),
        };
        let config = VmConfig {
            name,
            range: 0..range.full,
            // Nothing is reserved: the kernel's mappings are treated as those of user space.
            reserved: 0..0,
            resv_protected: true,
        };
        Ok(Self(GpuVm::new(config, gpuvm::resv_object(dev), data)))
    }
}

/// The attributes as the page-table code hands them out: put together as a 32-bit number with its highest bit set, which
/// becomes 64 bits with its sign. The four unused ones are 0xff, not 0.
fn mair(attributes: u64) -> u64 {
    i64::from(attributes as u32 as i32).cast_unsigned()
}

const MEMATTR_INNER_OUTER_NC: u8 = 1 << 6;
const MEMATTR_INNER_OUTER_WB: u8 = 2 << 6;
const MEMATTR_SH_MIDGARD_INNER: u8 = 0 << 4;
const MEMATTR_SH_CPU_INNER: u8 = 1 << 4;
const MEMATTR_INNER_ALLOC_EXPL: u8 = 3 << 2;

/// The attributes of a slot (`mair_to_memattr`): write-back only where inner and outer both are, else not cached.
fn mair_to_memattr(mair: u64) -> u64 {
    let attributes = mair.to_le_bytes().map(|attribute| {
        let (outer, inner) = (attribute >> 4, attribute & 0xf);
        if outer & 3 == 0 || outer & 4 == 0 || inner & 4 == 0 {
            MEMATTR_INNER_OUTER_NC | MEMATTR_SH_MIDGARD_INNER | MEMATTR_INNER_ALLOC_EXPL
        } else {
            MEMATTR_INNER_OUTER_WB | MEMATTR_SH_CPU_INNER | MEMATTR_INNER_ALLOC_EXPL | inner & 3
        }
    });
    u64::from_le_bytes(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_gets_the_largest_power_of_two_that_is_left() {
        let split = |user_va_range| {
            let args = VmCreate {
                user_va_range,
                ..VmCreate::default()
            };
            VmRange::split(&args, 48).map(|range| range.kernel.0)
        };
        assert_eq!(split(0), Ok(1 << 47));
        assert_eq!(split(1), Ok(1 << 47));
        assert_eq!(split((1 << 47) + 1), Ok(0xc000_0000_0000));
        assert_eq!(split(0xffff_f000_0000), Ok(0xffff_f000_0000));
        assert_eq!(split(0xffff_f000_0001), Err(Errno::EINVAL));
    }

    #[test]
    fn unused_memory_attributes_are_those_of_a_sign_extension() {
        assert_eq!(mair_to_memattr(mair(0xf404_ff44)), 0x9f9f_9f9f_9c4c_9f4c);
    }
}
