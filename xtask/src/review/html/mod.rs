//! The page: one file that stands alone. Style and script are in it, nothing is loaded, and every text is escaped by `maud`.

mod picture;
mod scenario;

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::board::{Board, Driver, Entry};
use super::trace::Sides;
use crate::findings;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page of a board.
pub fn page(board: &Board) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Nothing but what is in the page: should a text ever get past the escaping, it cannot load or send.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
                link rel="icon" href="data:,";
                title { "Snapshots of the drivers" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Snapshots of the drivers" }
                    p {
                        kbd { "/" } " search, " kbd { "j" } " and " kbd { "k" } " next and previous, "
                        kbd { "Enter" } " open, " kbd { "p" } " pending, " kbd { "Escape" } " all"
                    }
                }
                (drivers(board))
                (filters(board))
                (picture::legend())
                main {
                    @for driver in &board.drivers {
                        @for entry in &driver.entries {
                            (scenario::article(board, driver, entry))
                        }
                    }
                    @for orphan in &board.orphans {
                        p.orphan { "No test writes " code { (board.relative(orphan).display()) } "." }
                    }
                }
                (defects(board))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn count(driver: &Driver, wanted: fn(&Sides) -> bool) -> usize {
    driver
        .scenarios()
        .filter(|entry| entry.sides.as_ref().is_some_and(wanted))
        .count()
}

fn drivers(board: &Board) -> Markup {
    html! {
        div.wide {
            table id="board" {
                caption { "Drivers" }
                thead {
                    tr {
                        @for heading in ["driver", "scenarios", "equal", "differing", "one side", "tests", "pending", "defects", "sites", "rewritten", "by hand", "lines"] {
                            th scope="col" { (heading) }
                        }
                    }
                }
                tbody {
                    @for driver in &board.drivers {
                        tr {
                            th scope="row" { button type="button" data-set-driver=(driver.name) { (driver.name) } }
                            td { (driver.scenarios().count()) }
                            td { (count(driver, |sides| matches!(sides, Sides::Equal { .. }))) }
                            td { (count(driver, |sides| matches!(sides, Sides::Differ { .. }))) }
                            td { (count(driver, |sides| matches!(sides, Sides::OneSide { .. }))) }
                            td { (driver.entries.len() - driver.scenarios().count()) }
                            td { (driver.entries.iter().filter(|entry| entry.pending.is_some()).count()) }
                            td { (driver.defects.len()) }
                            @if let Some(row) = board.rows.iter().find(|row| row.driver == driver.name) {
                                td { (row.sites) }
                                td { (row.rewritten) }
                                td { (row.by_hand) }
                                td { (row.lines_before) " → " (row.lines_after) }
                            } @else {
                                td {} td {} td {} td {}
                            }
                        }
                    }
                }
            }
        }
    }
}

fn filters(board: &Board) -> Markup {
    let rules: BTreeSet<&str> = board
        .drivers
        .iter()
        .flat_map(|driver| &driver.defects)
        .flat_map(|defect| &defect.rules)
        .map(String::as_str)
        .collect();
    let findings: BTreeSet<findings::Number> = board
        .drivers
        .iter()
        .flat_map(|driver| &driver.defects)
        .flat_map(|defect| &defect.findings)
        .copied()
        .collect();
    html! {
        form id="filters" role="search" aria-label="Filter" {
            label { "search " input id="search" type="search" autocomplete="off"; }
            label { "driver "
                select id="driver" {
                    option value="" { "all" }
                    @for driver in &board.drivers { option value=(driver.name) { (driver.name) } }
                }
            }
            label { "rule "
                select id="rule" {
                    option value="" { "all" }
                    @for rule in rules { option value=(rule) { (rule) } }
                }
            }
            label { "finding "
                select id="finding" {
                    option value="" { "all" }
                    @for number in findings {
                        option value=(number) { (number) " " (findings::find(number).map_or("", |finding| finding.slug)) }
                    }
                }
            }
            label { "sides "
                select id="state" {
                    option value="" { "all" }
                    @for (value, name) in [("equal", "equal"), ("differ", "differing"), ("one", "one side"), ("test", "tests")] {
                        option value=(value) { (name) }
                    }
                }
            }
            label { input id="pending" type="checkbox"; " pending" }
            output id="shown" aria-live="polite" {}
        }
    }
}

/// How the script filters by sides.
fn state(entry: &Entry) -> &'static str {
    match entry.sides {
        Some(Sides::Equal { .. }) => "equal",
        Some(Sides::Differ { .. }) => "differ",
        Some(Sides::OneSide { .. }) => "one",
        Some(Sides::Text { .. }) | None => "test",
    }
}

fn defects(board: &Board) -> Markup {
    html! {
        section id="defects" {
            h2 { "Defects" }
            @for driver in &board.drivers {
                @for defect in &driver.defects {
                    details id={ "defect-" (driver.name) "-" (defect.number) }
                        data-driver=(driver.name) data-rules=(defect.rules.join(" ")) {
                        summary {
                            (driver.name) " " strong { (defect.number) } ": " (defect.title)
                            @for rule in &defect.rules { " " span.tag { (rule) } }
                            @for finding in &defect.findings { " " span.tag.finding { (finding) } }
                        }
                        pre { (defect.text) }
                    }
                }
            }
        }
    }
}
