//! The type of an expression, as far as fields need it.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::database::{Declarations, Macro, Ty};
use super::index::{FileIndex, Seen};
use super::lex::Tokens;
use super::parse::{Expression, text_of};

/// How deep expressions and macros may nest before their type is given up.
const DEPTH: usize = 96;

/// A C file, read.
pub(crate) struct SourceFile {
    /// Its path from the root of the tree.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: Vec<u8>,
    /// The text as the parser saw it; positions are the same.
    pub(crate) cleaned: Vec<u8>,
    /// Its tokens.
    pub(crate) tokens: Tokens,
    /// Its tree; `None` if the parser gave up.
    pub(crate) tree: Option<Tree>,
    /// Its own declarations.
    pub(crate) index: FileIndex,
}

impl SourceFile {
    /// The line of a position, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        memchr::memchr_iter(b'\n', &self.text[..at.min(self.text.len())]).count() + 1
    }

    /// The text of a line, from 1, without the white space around it.
    pub(crate) fn line_text(&self, line: usize) -> String {
        let bytes = self
            .text
            .split(|&byte| byte == b'\n')
            .nth(line.saturating_sub(1));
        String::from_utf8_lossy(bytes.unwrap_or_default())
            .trim()
            .to_owned()
    }

    /// The text of token `index`; empty past the end.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.tokens
            .list
            .get(index)
            .and_then(|token| std::str::from_utf8(&self.text[token.start..token.end]).ok())
            .unwrap_or("")
    }
}

/// A driver's files and declarations.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'a> {
    /// The files, by number.
    pub(crate) files: &'a [SourceFile],
    /// What they and the DRM core declare.
    pub(crate) decls: Declarations<'a>,
}

/// Types given to names from outside: a macro's parameters.
pub(crate) type Bindings = HashMap<String, Option<Ty>>;

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    unit: Unit<'a>,
    file: usize,
    at: usize,
    bindings: Option<&'a Bindings>,
    depth: usize,
}

impl<'a> Place<'a> {
    /// Byte `at` of file number `file`.
    pub(crate) fn new(unit: Unit<'a>, file: usize, at: usize) -> Self {
        Place {
            unit,
            file,
            at,
            bindings: None,
            depth: 0,
        }
    }

    /// The same place inside a macro whose parameters have these types.
    pub(crate) fn bound(self, bindings: &'a Bindings) -> Self {
        Place {
            bindings: Some(bindings),
            ..self
        }
    }

    fn deeper(self) -> Option<Self> {
        (self.depth < DEPTH).then_some(Place {
            depth: self.depth + 1,
            ..self
        })
    }

    /// The type of the expression that `text` is.
    pub(crate) fn type_of_text(self, text: &[u8]) -> Option<Ty> {
        let expression = Expression::parse(text)?;
        self.type_of(expression.node()?, expression.text())
    }

