//! The struct as the derive sees it.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Generics, Result, Type};

use super::attr;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gem,
    Backing,
    Sparse,
    DeviceMap,
    GranuleMap,
    CpuMap,
    GpuMap,
    Reclaim,
    Share,
    /// A part that the driver wrote.
    Part,
}

impl Kind {
    pub(crate) const ALL: [(Kind, &'static str); 10] = [
        (Kind::Gem, "gem"),
        (Kind::Backing, "backing"),
        (Kind::Sparse, "sparse"),
        (Kind::DeviceMap, "device_map"),
        (Kind::GranuleMap, "granule_map"),
        (Kind::CpuMap, "cpu_map"),
        (Kind::GpuMap, "gpu_map"),
        (Kind::Reclaim, "reclaim"),
        (Kind::Share, "share"),
        (Kind::Part, "part"),
    ];

    /// As it is written in an attribute.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("part", |(_, name)| name)
    }

    /// The type that the field has.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Kind::Gem => "Header",
            Kind::Backing => "Backing",
            Kind::Sparse => "SparseBacking",
            Kind::DeviceMap => "DeviceMap",
            Kind::GranuleMap => "GranuleMap",
            Kind::CpuMap => "CpuMap",
            Kind::GpuMap => "GpuMap",
            Kind::Reclaim => "Reclaim",
            Kind::Share => "Share",
            Kind::Part => "Part",
        }
    }

    /// Whether only one field may be it.
    pub(crate) fn is_unique(self) -> bool {
        self != Kind::Part
    }

    /// What it cannot be without.
    pub(crate) fn needs(self) -> &'static [Kind] {
        match self {
            Kind::DeviceMap | Kind::CpuMap | Kind::Share => &[Kind::Backing],
            Kind::GranuleMap => &[Kind::Sparse],
            Kind::Reclaim => &[Kind::Backing],
            _ => &[],
        }
    }

    /// What it stands on, where that is there: declared before, torn down after.
    pub(crate) fn stands_on(self) -> &'static [Kind] {
        match self {
            Kind::Gem => &[],
            Kind::Backing | Kind::Sparse | Kind::Part => &[Kind::Gem],
            Kind::DeviceMap => &[Kind::Gem, Kind::Backing],
            Kind::GranuleMap => &[Kind::Gem, Kind::Sparse],
            Kind::CpuMap => &[Kind::Gem, Kind::Backing, Kind::Sparse, Kind::DeviceMap],
            Kind::GpuMap => &[
                Kind::Gem,
                Kind::Backing,
                Kind::Sparse,
                Kind::DeviceMap,
                Kind::GranuleMap,
            ],
            Kind::Reclaim => &[
                Kind::Gem,
                Kind::Backing,
                Kind::Sparse,
                Kind::DeviceMap,
                Kind::GranuleMap,
                Kind::CpuMap,
                Kind::GpuMap,
            ],
            Kind::Share => &[Kind::Gem, Kind::Backing],
        }
    }
}

/// A field that is a part, or the header.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
    /// Where the kind is written.
    pub(crate) span: Span,
}

/// What an attribute on the struct says of an operation.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// `PATH(self, ...)`.
    Call(syn::Path),
    /// Always this error.
    Refuse(Ident),
    /// As if the driver had left it out.
    None,
}

/// An operation with an explicit answer.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) name: Ident,
    pub(crate) answer: Answer,
}

/// The struct.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Parts, in the order of declaration.
    pub(crate) fields: Vec<Field>,
    pub(crate) overrides: Vec<Override>,
}

impl Object {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let named = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(named) => named,
                other => {
                    let span = if other.is_empty() {
                        input.ident.span()
                    } else {
                        other.span()
                    };
                    return Err(Error::new(
                        span,
                        "a GEM object is a struct with named fields, one of them `#[uma(gem)] gem: Header`",
                    ));
                }
            },
            Data::Enum(data) => return Err(not_a_struct(data.enum_token.span)),
            Data::Union(data) => return Err(not_a_struct(data.union_token.span)),
        };
        let mut errors = attr::Errors::default();
        let mut fields = Vec::new();
        for field in &named.named {
            let Some(ident) = &field.ident else { continue };
            if let Some((kind, span)) = errors.collect(attr::field(field)).flatten() {
                fields.push(Field {
                    ident: ident.clone(),
                    ty: field.ty.clone(),
                    kind,
                    span,
                });
            }
        }
        let overrides = errors
            .collect(attr::object(&input.attrs))
            .unwrap_or_default();
        errors.finish()?;
        Ok(Self {
            ident: input.ident.clone(),
            generics: input.generics.clone(),
            fields,
            overrides,
        })
    }

    /// The field of a kind that only one field may be.
    pub(crate) fn field(&self, kind: Kind) -> Option<&Field> {
        self.fields.iter().find(|field| field.kind == kind)
    }

    /// What the struct says of an operation.
    pub(crate) fn answer(&self, name: &str) -> Option<&Answer> {
        self.overrides
            .iter()
            .find(|found| found.name == name)
            .map(|found| &found.answer)
    }
}

fn not_a_struct(span: Span) -> Error {
    Error::new(
        span,
        "a GEM object is a struct: objects of several kinds are several structs, or one with `Option`al parts",
    )
}
