//! Start of the firmware, the objects it needs, and what a hard reset does to them.

use drm_core::errno::{Errno, Result};
use drm_core::memory::KernelMap;
use drm_core::sync::Arc;
use drm_core::sync::atomic::Ordering;

use super::mips::MipsTable;
use super::object::{FwObject, Init, Mapped};
use crate::buffer::PvrGem;
use crate::ccb::Ccb;
use crate::device::PvrDevice;
use crate::features::Processor;
use crate::fwif::{self, get32, osdata, osinit, put32, put64, sysinit};
use crate::heap::{HEAPS, id};
use crate::hw::{BOOT_DATA_PT, Boot};
use crate::uapi::BoFlags;

/// Bytes of the code and of the data of the mock firmware.
const SECTION_SIZE: u64 = 64 << 10;
/// Where the data must be for a MIPS processor.
const MIPS_DATA_OFFSET: u32 = 256 << 10;
/// Bytes of a trace buffer, one for each of two threads.
const TRACE_BUFFER_SIZE: u64 = 4 * 12000;
/// What unused pages of the firmware point to is filled with this.
const FAULT_PAGE_WORD: u32 = 0xdead_bee0;

/// The objects of the firmware itself (`struct pvr_fw_mem`, and the buffers of `struct pvr_device`).
pub(crate) struct FwMem<B: PvrGem> {
    code: Arc<FwObject<B>>,
    data: Arc<FwObject<B>>,
    /// The driver's copy of the data: a reset writes it again.
    data_image: Vec<u8>,
    pub(crate) kccb: Ccb<B>,
    pub(crate) fwccb: Ccb<B>,
    pub(crate) kccb_rtn: Mapped<B>,
    pub(crate) power_sync: Mapped<B>,
    pub(crate) mmucache_sync: Arc<FwObject<B>>,
    pub(crate) sysdata: Mapped<B>,
    sysinit: Mapped<B>,
    /// Mapped for as long as the firmware is there.
    mapped: Vec<Mapped<B>>,
    unmapped: Vec<Arc<FwObject<B>>>,
}

/// Code or data of the mock firmware: every word says where it is.
fn image(seed: u32) -> Vec<u8> {
    (0..SECTION_SIZE as u32 / 4)
        .flat_map(|word| (seed + word).to_le_bytes())
        .collect()
}

const CODE_SEED: u32 = 0xc0de_0000;
const DATA_SEED: u32 = 0xda7a_0000;

impl<B: PvrGem> PvrDevice<B> {
    /// The firmware's own objects, while it is there.
    pub(crate) fn fw_mem(&self) -> Option<Arc<FwMem<B>>> {
        self.fw.mem.lock().clone()
    }

    /// Loads and starts the firmware (`pvr_fw_init`).
    ///
    /// # Errors
    ///
    /// Those of firmware objects; `ETIMEDOUT` when it does not start. Nothing stays.
    pub(crate) fn fw_init(&self) -> Result {
        if self.processor() == Processor::Mips {
            *self.fw.mips.lock() = Some(MipsTable::new(self.machine())?);
        }
        let result = self.fw_create().and_then(|mem| {
            *self.fw.mem.lock() = Some(Arc::new(mem));
            self.fw_start()
        });
        match result {
            Ok(()) => self.booted.store(true, Ordering::SeqCst),
            Err(_) => {
                self.gpu().stop();
                for object in self.fw_objects().iter().rev() {
                    object.unmap();
                    self.fw_object_destroy(object);
                }
                *self.fw.mem.lock() = None;
                *self.fw.mips.lock() = None;
            }
        }
        result
    }

    /// Stops the firmware and frees its objects (`pvr_fw_fini`). Warns of objects that somebody forgot.
    pub(crate) fn fw_fini(&self) {
        self.booted.store(false, Ordering::SeqCst);
        self.gpu().stop();
        let mem = self.fw.mem.lock().take();
        if let Some(mem) = mem {
            for mapped in mem.mapped.iter().chain([&mem.kccb_rtn, &mem.power_sync]) {
                mapped.unmap_and_destroy(self);
            }
            mem.sysdata.unmap_and_destroy(self);
            mem.sysinit.unmap_and_destroy(self);
            for object in &mem.unmapped {
                self.fw_object_destroy(object);
            }
            mem.fwccb.fini(self);
            mem.kccb.fini(self);
            for object in [&mem.mmucache_sync, &mem.code, &mem.data] {
                self.fw_object_destroy(object);
            }
        }
        if !self.fw_objects().is_empty() {
            self.machine()
                .warn("pvr_fw.c: !list_empty(&pvr_dev->fw_dev.fw_objs.list)");
        }
        if !self.fw.mm.lock().is_clean() {
            self.machine()
                .warn("drm_mm.c: memory manager not clean during takedown");
        }
        *self.fw.mips.lock() = None;
    }

