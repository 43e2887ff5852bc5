//! What the difference of two surfaces means for who depends on the crate.
//!
//! A surface is text, one line per item, sorted. A line that is gone breaks; a line that came is an addition, unless it is a
//! variant of an enum that was matched exhaustively, or a method that implementors of a trait must now write.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// One change of a surface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// The item.
    pub item: String,
    /// Its line before.
    pub old: Option<String>,
    /// Its line now.
    pub new: Option<String>,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its signature is another.
    Changed,
    /// It is gone, or private now.
    Removed,
    /// A feature is gone.
    FeatureRemoved,
    /// A trait that others implement has a method that they must write.
    MethodRequired,
    /// An enum that others match has one variant more.
    VariantAdded,
    /// It is new.
    Added,
}

impl Kind {
    /// Whether code that compiled may stop doing so.
    pub fn breaks(self) -> bool {
        self != Kind::Added
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Changed => "the signature changed",
            Kind::Removed => "gone, or no longer public",
            Kind::FeatureRemoved => "the feature is gone",
            Kind::MethodRequired => "implementors must now write this method",
            Kind::VariantAdded => "a match on the enum no longer covers it",
            Kind::Added => "new",
        }
    }
}

const FEATURE: &str = "feature ";
const REQUIRED: &str = "required ";

