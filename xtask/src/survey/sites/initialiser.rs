//! The structure that a designated initialiser fills.

use super::super::c::database::Ty;
use super::super::c::infer::Place;
use super::super::c::lex::Kind;
use super::Finder;

/// How deep initialisers may nest before their type is given up.
const DEPTH: usize = 32;

impl Finder<'_> {
    /// The name of the structure that the `.` at token `dot` sets a field of: read from what stands
    /// before the enclosing brace.
    pub(super) fn initialised(&self, dot: usize) -> Option<String> {
        self.initialised_at(dot, 0)
    }

    fn initialised_at(&self, dot: usize, depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        let open = self.enclosing_brace(dot)?;
        let ahead = open.checked_sub(1)?;
        let file = self.file;
        match file.word(ahead) {
            // `(struct x) {`, and `(struct x[]) {`.
            ")" => {
                let list = file.tokens.open(&file.text, ahead)?;
                (list + 1..ahead).find_map(|at| self.type_at(at))
            }
            "=" => self.declared_before(ahead, depth),
            // An element of an array, or of another structure's initialiser.
            "{" | "," => self.initialised_element(open, depth),
            _ => None,
        }
    }

    /// The names that are set in the same braces as the one after the `.` at token `dot`.
    pub(super) fn neighbours(&self, dot: usize) -> Vec<String> {
        let file = self.file;
        let Some(open) = self.enclosing_brace(dot) else {
            return Vec::new();
        };
        let mut depth = 0_usize;
        let mut out = Vec::new();
        for index in open + 1..file.tokens.list.len() {
            match file.word(index) {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" if depth == 0 => break,
                "}" | ")" | "]" => depth -= 1,
                "." if depth == 0 && matches!(file.word(index - 1), "{" | ",") => {
                    out.push(file.word(index + 1).to_owned());
                }
                _ => {}
            }
        }
        out
    }

    /// The `{` that token `index` is directly inside of.
    fn enclosing_brace(&self, index: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in (0..index).rev() {
            match self.file.word(at) {
                "}" | ")" | "]" => depth += 1,
                "{" if depth == 0 => return Some(at),
                "{" | "(" | "[" => depth = depth.checked_sub(1)?,
                ";" if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// `struct x name[..] = {`, `.member = {` or `[index] = {`: the type before the `=`.
    fn declared_before(&self, equals: usize, depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        let file = self.file;
        let mut at = equals.checked_sub(1)?;
        while file.word(at) == "]" {
            let open = file.tokens.open(&file.text, at)?;
            let before = open.checked_sub(1)?;
            if matches!(file.word(before), "{" | ",") {
                // `[index] = {`: an element of an array.
                return self.initialised_element(open, depth);
            }
            at = before;
        }
        let name = at;
        let before = name.checked_sub(1)?;
        if file.word(before) == "." {
            let outer = self.initialised_at(before, depth + 1)?;
            let place = Place::new(self.unit, self.number, file.tokens.list[name].start);
            return match place.field_of(Ty::Struct(outer), file.word(name))? {
                Ty::Struct(inner) => Some(inner),
                Ty::Scalar => None,
            };
        }
        let mut at = before;
        while file.word(at) == "*" {
            at = at.checked_sub(1)?;
        }
        if let Some(of) = self.type_at(at) {
            return Some(of);
        }
        // `name = {` later than its declaration is no C; but a typedef's name may stand there.
        let place = Place::new(self.unit, self.number, file.tokens.list[name].end);
        match place.type_of_text(file.word(name).as_bytes())? {
            Ty::Struct(of) => Some(of),
            Ty::Scalar => None,
        }
    }

    /// The type of the elements of the list that token `inside` is in.
    fn initialised_element(&self, inside: usize, depth: usize) -> Option<String> {
        let open = self.enclosing_brace(inside)?;
        match self.file.word(open.checked_sub(1)?) {
            "=" => self.declared_before(open - 1, depth + 1),
            ")" => {
                let list = self.file.tokens.open(&self.file.text, open - 1)?;
                (list + 1..open - 1).find_map(|at| self.type_at(at))
            }
            _ => None,
        }
    }

    /// The structure that the name at token `at` says, if `struct` stands before it.
    fn type_at(&self, at: usize) -> Option<String> {
        let is_named = at > 0
            && matches!(self.file.word(at - 1), "struct" | "union")
            && self.file.tokens.list[at].kind == Kind::Name;
        is_named.then(|| self.file.word(at).to_owned())
    }
}
