//! `cargo xtask survey`: who leans on the gem-shmem base class in a real kernel, how, and where.
pub(crate) mod analyse;
mod c;
mod classify;
mod drivers;
mod kbuild;
mod progress;
pub mod report;
mod scan;
mod sites;
mod skip;
mod source;

pub use analyse::{Analysis, analyse};
pub use report::Report;

/// x
#[derive(Debug, clap::Args)]
pub struct Args {
    /// x
    #[arg(long)]
    kernel: String,
}
/// x
pub fn run(args: &Args) -> crate::Result<crate::Exit> {
    let analysis = analyse(&args.kernel)?;
    println!("{}", serde_json::to_string_pretty(&analysis.report).unwrap());
    Ok(crate::Exit::Done)
}
