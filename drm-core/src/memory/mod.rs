//! Real memory: RAM as one memfd, the frames in it, pages, and kernel mappings of pages.
//!
//! All `unsafe` of the workspace lives in this module, each block with its reason.

mod frames;
mod kmap;
mod page;
mod ram;

pub use frames::{FrameStats, Frames, Gfp, MAX_ORDER};
pub use kmap::KernelMap;
pub use page::{Folio, Page};
pub use ram::{Bytes, Ram};
