//! `--series DIR`: the move as patches that `git am` applies, each of which builds and keeps what the scenarios show.
//!
//! A port is moved in place here, as a real driver would be: its before side becomes, patch by patch, what the after side is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::krate::Krate;
use super::run::{Outcome, Settings, moved};
use super::stage::Bridge;
use super::verify::{Shown, run_side};
use super::write::{NewFile, write_all};
use super::{check, manifest};
use crate::findings::{self, Number};
use crate::{Failure, Result};

/// One patch of the series.
struct Patch {
    subject: String,
    body: String,
    files: Vec<NewFile>,
}

/// What checking a patch showed.
pub struct Checked {
    /// Its subject.
    pub subject: String,
    /// Scenarios that show what a side shows; 0 for a crate without.
    pub scenarios: usize,
    /// Seconds that the build and the scenarios took.
    pub seconds: u64,
}

/// Writes the series into `folder`, after every prefix of it was built and run.
pub fn write(outcome: &Outcome, settings: &Settings, folder: &Path) -> Result<Vec<Checked>> {
    let krate = &outcome.krate;
    let tree = super::krate::workspace_root(&krate.root)?;
    let git = Git::clone(&tree, &settings.target.join("series"))?;
    let patches = patches(outcome)?;
    let sides = if krate.is_port() {
        Some(Sides::of(krate, &git.dir, settings)?)
    } else {
        None
    };
    let mut checked = Vec::new();
    let mut so_far: BTreeMap<PathBuf, NewFile> = BTreeMap::new();
    for patch in &patches {
        so_far.extend(
            patch
                .files
                .iter()
                .map(|file| (file.path.clone(), file.clone())),
        );
        let files = relocated(&patch.files, &tree, &git.dir);
        write_all(&git.dir, &files)?;
        if git.is_clean()? {
            continue;
        }
        let start = Instant::now();
        let scenarios = match &sides {
            Some(sides) => sides.compare(krate, &git.dir, settings, &patch.subject)?,
            None => {
                let files: Vec<NewFile> = so_far.values().cloned().collect();
                check::check(krate, &files, &settings.target)?;
                0
            }
        };
        git.commit(&patch.subject, &patch.body)?;
        checked.push(Checked {
            subject: patch.subject.clone(),
            scenarios,
            seconds: start.elapsed().as_secs(),
        });
    }
    git.format_patch(folder, checked.len())?;
    Ok(checked)
}

fn relocated(files: &[NewFile], from: &Path, to: &Path) -> Vec<NewFile> {
    files
        .iter()
        .filter_map(|file| {
            let path = to.join(file.path.strip_prefix(from).ok()?);
            Some(NewFile {
                path,
                text: file.text.clone(),
            })
        })
        .collect()
}

/// The object with the bridge, one patch for each finding that can wait, and the bridge goes with the last.
fn patches(outcome: &Outcome) -> Result<Vec<Patch>> {
    let krate = &outcome.krate;
    let plan = &outcome.plan;
    if krate.after.is_none()
        && let Some(site) = plan.by_hand().find(|site| !site.can_wait())
    {
        return Err(Failure::new(format!(
            "{}:{} is left by hand, and no half-moved driver has it: a series of patches would not build",
            site.site.file.display(),
            site.line
        ))
        .next("do what the report says there, and run again"));
    }
    let mut waiting: BTreeSet<Number> = plan.waiting();
    let mut patches = Vec::new();
    let mut first = stage(outcome, &waiting, Bridge::AsNeeded)?;
    if krate.after.is_none() {
        first.extend(manifest::with_gem_uma(&krate.root, &krate.dependency)?);
    }
    first.extend(instruments(krate)?);
    let by_hand = plan.by_hand().count();
    let mut body = String::from(
        "The object embeds the base class no more: it has the parts that it needs, and\nthe derive writes its function table from them.\n",
    );
    if by_hand > 0 && krate.after.is_some() {
        let _ = write!(
            body,
            "\n{by_hand} places did what the parts do not allow, and were rewritten by hand.\n"
        );
    }
    if !waiting.is_empty() {
        body.push_str("\nCalls of the base class's methods stay for now, through #[bridge].\n");
    }
    patches.push(Patch {
        subject: format!("{}: an object made of parts", krate.driver),
        body,
        files: first,
    });
    while let Some(number) = waiting.pop_first() {
        // The bridge goes in a patch of its own, after the last finding.
        let last = waiting.is_empty();
        let files = stage(outcome, &waiting, Bridge::Stays)?;
        let (subject, body) = message(krate, number);
        patches.push(Patch {
            subject,
            body,
            files,
        });
        if last {
            patches.push(Patch {
                subject: format!("{}: the bridge is not needed any more", krate.driver),
                body: "Nothing uses the names of the base class.\n".to_owned(),
                files: stage(outcome, &waiting, Bridge::AsNeeded)?,
            });
        }
    }
    Ok(patches)
}

fn message(krate: &Krate, number: Number) -> (String, String) {
    let finding = findings::find(number);
    let slug = finding.map_or("", |finding| finding.slug);
    let mut body = String::new();
    if let Some(page) = finding.map(|finding| finding.page()) {
        let _ = write!(body, "{}\n\n{}\n", page.why(), page.instead());
    }
    (format!("{}: {number}: {slug}", krate.driver), body)
}

/// The files of a stage, in the place of the before side.
fn stage(outcome: &Outcome, waiting: &BTreeSet<Number>, bridge: Bridge) -> Result<Vec<NewFile>> {
    let texts = outcome.plan.stage(waiting, bridge)?;
    let mut files = Vec::new();
    for (index, (path, text)) in texts.into_iter().enumerate() {
        let text = moved(outcome, index, text)?;
        files.push(NewFile { path, text });
    }
    // Where a person had to help, that help is part of every stage.
    if outcome.committed.is_some() && outcome.plan.by_hand().next().is_some() {
        files = merged(outcome, files)?;
    }
    Ok(files)
}

