//! `print_info`, `status`, `rss`, `evict`.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ast::{Kind, Object};
use super::{gem, maybe, method, part};

pub(super) fn methods(object: &Object) -> TokenStream {
    let gem = gem(object);
    let (backing, sparse) = (maybe(object, Kind::Backing), maybe(object, Kind::Sparse));
    let reclaim = maybe(object, Kind::Reclaim);
    let has_pages = [Kind::Backing, Kind::Sparse]
        .iter()
        .any(|kind| object.field(*kind).is_some());
    let parts = object
        .fields
        .iter()
        .filter(|field| field.kind != Kind::Gem)
        .map(|field| &field.ident);
    let print_info = method(
        object,
        "print_info",
        &quote! { out: &mut dyn ::core::fmt::Write, indent: usize },
        &quote! { -> ::core::fmt::Result },
        &quote! { out, indent },
        Some(quote! {
            if ::drm_core::gem::Header::is_imported(#gem) {
                return ::core::result::Result::Ok(());
            }
            #(::gem_uma::Part::print_info(&self.#parts, out, indent)?;)*
            ::core::result::Result::Ok(())
        }),
    );
    let status = method(
        object,
        "status",
        &TokenStream::new(),
        &quote! { -> ::core::option::Option<::drm_core::gem::Status> },
        &TokenStream::new(),
        has_pages.then(|| {
            quote! {
                ::core::option::Option::Some(::gem_uma::status(#backing, #sparse, #reclaim))
            }
        }),
    );
    let rss = method(
        object,
        "rss",
        &TokenStream::new(),
        &quote! { -> ::core::option::Option<u64> },
        &TokenStream::new(),
        has_pages
            .then(|| quote! { ::core::option::Option::Some(::gem_uma::rss(#backing, #sparse)) }),
    );
    let evict = evict(object);
    quote! { #print_info #status #rss #evict }
}

/// Out of memory: only what can be reclaimed has it.
fn evict(object: &Object) -> TokenStream {
    let parts = part(object, Kind::Reclaim).zip(part(object, Kind::Backing));
    let body = parts.map(|(reclaim, backing)| {
        let gem = gem(object);
        let device = maybe(object, Kind::DeviceMap);
        let gpu = match part(object, Kind::GpuMap) {
            Some(gpu) => quote! { ::core::option::Option::Some(#gpu) },
            None => quote! { ::core::option::Option::None },
        };
        quote! { ::gem_uma::evict(guard, #gem, #backing, #device, #gpu, #reclaim) }
    });
    method(
        object,
        "evict",
        &quote! { guard: &mut ::drm_core::resv::ResvGuard },
        &quote! { -> ::drm_core::Result },
        &quote! { guard },
        body,
    )
}
