//! `open`, `close`, `free`.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ast::{Answer, Field, Kind, Object};
use super::method;

pub(super) fn methods(object: &Object) -> TokenStream {
    let open = open(object);
    let close = close(object);
    let free = free(object);
    quote! { #open #close #free }
}

/// Parts that the driver wrote: only they care for files.
fn own_parts(object: &Object) -> impl DoubleEndedIterator<Item = &Field> {
    object
        .fields
        .iter()
        .filter(|field| field.kind == Kind::Part)
}

/// Parts from the ground up, then the driver's function; whoever fails closes those that were opened before.
fn open(object: &Object) -> TokenStream {
    let params = quote! { file: &::drm_core::device::File };
    let output = quote! { -> ::drm_core::Result };
    let parts: Vec<_> = own_parts(object).map(|field| &field.ident).collect();
    if parts.is_empty() {
        return method(object, "open", &params, &output, &quote! { file }, None);
    }
    let opens = parts.iter().enumerate().map(|(at, part)| {
        let undo = parts[..at].iter().rev();
        quote! {
            ::gem_uma::Part::open(&self.#part, file).inspect_err(|_| {
                #(::gem_uma::Part::close(&self.#undo, file);)*
            })?;
        }
    });
    let undo = parts.iter().rev();
    let last = match object.answer("open") {
        Some(Answer::Call(path)) => quote! {
            #path(self, file).inspect_err(|_| {
                #(::gem_uma::Part::close(&self.#undo, file);)*
            })
        },
        Some(Answer::Refuse(errno)) => {
            let answer = super::refused(errno);
            return quote! {
                fn open(&self, _file: &::drm_core::device::File) -> ::drm_core::Result { #answer }
            };
        }
        _ => quote! { ::core::result::Result::Ok(()) },
    };
    quote! {
        fn open(&self, #params) #output {
            #(#opens)*
            #last
        }
    }
}

/// The driver's function, then parts from the top down.
fn close(object: &Object) -> TokenStream {
    let parts: Vec<_> = own_parts(object).rev().map(|field| &field.ident).collect();
    let own = match object.answer("close") {
        Some(Answer::Call(path)) => Some(quote! { #path(self, file); }),
        _ => None,
    };
    if parts.is_empty() && own.is_none() {
        return TokenStream::new();
    }
    quote! {
        fn close(&self, file: &::drm_core::device::File) {
            #own
            #(::gem_uma::Part::close(&self.#parts, file);)*
        }
    }
}

fn free(object: &Object) -> TokenStream {
    let hook = |name| match object.answer(name) {
        Some(Answer::Call(path)) => Some(quote! { #path(self, gone); }),
        _ => None,
    };
    let before = hook("free_before");
    let after = hook("free_after");
    let parts = object
        .fields
        .iter()
        .rev()
        .filter(|field| field.kind != Kind::Gem)
        .map(|field| &field.ident);
    quote! {
        fn free(&self, gone: &::drm_core::gem::Gone) {
            #before
            #(::gem_uma::Part::teardown(&self.#parts, gone);)*
            #after
        }
    }
}
