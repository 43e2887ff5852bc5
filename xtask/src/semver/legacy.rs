//! The ratchet: the items of `gem_shmem::legacy`, each with its finding and the ports that still use it. They may only become less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::cli::Format;
use crate::findings::{self, Number};
use crate::migrate::{krate, locate};
use crate::{Exit, Failure, Result, out};

/// Where what is left is recorded.
const RECORDED: &str = "xtask/data/legacy.txt";

/// An item of the base class's old face.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Item {
    finding: Number,
    item: String,
    drivers: BTreeSet<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    without: &'a [String],
    removable: Vec<&'a Item>,
    left: Vec<&'a Item>,
}

/// Runs `--legacy`.
pub fn run(root: &Path, without: &[String], write: bool, format: Format) -> Result<Exit> {
    let ports = krate::ports(root)?;
    if ports.is_empty() {
        return Err(Failure::new("there is no port: nothing was looked at"));
    }
    for driver in without {
        krate::port(root, driver)?;
    }
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for port in &ports {
        for site in locate::locate(port, &root.join("target/migrate/locate"))? {
            uses.entry(site.item)
                .or_default()
                .insert(port.driver.clone());
        }
    }
    let items = items(&uses);
    // Whatever nobody lists would look unused.
    if let Some(unlisted) = uses
        .keys()
        .find(|path| items.iter().all(|item| !names(path, &item.item)))
    {
        return Err(
            Failure::new(format!("no finding lists `{unlisted}`, which ports use"))
                .next("name it in its finding, `xtask/src/findings`"),
        );
    }
    let exit = ratchet(root, &items, write)?;
    print(&items, without, format)?;
    Ok(exit)
}

/// Every item of the findings, with those who use it.
fn items(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Item> {
    let mut items: Vec<Item> = findings::all()
        .iter()
        .flat_map(|finding| {
            finding.rust_items().map(|item| Item {
                finding: finding.number,
                item: item.to_owned(),
                drivers: uses
                    .iter()
                    .filter(|(path, _)| names(path, item))
                    .flat_map(|(_, drivers)| drivers.clone())
                    .collect(),
            })
        })
        .collect();
    items.sort();
    items.dedup();
    items
}

/// Whether the compiler's path of an item means `item`: `gem_shmem::legacy::Object::<T>::pin` is `Object::pin`.
fn names(path: &str, item: &str) -> bool {
    let path = &plain(path);
    path == item
        || path
            .strip_suffix(item)
            .is_some_and(|before| before.ends_with("::"))
}

/// A path as a finding writes it: that of the type for a method of an implementation elsewhere
/// (`legacy::pages::<impl legacy::Object>::pin`), without parameters of types.
fn plain(path: &str) -> String {
    let path = match path.split_once("<impl ") {
        Some((_, of)) => of.replacen(">::", "::", 1),
        None => path.to_owned(),
    };
    let (mut depth, mut plain) = (0usize, String::new());
    for c in path.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.replace("::::", "::")
}

fn record(items: &[Item]) -> String {
    items
        .iter()
        .map(|item| {
            let drivers: Vec<&str> = item.drivers.iter().map(String::as_str).collect();
            format!("{} {}: {}\n", item.finding, item.item, drivers.join(" "))
                .replace(": \n", ":\n")
        })
        .collect()
}

/// Items and users of the record that are not in the old one.
fn gained<'a>(old: &str, new: &'a [Item]) -> Vec<(&'a Item, Vec<&'a str>)> {
    let old: BTreeMap<&str, BTreeSet<&str>> = old
        .lines()
        .filter_map(|line| line.rsplit_once(':'))
        .map(|(item, drivers)| (item, drivers.split_whitespace().collect()))
        .collect();
    new.iter()
        .filter_map(|item| {
            let name = format!("{} {}", item.finding, item.item);
            match old.get(name.as_str()) {
                None => Some((item, Vec::new())),
                Some(known) => {
                    let drivers: Vec<&str> = item
                        .drivers
                        .iter()
                        .map(String::as_str)
                        .filter(|driver| !known.contains(driver))
                        .collect();
                    (!drivers.is_empty()).then_some((item, drivers))
                }
            }
        })
        .collect()
}

