//! Step 2, plan: which rule handles which site, which parts the objects need, what is left by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::context::{Context, MacroArgs, place};
use super::edit::{Edit, EditSet};
use super::locate::Site;
use super::macro_body::Uses;
use super::model::Model;
use super::rules;
use super::source::Source;
use super::unseen::{Unseen, unseen};
use crate::findings::Number;
use crate::{Failure, Result};

/// What became of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A rule rewrites it: the text before and after.
    Rewritten {
        /// The bytes that the rule replaces, as they stand.
        old: String,
        /// What stands there instead.
        new: String,
    },
    /// Nobody but a person can: why, and what to write instead.
    ByHand {
        /// Why no rule applies.
        reason: String,
        /// What to write instead.
        advice: String,
    },
}

/// A site, and what became of it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The site.
    pub site: Site,
    /// Line and column of its start, from 1.
    pub line: usize,
    /// See `line`.
    pub column: usize,
    /// What became of it.
    pub status: Status,
    /// The edits that rewrite it, by the index of their file.
    pub edits: Vec<(usize, Edit)>,
    /// The edit that keeps it compiling on a half-moved driver, if `#[bridge]` knows its method.
    pub bridge: Option<(usize, Edit)>,
}

impl Planned {
    /// Whether a person must do it.
    pub fn is_by_hand(&self) -> bool {
        matches!(self.status, Status::ByHand { .. })
    }
}

/// What a rule says of a site.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Edits, possibly in other files than the site's (by index of the source).
    Edits(Vec<(usize, Edit)>),
    /// The site vanishes with an edit that another site of the same finding made (an import, a deleted `impl`).
    Covered,
    /// A person must do it.
    ByHand {
        /// Why.
        reason: String,
        /// What to write instead.
        advice: String,
    },
}

impl Outcome {
    /// Left by hand.
    pub fn by_hand(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::ByHand {
            reason: reason.into(),
            advice: advice.into(),
        }
    }
}

/// The plan for a crate.
pub struct Plan {
    /// The files, as they stand.
    pub sources: Vec<Source>,
    /// The edits of each file, in the same order.
    pub edits: Vec<EditSet>,
    /// Every site, in the order of files and places.
    pub sites: Vec<Planned>,
    /// Code that the compiler did not look at.
    pub unseen: Vec<Unseen>,
}

/// What is handled.
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// These findings alone; `None` for all.
    pub findings: Option<Vec<Number>>,
    /// Not these sites, by file and first byte.
    pub refused: Vec<(PathBuf, usize)>,
}

impl Only {
    fn refuses(&self, site: &Site) -> Option<&'static str> {
        if self
            .findings
            .as_ref()
            .is_some_and(|only| !only.contains(&site.finding))
        {
            return Some("left out by --only");
        }
        let refused = self
            .refused
            .iter()
            .any(|(file, start)| *file == site.file && *start == site.start);
        refused.then_some("left out when asked")
    }
}

/// Plans the rewrite of `files`, where the compiler found `sites`.
pub fn plan(files: &[PathBuf], sites: &[Site], only: &Only) -> Result<Plan> {
    let sources = files
        .iter()
        .map(|file| Source::read(file))
        .collect::<Result<Vec<_>>>()?;
    let (edits, planned, unseen) = {
        let macros: Vec<MacroArgs> = sources.iter().map(MacroArgs::of).collect();
        let mut by_file: BTreeMap<&PathBuf, &[Site]> = BTreeMap::new();
        for group in sites.chunk_by(|a, b| a.file == b.file) {
            if let Some(first) = group.first() {
                by_file.insert(&first.file, group);
            }
        }
        let mut contexts = Vec::new();
        for (index, (source, macros)) in sources.iter().zip(&macros).enumerate() {
            let sites = by_file.remove(&source.path).unwrap_or_default();
            if let Some(site) = sites
                .iter()
                .find(|site| source.text.get(site.range()).is_none())
            {
                return Err(Failure::new(format!(
                    "{} has no text at bytes {}..{}, where the compiler saw some",
                    source.path.display(),
                    site.start,
                    site.end
                ))
                .next("the file changed meanwhile: run again"));
            }
            contexts.extend(
                place(source, macros, sites)
                    .into_iter()
                    .map(|context| (index, context)),
            );
        }
        if let Some((file, _)) = by_file.first_key_value() {
            return Err(Failure::new(format!(
                "the compiler names {}, which is outside of the code to rewrite",
                file.display()
            ))
            .next("move what touches the base class into the folder that is migrated"));
        }
        let unseen = look_for_unseen(&sources, &contexts);
        let (edits, planned) = decide(&sources, &contexts, only);
        (edits, planned, unseen)
    };
    Ok(Plan {
        sources,
        edits,
        sites: planned,
        unseen,
    })
}

