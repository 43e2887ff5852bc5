//! Judges a name after `.` or `->`: a field of something, or an entry that is being set.

use super::super::c::database::Ty;
use super::super::c::infer::{Bindings, Place, cleaned_body};
use super::super::c::lex::Kind as TokenKind;
use super::super::c::parse;
use super::super::c::usage::{self, Usage};
use super::watch::symbol;
use super::{Finder, Set, Verdict, What};
use crate::findings::{GEM, Kind};

/// How many uses of a macro are tried for the types of its parameters.
const USES: usize = 32;

impl Finder<'_> {
    /// Judges the member whose name is token `index`; a hook or entry that is set comes with what
    /// it is set to.
    pub(super) fn judge_member(&self, index: usize) -> (Verdict, Option<Set>) {
        let is_designator = self.file.word(index - 1) == "."
            && index
                .checked_sub(2)
                .is_none_or(|before| matches!(self.file.word(before), "{" | "," | "\\"));
        if is_designator {
            return match self.initialised(index - 1) {
                Some(of) => self.judge_set(&of, index),
                None => (self.judge_by_neighbours(index), None),
            };
        }
        let Some(first) = self.receiver_start(index) else {
            return (Verdict::Unresolved, None);
        };
        let list = &self.file.tokens.list;
        let place = Place::new(self.unit, self.number, list[index].start);
        let owner = if list[index].define {
            self.owner_in_macro(first, index)
        } else {
            self.owner_in_tree(index, place).or_else(|| {
                place.type_of_text(&self.file.cleaned[list[first].start..list[index - 1].start])
            })
        };
        let Some(owner) = owner else {
            return (Verdict::Unresolved, None);
        };
        let usage = usage::judge(self.file, first, index);
        let is_set = usage == Usage::Write && self.file.word(index + 1) == "=";
        match &owner {
            Ty::Struct(of) if is_set && self.is_table(of, index) => self.judge_set(of, index),
            _ => (self.judge_owner(&owner, self.file.word(index), usage), None),
        }
    }

    /// Judges an entry that is set in a structure of unknown type by what else is set there: a name
    /// that the watched structure has not tells that it is another.
    fn judge_by_neighbours(&self, index: usize) -> Verdict {
        let neighbours = self.neighbours(index - 1);
        let foreign = |of: &str| {
            let decls = self.unit.decls;
            let has = |name: &str| {
                decls.field(of, name).is_some() || self.watch.member(of, name).is_some()
            };
            neighbours.iter().find(|name| !has(name)).cloned()
        };
        let owners = self.watch.owners(self.file.word(index));
        let reasons: Option<Vec<String>> = owners
            .iter()
            .map(|of| foreign(of).map(|name| format!("struct {of} has no `{name}`")))
            .collect();
        match reasons {
            Some(reasons) => {
                Verdict::Rejected(format!("another structure's: {}", reasons.join(", ")))
            }
            None => Verdict::Unresolved,
        }
    }

    fn is_table(&self, of: &str, index: usize) -> bool {
        self.watch
            .member(of, self.file.word(index))
            .is_some_and(|(_, item)| matches!(item.kind, Kind::Hook(_) | Kind::Entry(_)))
    }

    /// Judges the use of field `name` of something of type `owner`.
    pub(super) fn judge_owner(&self, owner: &Ty, name: &str, usage: Usage) -> Verdict {
        let Ty::Struct(of) = owner else {
            return Verdict::Rejected("its owner has no fields of the base class".to_owned());
        };
        let Some((finding, item)) = self.watch.member(of, name) else {
            return Verdict::Rejected(format!("a field of struct {of}"));
        };
        match item.kind {
            Kind::Field(owner) if owner == GEM && name == "resv" && usage == Usage::Read => {
                Verdict::Rejected("the reservation lock is used, not replaced".to_owned())
            }
            Kind::Field(_) => Verdict::Site {
                finding: Some(finding),
                what: usage.into(),
                symbol: symbol(item),
            },
            _ => Verdict::Rejected(format!("an entry of struct {of} is read")),
        }
    }

    /// Judges `.name = value` in an initialiser of `struct of`, or `x.name = value`.
    fn judge_set(&self, of: &str, index: usize) -> (Verdict, Option<Set>) {
        let name = self.file.word(index);
        let Some((finding, item)) = self.watch.member(of, name) else {
            return (Verdict::Rejected(format!("a field of struct {of}")), None);
        };
        let (table, what) = match item.kind {
            Kind::Hook(table) => (table, What::Hook),
            Kind::Entry(table) => (table, What::Override),
            _ => {
                let verdict = Verdict::Site {
                    finding: Some(finding),
                    what: What::Write,
                    symbol: symbol(item),
                };
                return (verdict, None);
            }
        };
        let value = self.value_of(index);
        let set = Set {
            table,
            entry: name.to_owned(),
            value: value.clone(),
        };
        // Set to one of the base class's own functions, the function's name is the site.
        let verdict = if self.watch.name(&value).is_some() {
            Verdict::Rejected(
                "set to a function of the base class, which is a site itself".to_owned(),
            )
        } else {
            Verdict::Site {
                finding: Some(finding),
                what,
                symbol: item.c.to_owned(),
            }
        };
        (verdict, Some(set))
    }

    /// The first name of what follows `=`.
    fn value_of(&self, index: usize) -> String {
        let list = &self.file.tokens.list;
        (index + 2..list.len())
            .take_while(|&at| !matches!(self.file.word(at), "," | "}" | ";"))
            .find(|&at| list[at].kind == TokenKind::Name)
            .map_or_else(String::new, |at| self.file.word(at).to_owned())
    }

    /// The first token of the postfix expression before the `.` or `->` of token `index`.
    pub(super) fn receiver_start(&self, index: usize) -> Option<usize> {
        let file = self.file;
        let mut at = index.checked_sub(2)?;
        loop {
            match file.word(at) {
                ")" | "]" => {
                    at = file.tokens.open(&file.text, at)?;
                    let Some(before) = at.checked_sub(1) else {
                        return Some(at);
                    };
                    let called = file.tokens.list[before].kind == TokenKind::Name
                        && !matches!(
                            file.word(before),
                            "return" | "sizeof" | "if" | "while" | "case"
                        );
                    if file.word(at) == "[" || called || matches!(file.word(before), ")" | "]") {
                        at = before;
                        continue;
                    }
                }
                _ if file.tokens.list[at].kind == TokenKind::Name => {}
                _ => return None,
            }
            match at.checked_sub(1).map(|before| file.word(before)) {
                Some("." | "->") => at = at.checked_sub(2)?,
                _ => return Some(at),
            }
        }
    }

    fn owner_in_tree(&self, index: usize, place: Place<'_>) -> Option<Ty> {
        let token = self.file.tokens.list[index];
        let tree = self.file.tree.as_ref()?;
        let path = parse::path(tree, token.start, token.end);
        let parent = *path.get(path.len().checked_sub(2)?)?;
        if parent.kind() != "field_expression" {
            return None;
        }
        place.type_of(parent.child_by_field_name("argument")?, &self.file.cleaned)
    }

    /// In a macro's body the types come from where the macro is used.
    fn owner_in_macro(&self, first: usize, index: usize) -> Option<Ty> {
        let list = &self.file.tokens.list;
        let receiver = cleaned_body(&self.file.text[list[first].start..list[index - 1].start]);
        let at = list[index].start;
        let (name, parameters) = self.unit.decls.own_macros().find_map(|(name, it)| {
            let inside =
                it.file == self.number && (it.start..it.start + it.body.len()).contains(&at);
            inside.then_some((name, it.parameters.as_deref().unwrap_or_default()))
        })?;
        self.types_of_uses(name, parameters)
            .into_iter()
            .find_map(|bindings| {
                Place::new(self.unit, self.number, at)
                    .bound(&bindings)
                    .type_of_text(&receiver)
            })
    }

    /// The types of a macro's parameters, at each of its uses outside of other macros.
    fn types_of_uses(&self, name: &str, parameters: &[String]) -> Vec<Bindings> {
        let mut out = vec![Bindings::new()];
        for (number, file) in self.unit.files.iter().enumerate() {
            for (index, token) in file.tokens.list.iter().enumerate() {
                if token.define || token.kind != TokenKind::Name || file.word(index) != name {
                    continue;
                }
                let Some(arguments) = file.tokens.arguments(&file.text, index + 1) else {
                    continue;
                };
                let place = Place::new(self.unit, number, token.start);
                out.push(place.bind(parameters, &file.cleaned, &arguments));
                if out.len() > USES {
                    return out;
                }
            }
        }
        out
    }
}