    /// Every object, in the order of the real driver: places in the heap depend on it (`pvr_fw_process`, `pvr_kccb_init`,
    /// `pvr_fwccb_init`, `pvr_fw_create_structures`).
    fn fw_create(&self) -> Result<FwMem<B>> {
        let uncached = BoFlags::BYPASS_DEVICE_CACHE;
        let kept = uncached | BoFlags::FW_NO_CLEAR_ON_RESET;
        let config = self.fw.heap.config_offset;
        let new = |size, init| self.fw_object_create_and_map(size, uncached, init);
        let code = self.fw_object_create_and_map_offset(0, SECTION_SIZE, uncached, None)?;
        let data = match self.processor() {
            Processor::Mips => {
                self.fw_object_create_and_map_offset(MIPS_DATA_OFFSET, SECTION_SIZE, uncached, None)
            }
            Processor::Meta => new(SECTION_SIZE, None),
        }?;
        let data_image = self.load_sections(&code, &data)?;
        let mut mapped = vec![self.fw_object_create_and_map_offset(config, 16, uncached, None)?];
        let kccb = Ccb::new(self, fwif::KCCB_LOG2)?;
        let fwccb = Ccb::new(self, fwif::FWCCB_LOG2)?;
        let kccb_rtn = new(4 << fwif::KCCB_LOG2, None)?;
        let power_sync = new(4, None)?;
        let hwrinfobuf = new(2336, None)?;
        let mmucache_sync = self.fw_object_create(4, uncached, None)?;
        let sysdata = new(3624, None)?;
        let fault_page = self.fw_object_create(4096, uncached, Some(Box::new(fill_fault_page)))?;
        let gpu_util = self.fw_object_create(10280, uncached, None)?;
        let runtime_cfg = self.fw_object_create(72, uncached, None)?;
        let mut trace = vec![(fwif::tracebuf::SIZE_IN_DWORDS, TRACE_BUFFER_SIZE as u32 / 4)];
        for thread in 0..2 {
            let buffer = self.fw_object_create_and_map(TRACE_BUFFER_SIZE, kept, None)?;
            trace.push((fwif::tracebuf::buffer(thread), buffer.addr()));
            mapped.push(buffer);
        }
        let init: Init = Box::new(move |map| put_all(map, &trace));
        let trace_ctl = self.fw_object_create_and_map(fwif::tracebuf::SIZE, kept, Some(init))?;
        let power_sync_addr = power_sync.addr();
        let init: Init = Box::new(move |map| put32(map, osdata::POWER_SYNC, power_sync_addr));
        let osdata = new(osdata::SIZE, Some(init))?;
        let osinit = [
            (osinit::KERNEL_CCBCTL, kccb.ctrl.addr()),
            (osinit::KERNEL_CCB, kccb.ccb.addr()),
            (osinit::KERNEL_CCB_RTN_SLOTS, kccb_rtn.addr()),
            (osinit::FIRMWARE_CCBCTL, fwccb.ctrl.addr()),
            (osinit::FIRMWARE_CCB, fwccb.ccb.addr()),
            (osinit::HWR_INFO_BUF_CTL, hwrinfobuf.addr()),
            (osinit::FW_OS_DATA, osdata.addr()),
        ];
        let granularity = super::CONFIG_GRANULARITY;
        let osinit = self.fw_object_create_and_map_offset(
            config + granularity,
            osinit::SIZE,
            uncached,
            Some(Box::new(move |map| put_all(map, &osinit))),
        )?;
        let fault_phys = fault_page.gem().get_dma_addr(0)?;
        let sysinit = [
            (sysinit::RUNTIME_CFG, runtime_cfg.addr()),
            (sysinit::TRACE_BUF_CTL, trace_ctl.addr()),
            (sysinit::FW_SYS_DATA, sysdata.addr()),
            (sysinit::GPU_UTIL_FW_CB_CTL, gpu_util.addr()),
            (sysinit::FIRMWARE_STARTED, 0),
            (sysinit::MARKER_VAL, 1),
        ];
        let init: Init = Box::new(move |map| {
            put64(map, sysinit::FAULT_PHYS_ADDR, fault_phys)?;
            put64(map, sysinit::PDS_EXEC_BASE, HEAPS[id::PDS_CODE_DATA].base)?;
            put64(map, sysinit::USC_EXEC_BASE, HEAPS[id::USC_CODE].base)?;
            put_all(map, &sysinit)
        });
        let sysinit = self.fw_object_create_and_map_offset(
            config + 2 * granularity,
            sysinit::SIZE,
            uncached,
            Some(init),
        )?;
        mapped.extend([hwrinfobuf, trace_ctl, osdata, osinit]);
        Ok(FwMem {
            code: code.object,
            data: data.object,
            data_image,
            kccb,
            fwccb,
            kccb_rtn,
            power_sync,
            mmucache_sync,
            sysdata,
            sysinit,
            mapped,
            unmapped: vec![fault_page, gpu_util, runtime_cfg],
        })
    }

