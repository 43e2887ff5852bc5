//! Versions, and whether one that follows another may break who depends on it.

use std::path::Path;

use serde::Serialize;

use super::baseline;

/// The versions of a crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// In the baseline.
    pub old: String,
    /// Now.
    pub new: String,
}

impl Versions {
    /// The versions of the crate `name`; `None` where one of them cannot be read.
    pub fn of(root: &Path, revision: &str, name: &str) -> Option<Self> {
        let manifest = format!("{name}/Cargo.toml");
        let old = version(
            &baseline::file(root, revision, &manifest)?,
            baseline::file(root, revision, "Cargo.toml").as_deref(),
        )?;
        let now = |path: &str| std::fs::read_to_string(root.join(path)).ok();
        let new = version(&now(&manifest)?, now("Cargo.toml").as_deref())?;
        Some(Versions { old, new })
    }

    /// Whether the step says that somebody may be broken: the first number that is not zero went up.
    pub fn may_break(&self) -> bool {
        match (numbers(&self.old), numbers(&self.new)) {
            (Some(old), Some(new)) => match old {
                [0, 0, _] => new > old,
                [0, minor, _] => new[0] > 0 || new[1] > minor,
                [major, ..] => new[0] > major,
            },
            _ => false,
        }
    }
}

/// The version in a manifest, or in that of the workspace where it says so.
fn version(manifest: &str, workspace: Option<&str>) -> Option<String> {
    let manifest: toml_edit::DocumentMut = manifest.parse().ok()?;
    let version = manifest.get("package")?.get("version")?;
    if let Some(version) = version.as_str() {
        return Some(version.to_owned());
    }
    let workspace: toml_edit::DocumentMut = workspace?.parse().ok()?;
    let package = workspace.get("workspace")?.get("package")?;
    Some(package.get("version")?.as_str()?.to_owned())
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let plain = version.split(['-', '+']).next()?;
    let mut numbers = plain.split('.').map(|number| number.parse().ok());
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_zero_says_that_it_breaks() {
        for (old, new, breaks) in [
            ("0.1.0", "0.1.0", false),
            ("0.1.0", "0.1.1", false),
            ("0.1.0", "0.2.0", true),
            ("0.2.0", "0.1.0", false),
            ("0.9.0", "1.0.0", true),
            ("0.0.1", "0.0.2", true),
            ("1.2.3", "1.3.0", false),
            ("1.2.3", "2.0.0-rc.1", true),
            ("1.2.3", "two", false),
        ] {
            let versions = Versions {
                old: old.to_owned(),
                new: new.to_owned(),
            };
            assert_eq!(versions.may_break(), breaks, "{old} -> {new}");
        }
    }

    #[test]
    fn a_version_may_be_the_workspaces() {
        let workspace = "[workspace.package]\nversion = \"0.3.0\"\n";
        for (manifest, wanted) in [
            ("[package]\nversion = \"0.2.0\"\n", Some("0.2.0")),
            ("[package]\nversion.workspace = true\n", Some("0.3.0")),
            ("[package]\n", None),
            ("nonsense", None),
        ] {
            assert_eq!(version(manifest, Some(workspace)).as_deref(), wanted);
        }
    }
}
