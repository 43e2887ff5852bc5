//! Reads the declarations of one file out of its tree, in one iterative walk.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::database::{Database, Macro, Ty};
use super::parse::text_of;

/// A variable, and where it can be seen.
#[derive(Debug)]
struct Variable {
    ty: Option<Ty>,
    seen: Range<usize>,
}

/// What one file declares for itself: its variables, and where its functions are.
#[derive(Debug, Default)]
pub(crate) struct FileIndex {
    variables: HashMap<String, Vec<Variable>>,
    functions: Vec<(Range<usize>, String)>,
}

/// What is known of a name at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No such variable.
    Nothing,
    /// A variable whose type could not be read.
    Unreadable,
    /// A variable of this type.
    Typed(Ty),
}

impl FileIndex {
    /// The innermost variable of that name that can be seen at `at`.
    pub(crate) fn variable(&self, name: &str, at: usize) -> Seen {
        let Some(list) = self.variables.get(name) else {
            return Seen::Nothing;
        };
        let best = list
            .iter()
            .filter(|variable| variable.seen.contains(&at))
            .max_by_key(|variable| variable.seen.start);
        match best {
            None => Seen::Nothing,
            Some(Variable { ty: None, .. }) => Seen::Unreadable,
            Some(Variable { ty: Some(ty), .. }) => Seen::Typed(ty.clone()),
        }
    }

    /// The function that `at` is in.
    pub(crate) fn function(&self, at: usize) -> Option<&str> {
        self.functions
            .iter()
            .find(|(span, _)| span.contains(&at))
            .map(|(_, name)| name.as_str())
    }
}

/// The functions that are defined in a tree, by their bytes.
pub(crate) fn functions(tree: &Tree, text: &[u8]) -> Vec<(Range<usize>, String)> {
    read(tree, text, 0, &mut Database::default()).functions
}

/// Reads `tree`, the tree of file number `file` with the cleaned `text`; what other files can see
/// goes to `shared`.
pub(crate) fn read(tree: &Tree, text: &[u8], file: usize, shared: &mut Database) -> FileIndex {
    let mut index = FileIndex::default();
    // Ends of the enclosing scopes, outermost first; outside of all is the file itself.
    let mut scopes: Vec<usize> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        while scopes.last().is_some_and(|&end| end <= node.start_byte()) {
            scopes.pop();
        }
        let outer = scopes.last().copied();
        match node.kind() {
            "function_definition" => {
                add_function(node, text, shared);
                if let Some(name) = declared(node, text).into_iter().next() {
                    index.functions.push((node.byte_range(), name.name));
                }
                scopes.push(node.end_byte());
            }
            "declaration" => {
                for it in declared(node, text) {
                    if it.is_function {
                        if let Some(ty) = it.ty {
                            shared.add_function(&it.name, ty);
                        }
                        continue;
                    }
                    if outer.is_none()
                        && let Some(ty) = it.ty.clone()
                    {
                        shared.add_global(&it.name, ty);
                    }
                    // Seen from its own initialiser on.
                    let seen = node.start_byte()..outer.unwrap_or(usize::MAX);
                    index
                        .variables
                        .entry(it.name)
                        .or_default()
                        .push(Variable { ty: it.ty, seen });
                }
                scopes.push(node.end_byte());
            }
            "parameter_declaration" => {
                for it in declared(node, text) {
                    let seen = node.start_byte()..outer.unwrap_or(node.end_byte());
                    index
                        .variables
                        .entry(it.name)
                        .or_default()
                        .push(Variable { ty: it.ty, seen });
                }
            }
            "compound_statement" | "for_statement" => scopes.push(node.end_byte()),
            "struct_specifier" | "union_specifier" => {
                if let (Some(name), Some(body)) = (
                    node.child_by_field_name("name"),
                    node.child_by_field_name("body"),
                ) {
                    add_struct(text_of(name, text), body, text, shared);
                }
            }
            "type_definition" => {
                for it in declared(node, text) {
                    if let Some(ty) = it.ty {
                        shared.add_typedef(&it.name, ty);
                    }
                }
                if let Some(alias) = node.child_by_field_name("declarator")
                    && let Some(ty) = node.child_by_field_name("type")
                    && ty.child_by_field_name("name").is_none()
                    && let Some(body) = ty.child_by_field_name("body")
                    && matches!(ty.kind(), "struct_specifier" | "union_specifier")
                {
                    add_struct(text_of(alias, text), body, text, shared);
                }
            }
            "preproc_def" | "preproc_function_def" => add_macro(node, text, file, shared),
            _ => {}
        }
        // A macro's body is text to the parser; everything else is walked through.
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return index;
            }
        }
    }
}

/// One name that a declaration declares.
struct Declared {
    name: String,
    ty: Option<Ty>,
    is_function: bool,
}

