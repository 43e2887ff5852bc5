//! Bodies of `macro_rules!`: read as code where they can be, and rewritten only where every use of the macro agrees.
//!
//! A body is no code: it has `$name` where an argument goes. With `_name` in its place, which is as long, most bodies are. They are
//! parsed as functions at the very bytes where they stand, so that a site finds its surroundings there as anywhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Block;
use syn::parse::Parser;
use syn::visit::{self, Visit};

use super::context::Context;
use super::locate::Expansion;
use super::plan::Outcome;
use super::rules;
use super::source::Source;

/// What is put in front of a body to make a function of it.
const HEAD: &str = "fn a()";

/// The bodies of the macros in `text`, each as a function in its place; `None` when there are none that can be read.
pub fn parse(text: &str, ast: &syn::File) -> Option<syn::File> {
    let mut collect = Collect { groups: Vec::new() };
    collect.visit_file(ast);
    let mut shadow = vec![b' '; text.len()];
    let (mut end, mut any) = (0, false);
    for group in &collect.groups {
        let (open, close) = (
            group.span_open().byte_range(),
            group.span_close().byte_range(),
        );
        let Some(head) = open
            .start
            .checked_sub(HEAD.len())
            .filter(|head| *head >= end)
        else {
            continue;
        };
        let Some(body) = readable(text, group, open.end..close.start) else {
            continue;
        };
        shadow[head..open.start].copy_from_slice(HEAD.as_bytes());
        shadow[open.start] = b'{';
        shadow[open.end..close.start].copy_from_slice(body.as_bytes());
        shadow[close.start] = b'}';
        (end, any) = (close.end, true);
    }
    let shadow = String::from_utf8(shadow).ok().filter(|_| any)?;
    syn::parse_str(&shadow).ok()
}

struct Collect {
    groups: Vec<Group>,
}

impl<'ast> Visit<'ast> for Collect {
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.mac.path.is_ident("macro_rules") {
            // `matcher => body;`, again and again.
            let groups = item
                .mac
                .tokens
                .clone()
                .into_iter()
                .filter_map(|tree| match tree {
                    TokenTree::Group(group) => Some(group),
                    _ => None,
                });
            self.groups.extend(groups.skip(1).step_by(2));
        }
        visit::visit_item_macro(self, item);
    }
}

/// The body with `_name` for `$name`, if it is statements then: without repetitions, and without that name already.
fn readable(text: &str, group: &Group, range: Range<usize>) -> Option<String> {
    let mut marks = Marks::default();
    marks.read(group.stream())?;
    if marks
        .arguments
        .iter()
        .any(|name| marks.names.contains(&format!("_{name}")))
    {
        return None;
    }
    let mut body = text.get(range.clone())?.as_bytes().to_vec();
    for at in marks.dollars {
        *body.get_mut(at.checked_sub(range.start)?)? = b'_';
    }
    let body = String::from_utf8(body).ok()?;
    Block::parse_within.parse_str(&body).is_ok().then_some(body)
}

