//! `cargo-semver-checks`: found, installed, run crate by crate, and believed only where it says what it has checked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::surface::{Looked, Way};
use crate::migrate::krate::cargo;
use crate::out::print;
use crate::{Exit, Failure, Result};

/// What the tool is called.
const NAME: &str = "cargo-semver-checks";
/// How long `--install` takes on two cores; with the tool's own release profile it would be ten.
const TAKES: &str = "about three minutes";
/// The version that `--install` installs.
const VERSION: &str = "0.51.0";
/// Where, below the workspace.
const FOLDER: &str = "target/semver-checks";
/// Where the tool builds, below the workspace.
const WORK: &str = "target/semver-checks/work";
/// The crates with a library that the tool can read.
const LIBRARIES: [&str; 2] = ["gem-shmem", "gem-uma"];
/// The crate of procedural macros, which it refuses.
const MACROS: &str = "migrate-macros";

/// How it is built: it runs for a second, so what counts is how soon it is there.
const PROFILE: [(&str, &str); 5] = [
    ("OPT_LEVEL", "0"),
    ("LTO", "off"),
    ("CODEGEN_UNITS", "16"),
    ("DEBUG", "0"),
    ("STRIP", "symbols"),
];

/// Installs the pinned version into `target/`, if it is not there.
pub fn install(root: &Path) -> Result<Exit> {
    let folder = root.join(FOLDER);
    let tool = folder.join("bin").join(NAME);
    let installed = Command::new(&tool).arg("--version").output();
    if installed.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .any(|word| word == VERSION)
    }) {
        print(&format!("{NAME} {VERSION} is installed in {FOLDER}\n"))?;
        return Ok(Exit::Done);
    }
    eprintln!("installing {NAME} {VERSION} into {FOLDER}; this takes {TAKES}, once");
    let mut command = cargo();
    command
        .args(["install", NAME, "--locked", "--force", "--version", VERSION])
        .arg("--root")
        .arg(&folder)
        .current_dir(root)
        // What it is made from goes when it is made.
        .env_remove("CARGO_TARGET_DIR")
        .envs(PROFILE.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value)));
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    if status.success() && tool.is_file() {
        print(&format!("{NAME} {VERSION} is installed in {FOLDER}\n"))?;
        Ok(Exit::Done)
    } else {
        Err(Failure::new(format!(
            "{NAME} was not installed: cargo says why above"
        )))
    }
}

/// The tool in `target/`, or on the path.
fn find(root: &Path) -> Result<PathBuf> {
    let ours = root.join(FOLDER).join("bin").join(NAME);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(ours)
        .chain(std::env::split_paths(&paths).map(|folder| folder.join(NAME)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::new(format!("{NAME} is not installed")).next(format!(
                "`cargo xtask semver --install` installs {VERSION} into {FOLDER}; it takes {TAKES}, once. \
                 `--snapshots` does without it"
            ))
        })
}

/// Runs the tool on every crate, against a revision.
pub fn run(root: &Path, revision: &str) -> Result<Vec<Looked>> {
    let tool = find(root)?;
    let work = root.join(WORK);
    let mut looked = Vec::new();
    for name in LIBRARIES {
        // Without a network it works with what cargo has; with one it may fetch what an old revision needs.
        let ran = start(&tool, root, &work, name, revision, true)?;
        let said = match judge(name, &ran) {
            Ok(said) => said,
            Err(_) => judge(name, &start(&tool, root, &work, name, revision, false)?)?,
        };
        looked.push(Looked {
            name: name.to_owned(),
            output: said.output.map(|output| plain(&output, root, &work)),
            note: Some(said.note),
            ..Looked::new(Way::SemverChecks)
        });
    }
    let ran = start(&tool, root, &work, MACROS, revision, true)?;
    looked.push(Looked {
        name: MACROS.to_owned(),
        note: Some(refused(MACROS, &ran.all())?),
        ..Looked::new(Way::Refused)
    });
    tidy(&work, revision);
    Ok(looked)
}

/// A run of the tool.
struct Ran {
    /// Whether it was content.
    success: bool,
    /// What it does, a line each.
    progress: String,
    /// What it found.
    failures: String,
}

impl Ran {
    fn all(&self) -> String {
        format!("{}{}", self.progress, self.failures)
    }
}

