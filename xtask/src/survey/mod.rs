//! `cargo xtask survey`: who leans on the gem-shmem base class in a real kernel, how, and where.
//!
//! ```text
//! cargo xtask survey --kernel DIR|TARBALL|PACKAGE    the table of drivers
//! cargo xtask survey --driver panfrost               its sites, with their lines of code
//! cargo xtask survey --plan panfrost                 the order of work to move it to gem-uma
//! cargo xtask survey --ports                         the mock ports beside the real drivers
//! ```
//!
//! Without `--kernel` the committed result for Linux 6.12 is used; it has no lines of code.
//!
//! The steps, one module each: `source` finds the tree and hands out its files; `scan` sees which
//! mention the base class; `drivers` groups them by what the makefiles build; `c` reads the C;
//! `sites` judges every name; `classify` derives the class; `report` is the result as data and
//! `render` as text; `plan` and `fidelity` read a report.
//!
//! Exit codes: 0 the answer is whole; 1 the tool failed, or a file was skipped or a name could not
//! be judged, each named; 3 there are sites that no finding covers, or names that a port misses
//! without a reason.

mod analyse;
mod c;
mod classify;
mod drivers;
pub mod fidelity;
mod kbuild;
pub mod plan;
mod progress;
mod render;
pub mod report;
mod scan;
pub mod sites;
pub mod skip;
pub mod snapshot;
mod source;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use analyse::{Analysis, analyse};
pub use render::{driver as render_driver, table as render_table};
pub use report::Report;

use crate::{Exit, Failure, Result};

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables and lists, to read or to mail.
    Markdown,
    /// The report as data, `{"schema":1, ...}`.
    Json,
}

/// Which drivers of a real kernel tree lean on gem-shmem, how, and where.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Without --kernel the committed result for Linux 6.12 answers, without lines of code; it and the notes on younger \
                  drivers need no kernel tree.\n\n\
                  Codes: 0 the answer is whole, 1 the tool failed, or a file was skipped or a name could not be judged, \
                  3 there are sites that no finding covers, or names that a port leaves out without a reason."
)]
pub struct Args {
    /// An unpacked kernel, a linux-*.tar.xz, or an installed package such as linux-source-6.12
    #[arg(long, value_name = "DIR|TARBALL|PACKAGE")]
    pub kernel: Option<String>,
    /// The sites of one driver, with their lines of code
    #[arg(long, value_name = "NAME", conflicts_with_all = ["plan", "ports"])]
    pub driver: Option<String>,
    /// The order of work to move a driver to gem-uma
    #[arg(long, value_name = "DRIVER", conflicts_with = "ports")]
    pub plan: Option<String>,
    /// The mock ports beside the real drivers; located by the compiler, or read from a file
    #[arg(long, value_name = "FILE")]
    pub ports: Option<Option<PathBuf>>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<Exit> {
    let report = match &args.kernel {
        Some(spec) => analyse(spec)?.report,
        None => snapshot::linux_6_12()?,
    };
    let (text, exit) = answer(args, &report)?;
    crate::out::print(&text)?;
    for line in warnings(&report) {
        eprintln!("warning: {line}");
    }
    Ok(exit)
}

fn answer(args: &Args, report: &Report) -> Result<(String, Exit)> {
    let exit = if !report.is_complete() {
        Exit::Failed
    } else if report
        .drivers
        .iter()
        .any(|driver| driver.uncovered().next().is_some())
    {
        Exit::ByHand
    } else {
        Exit::Done
    };
    if let Some(from) = &args.ports {
        let ports = match from {
            Some(path) => fidelity::read_ports(path)?,
            None => fidelity::ports()?,
        };
        let fidelity = fidelity::compare(report, &ports)?;
        let left = if fidelity.is_excused() {
            exit
        } else {
            Exit::ByHand
        };
        return Ok((written(args, &fidelity, || fidelity.markdown())?, left));
    }
    if let Some(name) = &args.plan {
        let (driver, kernel) = find(args, report, name)?;
        let plan = plan::Plan::of(&driver, &kernel, &plan::measured()?);
        return Ok((written(args, &plan, || plan.markdown())?, exit));
    }
    if let Some(name) = &args.driver {
        let (driver, kernel) = find(args, report, name)?;
        return Ok((
            written(
                args,
                &OneDriver {
                    kernel: &kernel,
                    drivers: [&driver],
                },
                || render::driver(&driver, &kernel),
            )?,
            exit,
        ));
    }
    let text = match args.format {
        Format::Markdown => render::table(report),
        Format::Json => json(report)?,
    };
    Ok((text, exit))
}

/// What is written, with the version of the form.
#[derive(serde::Serialize)]
struct Numbered<'a, T> {
    schema: u32,
    #[serde(flatten)]
    data: &'a T,
}

/// One driver in the form of the report.
#[derive(serde::Serialize)]
struct OneDriver<'a> {
    kernel: &'a str,
    drivers: [&'a report::Driver; 1],
}

fn written<T: serde::Serialize>(
    args: &Args,
    data: &T,
    markdown: impl Fn() -> String,
) -> Result<String> {
    match args.format {
        Format::Markdown => Ok(markdown()),
        Format::Json => json(&Numbered {
            schema: report::SCHEMA,
            data,
        }),
    }
}

fn json(data: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(data)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(format!("cannot write the report as JSON: {error}")))
}

/// A driver, and the kernel that it was read in. Without a kernel tree, also one that only the notes know.
fn find(args: &Args, report: &Report, name: &str) -> Result<(report::Driver, String)> {
    if let Some(driver) = report.driver(name) {
        return Ok((driver.clone(), report.kernel.clone()));
    }
    let mut names: BTreeSet<String> = report
        .drivers
        .iter()
        .map(|driver| driver.name.clone())
        .collect();
    if args.kernel.is_none() {
        let noted = snapshot::noted()?;
        if let Some(driver) = noted.driver(name) {
            return Ok((driver.clone(), noted.kernel));
        }
        names.extend(noted.drivers.into_iter().map(|driver| driver.name));
    }
    let names: Vec<String> = names.into_iter().collect();
    Err(Failure::new(format!(
        "no driver `{name}` uses gem-shmem in Linux {}",
        report.kernel
    ))
    .next(format!("name one of {}", names.join(", "))))
}

/// What makes the answer less than whole, a line each.
fn warnings(report: &Report) -> Vec<String> {
    let skipped = report.skipped.iter().map(|skip| {
        let lost = if skip.loses {
            "sites may be missing"
        } else {
            "nothing is lost"
        };
        format!("skipped {}: {} ({lost})", skip.file, skip.why)
    });
    let unresolved = report
        .drivers
        .iter()
        .flat_map(|driver| &driver.unresolved)
        .map(|it| {
            format!(
                "{}:{}: cannot tell whose `{}` this is; look at it by hand",
                it.file, it.line, it.name
            )
        });
    let uncovered = report
        .drivers
        .iter()
        .flat_map(report::Driver::uncovered)
        .map(|site| {
            format!(
                "{}:{}: no finding covers `{}`",
                site.file, site.line, site.symbol
            )
        });
    skipped.chain(unresolved).chain(uncovered).collect()
}
