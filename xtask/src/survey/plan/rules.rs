//! The rules of gem-uma that a driver breaks today, as far as its sites show.

use serde::Serialize;

use super::places;
use crate::survey::report::Driver;
use crate::survey::sites::{Site, What};

/// A rule, and where it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The rule, in words.
    pub rule: &'static str,
    /// The places.
    pub places: Vec<String>,
}

/// A rule, and the sites that break it.
type Rule = (&'static str, fn(&Site) -> bool);

fn writes(site: &Site) -> bool {
    matches!(site.what, What::Write | What::ReadWrite | What::Free)
}

fn is(site: &Site, numbers: &[u8]) -> bool {
    site.finding
        .is_some_and(|finding| numbers.contains(&finding.0))
}

const RULES: [Rule; 10] = [
    ("nobody outside the backing writes a page entry", |site| {
        is(site, &[3]) && writes(site)
    }),
    (
        "pages are lent, read-only, for the life of a guard",
        |site| is(site, &[3]) && site.what == What::Read,
    ),
    ("pages are cached state, not counted", |site| is(site, &[4])),
    ("the device map alone makes and ends the table", |site| {
        is(site, &[5]) && writes(site)
    }),
    ("what the lock protects is touched under it", |site| {
        is(site, &[30])
    }),
    ("write-combine is derived, never stored", |site| {
        is(site, &[10]) && writes(site)
    }),
    (
        "a kernel address is lent by whoever holds the mapping",
        |site| is(site, &[8]),
    ),
    (
        "reclaim keeps its own lists and re-checks the class before it acts",
        |site| is(site, &[7, 23]),
    ),
    (
        "\"imported\" is a type, known before anyone can see the object",
        |site| is(site, &[32]),
    ),
    (
        "the reservation lock is given at creation and stays",
        |site| is(site, &[31]),
    ),
];

/// The rules that the driver's sites break.
pub(super) fn broken(driver: &Driver) -> Vec<Broken> {
    RULES
        .iter()
        .filter_map(|(rule, breaks)| {
            let places = places(driver.sites.iter().filter(|site| breaks(site)));
            (!places.is_empty()).then_some(Broken { rule, places })
        })
        .collect()
}
