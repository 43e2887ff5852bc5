//! How much of what the real drivers do the mock ports reproduce.
//!
//! A port's sites come from the compiler: `migrate`'s locate step lists each use of an item of
//! `gem_shmem::legacy`. The findings map the item to its C name, so that both sides speak of the same
//! names. What a driver does to the GEM object inside the base class is found by name. A name that no
//! item models is listed apart.

mod by_name;
mod located;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use located::ports;

use super::render::grid;
use super::report::{Class, Driver, Report};
use crate::findings::{self, Kind, Number};
use crate::{Failure, Result};

/// One use of the base class in a port, as the compiler located it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedSite {
    /// The finding.
    pub finding: Number,
    /// The file, from the root of the workspace.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The item of `gem_shmem::legacy`, as the compiler names it: `Fields::pages`.
    pub item: String,
}

/// A port's before side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The port, named as its driver.
    pub port: String,
    /// Every use of the base class.
    pub sites: Vec<LocatedSite>,
    /// C names that the port says in its own code, where the compiler locates nothing.
    #[serde(default)]
    pub by_name: BTreeSet<String>,
    /// Why a C name that the real driver uses is left out, by name.
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
}

/// A port beside its driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The driver.
    pub driver: String,
    /// Where the real driver's names come from.
    pub source: String,
    /// Names both use.
    pub reproduced: BTreeSet<String>,
    /// Names only the real driver uses, with the port's reason; empty if it gives none.
    pub missing: BTreeMap<String, String>,
    /// Names of the base class that only the port uses.
    pub extra: BTreeSet<String>,
    /// Names the real driver uses that the model has no item for.
    pub not_located: BTreeSet<String>,
}

/// All ports beside their drivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fidelity {
    /// The kernel compared with.
    pub kernel: String,
    /// A row for each port, in order of name.
    pub rows: Vec<Row>,
    /// UMA drivers of the kernel, and noted ones, that have no port.
    pub without_port: Vec<String>,
}

/// Reads a list of ports from a JSON file.
pub fn read_ports(path: &Path) -> Result<Vec<Port>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!(
            "`{}` is no list of located sites: {error}",
            path.display()
        ))
        .next(
            "it is a list of {\"port\", \"sites\": [{\"finding\", \"file\", \"line\", \"item\"}]}",
        )
    })
}

/// Compares `ports` with the drivers of `report`, and with the noted drivers where it has none.
pub fn compare(report: &Report, ports: &[Port]) -> Result<Fidelity> {
    let noted = super::snapshot::noted()?;
    let mut rows = Vec::new();
    for port in ports {
        let (driver, source) = match (report.driver(&port.port), noted.driver(&port.port)) {
            (Some(driver), _) => (driver, format!("Linux {}", report.kernel)),
            (None, Some(driver)) => (driver, noted.kernel.clone()),
            (None, None) => {
                return Err(Failure::new(format!(
                    "the port `{}` is of no driver that is known",
                    port.port
                ))
                .next("name the port after its driver"));
            }
        };
        rows.push(row(driver, source, port));
    }
    rows.sort_by(|a, b| a.driver.cmp(&b.driver));
    let without_port = report
        .drivers
        .iter()
        .chain(&noted.drivers)
        .filter(|driver| driver.class == Class::Uma)
        .filter(|driver| !ports.iter().any(|port| driver.is_named(&port.port)))
        .map(|driver| driver.name.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    Ok(Fidelity {
        kernel: report.kernel.clone(),
        rows,
        without_port,
    })
}

fn row(driver: &Driver, source: String, port: &Port) -> Row {
    let located: BTreeSet<&str> = port.sites.iter().flat_map(c_names).collect();
    let can_locate: BTreeSet<&str> = findings::all()
        .iter()
        .flat_map(|finding| finding.items)
        .filter(|item| !item.rust.is_empty())
        .map(|item| item.c)
        .chain(by_name::known())
        .collect();
    let is_said = |name: &str| located.contains(name) || port.by_name.contains(name);
    let real = names(driver);
    let (real, not_located): (BTreeSet<String>, BTreeSet<String>) = real
        .into_iter()
        .partition(|name| can_locate.contains(name.as_str()));
    let missing = real
        .iter()
        .filter(|name| !is_said(name))
        .map(|name| {
            (
                name.clone(),
                port.reasons.get(name).cloned().unwrap_or_default(),
            )
        })
        .collect();
    Row {
        driver: driver.name.clone(),
        source,
        reproduced: real.iter().filter(|name| is_said(name)).cloned().collect(),
        missing,
        extra: located
            .iter()
            .filter(|name| !real.contains(**name))
            .map(|name| (*name).to_owned())
            .collect(),
        not_located,
    }
}

/// The C names that a driver uses: functions, fields, and hooks.
fn names(driver: &Driver) -> BTreeSet<String> {
    driver
        .functions
        .keys()
        .chain(driver.fields.keys())
        .chain(driver.hooks.keys())
        .cloned()
        .collect()
}

/// The C names that a located site stands for: those of the finding's items of that name. The compiler
/// writes a method's path in more than one way; its last part, with the finding, is enough.
fn c_names(site: &LocatedSite) -> impl Iterator<Item = &'static str> {
    let last = |path: &str| path.rsplit("::").next().map(str::to_owned);
    let name = last(&site.item);
    findings::find(site.finding)
        .into_iter()
        .flat_map(|finding| finding.items)
        .filter(|item| !matches!(item.kind, Kind::Type | Kind::Entry(_)) && !item.c.is_empty())
        .filter(move |item| item.rust.iter().any(|rust| last(rust) == name))
        .map(|item| item.c)
}

