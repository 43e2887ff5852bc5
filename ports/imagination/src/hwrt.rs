//! Datasets of renders: two render targets, and the free lists that their parameters are stored in (`pvr_hwrt.c`).

use drm_core::errno::{Errno, Result};
use drm_core::machine::Fail;
use drm_core::memory::KernelMap;
use drm_core::sync::{Arc, Mutex};

use crate::buffer::PvrGem;
use crate::device::PvrDevice;
use crate::features::Features;
use crate::free_list::FreeList;
use crate::fw::FwObject;
use crate::fwif::{cleanup, get32, hwrtdata, put32};
use crate::uapi::{BoFlags, CreateHwrtDataset, HwrtRtData};

/// Bytes of `struct rogue_fwif_hwrtdata_common`.
const COMMON_SIZE: usize = 88;
/// Bytes of an entry of the arrays that there are one of per layer.
const LAYER_ENTRY_SIZE: u64 = 4;

/// One render target (`struct pvr_hwrt_data`).
pub struct HwrtData<B: PvrGem> {
    pub(crate) fw_obj: Arc<FwObject<B>>,
    /// Arrays by layer; only with more than one.
    layers: Vec<Arc<FwObject<B>>>,
}

impl<B: PvrGem> HwrtData<B> {
    /// After a reset: whatever uses the target is skipped (`pvr_free_list_reconstruct`).
    pub(crate) fn mark_reset(&self) -> Result {
        let gem = self.fw_obj.gem();
        let map = gem.kernel_map()?;
        put32(&map, hwrtdata::STATE, hwrtdata::STATE_HWR)?;
        let flags = get32(&map, hwrtdata::FLAGS)?;
        put32(&map, hwrtdata::FLAGS, flags & !hwrtdata::HAS_LAST_GEOM)?;
        gem.kernel_unmap();
        Ok(())
    }
}

/// A dataset (`struct pvr_hwrt_dataset`). Counted: a file and jobs hold it.
pub struct HwrtDataset<B: PvrGem> {
    pvr: Arc<PvrDevice<B>>,
    free_lists: [Arc<FreeList<B>>; 2],
    common: Arc<FwObject<B>>,
    /// What the common object is made anew from.
    _contents: Arc<[u8; COMMON_SIZE]>,
    data: Mutex<Vec<Arc<HwrtData<B>>>>,
}

impl<B: PvrGem> HwrtDataset<B> {
    /// A new dataset (`pvr_hwrt_dataset_create`).
    ///
    /// # Errors
    ///
    /// `EINVAL` for an unknown free list, a local one that is too small, and a number of samples that there is not;
    /// `ENOMEM`; those of firmware objects. After an error with a render target, the common firmware object is not destroyed:
    /// it stays.
    pub(crate) fn create(
        pvr: &Arc<PvrDevice<B>>,
        free_lists: [Option<Arc<FreeList<B>>>; 2],
        args: &CreateHwrtDataset,
    ) -> Result<Arc<Self>> {
        pvr.machine().failpoints().check(Fail::Alloc)?;
        let [Some(local), Some(global)] = free_lists else {
            return Err(Errno::EINVAL);
        };
        if local.current_pages() < pvr.features().free_list_min_pages() {
            return Err(Errno::EINVAL);
        }
        let contents = Arc::new(common_struct(pvr.features(), args)?);
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let (weak, machine) = (Arc::downgrade(&contents), pvr.machine().clone());
        let init = move |map: &KernelMap| match weak.upgrade() {
            Some(contents) => map.write(0, &*contents),
            None => {
                machine.oops("pvr_hwrt.c: hwrtdata_common_init: dataset used after it was freed");
                Err(Errno::EFAULT)
            }
        };
        let size = COMMON_SIZE as u64;
        let common = pvr.fw_object_create(size, uncached, Some(Box::new(init)))?;
        let dataset = Arc::new(Self {
            pvr: Arc::clone(pvr),
            free_lists: [local, global],
            common,
            _contents: contents,
            data: Mutex::default(),
        });
        for rt_data in &args.rt_data_args {
            match dataset.create_data(args, rt_data) {
                Ok(data) => dataset.data.lock().push(data),
                Err(error) => {
                    dataset.forget();
                    return Err(error);
                }
            }
        }
        Ok(dataset)
    }

