//! What is wrong with a struct whose attributes are each right.

use syn::{Error, Result};

use super::ast::{Field, Kind, Object};
use super::attr::Errors;

pub(crate) fn check(object: &Object) -> Result<()> {
    let mut errors = Errors::default();
    if object.field(Kind::Gem).is_none() {
        errors.push(Error::new(
            object.ident.span(),
            format!(
                "`{}` is no GEM object: it has no header; add `#[uma(gem)] gem: drm_core::gem::Header` as its first field",
                object.ident
            ),
        ));
    }
    for (at, field) in object.fields.iter().enumerate() {
        twice(object, at, field, &mut errors);
        if object
            .field(field.kind)
            .is_some_and(|first| first.ident == field.ident)
        {
            missing(object, field, &mut errors);
        }
        order(object, at, field, &mut errors);
    }
    errors.finish()
}

fn twice(object: &Object, at: usize, field: &Field, errors: &mut Errors) {
    let earlier = object.fields[..at]
        .iter()
        .find(|other| other.kind == field.kind);
    if let Some(earlier) = earlier
        && field.kind.is_unique()
    {
        errors.push(Error::new(
            field.span,
            format!(
                "`{}` is the `{}` of this object already: an object has one",
                earlier.ident,
                field.kind.name()
            ),
        ));
    }
}

fn missing(object: &Object, field: &Field, errors: &mut Errors) {
    for needed in field.kind.needs() {
        if object.field(*needed).is_none() {
            errors.push(Error::new(
                field.span,
                format!(
                    "`{}` needs a `{needed}`: add `#[uma({needed})] {needed}: gem_uma::{}` before it",
                    field.kind.name(),
                    needed.type_name(),
                    needed = needed.name(),
                ),
            ));
        }
    }
}

fn order(object: &Object, at: usize, field: &Field, errors: &mut Errors) {
    for ground in field.kind.stands_on() {
        let later = object.fields[at + 1..]
            .iter()
            .find(|other| other.kind == *ground);
        if let Some(later) = later {
            errors.push(Error::new(
                field.span,
                format!(
                    "`{field}` cannot be torn down: it stands on `{later}`, which would go first; parts are torn down in reverse \
                     order of declaration, so declare `{later}` before `{field}`",
                    field = field.ident,
                    later = later.ident,
                ),
            ));
        }
    }
}
