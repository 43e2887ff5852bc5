//! Facts about the device for user space (`pvr_ioctl_dev_query`).

use bytemuck::Pod;
use drm_core::errno::{Errno, Result};

use super::PvrDriver;
use crate::buffer::PvrGem;
use crate::features::Features;
use crate::heap::{self, HEAPS, STATIC_DATA_AREAS};
use crate::uapi::*;
use crate::uobj;

/// Largest free list, in pages: 2 GiB (`ROGUE_PM_MAX_FREELIST_SIZE`).
const FREE_LIST_MAX_PAGES: u64 = (2 << 30) / drm_core::PAGE_SIZE;
/// Registers that vertex work may share (`ROGUE_MAX_VERTEX_SHARED_REGISTERS`).
const MAX_VERTEX_SHARED: u32 = 1024;
/// Registers that pixel work may share (`ROGUE_MAX_PIXEL_SHARED_REGISTERS`).
const MAX_PIXEL_SHARED: u32 = 1024;
/// `ROGUE_MAX_PER_KERNEL_LOCAL_MEM_SIZE_REGS`.
const MAX_LOCAL_MEM: u32 = 4096;

/// `rogue_get_common_store_partition_space_size`.
fn partition_space(features: &Features) -> u32 {
    if (features.tile_size_x, features.tile_size_y) == (16, 16) {
        16 * 16 * features.max_partitions * features.usc_min_output_registers_per_pix
    } else {
        features.max_partitions * 1024
    }
}

fn runtime_info(features: &Features) -> QueryRuntimeInfo {
    let alloc_region = features.common_store_size_in_dwords - 256 * 4 - partition_space(features);
    let pixel_portion = features
        .isp_max_tiles_in_flight
        .div_ceil(features.num_phantoms())
        * MAX_PIXEL_SHARED;
    // With enhancement 38748, and without 38020.
    let max_coeffs = alloc_region - (pixel_portion + MAX_VERTEX_SHARED);
    QueryRuntimeInfo {
        free_list_min_pages: features.free_list_min_pages().into(),
        free_list_max_pages: FREE_LIST_MAX_PAGES,
        common_store_alloc_region_size: alloc_region,
        common_store_partition_space_size: partition_space(features),
        max_coeffs,
        cdm_max_local_mem_size_regs: max_coeffs.min(MAX_LOCAL_MEM),
    }
}

impl<B: PvrGem> PvrDriver<B> {
    /// `pvr_ioctl_dev_query`. `EIO`; `EINVAL` for an unknown query, a struct that is too short, or padding; `E2BIG` for too
    /// little room, or unknown fields that are set; `EFAULT`.
    pub(super) fn dev_query(&self, args: &mut DevQuery) -> Result {
        self.pvr.enter()?;
        let features = self.pvr.features();
        match args.kind {
            query::GPU_INFO => {
                let info = QueryGpuInfo {
                    gpu_id: features.gpu_id,
                    num_phantoms: features.num_phantoms(),
                    padding_c: 0,
                };
                // The padding at the end is not asked for.
                self.answer(args, size_of::<QueryGpuInfo>() - 4, &info)
            }
            query::RUNTIME_INFO => {
                let info = runtime_info(features);
                self.answer(args, size_of::<QueryRuntimeInfo>(), &info)
            }
            query::QUIRKS => self.quirks(args),
            query::ENHANCEMENTS => self.enhancements(args),
            query::HEAP_INFO => self.heap_info(args),
            query::STATIC_DATA_AREAS => self.static_data_areas(args),
            _ => Err(Errno::EINVAL),
        }
    }

    /// A struct without arrays: its size without a pointer, else the struct.
    fn answer<T: Pod>(&self, args: &mut DevQuery, min: usize, value: &T) -> Result {
        let size = size_of::<T>() as u32;
        if args.pointer == 0 {
            args.size = size;
            return Ok(());
        }
        uobj::set(self.pvr.machine(), args.pointer, args.size, min, value)?;
        args.size = args.size.min(size);
        Ok(())
    }

    /// A struct with an array: its size without a pointer, else what `fill` makes of it.
    fn exchange<T: Pod>(&self, args: &mut DevQuery, fill: impl FnOnce(&mut T) -> Result) -> Result {
        let size = size_of::<T>();
        if args.pointer == 0 {
            args.size = size as u32;
            return Ok(());
        }
        let machine = self.pvr.machine();
        let mut value: T = uobj::get(machine, args.pointer, args.size, size)?;
        fill(&mut value)?;
        uobj::set(machine, args.pointer, args.size, size, &value)?;
        args.size = size as u32;
        Ok(())
    }

    /// `pvr_dev_query_quirks_get`: this core has none that user space is told of.
    fn quirks(&self, args: &mut DevQuery) -> Result {
        self.exchange(args, |query: &mut QueryQuirks| {
            if query.padding_c != 0 {
                return Err(Errno::EINVAL);
            }
            if query.quirks != 0 {
                query.musthave_count = 0;
            }
            query.count = 0;
            Ok(())
        })
    }

    /// `pvr_dev_query_enhancements_get`: enhancement 35421.
    fn enhancements(&self, args: &mut DevQuery) -> Result {
        let machine = self.pvr.machine();
        self.exchange(args, |query: &mut QueryEnhancements| {
            if query.padding_a != 0 || query.padding_c != 0 {
                return Err(Errno::EINVAL);
            }
            let numbers = [35421u32];
            if query.enhancements != 0 {
                if usize::from(query.count) < numbers.len() {
                    return Err(Errno::E2BIG);
                }
                machine
                    .user()
                    .write(query.enhancements, bytemuck::cast_slice(&numbers))?;
            }
            query.count = numbers.len() as u16;
            Ok(())
        })
    }

    /// `pvr_heap_info_get`: a heap that the device does not have is told with size 0.
    fn heap_info(&self, args: &mut DevQuery) -> Result {
        let machine = self.pvr.machine();
        let mut heaps = HEAPS;
        if !self.pvr.features().brn63142 {
            heaps[heap::id::RGNHDR].size = 0;
        }
        self.exchange(args, |query: &mut ObjArray| {
            fill(machine, query, &heaps, false)
        })
    }

    /// `pvr_static_data_areas_get`.
    fn static_data_areas(&self, args: &mut DevQuery) -> Result {
        let machine = self.pvr.machine();
        self.exchange(args, |query: &mut ObjArray| {
            fill(machine, query, &STATIC_DATA_AREAS, true)
        })
    }
}

/// Answers with how many there are and how long each is, or, given an array, with as many as it has room for. One of the two
/// queries looks at the stride even if there is room for none.
fn fill<T: Pod>(
    machine: &drm_core::machine::Machine,
    query: &mut ObjArray,
    all: &[T],
    always_checks_stride: bool,
) -> Result {
    let count = all.len() as u32;
    if query.array == 0 {
        query.count = count;
        query.stride = size_of::<T>() as u32;
        return Ok(());
    }
    query.count = query.count.min(count);
    if query.count == 0 && !always_checks_stride {
        return Ok(());
    }
    uobj::set_array(machine, query, size_of::<T>(), all)
}
