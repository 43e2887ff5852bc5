//! Where a site stands in the syntax tree: the nodes around it, outermost first.
//!
//! All sites of a file are placed in one walk, so that the cost grows with the file and not with its square.

use std::collections::HashMap;
use std::ops::Range;

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, ImplItem, Item, Stmt, Token, Type, UseTree};

use super::locate::Site;
use super::source::Source;

/// A node that may stand around a site.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    /// An item of a module.
    Item(&'a Item),
    /// An item of an `impl`.
    ImplItem(&'a ImplItem),
    /// A field of a struct.
    Field(&'a syn::Field),
    /// An argument of a function.
    FnArg(&'a FnArg),
    /// A statement.
    Stmt(&'a Stmt),
    /// An expression.
    Expr(&'a Expr),
    /// A type.
    Type(&'a Type),
    /// A part of a `use`.
    Use,
    /// The tokens of a macro call that are no expressions.
    Macro,
}

/// A site and the nodes around it.
#[derive(Clone)]
pub struct Context<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its file.
    pub source: &'a Source,
    /// The nodes around it, outermost first. Empty when the place is in no node that the walk enters.
    pub around: Vec<Node<'a>>,
}

/// The arguments of macro calls that parse as expressions (`assert!(a.b, "..")`), by the bytes of the call.
#[derive(Default)]
pub struct MacroArgs(HashMap<usize, Vec<Expr>>);

impl MacroArgs {
    /// Parses what can be parsed of the macro calls of a file.
    pub fn of(source: &Source) -> Self {
        struct Collect<'s> {
            source: &'s Source,
            args: HashMap<usize, Vec<Expr>>,
        }
        impl<'ast> Visit<'ast> for Collect<'_> {
            fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                let list = Punctuated::<Expr, Token![,]>::parse_terminated;
                let repeat = Punctuated::<Expr, Token![;]>::parse_separated_nonempty;
                let args = list
                    .parse2(mac.tokens.clone())
                    .map(|args| args.into_iter().collect());
                let args = args.or_else(|_| {
                    repeat
                        .parse2(mac.tokens.clone())
                        .map(|args| args.into_iter().collect())
                });
                if let Ok(args) = args {
                    let args: Vec<Expr> = args;
                    self.args.insert(
                        self.source.range(&mac.path).start,
                        args.into_iter().collect(),
                    );
                }
            }
        }
        let mut collect = Collect {
            source,
            args: HashMap::new(),
        };
        collect.visit_file(&source.ast);
        source
            .bodies
            .iter()
            .for_each(|bodies| collect.visit_file(bodies));
        Self(collect.args)
    }
}

/// Places the sites of a file, which must be sorted by their start. Each gets its context, in the same order.
pub fn place<'a>(source: &'a Source, macros: &'a MacroArgs, sites: &'a [Site]) -> Vec<Context<'a>> {
    let mut walk = Walk {
        source,
        macros,
        sites,
        stack: Vec::new(),
        placed: vec![None; sites.len()],
    };
    // What is found in the body of a macro is not looked for in its tokens.
    source
        .bodies
        .iter()
        .for_each(|bodies| walk.visit_file(bodies));
    walk.visit_file(&source.ast);
    sites
        .iter()
        .zip(walk.placed)
        .map(|(site, around)| Context {
            site,
            source,
            around: around.unwrap_or_default(),
        })
        .collect()
}

struct Walk<'a> {
    source: &'a Source,
    macros: &'a MacroArgs,
    sites: &'a [Site],
    stack: Vec<Node<'a>>,
    placed: Vec<Option<Vec<Node<'a>>>>,
}

impl<'a> Walk<'a> {
    fn sites_in(&self, range: &Range<usize>) -> Range<usize> {
        let from = self.sites.partition_point(|site| site.start < range.start);
        let to = self.sites.partition_point(|site| site.start < range.end);
        from..to
    }

    /// Walks into a node, if a site is in it. A site belongs to the innermost node that contains it.
    fn enter(&mut self, node: Node<'a>, range: Range<usize>, children: impl FnOnce(&mut Self)) {
        let inside = self.sites_in(&range);
        if inside.is_empty() {
            return;
        }
        self.stack.push(node);
        children(self);
        for at in inside {
            if self.placed[at].is_none() && self.sites[at].end <= range.end {
                self.placed[at] = Some(self.stack.clone());
            }
        }
        self.stack.pop();
    }
}

