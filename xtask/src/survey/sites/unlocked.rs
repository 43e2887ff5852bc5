//! Sites that touch what the reservation lock protects, without it.
//!
//! Said only where it is certain: the function has dropped the lock itself, or has not taken it and is entered on some way on
//! which nobody holds it. What an object's `free` touches counts, too: nobody else has the object then, but the lock is not held.

use std::collections::HashMap;

use super::watch::{UNLOCKED, is_protected};
use super::{Found, Site, What};
use crate::survey::c::callers;
use crate::survey::c::infer::Unit;
use crate::survey::c::locks::Lock;

/// Adds the finding to every such site.
pub(super) fn mark(unit: Unit<'_>, found: &mut Found) {
    let touches = |site: &&Site| {
        let is_touched = matches!(
            site.what,
            What::Read | What::Write | What::ReadWrite | What::Free
        );
        is_touched && is_protected(&site.symbol)
    };
    if !found.sites.iter().any(|site| touches(&site)) {
        return;
    }
    let (held, callers) = callers::read(unit.files);
    let numbers: HashMap<&str, usize> = unit
        .files
        .iter()
        .enumerate()
        .map(|(number, file)| (file.path.as_str(), number))
        .collect();
    let is_unlocked = |site: &&Site| {
        let Some(&number) = numbers.get(site.file.as_str()) else {
            return false;
        };
        let file = &unit.files[number];
        let enters_unlocked = || {
            site.function
                .as_deref()
                .is_some_and(|name| callers.enters_unlocked(name))
        };
        // A site knows its line: the smallest statements that it is in.
        let around = held[number].iter().filter(|it| {
            (file.line(it.span.start)..=file.line(it.span.end.saturating_sub(1)))
                .contains(&site.line)
        });
        let Some(least) = around.clone().map(|it| it.span.len()).min() else {
            return false;
        };
        around
            .filter(|it| it.span.len() == least)
            .any(|it| match it.lock {
                Lock::Dropped => true,
                Lock::Entered => enters_unlocked(),
                Lock::Held | Lock::Unknown | Lock::Unreachable => false,
            })
    };
    let unlocked: Vec<Site> = found
        .sites
        .iter()
        .filter(touches)
        .filter(is_unlocked)
        .map(|site| Site {
            finding: Some(UNLOCKED),
            ..site.clone()
        })
        .collect();
    found.sites.extend(unlocked);
}
