//! Quotes the GEM operations.

mod cpu;
mod figures;
mod life;
mod share;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned;

use super::ast::{Answer, Field, Kind, Object};

/// The implementation for a valid struct.
pub(crate) fn object(object: &Object) -> TokenStream {
    let ident = &object.ident;
    let (impl_generics, ty_generics, where_clause) = object.generics.split_for_impl();
    let types = types(object);
    let gem = gem(object);
    let life = life::methods(object);
    let share = share::methods(object);
    let cpu = cpu::methods(object);
    let figures = figures::methods(object);
    quote! {
        #types

        #[automatically_derived]
        impl #impl_generics ::drm_core::gem::Object for #ident #ty_generics #where_clause {
            fn gem(&self) -> &::drm_core::gem::Header {
                #gem
            }
            #life
            #share
            #cpu
            #figures
        }

        #[automatically_derived]
        impl #impl_generics ::gem_uma::UmaObject for #ident #ty_generics #where_clause {}
    }
}

/// What stands in for the implementation when there is an error.
pub(crate) fn stub(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::drm_core::gem::Object for #ident #ty_generics #where_clause {
            fn gem(&self) -> &::drm_core::gem::Header {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        impl #impl_generics ::gem_uma::UmaObject for #ident #ty_generics #where_clause {}
    }
}

/// Holds each field to the type that its attribute says, with the error at the field.
fn types(object: &Object) -> TokenStream {
    let ident = &object.ident;
    let (impl_generics, ty_generics, where_clause) = object.generics.split_for_impl();
    let checks = object.fields.iter().map(|field| {
        let name = &field.ident;
        let span = field.ty.span();
        let kind = Ident::new(field.kind.type_name(), span);
        match field.kind {
            Kind::Gem => quote_spanned! {span=> let _: &::drm_core::gem::Header = &object.#name; },
            Kind::Sparse | Kind::GranuleMap => quote_spanned! {span=>
                let _: ::core::option::Option<&::gem_uma::#kind> = ::core::convert::Into::into(&object.#name);
            },
            Kind::GpuMap => quote_spanned! {span=> let _: &dyn ::gem_uma::GpuMaps = &object.#name; },
            Kind::Part => quote_spanned! {span=> let _: &dyn ::gem_uma::Part = &object.#name; },
            _ => quote_spanned! {span=> let _: &::gem_uma::#kind = &object.#name; },
        }
    });
    quote! {
        const _: () = {
            #[allow(dead_code, reason = "only its types are checked")]
            fn parts #impl_generics (object: &#ident #ty_generics) #where_clause {
                #(#checks)*
            }
        };
    }
}

fn gem(object: &Object) -> TokenStream {
    part(object, Kind::Gem).unwrap_or_else(|| quote! { ::core::unreachable!() })
}

/// A reference to the part of a kind.
fn part(object: &Object, kind: Kind) -> Option<TokenStream> {
    let name = &object.field(kind)?.ident;
    Some(quote! { &self.#name })
}

/// An `Option` of a reference to the part of a kind.
fn maybe(object: &Object, kind: Kind) -> TokenStream {
    let ty = Ident::new(kind.type_name(), Span::call_site());
    match object.field(kind) {
        Some(Field { ident, .. }) => match kind {
            Kind::Sparse | Kind::GranuleMap => quote! {
                ::core::convert::Into::<::core::option::Option<&::gem_uma::#ty>>::into(&self.#ident)
            },
            _ => quote! { ::core::option::Option::Some(&self.#ident) },
        },
        None => quote! { ::core::option::Option::None::<&::gem_uma::#ty> },
    }
}

/// An early answer for objects whose pages come in granules, where a type has both kinds; none returns nothing.
fn unless_sparse(object: &Object, answer: Option<&TokenStream>) -> TokenStream {
    let Some(field) = object.field(Kind::Sparse) else {
        return TokenStream::new();
    };
    let sparse = &field.ident;
    quote! {
        if ::gem_uma::grows(&self.#sparse) {
            return #answer;
        }
    }
}

/// The refusal of an operation.
fn refused(errno: &Ident) -> TokenStream {
    quote! { ::core::result::Result::Err(::drm_core::Errno::#errno) }
}

/// A method: what the struct says, else `default`; nothing when that is `None`.
fn method(
    object: &Object,
    name: &str,
    params: &TokenStream,
    output: &TokenStream,
    args: &TokenStream,
    default: Option<TokenStream>,
) -> TokenStream {
    let fn_name = Ident::new(name, Span::call_site());
    let body = match object.answer(name) {
        Some(Answer::Call(path)) => Some(quote! { #path(self, #args) }),
        Some(Answer::Refuse(errno)) => Some(refused(errno)),
        Some(Answer::None) => None,
        None => default,
    };
    let Some(body) = body else {
        return TokenStream::new();
    };
    let unused =
        quote! { #[allow(unused_variables, reason = "a refusal needs none of its arguments")] };
    let unused = matches!(object.answer(name), Some(Answer::Refuse(_))).then_some(unused);
    quote! {
        #unused
        fn #fn_name(&self, #params) #output {
            #body
        }
    }
}
