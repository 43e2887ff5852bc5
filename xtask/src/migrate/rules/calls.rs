//! Calls of the base class's methods (F15 to F23, F29): each becomes a call of the part that owns the matter.

use std::ops::Range;

use syn::{Expr, Stmt};

use super::Failure;
use super::receiver::owner;
use crate::migrate::context::{Context, Node};
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// What stands in the place of a call. `{o}` is the driver's object, `{0}`, `{1}` are the arguments.
struct Template {
    method: &'static str,
    new: &'static str,
    /// Whether the new call answers with a `Result` where the old one did not.
    fallible: bool,
    /// Whether the new call answers with a lock, which must not be left unused.
    locks: bool,
}

const TEMPLATES: &[Template] = &[
    Template {
        locks: true,
        ..plain("get_pages_sgt", "{o}.{dmap}.lock_table(&{o}.{backing})")
    },
    plain(
        "get_sg_table",
        "{o}.{share}.sg_table({0}, &{o}.{gem}, &{o}.{backing})",
    ),
    plain("pin_locked", "{o}.{share}.pin({0}, &{o}.{backing})"),
    plain("unpin_locked", "{o}.{share}.unpin({0}, &{o}.{backing})"),
    plain("vmap", "{o}.{cmap}.vmap({0}, &{o}.{backing}, &{o}.{dmap})"),
    plain("vunmap", "{o}.{cmap}.vunmap({0}, &{o}.{backing})"),
    fallible("madvise", "{o}.{reclaim}.madvise({0}, {1})"),
    plain(
        "is_purgeable",
        "{o}.{reclaim}.is_purgeable(&{o}.{gem}, &{o}.{backing}, &{o}.{dmap})",
    ),
    fallible(
        "purge",
        "{o}.{reclaim}.purge({0}, &{o}.{gem}, &{o}.{backing}, &{o}.{dmap})",
    ),
    plain("vm_open", "{o}.{cmap}.vm_open(&{o}.{backing})"),
    plain("vm_close", "{o}.{cmap}.vm_close(&{o}.{backing})"),
    plain(
        "fault",
        "{o}.{cmap}.fault({0}, {1}, &{o}.{backing}, &{o}.{dmap}, {reclaim?})",
    ),
    plain("mmap", "{o}.{cmap}.mmap({0}, &{o}.{backing}, &{o}.{dmap})"),
];

const fn plain(method: &'static str, new: &'static str) -> Template {
    Template {
        method,
        new,
        fallible: false,
        locks: false,
    }
}

const fn fallible(method: &'static str, new: &'static str) -> Template {
    Template {
        method,
        new,
        fallible: true,
        locks: false,
    }
}

/// A call: of a method, or of one of the free functions that take the base class first.
struct Call<'a> {
    whole: Range<usize>,
    /// The method, or what it is called where the base class is the receiver.
    method: String,
    base: &'a Expr,
    args: Vec<&'a Expr>,
}

fn call<'a>(context: &Context<'a>) -> Option<Call<'a>> {
    context.exprs().find_map(|expr| match expr {
        Expr::MethodCall(call)
            if context.source.range(&call.method).start == context.site.start =>
        {
            Some(Call {
                whole: context.source.range(call),
                method: call.method.to_string(),
                base: &call.receiver,
                args: call.args.iter().collect(),
            })
        }
        Expr::Call(call)
            if context
                .source
                .range(&*call.func)
                .contains(&context.site.start) =>
        {
            Some(Call {
                whole: context.source.range(call),
                method: method_of(context.site.name()).to_owned(),
                base: call.args.first()?,
                args: call.args.iter().skip(1).collect(),
            })
        }
        _ => None,
    })
}

/// The method that a free function stands for.
fn method_of(function: &str) -> &str {
    match function {
        "object_pin" => "pin_locked",
        "object_unpin" => "unpin_locked",
        other => other.strip_prefix("object_").unwrap_or(other),
    }
}