    /// The type of the expression at `node`, whose positions are in `text`; `None` if it cannot be
    /// told.
    pub(crate) fn type_of(self, node: Node<'_>, text: &[u8]) -> Option<Ty> {
        let place = self.deeper()?;
        let child = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "identifier" => place.type_of_name(text_of(node, text)),
            "field_expression" => {
                let of = place.type_of(child("argument")?, text)?;
                place.field_of(of, text_of(child("field")?, text))
            }
            "parenthesized_expression" => place.type_of(node.named_child(0)?, text),
            "pointer_expression" | "subscript_expression" | "update_expression" => {
                place.type_of(child("argument")?, text)
            }
            "assignment_expression" => place.type_of(child("left")?, text),
            "comma_expression" => place.type_of(child("right")?, text),
            "conditional_expression" => {
                match child("consequence").and_then(|it| place.type_of(it, text)) {
                    Some(ty @ Ty::Struct(_)) => Some(ty),
                    _ => place.type_of(child("alternative")?, text),
                }
            }
            "binary_expression" => match place.type_of(child("left")?, text) {
                Some(ty @ Ty::Struct(_)) => Some(ty),
                left => place.type_of(child("right")?, text).or(left),
            },
            "cast_expression" | "compound_literal_expression" => {
                let ty = child("type")?;
                place.named_type(ty.child_by_field_name("type").unwrap_or(ty), text)
            }
            "compound_statement" => {
                let last = node.named_child(node.named_child_count().checked_sub(1)? as u32)?;
                place.type_of(last.named_child(0)?, text)
            }
            "call_expression" => place.type_of_call(node, text),
            "number_literal" | "char_literal" | "string_literal" | "sizeof_expression" | "null"
            | "true" | "false" => Some(Ty::Scalar),
            _ => None,
        }
    }

    fn named_type(self, node: Node<'_>, text: &[u8]) -> Option<Ty> {
        let name = match node.kind() {
            "struct_specifier" | "union_specifier" => node.child_by_field_name("name")?,
            "type_identifier" => node,
            _ => return Some(Ty::Scalar),
        };
        Some(
            self.unit
                .decls
                .resolve(Ty::Struct(text_of(name, text).to_owned())),
        )
    }

    /// The type of the field `name` of `of`.
    pub(crate) fn field_of(self, of: Ty, name: &str) -> Option<Ty> {
        match self.unit.decls.resolve(of) {
            Ty::Struct(of) => self
                .unit
                .decls
                .field(&of, name)
                .cloned()
                .map(|ty| self.unit.decls.resolve(ty)),
            Ty::Scalar => None,
        }
    }

    fn type_of_name(self, name: &str) -> Option<Ty> {
        if let Some(bound) = self.bindings.and_then(|bindings| bindings.get(name)) {
            return bound.clone();
        }
        if let Some(file) = self.unit.files.get(self.file) {
            match file.index.variable(name, self.at) {
                Seen::Typed(ty) => return Some(self.unit.decls.resolve(ty)),
                Seen::Unreadable => return None,
                Seen::Nothing => {}
            }
        }
        if let Some(ty) = self.unit.decls.global(name) {
            return Some(self.unit.decls.resolve(ty.clone()));
        }
        if let Some(ty) = self
            .declared_by_macro(name)
            .or_else(|| self.declared_in_words(name))
        {
            return Some(self.unit.decls.resolve(ty));
        }
        let it = self.unit.decls.macro_named(name)?;
        if it.parameters.is_some() {
            None
        } else {
            self.type_of_body(it, &Bindings::new())
        }
    }

    /// A variable that a macro declares: `DEFINE_THING(name)` before this place.
    fn declared_by_macro(self, name: &str) -> Option<Ty> {
        let file = self.unit.files.get(self.file)?;
        (2..file.tokens.list.len())
            .take_while(|&index| file.tokens.list[index].start <= self.at)
            .filter(|&index| file.word(index) == name && file.word(index - 1) == "(")
            .find_map(|index| self.unit.decls.declared_by(file.word(index - 2)))
    }

    /// A variable of the same function whose declaration did not parse: `struct x *a, *name`.
    fn declared_in_words(self, name: &str) -> Option<Ty> {
        let file = self.unit.files.get(self.file)?;
        let last = file
            .tokens
            .list
            .partition_point(|token| token.start < self.at);
        for index in (0..last).rev() {
            // A brace at the start of a line ends the function before.
            let start = file.tokens.list[index].start;
            if file.word(index) == "}" && (start == 0 || file.text[start - 1] == b'\n') {
                return None;
            }
            if file.word(index) != name {
                continue;
            }
            let mut at = index;
            while at > 0 && matches!(file.word(at - 1), "*" | ",")
                || at > 1 && file.word(at - 1) != "struct" && matches!(file.word(at - 2), "*" | ",")
            {
                at -= 1;
            }
            if at > 1 && at < index && file.word(at - 2) == "struct" {
                return Some(Ty::Struct(file.word(at - 1).to_owned()));
            }
        }
        None
    }

    fn type_of_body(self, it: &Macro, bindings: &Bindings) -> Option<Ty> {
        let place = Place {
            unit: self.unit,
            file: it.file,
            at: it.start,
            bindings: Some(bindings),
            depth: self.depth,
        };
        place.type_of_text(&cleaned_body(&it.body))
    }

    fn type_of_call(self, node: Node<'_>, text: &[u8]) -> Option<Ty> {
        let function = node.child_by_field_name("function")?;
        let list = node.child_by_field_name("arguments")?;
        let argument = |index: u32| list.named_child(index);
        if function.kind() != "identifier" {
            // A call through a pointer: what it returns is not kept.
            return None;
        }
        let name = text_of(function, text);
        if is_container_of(name) {
            let ty = text_of(argument(1)?, text).trim();
            let ty = ty
                .strip_prefix("struct ")
                .unwrap_or(ty)
                .trim_end_matches('*')
                .trim();
            return Some(self.unit.decls.resolve(Ty::Struct(ty.to_owned())));
        }
        if passes_its_argument_on(name) {
            return self.type_of(argument(0)?, text);
        }
        if let Some(it) = self.unit.decls.macro_named(name)
            && let Some(parameters) = &it.parameters
        {
            let mut bindings = Bindings::new();
            for (index, parameter) in parameters.iter().enumerate() {
                let ty = u32::try_from(index)
                    .ok()
                    .and_then(argument)
                    .and_then(|it| self.type_of(it, text));
                bindings.insert(parameter.clone(), ty);
            }
            return self.type_of_body(it, &bindings);
        }
        self.unit
            .decls
            .function(name)
            .cloned()
            .map(|ty| self.unit.decls.resolve(ty))
    }

    /// The types of a macro's parameters at the place it is used, where its arguments are `text`.
    pub(crate) fn bind(
        self,
        parameters: &[String],
        text: &[u8],
        arguments: &[Range<usize>],
    ) -> Bindings {
        parameters
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let ty = arguments
                    .get(index)
                    .and_then(|it| self.type_of_text(&text[it.clone()]));
                (name.clone(), ty)
            })
            .collect()
    }
}

/// A macro's body as the parser reads it best.
pub(crate) fn cleaned_body(body: &[u8]) -> Vec<u8> {
    // In front of a define's body, tokens count as inside of braces, as in a function.
    let text = [b"#define x(x) ", body].concat();
    let cleaned = super::clean::clean(&text, &Tokens::read(&text));
    cleaned[text.len() - body.len()..].to_vec()
}

/// Whether a macro turns a pointer to a member, its first argument, into its second, a type.
pub(crate) fn is_container_of(name: &str) -> bool {
    name.starts_with("container_of")
        || ((name.starts_with("list_")
            || name.starts_with("hlist_")
            || name.starts_with("rb_")
            || name.starts_with("llist_"))
            && (name.ends_with("_entry")
                || name.ends_with("_entry_or_null")
                || name.ends_with("_entry_safe"))
            && !matches!(name, "list_next_entry" | "list_prev_entry"))
}

fn passes_its_argument_on(name: &str) -> bool {
    matches!(
        name,
        "READ_ONCE"
            | "smp_load_acquire"
            | "rcu_dereference"
            | "rcu_dereference_raw"
            | "rcu_access_pointer"
            | "rcu_dereference_protected"
            | "rcu_dereference_check"
            | "list_next_entry"
            | "list_prev_entry"
            | "no_free_ptr"
            | "fetch_and_zero"
            | "xchg"
            | "min"
            | "max"
            | "PTR_ALIGN"
    )
}
