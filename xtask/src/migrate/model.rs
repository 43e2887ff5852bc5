//! What the sites say about the driver: its object types, how each embeds the base class, which parts each needs.

use std::collections::BTreeSet;

use syn::{Item, ItemImpl, ItemStruct, Type};

use super::context::Context;
use super::names::Names;
use super::rules;
use super::source::Source;
use crate::findings::Number;

/// A struct that embeds the base class.
#[derive(Clone, Copy)]
pub struct ObjectType<'a> {
    /// The file (by index) and item of the struct.
    pub item: (usize, &'a ItemStruct),
    /// The field that embeds the base class.
    pub field: &'a syn::Field,
    /// `impl Subclass for ...`.
    pub subclass: Option<(usize, &'a ItemImpl)>,
    /// `impl CreateObject for ...`.
    pub hook: Option<(usize, &'a ItemImpl)>,
    /// `impl gem::Object for ...`.
    pub vtable: Option<(usize, &'a ItemImpl)>,
    /// Whether the type has a function `new` of its own.
    pub has_new: bool,
}

impl ObjectType<'_> {
    /// What the function that builds the object is called: `new`, or as the hook was if the type has a `new` already.
    pub fn constructor(&self) -> &'static str {
        if self.has_new {
            "gem_create_object"
        } else {
            "new"
        }
    }

    /// The struct's name.
    pub fn name(&self) -> String {
        self.item.1.ident.to_string()
    }
}

/// What the sites say about the driver.
pub struct Model<'a> {
    /// The files.
    pub sources: &'a [Source],
    /// The object types.
    pub types: Vec<ObjectType<'a>>,
    /// Findings that occur anywhere in the crate.
    pub findings: BTreeSet<Number>,
    /// What the parts are called.
    pub names: Names,
    /// Types whose pages are marked dirty when they are given back; `None` says it of objects whose type cannot be seen.
    dirty: BTreeSet<Option<String>>,
    /// Whether the driver fills page arrays itself: an array that is there may then have holes.
    pub fills_pages: bool,
}

impl<'a> Model<'a> {
    /// Reads the model off the placed sites.
    pub fn of(sources: &'a [Source], contexts: &[(usize, Context<'a>)]) -> Self {
        let mut types: Vec<ObjectType<'a>> = Vec::new();
        for (file, context) in contexts
            .iter()
            .filter(|(_, context)| context.site.finding == Number(1))
        {
            let (Some(field), Some(Item::Struct(item))) = (context.field(), context.item()) else {
                continue;
            };
            if context.site.name() == "Object"
                && is_embedded(&field.ty)
                && types.iter().all(|ty| ty.item.1 != item)
            {
                let item = (*file, item);
                types.push(ObjectType {
                    item,
                    field,
                    subclass: None,
                    hook: None,
                    vtable: None,
                    has_new: false,
                });
            }
        }
        // What a trait is called here is the compiler's word, not the code's.
        for (file, context) in contexts {
            let Some(Item::Impl(item)) = context.item() else {
                continue;
            };
            let in_header = item
                .trait_
                .as_ref()
                .is_some_and(|(path, _)| context.source.range(path).contains(&context.site.start));
            let Some(ty) = find(&mut types, *file, item).filter(|_| in_header) else {
                continue;
            };
            match context.site.name() {
                "Subclass" => ty.subclass = Some((*file, item)),
                "CreateObject" => ty.hook = Some((*file, item)),
                _ => {}
            }
        }
        for (file, source) in sources.iter().enumerate() {
            note_tables(&mut types, file, &source.ast.items);
        }
        let findings = contexts
            .iter()
            .map(|(_, context)| context.site.finding)
            .collect();
        let names = Names::avoiding(&other_fields(&types));
        Self {
            sources,
            types,
            findings,
            names,
            dirty: dirty(contexts),
            fills_pages: contexts
                .iter()
                .any(|(_, context)| rules::fills_pages(context)),
        }
    }

    /// The object type whose struct, or one of whose `impl`s, is `item`, in a file (by index).
    pub fn type_of_item(&self, file: usize, item: &Item) -> Option<&ObjectType<'a>> {
        match item {
            Item::Struct(item) => self.types.iter().find(|ty| ty.item.1 == item),
            Item::Impl(item) => self.types.get(place_of(&self.types, file, item)?),
            _ => None,
        }
    }

    /// The function that builds objects of the named type.
    pub fn constructor(&self, ty: &str) -> &'static str {
        self.types
            .iter()
            .find(|known| known.name() == ty)
            .map_or("new", ObjectType::constructor)
    }

    /// Whether a field of this name embeds the base class in some type.
    pub fn is_base_field(&self, member: &syn::Member) -> bool {
        matches!(member, syn::Member::Named(name) if self.types.iter().any(|ty| ty.field.ident.as_ref() == Some(name)))
    }

    /// Whether pages of objects of a type are marked dirty outside of the hook.
    pub fn marks_dirty(&self, ty: &str) -> bool {
        self.dirty.contains(&None) || self.dirty.contains(&Some(ty.to_owned()))
    }

    /// Whether the driver throws contents away: its objects need `Reclaim`.
    pub fn reclaims(&self) -> bool {
        self.has(&[6, 7, 21, 22, 23])
    }

    /// Whether any site of the crate stands for one of `numbers`.
    pub fn has(&self, numbers: &[u8]) -> bool {
        numbers
            .iter()
            .any(|number| self.findings.contains(&Number(*number)))
    }
}

