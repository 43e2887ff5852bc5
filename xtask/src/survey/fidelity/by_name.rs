//! Names of GEM that a port uses beside the base class, found in its text.
//!
//! What the real driver does to the GEM object inside the base class, a port does through `drm-core`,
//! whose items carry no finding: the compiler cannot locate them. They are few, and their names are
//! unmistakable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use crate::{Failure, Result};

/// A C name, and the runs of Rust names that say the same.
const SAME: [(&str, &[&[&str]]); 8] = [
    ("base.filp", &[&["filp"]]),
    ("base.funcs", &[&["Object", "for"]]),
    (
        "base.import_attach",
        &[&["import_attach"], &["is_imported"]],
    ),
    ("base.resv", &[&["resv_slot", "choose"]]),
    ("drm_gem_is_imported", &[&["is_imported"]]),
    ("gem_prime_import", &[&["fn", "gem_prime_import"]]),
    (
        "gem_prime_import_sg_table",
        &[&["fn", "gem_prime_import_sg_table"]],
    ),
    ("drm_fbdev_shmem_setup", &[&["Console", "setup"]]),
];

/// The C names that can be found by name.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    SAME.iter().map(|(c, _)| *c)
}

/// The C names found in the Rust files below `folder`, without those in `but`.
pub(super) fn found(folder: &Path, but: &[PathBuf]) -> Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        if but.contains(&path) {
            continue;
        }
        let fail = |error: std::io::Error| {
            Failure::new(format!("cannot read `{}`: {error}", path.display()))
        };
        if path.is_dir() {
            for entry in std::fs::read_dir(&path).map_err(fail)? {
                pending.push(entry.map_err(fail)?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).map_err(fail)?;
            out.extend(in_text(&text).map(str::to_owned));
        }
    }
    Ok(out)
}

/// The C names that a Rust text says.
fn in_text(text: &str) -> impl Iterator<Item = &'static str> {
    let mut names = Vec::new();
    // What is no Rust holds no names; the compiler has more to say about it.
    if let Ok(tokens) = text.parse::<TokenStream>() {
        collect(tokens, &mut names);
    }
    SAME.iter()
        .filter(move |(_, runs)| {
            runs.iter()
                .any(|run| names.windows(run.len()).any(|window| window == *run))
        })
        .map(|(c, _)| *c)
}

fn collect(tokens: TokenStream, names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_text;

    fn found(text: &str) -> Vec<&'static str> {
        in_text(text).collect()
    }

    #[test]
    fn code_counts_and_comments_and_strings_do_not() {
        assert_eq!(found("fn f() { bo.base.base.filp(); }"), ["base.filp"]);
        assert!(found("// bo.filp()\n/// filp\nfn f() { print(\"filp\"); }").is_empty());
    }

    #[test]
    fn a_name_is_found_only_where_it_says_the_same() {
        assert_eq!(found("impl gem::Object for Bo {}"), ["base.funcs"]);
        assert!(found("impl UserObject for Bo {}").is_empty());
        assert_eq!(
            found("fn f() { self.resv_slot().choose(resv); }"),
            ["base.resv"]
        );
        assert!(found("fn f() { LockedBy::new(base.resv_slot(), None); }").is_empty());
        assert_eq!(
            found("fn console() { Console::setup(&dev) }"),
            ["drm_fbdev_shmem_setup"]
        );
        assert_eq!(
            found("fn gem_prime_import(dev: &Device) {}"),
            ["gem_prime_import"]
        );
    }
}
