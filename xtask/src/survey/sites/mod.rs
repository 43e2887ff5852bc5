//! Finds the sites of one driver: every place that leans on the base class, with its finding.
//!
//! Every token that could name something of the base class gets a verdict: a site, a stated reason
//! why it is none, or "unresolved" where the type before the name could not be told. There is no
//! fourth outcome, so nothing is missed silently.

mod alias;
mod dead;
mod initialiser;
mod member;
mod name;
mod unlocked;
mod watch;

use serde::{Deserialize, Serialize};

use super::c::expand;
use super::c::infer::{SourceFile, Unit, is_container_of};
use super::c::lex::{Kind, Tokens};
use super::c::usage::Usage;
use crate::findings::Number;

pub(crate) use watch::{UNLOCKED, Watch};

/// What stands at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A function is called.
    Call,
    /// A function's address is taken: it becomes a callback.
    Callback,
    /// A macro is used.
    Macro,
    /// The base class is embedded in a structure.
    Embed,
    /// The base class is named as a type.
    TypeUse,
    /// The driver's object is computed from a pointer to the base class inside it.
    Downcast,
    /// A field is read.
    Read,
    /// A field is written.
    Write,
    /// A field is changed in place.
    ReadWrite,
    /// What a field points to is freed.
    Free,
    /// A driver-wide hook is set.
    Hook,
    /// An entry of an object's operations is set to a function of the driver's.
    Override,
}

impl From<Usage> for What {
    fn from(usage: Usage) -> Self {
        match usage {
            Usage::Read => What::Read,
            Usage::Write => What::Write,
            Usage::ReadWrite => What::ReadWrite,
            Usage::Free => What::Free,
        }
    }
}

/// One place that leans on the base class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The file, from the root of the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The finding; `None` if no finding covers it.
    pub finding: Option<Number>,
    /// What stands there.
    pub what: What,
    /// The C name that is used.
    pub symbol: String,
    /// The function it is in; for an embedded base class, the structure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub function: Option<String>,
    /// The line of code. Shown, never stored.
    #[serde(skip)]
    pub code: String,
}

/// A name that was looked at and is no site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    /// The file, from the root of the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name.
    pub name: String,
    /// Why it is no site.
    pub why: String,
}

/// A field of a watched name whose owner's type could not be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unresolved {
    /// The file, from the root of the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field's name.
    pub name: String,
    /// The line of code. Shown, never stored.
    #[serde(skip)]
    pub code: String,
}

/// An entry of an operations table or a driver-wide hook, with what it is set to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Set {
    /// The structure.
    pub(crate) table: &'static str,
    /// The entry.
    pub(crate) entry: String,
    /// What it is set to.
    pub(crate) value: String,
}

/// Everything found in one driver.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The sites, in order.
    pub(crate) sites: Vec<Site>,
    /// Names that are none.
    pub(crate) rejected: Vec<Rejected>,
    /// Names that could not be judged.
    pub(crate) unresolved: Vec<Unresolved>,
    /// Hooks and operations that are set.
    pub(crate) set: Vec<Set>,
}

/// What a name turned out to be.
enum Verdict {
    /// A site of this finding; `None` where no finding covers it.
    Site {
        finding: Option<Number>,
        what: What,
        symbol: String,
    },
    /// No site.
    Rejected(String),
    /// Its owner's type could not be told.
    Unresolved,
}

/// Whether a file holds a name that [`find`] would judge by its place in the tree.
pub(crate) fn holds_names(watch: &Watch, text: &[u8], tokens: &Tokens) -> bool {
    let mut after_dot = false;
    tokens.list.iter().any(|token| {
        let word = std::str::from_utf8(&text[token.start..token.end]).unwrap_or("");
        let holds = watch.name(word).is_some()
            || watch.is_base_class(word)
            || (after_dot && watch.is_member(word))
            || is_container_of(word);
        after_dot = matches!(word, "." | "->");
        holds
    })
}

/// Finds the sites of `unit`.
pub(crate) fn find(unit: Unit<'_>, watch: &Watch) -> Found {
    let mut found = Found::default();
    for (number, file) in unit.files.iter().enumerate() {
        let finder = Finder {
            unit,
            watch,
            number,
            file,
        };
        for index in 0..file.tokens.list.len() {
            let token = file.tokens.list[index];
            if token.kind == Kind::Name {
                finder.judge(index, &mut found);
            }
        }
        finder.reject_dead(&mut found);
        finder.entries_through_locals(&mut found);
    }
    for made in expand::made(unit) {
        if let Some(file) = unit.files.get(made.file) {
            let finder = Finder {
                unit,
                watch,
                number: made.file,
                file,
            };
            if let Some(verdict) = finder.judge_made(&made) {
                finder.record(made.at, &made.name, verdict, &mut found);
            }
        }
    }
    unlocked::mark(unit, &mut found);
    found.sites.sort();
    found.sites.dedup();
    found.rejected.sort();
    found.rejected.dedup();
    found.unresolved.sort();
    found.unresolved.dedup();
    found.set.sort();
    found.set.dedup();
    found
}

/// Judges the names of one file.
struct Finder<'a> {
    unit: Unit<'a>,
    watch: &'a Watch,
    number: usize,
    file: &'a SourceFile,
}

impl Finder<'_> {
    fn judge(&self, index: usize, found: &mut Found) {
        let word = self.file.word(index);
        let before = index
            .checked_sub(1)
            .map_or("", |before| self.file.word(before));
        let verdict = if matches!(before, "." | "->") && self.watch.is_member(word) {
            let (verdict, set) = self.judge_member(index);
            found.set.extend(set);
            Some(verdict)
        } else {
            self.judge_name(index)
                .or_else(|| self.judge_macro_argument(index))
        };
        if let Some(verdict) = verdict {
            self.record(self.file.tokens.list[index].start, word, verdict, found);
        }
    }

    fn record(&self, at: usize, name: &str, verdict: Verdict, found: &mut Found) {
        let file = self.file.path.clone();
        let line = self.file.line(at);
        match verdict {
            Verdict::Site {
                finding,
                what,
                symbol,
            } => found.sites.push(Site {
                file,
                line,
                finding,
                what,
                symbol,
                function: self.file.index.function(at).map(str::to_owned).or_else(|| {
                    (what == What::Embed)
                        .then(|| self.structure_at(at))
                        .flatten()
                }),
                code: self.file.line_text(line),
            }),
            Verdict::Rejected(why) => {
                found.rejected.push(Rejected {
                    file,
                    line,
                    name: name.to_owned(),
                    why,
                });
            }
            Verdict::Unresolved => found.unresolved.push(Unresolved {
                code: self.file.line_text(line),
                file,
                line,
                name: name.to_owned(),
            }),
        }
    }
}
