//! What each patch of a series says and holds.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::place::{one_side, renamed};
use crate::findings::{self, Number};
use crate::migrate::krate::Krate;
use crate::migrate::manifest;
use crate::migrate::plan::{Plan, Planned, Status};
use crate::migrate::run::{Outcome, moved};
use crate::migrate::stage::{Bridge, Hand};
use crate::migrate::verify::files_below;
use crate::migrate::write::NewFile;
use crate::{Failure, Result};

/// One patch of the series.
pub(super) struct Patch {
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) files: Vec<NewFile>,
    /// Files that go.
    pub(super) gone: Vec<PathBuf>,
}

/// When the part that only people could move comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandPart {
    /// There is none.
    None,
    /// With the struct: no half-moved driver has what stands at one of its sites.
    First,
    /// In a patch of its own, after all that rules move.
    Last,
}

impl HandPart {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let plan = &outcome.plan;
        if plan.by_hand().next().is_none() || outcome.committed.is_none() {
            Self::None
        } else if plan.by_hand().all(Planned::can_wait) {
            Self::Last
        } else {
            Self::First
        }
    }
}

/// The object with the bridge; one patch for each finding that can wait; what was moved by hand; and the bridge goes.
pub(super) fn patches(outcome: &Outcome, hand: HandPart) -> Result<Vec<Patch>> {
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
    let stays = if waiting.is_empty() && hand != HandPart::Last {
        Bridge::AsNeeded
    } else {
        Bridge::Stays
    };
    let mut first = stage(outcome, &waiting, stays, hand)?;
    if krate.after.is_none() {
        first.extend(manifest::with_gem_uma(&krate.root, &krate.dependency)?);
    }
    first.extend(instruments(krate)?);
    let (alias, gone) = one_side(outcome);
    first.extend(alias);
    let mut patches = vec![Patch {
        subject: format!("{}: an object made of parts", krate.driver),
        body: first_body(plan.by_hand().count(), hand, stays),
        files: first,
        gone,
    }];
    while let Some(number) = waiting.pop_first() {
        let files = stage(outcome, &waiting, Bridge::Stays, hand)?;
        let (subject, body) = message(krate, number);
        patches.push(Patch {
            subject,
            body,
            files,
            gone: Vec::new(),
        });
    }
    let mut moved = stage(outcome, &waiting, Bridge::AsNeeded, hand)?;
    if hand == HandPart::Last {
        moved = by_people(outcome);
        patches.push(Patch {
            subject: format!("{}: what no rule could move", krate.driver),
            body: hand_body(plan),
            files: moved.iter().map(with_bridge).collect(),
            gone: Vec::new(),
        });
    }
    patches.push(Patch {
        subject: format!("{}: the bridge is not needed any more", krate.driver),
        body: "Nothing uses the names of the base class.\n".to_owned(),
        files: moved,
        gone: Vec::new(),
    });
    Ok(patches)
}

fn first_body(by_hand: usize, hand: HandPart, bridge: Bridge) -> String {
    let mut body = String::from(
        "The object embeds the base class no more: it has the parts that it needs, and\nthe derive writes its function table from them.\n",
    );
    if hand == HandPart::First {
        let _ = write!(
            body,
            "\n{by_hand} places did what the parts do not allow, and were rewritten by hand.\n"
        );
    }
    if bridge == Bridge::Stays {
        body.push_str(
            "\nUses of the base class's methods and fields stay for now, through #[bridge].\n",
        );
    }
    body
}

fn hand_body(plan: &Plan) -> String {
    let mut body = String::from("These places were rewritten by hand:\n\n");
    for planned in plan.by_hand() {
        if let Status::ByHand { reason, .. } = &planned.status {
            let file = planned.site.file.file_name().unwrap_or_default();
            let (file, line) = (file.to_string_lossy(), planned.line);
            let _ = writeln!(body, "{}, {file}:{line}: {reason}", planned.site.finding);
        }
    }
    body
}

/// The committed after side, in the place of the before side.
fn by_people(outcome: &Outcome) -> Vec<NewFile> {
    let krate = &outcome.krate;
    let Some(after) = &krate.after else {
        return Vec::new();
    };
    let committed = outcome.committed.as_deref().unwrap_or_default();
    let moved = committed.iter().filter_map(|file| {
        let path = krate.before.join(file.path.strip_prefix(after).ok()?);
        let text = renamed(&file.text, after, &krate.before);
        Some(NewFile { path, text })
    });
    moved.collect()
}