/// The changes from `old` to `new`, those that break first.
pub fn compare(old: &str, new: &str) -> Vec<Change> {
    let (olds, news): (BTreeSet<&str>, BTreeSet<&str>) = (lines(old), lines(new));
    let mut added: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in news.difference(&olds) {
        added.entry(item(line)).or_default().push(line);
    }
    let mut changes = Vec::new();
    for line in olds.difference(&news) {
        let item = item(line);
        if line.starts_with(REQUIRED) {
            // That nobody must write a method any more breaks nobody; that it is gone, its own line says.
            continue;
        }
        let new = added.get_mut(item).and_then(|lines| lines.pop());
        let kind = match new {
            Some(_) => Kind::Changed,
            None if line.starts_with(FEATURE) => Kind::FeatureRemoved,
            None => Kind::Removed,
        };
        changes.push(change(kind, item, Some(line), new));
    }
    for line in added.into_values().flatten() {
        changes.push(change(
            kind_of_new(line, &olds),
            item(line),
            None,
            Some(line),
        ));
    }
    changes.sort_by_key(|change| (!change.kind.breaks(), change.item.clone()));
    changes
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

fn change(kind: Kind, item: &str, old: Option<&str>, new: Option<&str>) -> Change {
    Change {
        kind,
        item: item.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    }
}

fn kind_of_new(line: &str, olds: &BTreeSet<&str>) -> Kind {
    if let Some(method) = line.strip_prefix(REQUIRED) {
        let of = parent(method);
        let existed = olds
            .iter()
            .any(|old| old.contains("trait ") && item(old) == of);
        if existed {
            return Kind::MethodRequired;
        }
    }
    let of = parent(item(line));
    let in_enum = olds
        .iter()
        .any(|old| old.starts_with("pub enum ") && item(old) == of);
    // What stands below an enum's path with a capital, and is no function, is a variant.
    let name = item(line).rsplit("::").next().unwrap_or_default();
    let is_variant =
        line.starts_with(&format!("pub {of}::{name}")) && name.starts_with(char::is_uppercase);
    if in_enum && is_variant {
        return Kind::VariantAdded;
    }
    Kind::Added
}

/// The path without its last segment.
fn parent(path: &str) -> &str {
    path.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// Words that may stand before the path of an item.
const QUALIFIERS: [&str; 17] = [
    "pub", "async", "const", "unsafe", "extern", "\"C\"", "fn", "struct", "enum", "trait", "mod",
    "type", "static", "use", "macro", "union", "mut",
];

/// The path of the item that a line is about; the whole line of an implementation, a feature, or a rule of a grammar.
fn item(line: &str) -> &str {
    let line = line.strip_prefix(REQUIRED).unwrap_or(line);
    let mut rest = line;
    // `#[non_exhaustive] pub enum ...`
    while let Some(after) = rest.strip_prefix("#[") {
        rest = after.split_once("] ").map_or("", |(_, rest)| rest);
    }
    if !rest.starts_with("pub ") {
        return line;
    }
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if after.is_empty() || !QUALIFIERS.contains(&word) {
            break;
        }
        rest = after;
    }
    let mut end = rest.len();
    for (at, c) in rest.char_indices() {
        let colon = c == ':' && !rest[at..].starts_with("::") && !rest[..at].ends_with(':');
        if matches!(c, '(' | '<' | ' ' | '!') || colon {
            end = at;
            break;
        }
    }
    // The path of a method of a generic type goes on behind the type's parameters.
    if rest[end..].starts_with('<')
        && let Some(close) = closing(&rest[end..])
        && let Some(more) = rest[end + close + 1..].strip_prefix("::")
    {
        let more_end = more
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(more.len());
        end = end + close + 1 + 2 + more_end;
    }
    &rest[..end]
}

/// Where the `<` that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            // The `>` of `->` closes nothing.
            '>' if !text[..at].ends_with('-') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "feature extra\npub enum k::E\npub k::E::A\npub struct k::S\npub k::S::field: u8\n\
        pub fn k::S::f(&self, u32)\npub fn k::S::g(&self)\npub trait k::T\npub fn k::T::a(&self)\nrequired k::T::a";

    fn kinds(remove: &str, add: &str) -> Vec<(Kind, String)> {
        let mut new: Vec<&str> = OLD.lines().filter(|line| *line != remove).collect();
        new.extend(add.lines());
        compare(OLD, &new.join("\n"))
            .into_iter()
            .map(|change| (change.kind, change.item))
            .collect()
    }

    #[test]
    fn what_breaks_is_told_from_what_does_not() {
        for (remove, add, kind, item) in [
            (
                "pub fn k::S::f(&self, u32)",
                "pub fn k::S::f(&self, u64)",
                Kind::Changed,
                "k::S::f",
            ),
            ("pub fn k::S::g(&self)", "", Kind::Removed, "k::S::g"),
            ("pub k::S::field: u8", "", Kind::Removed, "k::S::field"),
            ("feature extra", "", Kind::FeatureRemoved, "feature extra"),
            ("", "pub k::E::B", Kind::VariantAdded, "k::E::B"),
            ("", "pub k::E::B(u8)", Kind::VariantAdded, "k::E::B"),
            ("", "pub fn k::E::new() -> Self", Kind::Added, "k::E::new"),
            ("", "required k::T::b", Kind::MethodRequired, "k::T::b"),
            ("", "pub fn k::T::c(&self)", Kind::Added, "k::T::c"),
            ("", "feature more", Kind::Added, "feature more"),
        ] {
            assert_eq!(
                kinds(remove, add),
                [(kind, item.to_owned())],
                "{remove} -> {add}"
            );
        }
    }

    #[test]
    fn a_new_enum_or_trait_breaks_nobody() {
        assert!(
            kinds(
                "",
                "pub enum k::N\npub k::N::A\npub trait k::U\nrequired k::U::a"
            )
            .iter()
            .all(|(kind, _)| *kind == Kind::Added)
        );
    }

    #[test]
    fn a_variant_of_a_non_exhaustive_enum_breaks_nobody() {
        let old = "#[non_exhaustive] pub enum k::E\npub k::E::A";
        let changes = compare(old, &format!("{old}\npub k::E::B"));
        assert_eq!(changes[0].kind, Kind::Added);
    }

    #[test]
    fn an_item_is_found_behind_its_qualifiers_and_parameters() {
        for (line, wanted) in [
            ("pub const unsafe fn k::f<T: Copy>(T)", "k::f"),
            ("pub fn k::S<'a, T>::get(&self) -> &T", "k::S<'a, T>::get"),
            ("pub k::S::field: core::option::Option<u8>", "k::S::field"),
            ("pub struct k::S<T>", "k::S"),
            ("#[non_exhaustive] pub enum k::E", "k::E"),
            ("impl k::T for k::S", "impl k::T for k::S"),
        ] {
            assert_eq!(item(line), wanted, "{line}");
        }
    }
}