/// The names a declaration, a parameter, a field or a typedef declares, with their types.
fn declared(node: Node<'_>, text: &[u8]) -> Vec<Declared> {
    let ty = node
        .child_by_field_name("type")
        .and_then(|ty| type_of(ty, text));
    let mut cursor = node.walk();
    let mut list = Vec::new();
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        let mut at = declarator;
        let mut is_function = false;
        let mut through_pointer = false;
        let name = loop {
            match at.kind() {
                "identifier" | "field_identifier" | "type_identifier" => break Some(at),
                "function_declarator" => is_function = true,
                "parenthesized_declarator" => through_pointer = is_function,
                _ => {}
            }
            let next = at.child_by_field_name("declarator").or_else(|| {
                (at.kind() == "parenthesized_declarator")
                    .then(|| at.named_child(0))
                    .flatten()
            });
            match next {
                Some(next) => at = next,
                None => break None,
            }
        };
        if let Some(name) = name {
            // `int (*f)(void)` is a variable that holds no fields, not a function.
            let ty = if through_pointer {
                Some(Ty::Scalar)
            } else {
                ty.clone()
            };
            list.push(Declared {
                name: text_of(name, text).to_owned(),
                ty,
                is_function: is_function && !through_pointer,
            });
        }
    }
    list
}

/// The type that a type node names; `None` if it cannot be read (`typeof`, a macro).
fn type_of(node: Node<'_>, text: &[u8]) -> Option<Ty> {
    match node.kind() {
        "struct_specifier" | "union_specifier" => Some(match node.child_by_field_name("name") {
            Some(name) => Ty::Struct(text_of(name, text).to_owned()),
            None => Ty::Struct(anonymous(node)),
        }),
        "type_identifier" => Some(Ty::Struct(text_of(node, text).to_owned())),
        "primitive_type" | "sized_type_specifier" | "enum_specifier" => Some(Ty::Scalar),
        _ => None,
    }
}

/// The name given to a structure that has none.
fn anonymous(node: Node<'_>) -> String {
    format!("<unnamed {}>", node.start_byte())
}

fn add_function(node: Node<'_>, text: &[u8], shared: &mut Database) {
    for it in declared(node, text) {
        if let (true, Some(ty)) = (it.is_function, it.ty) {
            shared.add_function(&it.name, ty);
        }
    }
}

/// Adds a structure, with the fields of unnamed members as its own.
fn add_struct(name: &str, body: Node<'_>, text: &[u8], shared: &mut Database) {
    let mut work = vec![(name.to_owned(), body)];
    while let Some((name, body)) = work.pop() {
        let mut fields = HashMap::new();
        let mut cursor = body.walk();
        for child in body.named_children(&mut cursor) {
            // Conditional members count, whichever way the condition goes.
            if child.kind().starts_with("preproc_") || child.kind() == "ERROR" {
                work.push((name.clone(), child));
                continue;
            }
            if child.kind() != "field_declaration" {
                continue;
            }
            let names = declared(child, text);
            if let Some(inner) = unnamed_body(child) {
                // An unnamed structure is known by its first member's name, or is the outer one.
                let inner_name = match names.first() {
                    None => name.clone(),
                    Some(first) => format!("{name}::{}", first.name),
                };
                for it in names {
                    fields.insert(it.name, Ty::Struct(inner_name.clone()));
                }
                work.push((inner_name, inner));
                continue;
            }
            for it in names {
                if let Some(ty) = it.ty {
                    fields.insert(it.name, ty);
                }
            }
        }
        shared.add_struct(&name, fields);
    }
}

/// The members of a field's type, where that is a structure without a name.
fn unnamed_body(field: Node<'_>) -> Option<Node<'_>> {
    let ty = field.child_by_field_name("type")?;
    let unnamed = matches!(ty.kind(), "struct_specifier" | "union_specifier")
        && ty.child_by_field_name("name").is_none();
    ty.child_by_field_name("body").filter(|_| unnamed)
}

fn add_macro(node: Node<'_>, text: &[u8], file: usize, shared: &mut Database) {
    let (Some(name), Some(value)) = (
        node.child_by_field_name("name"),
        node.child_by_field_name("value"),
    ) else {
        return;
    };
    let parameters = node.child_by_field_name("parameters").map(|list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor)
            .filter(|child| child.kind() == "identifier")
            .map(|child| text_of(child, text).to_owned())
            .collect()
    });
    let mut body = text[value.byte_range()].to_vec();
    for at in 0..body.len() {
        if body[at] == b'\\' && matches!(body.get(at + 1), Some(b'\n' | b'\r')) {
            body[at] = b' ';
        }
    }
    let it = Macro {
        parameters,
        file,
        start: value.start_byte(),
        body,
    };
    shared.add_macro(text_of(name, text), it);
}
