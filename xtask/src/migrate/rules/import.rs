//! Import (F27): the driver's `gem_prime_import_sg_table` becomes a whole `gem_prime_import`, so that the object knows from its
//! first moment that it is an import.

use syn::{Expr, FnArg, ImplItem, ImplItemFn, Item, Pat};

use super::create::object_type;
use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::Model;
use crate::migrate::plan::Outcome;

/// Rewrites the hook around a call of `prime_import_sg_table`.
pub fn rewrite(file: usize, context: &Context<'_>, model: &Model<'_>) -> Outcome {
    if context.is_use() {
        return Outcome::Covered;
    }
    let by_hand = |reason: &str| {
        Outcome::by_hand(
            reason,
            "implement `gem_prime_import` with `gem_uma::import(dev, dma_buf, dev.dma(), |new| ..)`, and build the object from `new`",
        )
    };
    let (Some(ImplItem::Fn(hook)), Some(Item::Impl(item))) = (context.impl_item(), context.item())
    else {
        return by_hand("the import is not made in the driver's `gem_prime_import_sg_table`");
    };
    if hook.sig.ident != "gem_prime_import_sg_table" {
        return by_hand("the import is not made in the driver's `gem_prime_import_sg_table`");
    }
    let call = context.exprs().find_map(|expr| match expr {
        Expr::Call(call) => Some(call),
        _ => None,
    });
    let (Some(call), Some(dev), Some(attach)) = (call, argument(hook, 1), argument(hook, 2)) else {
        return by_hand("the arguments of the hook are no plain names");
    };
    let Expr::Path(path) = &*call.func else {
        return super::unknown(context);
    };
    let Some(ty) = object_type(path, context, model) else {
        return by_hand("which type of object is made cannot be seen");
    };
    let source = context.source;
    let body = source.text_of(&hook.block);
    let outside = body.replacen(source.text_of(call), "", 1);
    if [attach.as_str(), "table"]
        .iter()
        .any(|name| mentions(&outside, name))
    {
        return by_hand("the hook looks at the attachment or the table itself");
    }
    let finding = context.site.finding;
    let indent = source.indent_at(source.range(hook).start).to_owned();
    let signature =
        format!("fn gem_prime_import(&self, {dev}: &Device, dma_buf: &DmaBuf) -> Result<Gem>");
    let open = source.range(&hook.block).start + 1;
    let close = source.range(&hook.block).end - 1;
    let mut edits = vec![
        (
            file,
            Edit::replace(finding, source.range(&hook.sig), signature),
        ),
        (
            file,
            Edit::insert(
                finding,
                open,
                format!("\n{indent}    gem_uma::import({dev}, dma_buf, {dev}.dma(), |new| {{"),
            ),
        ),
        (
            file,
            Edit::replace(
                finding,
                source.range(call),
                format!("new.create({ty}::{})", model.constructor(&ty)),
            ),
        ),
        (
            file,
            Edit::insert(finding, close, "})\n".to_owned() + &indent),
        ),
    ];
    for item in &item.items {
        if let ImplItem::Fn(function) = item
            && function.sig.ident == "has_import_sg_table"
        {
            edits.push((
                file,
                Edit::delete(finding, source.whole_item(source.range(function))),
            ));
        }
    }
    Outcome::Edits(edits)
}

fn argument(hook: &ImplItemFn, at: usize) -> Option<String> {
    match hook.sig.inputs.iter().nth(at)? {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == name)
}
