//! `export`, `pin`, `unpin`, `get_sg_table`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::super::ast::{Kind, Object};
use super::{gem, method, part, refused, unless_sparse};

pub(super) fn methods(object: &Object) -> TokenStream {
    let guard = quote! { guard: &mut ::drm_core::resv::ResvGuard };
    let einval = refused(&Ident::new("EINVAL", Span::call_site()));
    let gem = gem(object);
    let share = part(object, Kind::Share);
    let (export, pin, unpin, table) = match (share, part(object, Kind::Backing)) {
        (Some(share), Some(backing)) => {
            let refuse = unless_sparse(object, Some(&einval));
            let skip = unless_sparse(object, None);
            (
                quote! { ::gem_uma::Share::export(#share, #gem, writable) },
                quote! { #refuse ::gem_uma::Share::pin(#share, guard, #backing) },
                quote! { #skip ::gem_uma::Share::unpin(#share, guard, #backing); },
                Some(quote! { #refuse ::gem_uma::Share::sg_table(#share, guard, #gem, #backing) }),
            )
        }
        _ => (
            quote! { let _ = writable; #einval },
            quote! { let _ = guard; #einval },
            quote! { let _ = guard; },
            None,
        ),
    };
    let export = method(
        object,
        "export",
        &quote! { writable: bool },
        &quote! { -> ::drm_core::Result<::drm_core::prime::DmaBuf> },
        &quote! { writable },
        Some(export),
    );
    let pin = method(
        object,
        "pin",
        &quote! { #guard },
        &quote! { -> ::drm_core::Result },
        &quote! { guard },
        Some(pin),
    );
    let unpin = method(
        object,
        "unpin",
        &quote! { #guard },
        &TokenStream::new(),
        &quote! { guard },
        Some(unpin),
    );
    let table = method(
        object,
        "get_sg_table",
        &quote! { #guard },
        &quote! { -> ::drm_core::Result<::drm_core::dma::SgTable> },
        &quote! { guard },
        table,
    );
    quote! { #export #pin #unpin #table }
}
