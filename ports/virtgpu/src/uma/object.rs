//! The object of the guest's memory (`virtgpu_object.c`, `virtgpu_gem.c`).

use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, New, Share, ShareOptions, UmaObject,
};

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::gem::{Gone, Header};
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;

use crate::prime;
use crate::resource::Resource;

/// `struct virtio_gpu_object`, of the guest's memory.
#[derive(UmaObject)]
#[uma(free_before = Self::free_own, open = Self::open_own, close = Self::close_own, export = Self::export_own, status = none, rss = none)]
pub(crate) struct GuestObject {
    #[uma(gem)]
    pub(crate) gem: Header,
    #[uma(backing)]
    pub(crate) backing: Backing,
    #[uma(device_map)]
    pub(crate) dmap: DeviceMap,
    #[uma(cpu_map)]
    pub(crate) cmap: CpuMap,
    #[uma(share)]
    pub(crate) share: Share,
    pub(super) host: Arc<Resource>,
}

/// `virtio_gpu_create_object`.
impl GuestObject {
    /// Builds the parts of an object that is being made.
    pub fn new(new: New, host: Arc<Resource>) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::as_base_class()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::as_base_class()),
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
            host,
        })
    }
}

impl GuestObject {
    /// The host may use the memory until it has answered: pages and table are kept for it, and nothing else of the object
    /// (`virtio_gpu_free_object`).
    fn free_own(&self, gone: &Gone) {
        if !self.host.created() {
            self.host.put_id();
            return;
        }
        let memory = gem_uma::detain(gone, &self.backing, Some(&self.dmap));
        let host = Arc::clone(&self.host);
        self.host.unref(move || {
            host.put_id();
            drop(memory);
        });
    }

    /// `virtio_gpu_gem_object_open`.
    fn open_own(&self, file: &File) -> Result {
        self.host.attach_to(&self.gem, file);
        Ok(())
    }

    /// `virtio_gpu_gem_object_close`.
    fn close_own(&self, file: &File) {
        self.host.detach_from(&self.gem, file);
    }

    /// `virtgpu_gem_prime_export`.
    fn export_own(&self, writable: bool) -> Result<DmaBuf> {
        prime::export(&self.gem, &self.host, writable)
    }
}