/// Compares with the record, which may only become less; `write` makes it what is left.
fn ratchet(root: &Path, items: &[Item], write: bool) -> Result<Exit> {
    let path = root.join(RECORDED);
    let now = record(items);
    let old = std::fs::read_to_string(&path).ok();
    if let Some(old) = &old {
        let ported: BTreeSet<&str> = old
            .lines()
            .filter_map(|line| line.rsplit_once(':'))
            .flat_map(|(_, drivers)| drivers.split_whitespace())
            .collect();
        // A port that the record has never seen brings its uses along; those that it has seen may not gain any.
        let gained: Vec<_> = gained(old, items)
            .into_iter()
            .filter_map(|(item, drivers)| {
                let is_new = drivers.is_empty();
                let drivers: Vec<&str> = drivers
                    .into_iter()
                    .filter(|driver| ported.contains(driver))
                    .collect();
                (is_new || !drivers.is_empty()).then_some((item, drivers))
            })
            .collect();
        for (item, drivers) in &gained {
            match drivers.as_slice() {
                [] => eprintln!(
                    "{} {} is a new item of the old face",
                    item.finding, item.item
                ),
                drivers => eprintln!(
                    "{} {} is now used by {}",
                    item.finding,
                    item.item,
                    drivers.join(", ")
                ),
            }
        }
        if !gained.is_empty() {
            eprintln!(
                "  next: the old face only becomes less: use the parts (`cargo xtask migrate --explain F03`). A before side that was \
                 made more like its driver is let in by hand: add it to its line of {RECORDED}"
            );
            return Ok(Exit::Differs);
        }
    }
    if old.as_ref() == Some(&now) {
        return Ok(Exit::Done);
    }
    if !write {
        eprintln!("{RECORDED} is behind\n  next: cargo xtask semver --legacy --write");
        return Ok(Exit::Pending);
    }
    std::fs::write(&path, now)
        .map_err(|error| Failure::new(format!("cannot write {RECORDED}: {error}")))?;
    Ok(Exit::Done)
}

fn print(items: &[Item], without: &[String], format: Format) -> Result<()> {
    let (removable, left): (Vec<&Item>, Vec<&Item>) = items
        .iter()
        .partition(|item| item.drivers.iter().all(|driver| without.contains(driver)));
    if format == Format::Json {
        let report = Report {
            schema: 1,
            without,
            removable,
            left,
        };
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::new(format!("cannot print the report: {error}")))?;
        return out::print(&(text + "\n"));
    }
    let mut text = String::new();
    let condition = match without {
        [] => "today".to_owned(),
        drivers => format!("once {} have moved", drivers.join(", ")),
    };
    let _ = writeln!(
        text,
        "{} of {} items could be removed {condition}:",
        removable.len(),
        items.len()
    );
    for item in &removable {
        let _ = writeln!(text, "  {} {}", item.finding, item.item);
    }
    let _ = writeln!(text, "{} are still used:", left.len());
    for item in &left {
        let drivers: Vec<&str> = item
            .drivers
            .iter()
            .filter(|driver| !without.contains(driver))
            .map(String::as_str)
            .collect();
        let _ = writeln!(
            text,
            "  {} {}: {}",
            item.finding,
            item.item,
            drivers.join(" ")
        );
    }
    out::print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(list: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        list.iter()
            .map(|(item, drivers)| {
                let drivers = drivers.iter().map(|driver| (*driver).to_owned()).collect();
                (format!("gem_shmem::legacy::{item}"), drivers)
            })
            .collect()
    }

    #[test]
    fn a_record_gains_by_items_and_by_users() {
        let before = items(&uses(&[("Fields::pages", &["lima", "panfrost"])]));
        let after = items(&uses(&[("Fields::pages", &["lima", "v3d"])]));
        assert!(gained(&record(&before), &before).is_empty());
        let more = gained(&record(&before), &after);
        assert_eq!(more.len(), 1);
        assert_eq!(
            (more[0].0.item.as_str(), more[0].1.as_slice()),
            ("Fields::pages", &["v3d"][..])
        );
        assert_eq!(gained("", &before).len(), before.len());
    }

    #[test]
    fn a_path_means_an_item_by_whole_segments() {
        assert!(names("gem_shmem::legacy::Fields::pages", "Fields::pages"));
        assert!(names("gem_shmem::legacy::Object::<T>::pin", "Object::pin"));
        let elsewhere = "gem_shmem::legacy::pages::<impl gem_shmem::legacy::Object>::pin";
        assert!(names(elsewhere, "Object::pin"));
        assert!(names("gem_shmem::legacy::List::<A<B>>::del", "List::del"));
        assert!(!names(
            "gem_shmem::legacy::MoreFields::pages",
            "Fields::pages"
        ));
        assert!(!names(
            "gem_shmem::legacy::Fields::pages_use_count",
            "Fields::pages"
        ));
    }

    #[test]
    fn no_item_is_newer_than_the_record() {
        let recorded = include_str!("../../data/legacy.txt");
        let unused = items(&BTreeMap::new());
        let new: Vec<_> = gained(recorded, &unused)
            .into_iter()
            .map(|(item, _)| &item.item)
            .collect();
        assert!(new.is_empty(), "the old face only becomes less: {new:?}");
    }
}
