//! A report as Markdown.

mod driver;
mod grid;
mod table;

pub use driver::driver;
pub(crate) use grid::grid;
pub use table::table;
