//! The struct: the field that embeds the base class becomes the parts, from the ground up.

use super::super::super::edit::Edit;
use super::{Edits, Refusal};
use crate::findings::Number;
use crate::migrate::model::{Model, ObjectType};

const F01: Number = Number(1);

/// Field, attribute and type of each part, in the order of declaration.
const PARTS: [(&str, &str, &str, &str); 6] = [
    ("gem", "gem", "Header", "The GEM object."),
    ("backing", "backing", "Backing", "The pages."),
    (
        "dmap",
        "device_map",
        "DeviceMap",
        "The table mapped for the device.",
    ),
    ("cmap", "cpu_map", "CpuMap", "Kernel and user mappings."),
    ("reclaim", "reclaim", "Reclaim", "What may be thrown away."),
    ("share", "share", "Share", "Export and import."),
];

/// Whether objects of this crate need a part: `reclaim` only where the driver purges.
pub(super) fn needed<'m>(
    model: &'m Model<'_>,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> + 'm {
    let reclaims = model.reclaims();
    PARTS
        .into_iter()
        .filter(move |(field, ..)| *field != "reclaim" || reclaims)
}

/// Parts for the field; `impl Subclass` goes.
pub(super) fn edits(ty: &ObjectType<'_>, model: &Model<'_>) -> Result<Edits, Refusal> {
    let (file, _) = ty.item;
    let source = &model.sources[file];
    let range = source.range(ty.field);
    let indent = source.indent_at(range.start).to_owned();
    let vis = source.text_of(&ty.field.vis);
    let vis = if vis.is_empty() {
        String::new()
    } else {
        format!("{vis} ")
    };
    let documented = ty
        .field
        .attrs
        .iter()
        .any(|attr| attr.path().is_ident("doc"));
    let lines: Vec<String> = needed(model)
        .map(|(field, attribute, part, doc)| {
            let doc = if documented {
                format!("/// {doc}\n{indent}")
            } else {
                String::new()
            };
            format!(
                "{doc}#[uma({attribute})]\n{indent}{vis}{}: {part}",
                model.names.of(field)
            )
        })
        .collect();
    let mut edits = vec![(
        file,
        Edit::replace(F01, range, lines.join(&format!(",\n{indent}"))),
    )];
    if let Some((file, subclass)) = ty.subclass {
        let source = &model.sources[file];
        edits.push((
            file,
            Edit::delete(F01, source.whole_item(source.range(subclass))),
        ));
    }
    Ok(edits)
}
