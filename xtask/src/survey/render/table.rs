//! The table of drivers, and the totals below it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::grid;
use crate::findings;
use crate::survey::report::{Class, Driver, FieldUse, Report};
use crate::survey::sites::{Site, What};

/// The whole report as Markdown.
pub fn table(report: &Report) -> String {
    let mut out = format!("# gem-shmem in Linux {}\n\n", report.kernel);
    let sites: usize = report.drivers.iter().map(|driver| driver.sites.len()).sum();
    let counts = [Class::KmsSimple, Class::Uma, Class::Provider, Class::Test]
        .map(|class| format!("{} {}", report.count(class), class.as_str()))
        .join(", ");
    let _ = writeln!(
        out,
        "{} drivers ({counts}), {sites} sites.\n",
        report.drivers.len()
    );
    out.push_str(&drivers(report));
    out.push_str(
        "\nFields are read/written/freed. `own` are entries of the object's operations set to the driver's own functions. What is \
         touched without its lock is one site more, F30.\n",
    );
    out.push_str("\n## Why\n\n");
    for driver in in_order(report) {
        let _ = writeln!(
            out,
            "* **{}** ({}): {}.",
            driver.name,
            driver.class.as_str(),
            driver.why.join("; ")
        );
    }
    out.push_str("\n## Functions\n\n");
    out.push_str(&functions(report));
    out.push_str("\n## Findings\n\n");
    out.push_str(&by_finding(report));
    if !report.core.is_empty() {
        out.push_str("\n## In the DRM core\n\n");
        for core in &report.core {
            let names: Vec<String> = core
                .sites
                .iter()
                .map(|site| format!("`{}` :{}", site.symbol, site.line))
                .collect();
            let _ = writeln!(out, "* {}: {}", core.path, names.join(", "));
        }
    }
    if !report.notes.is_empty() {
        out.push_str("\n## Notes\n\n");
        for note in &report.notes {
            let _ = writeln!(out, "* {note}");
        }
    }
    let uncovered: Vec<&Site> = report.drivers.iter().flat_map(Driver::uncovered).collect();
    if !uncovered.is_empty() {
        out.push_str("\n## Covered by no finding\n\n");
        for site in uncovered {
            let _ = writeln!(out, "* {}:{} `{}`", site.file, site.line, site.symbol);
        }
    }
    out
}

/// The drivers as they are shown: those to move first.
fn in_order(report: &Report) -> Vec<&Driver> {
    let mut drivers: Vec<&Driver> = report.drivers.iter().collect();
    drivers.sort_by_key(|driver| {
        let first = match driver.class {
            Class::Uma => 0,
            Class::KmsSimple => 1,
            Class::Provider => 2,
            Class::Test => 3,
        };
        (first, driver.name.as_str())
    });
    drivers
}

/// Names, each once, with how often where that is more than once.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let texts: Vec<String> = counts
        .into_iter()
        .map(|(name, count)| match count {
            1 => name.to_owned(),
            count => format!("{name} {count}"),
        })
        .collect();
    texts.join(", ")
}

fn drivers(report: &Report) -> String {
    let rows: Vec<Vec<String>> = in_order(report)
        .into_iter()
        .map(|driver| {
            let own = driver
                .sites
                .iter()
                .filter(|site| site.what == What::Override);
            vec![
                driver.name.clone(),
                driver.class.as_str().to_owned(),
                driver.sites.len().to_string(),
                short_functions(driver),
                driver
                    .fields
                    .iter()
                    .map(|(name, used)| format!("{name} {}", uses(*used)))
                    .collect::<Vec<_>>()
                    .join(", "),
                driver.hooks.keys().cloned().collect::<Vec<_>>().join(", "),
                counted(own.map(|site| site.symbol.as_str())),
                driver.locked.values().sum::<usize>().to_string(),
            ]
        })
        .collect();
    grid(
        &[
            "driver",
            "class",
            "sites",
            "functions",
            "fields",
            "hooks",
            "own",
            "_locked",
        ],
        &rows,
    )
}

/// Function names without what they have in common, with their counts; the adapters for the
/// operations table are counted together.
fn short_functions(driver: &Driver) -> String {
    let is_adapter = |name: &str| name.starts_with("drm_gem_shmem_object_");
    let adapters = driver
        .functions
        .keys()
        .filter(|name| is_adapter(name))
        .count();
    let mut out: Vec<String> = driver
        .functions
        .iter()
        .filter(|(name, _)| !is_adapter(name))
        .map(|(name, count)| {
            let short = name.strip_prefix("drm_gem_shmem_").unwrap_or(name);
            if *count == 1 {
                short.to_owned()
            } else {
                format!("{short} {count}")
            }
        })
        .collect();
    if adapters > 0 {
        out.push(format!("object_* {adapters}"));
    }
    out.join(", ")
}

fn uses(used: FieldUse) -> String {
    format!("{}/{}/{}", used.read, used.write, used.free)
}

fn functions(report: &Report) -> String {
    let mut totals: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for driver in report
        .drivers
        .iter()
        .filter(|driver| driver.class != Class::Test)
    {
        for (name, count) in &driver.functions {
            let (total, who) = totals.entry(name).or_default();
            *total += count;
            who.push(if *count == 1 {
                driver.name.clone()
            } else {
                format!("{} {count}", driver.name)
            });
        }
    }
    let rows: Vec<Vec<String>> = totals
        .into_iter()
        .map(|(name, (total, who))| vec![format!("`{name}`"), total.to_string(), who.join(", ")])
        .collect();
    grid(&["function", "total", "who (without tests)"], &rows)
}

fn by_finding(report: &Report) -> String {
    let mut rows = Vec::new();
    for finding in findings::all() {
        let mut total = 0;
        let mut who = Vec::new();
        for driver in &report.drivers {
            let count = driver
                .sites
                .iter()
                .filter(|site| site.finding == Some(finding.number))
                .count();
            if count > 0 {
                total += count;
                who.push(format!("{} {count}", driver.name));
            }
        }
        if total > 0 {
            let page = finding.page();
            let title = page
                .title()
                .split_once(": ")
                .map_or("", |(_, title)| title)
                .to_owned();
            rows.push(vec![
                finding.number.to_string(),
                title,
                total.to_string(),
                who.join(", "),
            ]);
        }
    }
    grid(&["finding", "what", "sites", "who"], &rows)
}
