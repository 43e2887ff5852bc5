//! The sources of scenarios and tests: where a function is, its text, and which names a file uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// A function of a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The file.
    pub file: PathBuf,
    /// Its first line, with attributes.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// Whether it is a `#[scenario]`.
    pub scenario: bool,
}

/// What a file defines and names.
#[derive(Debug, Default)]
struct Parsed {
    functions: BTreeMap<String, Function>,
    names: BTreeSet<String>,
}

/// Sources, each read once.
#[derive(Debug, Default)]
pub struct Sources {
    files: BTreeMap<PathBuf, Parsed>,
}

impl Sources {
    fn parsed(&mut self, file: &Path) -> &Parsed {
        self.files
            .entry(file.to_owned())
            .or_insert_with(|| parse(file).unwrap_or_default())
    }

    /// A function of a file.
    pub fn function(&mut self, file: &Path, name: &str) -> Option<Function> {
        self.parsed(file).functions.get(name).cloned()
    }

    /// Whether a file names a test: as a function, as a literal, or to a macro.
    pub fn names(&mut self, file: &Path, name: &str) -> bool {
        self.parsed(file).names.contains(name)
    }
}

/// `None` for a file that is gone or that does not parse: nothing can be said about it.
fn parse(path: &Path) -> Option<Parsed> {
    let text = std::fs::read_to_string(path).ok()?;
    let tokens: TokenStream = text.parse().ok()?;
    let mut parsed = Parsed::default();
    collect_names(tokens, &mut parsed.names);
    let file = syn::parse_file(&text).ok()?;
    Functions {
        path,
        lines: text.lines().collect(),
        found: &mut parsed.functions,
    }
    .visit_file(&file);
    Some(parsed)
}

fn collect_names(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_names(group.stream(), names),
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    names.insert(text.value());
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

struct Functions<'a> {
    path: &'a Path,
    lines: Vec<&'a str>,
    found: &'a mut BTreeMap<String, Function>,
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let start = item
            .attrs
            .first()
            .map_or_else(
                || item.sig.fn_token.span.start(),
                |attribute| attribute.pound_token.span.start(),
            )
            .line;
        let end = item.block.brace_token.span.close().end().line;
        let text = self
            .lines
            .get(start.saturating_sub(1)..end)
            .unwrap_or_default()
            .join("\n");
        self.found.insert(
            item.sig.ident.to_string(),
            Function {
                file: self.path.to_owned(),
                line: start,
                text,
                scenario: item
                    .attrs
                    .iter()
                    .any(|attribute| attribute.path().is_ident("scenario")),
            },
        );
        syn::visit::visit_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_with_its_attributes_and_lines() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("heap.rs");
        std::fs::write(
            &path,
            "use x;\n\n#[scenario(differs = \"D1\")]\nfn grows(s: &mut Session) {\n    s.end();\n}\n\n\
             #[test]\nfn other() {\n    insta::assert_snapshot!(\"given name\", 1);\n}\n",
        )
        .expect("written");
        let mut sources = Sources::default();
        let grows = sources.function(&path, "grows").expect("there");
        assert!(grows.scenario);
        assert_eq!(grows.line, 3);
        assert!(grows.text.starts_with("#[scenario"), "{}", grows.text);
        assert!(grows.text.ends_with("\n}"), "{}", grows.text);
        assert!(sources.names(&path, "given name"));
        assert!(!sources.function(&path, "other").expect("there").scenario);
        assert!(!sources.names(&path, "gone"));
    }
}
