//! `cargo xtask review` on a small workspace of its own, and in a browser.

#[path = "review/browser.rs"]
mod browser;
#[path = "review/decisions.rs"]
mod decisions;
#[path = "review/listing.rs"]
mod listing;
#[path = "review/project.rs"]
mod project;
