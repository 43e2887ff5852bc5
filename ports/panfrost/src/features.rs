//! What the driver knows of the hardware, read from its registers once (`panfrost_gpu.c: panfrost_gpu_init_features`), and
//! `GET_PARAM`.

use drm_core::errno::{Errno, Result};

use crate::hw::Gpu;
use crate::regs::*;

/// `struct panfrost_features`.
#[derive(Clone, Debug)]
pub struct Features {
    id: u32,
    revision: u32,
    /// Shader cores.
    pub shader_present: u64,
    /// Tilers.
    pub tiler_present: u64,
    /// L2 caches.
    pub l2_present: u64,
    stack_present: u64,
    /// Address spaces.
    pub as_present: u32,
    js_present: u32,
    l2_features: u32,
    core_features: u32,
    tiler_features: u32,
    mem_features: u32,
    /// VA bits in 7:0, PA bits in 15:8.
    pub mmu_features: u32,
    thread_features: u32,
    max_threads: u32,
    thread_max_workgroup_sz: u32,
    thread_max_barrier_sz: u32,
    coherency_features: u32,
    afbc_features: u32,
    texture_features: [u32; 4],
    js_features: [u32; 16],
    thread_tls_alloc: u32,
}

impl Features {
    pub(crate) fn read(gpu: &Gpu) -> Self {
        let wide = |reg| u64::from(gpu.read(reg)) | u64::from(gpu.read(reg + 4)) << 32;
        let array = |first: u32, n: usize| gpu.read(first + 4 * n as u32);
        let id = gpu.read(GPU_ID);
        let js_present = gpu.read(GPU_JS_PRESENT);
        let slots = js_present.count_ones() as usize;
        Self {
            id: id >> 16,
            revision: id & 0xffff,
            shader_present: wide(GPU_SHADER_PRESENT_LO),
            tiler_present: wide(GPU_TILER_PRESENT_LO),
            l2_present: wide(GPU_L2_PRESENT_LO),
            stack_present: wide(GPU_STACK_PRESENT_LO),
            as_present: gpu.read(GPU_AS_PRESENT),
            js_present,
            l2_features: gpu.read(GPU_L2_FEATURES),
            core_features: gpu.read(GPU_CORE_FEATURES),
            tiler_features: gpu.read(GPU_TILER_FEATURES),
            mem_features: gpu.read(GPU_MEM_FEATURES),
            mmu_features: gpu.read(GPU_MMU_FEATURES),
            thread_features: gpu.read(GPU_THREAD_FEATURES),
            max_threads: gpu.read(GPU_THREAD_MAX_THREADS),
            thread_max_workgroup_sz: gpu.read(GPU_THREAD_MAX_WORKGROUP_SIZE),
            thread_max_barrier_sz: gpu.read(GPU_THREAD_MAX_BARRIER_SIZE),
            coherency_features: gpu.read(GPU_COHERENCY_FEATURES),
            afbc_features: gpu.read(GPU_AFBC_FEATURES),
            texture_features: std::array::from_fn(|n| array(GPU_TEXTURE_FEATURES, n)),
            js_features: std::array::from_fn(|n| {
                if n < slots {
                    array(GPU_JS_FEATURES, n)
                } else {
                    0
                }
            }),
            thread_tls_alloc: gpu.read(GPU_THREAD_TLS_ALLOC),
        }
    }

    /// VA bits of the MMU.
    #[must_use]
    pub fn va_bits(&self) -> u32 {
        self.mmu_features & 0xff
    }

    /// PA bits of the MMU.
    #[must_use]
    pub fn pa_bits(&self) -> u32 {
        self.mmu_features >> 8 & 0xff
    }

    /// Whether the model is a Bifrost or later (`panfrost_model_is_bifrost`).
    #[must_use]
    pub fn is_bifrost(&self) -> bool {
        self.id >= 0x1000
    }

    /// Cores that may be used: all of the first core group (`panfrost_get_core_mask`).
    #[must_use]
    pub fn core_mask(&self) -> u64 {
        if self.l2_present == 1 {
            return u64::MAX;
        }
        !self.l2_present.wrapping_sub(1) & self.l2_present.wrapping_sub(2)
    }

    /// Bytes of a counter dump (`panfrost_perfcnt_init`): a block for the job manager, the tiler, each L2 slice, and each core up to
    /// the last that is there.
    #[must_use]
    pub fn perfcnt_size(&self) -> u64 {
        const BLOCK: u32 = 64 * 4;
        let l2_slices = (self.mem_features >> 8 & 0xf) + 1;
        let cores = u64::BITS - self.shader_present.leading_zeros();
        u64::from((l2_slices + cores + 2) * BLOCK)
    }

    /// The answer of `GET_PARAM`, by `enum drm_panfrost_param`. `EINVAL` for an unknown one.
    pub fn param(&self, param: u32) -> Result<u64> {
        Ok(match param {
            0 => self.id.into(),
            1 => self.revision.into(),
            2 => self.shader_present,
            3 => self.tiler_present,
            4 => self.l2_present,
            5 => self.stack_present,
            6 => self.as_present.into(),
            7 => self.js_present.into(),
            8 => self.l2_features.into(),
            9 => self.core_features.into(),
            10 => self.tiler_features.into(),
            11 => self.mem_features.into(),
            12 => self.mmu_features.into(),
            13 => self.thread_features.into(),
            14 => self.max_threads.into(),
            15 => self.thread_max_workgroup_sz.into(),
            16 => self.thread_max_barrier_sz.into(),
            17 => self.coherency_features.into(),
            18..22 => self.texture_features[param as usize - 18].into(),
            22..38 => self.js_features[param as usize - 22].into(),
            38 => self.l2_present.count_ones().into(),
            39 => self.thread_tls_alloc.into(),
            40 => self.afbc_features.into(),
            _ => return Err(Errno::EINVAL),
        })
    }
}
