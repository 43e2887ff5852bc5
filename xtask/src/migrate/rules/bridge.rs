//! How a site waits on a half-moved driver: `bo.base` becomes `bo.base()`, which `#[bridge]` gives the names of the base class.

use std::ops::Range;

use syn::{Expr, ExprField, Member};

use super::{binding, fields};
use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;

/// The methods that `#[bridge]` gives a half-moved driver.
const METHODS: [&str; 14] = [
    "get_pages_sgt",
    "pin_locked",
    "unpin_locked",
    "pin",
    "unpin",
    "get_sg_table",
    "vmap",
    "vunmap",
    "mmap",
    "madvise",
    "is_purgeable",
    "purge",
    "print_info",
    "racy",
];

/// The flags that it gives.
const FLAGS: [&str; 2] = ["map_wc", "pages_mark_dirty_on_put"];

/// The edit by which a site stays as it is on a half-moved driver: `bo.base.vmap(guard)` becomes `bo.base().vmap(guard)`. `None` where
/// the bridge has nothing of the kind, or does not take over what is written.
pub fn bridge(file: usize, context: &Context<'_>, model: &Model<'_>) -> Option<(usize, Edit)> {
    let member = match context.site.finding.0 {
        3..=6 | 8 | 9 | 30 => fields_of(context, model)?,
        10 | 11 => match context.expr()? {
            Expr::Field(field) if FLAGS.iter().any(|flag| is_named(field, flag)) => {
                base_member(&field.base, context, model)?
            }
            _ => return None,
        },
        _ => match context.expr()? {
            Expr::MethodCall(call)
                if METHODS.iter().any(|method| call.method == method)
                    && call.method == context.site.name() =>
            {
                base_member(&call.receiver, context, model)?
            }
            _ => return None,
        },
    };
    Some((file, Edit::replace(context.site.finding, member, "base()")))
}

fn is_named(field: &ExprField, name: &str) -> bool {
    matches!(&field.member, Member::Named(member) if member == name)
}

/// The bytes of `base` in `bo.base`.
fn base_member(expr: &Expr, context: &Context<'_>, model: &Model<'_>) -> Option<Range<usize>> {
    match expr {
        Expr::Field(field) if model.is_base_field(&field.member) => {
            Some(context.source.range(&field.member))
        }
        _ => None,
    }
}

/// The place of the base class in `bo.base.racy().FIELD`, or in the `let` that binds the fields to a name.
fn fields_of(context: &Context<'_>, model: &Model<'_>) -> Option<Range<usize>> {
    let exprs: Vec<&Expr> = context.exprs().collect();
    if let Some(at) = exprs.iter().position(|expr| fields::is_fields_member(expr)) {
        let Expr::Field(field) = exprs[at] else {
            return None;
        };
        let Expr::MethodCall(call) = &*field.base else {
            return None;
        };
        let taken_over = call.method != "racy_mut"
            && fields::is_taken_over(field, exprs.get(at + 1).copied(), context);
        return taken_over
            .then(|| base_member(&call.receiver, context, model))
            .flatten();
    }
    let binding = binding::around(context, model)?;
    let taken_over = binding.uses.iter().all(|used| match used {
        Some((Expr::Field(field), outer)) => fields::is_taken_over(field, *outer, context),
        _ => false,
    });
    let call = binding
        .call
        .filter(|call| taken_over && call.method != "racy_mut")?;
    base_member(&call.receiver, context, model)
}
