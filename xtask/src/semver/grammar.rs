//! The attribute grammar of `migrate-macros`, read from its sources: which macros there are, and what may be written in them.
//!
//! A crate of procedural macros has no API that rustdoc's JSON or `cargo-semver-checks` could see; this is what its users write.

use std::path::Path;

use syn::visit::Visit;

use crate::{Failure, Result};

/// The grammar as lines.
pub fn surface(root: &Path) -> Result<String> {
    let source = root.join("migrate-macros/src");
    let mut lines = Vec::new();
    for item in parse(&source.join("lib.rs"))?.items {
        if let syn::Item::Fn(function) = item {
            lines.extend(
                function
                    .attrs
                    .iter()
                    .filter_map(|attribute| macro_line(&function, attribute)),
            );
        }
    }
    let parts = strings_of(&parse(&source.join("uma/ast.rs"))?, "ALL");
    lines.extend(
        parts
            .iter()
            .map(|part| format!("on a field: #[uma({})]", part.name)),
    );
    let operations = strings_of(&parse(&source.join("uma/attr.rs"))?, "OPERATIONS");
    for operation in &operations {
        let (refusable, optional) = (operation.flags.first(), operation.flags.get(1));
        let mut answers = vec!["PATH"];
        if refusable == Some(&true) {
            answers.push("refuse(ERRNO)");
        }
        if optional == Some(&true) {
            answers.push("none");
        }
        lines.extend(
            answers
                .into_iter()
                .map(|answer| format!("on the struct: #[uma({} = {answer})]", operation.name)),
        );
    }
    let mut arguments = Compared(Vec::new());
    arguments.visit_file(&parse(&source.join("scenario.rs"))?);
    lines.extend(
        arguments
            .0
            .iter()
            .map(|name| format!("#[scenario({name} = \"..\")]")),
    );
    if parts.is_empty() || operations.is_empty() || arguments.0.is_empty() {
        return Err(Failure::new(
            "the grammar of `migrate-macros` was not found: `ALL` in uma/ast.rs, `OPERATIONS` in uma/attr.rs, or the argument of `#[scenario]`",
        )
        .next("tell `xtask/src/semver/grammar.rs` where it is now"));
    }
    Ok(lines.join("\n") + "\n")
}

fn parse(path: &Path) -> Result<syn::File> {
    let failed = |what: String| Failure::new(format!("cannot read {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    syn::parse_file(&text).map_err(|error| failed(error.to_string()))
}

/// `macro #[bridge]`, `macro #[derive(UmaObject)] with #[uma]`
fn macro_line(function: &syn::ItemFn, attribute: &syn::Attribute) -> Option<String> {
    if attribute.path().is_ident("proc_macro_attribute") {
        return Some(format!("macro #[{}]", function.sig.ident));
    }
    if attribute.path().is_ident("proc_macro") {
        return Some(format!("macro {}!", function.sig.ident));
    }
    if !attribute.path().is_ident("proc_macro_derive") {
        return None;
    }
    let tokens = attribute.meta.require_list().ok()?.tokens.to_string();
    let (name, helpers) = tokens.split_once(',').unwrap_or((&tokens, ""));
    let helpers: Vec<&str> = helpers
        .trim()
        .strip_prefix("attributes")
        .unwrap_or_default()
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    Some(format!(
        "macro #[derive({})] with #[{}]",
        name.trim(),
        helpers.join("], #[")
    ))
}

/// One entry of a table: the string in a tuple, and the flags behind it.
struct Entry {
    name: String,
    flags: Vec<bool>,
}

/// The entries of the constant array `name`.
fn strings_of(file: &syn::File, name: &str) -> Vec<Entry> {
    let mut table = Table {
        name,
        entries: Vec::new(),
    };
    table.visit_file(file);
    table.entries
}

struct Table<'a> {
    name: &'a str,
    entries: Vec<Entry>,
}

impl Table<'_> {
    fn read(&mut self, expression: &syn::Expr) {
        let syn::Expr::Array(array) = expression else {
            return;
        };
        for element in &array.elems {
            let syn::Expr::Tuple(tuple) = element else {
                continue;
            };
            let (mut name, mut flags) = (None, Vec::new());
            for part in &tuple.elems {
                match part {
                    syn::Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Str(text),
                        ..
                    }) => name = Some(text.value()),
                    syn::Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Bool(flag),
                        ..
                    }) => flags.push(flag.value),
                    _ => {}
                }
            }
            self.entries.extend(name.map(|name| Entry { name, flags }));
        }
    }
}

impl<'ast> Visit<'ast> for Table<'_> {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if item.ident == self.name {
            self.read(&item.expr);
        }
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        if item.ident == self.name {
            self.read(&item.expr);
        }
    }
}

/// The strings that a parser compares the name of an argument with.
struct Compared(Vec<String>);

impl<'ast> Visit<'ast> for Compared {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if let (
            syn::Expr::Path(path),
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }),
        ) = (&*binary.left, &*binary.right)
            && path.path.is_ident("name")
        {
            self.0.push(text.value());
        }
        syn::visit::visit_expr_binary(self, binary);
    }
}
