//! One scenario on the page: its source, its sides, what waits, and its address spaces as pictures.

use maud::{Markup, html};

use super::picture;
use crate::review::board::{Board, Driver, Entry};
use crate::review::diff;
use crate::review::pending::Pending;
use crate::review::trace::Sides;

/// The scenario as an article that opens.
pub fn article(board: &Board, driver: &Driver, entry: &Entry) -> Markup {
    let sides = entry.shown();
    let defect = sides.reason().and_then(|reason| driver.defect(reason));
    let findings: Vec<String> = defect
        .map(|defect| defect.findings.iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    html! {
        article data-driver=(driver.name) data-name=(entry.name) data-state=(super::state(entry))
            data-rules=(defect.map(|defect| defect.rules.join(" ")).unwrap_or_default())
            data-findings=(findings.join(" "))
            data-pending=(entry.pending.is_some()) {
            details {
                summary {
                    span.driver { (driver.name) } " "
                    span.name { (entry.name) } " "
                    span.tag.(super::state(entry)) { (sides.word()) }
                    @if entry.pending.is_some() { " " span.tag.pending { "pending" } }
                    @if board.orphans.contains(&entry.path) { " " span.tag.orphan { "orphan" } }
                }
                @if let Some(defect) = defect {
                    p.defect {
                        a href={ "#defect-" (driver.name) "-" (defect.number) } { (defect.number) } ": " (defect.title)
                        @for rule in &defect.rules { " " span.tag { (rule) } }
                    }
                }
                @if let Some(source) = &entry.source {
                    details.source {
                        summary { (board.relative(&source.file).display()) ":" (source.line) }
                        pre { (source.text) }
                    }
                }
                (traces(&sides))
                (picture::pictures(&sides))
                @if let Some(pending) = &entry.pending { (waiting(entry, pending)) }
            }
        }
    }
}

fn traces(sides: &Sides) -> Markup {
    match (sides, sides.after()) {
        (Sides::Differ { before, .. }, Some(after)) => table(("before", before), ("after", after)),
        (Sides::Equal { trace }, _) => html! {
            h3 { "both sides" }
            pre.trace { (trace) }
        },
        (Sides::OneSide { trace }, _) => html! {
            h3 { "before (there is no after side yet)" }
            pre.trace { (trace) }
        },
        (other, _) => html! { pre.trace { (other.before()) } },
    }
}

fn table(left: (&str, &str), right: (&str, &str)) -> Markup {
    html! {
        div.wide {
            table.sides {
                thead { tr { th scope="col" { (left.0) } th scope="col" { (right.0) } } }
                tbody {
                    @for pair in diff::side_by_side(left.1, right.1) {
                        tr.same[pair.is_equal()] {
                            td.left[!pair.is_equal()] { (pair.left.unwrap_or_default()) }
                            td.right[!pair.is_equal()] { (pair.right.unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }
}

fn waiting(entry: &Entry, pending: &Pending) -> Markup {
    let old = pending.old.as_deref().unwrap_or_default();
    html! {
        section.waiting {
            h3 { "waits for a decision" }
            @if pending.old.is_some() {
                (table(("old snapshot", old), ("new snapshot", &pending.new)))
                h3 { "what changed" }
                pre.words {
                    @for line in diff::words(&format!("{}\n", old.trim_end()), &format!("{}\n", pending.new.trim_end()), 2) {
                        @if let Some(line) = line {
                            (line.mark) " "
                            @for (changed, part) in &line.parts {
                                @match (changed, line.mark) {
                                    (true, '-') => { del { (part) } }
                                    (true, _) => { ins { (part) } }
                                    (false, _) => { (part) }
                                }
                            }
                            "\n"
                        } @else {
                            "  ...\n"
                        }
                    }
                }
            } @else {
                p { "There is no snapshot yet." }
                pre.trace { (pending.new) }
            }
            p { code { "cargo xtask review --accept " (entry.name) } }
        }
    }
}
