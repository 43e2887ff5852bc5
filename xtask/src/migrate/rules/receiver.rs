//! Whose base class it is: the driver's object behind `bo.base`, `&self.base`, `object.base()`.

use syn::{Expr, ExprField, ExprMethodCall};

use crate::migrate::model::Model;
use crate::migrate::source::Source;

/// How the fields under the reservation lock are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// With a guard: its expression, `&mut guard` or `guard`.
    Locked(String),
    /// Without the lock.
    Racy,
}

/// The text of the driver's object whose base class `expr` is; `None` when the code hands the base class itself around.
pub fn owner<'s>(expr: &Expr, source: &'s Source, model: &Model<'_>) -> Option<&'s str> {
    match expr {
        Expr::Reference(reference) => owner(&reference.expr, source, model),
        Expr::Paren(paren) => owner(&paren.expr, source, model),
        Expr::Group(group) => owner(&group.expr, source, model),
        Expr::Field(field) if model.is_base_field(&field.member) => {
            Some(source.text_of(&*field.base))
        }
        Expr::MethodCall(call) if call.method == "base" && call.args.is_empty() => {
            Some(source.text_of(&*call.receiver))
        }
        _ => None,
    }
}

/// `OWNER.base.locked(GUARD).FIELD` and `OWNER.base.racy().FIELD`: the owner, and how the field is reached.
pub fn owner_of_field<'s>(
    field: &ExprField,
    source: &'s Source,
    model: &Model<'_>,
) -> Option<(&'s str, Access)> {
    let Expr::MethodCall(call) = &*field.base else {
        return None;
    };
    let owner = owner(&call.receiver, source, model)?;
    Some((owner, access(call, source)?))
}

/// How a call of `locked`, `racy` or `racy_mut` reaches the fields.
pub fn access(call: &ExprMethodCall, source: &Source) -> Option<Access> {
    match call.method.to_string().as_str() {
        "locked" => call
            .args
            .first()
            .map(|guard| Access::Locked(source.text_of(guard).to_owned())),
        "racy" | "racy_mut" => Some(Access::Racy),
        _ => None,
    }
}
