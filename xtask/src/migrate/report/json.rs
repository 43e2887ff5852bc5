//! The report for machines. The schema is described in `xtask/README.md`; keys keep their order.

use serde::{Deserialize, Serialize};

use super::board::Row;
use crate::findings::Number;
use crate::migrate::plan::Status;
use crate::migrate::run::Outcome;
use crate::{Failure, Result};

/// What is printed: `{"schema":1,"drivers":[..]}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Board<T = Row> {
    /// The version of this shape.
    pub schema: u32,
    /// One entry per driver, by name.
    pub drivers: Vec<T>,
}

/// A driver's row, and every site.
#[derive(Debug, Serialize)]
pub struct Details {
    #[serde(flatten)]
    row: Row,
    site_list: Vec<SiteLine>,
}

#[derive(Debug, Serialize)]
struct SiteLine {
    finding: Number,
    item: String,
    file: String,
    start: usize,
    end: usize,
    line: usize,
    column: usize,
    status: &'static str,
    old: Option<String>,
    new: Option<String>,
    reason: Option<String>,
    advice: Option<String>,
}

/// The row of an outcome with every site.
pub fn details(outcome: &Outcome) -> Details {
    let site_list = outcome
        .plan
        .sites
        .iter()
        .map(|planned| {
            let (status, old, new, reason, advice) = match &planned.status {
                Status::Rewritten { old, new } => (
                    "rewritten",
                    Some(old.clone()),
                    Some(new.clone()),
                    None,
                    None,
                ),
                Status::ByHand { reason, advice } => (
                    "by_hand",
                    None,
                    None,
                    Some(reason.clone()),
                    Some(advice.clone()),
                ),
            };
            let file = planned
                .site
                .file
                .strip_prefix(&outcome.krate.root)
                .unwrap_or(&planned.site.file);
            SiteLine {
                finding: planned.site.finding,
                item: planned.site.item.clone(),
                file: file.display().to_string(),
                start: planned.site.start,
                end: planned.site.end,
                line: planned.line,
                column: planned.column,
                status,
                old,
                new,
                reason,
                advice,
            }
        })
        .collect();
    Details {
        row: Row::of(outcome),
        site_list,
    }
}

/// Renders entries.
pub fn json<T: Serialize>(drivers: &[T]) -> Result<String> {
    #[derive(Serialize)]
    struct Out<'a, T> {
        schema: u32,
        drivers: &'a [T],
    }
    serde_json::to_string_pretty(&Out { schema: 1, drivers })
        .map_err(|error| Failure::new(format!("cannot print as JSON: {error}")))
}
