//! The glue between a driver's struct and the parts of gem-uma.
//!
//! `#[derive(UmaObject)]` writes the GEM operations of a struct from the parts in its fields; `#[bridge]` gives the struct
//! the method names of the base class, so that a half-moved driver compiles. Each goes through the same four steps: `ast`
//! parses into own types, `attr` reads attributes, `valid` holds the errors of whole structs, `expand` only quotes.

mod bridge;
mod scenario;
mod uma;

use proc_macro::TokenStream;

/// Writes `drm_core::gem::Object` for a struct that is made of parts.
///
/// The fields say which parts there are, **from the ground up**: whatever a part stands on is declared before it, and torn
/// down after it.
///
/// | attribute | field | stands on |
/// | --- | --- | --- |
/// | `#[uma(gem)]` | `drm_core::gem::Header` | |
/// | `#[uma(backing)]` | `Backing` | |
/// | `#[uma(sparse)]` | `SparseBacking`, or an `Option` of it | |
/// | `#[uma(device_map)]` | `DeviceMap` | `backing` |
/// | `#[uma(granule_map)]` | `GranuleMap`, or an `Option` of it | `sparse` |
/// | `#[uma(cpu_map)]` | `CpuMap` | `backing`; `device_map`, where there is one |
/// | `#[uma(gpu_map)]` | `GpuMap` | `device_map`, `granule_map`, where there are any |
/// | `#[uma(reclaim)]` | `Reclaim` | everything else of this list but `share` |
/// | `#[uma(share)]` | `Share` | `backing` |
/// | `#[uma(part)]` | anything that implements `Part` | |
///
/// An operation whose part is missing answers as the kernel does when a driver leaves it out; without `share`, export and
/// attach are refused (`EINVAL`). An object with a sparse backing refuses what needs all pages.
///
/// `#[uma(OPERATION = PATH)]` on the struct calls a function of the driver instead: `PATH(self, ...)`, with the arguments of
/// the operation. `refuse(ERRNO)` answers with an error, `none` leaves the operation out. The operations are those of
/// `drm_core::gem::Object`, and `free_before`, `free_after`, called around the teardown of the parts.
#[proc_macro_derive(UmaObject, attributes(uma))]
pub fn derive_uma_object(input: TokenStream) -> TokenStream {
    uma::derive(input.into()).into()
}

/// Gives a struct with `#[derive(UmaObject)]` the method names of `gem_shmem::legacy::Object`, each deprecated with what
/// replaces it: `bo.base().get_pages_sgt()`. For the time of a move; it goes with the last warning.
#[proc_macro_attribute]
pub fn bridge(args: TokenStream, item: TokenStream) -> TokenStream {
    bridge::attribute(args.into(), item.into()).into()
}

/// Makes a scenario of a port of `fn name(s: &mut Session)`: one constant `NAME` for the port's list, and one test that runs
/// the function on both sides, compares what they show, and asserts one snapshot (`port_kit::Scenario::check`).
///
/// `#[scenario(differs = "D3")]` says that the sides differ, and why: the number of a defect in the port's `DEFECTS.md`, or of a
/// change on purpose in `gem-uma/RULES.md`.
#[proc_macro_attribute]
pub fn scenario(args: TokenStream, item: TokenStream) -> TokenStream {
    scenario::attribute(args.into(), item.into()).into()
}
