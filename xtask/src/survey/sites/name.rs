//! Judges a name that stands alone: a function, a macro, the type.

use super::super::c::database::Ty;
use super::super::c::expand::Made;
use super::super::c::infer::{Place, is_container_of};
use super::super::c::parse;
use super::super::c::usage::Usage;
use super::watch::{DEFINITION, symbol};
use super::{Finder, Verdict, What};
use crate::findings::{Kind, SHMEM};

impl Finder<'_> {
    /// Judges token `index`; `None` if it is no name to look for.
    pub(super) fn judge_name(&self, index: usize) -> Option<Verdict> {
        let word = self.file.word(index);
        if is_container_of(word) && self.file.word(index + 1) == "(" {
            return self.judge_downcast(index);
        }
        let Some((finding, item)) = self.watch.name(word) else {
            return self
                .watch
                .is_base_class(word)
                .then(|| self.judge_unknown(index));
        };
        if let Some(why) = self.is_declaration(index) {
            return Some(Verdict::Rejected(why.to_owned()));
        }
        let what = match item.kind {
            Kind::Type => {
                if index == 0 || self.file.word(index - 1) != "struct" {
                    return Some(Verdict::Rejected("a name that is not the type".to_owned()));
                }
                if self.file.word(index + 1) == ";" {
                    return Some(Verdict::Rejected("a forward declaration".to_owned()));
                }
                if self.is_embedded(index) {
                    What::Embed
                } else {
                    What::TypeUse
                }
            }
            Kind::Macro => What::Macro,
            _ if self.file.word(index + 1) == "(" => What::Call,
            _ => What::Callback,
        };
        Some(Verdict::Site {
            finding: Some(finding),
            what,
            symbol: item.c.to_owned(),
        })
    }

    /// A name that begins like the base class's but is in no finding: the driver's own, or one the
    /// findings miss.
    fn judge_unknown(&self, index: usize) -> Verdict {
        let word = self.file.word(index);
        let own = self.unit.decls.own;
        let is_own = self.unit.decls.own_macros().any(|(name, _)| name == word)
            || own.declares(word)
            || self.is_defined_by_macro(word);
        if is_own {
            return Verdict::Rejected("declared by the driver itself".to_owned());
        }
        if self.file.word(index + 1) == "##" {
            return Verdict::Rejected("a part of a name that a macro pastes together".to_owned());
        }
        let what = if self.file.word(index + 1) == "(" {
            What::Call
        } else {
            What::Callback
        };
        Verdict::Site {
            finding: None,
            what,
            symbol: word.to_owned(),
        }
    }

    /// Whether a macro that says so defines `word`: `SOME_DEFINE_THING(word, ..)`.
    fn is_defined_by_macro(&self, word: &str) -> bool {
        self.unit.files.iter().any(|file| {
            (2..file.tokens.list.len()).any(|index| {
                file.word(index) == word
                    && file.word(index - 1) == "("
                    && file.word(index - 2).contains("DEFINE")
            })
        })
    }

    /// Why a name is only declared or defined here; `None` if it is used.
    fn is_declaration(&self, index: usize) -> Option<&'static str> {
        let token = self.file.tokens.list[index];
        let tree = self.file.tree.as_ref()?;
        let path = parse::path(tree, token.start, token.end);
        let parent = path.len().checked_sub(2).map(|at| path[at])?;
        // What does not parse may look like a declaration and be a use.
        if parent.has_error() || path.iter().any(|node| node.is_error()) {
            return None;
        }
        match parent.kind() {
            "function_declarator" => Some("a function of that name is declared here"),
            "preproc_def" | "preproc_function_def" => Some("a macro of that name is defined here"),
            _ => None,
        }
    }

    /// Whether the type at `index` is that of a member, by value.
    fn is_embedded(&self, index: usize) -> bool {
        let token = self.file.tokens.list[index];
        let Some(tree) = &self.file.tree else {
            return false;
        };
        let path = parse::path(tree, token.start, token.end);
        path.iter()
            .rev()
            .any(|node| node.kind() == "field_declaration")
            && self.file.word(index + 1) != "*"
    }

    /// The structure whose definition `at` is in, as `struct x`.
    pub(super) fn structure_at(&self, at: usize) -> Option<String> {
        let path = parse::path(self.file.tree.as_ref()?, at, at + 1);
        let name = path
            .iter()
            .rev()
            .filter(|node| node.kind() == "struct_specifier" && node.start_byte() + 6 < at)
            .find_map(|node| {
                node.child_by_field_name("body")?;
                node.child_by_field_name("name")
            })?;
        Some(format!(
            "struct {}",
            parse::text_of(name, &self.file.cleaned)
        ))
    }

    /// The words of a stretch of text, without its comments.
    fn words_in(&self, range: &std::ops::Range<usize>) -> String {
        let list = &self.file.tokens.list;
        let words: Vec<&str> = (0..list.len())
            .skip_while(|&at| list[at].start < range.start)
            .take_while(|&at| list[at].end <= range.end)
            .map(|at| self.file.word(at))
            .collect();
        words.join(" ")
    }

    /// `container_of` and its relatives: a step from the base class to the driver's object if the
    /// member lies at or behind an embedded base class.
    fn judge_downcast(&self, index: usize) -> Option<Verdict> {
        let file = self.file;
        let arguments = file.tokens.arguments(&file.text, index + 1)?;
        let text = |at: usize| arguments.get(at).map(|it| self.words_in(it));
        let of = text(1)?;
        let of = of
            .strip_prefix("struct ")
            .unwrap_or(&of)
            .trim_end_matches(['*', ' ']);
        let place = Place::new(self.unit, self.number, file.tokens.list[index].start);
        let base = Ty::Struct(SHMEM.to_owned());
        let mut ty = Ty::Struct(of.to_owned());
        let mut crosses = false;
        for member in text(2)?.split('.') {
            ty = place.field_of(ty, member.trim())?;
            crosses |= ty == base;
        }
        crosses.then(|| Verdict::Site {
            finding: Some(DEFINITION),
            what: What::Downcast,
            symbol: of.to_owned(),
        })
    }

    /// Judges a name that a macro of the driver's makes.
    pub(super) fn judge_made(&self, made: &Made) -> Option<Verdict> {
        let Some(receiver) = &made.receiver else {
            let (finding, item) = self.watch.name(&made.name)?;
            let what = match item.kind {
                Kind::Macro => What::Macro,
                Kind::Type => What::TypeUse,
                _ if made.called => What::Call,
                _ => What::Callback,
            };
            return Some(Verdict::Site {
                finding: Some(finding),
                what,
                symbol: item.c.to_owned(),
            });
        };
        if !self.watch.is_member(&made.name) {
            return None;
        }
        let place = Place::new(self.unit, self.number, made.at);
        match place.type_of_text(receiver.as_bytes()) {
            Some(ty) => Some(self.judge_owner(&ty, &made.name, Usage::Read)),
            None => Some(Verdict::Unresolved),
        }
    }

    /// A field's name handed to a macro that walks a list or steps out of a member.
    pub(super) fn judge_macro_argument(&self, index: usize) -> Option<Verdict> {
        let file = self.file;
        let word = file.word(index);
        if index == 0 || !self.watch.is_member(word) {
            return None;
        }
        if file.word(index - 1) != "," || !matches!(file.word(index + 1), ")" | ",") {
            return None;
        }
        let mut depth = 0_usize;
        let mut open = index;
        loop {
            open = open.checked_sub(1)?;
            match file.word(open) {
                ")" | "]" | "}" => depth += 1,
                "(" if depth == 0 => break,
                "(" | "[" | "{" => depth = depth.checked_sub(1)?,
                ";" => return None,
                _ => {}
            }
        }
        let caller = open.checked_sub(1).map(|at| file.word(at))?;
        if !(caller.contains("_entry") || caller.contains("container_of") || caller == "offsetof") {
            return None;
        }
        let place = Place::new(self.unit, self.number, file.tokens.list[index].start);
        let arguments = file.tokens.arguments(&file.text, open)?;
        let text = |at: usize| arguments.get(at).map(|it| self.words_in(it));
        let named = |at: usize| {
            let text = text(at)?;
            let name = text.strip_prefix("struct ").unwrap_or(&text);
            self.unit
                .decls
                .knows_struct(name)
                .then(|| Ty::Struct(name.to_owned()))
        };
        let owner = if is_container_of(caller) {
            named(1)
        } else {
            named(0)
        };
        let owner =
            owner.or_else(|| text(0).and_then(|text| place.type_of_text(text.as_bytes())))?;
        match &owner {
            Ty::Struct(of) => {
                let (finding, item) = self.watch.member(of, word)?;
                let symbol = symbol(item);
                Some(Verdict::Site {
                    finding: Some(finding),
                    what: What::Read,
                    symbol,
                })
            }
            Ty::Scalar => None,
        }
    }
}
