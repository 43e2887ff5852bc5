//! GEM: the object, its references and handles, its place in the mmap offset space, LRU lists, memory figures.

mod figures;
mod handle_count;
mod handles;
mod header;
mod info;
mod lru;
mod names;
mod object;
mod offset;
mod reference;

pub use figures::{MemoryStats, Status};
pub use handle_count::HandleCount;
pub use handles::HandleTable;
pub use header::Header;
pub use info::print_info;
pub use lru::{Lru, LruLock, LruScan, Membership};
pub use object::{Fault, FaultContext, IosysMap, Object};
pub use offset::{OffsetSpace, VmaNode};
pub use reference::{Deferred, Gem, Gone, WeakGem};