/// Puts what people changed in the committed after side into the files of a stage: a three-way merge on the tool's result.
fn merged(outcome: &Outcome, files: Vec<NewFile>) -> Result<Vec<NewFile>> {
    let krate = &outcome.krate;
    let (Some(after), Some(committed)) = (&krate.after, &outcome.committed) else {
        return Ok(files);
    };
    files
        .into_iter()
        .map(|file| {
            let place = after.join(file.path.strip_prefix(&krate.before).unwrap_or(&file.path));
            let text = |files: &[NewFile]| {
                files
                    .iter()
                    .find(|file| file.path == place)
                    .map(|file| file.text.clone())
            };
            let (Some(tool), Some(hand)) = (text(&outcome.result), text(committed)) else {
                return Ok(file);
            };
            let text = diffy::merge(&tool, &file.text, &hand).map_err(|_| {
                Failure::new(format!(
                    "the hand part of {} meets a site that waits for its patch",
                    place.display()
                ))
                .next("move that site by hand, too, or write the hand part apart from it")
            })?;
            Ok(NewFile {
                path: file.path,
                text,
            })
        })
        .collect()
}

/// Instruments that look into the objects move with the first patch: those of the after side take the place of those before.
fn instruments(krate: &Krate) -> Result<Vec<NewFile>> {
    let Some(after) = &krate.after else {
        return Ok(Vec::new());
    };
    let name = |folder: &Path| {
        folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let (old, new) = (name(&krate.before), name(after));
    let mut files = Vec::new();
    for folder in &krate.instruments {
        for path in super::verify::files_below(folder) {
            if path.file_stem().is_some_and(|stem| *stem == *old) {
                let twin = path.with_file_name(format!("{new}.rs"));
                if let Ok(text) = std::fs::read_to_string(&twin) {
                    files.push(NewFile {
                        path,
                        text: text.replace(&format!("crate::{new}"), &format!("crate::{old}")),
                    });
                }
            }
        }
    }
    Ok(files)
}

/// What the two sides show at the start: a half-moved driver must show one or the other.
struct Sides {
    before: Vec<Shown>,
    after: Vec<Shown>,
}

impl Sides {
    fn of(krate: &Krate, tree: &Path, settings: &Settings) -> Result<Self> {
        Ok(Self {
            before: run_side(krate, tree, &settings.target, "before")?,
            after: run_side(krate, tree, &settings.target, "after")?,
        })
    }

    fn compare(
        &self,
        krate: &Krate,
        tree: &Path,
        settings: &Settings,
        subject: &str,
    ) -> Result<usize> {
        let now = run_side(krate, tree, &settings.target, "before")?;
        let trace = |side: &[Shown], name: &str| {
            side.iter()
                .find(|shown| shown.name == name)
                .map(|shown| shown.trace.clone())
        };
        for shown in &now {
            let known = [
                trace(&self.before, &shown.name),
                trace(&self.after, &shown.name),
            ];
            if !known.contains(&Some(shown.trace.clone())) {
                return Err(Failure::new(format!(
                    "after the patch `{subject}` the scenario `{}` shows what neither side shows",
                    shown.name
                ))
                .next("move the sites of that patch by hand"));
            }
        }
        Ok(now.len())
    }
}

/// A clone of the crate's tree to make the patches in.
struct Git {
    dir: PathBuf,
}

impl Git {
    fn clone(tree: &Path, dir: &Path) -> Result<Self> {
        if dir.exists() {
            std::fs::remove_dir_all(dir).map_err(|error| {
                Failure::new(format!("cannot remove {}: {error}", dir.display()))
            })?;
        }
        let top = Self {
            dir: tree.to_owned(),
        }
        .output(&["rev-parse", "--show-toplevel"])?;
        if Path::new(top.trim()) != tree {
            return Err(
                Failure::new(format!("{} is not the top of a git tree", tree.display()))
                    .next("make the patches where the crate's repository begins"),
            );
        }
        let from = tree.to_string_lossy();
        let to = dir.to_string_lossy();
        Self {
            dir: tree.to_owned(),
        }
        .output(&["clone", "--quiet", "--shared", &from, &to])?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    fn output(&self, args: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(args)
            .current_dir(&self.dir)
            .output()
            .map_err(|error| Failure::new(format!("cannot run git: {error}")))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "`git {}` failed: {}",
                args.join(" "),
                stderr.trim_end()
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn is_clean(&self) -> Result<bool> {
        Ok(self.output(&["status", "--porcelain"])?.trim().is_empty())
    }

    fn commit(&self, subject: &str, body: &str) -> Result<()> {
        self.output(&["add", "--all"])?;
        let author = [
            "-c",
            "user.name=cargo xtask migrate",
            "-c",
            "user.email=migrate@localhost",
        ];
        let message = format!("{subject}\n\n{body}");
        // Who has a name in git keeps it.
        let named = self.output(&["config", "user.email"]).is_ok();
        let mut args: Vec<&str> = if named { Vec::new() } else { author.to_vec() };
        args.extend(["commit", "--quiet", "--no-verify", "-m", &message]);
        self.output(&args).map(drop)
    }

    fn format_patch(&self, folder: &Path, patches: usize) -> Result<()> {
        let folder = std::path::absolute(folder).map_err(|error| {
            Failure::new(format!(
                "cannot use the folder {}: {error}",
                folder.display()
            ))
        })?;
        let (out, count) = (folder.to_string_lossy(), format!("-{patches}"));
        self.output(&["format-patch", "--quiet", "--numbered", "-o", &out, &count])
            .map(drop)
    }
}
