//! What is done with a table that was read without the lock: a copy of its runs stands in for it only where nothing but the runs is
//! looked at.

use std::ops::Range;

use syn::visit::{self, Visit};
use syn::{Block, Expr, Ident, Local, Pat};

use super::binding::function;
use crate::migrate::context::Context;
use crate::migrate::source::Source;

/// Questions that a copy of the runs answers, too.
const RUNS: [&str; 2] = ["entries", "dma_entries"];

/// Whether nothing is asked of the table that the expression in `range` may hold but its runs.
pub fn only_its_runs(range: &Range<usize>, context: &Context<'_>) -> bool {
    let Some(block) = function(context) else {
        return false;
    };
    let mut names = Names {
        range,
        source: context.source,
        found: Vec::new(),
        all: true,
    };
    names.visit_block(block);
    names.all && !names.found.is_empty() && names.found.iter().all(|name| asks_only(name, block))
}

/// The names that the table gets.
struct Names<'s, 'a> {
    range: &'s Range<usize>,
    source: &'s Source,
    found: Vec<&'a Ident>,
    /// Whether each way to a name was understood.
    all: bool,
}

impl<'a> Names<'_, 'a> {
    fn is_it(&self, expr: &Expr) -> bool {
        self.source.range(expr) == *self.range
    }

    fn bind(&mut self, pat: &'a Pat) {
        match pat {
            Pat::TupleStruct(some) if some.path.is_ident("Some") => match some.elems.first() {
                Some(Pat::Ident(name)) => self.found.push(&name.ident),
                Some(Pat::Wild(_)) => {}
                _ => self.all = false,
            },
            Pat::Ident(none) if none.ident == "None" => {}
            Pat::Wild(_) => {}
            _ => self.all = false,
        }
    }
}

impl<'a> Visit<'a> for Names<'_, 'a> {
    fn visit_local(&mut self, local: &'a Local) {
        let init = local.init.as_ref().map(|init| &*init.expr);
        if init.is_some_and(|init| self.is_it(init)) {
            self.bind(&local.pat);
        } else if let (Some(Expr::Try(tried)), Pat::Ident(name)) = (init, &local.pat) {
            // `..?`, `...ok_or(..)?`
            let option = match &*tried.expr {
                Expr::MethodCall(call) if call.method == "ok_or" => &*call.receiver,
                other => other,
            };
            if self.is_it(option) {
                self.found.push(&name.ident);
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_let(&mut self, expr: &'a syn::ExprLet) {
        if self.is_it(&expr.expr) {
            self.bind(&expr.pat);
        }
        visit::visit_expr_let(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'a syn::ExprMatch) {
        if self.is_it(&expr.expr) {
            expr.arms.iter().for_each(|arm| self.bind(&arm.pat));
        }
        visit::visit_expr_match(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if self.is_it(&call.receiver) {
            for closure in &call.args {
                match closure {
                    Expr::Closure(closure) => match closure.inputs.first() {
                        Some(Pat::Ident(name)) => self.found.push(&name.ident),
                        _ => self.all = false,
                    },
                    other => self.visit_expr(other),
                }
            }
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn asks_only(name: &Ident, block: &Block) -> bool {
    let mut asks = Asks { name, only: true };
    asks.visit_block(block);
    asks.only
}

struct Asks<'n> {
    name: &'n Ident,
    only: bool,
}

impl<'a> Visit<'a> for Asks<'_> {
    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        let of_it = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident(self.name));
        if of_it && RUNS.iter().any(|method| call.method == method) {
            call.args.iter().for_each(|arg| self.visit_expr(arg));
        } else {
            visit::visit_expr_method_call(self, call);
        }
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        self.only &= !path.path.is_ident(self.name);
    }

    fn visit_macro(&mut self, mac: &'a syn::Macro) {
        let tokens = mac.tokens.to_string();
        let mut words = tokens.split(|c: char| !c.is_alphanumeric() && c != '_');
        self.only &= words.all(|word| self.name != word);
    }
}
