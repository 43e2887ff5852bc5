//! What was looked at, and what is broken.

use std::fmt::Write;

use super::baseline::Baseline;
use super::surface::{Looked, Way};
use crate::cli::Format;
use crate::{Exit, Failure, Result, out};

/// How the task ends. To have looked at nothing is a failure.
pub fn exit(looked: &[Looked]) -> Result<Exit> {
    if let Some(missing) = super::CRATES
        .iter()
        .find(|name| looked.iter().all(|one| one.name != **name))
    {
        return Err(Failure::new(format!("`{missing}` was not looked at")));
    }
    if looked.iter().any(Looked::breaks_unsaid) {
        return Ok(Exit::Differs);
    }
    Ok(match looked.iter().any(|one| one.behind > 0) {
        true => Exit::Pending,
        false => Exit::Done,
    })
}

/// Prints the report.
pub fn print(looked: &[Looked], baseline: Option<&Baseline>, format: Format) -> Result<()> {
    out::print(&match format {
        Format::Text => text(looked, baseline),
        Format::Json => {
            let report = serde_json::json!({ "schema": 1, "baseline": baseline, "crates": looked });
            serde_json::to_string_pretty(&report)
                .map(|text| text + "\n")
                .map_err(|error| Failure::new(format!("cannot print the report: {error}")))?
        }
    })
}

fn text(looked: &[Looked], baseline: Option<&Baseline>) -> String {
    let mut text = match baseline {
        Some(baseline) => format!("against {} ({})\n", baseline.revision, baseline.from),
        None => "against the committed snapshots: there is no release yet\n".to_owned(),
    };
    for one in looked {
        let _ = writeln!(text, "{}: {}: {}", one.name, one.way.words(), summary(one));
        for change in &one.changes {
            let breaks = change.kind.breaks();
            let mark = if breaks { "breaks" } else { "new   " };
            let _ = writeln!(text, "  {mark} {}: {}", change.item, change.kind.words());
            for (sign, line) in [('-', &change.old), ('+', &change.new)] {
                if let Some(line) = line.as_ref().filter(|_| breaks) {
                    let _ = writeln!(text, "         {sign} {line}");
                }
            }
        }
        for line in one.output.iter().flat_map(|output| output.lines()) {
            let _ = writeln!(text, "  | {line}");
        }
        if one.behind > 0 {
            let _ = writeln!(
                text,
                "  the snapshot is behind by {} lines: cargo test -p xtask --features public-api --test semver; \
                 then cargo xtask review",
                one.behind
            );
        }
    }
    text
}

/// What a look comes to.
fn summary(one: &Looked) -> String {
    let mut text = match (one.breaks(), one.changes.len()) {
        (true, _) => match &one.versions {
            Some(versions) if !one.breaks_unsaid() => {
                format!(
                    "broken, as the version says ({} -> {})",
                    versions.old, versions.new
                )
            }
            Some(versions) => format!(
                "broken, and the version does not say so ({} -> {})",
                versions.old, versions.new
            ),
            None => "broken".to_owned(),
        },
        (false, 0) if one.way == Way::Refused => "not checked".to_owned(),
        (false, 0) if one.way == Way::SemverChecks => "nothing is broken".to_owned(),
        (false, 0) => "nothing changed".to_owned(),
        (false, 1) => "1 addition".to_owned(),
        (false, new) => format!("{new} additions"),
    };
    if let Some(note) = &one.note {
        text.push_str(&format!(" ({note})"));
    }
    text
}
