//! `#[derive(UmaObject)]`.

mod ast;
mod attr;
mod expand;
mod valid;

#[cfg(test)]
mod tests;

pub(crate) use ast::{Kind, Object};

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// The whole derive, from tokens to tokens: on an error the messages, and a stub, so that the rest of the crate still
/// compiles and the user sees no others.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let object = Object::parse(&input).and_then(|object| {
        valid::check(&object)?;
        Ok(object)
    });
    match object {
        Ok(object) => expand::object(&object),
        Err(error) => {
            let stub = expand::stub(&input);
            let error = error.into_compile_error();
            quote::quote! { #error #stub }
        }
    }
}
