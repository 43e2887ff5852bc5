//! The driver's purge list (F07): `legacy::List` and the node `madv_list` become `PurgeList` and the place that `Reclaim`
//! keeps.

use syn::{Expr, ExprMethodCall};

use super::receiver::owner;
use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// Rewrites what is done with the list, or with an object's place in it.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    let finding = context.site.finding;
    let edit =
        |range, new: String| Outcome::Edits(vec![(file, Edit::replace(finding, range, new))]);
    match context.site.name() {
        "List" | "ListNode" if context.is_use() => Outcome::Covered,
        "List" => match super::path_of(context) {
            Some(path) => edit(path, "PurgeList".to_owned()),
            None => super::unknown(context),
        },
        "madv_list" => match on_node(context, model) {
            Some((range, new)) => edit(range, new),
            None => Outcome::by_hand(
                "the list node is used in a way that has no counterpart",
                "`reclaim.is_listed()` says whether the object is in a list; `PurgeList` does the rest",
            ),
        },
        _ => match on_list(context, model) {
            Some((range, new)) => edit(range, new),
            None => {
                super::base_class_handed_around(context, "list.move_tail(&bo.gem, &bo.reclaim)")
            }
        },
    }
}

/// `bo.base.madv_list.is_linked()`.
fn on_node(context: &Context<'_>, model: &Model<'_>) -> Option<(std::ops::Range<usize>, String)> {
    let exprs: Vec<&Expr> = context.exprs().collect();
    let Expr::Field(field) = exprs.first()? else {
        return None;
    };
    let owner = owner(&field.base, context.source, model)?;
    let Expr::MethodCall(call) = exprs.get(1)? else {
        return None;
    };
    (call.method == "is_linked").then(|| {
        (
            context.source.range(call),
            model.names.fill("{o}.{reclaim}.is_listed()", owner),
        )
    })
}

/// `list.move_tail(&bo.base)`, `list.del(&bo.base)`, `list.contains(&bo.base.base)`.
fn on_list(context: &Context<'_>, model: &Model<'_>) -> Option<(std::ops::Range<usize>, String)> {
    let Some(Expr::MethodCall(call)) = context.expr() else {
        return None;
    };
    let source = context.source;
    // Method and arguments are replaced; the list's own expression stays.
    let range = source.range(&call.method).start..source.range(call).end;
    let new = match call.method.to_string().as_str() {
        "move_tail" => format!(
            "move_tail({})",
            model.names.fill(
                "&{o}.{gem}, &{o}.{reclaim}",
                argument(call, context, model)?
            )
        ),
        "del" => format!(
            "remove({})",
            model
                .names
                .fill("&{o}.{reclaim}", argument(call, context, model)?)
        ),
        "objects" => "objects()".to_owned(),
        _ => return None,
    };
    Some((range, new))
}

fn argument<'s>(
    call: &ExprMethodCall,
    context: &Context<'s>,
    model: &Model<'_>,
) -> Option<&'s str> {
    owner(call.args.first()?, context.source, model)
}