    /// The error path of the creation: the targets that there are, the lists; not the common object.
    fn forget(&self) {
        let data = std::mem::take(&mut *self.data.lock());
        for data in data.iter().rev() {
            self.fini_data(data);
        }
    }

    /// `hwrt_data_init_fw_structure`.
    fn create_data(&self, args: &CreateHwrtDataset, rt: &HwrtRtData) -> Result<Arc<HwrtData<B>>> {
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let layer_bytes = u64::from(args.layers) * LAYER_ENTRY_SIZE;
        let mut layers = Vec::new();
        if args.layers > 1 {
            for _ in 0..2 {
                match self.pvr.fw_object_create(layer_bytes, uncached, None) {
                    Ok(object) => layers.push(object),
                    Err(error) => {
                        self.destroy_layers(&layers);
                        return Err(error);
                    }
                }
            }
        }
        let layer_addr = |i: usize| layers.get(i).map_or(0, |object| object.addr());
        let words = [
            (hwrtdata::COMMON, self.common.addr()),
            (hwrtdata::FREELISTS, self.free_lists[0].fw_addr()),
            (hwrtdata::FREELISTS + 4, self.free_lists[1].fw_addr()),
            (hwrtdata::RTA_VALID_RENDER_TARGETS, layer_addr(0)),
            (hwrtdata::RTA_NUM_PARTIAL_RENDERS, layer_addr(1)),
            (hwrtdata::RTA_MAX_RTS, args.layers),
        ];
        let geom = args.geom_data_args;
        let addrs = [
            (hwrtdata::TAIL_PTRS_DEV_ADDR, geom.tpc_dev_addr),
            (hwrtdata::VHEAP_TABLE_DEV_ADDR, geom.vheap_table_dev_addr),
            (hwrtdata::RTC_DEV_ADDR, geom.rtc_dev_addr),
            (hwrtdata::PM_MLIST_DEV_ADDR, rt.pm_mlist_dev_addr),
            (
                hwrtdata::MACROTILE_ARRAY_DEV_ADDR,
                rt.macrotile_array_dev_addr,
            ),
            (hwrtdata::RGN_HEADER_DEV_ADDR, rt.region_header_dev_addr),
        ];
        let mut bytes = vec![0; hwrtdata::SIZE as usize];
        for (at, value) in words {
            bytes[at as usize..][..4].copy_from_slice(&value.to_le_bytes());
        }
        for (at, value) in addrs {
            bytes[at as usize..][..8].copy_from_slice(&value.to_le_bytes());
        }
        let init = move |map: &KernelMap| map.write(0, &bytes);
        let size = hwrtdata::SIZE;
        let fw_obj = self
            .pvr
            .fw_object_create(size, uncached, Some(Box::new(init)))
            .inspect_err(|_| self.destroy_layers(&layers))?;
        let data = Arc::new(HwrtData { fw_obj, layers });
        self.free_lists[0].add_hwrt(&data);
        Ok(data)
    }

    fn destroy_layers(&self, layers: &[Arc<FwObject<B>>]) {
        for object in layers.iter().rev() {
            self.pvr.fw_object_destroy(object);
        }
    }

    /// `hwrt_data_fini_fw_structure`.
    fn fini_data(&self, data: &Arc<HwrtData<B>>) {
        self.free_lists[0].remove_hwrt(data);
        self.destroy_layers(&data.layers);
        self.pvr.fw_object_destroy(&data.fw_obj);
    }

    /// One of its render targets (`pvr_hwrt_data_lookup`).
    pub(crate) fn data(&self, index: u32) -> Option<Arc<HwrtData<B>>> {
        self.data.lock().get(index as usize).cloned()
    }
}

impl<B: PvrGem> Drop for HwrtDataset<B> {
    /// `pvr_hwrt_dataset_release`.
    fn drop(&mut self) {
        let data = std::mem::take(&mut *self.data.lock());
        // A dataset without targets is one whose creation failed: what there was to undo is undone.
        if data.is_empty() {
            return;
        }
        for data in data.iter().rev() {
            let asked = self
                .pvr
                .fw_structure_cleanup(cleanup::HWRTDATA, &data.fw_obj, 0);
            if asked.is_err() {
                self.pvr
                    .machine()
                    .warn("pvr_hwrt.c: pvr_fw_structure_cleanup");
            }
            self.fini_data(data);
        }
        self.pvr.fw_object_destroy(&self.common);
    }
}

