//! A driver that nobody here has seen: two object types, names of its own, and odd places.

mod closures;
mod crlf;
mod hidden;
mod macros;
mod marked;
mod named;
mod objects;
mod stubborn;
mod twin;
mod unicode;

pub use closures::{dump, map_all};
pub use crlf::mapped;
pub use hidden::hidden;
pub use macros::asserted;
pub use marked::marked;
pub use named::named;
pub use objects::{Buffer, make};
pub use stubborn::unmap;
pub use twin::twin;
pub use unicode::größe;
