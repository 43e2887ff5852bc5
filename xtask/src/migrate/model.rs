//! What the sites say about the driver: its object types, how each embeds the base class, which parts each needs.

use std::collections::BTreeSet;

use syn::{Item, ItemImpl, ItemStruct, Type};

use super::context::Context;
use super::names::Names;
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
}

impl ObjectType<'_> {
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
                });
            }
        }
        let findings = contexts
            .iter()
            .map(|(_, context)| context.site.finding)
            .collect();
        let names = Names::avoiding(&other_fields(&types));
        let mut model = Self {
            sources,
            types,
            findings,
            names,
        };
        for (file, source) in sources.iter().enumerate() {
            for item in &source.ast.items {
                model.note_impl(file, item);
            }
        }
        model
    }

    fn note_impl(&mut self, file: usize, item: &'a Item) {
        match item {
            Item::Mod(module) => {
                for item in module.content.iter().flat_map(|(_, items)| items) {
                    self.note_impl(file, item);
                }
            }
            Item::Impl(item) => {
                let Some(name) = self_type(item) else { return };
                let Some(ty) = self.types.iter_mut().find(|ty| ty.item.1.ident == name) else {
                    return;
                };
                match trait_name(item).as_deref() {
                    Some("Subclass") => ty.subclass = Some((file, item)),
                    Some("CreateObject") => ty.hook = Some((file, item)),
                    Some("Object") => ty.vtable = Some((file, item)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The object type whose struct, or one of whose `impl`s, is `item`.
    pub fn type_of_item(&self, item: &Item) -> Option<&ObjectType<'a>> {
        match item {
            Item::Struct(item) => self.types.iter().find(|ty| ty.item.1 == item),
            Item::Impl(item) => {
                let name = self_type(item)?;
                self.types.iter().find(|ty| ty.item.1.ident == name)
            }
            _ => None,
        }
    }

    /// Whether a field of this name embeds the base class in some type.
    pub fn is_base_field(&self, member: &syn::Member) -> bool {
        matches!(member, syn::Member::Named(name) if self.types.iter().any(|ty| ty.field.ident.as_ref() == Some(name)))
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

/// The name of the trait that an `impl` implements.
pub fn trait_name(item: &ItemImpl) -> Option<String> {
    let (path, _) = item.trait_.as_ref()?;
    path.segments
        .last()
        .map(|segment| segment.ident.to_string())
}
