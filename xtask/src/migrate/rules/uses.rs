//! Imports, after all other edits: those of the base class go, those of gem-uma come, and those that nothing uses any more go.

use std::collections::{BTreeSet, HashMap};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, ItemUse, UseTree};

use crate::Result;
use crate::findings::Number;
use crate::migrate::edit::{Edit, EditSet};
use crate::migrate::source::Source;

/// What the rules name of gem-uma.
const NAMES: [&str; 14] = [
    "Backing",
    "BackingOptions",
    "Caching",
    "CpuMap",
    "CpuMapOptions",
    "DeviceMap",
    "New",
    "PurgeList",
    "Reclaim",
    "ReclaimOptions",
    "Share",
    "ShareOptions",
    "UmaObject",
    "MappedTable",
];

/// What the rules name of drm-core, with its path.
const CORE: [(&str, &str); 3] = [
    ("Header", "drm_core::gem"),
    ("DmaBuf", "drm_core::prime"),
    ("Gem", "drm_core::gem"),
];

/// Whether a text has a name that an import brings in.
pub fn needs_import(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| NAMES.contains(&word) || CORE.iter().any(|(name, _)| *name == word))
}

/// Puts the imports of `text` in order, which was `source` before the edits. `dependency` is the name by which the crate knows
/// gem-shmem; its imports stay where sites are left by hand.
pub fn imports(source: &Source, text: String, dependency: &str, by_hand: bool) -> Result<String> {
    if text == source.text {
        return Ok(text);
    }
    // A result that does not parse is shown as it is: the sites left by hand say why.
    let Ok(after) = Source::parse(&source.path, text.clone()) else {
        return Ok(text);
    };
    let (before_words, words) = (words(&source.ast), words(&after.ast));
    let root = dependency.replace('-', "_");
    let mut edits = EditSet::default();
    let mut at = None;
    for item in after.ast.items.iter().filter_map(as_use) {
        let range = after.whole_item(after.range(item));
        at.get_or_insert(range.start);
        let gone = |name: &str| {
            let legacy = root_of(&item.tree).is_some_and(|first| first == root.as_str());
            // A trait that nothing names is needed where its functions are called as methods.
            if !legacy && name == "Object" && text.contains(".gem()") {
                return false;
            }
            (legacy && !by_hand && is_legacy(&item.tree))
                || (before_words.contains_key(name) && !words.contains_key(name))
        };
        match pruned(&item.tree, &gone) {
            Some(tree) if tree == item.tree => {}
            Some(tree) => {
                let new = after
                    .text_of(item)
                    .replacen(after.text_of(&item.tree), &print(&tree), 1);
                add(&mut edits, Edit::replace(Number(1), after.range(item), new));
            }
            None => add(&mut edits, Edit::delete(Number(1), range)),
        }
    }
    let new = needed(&after, &words);
    if !new.is_empty() {
        let at = at.unwrap_or_else(|| {
            after
                .ast
                .items
                .first()
                .map_or(0, |item| after.range(item).start)
        });
        add(&mut edits, Edit::insert(Number(1), at, new));
    }
    Ok(edits.apply(&text))
}

fn add(edits: &mut EditSet, edit: Edit) {
    // Imports are items of their own: they cannot overlap.
    let added = edits.add(edit);
    debug_assert!(added.is_ok(), "two edits of one import");
}

fn as_use(item: &Item) -> Option<&ItemUse> {
    match item {
        Item::Use(item) => Some(item),
        _ => None,
    }
}

fn needed(after: &Source, words: &HashMap<String, usize>) -> String {
    let imported: BTreeSet<String> = after
        .ast
        .items
        .iter()
        .filter_map(as_use)
        .flat_map(|item| leaves(&item.tree))
        .collect();
    let wanted = |name: &&'static str| {
        words.contains_key(*name) && !imported.contains(*name) && !defines(after, name)
    };
    let mut text = String::new();
    for (name, path) in CORE {
        if wanted(&name) {
            text.push_str(&format!("use {path}::{name};\n"));
        }
    }
    let uma: Vec<&str> = NAMES.iter().copied().filter(wanted).collect();
    match uma.as_slice() {
        [] => {}
        [only] => text.push_str(&format!("use gem_uma::{only};\n")),
        many => text.push_str(&format!("use gem_uma::{{{}}};\n", many.join(", "))),
    }
    text
}