/// Runs the tool on one crate.
fn start(
    tool: &Path,
    root: &Path,
    work: &Path,
    name: &str,
    revision: &str,
    offline: bool,
) -> Result<Ran> {
    let mut command = Command::new(tool);
    command
        .args(["semver-checks", "check-release", "--package", name])
        .arg("--default-features")
        // A version that may break would have it check nothing; whether the version is enough, the report says.
        .args(["--release-type", "minor", "--baseline-rev", revision])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", work)
        .env("CARGO_TERM_COLOR", "never")
        .env("RUST_BACKTRACE", "0")
        .env_remove("RUSTDOCFLAGS");
    if offline {
        command.env("CARGO_NET_OFFLINE", "true");
    }
    let output = command
        .output()
        .map_err(|error| Failure::new(format!("cannot run {}: {error}", tool.display())))?;
    Ok(Ran {
        success: output.status.success(),
        progress: String::from_utf8_lossy(&output.stderr).into_owned(),
        failures: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

/// The text with the paths of both sides as they are in the workspace.
fn plain(text: &str, root: &Path, work: &Path) -> String {
    let copies = format!("{}/semver-checks/git-", work.display());
    let here = format!("{}/", root.display());
    text.lines()
        .map(|line| match line.split_once(&copies) {
            // The name of the baseline's copy, the hash of its tree, and the path in it.
            Some((before, copy)) => {
                let path = copy.splitn(3, '/').nth(2).unwrap_or(copy);
                format!("{before}{path}\n")
            }
            None => format!("{}\n", line.replace(&here, "")),
        })
        .collect()
}

/// Removes the sources of other baselines: the tool keeps one copy and one build of each that it was ever given.
fn tidy(work: &Path, revision: &str) {
    let kept = format!("git-{revision}");
    for entry in std::fs::read_dir(work.join("semver-checks"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("git-") && *name != *kept {
            // What cannot be removed only takes room.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// What the tool did on a crate.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// Its own words on what it has checked.
    note: String,
    /// What it found, with its verdict.
    output: Option<String>,
}

/// What the tool says about a crate. It must have named the crate, and have run checks on it.
fn judge(name: &str, ran: &Ran) -> Result<Said> {
    let lines = |word: &'static str| {
        ran.progress
            .lines()
            .map(str::trim)
            .filter(move |line| line.split_whitespace().next() == Some(word))
    };
    let named = lines("Checking").any(|line| line.split_whitespace().nth(1) == Some(name));
    let checked = lines("Checked")
        .find_map(|line| line.split_once("] "))
        .map(|(_, checks)| checks.trim());
    let count = checked
        .and_then(|checked| checked.split_once(" checks: "))
        .and_then(|(count, _)| count.parse::<u32>().ok());
    match (checked, count) {
        (Some(checked), Some(1..)) if named => Ok(Said {
            note: checked.to_owned(),
            output: (!ran.success).then(|| {
                let verdict: Vec<&str> = lines("Summary").collect();
                format!("{}\n\n{}", ran.failures.trim(), verdict.join("\n"))
            }),
        }),
        _ => Err(Failure::new(format!(
            "{NAME} did not check `{name}`:\n\n{}",
            ran.all().trim_end()
        ))),
    }
}

/// That the tool refuses a crate of procedural macros, in its own words; should it ever read one, this must hear of it.
fn refused(name: &str, text: &str) -> Result<String> {
    let refuses = text
        .lines()
        .any(|line| line.contains("no library target") && line.contains(name));
    if !refuses {
        return Err(Failure::new(format!(
            "{NAME} was expected to refuse `{name}`, a crate of procedural macros, and said:\n\n{}",
            text.trim_end()
        ))
        .next(
            "if it reads such crates now, make it one of `LIBRARIES` in xtask/src/semver/checks.rs",
        ));
    }
    Ok("it reads no procedural macros; their attribute grammar is compared instead".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "    Building gem-uma v0.1.0 (current)\n     Parsing gem-uma v0.1.0 (current)\n    \
                        Checking gem-uma v0.1.0 -> v0.1.0 (assume minor change)\n     \
                        Checked [   0.010s] 202 checks: 202 pass, 58 skip\n     Summary no semver update required\n";

    fn ran(success: bool, progress: &str, failures: &str) -> Ran {
        Ran {
            success,
            progress: progress.to_owned(),
            failures: failures.to_owned(),
        }
    }

    #[test]
    fn a_run_counts_only_with_the_name_and_with_checks() {
        let said = judge("gem-uma", &ran(true, GOOD, "")).expect("it was checked");
        assert_eq!(said.note, "202 checks: 202 pass, 58 skip");
        assert_eq!(said.output, None);
        assert!(judge("gem-shmem", &ran(true, GOOD, "")).is_err());
        assert!(judge("gem-uma", &ran(true, "", GOOD)).is_err());
        for empty in ["0 checks: 0 pass, 260 skip", "checks", ""] {
            let text = GOOD.replace("202 checks: 202 pass, 58 skip", empty);
            assert!(judge("gem-uma", &ran(true, &text, "")).is_err(), "{empty}");
        }
    }

    #[test]
    fn what_it_found_is_handed_on_with_its_verdict() {
        let progress = GOOD.replace("no semver", "a semver");
        let said = judge(
            "gem-uma",
            &ran(false, &progress, "\n--- failure enum_variant_added ---\n"),
        )
        .expect("it ran");
        assert_eq!(
            said.output.as_deref(),
            Some("--- failure enum_variant_added ---\n\nSummary a semver update required")
        );
    }

    #[test]
    fn paths_are_those_of_the_workspace() {
        let text = "Failed in:\n  variant A, previously in file /w/target/x/semver-checks/git-0a/1b/gem-uma/src/lib.rs:3\n\
                    \u{20} variant B in file /w/gem-uma/src/lib.rs:4";
        assert_eq!(
            plain(text, Path::new("/w"), Path::new("/w/target/x")),
            "Failed in:\n  variant A, previously in file gem-uma/src/lib.rs:3\n  variant B in file gem-uma/src/lib.rs:4\n"
        );
    }

    #[test]
    fn a_crate_of_macros_must_be_refused_by_name() {
        let text = "error: no crates with library targets selected, nothing to semver-check\n\
                    note: skipped the following crates since they have no library target: migrate-macros\n";
        assert!(refused("migrate-macros", text).is_ok());
        assert!(refused("gem-uma", text).is_err());
        assert!(refused("migrate-macros", GOOD).is_err());
    }
}
