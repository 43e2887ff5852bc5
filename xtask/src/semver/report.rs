//! What was looked at, and what is broken.

use super::baseline::Baseline;
use super::surface::Looked;
use crate::cli::Format;
use crate::{Exit, Failure, Result};

/// How the task ends. To have looked at nothing is a failure.
pub fn exit(looked: &[Looked]) -> Result<Exit> {
    if let Some(missing) = super::CRATES
        .iter()
        .find(|name| looked.iter().all(|one| one.name != **name))
    {
        return Err(Failure::new(format!("`{missing}` was not looked at")));
    }
    let broken = looked
        .iter()
        .any(|one| one.output.is_some() || one.changes.iter().any(|change| change.kind.breaks()));
    if broken {
        return Ok(Exit::Differs);
    }
    Ok(match looked.iter().any(|one| one.behind > 0) {
        true => Exit::Pending,
        false => Exit::Done,
    })
}

/// Prints the report.
pub fn print(looked: &[Looked], baseline: Option<&Baseline>, format: Format) -> Result<()> {
    if format == Format::Json {
        let report = serde_json::json!({ "schema": 1, "baseline": baseline, "crates": looked });
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::new(format!("cannot print the report: {error}")))?;
        println!("{text}");
        return Ok(());
    }
    match baseline {
        Some(baseline) => println!("against {} ({})", baseline.revision, baseline.from),
        None => println!("against the committed snapshots: there is no release yet"),
    }
    for one in looked {
        let breaking = one
            .changes
            .iter()
            .filter(|change| change.kind.breaks())
            .count();
        let broken = breaking > 0 || one.output.is_some();
        println!(
            "{}: {}: {}",
            one.name,
            one.way.words(),
            match (broken, one.changes.len()) {
                (true, _) => "broken".to_owned(),
                (false, 0) => "nothing changed".to_owned(),
                (false, new) => format!("{new} additions"),
            }
        );
        for change in &one.changes {
            let mark = if change.kind.breaks() {
                "breaks"
            } else {
                "new   "
            };
            println!("  {mark} {}: {}", change.item, change.kind.words());
            if change.kind.breaks() {
                for (sign, line) in [('-', &change.old), ('+', &change.new)] {
                    if let Some(line) = line {
                        println!("         {sign} {line}");
                    }
                }
            }
        }
        if let Some(output) = &one.output {
            for line in output.lines() {
                println!("  | {line}");
            }
        }
        if one.behind > 0 {
            println!(
                "  the snapshot is behind by {} lines: cargo test -p xtask --features public-api --test semver; \
                 then cargo xtask review",
                one.behind
            );
        }
    }
    Ok(())
}
