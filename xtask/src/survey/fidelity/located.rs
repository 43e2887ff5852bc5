//! The ports of this workspace, with the sites that the compiler locates in their before sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{LocatedSite, Port, by_name};
use crate::migrate::{krate, locate};
use crate::{Failure, Result};

/// Where a port says which names of its driver it leaves out, and why: a list of
/// ``* `name`: reason``.
const REASONS: &str = "LEFT_OUT.md";

/// Every port of the workspace. Each is compiled, in the target folder that `migrate` locates in.
pub fn ports() -> Result<Vec<Port>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = here.parent().unwrap_or(here).to_owned();
    let target = workspace.join("target/migrate/locate");
    krate::ports(&workspace)?
        .iter()
        .map(|port| located(port, &workspace, &target))
        .collect()
}

fn located(port: &krate::Krate, workspace: &Path, target: &Path) -> Result<Port> {
    let mut sites = Vec::new();
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for site in locate::locate(port, target)? {
        if port
            .instruments
            .iter()
            .any(|folder| site.file.starts_with(folder))
        {
            continue;
        }
        if !texts.contains_key(&site.file) {
            let text = std::fs::read_to_string(&site.file).map_err(|error| {
                Failure::new(format!("cannot read `{}`: {error}", site.file.display()))
            })?;
            texts.insert(site.file.clone(), text);
        }
        let before = texts[&site.file].get(..site.start).unwrap_or_default();
        let file = site.file.strip_prefix(workspace).unwrap_or(&site.file);
        sites.push(LocatedSite {
            finding: site.finding,
            file: file.display().to_string(),
            line: before.matches('\n').count() + 1,
            item: site.item,
        });
    }
    Ok(Port {
        port: port.driver.clone(),
        sites,
        by_name: by_name(port)?,
        reasons: reasons(&port.root.join(REASONS))?,
    })
}

/// The C names that the port says in its own code: all of its source but the after side.
fn by_name(port: &krate::Krate) -> Result<BTreeSet<String>> {
    let but: Vec<PathBuf> = port
        .instruments
        .iter()
        .chain(&port.after)
        .cloned()
        .collect();
    by_name::found(&port.root.join("src"), &but)
}

/// The reasons a port gives; none if it has no such file.
fn reasons(path: &Path) -> Result<BTreeMap<String, String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(read_reasons(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(Failure::new(format!(
            "cannot read `{}`: {error}",
            path.display()
        ))),
    }
}

/// Reads ``* `name`: reason``; a line that goes on is indented.
fn read_reasons(text: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in text.lines() {
        let item = line
            .strip_prefix("* `")
            .and_then(|rest| rest.split_once("`: "));
        if let Some((name, reason)) = item {
            out.insert(name.to_owned(), reason.trim().to_owned());
            last = Some(name.to_owned());
        } else if let (Some(name), true) = (&last, line.starts_with("  ")) {
            if let Some(reason) = out.get_mut(name) {
                reason.push(' ');
                reason.push_str(line.trim());
            }
        } else {
            last = None;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::read_reasons;

    #[test]
    fn reasons_are_read_with_the_lines_that_go_on() {
        let text =
            "# Left out\n\nWhat and why.\n\n* `sgt`: one\n  and two.\n* `pages`: three\n\n  * no\n";
        let reasons = read_reasons(text);
        assert_eq!(reasons["sgt"], "one and two.");
        assert_eq!(reasons["pages"], "three");
        assert_eq!(reasons.len(), 2);
    }
}
