//! One crate through all steps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::krate::Krate;
use super::plan::{Only, Plan, plan};
use super::progress::Step;
use super::stage::{Bridge, Hand};
use super::verify::{Compared, Verdict, files_below, verify};
use super::write::NewFile;
use super::{ask, format, locate, manifest, rules};
use crate::{Exit, Failure, Result};

/// How to run.
pub struct Settings {
    /// The root of the workspace.
    pub workspace: PathBuf,
    /// Where everything is built.
    pub target: PathBuf,
    /// Which findings are handled.
    pub only: Only,
    /// Whether the result is built, and its scenarios run.
    pub verify: bool,
    /// Whether a person is asked about each site.
    pub interactive: bool,
}

/// What came of a crate.
pub struct Outcome {
    /// The crate.
    pub krate: Krate,
    /// Sites and edits.
    pub plan: Plan,
    /// The tool's own result.
    pub result: Vec<NewFile>,
    /// The committed after side, if there is one.
    pub committed: Option<Vec<NewFile>>,
    /// The scenarios, both sides compared; empty when nothing was verified.
    pub scenarios: Vec<Compared>,
    /// Lines of the code that was rewritten.
    pub lines_before: usize,
}

/// Takes one crate through all steps. Nothing is written to it.
pub fn one(krate: &Krate, settings: &Settings) -> Result<Outcome> {
    let step = Step::new(&krate.driver, "locating what leans on the base class");
    let mut sites = locate::locate(krate, &settings.target.join("locate"))?;
    drop(step);
    sites.retain(|site| {
        !krate
            .instruments
            .iter()
            .any(|folder| site.file.starts_with(folder))
    });
    let before: Vec<PathBuf> = rust_files(&krate.before);
    let mut decided = plan(&before, &sites, &settings.only)?;
    if settings.interactive {
        let refused = ask::refused(
            krate,
            &decided,
            &mut std::io::stdin().lock(),
            &mut std::io::stderr(),
        )?;
        decided = plan(
            &before,
            &sites,
            &Only {
                refused,
                ..settings.only.clone()
            },
        )?;
    }
    let plan = decided;
    let lines_before = plan
        .sources
        .iter()
        .map(|source| source.text.lines().count())
        .sum();
    let result = result_of(krate, &plan)?;
    let committed = krate
        .after
        .as_deref()
        .map(read_all)
        .transpose()?
        .filter(|files| !files.is_empty());
    let mut outcome = Outcome {
        krate: krate.clone(),
        plan,
        result,
        committed,
        scenarios: Vec::new(),
        lines_before,
    };
    // A port without an after side has nothing to compare with.
    if settings.verify && outcome.committed.is_some() {
        let verified = outcome.verified().to_vec();
        let _step = Step::new(
            &krate.driver,
            "building the result and running its scenarios on both sides",
        );
        outcome.scenarios = verify(krate, &settings.workspace, &verified, &settings.target)?;
    }
    Ok(outcome)
}

/// The text of the result, in its place, formatted where it was touched; and, in place, the manifest.
fn result_of(krate: &Krate, plan: &Plan) -> Result<Vec<NewFile>> {
    let mut files = tidied(krate, plan, plan.results()?)?;
    if let Some(after) = &krate.after {
        for file in &mut files {
            file.path = after.join(file.path.strip_prefix(&krate.before).unwrap_or(&file.path));
        }
    } else if plan.rewritten() > 0 {
        files.extend(manifest::with_gem_uma(&krate.root, &krate.dependency)?);
    }
    Ok(files)
}

/// The files after the edits, with their imports in order, formatted where they were touched.
fn tidied(krate: &Krate, plan: &Plan, texts: Vec<(PathBuf, String)>) -> Result<Vec<NewFile>> {
    let by_hand: BTreeSet<&Path> = plan
        .by_hand()
        .map(|planned| planned.site.file.as_path())
        .collect();
    let (mut paths, mut tidy) = (Vec::new(), Vec::new());
    for (source, (path, text)) in plan.sources.iter().zip(texts) {
        let by_hand = by_hand.contains(source.path.as_path());
        tidy.push(rules::imports(source, text, &krate.dependency, by_hand)?);
        paths.push(path);
    }
    let texts = format::touched(&krate.root, &plan.sources, tidy)?;
    let files = paths.into_iter().zip(texts);
    Ok(files.map(|(path, text)| NewFile { path, text }).collect())
}