fn look_for_unseen(sources: &[Source], contexts: &[(usize, Context<'_>)]) -> Vec<Unseen> {
    let model = Model::of(sources, contexts);
    let names: Vec<String> = model
        .types
        .iter()
        .filter_map(|ty| ty.field.ident.as_ref().map(ToString::to_string))
        .collect();
    let of_file = |index: usize| -> Vec<&Context<'_>> {
        contexts
            .iter()
            .filter(|(file, _)| *file == index)
            .map(|(_, context)| context)
            .collect()
    };
    sources
        .iter()
        .enumerate()
        .flat_map(|(index, source)| unseen(source, &of_file(index), &names))
        .collect()
}

fn decide(
    sources: &[Source],
    contexts: &[(usize, Context<'_>)],
    only: &Only,
) -> (Vec<EditSet>, Vec<Planned>) {
    let model = Model::of(sources, contexts);
    let uses = Uses::of(sources, contexts);
    let mut edits: Vec<EditSet> = sources.iter().map(|_| EditSet::default()).collect();
    let mut planned = Vec::new();
    for (file, context) in contexts {
        let outcome = match only.refuses(context.site) {
            None => uses.judge(rules::apply(*file, context, &model), context),
            Some(reason) => Outcome::by_hand(reason, "run again, and take it"),
        };
        let mut own = Vec::new();
        let status = match outcome {
            Outcome::Edits(new) => {
                let status = take(&mut edits, sources, *file, context, &new);
                own = new;
                status
            }
            Outcome::Covered => Status::Rewritten {
                old: line_of(context),
                new: String::new(),
            },
            Outcome::ByHand { reason, advice } => Status::ByHand { reason, advice },
        };
        // What the uses of a macro do not agree on must not wait either.
        let known = context.site.expansions.is_empty() || !matches!(status, Status::ByHand { .. });
        let (line, column) = context.source.line_column(context.site.start);
        planned.push(Planned {
            site: context.site.clone(),
            line,
            column,
            status,
            edits: own,
            bridge: known
                .then(|| rules::bridge(*file, context, &model))
                .flatten(),
        });
    }
    (edits, planned)
}

fn take(
    edits: &mut [EditSet],
    sources: &[Source],
    file: usize,
    context: &Context<'_>,
    new: &[(usize, Edit)],
) -> Status {
    if let Err((at, overlap)) = EditSet::add_all(edits, new) {
        let (line, _) = sources[at].line_column(overlap.first.range.start);
        return Status::ByHand {
            reason: format!("its rewrite meets that of another site, on line {line}"),
            advice: "take the two apart into statements of their own, and run again".to_owned(),
        };
    }
    match new.iter().find(|(at, _)| *at == file).or(new.first()) {
        Some((at, edit)) => Status::Rewritten {
            old: sources[*at].text[edit.range.clone()].to_owned(),
            new: edit.new.clone(),
        },
        None => Status::Rewritten {
            old: line_of(context),
            new: String::new(),
        },
    }
}

fn line_of(context: &Context<'_>) -> String {
    let text = &context.source.text;
    let start = text[..context.site.start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let end = text[context.site.end..]
        .find('\n')
        .map_or(text.len(), |at| context.site.end + at);
    text[start..end].trim().to_owned()
}

impl Plan {
    /// The text of each file after the edits. That nothing else changed is checked.
    pub fn results(&self) -> Result<Vec<(PathBuf, String)>> {
        self.sources
            .iter()
            .zip(&self.edits)
            .map(|(source, edits)| {
                let result = edits.apply(&source.text);
                if edits.is_lossless(&source.text, &result) {
                    Ok((source.path.clone(), result))
                } else {
                    Err(Failure::new(format!(
                        "bytes of {} outside of the edits would change",
                        source.path.display()
                    ))
                    .next("this is a bug of the tool; nothing was written"))
                }
            })
            .collect()
    }

    /// Sites that a rule rewrites.
    pub fn rewritten(&self) -> usize {
        self.sites.iter().filter(|site| !site.is_by_hand()).count()
    }

    /// Sites left by hand.
    pub fn by_hand(&self) -> impl Iterator<Item = &Planned> {
        self.sites.iter().filter(|site| site.is_by_hand())
    }
}
