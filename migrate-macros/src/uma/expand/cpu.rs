//! `vmap`, `vunmap`, `mmap` and the operations of user mappings.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::super::ast::{Kind, Object};
use super::{maybe, method, part, refused, unless_sparse};

/// The bodies of the six operations, where there is a CPU map.
struct Bodies {
    vmap: TokenStream,
    vunmap: TokenStream,
    mmap: TokenStream,
    vm_open: TokenStream,
    vm_close: TokenStream,
    fault: TokenStream,
}

fn bodies(object: &Object) -> Option<Bodies> {
    let cpu = part(object, Kind::CpuMap)?;
    let backing = part(object, Kind::Backing)?;
    let device = maybe(object, Kind::DeviceMap);
    let reclaim = maybe(object, Kind::Reclaim);
    let einval = refused(&Ident::new("EINVAL", Span::call_site()));
    let refuse = unless_sparse(object, Some(&einval));
    let skip = unless_sparse(object, None);
    let sigbus = unless_sparse(object, Some(&quote! { ::drm_core::gem::Fault::SigBus }));
    Some(Bodies {
        vmap: quote! { #refuse ::gem_uma::CpuMap::vmap(#cpu, guard, #backing, #device) },
        vunmap: quote! { let _ = map; #skip ::gem_uma::CpuMap::vunmap(#cpu, guard, #backing); },
        mmap: quote! { #refuse ::gem_uma::CpuMap::mmap(#cpu, vma, #backing, #device) },
        vm_open: quote! { let _ = vma; #skip ::gem_uma::CpuMap::vm_open(#cpu, #backing); },
        vm_close: quote! { let _ = vma; #skip ::gem_uma::CpuMap::vm_close(#cpu, #backing); },
        fault: quote! { #sigbus ::gem_uma::CpuMap::fault(#cpu, vma, fault, #backing, #device, #reclaim) },
    })
}

pub(super) fn methods(object: &Object) -> TokenStream {
    let bodies = bodies(object);
    let body = |pick: fn(&Bodies) -> &TokenStream| bodies.as_ref().map(pick).cloned();
    let guard = quote! { guard: &mut ::drm_core::resv::ResvGuard };
    let vma = quote! { vma: &::drm_core::mmap::Vma };
    let vmap = method(
        object,
        "vmap",
        &quote! { #guard },
        &quote! { -> ::drm_core::Result<::drm_core::gem::IosysMap> },
        &quote! { guard },
        body(|bodies| &bodies.vmap),
    );
    let vunmap = method(
        object,
        "vunmap",
        &quote! { #guard, map: &::drm_core::gem::IosysMap },
        &TokenStream::new(),
        &quote! { guard, map },
        body(|bodies| &bodies.vunmap),
    );
    let mmap = method(
        object,
        "mmap",
        &quote! { vma: &mut ::drm_core::mmap::NewVma },
        &quote! { -> ::drm_core::Result },
        &quote! { vma },
        body(|bodies| &bodies.mmap),
    );
    let vm_open = method(
        object,
        "vm_open",
        &quote! { #vma },
        &TokenStream::new(),
        &quote! { vma },
        body(|bodies| &bodies.vm_open),
    );
    let vm_close = method(
        object,
        "vm_close",
        &quote! { #vma },
        &TokenStream::new(),
        &quote! { vma },
        body(|bodies| &bodies.vm_close),
    );
    let fault = method(
        object,
        "fault",
        &quote! { #vma, fault: ::drm_core::gem::FaultContext },
        &quote! { -> ::drm_core::gem::Fault },
        &quote! { vma, fault },
        body(|bodies| &bodies.fault),
    );
    quote! { #vmap #vunmap #mmap #vm_open #vm_close #fault }
}
