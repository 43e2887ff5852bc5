//! Reads of the base class's fields (F03 to F06, F08, F09, F30): each becomes a question to the part that knows.

use std::ops::Range;

use syn::{Expr, ExprField, Member};

use super::receiver::{Access, owner_of_field};
use super::{binding, table};
use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// What stands in the place of a read. `{o}` is the driver's object, `{g}` the guard.
struct Template {
    field: &'static str,
    /// The method called on the field; empty for a field that is read as it is.
    method: &'static str,
    new: &'static str,
}

const fn read(field: &'static str, method: &'static str, new: &'static str) -> Template {
    Template { field, method, new }
}

/// Questions that can be answered without the lock alone.
const RACY: &[Template] = &[
    read("sgt", "clone", "{o}.{dmap}.peek()"),
    read("sgt", "as_ref", "{o}.{dmap}.peek()"),
    read("sgt", "&", "{o}.{dmap}.peek()"),
];

/// Questions that need the lock.
const LOCKED: &[Template] = &[
    read("pages_use_count", "", "{o}.{backing}.users({g})"),
    read("pages", "as_ref", "{o}.{backing}.pages({g})"),
    read("sgt", "as_ref", "{o}.{dmap}.existing({g})"),
    // `&fields.sgt`, matched against `Some(table)`.
    read("pages", "&", "{o}.{backing}.pages({g})"),
    read("sgt", "&", "{o}.{dmap}.existing({g})"),
];

const TEMPLATES: &[Template] = &[
    read("pages", "is_some", "{o}.{backing}.is_resident()"),
    read("pages", "is_none", "!{o}.{backing}.is_resident()"),
    read("sgt", "is_some", "{o}.{dmap}.is_mapped()"),
    read("sgt", "is_none", "!{o}.{dmap}.is_mapped()"),
    read("vaddr", "is_some", "{o}.{cmap}.kernel_map().is_some()"),
    read("vaddr", "is_none", "{o}.{cmap}.kernel_map().is_none()"),
    read("vaddr", "clone", "{o}.{cmap}.kernel_map()"),
    read("madv", "", "{o}.{reclaim}.advice()"),
    read("vmap_use_count", "", "{o}.{cmap}.vmaps()"),
];

/// Rewrites a read of a field; a write is left, with what the part does in its place.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    // A site of F30 is the call in the middle of the field expression: the field decides.
    let exprs: Vec<&Expr> = context.exprs().collect();
    let Some(at) = exprs.iter().position(|expr| is_fields_member(expr)) else {
        return bound(file, context, model);
    };
    let Expr::Field(field) = exprs[at] else {
        return super::unknown(context);
    };
    let Some((owner, access)) = owner_of_field(field, context.source, model) else {
        return super::base_class_handed_around(context, "bo.backing.is_resident()");
    };
    let finding = context.site.finding;
    match answer(
        exprs[at],
        exprs.get(at + 1).copied(),
        owner,
        &access,
        context,
        model,
    ) {
        Ok((range, new)) => Outcome::Edits(vec![(file, Edit::replace(finding, range, new))]),
        Err(by_hand) => by_hand,
    }
}

/// The fields have a name: every use of it is rewritten, or none.
fn bound(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if let Some(by_hand) = changed_by_name(context) {
        return by_hand;
    }
    let binding = binding::around(context, model);
    let Some(binding) = binding.filter(|binding| !binding.owner.is_empty()) else {
        return Outcome::by_hand(
            "the fields of the base class are handed on as a whole",
            "ask the parts: `backing.is_resident()`, `dmap.existing(guard)`, `cmap.kernel_map()`, `reclaim.advice()`",
        );
    };
    let finding = context.site.finding;
    let mut edits = vec![(file, Edit::delete(finding, binding.statement.clone()))];
    for used in &binding.uses {
        let Some((field, outer)) = used else {
            return Outcome::by_hand(
                "the fields are bound to a name that is used for more than its fields",
                "ask the parts one by one, where an answer is needed",
            );
        };
        match answer(
            field,
            *outer,
            &binding.owner,
            &binding.access,
            context,
            model,
        ) {
            Ok((range, new)) => edits.push((file, Edit::replace(finding, range, new))),
            Err(by_hand) => return by_hand,
        }
    }
    Outcome::Edits(edits)
}

