//! The expansion for the shapes that the nine drivers have, and what it leaves out.

use proc_macro2::TokenStream;
use quote::quote;

use super::derive;

fn expanded(input: TokenStream) -> String {
    let file = syn::parse2(derive(input)).expect("the expansion parses");
    prettyplease::unparse(&file)
}

macro_rules! shapes {
    ($($(#[doc = $what:literal])* $name:ident { $($input:tt)* })*) => {
        $(
            #[test]
            fn $name() {
                insta::with_settings!({ description => concat!($($what, "\n"),*), prepend_module_to_snapshot => false, omit_expression => true }, {
                    insta::assert_snapshot!(stringify!($name), expanded(quote! { $($input)* }));
                });
            }
        )*
    };
}

shapes! {
    /// Whole objects and heaps that grow in one type; mappings per file; purge.
    panfrost {
        #[uma(open = Self::open_in, close = Self::close_in, status = Self::status_of, rss = Self::rss_of)]
        struct PanfrostObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(sparse)] heap: Option<SparseBacking>,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(granule_map)] chunks: Option<GranuleMap>,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(gpu_map)] gmap: GpuMap<PanfrostMapping>,
            #[uma(reclaim)] reclaim: Reclaim,
            #[uma(share)] share: Share,
            noexec: bool,
        }
    }
    /// Address spaces of gpuvm; evicted and restored; a reservation and an export rule per object.
    panthor {
        #[uma(free_after = Self::put_root)]
        struct PanthorObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(gpu_map)] gmap: GpuVmMap<PanthorVms>,
            #[uma(reclaim)] reclaim: Reclaim,
            #[uma(share)] share: Share,
            exclusive: Option<Gem>,
        }
    }
    /// Heaps that grow by doubling; no memory figures.
    lima {
        #[uma(open = Self::open_in, close = Self::close_in, status = none, rss = none)]
        struct LimaObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(sparse)] heap: Option<SparseBacking>,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(granule_map)] chunks: Option<GranuleMap>,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(gpu_map)] gmap: GpuMap<LimaVa>,
            #[uma(share)] share: Share,
        }
    }
    /// One address space for all: what stands in it is the driver's own part.
    v3d {
        #[uma(status = Self::status_of, rss = none)]
        struct V3dObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(part)] node: VaNode,
            #[uma(share)] share: Share,
        }
    }
    /// Kernel mappings with cache maintenance around them.
    imagination {
        #[uma(vmap = Self::vmap_synced, vunmap = Self::vunmap_synced, status = none, rss = none)]
        struct PvrObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(gpu_map)] gmap: GpuVmMap<PvrVms>,
            #[uma(share)] share: Share,
            flags: u64,
        }
    }
    /// Its own dma-buf operations, and a free that ends later.
    virtgpu {
        #[uma(export = Self::export_own, open = Self::attach, close = Self::detach, free_before = Self::unref)]
        #[uma(status = none, rss = none)]
        struct VirtioObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(part)] host: HostResource,
            #[uma(share)] share: Share,
        }
    }
    /// Mapped for one context; pages dirty, the kernel's mapping permanent.
    ivpu {
        #[uma(open = Self::open_in, free_before = Self::unbind, status = none, rss = none)]
        struct IvpuObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(share)] share: Share,
            context: Option<Context>,
        }
    }
    /// An own part that watches user mappings; no DMA mapping at all.
    amdxdna {
        #[uma(mmap = Self::mmap_populated, export = refuse(EOPNOTSUPP), status = none, rss = none)]
        struct AmdxdnaObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(part)] umap: UmapTracker,
            #[uma(share)] share: Share,
        }
    }
    /// Mapped once, into the domain of the file that made it.
    rocket {
        #[uma(free_before = Self::unmap, status = none, rss = none)]
        struct RocketObject {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(share)] share: Share,
        }
    }
}

#[test]
fn an_absent_part_generates_no_code() {
    let code = expanded(quote! {
        struct Least {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
        }
    });
    for absent in [
        "CpuMap::", "Share::", "GpuMap", "evict", "vmap", "mmap", "fault", "fn open", "fn close",
    ] {
        assert!(!code.contains(absent), "{absent} in:\n{code}");
    }
}

#[test]
fn a_generic_object_keeps_its_parameters() {
    let code = expanded(quote! {
        struct Generic<T: Send + Sync + 'static> where T: Clone {
            #[uma(gem)] gem: Header,
            extra: T,
        }
    });
    let header = "impl<T: Send + Sync + 'static> ::drm_core::gem::Object for Generic<T>";
    assert!(code.contains(header), "{code}");
}

#[test]
fn an_error_leaves_a_stub_that_compiles() {
    let code = expanded(quote! {
        struct Broken {
            #[uma(backing)] backing: Backing,
        }
    });
    assert!(code.contains("compile_error!"), "{code}");
    assert!(
        code.contains("impl ::drm_core::gem::Object for Broken"),
        "{code}"
    );
}

#[test]
fn the_bridge_has_a_name_for_each_part_that_is_there() {
    let names = |item: TokenStream| -> Vec<String> {
        let code = crate::bridge::attribute(TokenStream::new(), item);
        let file: syn::File = syn::parse2(code).expect("the expansion parses");
        let code = prettyplease::unparse(&file);
        code.lines()
            .filter_map(|line| line.trim().strip_prefix("pub fn "))
            .filter_map(|line| line.split(['(', '<']).next())
            .map(str::to_owned)
            .collect()
    };
    let all = names(quote! {
        pub struct Whole {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(device_map)] dmap: DeviceMap,
            #[uma(cpu_map)] cmap: CpuMap,
            #[uma(reclaim)] reclaim: Reclaim,
            #[uma(share)] share: Share,
        }
    });
    assert_eq!(
        all,
        [
            "base",
            "locked",
            "racy",
            "print_info",
            "get_pages_sgt",
            "pin_locked",
            "unpin_locked",
            "pin",
            "unpin",
            "get_sg_table",
            "vmap",
            "vunmap",
            "mmap",
            "madvise",
            "is_purgeable",
            "purge"
        ]
    );
    let few = names(quote! {
        pub struct Few {
            #[uma(gem)] gem: Header,
            #[uma(backing)] backing: Backing,
            #[uma(cpu_map)] cmap: CpuMap,
        }
    });
    let expected = [
        "base",
        "locked",
        "racy",
        "print_info",
        "vmap",
        "vunmap",
        "mmap",
    ];
    assert_eq!(few, expected);
}