#[derive(Default)]
struct Marks {
    dollars: Vec<usize>,
    arguments: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Marks {
    fn read(&mut self, tokens: TokenStream) -> Option<()> {
        let mut trees = tokens.into_iter();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => match trees.next()? {
                    TokenTree::Ident(name) => {
                        self.dollars.push(dollar.span().byte_range().start);
                        self.arguments.insert(name.to_string());
                    }
                    _ => return None,
                },
                TokenTree::Ident(name) => {
                    self.names.insert(name.to_string());
                }
                TokenTree::Group(group) if group.delimiter() != Delimiter::None => {
                    self.read(group.stream())?;
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// What is known of the uses of the macros that sites stand in.
pub struct Uses {
    /// How often each macro is called in the code.
    calls: BTreeMap<String, usize>,
    /// Macros that are handed on by name.
    named: BTreeSet<String>,
    /// The calls of each macro in which any site was found.
    found: BTreeMap<String, BTreeSet<Place>>,
    /// The calls in which all sites of a body were found, by file and first byte of the body; `None` where calls differ.
    bodies: BTreeMap<Place, Option<BTreeSet<Expansion>>>,
}

/// A file and a byte of it.
type Place = (PathBuf, usize);

impl Uses {
    /// Counts the calls of the macros that the sites stand in, and compares what was found in each.
    pub fn of(sources: &[Source], contexts: &[(usize, Context<'_>)]) -> Self {
        let mut uses = Self {
            calls: BTreeMap::new(),
            named: BTreeSet::new(),
            found: BTreeMap::new(),
            bodies: BTreeMap::new(),
        };
        let mut last: Option<&Context<'_>> = None;
        for (_, context) in contexts {
            let expansions = &context.site.expansions;
            for expansion in expansions {
                // A call whose body calls another macro is seen through that one's sites.
                let calls = std::iter::successors(Some(expansion), |call| call.within.as_deref());
                for call in calls {
                    let found = uses.found.entry(call.name.clone()).or_default();
                    found.insert((call.file.clone(), call.start));
                }
            }
            if let Some(body) = body(context) {
                // One place that stands for two findings is a different thing in different calls.
                let twice = last.is_some_and(|last| {
                    last.site.file == context.site.file && last.site.range() == context.site.range()
                });
                let known = uses
                    .bodies
                    .entry(body)
                    .or_insert_with(|| Some(expansions.clone()));
                if twice || known.as_ref() != Some(expansions) {
                    *known = None;
                }
            }
            last = Some(context);
        }
        if !uses.found.is_empty() {
            for source in sources {
                uses.count(source.ast.to_token_stream());
            }
        }
        uses
    }

    fn count(&mut self, tokens: TokenStream) {
        let mut after_bang = false;
        let mut trees = tokens.into_iter().peekable();
        while let Some(tree) = trees.next() {
            let bang = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '!');
            match &tree {
                TokenTree::Group(group) => self.count(group.stream()),
                TokenTree::Ident(name) if self.found.contains_key(&name.to_string()) => {
                    if trees.peek().is_some_and(bang) {
                        *self.calls.entry(name.to_string()).or_default() += 1;
                    } else if !after_bang {
                        self.named.insert(name.to_string());
                    }
                }
                _ => {}
            }
            after_bang = bang(&tree);
        }
    }

    /// What becomes of a site for which a rule says `outcome`: in the body of a macro, only what all of its uses agree on.
    pub fn judge(&self, outcome: Outcome, context: &Context<'_>) -> Outcome {
        let Some(Expansion { name, .. }) = context.site.expansions.first() else {
            return outcome;
        };
        let by_hand = |reason: &str| {
            Outcome::by_hand(
                format!("it stands in the body of `{name}!`{reason}"),
                format!(
                    "change the body of `{name}!` yourself, once each of its uses can take what it makes then"
                ),
            )
        };
        let Some(body) = body(context).filter(|_| !context.is_opaque_macro()) else {
            return by_hand(
                ", which is no code by itself: it repeats, or an argument stands where no expression could",
            );
        };
        let calls = self.calls.get(name).copied().unwrap_or_default();
        let found = self.found.get(name).map_or(0, BTreeSet::len);
        if self.named.contains(name) || found < calls {
            return by_hand(", and not every use of that macro was seen to lean on the base class");
        }
        if self.bodies.get(&body).is_none_or(Option::is_none) {
            return by_hand(", whose uses make different things of it");
        }
        match &outcome {
            Outcome::Edits(edits)
                if edits.iter().any(|(_, edit)| rules::needs_import(&edit.new)) =>
            {
                by_hand(", and what would stand there instead needs an import wherever it is used")
            }
            _ => outcome,
        }
    }
}

/// The body of a macro that a site stands in.
fn body(context: &Context<'_>) -> Option<Place> {
    let source = context.source;
    let items = &source.bodies.as_ref()?.items;
    let after = items.partition_point(|item| source.range(item).start <= context.site.start);
    let range = source.range(items.get(after.checked_sub(1)?)?);
    (!context.site.expansions.is_empty() && context.site.end <= range.end)
        .then(|| (source.path.clone(), range.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Option<syn::File> {
        parse(text, &syn::parse_file(text).expect("code"))
    }

    #[test]
    fn a_body_is_read_where_it_stands() {
        let text = "// é\nmacro_rules! m { ($a:expr) => { $a.b() }; ($a:expr, $b:ty) => [ let x: $b = $a; ]; }\n";
        let source = Source::parse(std::path::Path::new("lib.rs"), text.to_owned()).expect("code");
        let bodies = source.bodies.as_ref().expect("bodies");
        let texts: Vec<&str> = bodies
            .items
            .iter()
            .map(|item| source.text_of(item))
            .collect();
        assert!(texts[0].ends_with("{ $a.b() }"), "{texts:?}");
        assert!(texts[1].ends_with("[ let x: $b = $a; ]"), "{texts:?}");
        assert_eq!(texts.len(), 2);
    }

    #[test]
    fn a_body_that_repeats_or_has_the_name_already_is_left() {
        assert!(bodies("macro_rules! m { ($($a:expr),*) => { $($a.b();)* }; }").is_none());
        assert!(bodies("macro_rules! m { ($a:expr) => { let _a = 1; $a.b(_a) }; }").is_none());
        assert!(bodies("macro_rules! m { ($a:tt) => { = $a }; }").is_none());
        assert!(bodies("fn f() {}").is_none());
    }
}
