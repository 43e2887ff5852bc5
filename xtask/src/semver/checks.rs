//! `cargo-semver-checks`: found, installed, run crate by crate, and believed only where it says what it has checked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::surface::{Looked, Way};
use crate::migrate::krate::cargo;
use crate::{Exit, Failure, Result};

/// The version that `--install` installs.
const VERSION: &str = "0.51.0";
/// Where, below the workspace.
const FOLDER: &str = "target/semver-checks";
/// The crates with a library that the tool can read; one of procedural macros it refuses.
const LIBRARIES: [&str; 2] = ["gem-shmem", "gem-uma"];

/// Installs the pinned version into `target/`.
pub fn install(root: &Path) -> Result<Exit> {
    eprintln!(
        "installing cargo-semver-checks {VERSION} into {FOLDER}; this takes about ten minutes, once"
    );
    let status = cargo()
        .args([
            "install",
            "cargo-semver-checks",
            "--locked",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(root.join(FOLDER))
        .current_dir(root)
        .status()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    if status.success() {
        Ok(Exit::Done)
    } else {
        Err(Failure::new(
            "cargo-semver-checks was not installed: cargo says why above",
        ))
    }
}

/// The tool in `target/`, or on the path.
fn find(root: &Path) -> Result<PathBuf> {
    let name = "cargo-semver-checks";
    let ours = root.join(FOLDER).join("bin").join(name);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(ours)
        .chain(std::env::split_paths(&paths).map(|folder| folder.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::new("cargo-semver-checks is not installed").next(format!(
                "`cargo xtask semver --install` installs {VERSION} into {FOLDER}; it takes about ten minutes, once. \
                 `--snapshots` does without it"
            ))
        })
}

/// Runs the tool on every library, against a revision.
pub fn run(root: &Path, revision: &str) -> Result<Vec<Looked>> {
    let tool = find(root)?;
    LIBRARIES
        .iter()
        .map(|name| {
            let output = Command::new(&tool)
                .args([
                    "semver-checks",
                    "check-release",
                    "--package",
                    name,
                    "--default-features",
                ])
                .args(["--baseline-rev", revision])
                .current_dir(root)
                .env("CARGO_TERM_COLOR", "never")
                .output()
                .map_err(|error| Failure::new(format!("cannot run {}: {error}", tool.display())))?;
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            let said = judge(name, output.status.success(), &text)?;
            Ok(Looked {
                name: (*name).to_owned(),
                way: Way::SemverChecks,
                changes: Vec::new(),
                output: said,
                behind: 0,
            })
        })
        .collect()
}

/// What the tool found, if anything. It must have named the crate, and have run checks on it.
fn judge(name: &str, success: bool, text: &str) -> Result<Option<String>> {
    let named = text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("Checking") && words.next() == Some(name)
    });
    let checks = text.lines().find_map(|line| {
        let (before, _) = line.split_once(" checks: ")?;
        line.trim_start().starts_with("Checked").then_some(())?;
        before.rsplit(' ').next()?.parse::<u32>().ok()
    });
    if !named || checks.is_none_or(|checks| checks == 0) {
        return Err(Failure::new(format!(
            "cargo-semver-checks did not check `{name}`:\n\n{}",
            text.trim_end()
        )));
    }
    Ok((!success).then(|| text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "     Parsing gem-uma v0.1.0 (current)\n    Checking gem-uma v0.1.0 -> v0.1.0 (no change)\n     \
                        Checked [   0.010s] 196 checks: 196 pass, 49 skip\n";

    #[test]
    fn a_run_counts_only_with_the_name_and_with_checks() {
        assert_eq!(judge("gem-uma", true, GOOD), Ok(None));
        assert!(judge("gem-shmem", true, GOOD).is_err());
        assert!(judge("gem-uma", true, "").is_err());
        assert!(judge("gem-uma", true, &GOOD.replace("196 checks", "0 checks")).is_err());
    }

    #[test]
    fn what_it_found_is_handed_on() {
        let bad = format!("{GOOD}\n--- failure enum_variant_added ---\n");
        let said = judge("gem-uma", false, &bad)
            .expect("it ran")
            .expect("it found something");
        assert!(said.contains("enum_variant_added"));
    }
}
