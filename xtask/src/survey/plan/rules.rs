//! The rules of gem-uma that a driver breaks today, as far as its sites show.
//!
//! The rules' numbers and words are those of `gem-uma/RULES.md`; here stands only which sites break
//! which rule.

use serde::Serialize;

use super::places;
use crate::survey::report::Driver;
use crate::survey::sites::{Site, What};

/// The rules, as the library states them.
const RULES: &str = include_str!("../../../../gem-uma/RULES.md");

/// A rule, and where it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The rule's number, `R04`.
    pub number: &'static str,
    /// The rule, in the library's words.
    pub rule: String,
    /// The places.
    pub places: Vec<String>,
}

fn writes(site: &Site) -> bool {
    matches!(site.what, What::Write | What::ReadWrite | What::Free)
}

fn is(site: &Site, numbers: &[u8]) -> bool {
    site.finding
        .is_some_and(|finding| numbers.contains(&finding.0))
}

/// Whether a site breaks a rule.
type Breaks = fn(&Site) -> bool;

/// The rules that a site can be seen to break.
const BREAKS: [(&str, Breaks); 14] = [
    ("R01", |site| is(site, &[4, 15, 17])),
    ("R02", |site| is(site, &[19])),
    ("R03", |site| {
        is(site, &[30]) && site.symbol.ends_with("_count")
    }),
    ("R04", |site| is(site, &[3])),
    ("R05", |site| is(site, &[5]) && writes(site)),
    ("R08", |site| is(site, &[10]) && writes(site)),
    ("R10", |site| is(site, &[8])),
    ("R11", |site| is(site, &[32]) && site.what == What::Write),
    ("R12", |site| is(site, &[2, 32])),
    ("R13", |site| is(site, &[27])),
    ("R17", |site| is(site, &[3]) && site.what == What::Write),
    ("R20", |site| is(site, &[7])),
    ("R27", |site| is(site, &[21])),
    ("R28", |site| is(site, &[22, 23])),
];

/// The words of a rule: the second column of its row.
fn words(number: &str) -> Option<String> {
    let row = RULES
        .lines()
        .find(|line| line.starts_with(&format!("| {number} |")))?;
    row.split('|')
        .nth(2)
        .map(|words| words.trim().trim_end_matches('.').to_owned())
}

/// The rules that the driver's sites break.
pub(super) fn broken(driver: &Driver) -> Vec<Broken> {
    BREAKS
        .iter()
        .filter_map(|(number, breaks)| {
            let places = places(driver.sites.iter().filter(|site| breaks(site)));
            let rule = words(number).unwrap_or_default();
            (!places.is_empty()).then_some(Broken {
                number,
                rule,
                places,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BREAKS, words};

    #[test]
    fn every_rule_named_is_one_of_the_library() {
        for (number, _) in BREAKS {
            assert!(
                words(number).is_some_and(|words| !words.is_empty()),
                "{number}"
            );
        }
        assert_eq!(words("R99"), None);
    }
}
