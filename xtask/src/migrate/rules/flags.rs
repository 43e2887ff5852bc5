//! The flags that no lock protects (F10 to F12), outside of the creation hook.

use syn::{Expr, Stmt};

use super::receiver::owner;
use crate::migrate::context::{Context, Node};
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// Rewrites a read of a flag, or a write that the parts make unnecessary.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    let exprs: Vec<&Expr> = context.exprs().collect();
    let (Some(Expr::Field(field)), Some(Expr::MethodCall(call))) = (exprs.first(), exprs.get(1))
    else {
        return super::unknown(context);
    };
    let Some(object) = owner(&field.base, context.source, model) else {
        return super::base_class_handed_around(context, "bo.cmap.is_write_combined()");
    };
    let finding = context.site.finding;
    let value = call.args.first().map(|arg| context.source.text_of(arg));
    match (context.site.name(), call.method.to_string().as_str()) {
        ("map_wc", "get") => {
            let new = model.names.fill("{o}.{cmap}.is_write_combined()", object);
            Outcome::Edits(vec![(
                file,
                Edit::replace(finding, context.source.range(call), new),
            )])
        }
        ("map_wc", "set") => Outcome::by_hand(
            "caching is decided after the object was made, when others can see it",
            "say it when the object is made: `CpuMapOptions::as_base_class().caching(..)`, or let it be derived from the device",
        ),
        // Said once, where the backing is built: `BackingOptions::dirty(true)`.
        ("pages_mark_dirty_on_put", "set") if value == Some("true") => match statement(context) {
            Some(stmt) => {
                let range = context.source.whole_lines(context.source.range(stmt));
                Outcome::Edits(vec![(file, Edit::delete(finding, range))])
            }
            None => super::unknown(context),
        },
        _ => Outcome::by_hand(
            "pages that are given back are marked by the backing alone",
            "delete it; `BackingOptions::dirty` says whether they are marked dirty",
        ),
    }
}

fn statement<'a>(context: &Context<'a>) -> Option<&'a Stmt> {
    match context
        .around
        .iter()
        .rev()
        .find(|node| !matches!(node, Node::Expr(_)))?
    {
        Node::Stmt(stmt) => Some(stmt),
        _ => None,
    }
}