/// A file of the after side while the bridge still stands.
fn with_bridge(file: &NewFile) -> NewFile {
    let mut text = String::with_capacity(file.text.len());
    for line in file.text.split_inclusive('\n') {
        let code = line.trim_start();
        if code.starts_with("#[derive(") && code.contains("UmaObject") {
            let indent = &line[..line.len() - code.len()];
            let _ = writeln!(text, "{indent}#[gem_uma::bridge]");
        }
        text.push_str(line);
    }
    NewFile {
        path: file.path.clone(),
        text,
    }
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
fn stage(
    outcome: &Outcome,
    waiting: &BTreeSet<Number>,
    bridge: Bridge,
    hand: HandPart,
) -> Result<Vec<NewFile>> {
    let by_hand = match hand {
        HandPart::First => Hand::Moves,
        HandPart::None | HandPart::Last => Hand::Waits,
    };
    let texts = outcome.plan.stage(waiting, bridge, by_hand)?;
    let mut files = moved(outcome, texts)?;
    if hand == HandPart::First {
        files = merged(outcome, files, bridge);
    }
    Ok(files)
}

/// Puts what people changed in the committed after side into the files of a stage: a three-way merge on the tool's result. Where that
/// meets a site that waits, the file is moved as a whole.
fn merged(outcome: &Outcome, files: Vec<NewFile>, bridge: Bridge) -> Vec<NewFile> {
    let people = by_people(outcome);
    let place = |file: &NewFile| {
        let krate = &outcome.krate;
        let below = file.path.strip_prefix(krate.after.as_ref()?).ok()?;
        Some(krate.before.join(below))
    };
    let tools = |path: &Path| {
        let result = &outcome.result;
        result
            .iter()
            .find(|file| place(file).is_some_and(|place| place == path))
    };
    let merge = |stage: NewFile, hand: &NewFile| {
        let merged = tools(&stage.path)
            .and_then(|tool| diffy::merge(&tool.text, &stage.text, &hand.text).ok());
        match merged {
            Some(text) => NewFile {
                path: stage.path,
                text,
            },
            None if bridge == Bridge::Stays => with_bridge(hand),
            None => hand.clone(),
        }
    };
    let mut files: Vec<NewFile> = files
        .into_iter()
        .map(
            |file| match people.iter().find(|hand| hand.path == file.path) {
                Some(hand) => merge(file, hand),
                None => file,
            },
        )
        .collect();
    let new = people
        .into_iter()
        .filter(|hand| files.iter().all(|file| file.path != hand.path));
    let new: Vec<NewFile> = new.collect();
    files.extend(new);
    files
}

/// Instruments that look into the objects move with the first patch: those of the after side take the place of those before.
fn instruments(krate: &Krate) -> Result<Vec<NewFile>> {
    let Some(after) = &krate.after else {
        return Ok(Vec::new());
    };
    let name = |folder: &Path| {
        let name = folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (old, new) = (name(&krate.before), name(after));
    let mut files = Vec::new();
    for folder in &krate.instruments {
        for path in files_below(folder) {
            if path.file_stem().is_some_and(|stem| *stem == *old) {
                let twin = path.with_file_name(format!("{new}.rs"));
                if let Ok(text) = std::fs::read_to_string(&twin) {
                    files.push(NewFile {
                        path,
                        text: renamed(&text, after, &krate.before),
                    });
                }
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::krate;
    use crate::migrate::plan::Only;
    use crate::migrate::run::{Settings, one};

    fn outcome(driver: &str) -> Outcome {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let workspace = workspace.canonicalize().expect("the workspace");
        let settings = Settings {
            target: workspace.join("target/migrate"),
            only: Only::default(),
            verify: false,
            interactive: false,
            workspace,
        };
        let port = krate::port(&settings.workspace, driver).expect("a port");
        one(&port, &settings).expect("a plan")
    }

    #[test]
    fn what_people_moved_comes_last_and_the_bridge_goes_after_it() {
        let outcome = outcome("imagination");
        assert_eq!(HandPart::of(&outcome), HandPart::Last);
        let patches = patches(&outcome, HandPart::Last).expect("patches");
        let [first, .., hand, last] = patches.as_slice() else {
            panic!("{} patches", patches.len());
        };
        assert_eq!(hand.subject, "imagination: what no rule could move");
        assert_eq!(
            last.subject,
            "imagination: the bridge is not needed any more"
        );
        let bridged = |patch: &Patch| {
            patch
                .files
                .iter()
                .any(|file| file.text.contains("#[gem_uma::bridge]"))
        };
        assert!(patches[..patches.len() - 1].iter().all(bridged) && !bridged(last));
        // The site that is left by hand waits from the first patch on, and the hand part takes it away.
        let waits = |patch: &Patch| {
            patch
                .files
                .iter()
                .any(|file| file.text.contains(".base().map_wc.set("))
        };
        assert!(waits(first) && !waits(hand));
        // In the end it is what people committed, in the place of the before side.
        let committed = outcome.committed.as_ref().expect("an after side");
        assert_eq!(last.files.len(), committed.len());
        for (moved, committed) in last.files.iter().zip(committed) {
            assert_eq!(moved.text.lines().count(), committed.text.lines().count());
            assert!(moved.path.starts_with(&outcome.krate.before));
        }
    }

    #[test]
    fn a_page_array_that_a_driver_fills_cannot_wait() {
        let outcome = outcome("lima");
        assert_eq!(HandPart::of(&outcome), HandPart::First);
        let patches = patches(&outcome, HandPart::First).expect("patches");
        assert!(patches[0].body.contains("rewritten by hand"));
        assert!(
            patches
                .iter()
                .all(|patch| !patch.subject.contains("no rule could move"))
        );
    }
}
