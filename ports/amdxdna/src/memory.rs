//! The seam between the driver and a memory library: all that the rest of the port asks of a side.

use drm_core::device::{Device, File};
use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::prime::{self, Attachment, DmaBuf};
use drm_core::sync::Arc;

use crate::client::Client;
use crate::uapi::{CreateBo, GetBoInfo, SyncBo};
use crate::umap::UserMaps;

/// A side: the driver's objects on one memory library. An object of another driver is `EINVAL` everywhere.
pub(crate) trait Memory: Send + Sync + 'static {
    /// `amdxdna_drm_create_bo_ioctl`, once the flags are known to be 0.
    fn create_bo(&self, file: &File, args: &mut CreateBo) -> Result;

    /// `amdxdna_drm_create_dev_bo`: a piece of the heap, without a handle.
    fn create_dev_bo(&self, dev: &Device, client: &Arc<Client>, size: u64) -> Result<Gem>;

    /// Fills in the addresses of an object (`amdxdna_drm_get_bo_info_ioctl`).
    fn get_bo_info(&self, object: &Gem, args: &mut GetBoInfo) -> Result;

    /// Writes CPU caches back and invalidates them (`amdxdna_drm_sync_bo_ioctl`).
    fn sync_bo(&self, object: &Gem, args: &SyncBo) -> Result;

    /// The kernel's mapping of a command or of a piece of the heap, kept until the object is freed (`amdxdna_gem_vmap`).
    fn vmap(&self, object: &Gem) -> Result<KernelMap>;

    /// Whether the object is a command.
    fn is_command(&self, object: &Gem) -> bool;

    /// Where the device sees the start of the object (`amdxdna_obj_dma_addr`).
    fn dev_addr(&self, object: &Gem) -> Result<u64>;

    /// Pins an argument of a command, once and for good (`amdxdna_arg_bos_lookup`).
    fn pin_argument(&self, object: &Gem) -> Result;

    /// Pins a chunk of the heap (`amdxdna_gem_pin`).
    fn pin(&self, object: &Gem) -> Result;

    /// Undoes one [`Memory::pin`] (`amdxdna_gem_unpin`).
    fn unpin(&self, object: &Gem);

    /// Where processes have the object mapped; `None` for one that they cannot map.
    fn user_maps(&self, object: &Gem) -> Option<Arc<UserMaps>>;

    /// Makes an object of a dma-buf: what `drm_driver` has, a side may have, too.
    fn gem_prime_import(&self, dev: &Device, dma_buf: &DmaBuf) -> Result<Gem> {
        prime::import(dev, dma_buf, dev.dma())
    }

    /// Whether [`Memory::gem_prime_import_sg_table`] is there.
    fn has_import_sg_table(&self) -> bool {
        false
    }

    /// An object of a table that is mapped.
    fn gem_prime_import_sg_table(
        &self,
        dev: &Device,
        attach: &Arc<Attachment>,
        table: Arc<SgTable>,
    ) -> Result<Gem> {
        let _ = (dev, attach, table);
        Err(Errno::EINVAL)
    }
}