/// `fields.pages = ..`, with the fields under a name; or the `let` that gives them one in order to change them.
fn changed_by_name(context: &Context<'_>) -> Option<Outcome> {
    let exprs: Vec<&Expr> = context.exprs().collect();
    if context.site.name() == "racy_mut" {
        return Some(Outcome::by_hand(
            "the fields are changed without the lock",
            "lock the reservation, and have the part that owns the field do it: `dmap.unmap(&mut guard, &backing)?`, `reclaim.madvise(&mut guard, advice)?`",
        ));
    }
    let at = exprs.iter().position(|expr| {
        matches!(expr, Expr::Field(field) if matches!(&*field.base, Expr::Path(_))
            && context.source.range(&field.member).end == context.site.end)
    })?;
    let here = context.source.range(exprs[at]);
    let outer = exprs.get(at + 1)?;
    writes_to(outer, |left| context.source.range(left) == here)
        .then(|| written(context.site.name(), outer, context))
}

/// The bytes that ask about a field, and the question to the part that knows; or why a person must ask it.
fn answer(
    expr: &Expr,
    outer: Option<&Expr>,
    owner: &str,
    access: &Access,
    context: &Context<'_>,
    model: &Model<'_>,
) -> Result<(Range<usize>, String), Outcome> {
    let source = context.source;
    let Expr::Field(ExprField {
        member: Member::Named(name),
        ..
    }) = expr
    else {
        return Err(super::unknown(context));
    };
    let name = name.to_string();
    let here = source.range(expr);
    if let Some(outer) = outer.filter(|outer| writes_to(outer, |left| source.range(left) == here)) {
        return Err(written(&name, outer, context));
    }
    let (method, whole) = match outer {
        Some(Expr::MethodCall(call)) if source.range(&*call.receiver) == here => {
            (call.method.to_string(), source.range(call))
        }
        // The option itself is looked at: by value it is the part's answer.
        Some(Expr::Reference(reference)) => ("&".to_owned(), source.range(reference)),
        _ => (String::new(), here),
    };
    let more = if *access == Access::Racy {
        RACY
    } else {
        LOCKED
    };
    let mut templates = TEMPLATES.iter().chain(more);
    let template = templates
        .find(|template| name == template.field && method == template.method)
        .ok_or_else(|| no_such_question(&name))?;
    if name == "pages" && model.fills_pages && ["&", "as_ref"].contains(&template.method) {
        return Err(Outcome::by_hand(
            "this driver fills page arrays itself: one that is there may have holes, and whose it is cannot be seen",
            "of an object that grows: `heap.granule(&guard, n)`; of any other: `backing.pages(&guard)`",
        ));
    }
    if template.new.ends_with(".peek()") && !table::only_its_runs(&whole, context) {
        return Err(Outcome::by_hand(
            "the table is read without the lock, and more is done with it than to look at its runs",
            "take it with the lock: `let table = bo.dmap.lock_table(&bo.backing)?`; end it with `bo.dmap.unmap(&mut guard, &bo.backing)?`",
        ));
    }
    let mut new = model.names.fill(template.new, owner);
    if let Access::Locked(guard) = access {
        new = new.replace("{g}", &shared(guard));
    }
    Ok((whole, new))
}

/// A guard that is only looked at: `&mut guard` need not be.
fn shared(guard: &str) -> String {
    guard
        .strip_prefix("&mut ")
        .map_or_else(|| guard.to_owned(), |guard| format!("&{guard}"))
}

/// `OWNER.base.locked(..).FIELD`, and the like.
pub(super) fn is_fields_member(expr: &Expr) -> bool {
    let Expr::Field(field) = expr else {
        return false;
    };
    matches!(&*field.base, Expr::MethodCall(call)
        if ["locked", "racy", "racy_mut"].contains(&call.method.to_string().as_str()))
}

/// Whether the driver writes the page array, or an entry of it, at the site.
pub fn fills_pages(context: &Context<'_>) -> bool {
    let exprs: Vec<&Expr> = context.exprs().collect();
    let Some(at) = exprs.iter().position(|expr| is_fields_member(expr)) else {
        return false;
    };
    let here = context.source.range(exprs[at]);
    context.site.name() == "pages"
        && exprs
            .get(at + 1)
            .is_some_and(|outer| writes_to(outer, |left| context.source.range(left) == here))
}

