//! The after side in the place of the before side: what is called differently there, and what there cannot be two of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::Item;

use crate::migrate::model::self_type;
use crate::migrate::run::Outcome;
use crate::migrate::write::NewFile;

/// `crate::uma` as `crate::shmem`, and a side that is called as its folder is, `Uma`, as the other.
pub(super) fn renamed(text: &str, from: &Path, to: &Path) -> String {
    let name = |folder: &Path| {
        let name = folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let capital = |name: &str| {
        let mut letters = name.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let (from, to) = (name(from), name(to));
    // As a path: in an attribute the word is something else.
    let text = with_word(text, &from, &to, |before, after| {
        before.ends_with("crate::") || after.starts_with("::")
    });
    with_word(&text, &capital(&from), &capital(&to), |_, _| true)
}

/// Puts `to` for the word `from` wherever what comes after it is `right`.
fn with_word(text: &str, from: &str, to: &str, right: impl Fn(&str, &str) -> bool) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole =
            !before.ends_with(is_word) && !after.starts_with(is_word) && right(before, after);
        renamed.push_str(before);
        renamed.push_str(if whole { to } else { from });
        rest = after;
    }
    renamed + rest
}

/// Where the after side says what types of the crate do that both sides share, there cannot be two of it: it becomes another name for
/// the side that is moved. What it is then, and the files that go.
pub(super) fn one_side(outcome: &Outcome) -> (Vec<NewFile>, Vec<PathBuf>) {
    let krate = &outcome.krate;
    let (Some(after), Some(committed)) = (&krate.after, &outcome.committed) else {
        return Default::default();
    };
    let (mut defined, mut implemented) = (BTreeSet::new(), BTreeSet::new());
    let parsed = committed
        .iter()
        .filter_map(|file| syn::parse_file(&file.text).ok());
    for item in parsed.flat_map(|file| file.items) {
        match item {
            Item::Struct(item) => {
                defined.insert(item.ident.to_string());
            }
            Item::Enum(item) => {
                defined.insert(item.ident.to_string());
            }
            Item::Impl(item) if item.trait_.is_some() => implemented.extend(self_type(&item)),
            _ => {}
        }
    }
    if implemented.is_subset(&defined) {
        return Default::default();
    }
    let path = after.join("mod.rs");
    let gone = committed.iter().map(|file| file.path.clone());
    let gone = gone.filter(|file| *file != path).collect();
    let before = krate
        .before
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let text = format!(
        "//! The side that is moved, under the name of the one that it becomes.\n\npub(crate) use crate::{before}::*;\n"
    );
    (vec![NewFile { path, text }], gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_that_is_called_as_its_folder_is_renamed_as_a_word() {
        let text = "use crate::uma::Uma;\nuse crate::uma;\nuse crate::umap;\n#[uma(gem)]\nstruct UmaObject(uma::Kind); // Uma\n";
        let renamed = renamed(text, Path::new("src/uma"), Path::new("src/shmem"));
        assert_eq!(
            renamed,
            "use crate::shmem::Shmem;\nuse crate::shmem;\nuse crate::umap;\n#[uma(gem)]\nstruct UmaObject(shmem::Kind); // Shmem\n"
        );
    }
}