/// Where the samples of a pixel are, in sixteenths, by `log2` of their number.
const SAMPLE_POSITIONS: [([u8; 8], [u8; 8]); 4] = [
    ([8, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0]),
    ([12, 4, 0, 0, 0, 0, 0, 0], [12, 4, 0, 0, 0, 0, 0, 0]),
    ([6, 14, 2, 10, 0, 0, 0, 0], [2, 6, 10, 14, 0, 0, 0, 0]),
    ([9, 7, 13, 5, 3, 1, 11, 15], [5, 11, 9, 3, 13, 7, 15, 1]),
];

/// `get_cr_multisamplectl_val`. `EINVAL` for no samples, and for 16 or more.
fn multisample_ctl(samples: u32, y_flip: bool) -> Result<u64> {
    let positions = samples
        .checked_ilog2()
        .and_then(|log2| SAMPLE_POSITIONS.get(log2 as usize))
        .ok_or(Errno::EINVAL)?;
    let mut value = 0;
    for (i, (x, y)) in positions.0.iter().zip(positions.1).enumerate() {
        let y = if y_flip { 16 - y } else { y };
        value |= u64::from(*x) << (8 * i);
        value |= if y_flip {
            u64::from(y & 0xf) << (8 * i + 4)
        } else {
            u64::from(y) << (8 * i + 4)
        };
    }
    Ok(value)
}

/// The struct that both render targets share (`hwrt_init_common_fw_structure`), for a core with the simple parameter format
/// and one sample per pixel and clock.
fn common_struct(features: &Features, args: &CreateHwrtDataset) -> Result<[u8; COMMON_SIZE]> {
    let tiles = |pixels: u32, size: u32| pixels.wrapping_add(size - 1) / size;
    let tiles_x = tiles(args.width, features.tile_size_x);
    let tiles_y = tiles(args.height, features.tile_size_y);
    let (mtile_x, mtile_y) = (tiles_x.div_ceil(8) * 2, tiles_y.div_ceil(8) * 2);
    let max_x = tiles_x.next_multiple_of(2).wrapping_sub(1);
    let max_y = tiles_y.next_multiple_of(2).wrapping_sub(1);
    let (mut isp_x, mut isp_y) = (mtile_x, mtile_y);
    let mut teaa = 0;
    if args.samples >= 2 {
        isp_y <<= 1;
        teaa |= 1 << 2;
    }
    if args.samples >= 4 {
        isp_x <<= 1;
        teaa |= 1 << 1;
    }
    let pixel_max =
        (args.width.wrapping_sub(1) & 0x7fff) | (args.height.wrapping_sub(1) << 16 & 0x7fff_0000);
    let words: [(usize, u32); 17] = [
        (4, pixel_max),
        (24, args.geom_data_args.tpc_stride),
        (28, args.geom_data_args.tpc_size),
        (32, (max_x & 0x1ff) | (max_y << 12 & 0x1f_f000)),
        (36, mtile_x.wrapping_mul(mtile_y)),
        (40, teaa),
        (44, mtile_x << 18 & 0x07fc_0000),
        (48, mtile_y << 18 & 0x07fc_0000),
        (52, args.isp_merge_lower_x),
        (56, args.isp_merge_lower_y),
        (60, args.isp_merge_upper_x),
        (64, args.isp_merge_upper_y),
        (68, args.isp_merge_scale_x),
        (72, args.isp_merge_scale_y),
        (76, args.region_header_size),
        (80, (isp_x << 16 & 0x03ff_0000) | (isp_y & 0x3ff)),
        (84, 0),
    ];
    let mut bytes = [0; COMMON_SIZE];
    bytes[8..16].copy_from_slice(&multisample_ctl(args.samples, false)?.to_le_bytes());
    bytes[16..24].copy_from_slice(&multisample_ctl(args.samples, true)?.to_le_bytes());
    for (at, word) in words {
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    Ok(bytes)
}
