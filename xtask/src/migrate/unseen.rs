//! Code that the compiler did not look at: items under a `cfg` that is not active, which mention the base class.

use std::path::PathBuf;

use quote::ToTokens;
use syn::Attribute;
use syn::visit::{self, Visit};

use super::context::Context;
use super::source::Source;

/// An item that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Its file.
    pub file: PathBuf,
    /// The line of its `cfg`, from 1.
    pub line: usize,
    /// The condition, as it is written.
    pub condition: String,
}

/// The items of `source` under a `cfg` that mention one of `names` and have no site: had the compiler seen them, they would.
pub fn unseen(source: &Source, contexts: &[&Context<'_>], names: &[String]) -> Vec<Unseen> {
    let sites = contexts.iter().map(|context| context.site.start).collect();
    let mut find = Find {
        source,
        sites,
        names,
        found: Vec::new(),
    };
    find.visit_file(&source.ast);
    find.found
}

struct Find<'s> {
    source: &'s Source,
    sites: Vec<usize>,
    names: &'s [String],
    found: Vec<Unseen>,
}

impl Find<'_> {
    fn look(&mut self, attrs: &[Attribute], node: &(impl ToTokens + syn::spanned::Spanned)) {
        let Some(cfg) = attrs.iter().find(|attr| attr.path().is_ident("cfg")) else {
            return;
        };
        let range = self.source.range(node);
        if self.sites.iter().any(|site| range.contains(site)) {
            return;
        }
        let text = node.to_token_stream().to_string();
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| word == "legacy" || self.names.iter().any(|name| name == word)) {
            self.found.push(Unseen {
                file: self.source.path.clone(),
                line: self.source.line_column(self.source.range(cfg).start).0,
                condition: self.source.text_of(cfg).to_owned(),
            });
        }
    }
}

impl<'ast> Visit<'ast> for Find<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attrs: &[Attribute] = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &[],
        };
        self.look(attrs, item);
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.look(&function.attrs, function);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.look(&local.attrs, local);
        visit::visit_local(self, local);
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        self.look(&block.attrs, block);
        visit::visit_expr_block(self, block);
    }
}