fn defines(source: &Source, name: &str) -> bool {
    source.ast.items.iter().any(|item| match item {
        Item::Struct(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Type(item) => item.ident == name,
        Item::Trait(item) => item.ident == name,
        _ => false,
    })
}

/// Identifiers outside of imports that are not behind a path: what an import could be for.
fn words(file: &syn::File) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    for item in file.items.iter().filter(|item| as_use(item).is_none()) {
        count(item.to_token_stream(), &mut words);
    }
    words
}

fn count(tokens: TokenStream, words: &mut HashMap<String, usize>) {
    let mut behind_path = false;
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if !behind_path {
                    *words.entry(ident.to_string()).or_default() += 1;
                }
                (behind_path, colons) = (false, 0);
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                behind_path = colons == 2;
            }
            TokenTree::Group(group) => {
                count(group.stream(), words);
                (behind_path, colons) = (false, 0);
            }
            _ => (behind_path, colons) = (false, 0),
        }
    }
}

fn root_of(tree: &UseTree) -> Option<String> {
    match tree {
        UseTree::Path(path) => Some(path.ident.to_string()),
        UseTree::Name(name) => Some(name.ident.to_string()),
        _ => None,
    }
}

fn is_legacy(tree: &UseTree) -> bool {
    match tree {
        UseTree::Path(path) => path.ident == "legacy" || is_legacy(&path.tree),
        UseTree::Name(name) => name.ident == "legacy",
        UseTree::Rename(rename) => rename.ident == "legacy",
        UseTree::Group(group) => group.items.iter().all(is_legacy),
        UseTree::Glob(_) => false,
    }
}

/// The names that a `use` brings in; `self` stands for the module before it.
fn leaves(tree: &UseTree) -> Vec<String> {
    fn walk(tree: &UseTree, module: &str, names: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => walk(&path.tree, &path.ident.to_string(), names),
            UseTree::Name(name) if name.ident == "self" => names.push(module.to_owned()),
            UseTree::Name(name) => names.push(name.ident.to_string()),
            UseTree::Rename(rename) => names.push(rename.rename.to_string()),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| walk(tree, module, names)),
            UseTree::Glob(_) => {}
        }
    }
    let mut names = Vec::new();
    walk(tree, "", &mut names);
    names
}

/// The tree without the names that are gone; `None` when nothing is left.
fn pruned(tree: &UseTree, gone: &dyn Fn(&str) -> bool) -> Option<UseTree> {
    fn walk(tree: &UseTree, module: &str, gone: &dyn Fn(&str) -> bool) -> Option<UseTree> {
        match tree {
            UseTree::Path(path) => {
                let inner = walk(&path.tree, &path.ident.to_string(), gone)?;
                let mut path = path.clone();
                path.tree = Box::new(inner);
                Some(UseTree::Path(path))
            }
            UseTree::Name(name) if name.ident == "self" => (!gone(module)).then(|| tree.clone()),
            UseTree::Name(name) => (!gone(&name.ident.to_string())).then(|| tree.clone()),
            UseTree::Rename(rename) => (!gone(&rename.rename.to_string())).then(|| tree.clone()),
            UseTree::Group(group) => {
                let mut group = group.clone();
                group.items = group
                    .items
                    .iter()
                    .filter_map(|tree| walk(tree, module, gone))
                    .collect();
                (!group.items.is_empty()).then_some(UseTree::Group(group))
            }
            UseTree::Glob(_) => Some(tree.clone()),
        }
    }
    walk(tree, "", gone)
}

fn print(tree: &UseTree) -> String {
    match tree {
        UseTree::Path(path) => format!("{}::{}", path.ident, print(&path.tree)),
        UseTree::Name(name) => name.ident.to_string(),
        UseTree::Rename(rename) => format!("{} as {}", rename.ident, rename.rename),
        UseTree::Glob(_) => "*".to_owned(),
        UseTree::Group(group) => {
            let items: Vec<String> = group.items.iter().map(print).collect();
            match items.as_slice() {
                [only] if only != "self" => only.clone(),
                _ => format!("{{{}}}", items.join(", ")),
            }
        }
    }
}