/// What the base class kept and the caller forgot, somebody has to keep now: who, a rule cannot know.
fn kept(method: &str, context: &Context<'_>) -> Option<Outcome> {
    match method {
        "pin" | "unpin" => Some(Outcome::by_hand(
            "a pin is a token now, and somebody has to keep it until it is given back",
            "lock the reservation, keep `let pin = bo.backing.pin(&mut guard)?`, and give it to `bo.backing.unpin(&mut guard, pin)`",
        )),
        "put_pages" => Some(Outcome::by_hand(
            "whose use of the pages is given back here cannot be seen",
            "keep the token of the pin that it stands for, and give it back: `bo.backing.unpin(&mut guard, pin)`",
        )),
        "print_info" => Some(Outcome::by_hand(
            "the base class prints what it counts, and the parts count something else",
            "print the parts that are of interest: `bo.backing.print_info(out, indent)?`, `bo.cmap.print_info(out, indent)?`",
        )),
        "get_pages_sgt" if super::returns(context, "SgTable") => Some(Outcome::by_hand(
            "the table leaves this function, and the lock that would keep it does not",
            "keep `bo.dmap.pin_table(&mut guard, &bo.backing)?`, and give it back with `bo.dmap.unpin_table(..)`",
        )),
        _ => None,
    }
}

/// Rewrites a call of a method of the base class.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if context.is_use() {
        return Outcome::Covered;
    }
    let Some(call) = call(context) else {
        return Outcome::by_hand(
            "the function is not called here, but handed on",
            "hand on a closure that calls the part: `|bo, guard| bo.cmap.vmap(guard, &bo.backing, &bo.dmap)`",
        );
    };
    if let Some(kept) = kept(&call.method, context) {
        return kept;
    }
    let Some(template) = TEMPLATES
        .iter()
        .find(|template| call.method == template.method)
    else {
        return Outcome::by_hand(
            format!("no part has a counterpart of `{}`", call.method),
            format!(
                "see `cargo xtask migrate --explain {}`",
                context.site.finding
            ),
        );
    };
    let Some(owner) = owner(call.base, context.source, model) else {
        return super::base_class_handed_around(context, template.new);
    };
    let mut new = fill(template.new, owner, &call, context, model);
    if template.locks
        && let Some(statement) = unused(context, &call)
    {
        let edit = Edit::replace(context.site.finding, statement, format!("drop({new}?)"));
        return Outcome::Edits(vec![(file, edit)]);
    }
    if !template.fallible {
        return Outcome::Edits(vec![(
            file,
            Edit::replace(context.site.finding, call.whole, new),
        )]);
    }
    match super::failure(context) {
        Failure::Returned => new.push('?'),
        Failure::Answered(no) if super::is_statement(context, &call.whole) => {
            new = format!("if {new}.is_err() {{ return {no}; }}");
            let stmt = super::with_semicolon(context, &call.whole);
            return Outcome::Edits(vec![(file, Edit::replace(context.site.finding, stmt, new))]);
        }
        _ => {
            return Outcome::by_hand(
                format!(
                    "`{}` can fail now, and this function cannot say so",
                    call.method
                ),
                format!("handle the error of `{new}` here"),
            );
        }
    }
    Outcome::Edits(vec![(
        file,
        Edit::replace(context.site.finding, call.whole, new),
    )])
}

/// The statement `call?;`, without its semicolon: it is called for its side effect.
fn unused(context: &Context<'_>, call: &Call<'_>) -> Option<Range<usize>> {
    context.around.iter().find_map(|node| match node {
        Node::Stmt(Stmt::Expr(Expr::Try(tried), Some(_)))
            if context.source.range(&*tried.expr) == call.whole =>
        {
            Some(context.source.range(tried))
        }
        _ => None,
    })
}

fn fill(
    template: &str,
    owner: &str,
    call: &Call<'_>,
    context: &Context<'_>,
    model: &Model<'_>,
) -> String {
    // An object that nobody purges has no such part.
    let reclaim = if model.reclaims() {
        "&{o}.{reclaim}"
    } else {
        "None"
    };
    let mut new = model
        .names
        .fill(&template.replace("{reclaim?}", reclaim), owner);
    for (at, arg) in call.args.iter().enumerate() {
        new = new.replace(&format!("{{{at}}}"), context.source.text_of(*arg));
    }
    new
}