impl Fidelity {
    /// Whether every missing name has a reason.
    pub fn is_excused(&self) -> bool {
        self.rows
            .iter()
            .all(|row| row.missing.values().all(|reason| !reason.is_empty()))
    }

    /// The comparison as Markdown.
    pub fn markdown(&self) -> String {
        let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                vec![
                    row.driver.clone(),
                    row.source.clone(),
                    format!(
                        "{} of {}",
                        row.reproduced.len(),
                        row.reproduced.len() + row.missing.len()
                    ),
                    row.missing.keys().cloned().collect::<Vec<_>>().join(", "),
                    join(&row.extra),
                    join(&row.not_located),
                ]
            })
            .collect();
        let mut out = format!("# The mock ports beside Linux {}\n\n", self.kernel);
        let head = [
            "driver",
            "compared with",
            "reproduced",
            "missing",
            "only in the port",
            "not located",
        ];
        out.push_str(&grid(&head, &rows));
        for row in self.rows.iter().filter(|row| !row.missing.is_empty()) {
            let _ = writeln!(out, "\n## What the port of {} leaves out\n", row.driver);
            for (name, reason) in &row.missing {
                let reason = if reason.is_empty() {
                    "no reason is given"
                } else {
                    reason
                };
                let _ = writeln!(out, "* `{name}`: {reason}");
            }
        }
        if !self.without_port.is_empty() {
            let _ = writeln!(out, "\nWithout a port: {}.", self.without_port.join(", "));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(items: &[&str], reasons: &[(&str, &str)]) -> Port {
        let finding = |item: &str| {
            if item.starts_with("Fields") {
                Number(3)
            } else {
                Number(21)
            }
        };
        let site = |item: &&str| LocatedSite {
            finding: finding(item),
            file: "ports/lima/src/shmem/gem.rs".to_owned(),
            line: 1,
            // As the compiler writes a field's path, and a method's.
            item: match item.strip_prefix("Object::") {
                Some(method) => format!(
                    "gem_shmem::legacy::madvise::<impl gem_shmem::legacy::Object>::{method}"
                ),
                None => format!("gem_shmem::legacy::{item}"),
            },
        };
        Port {
            port: "lima".to_owned(),
            sites: items.iter().map(site).collect(),
            by_name: BTreeSet::from(["base.funcs".to_owned()]),
            reasons: reasons
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
        }
    }

    fn compared(port: Port) -> Row {
        let report = crate::survey::snapshot::linux_6_12().expect("the committed survey");
        compare(&report, &[port])
            .expect("a comparison")
            .rows
            .remove(0)
    }

    #[test]
    fn a_name_is_reproduced_missing_or_extra() {
        let row = compared(port(&["Fields::pages", "Object::madvise"], &[]));
        assert!(row.reproduced.contains("pages"));
        assert!(row.missing.contains_key("pages_use_count"));
        assert!(row.extra.contains("drm_gem_shmem_madvise"));
        assert!(row.reproduced.contains("base.funcs"));
        assert!(row.missing.contains_key("base.filp"));
    }

    #[test]
    fn a_reason_excuses_only_the_name_it_is_for() {
        let report = crate::survey::snapshot::linux_6_12().expect("the committed survey");
        let reasons = [("sgt", "kept elsewhere")];
        let fidelity =
            compare(&report, &[port(&["Fields::pages"], &reasons)]).expect("a comparison");
        assert_eq!(fidelity.rows[0].missing["sgt"], "kept elsewhere");
        assert!(!fidelity.is_excused());
        assert!(
            fidelity
                .markdown()
                .contains("* `pages_use_count`: no reason is given")
        );
    }

    #[test]
    fn a_driver_younger_than_the_kernel_is_compared_with_the_notes() {
        let rocket = Port {
            port: "rocket".to_owned(),
            sites: Vec::new(),
            by_name: BTreeSet::new(),
            reasons: BTreeMap::new(),
        };
        let row = compared(rocket);
        assert!(row.source.contains("notes"), "{}", row.source);
        assert!(row.missing.contains_key("drm_gem_shmem_get_pages_sgt"));
    }

    #[test]
    fn a_port_of_an_unknown_driver_is_an_error() {
        let report = crate::survey::snapshot::linux_6_12().expect("the committed survey");
        let unknown = Port {
            port: "nobody".to_owned(),
            sites: Vec::new(),
            by_name: BTreeSet::new(),
            reasons: BTreeMap::new(),
        };
        assert!(compare(&report, &[unknown]).is_err());
    }
}
