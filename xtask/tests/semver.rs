//! `cargo xtask semver`: the surfaces of the libraries, and small crates that break in every way there is.

#[cfg(feature = "public-api")]
#[path = "semver/command.rs"]
mod command;
#[cfg(feature = "public-api")]
#[path = "semver/kinds.rs"]
mod kinds;
#[cfg(feature = "public-api")]
#[path = "semver/small.rs"]
mod small;
#[path = "semver/surfaces.rs"]
mod surfaces;