    /// Copies code and data into their objects, which are then unmapped; the data as it must be after a reset. A MIPS
    /// processor finds its page table there.
    fn load_sections(&self, code: &Mapped<B>, data: &Mapped<B>) -> Result<Vec<u8>> {
        let mut data_image = image(DATA_SEED);
        if let Some(table) = &*self.fw.mips.lock() {
            for (at, page) in (BOOT_DATA_PT as usize..).step_by(8).zip(table.pages()) {
                data_image[at..at + 8].copy_from_slice(&page.to_le_bytes());
            }
        }
        code.map.write(0, &image(CODE_SEED))?;
        data.map.write(0, &data_image)?;
        data.object.unmap();
        code.object.unmap();
        Ok(data_image)
    }

    /// Turns the processor on and waits until the firmware says that it runs (`pvr_fw_start`, `pvr_wait_for_fw_boot`).
    ///
    /// # Errors
    ///
    /// `ETIMEDOUT`.
    pub(crate) fn fw_start(&self) -> Result {
        let mem = self.fw_mem().ok_or(Errno::EIO)?;
        put32(&mem.sysinit.map, sysinit::FIRMWARE_STARTED, 0)?;
        let boot = match self.processor() {
            Processor::Meta => {
                let vm = self.kernel_vm.lock().clone().ok_or(Errno::EINVAL)?;
                Boot::Meta {
                    catalogue: vm.root(),
                }
            }
            Processor::Mips => Boot::Mips {
                boot_data: mem.data.gem().get_dma_addr(0)?,
            },
        };
        self.gpu().start(boot, self.fw.heap.raw_size.into());
        match get32(&mem.sysinit.map, sysinit::FIRMWARE_STARTED)? {
            0 => Err(Errno::ETIMEDOUT),
            _ => Ok(()),
        }
    }

    /// Makes every firmware object anew, but for those that keep their contents, and loads the firmware again
    /// (`pvr_fw_hard_reset`).
    ///
    /// # Errors
    ///
    /// Those of kernel mappings; `EFAULT` where the real driver follows a pointer to something that was freed.
    pub(crate) fn fw_hard_reset(&self) -> Result {
        for object in self.fw_objects() {
            let gem = object.gem();
            let map = match gem.kernel_map() {
                Ok(map) => map,
                Err(_) => {
                    self.machine().warn("pvr_fw.c: IS_ERR(cpu_ptr)");
                    self.machine().oops(
                        "pvr_fw.c: pvr_fw_hard_reset: firmware object that could not be mapped",
                    );
                    return Err(Errno::EFAULT);
                }
            };
            if !gem.flags().contains(BoFlags::FW_NO_CLEAR_ON_RESET) {
                map.fill(0, map.len(), 0)?;
                object.init(&map)?;
            }
            gem.kernel_unmap();
        }
        let mem = self.fw_mem().ok_or(Errno::EIO)?;
        copy_to_fw(&mem.code, &image(CODE_SEED))?;
        copy_to_fw(&mem.data, &mem.data_image)
    }
}

/// `pvr_copy_to_fw`.
fn copy_to_fw<B: PvrGem>(object: &FwObject<B>, bytes: &[u8]) -> Result {
    object.gem().kernel_map()?.write(0, bytes)?;
    object.gem().kernel_unmap();
    Ok(())
}

fn put_all(map: &KernelMap, fields: &[(u64, u32)]) -> Result {
    fields
        .iter()
        .try_for_each(|(at, value)| put32(map, *at, *value))
}

/// `fw_fault_page_init`.
fn fill_fault_page(map: &KernelMap) -> Result {
    (0..map.len())
        .step_by(4)
        .try_for_each(|at| put32(map, at, FAULT_PAGE_WORD))
}
