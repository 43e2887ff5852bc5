//! `--series DIR`: the move as patches that `git am` applies, each of which builds and keeps what the scenarios show.
//!
//! A port is moved in place here, as a real driver would be: its before side becomes, patch by patch, what the after side is. What
//! people moved comes last, where `#[bridge]` can carry it so far: its doc says what it cannot.

mod git;
mod patches;
mod place;
mod sides;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::check;
use super::progress::Step;
use super::run::{Outcome, Settings};
use super::write::{NewFile, write_all};
use crate::{Failure, Result};
use git::Git;
use patches::{HandPart, patches};
use sides::{Kept, Sides};

/// What checking a patch showed.
pub struct Checked {
    /// Its subject.
    pub subject: String,
    /// Scenarios that ran; 0 for a crate without.
    pub scenarios: usize,
    /// Those that show neither side yet, because a defect of theirs is half gone.
    pub between: usize,
    /// Seconds that the build and the scenarios took.
    pub seconds: u64,
}

/// A series, and what checking it showed.
pub struct Series {
    /// Its patches, in order.
    pub patches: Vec<Checked>,
    /// Why the part that was moved by hand is in the first patch, if it could not be the last.
    pub hand_first: Option<String>,
}

/// Writes the series into `folder`, after every prefix of it was built and run.
pub fn write(outcome: &Outcome, settings: &Settings, folder: &Path) -> Result<Series> {
    let old = std::fs::read_dir(folder).into_iter().flatten().flatten();
    if let Some(patch) = old
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "patch"))
    {
        // `git am DIR/*.patch` would take patches of both series.
        return Err(
            Failure::new(format!("there are patches already: {}", patch.display()))
                .next("name a folder without any; nothing was written"),
        );
    }
    let hand = HandPart::of(outcome);
    match attempt(outcome, settings, folder, hand) {
        Err(failure) if hand == HandPart::Last => Ok(Series {
            patches: attempt(outcome, settings, folder, HandPart::First)?,
            hand_first: failure.what().lines().next().map(str::to_owned),
        }),
        patches => Ok(Series {
            patches: patches?,
            hand_first: (hand == HandPart::First)
                .then(|| "no half-moved driver has what stands at one of its places".to_owned()),
        }),
    }
}

fn attempt(
    outcome: &Outcome,
    settings: &Settings,
    folder: &Path,
    hand: HandPart,
) -> Result<Vec<Checked>> {
    let krate = &outcome.krate;
    let tree = super::krate::workspace_root(&krate.root)?;
    let git = Git::clone(&tree, &settings.target.join("series"))?;
    let patches = patches(outcome, hand)?;
    let sides = if krate.is_port() {
        Some(Sides::of(krate, &git.dir, settings)?)
    } else {
        None
    };
    let mut checked = Vec::new();
    let mut so_far: BTreeMap<PathBuf, NewFile> = BTreeMap::new();
    for (number, patch) in patches.iter().enumerate() {
        let _step = Step::new(
            &krate.driver,
            &format!(
                "patch {} of {}: {}",
                number + 1,
                patches.len(),
                patch.subject
            ),
        );
        so_far.extend(
            patch
                .files
                .iter()
                .map(|file| (file.path.clone(), file.clone())),
        );
        let files = relocated(&patch.files, &tree, &git.dir);
        write_all(&git.dir, &files)?;
        for gone in patch
            .gone
            .iter()
            .filter_map(|gone| gone.strip_prefix(&tree).ok())
        {
            let gone = git.dir.join(gone);
            std::fs::remove_file(&gone).map_err(|error| {
                Failure::new(format!("cannot remove {}: {error}", gone.display()))
            })?;
        }
        if git.is_clean()? {
            continue;
        }
        let start = Instant::now();
        let kept = match &sides {
            Some(sides) => sides.compare(krate, &git.dir, settings, &patch.subject)?,
            None => {
                let files: Vec<NewFile> = so_far.values().cloned().collect();
                check::check(krate, &files, &settings.target)?;
                Kept::default()
            }
        };
        let mut body = patch.body.clone();
        if !kept.between.is_empty() {
            body.push_str("\nOn their way, and like neither side here:\n");
        }
        for (scenario, reason) in &kept.between {
            let _ = writeln!(body, "{scenario} ({reason})");
        }
        git.commit(&patch.subject, &body)?;
        checked.push(Checked {
            subject: patch.subject.clone(),
            scenarios: kept.ran,
            between: kept.between.len(),
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
