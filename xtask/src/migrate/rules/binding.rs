//! Fields of the base class bound to a name: `let fields = bo.base.racy(); .. &fields.sgt ..`. The uses are rewritten one by one, and
//! the binding goes with the last.

use std::ops::Range;

use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, ImplItem, Item, Local, Pat};

use super::receiver::{Access, access, owner};
use crate::migrate::context::{Context, Node};
use crate::migrate::model::Model;
use crate::migrate::source::Source;

/// A name for the fields of an object, and what is done with it.
pub struct Binding<'a> {
    /// The driver's object.
    pub owner: String,
    /// How the fields are reached.
    pub access: Access,
    /// The call in the `let`; `None` where something else is bound.
    pub call: Option<&'a ExprMethodCall>,
    /// The `let` with its lines.
    pub statement: Range<usize>,
    /// Each use of the name: the field expression and what is around it; `None` for a use that is no field.
    pub uses: Vec<Option<(&'a Expr, Option<&'a Expr>)>>,
}

/// The binding of `name` in the function around the site. `None` when there is none, or more than one.
fn of<'a>(name: &syn::Ident, context: &Context<'a>, model: &Model<'_>) -> Option<Binding<'a>> {
    let block = function(context)?;
    let mut find = Find {
        name,
        source: context.source,
        model,
        found: Vec::new(),
    };
    find.visit_block(block);
    let [(owner, access, call, statement)] = find.found.as_slice() else {
        return None;
    };
    let mut uses = Uses {
        name,
        around: Vec::new(),
        uses: Vec::new(),
    };
    uses.visit_block(block);
    Some(Binding {
        owner: owner.clone(),
        access: access.clone(),
        call: *call,
        statement: statement.clone(),
        uses: uses.uses,
    })
}

/// The binding whose name is used at the site, or is given there.
pub fn around<'a>(context: &Context<'a>, model: &Model<'_>) -> Option<Binding<'a>> {
    let named = context.exprs().find_map(|expr| match expr {
        Expr::Field(field) => match &*field.base {
            Expr::Path(path) => path.path.get_ident(),
            _ => None,
        },
        _ => None,
    });
    named
        .or(bound_here(context))
        .and_then(|name| of(name, context, model))
}

/// The name that the site's statement binds the fields to.
fn bound_here<'a>(context: &Context<'a>) -> Option<&'a syn::Ident> {
    context.around.iter().rev().find_map(|node| match node {
        Node::Stmt(syn::Stmt::Local(local)) => name_of(local),
        _ => None,
    })
}

fn name_of(local: &Local) -> Option<&syn::Ident> {
    match &local.pat {
        Pat::Ident(pat) => Some(&pat.ident),
        _ => None,
    }
}

/// The body of the function around the site.
pub fn function<'a>(context: &Context<'a>) -> Option<&'a Block> {
    context.around.iter().rev().find_map(|node| match node {
        Node::ImplItem(ImplItem::Fn(function)) => Some(&function.block),
        Node::Item(Item::Fn(function)) => Some(&*function.block),
        _ => None,
    })
}

struct Find<'s, 'm, 'a> {
    name: &'s syn::Ident,
    source: &'s Source,
    model: &'s Model<'m>,
    found: Vec<Found<'a>>,
}

/// Owner and access of the fields, the call that gives them, the `let`.
type Found<'a> = (String, Access, Option<&'a ExprMethodCall>, Range<usize>);

impl<'ast> Visit<'ast> for Find<'_, '_, 'ast> {
    fn visit_local(&mut self, local: &'ast Local) {
        if name_of(local) == Some(self.name) {
            let init = local.init.as_ref().map(|init| &*init.expr);
            let binding = match init {
                Some(Expr::MethodCall(call)) => {
                    let owner = owner(&call.receiver, self.source, self.model);
                    owner
                        .zip(access(call, self.source))
                        .map(|found| (found, call))
                }
                _ => None,
            };
            // Any other binding of the name makes it two: nobody can tell which is meant.
            let (owner, access, call) = binding.map_or(
                (String::new(), Access::Racy, None),
                |((owner, access), call)| (owner.to_owned(), access, Some(call)),
            );
            self.found.push((
                owner,
                access,
                call,
                self.source.whole_lines(self.source.range(local)),
            ));
        }
        visit::visit_local(self, local);
    }
}

struct Uses<'s, 'a> {
    name: &'s syn::Ident,
    around: Vec<&'a Expr>,
    uses: Vec<Option<(&'a Expr, Option<&'a Expr>)>>,
}

impl<'ast> Visit<'ast> for Uses<'_, 'ast> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        if let Expr::Path(path) = expr
            && path.path.is_ident(self.name)
        {
            let mut around = self.around.iter().rev();
            let field = around
                .next()
                .copied()
                .filter(|expr| matches!(expr, Expr::Field(_)));
            self.uses
                .push(field.map(|field| (field, around.next().copied())));
        }
        self.around.push(expr);
        visit::visit_expr(self, expr);
        self.around.pop();
    }

    fn visit_stmt(&mut self, stmt: &'ast syn::Stmt) {
        let around = std::mem::take(&mut self.around);
        visit::visit_stmt(self, stmt);
        self.around = around;
    }

    /// What a macro does with the name cannot be seen.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let mentions = mac.tokens.to_string();
        if mentions
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| self.name == word)
        {
            self.uses.push(None);
        }
    }
}
