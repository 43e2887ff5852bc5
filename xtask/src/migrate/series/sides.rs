//! What a half-moved driver shows: what one of its sides does, or something in between where a defect ends.

use std::path::{Path, PathBuf};

use crate::migrate::krate::Krate;
use crate::migrate::run::Settings;
use crate::migrate::verify::{Shown, run_side};
use crate::{Failure, Result};

/// What the two sides show at the start.
pub(super) struct Sides {
    before: Vec<Shown>,
    after: Vec<Shown>,
}

/// What the scenarios of a half-moved driver showed.
#[derive(Default)]
pub(super) struct Kept {
    /// Scenarios that ran.
    pub(super) ran: usize,
    /// Those that show neither side, and why they may: the sides differ, and not all of the reason is moved yet.
    pub(super) between: Vec<(String, String)>,
}

/// Where the tree of the series is built.
fn build(settings: &Settings) -> PathBuf {
    settings.target.join("series-build")
}

impl Sides {
    pub(super) fn of(krate: &Krate, tree: &Path, settings: &Settings) -> Result<Self> {
        let build = build(settings);
        Ok(Self {
            before: run_side(krate, tree, &build, "before")?,
            after: run_side(krate, tree, &build, "after")?,
        })
    }

    /// Runs the scenarios. One whose sides are equal must show just that.
    pub(super) fn compare(
        &self,
        krate: &Krate,
        tree: &Path,
        settings: &Settings,
        subject: &str,
    ) -> Result<Kept> {
        let now = run_side(krate, tree, &build(settings), "before")?;
        let trace = |side: &'_ [Shown], name: &str| {
            let shown = side.iter().find(|shown| shown.name == name);
            shown.map(|shown| shown.trace.clone())
        };
        let mut kept = Kept {
            ran: now.len(),
            between: Vec::new(),
        };
        for shown in now {
            let (before, after) = (
                trace(&self.before, &shown.name),
                trace(&self.after, &shown.name),
            );
            let now = Some(&shown.trace);
            if now == before.as_ref() || now == after.as_ref() {
                continue;
            }
            match shown.differs {
                Some(reason) if before != after => kept.between.push((shown.name, reason)),
                _ => {
                    let before = before.unwrap_or_default();
                    let diff = similar::TextDiff::from_lines(&before, &shown.trace);
                    let diff = diff
                        .unified_diff()
                        .context_radius(2)
                        .header("before", "now")
                        .to_string();
                    return Err(Failure::new(format!(
                        "after the patch `{subject}` the scenario `{}` shows what neither side shows:\n\n{}",
                        shown.name,
                        diff.trim_end()
                    ))
                    .next("move the sites of that patch by hand"));
                }
            }
        }
        Ok(kept)
    }
}
