//! Creation (F13): the hook is named where an object is made.

use syn::{Expr, GenericArgument, PathArguments};

use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// `legacy::create::<T>(dev, size)` becomes `gem_uma::create(dev, size, T::gem_create_object)`.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if context.is_use() {
        return Outcome::Covered;
    }
    let call = context.exprs().find_map(|expr| match expr {
        Expr::Call(call) => Some(call),
        _ => None,
    });
    let Some(call) = call.filter(|call| {
        context
            .source
            .range(&*call.func)
            .contains(&context.site.start)
    }) else {
        return Outcome::by_hand(
            "the function is not called here, but handed on",
            "hand on a closure that calls `gem_uma::create`",
        );
    };
    let Expr::Path(path) = &*call.func else {
        return super::unknown(context);
    };
    let Some(ty) = object_type(path, context, model) else {
        return Outcome::by_hand(
            "which type of object is made cannot be seen",
            "name it: `gem_uma::create(dev, size, MyObject::new)`",
        );
    };
    let build = model.constructor(&ty);
    let args: Vec<&str> = call
        .args
        .iter()
        .map(|arg| context.source.text_of(arg))
        .collect();
    let new = match (context.site.name(), args.as_slice()) {
        ("create", [dev, size]) => {
            format!("gem_uma::create({dev}, {size}, {ty}::{build})")
        }
        ("create_private", [dev, size]) => {
            format!("New::private({dev}, {size}).create({ty}::{build})")
        }
        _ => {
            return Outcome::by_hand(
                "gem-uma makes no dumb buffers: they belong to displays",
                "compute pitch and size, then `gem_uma::create` and `file.handle_create`",
            );
        }
    };
    Outcome::Edits(vec![(
        file,
        Edit::replace(context.site.finding, context.source.range(call), new),
    )])
}

/// The type in the turbofish, or the only one of the crate.
pub fn object_type(
    path: &syn::ExprPath,
    context: &Context<'_>,
    model: &Model<'_>,
) -> Option<String> {
    let last = path.path.segments.last()?;
    if let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(ty)) = arguments.args.first()
    {
        return Some(context.source.text_of(ty).to_owned());
    }
    match model.types.as_slice() {
        [only] => Some(only.name()),
        _ => None,
    }
}
