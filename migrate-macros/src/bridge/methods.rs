//! The old names, one by one, each with the finding it stands for and what replaces it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::uma::{Kind, Object};

/// The methods for the parts that there are.
pub(super) fn methods(object: &Object) -> TokenStream {
    let part = |kind| {
        object.field(kind).map(|field| {
            let name = &field.ident;
            quote! { &self.object.#name }
        })
    };
    let gem = part(Kind::Gem);
    let backing = part(Kind::Backing);
    let device = part(Kind::DeviceMap);
    let device_or_none = match &device {
        Some(device) => quote! { ::core::option::Option::Some(#device) },
        None => quote! { ::core::option::Option::None::<&::gem_uma::DeviceMap> },
    };
    let mut all = Vec::new();
    if let (Some(backing), Some(gem)) = (&backing, &gem) {
        let parts = parts(object, gem, backing);
        all.push(fields(&parts));
        if let Some(device) = &device {
            all.push(table(&parts, device));
        }
    }
    if let (Some(backing), Some(share), Some(gem)) = (&backing, part(Kind::Share), &gem) {
        all.push(pins(backing, &share, gem));
    }
    if let (Some(backing), Some(cpu)) = (&backing, part(Kind::CpuMap)) {
        all.push(cpu_map(backing, &cpu, &device_or_none));
    }
    if let (Some(backing), Some(device), Some(reclaim), Some(gem)) =
        (&backing, &device, part(Kind::Reclaim), &gem)
    {
        all.push(advice(backing, device, &reclaim, gem));
    }
    quote! { #(#all)* }
}

/// The flags of the base class, as fields of the view: their definitions, and their values in a method of the object.
pub(super) fn flags(object: &Object) -> (TokenStream, TokenStream) {
    let (mut definitions, mut values) = (Vec::new(), Vec::new());
    if let Some(backing) = object.field(Kind::Backing).map(|field| &field.ident) {
        definitions.push(quote! {
            /// Whether pages are marked dirty when they are given back.
            #[deprecated(note = "F11: say it once, `BackingOptions::dirty`")]
            pub pages_mark_dirty_on_put: ::gem_uma::bridge::MarkDirty<'uma>,
        });
        values.push(quote! {
            pages_mark_dirty_on_put: ::gem_uma::bridge::MarkDirty::new(&self.#backing),
        });
    }
    if let Some(cpu) = object.field(Kind::CpuMap).map(|field| &field.ident) {
        definitions.push(quote! {
            /// Whether CPU mappings are write-combined.
            #[deprecated(note = "F10: ask `cmap.is_write_combined()`; say it in the constructor, `CpuMapOptions::caching`")]
            pub map_wc: ::gem_uma::bridge::MapWc<'uma>,
        });
        values.push(quote! { map_wc: ::gem_uma::bridge::MapWc::new(&self.#cpu), });
    }
    (quote! { #(#definitions)* }, quote! { #(#values)* })
}

/// The parts, for what needs all that there are.
fn parts(object: &Object, gem: &TokenStream, backing: &TokenStream) -> TokenStream {
    let part = |kind| match object.field(kind) {
        Some(field) => {
            let name = &field.ident;
            quote! { ::core::option::Option::Some(&self.object.#name) }
        }
        None => quote! { ::core::option::Option::None },
    };
    let device = part(Kind::DeviceMap);
    let cpu = part(Kind::CpuMap);
    let reclaim = part(Kind::Reclaim);
    quote! {
        ::gem_uma::bridge::Parts {
            gem: #gem,
            backing: #backing,
            device: #device,
            cpu: #cpu,
            reclaim: #reclaim,
        }
    }
}

fn fields(parts: &TokenStream) -> TokenStream {
    quote! {
        /// The fields, under the object's reservation lock.
        #[must_use]
        pub fn locked<'g>(
            &self,
            guard: &'g mut ::drm_core::resv::ResvGuard,
        ) -> ::gem_uma::bridge::Locked<'g>
        where
            'uma: 'g,
        {
            ::gem_uma::bridge::Locked::new(#parts, guard)
        }

        /// The fields read without the lock.
        #[must_use]
        #[deprecated(note = "F30: ask the part that knows")]
        pub fn racy(&self) -> ::gem_uma::bridge::Racy {
            ::gem_uma::bridge::Racy::new(&#parts)
        }

        /// Prints the counts and the kernel address; nothing for an import.
        ///
        /// # Errors
        ///
        /// Those of `out`.
        #[deprecated(note = "F29: print the parts that are of interest")]
        pub fn print_info(
            &self,
            out: &mut dyn ::core::fmt::Write,
            indent: usize,
        ) -> ::core::fmt::Result {
            ::gem_uma::bridge::print_info(&#parts, out, indent)
        }
    }
}

fn table(parts: &TokenStream, device: &TokenStream) -> TokenStream {
    quote! {
        /// The object's table, mapped for the device.
        ///
        /// # Errors
        ///
        /// Those of `DeviceMap::lock_table`.
        #[deprecated(note = "F15: write `dmap.lock_table(&backing)`")]
        pub fn get_pages_sgt(
            &self,
        ) -> ::drm_core::Result<::drm_core::sync::Arc<::drm_core::dma::SgTable>> {
            ::gem_uma::bridge::get_pages_sgt(&#parts, #device)
        }
    }
}

fn pins(backing: &TokenStream, share: &TokenStream, gem: &TokenStream) -> TokenStream {
    quote! {
        /// One more pin.
        ///
        /// # Errors
        ///
        /// Those of `Share::pin`.
        #[deprecated(note = "F18: keep the token of `backing.pin(guard)`")]
        pub fn pin_locked(&self, guard: &mut ::drm_core::resv::ResvGuard) -> ::drm_core::Result {
            ::gem_uma::Share::pin(#share, guard, #backing)
        }

        /// One pin less.
        #[deprecated(note = "F18: give the token back, `backing.unpin(guard, pin)`")]
        pub fn unpin_locked(&self, guard: &mut ::drm_core::resv::ResvGuard) {
            ::gem_uma::Share::unpin(#share, guard, #backing);
        }

        /// One more pin, taking the reservation.
        ///
        /// # Errors
        ///
        /// `EINTR`, and those of `Share::pin`.
        #[deprecated(note = "F19: lock the reservation, and keep the token of `backing.pin(guard)`")]
        pub fn pin(&self) -> ::drm_core::Result {
            let mut guard = ::drm_core::gem::Header::resv(#gem).lock_interruptible()?;
            ::gem_uma::Share::pin(#share, &mut guard, #backing)
        }

        /// One pin less, taking the reservation.
        #[deprecated(note = "F19: lock the reservation, and give the token back, `backing.unpin(guard, pin)`")]
        pub fn unpin(&self) {
            let mut guard = ::drm_core::gem::Header::resv(#gem).lock();
            ::gem_uma::Share::unpin(#share, &mut guard, #backing);
        }

        /// A fresh table of the pages, not mapped for DMA.
        ///
        /// # Errors
        ///
        /// Those of `Share::sg_table`.
        #[deprecated(note = "F16: write `share.sg_table(guard, &gem, &backing)`")]
        pub fn get_sg_table(
            &self,
            guard: &mut ::drm_core::resv::ResvGuard,
        ) -> ::drm_core::Result<::drm_core::dma::SgTable> {
            ::gem_uma::Share::sg_table(#share, guard, #gem, #backing)
        }
    }
}

fn cpu_map(backing: &TokenStream, cpu: &TokenStream, device: &TokenStream) -> TokenStream {
    quote! {
        /// Maps the object for the kernel.
        ///
        /// # Errors
        ///
        /// Those of `CpuMap::vmap`.
        #[deprecated(note = "F20: write `cmap.vmap(guard, &backing, &dmap)`")]
        pub fn vmap(
            &self,
            guard: &mut ::drm_core::resv::ResvGuard,
        ) -> ::drm_core::Result<::drm_core::gem::IosysMap> {
            ::gem_uma::CpuMap::vmap(#cpu, guard, #backing, #device)
        }

        /// Undoes one `vmap`.
        #[deprecated(note = "F20: write `cmap.vunmap(guard, &backing)`")]
        pub fn vunmap(&self, guard: &mut ::drm_core::resv::ResvGuard) {
            ::gem_uma::CpuMap::vunmap(#cpu, guard, #backing);
        }

        /// Maps the object for a process.
        ///
        /// # Errors
        ///
        /// Those of `CpuMap::mmap`.
        #[deprecated(note = "F24: write `cmap.mmap(vma, &backing, &dmap)`")]
        pub fn mmap(&self, vma: &mut ::drm_core::mmap::NewVma) -> ::drm_core::Result {
            ::gem_uma::CpuMap::mmap(#cpu, vma, #backing, #device)
        }
    }
}

fn advice(
    backing: &TokenStream,
    device: &TokenStream,
    reclaim: &TokenStream,
    gem: &TokenStream,
) -> TokenStream {
    quote! {
        /// Takes advice; whether the contents are retained. A number that is no advice is dropped.
        #[deprecated(note = "F21: write `reclaim.madvise(guard, madv)?`")]
        pub fn madvise(&self, guard: &mut ::drm_core::resv::ResvGuard, madv: i32) -> bool {
            ::gem_uma::Reclaim::madvise(#reclaim, guard, madv)
                .unwrap_or(!::gem_uma::Reclaim::is_purged(#reclaim))
        }

        /// Whether the contents may be thrown away now.
        #[must_use]
        #[deprecated(note = "F22: write `reclaim.is_purgeable(&gem, &backing, &dmap)`")]
        pub fn is_purgeable(&self) -> bool {
            ::gem_uma::Reclaim::is_purgeable(#reclaim, #gem, #backing, #device)
        }

        /// Throws the contents away, if they may be.
        #[deprecated(note = "F23: write `reclaim.purge(guard, &gem, &backing, &dmap)`, and look at its answer")]
        pub fn purge(&self, guard: &mut ::drm_core::resv::ResvGuard) {
            let _ = ::gem_uma::Reclaim::purge(#reclaim, guard, #gem, #backing, #device);
        }
    }
}