fn writes_to(outer: &Expr, is_left: impl Fn(&Expr) -> bool) -> bool {
    match outer {
        Expr::Assign(assign) => is_left(&assign.left),
        Expr::Binary(binary) => {
            use syn::BinOp;
            let assigns = matches!(
                binary.op,
                BinOp::AddAssign(_)
                    | BinOp::SubAssign(_)
                    | BinOp::BitOrAssign(_)
                    | BinOp::BitAndAssign(_)
            );
            assigns && is_left(&binary.left)
        }
        Expr::Reference(reference) => reference.mutability.is_some() && is_left(&reference.expr),
        Expr::MethodCall(call) => {
            MUTATING.iter().any(|method| call.method == method) && is_left(&call.receiver)
        }
        _ => false,
    }
}

/// Whether `#[bridge]` takes over what is done with the field: it is read, or its advice or its table goes.
pub(super) fn is_taken_over(
    field: &ExprField,
    outer: Option<&Expr>,
    context: &Context<'_>,
) -> bool {
    let here = context.source.range(field);
    let Some(outer) =
        outer.filter(|outer| writes_to(outer, |left| context.source.range(left) == here))
    else {
        return true;
    };
    let Member::Named(name) = &field.member else {
        return false;
    };
    match outer {
        Expr::Assign(assign) => {
            name == "madv" || (name == "sgt" && context.source.text_of(&*assign.right) == "None")
        }
        Expr::Binary(_) => name == "madv",
        Expr::MethodCall(call) => name == "sgt" && call.method == "take",
        _ => false,
    }
}

/// Methods of an option that change it.
const MUTATING: [&str; 7] = [
    "as_mut",
    "get_or_insert",
    "get_or_insert_default",
    "get_or_insert_with",
    "insert",
    "replace",
    "take",
];

fn written(field: &str, outer: &Expr, context: &Context<'_>) -> Outcome {
    let taken = match outer {
        Expr::MethodCall(call) => call.method == "take",
        Expr::Assign(assign) => context.source.text_of(&*assign.right) == "None",
        _ => false,
    };
    let (reason, advice) = match field {
        "sgt" if taken => (
            "the driver takes the table away",
            "have the part end it: `dmap.unmap(&mut guard, &backing)?`",
        ),
        "pages" => (
            "the driver fills the page array itself",
            "give the object a `SparseBacking` and call `sparse.populate(guard, pages, gfp)`: a granule comes whole, or not at all",
        ),
        "pages_use_count" => (
            "the driver sets the count so that somebody else frees its pages",
            "delete it: `SparseBacking` gives its granules back when the object dies",
        ),
        "sgt" => (
            "the driver installs a table of its own",
            "use `GranuleMap` for a table per granule, or `dmap.unmap(guard, &backing)` to take the table away",
        ),
        "madv" => (
            "the driver changes the advice behind the helper's back",
            "call `reclaim.madvise(guard, advice)`",
        ),
        "vaddr" | "vmap_use_count" => (
            "the driver changes the kernel mapping behind the helper's back",
            "call `cmap.vmap(..)` and `cmap.vunmap(..)`",
        ),
        _ => ("the field is written", "ask the part that owns it"),
    };
    Outcome::by_hand(reason, advice)
}

fn no_such_question(field: &str) -> Outcome {
    let advice = match field {
        "pages" => {
            "pages are lent for the life of a guard: `backing.pages(&guard)`, or `sparse.granule(&guard, n)`"
        }
        "sgt" => {
            "tables are lent for the life of a guard: `dmap.existing(&guard)`, or `dmap.lock_table(&backing)?`"
        }
        "pages_use_count" => {
            "nobody counts users of pages; `backing.users(&guard)` says who keeps them"
        }
        "vaddr" => "`cmap.kernel_map()` answers with the mapping, if there is one",
        _ => "ask the part that owns it",
    };
    Outcome::by_hand(
        format!("what is done with `{field}` here has no counterpart as it stands"),
        advice,
    )
}
