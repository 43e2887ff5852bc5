//! `#[bridge]`: the base class's method names on top of the parts, for the time of a move.

mod methods;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Error};

use crate::uma::Object;

/// The struct as it is, and a view of it with the old names: `object.base().get_pages_sgt()`.
pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(token) = args.into_iter().next() {
        let error = Error::new(
            token.span(),
            "`#[bridge]` takes no arguments: it reads the parts from their `#[uma(...)]`",
        )
        .into_compile_error();
        return quote! { #error #item };
    }
    let input: DeriveInput = match syn::parse2(item.clone()) {
        Ok(input) => input,
        Err(error) => {
            let error = error.into_compile_error();
            return quote! { #error #item };
        }
    };
    match Object::parse(&input) {
        Ok(object) => {
            let view = view(&object, &input.vis);
            quote! { #item #view }
        }
        // The derive says what is wrong.
        Err(_) => item,
    }
}

fn view(object: &Object, vis: &syn::Visibility) -> TokenStream {
    let ident = &object.ident;
    let base = format_ident!("{ident}Base");
    let (impl_generics, ty_generics, where_clause) = object.generics.split_for_impl();
    let mut view_generics = object.generics.clone();
    view_generics.params.insert(0, syn::parse_quote!('uma));
    let (view_impl, view_ty, _) = view_generics.split_for_impl();
    let methods = methods::methods(object);
    let (flags, values) = methods::flags(object);
    let doc = format!(
        "The parts of [`{ident}`] under the names of the base class, while the driver is moved."
    );
    quote! {
        #[doc = #doc]
        #[allow(dead_code, reason = "a driver uses some of the old names, and fewer from patch to patch")]
        #vis struct #base #view_generics #where_clause {
            object: &'uma #ident #ty_generics,
            #flags
        }

        #[automatically_derived]
        impl #impl_generics #ident #ty_generics #where_clause {
            /// The names of the base class.
            #[must_use]
            #[allow(deprecated, reason = "the old names are marked for whoever uses them")]
            #vis fn base(&self) -> #base<'_> {
                #base { object: self, #values }
            }
        }

        #[automatically_derived]
        #[allow(dead_code, reason = "a driver uses some of the old names, and fewer from patch to patch")]
        impl #view_impl #base #view_ty #where_clause {
            #methods
        }
    }
}
