//! The report for code review tools: SARIF 2.1.0, one result for each site.

use serde_json::{Value, json};

use crate::findings;
use crate::migrate::plan::Status;
use crate::migrate::run::Outcome;

/// The log of a run over `outcomes`.
pub fn sarif(outcomes: &[&Outcome]) -> Value {
    let rules: Vec<Value> = findings::all()
        .iter()
        .map(|finding| {
            let page = finding.page();
            json!({
                "id": finding.number.to_string(),
                "name": finding.slug,
                "shortDescription": { "text": page.title() },
                "fullDescription": { "text": page.why() },
                "help": { "text": page.instead() },
            })
        })
        .collect();
    let results: Vec<Value> = outcomes
        .iter()
        .flat_map(|outcome| results(outcome))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "cargo xtask migrate", "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn results(outcome: &Outcome) -> Vec<Value> {
    let root = &outcome.krate.root;
    outcome
        .plan
        .sites
        .iter()
        .map(|planned| {
            let file = planned
                .site
                .file
                .strip_prefix(root)
                .unwrap_or(&planned.site.file);
            let (level, text) = match &planned.status {
                Status::Rewritten { new, .. } => {
                    ("note", format!("`{}` becomes `{new}`", planned.site.item))
                }
                Status::ByHand { reason, advice } => {
                    ("warning", format!("left by hand: {reason}; {advice}"))
                }
            };
            json!({
                "ruleId": planned.site.finding.to_string(),
                "level": level,
                "message": { "text": text },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": file.display().to_string() },
                        "region": {
                            "startLine": planned.line,
                            "startColumn": planned.column,
                            "byteOffset": planned.site.start,
                            "byteLength": planned.site.end - planned.site.start,
                        },
                    },
                }],
            })
        })
        .collect()
}
