//! The object itself (F01, F02, F14, F24 to F26): the struct gets parts, the creation hook builds them, and the function table
//! becomes what the derive writes, with attributes for what the driver does itself.

mod definition;
mod hook;
mod vtable;

use syn::{Expr, Item, Member, Stmt};

use super::receiver::owner;
use crate::migrate::context::{Context, Node};
use crate::migrate::edit::Edit;
use crate::migrate::model::{Model, ObjectType};
use crate::migrate::plan::Outcome;

type Edits = Vec<(usize, Edit)>;

/// Why an object cannot be rewritten, and what to write instead.
#[derive(Clone, Debug)]
struct Refusal {
    reason: String,
    advice: String,
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Outcome::by_hand(refusal.reason, refusal.advice)
    }
}

/// Whether the site vanishes with the rewrite of the object: it is in the embedding field, in `impl Subclass`, in the creation
/// hook, or in a function of the table that the derive writes.
pub fn covers(file: usize, context: &Context<'_>, model: &Model<'_>) -> bool {
    component(file, context, model).is_some()
}

#[derive(Clone, Copy)]
enum Component {
    Definition,
    Hook,
    Forwarded,
}

fn component<'a, 'm>(
    file: usize,
    context: &Context<'_>,
    model: &'m Model<'a>,
) -> Option<(&'m ObjectType<'a>, Component)> {
    let item = context.item()?;
    let ty = model.type_of_item(file, item)?;
    let component = match item {
        Item::Struct(_) => context
            .field()
            .filter(|field| *field == ty.field)
            .map(|_| Component::Definition)?,
        Item::Impl(item) if ty.subclass.is_some_and(|(_, subclass)| subclass == item) => {
            Component::Definition
        }
        Item::Impl(item) if ty.hook.is_some_and(|(_, hook)| hook == item) => Component::Hook,
        Item::Impl(item) if ty.vtable.is_some_and(|(_, vtable)| vtable == item) => {
            vtable::is_taken_over(context, ty, model).then_some(Component::Forwarded)?
        }
        _ => return None,
    };
    Some((ty, component))
}

/// Rewrites a site of the object's definition, creation or function table, or a path to the base class.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if let Some((ty, component)) = component(file, context, model) {
        let edits = match component {
            Component::Definition => definition::edits(ty, model).and_then(|mut edits| {
                edits.extend(vtable::edits(ty, model)?);
                Ok(edits)
            }),
            Component::Hook => hook::edits(ty, model),
            Component::Forwarded => vtable::edits(ty, model),
        };
        return edits.map_or_else(Outcome::from, Outcome::Edits);
    }
    if context.is_use() {
        return Outcome::Covered;
    }
    if let Some(stmt) = given_up(context) {
        let range = context.source.whole_lines(context.source.range(stmt));
        return Outcome::Edits(vec![(file, Edit::delete(context.site.finding, range))]);
    }
    match context.expr() {
        Some(Expr::Field(field)) if is_header(field, context) => {
            header(file, field, context, model)
        }
        Some(Expr::MethodCall(_) | Expr::Path(_) | Expr::Call(_)) => {
            super::calls::rewrite(file, context, model)
        }
        _ => elsewhere(context),
    }
}

/// `bo.free_directly(|bo, gone| bo.base.free(gone));`: a creator gives up what it made, past the driver's own `free`. An object made of
/// parts is given up by dropping it.
fn given_up<'a>(context: &Context<'a>) -> Option<&'a Stmt> {
    let stmt = context.around.iter().rev().find_map(|node| match node {
        Node::Stmt(stmt @ Stmt::Expr(..)) => Some(*stmt),
        _ => None,
    })?;
    let Stmt::Expr(Expr::MethodCall(call), Some(_)) = stmt else {
        return None;
    };
    (context.site.name() == "free" && call.method == "free_directly").then_some(stmt)
}

fn is_header(field: &syn::ExprField, context: &Context<'_>) -> bool {
    context.site.name() == "base" && matches!(&field.member, Member::Named(name) if name == "base")
}

/// `bo.base.base`, the GEM object in the base class.
fn header(
    file: usize,
    field: &syn::ExprField,
    context: &Context<'_>,
    model: &Model<'_>,
) -> Outcome {
    let source = context.source;
    let Some(object) = owner(&field.base, source, model) else {
        return super::base_class_handed_around(context, "bo.gem");
    };
    // Behind the trait, the object's own accessor is what is left.
    let new = match &*field.base {
        Expr::MethodCall(_) => format!("{object}.gem()"),
        _ => model.names.fill("{o}.{gem}", object),
    };
    // `&bo.base().base` is a reference already.
    let range = match context.exprs().nth(1) {
        Some(Expr::Reference(reference))
            if new.ends_with("()") && reference.mutability.is_none() =>
        {
            source.range(reference)
        }
        _ => source.range(field),
    };
    Outcome::Edits(vec![(
        file,
        Edit::replace(context.site.finding, range, new),
    )])
}

fn elsewhere(context: &Context<'_>) -> Outcome {
    match context.fn_arg() {
        Some(_) => super::base_class_handed_around(context, "bo: &MyObject"),
        None => Outcome::by_hand(
            format!(
                "`{}` stands in a place that no rule knows",
                context.site.name()
            ),
            "an object is a struct with `#[derive(UmaObject)]`; see `cargo xtask migrate --explain F01`",
        ),
    }
}