/// The object type that an `impl` in a file is for: that of this name in the same file, or the only one of this name.
fn find<'t, 'a>(
    types: &'t mut [ObjectType<'a>],
    file: usize,
    item: &ItemImpl,
) -> Option<&'t mut ObjectType<'a>> {
    let at = place_of(types, file, item)?;
    types.get_mut(at)
}

fn place_of(types: &[ObjectType<'_>], file: usize, item: &ItemImpl) -> Option<usize> {
    let name = self_type(item)?;
    let named: Vec<usize> = (0..types.len())
        .filter(|at| types[*at].item.1.ident == name)
        .collect();
    let mut here = named.iter().filter(|at| types[**at].item.0 == file);
    match (here.next(), here.next(), named.as_slice()) {
        (Some(at), None, _) | (None, _, [at]) => Some(*at),
        // Nobody can tell which is meant.
        _ => None,
    }
}

/// The function table is the `impl` of a trait with the function that every object must have.
fn note_tables<'a>(types: &mut [ObjectType<'a>], file: usize, items: &'a [Item]) {
    for item in items {
        match item {
            Item::Mod(module) => {
                note_tables(
                    types,
                    file,
                    module.content.as_ref().map_or(&[], |(_, items)| items),
                );
            }
            Item::Impl(item) if item.trait_.is_none() && has_function(item, "new") => {
                if let Some(ty) = find(types, file, item) {
                    ty.has_new = true;
                }
            }
            Item::Impl(item) if item.trait_.is_some() && has_function(item, "gem") => {
                if let Some(ty) = find(types, file, item) {
                    ty.vtable = Some((file, item));
                }
            }
            _ => {}
        }
    }
}

fn has_function(item: &ItemImpl, name: &str) -> bool {
    item.items
        .iter()
        .any(|item| matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == name))
}

/// Where pages are marked dirty: in functions of which type.
fn dirty(contexts: &[(usize, Context<'_>)]) -> BTreeSet<Option<String>> {
    let marks = contexts
        .iter()
        .filter(|(_, context)| context.site.finding == Number(11));
    marks
        .map(|(_, context)| match context.item() {
            Some(Item::Impl(item)) => self_type(item),
            _ => None,
        })
        .collect()
}

/// The names of the types' fields, but for those that embed the base class.
fn other_fields(types: &[ObjectType<'_>]) -> Vec<String> {
    types
        .iter()
        .flat_map(|ty| ty.item.1.fields.iter().filter(|field| *field != ty.field))
        .filter_map(|field| field.ident.as_ref().map(ToString::to_string))
        .collect()
}

/// A field that holds the base class itself, not a reference to one.
fn is_embedded(ty: &Type) -> bool {
    matches!(ty, Type::Path(_))
}

/// The name of the type that an `impl` is for.
pub fn self_type(item: &ItemImpl) -> Option<String> {
    match &*item.self_ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    }
}
