//! Step 5, report: what was rewritten, what is left by hand, how behaviour compares.

mod board;
mod json;
mod sarif;
mod series;
mod text;

pub use board::{Row, board, check, committed};
pub use json::{details, json};
pub use sarif::sarif;
pub use series::series;
pub use text::text;