/// The files of a half-moved driver, tidied as the result is.
pub fn moved(outcome: &Outcome, texts: Vec<(PathBuf, String)>) -> Result<Vec<NewFile>> {
    tidied(&outcome.krate, &outcome.plan, texts)
}

/// The files of a crate that is moved in place: all of it, or, where sites are left by hand, with `#[bridge]` for those.
pub fn half_moved(outcome: &Outcome) -> Result<Vec<NewFile>> {
    if outcome.plan.by_hand().next().is_none() {
        return Ok(outcome.result.clone());
    }
    let nothing = BTreeSet::new();
    let texts = outcome
        .plan
        .stage(&nothing, Bridge::AsNeeded, Hand::Waits)?;
    let mut files = moved(outcome, texts)?;
    files.extend(manifest::with_gem_uma(
        &outcome.krate.root,
        &outcome.krate.dependency,
    )?);
    Ok(files)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files_below(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn read_all(folder: &Path) -> Result<Vec<NewFile>> {
    rust_files(folder)
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                Failure::new(format!("cannot read {}: {error}", path.display()))
            })?;
            Ok(NewFile { path, text })
        })
        .collect()
}

impl Outcome {
    /// What is built and compared: the tool's own result, or, where sites are left by hand, the committed after side, which
    /// is that result with the hand part.
    pub fn verified(&self) -> &[NewFile] {
        match &self.committed {
            Some(committed) if self.plan.by_hand().next().is_some() => committed,
            _ => &self.result,
        }
    }

    /// Lines by which the committed after side differs from the tool's result: added and removed ones.
    pub fn hand_delta(&self) -> usize {
        let Some(committed) = &self.committed else {
            return 0;
        };
        let text = |files: &[NewFile], path: &Path| {
            files
                .iter()
                .find(|file| file.path == path)
                .map(|file| file.text.clone())
                .unwrap_or_default()
        };
        let mut paths: Vec<&Path> = self
            .result
            .iter()
            .chain(committed)
            .map(|file| file.path.as_path())
            .collect();
        paths.sort();
        paths.dedup();
        paths
            .into_iter()
            .map(|path| changed_lines(&text(&self.result, path), &text(committed, path)))
            .sum()
    }

    /// Lines of the committed after side, or of the result.
    pub fn lines_after(&self) -> usize {
        self.committed
            .as_ref()
            .unwrap_or(&self.result)
            .iter()
            .map(|file| file.text.lines().count())
            .sum()
    }

    /// Scenarios whose sides are equal.
    pub fn equal(&self) -> usize {
        self.scenarios
            .iter()
            .filter(|scenario| scenario.verdict == Verdict::Equal)
            .count()
    }

    /// Scenarios that differ for a reason, and the reason.
    pub fn differing(&self) -> impl Iterator<Item = (&Compared, &str)> {
        self.scenarios
            .iter()
            .filter_map(|scenario| match &scenario.verdict {
                Verdict::Differing(reason) => Some((scenario, reason.as_str())),
                Verdict::Equal | Verdict::Broken(_) => None,
            })
    }

    /// Scenarios that are broken, and what is wrong.
    pub fn broken(&self) -> impl Iterator<Item = (&Compared, &str)> {
        self.scenarios
            .iter()
            .filter_map(|scenario| match &scenario.verdict {
                Verdict::Broken(what) => Some((scenario, what.as_str())),
                Verdict::Equal | Verdict::Differing(_) => None,
            })
    }

    /// How the task ends.
    pub fn exit(&self, written: bool) -> Exit {
        if self.broken().next().is_some() {
            return Exit::Differs;
        }
        if self.committed.is_none() && self.plan.by_hand().next().is_some() {
            return Exit::ByHand;
        }
        let pending =
            self.committed.is_none() && self.plan.edits.iter().any(|edits| !edits.is_empty());
        if pending && !written {
            Exit::Pending
        } else {
            Exit::Done
        }
    }
}

/// Lines added and removed between two texts.
pub fn changed_lines(old: &str, new: &str) -> usize {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .count()
}