impl<'a> Visit<'a> for Walk<'a> {
    fn visit_item(&mut self, node: &'a Item) {
        let range = self.source.range(node);
        self.enter(Node::Item(node), range, |walk| {
            visit::visit_item(walk, node)
        });
    }

    fn visit_impl_item(&mut self, node: &'a ImplItem) {
        let range = self.source.range(node);
        self.enter(Node::ImplItem(node), range, |walk| {
            visit::visit_impl_item(walk, node)
        });
    }

    fn visit_field(&mut self, node: &'a syn::Field) {
        let range = self.source.range(node);
        self.enter(Node::Field(node), range, |walk| {
            visit::visit_field(walk, node)
        });
    }

    fn visit_fn_arg(&mut self, node: &'a FnArg) {
        let range = self.source.range(node);
        self.enter(Node::FnArg(node), range, |walk| {
            visit::visit_fn_arg(walk, node)
        });
    }

    fn visit_stmt(&mut self, node: &'a Stmt) {
        let range = self.source.range(node);
        self.enter(Node::Stmt(node), range, |walk| {
            visit::visit_stmt(walk, node)
        });
    }

    fn visit_expr(&mut self, node: &'a Expr) {
        let range = self.source.range(node);
        self.enter(Node::Expr(node), range, |walk| {
            visit::visit_expr(walk, node)
        });
    }

    fn visit_type(&mut self, node: &'a Type) {
        let range = self.source.range(node);
        self.enter(Node::Type(node), range, |walk| {
            visit::visit_type(walk, node)
        });
    }

    fn visit_use_tree(&mut self, node: &'a UseTree) {
        let range = self.source.range(node);
        self.enter(Node::Use, range, |walk| visit::visit_use_tree(walk, node));
    }

    fn visit_macro(&mut self, node: &'a syn::Macro) {
        let range = self.source.range(node);
        let args = self.macros.0.get(&self.source.range(&node.path).start);
        self.enter(Node::Macro, range, |walk| {
            for arg in args.into_iter().flatten() {
                walk.visit_expr(arg);
            }
        });
    }
}

impl<'a> Context<'a> {
    /// The innermost expression.
    pub fn expr(&self) -> Option<&'a Expr> {
        self.exprs().next()
    }

    /// The expressions around the site, innermost first, up to the statement or item that they are part of.
    pub fn exprs(&self) -> impl Iterator<Item = &'a Expr> + '_ {
        self.around.iter().rev().map_while(|node| match node {
            Node::Expr(expr) => Some(*expr),
            _ => None,
        })
    }

    /// The struct field that the site is in.
    pub fn field(&self) -> Option<&'a syn::Field> {
        self.around.iter().rev().find_map(|node| match node {
            Node::Field(field) => Some(*field),
            _ => None,
        })
    }

    /// The function argument that the site is in.
    pub fn fn_arg(&self) -> Option<&'a FnArg> {
        self.around.iter().rev().find_map(|node| match node {
            Node::FnArg(arg) => Some(*arg),
            _ => None,
        })
    }

    /// The innermost item of a module.
    pub fn item(&self) -> Option<&'a Item> {
        self.around.iter().rev().find_map(|node| match node {
            Node::Item(item) => Some(*item),
            _ => None,
        })
    }

    /// The method or constant of an `impl` that the site is in.
    pub fn impl_item(&self) -> Option<&'a ImplItem> {
        self.around.iter().rev().find_map(|node| match node {
            Node::ImplItem(item) => Some(*item),
            _ => None,
        })
    }

    /// Whether the site is in a `use`.
    pub fn is_use(&self) -> bool {
        self.around
            .iter()
            .any(|node| matches!(node, Node::Use | Node::Item(Item::Use(_))))
    }

    /// Whether the site is in the tokens of a macro that are no expressions.
    pub fn is_opaque_macro(&self) -> bool {
        matches!(self.around.last(), Some(Node::Macro))
            || matches!(self.around.last(), Some(Node::Item(Item::Macro(_))))
    }
}
