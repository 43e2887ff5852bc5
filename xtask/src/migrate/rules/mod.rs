//! The rewrite rules. A rule gets a site and its surroundings, and answers with edits, or with the reason why a person must do
//! it. A rule never guesses, and none names a driver.
//!
//! | module | findings |
//! | --- | --- |
//! | [`object`] | F01, F02, F14, F24 to F26: the struct, its creation, its function table |
//! | [`create`] | F13 |
//! | [`calls`] | F15 to F23, F29 |
//! | [`fields`] | F03 to F06, F08, F09, F30 |
//! | [`flags`] | F10 to F12 |
//! | [`list`] | F07 |
//! | [`import`] | F27 |

mod binding;
mod bridge;
mod calls;
mod create;
mod fields;
mod flags;
mod import;
mod list;
pub mod object;
mod receiver;
mod table;
mod uses;

use std::ops::Range;

use syn::{Expr, ImplItem, Item, ReturnType, Stmt, Type};

use super::context::{Context, Node};
use super::model::Model;
use super::plan::Outcome;

pub use bridge::bridge;
pub use fields::fills_pages;
pub use uses::{imports, needs_import};

/// Applies the rule of a site's finding.
pub fn apply(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if context.is_opaque_macro() {
        return Outcome::by_hand(
            "it stands in the tokens of a macro, which only the macro understands",
            "write the new code there yourself, or take the expression out into a `let` before the macro",
        );
    }
    if context.around.is_empty() {
        return unknown(context);
    }
    if object::covers(file, context, model) {
        return object::rewrite(file, context, model);
    }
    match context.site.finding.0 {
        1 | 2 | 14 | 24..=26 => object::rewrite(file, context, model),
        3..=6 | 8 | 9 | 30 => fields::rewrite(file, context, model),
        7 => list::rewrite(file, context, model),
        10..=12 => flags::rewrite(file, context, model),
        13 | 28 => create::rewrite(file, context, model),
        27 => import::rewrite(file, context, model),
        _ => calls::rewrite(file, context, model),
    }
}

/// The code hands the base class itself to somebody, so that the driver's object is not in sight.
fn base_class_handed_around(_context: &Context<'_>, example: &str) -> Outcome {
    Outcome::by_hand(
        "the base class itself is handed around here: which object's parts are meant cannot be seen",
        format!(
            "take the driver's object, or the parts that are needed, instead: `{}`",
            example.replace("{o}", "bo").replace(['{', '}'], "")
        ),
    )
}

fn unknown(context: &Context<'_>) -> Outcome {
    Outcome::by_hand(
        format!("no rule knows this use of `{}`", context.site.name()),
        format!(
            "see `cargo xtask migrate --explain {}`",
            context.site.finding
        ),
    )
}

/// How the function around a site can say that something failed.
enum Failure {
    /// It answers with a `Result`: `?` may stand at the site.
    Returned,
    /// It answers whether it worked: with this, if not.
    Answered(&'static str),
    /// It cannot.
    Hidden,
}

/// How a failure at the site can be told. A closure in between hides the function's answer.
fn failure(context: &Context<'_>) -> Failure {
    if context.exprs().any(|expr| matches!(expr, Expr::Closure(_))) {
        return Failure::Hidden;
    }
    let Some(ReturnType::Type(_, ty)) = context.around.iter().rev().find_map(output) else {
        return Failure::Hidden;
    };
    match &**ty {
        Type::Path(path) if path.path.is_ident("bool") => Failure::Answered("false"),
        Type::Path(path)
            if path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Result") =>
        {
            Failure::Returned
        }
        _ => Failure::Hidden,
    }
}

/// Whether the expression in `range` is a statement, with a semicolon.
fn is_statement(context: &Context<'_>, range: &Range<usize>) -> bool {
    context.around.iter().any(|node| match node {
        Node::Stmt(stmt @ Stmt::Expr(_, Some(_))) => {
            context.source.range(*stmt).start == range.start
        }
        _ => false,
    })
}

/// The statement that the expression in `range` is.
fn with_semicolon(context: &Context<'_>, range: &Range<usize>) -> Range<usize> {
    let rest = &context.source.text[range.end..];
    let semicolon = rest.find(';').map_or(0, |at| at + 1);
    range.start..range.end + semicolon
}

/// Whether the function around the site answers with something of the named type.
fn returns(context: &Context<'_>, name: &str) -> bool {
    let output = context.around.iter().rev().find_map(output);
    output.is_some_and(|output| context.source.text_of(output).contains(name))
}

fn output<'a>(node: &Node<'a>) -> Option<&'a ReturnType> {
    match node {
        Node::ImplItem(ImplItem::Fn(function)) => Some(&function.sig.output),
        Node::Item(Item::Fn(function)) => Some(&function.sig.output),
        _ => None,
    }
}

/// The bytes of the path that the site ends: `legacy::List` for the site at `List`.
fn path_of(context: &Context<'_>) -> Option<Range<usize>> {
    context.around.iter().rev().find_map(|node| match node {
        Node::Type(Type::Path(path)) => Some(until(&path.path, context)),
        Node::Expr(Expr::Path(path)) => Some(until(&path.path, context)),
        Node::Expr(Expr::Struct(expr)) => Some(until(&expr.path, context)),
        _ => None,
    })
}

fn until(path: &syn::Path, context: &Context<'_>) -> Range<usize> {
    context.source.range(path).start..context.site.end
}
