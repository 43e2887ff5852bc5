//! Sharing of buffers: dma-buf, and PRIME on top of it.

mod attachment;
mod cache;
mod dma_buf;
mod export;
mod import;
mod registry;
mod uapi;

pub use attachment::{Attachment, Importer};
pub use cache::Cache;
pub use dma_buf::{Direction, DmaBuf, DmaBufOps};
pub use export::{GemDmaBufOps, export, export_with};
pub use import::{destroy, import, import_no_map, self_import};
pub use registry::BufInfo;
pub(crate) use registry::Registry;
