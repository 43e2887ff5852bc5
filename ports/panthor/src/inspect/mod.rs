//! Looking inside, as the recordings' white-box operations do: spaces and objects as one line each. No code of the driver uses
//! this.

mod shmem;
mod uma;

use std::collections::HashMap;
use std::fmt::Write;

use drm_core::PAGE_SHIFT;
use drm_core::device::File;
use drm_core::dma::Entry;
use drm_core::gem::Gem;
use port_kit::mmu::{Leaf, runs_by};

use crate::bo::BufferObject;
use crate::mmu::Vm;

/// What is inside an object, read without a lock.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Users of the pages.
    pub pages_use_count: u32,
    /// Users of the kernel mapping.
    pub vmap_use_count: u32,
    /// Whether there is an array of pages.
    pub has_pages: bool,
    /// Entries of it that hold a page.
    pub present: usize,
    /// Whether there is a table of the pages as the device sees them.
    pub has_table: bool,
    /// The pages as the device sees them, once somebody wanted the table.
    pub table: Option<Vec<Entry>>,
    /// The advice of user space.
    pub madv: i32,
    /// Whether CPU mappings are write-combined.
    pub map_wc: bool,
}

/// What is inside an object of any side.
fn counts<B: BufferObject>(object: &Gem<B>) -> Counts {
    let object = object.clone().into_dyn();
    let counts = shmem::counts(&object).or_else(|| uma::counts(&object));
    counts.unwrap_or_default()
}

/// The handle of an object in a file; 0 without one.
fn handle_of<B: BufferObject>(file: &File, object: &Gem<B>) -> u32 {
    let found = file.handles().into_iter().find(|(_, gem)| gem.is(object));
    found.map_or(0, |(handle, _)| handle)
}

/// The mappings, by address: range, byte of the object, flags, handle in `file`, references of the pair.
#[must_use]
pub fn gpuvm<B: BufferObject>(vm: &Vm<B>, file: &File) -> String {
    let vas = vm.gpuvm().vas();
    let mut text = String::new();
    for va in &vas {
        let handle = va.object().map_or(0, |object| handle_of(file, &object));
        // The one that is looked at through does not count.
        let refs = va.vm_bo().map_or(0, |vm_bo| vm_bo.refs() - 1);
        let (addr, size, offset, flags) = (va.addr(), va.size(), va.offset(), va.data());
        let _ = write!(
            text,
            "[{addr:x}+{size:x} o={offset:x} f={flags} h={handle} r={refs}] "
        );
    }
    let _ = write!(text, "n={}", vas.len());
    text
}

/// The leaves of a page table, and which page of which object each maps.
pub struct Walk {
    /// Runs of leaves: first address, size, count, attribute bits, page of the object.
    pub text: String,
    /// Runs.
    pub runs: usize,
    /// Leaves.
    pub leaves: u64,
}

/// The pages of the objects of a space, found once for each.
struct Pages<'a, B: BufferObject> {
    vm: &'a Vm<B>,
    known: HashMap<usize, Vec<u64>>,
}

impl<B: BufferObject> Pages<'_, B> {
    /// The page of its object that a leaf maps; -1 where it is none of it, -2 where nothing should be mapped.
    fn index(&mut self, leaf: &Leaf) -> i64 {
        let Some(va) = self.vm.gpuvm().find_first(leaf.va, 1) else {
            return -2;
        };
        let Some(object) = va.object() else {
            return -2;
        };
        let at = ((va.offset() + (leaf.va - va.addr())) >> PAGE_SHIFT) as usize;
        let pages = self.pages(&object);
        match pages.get(at) {
            Some(pa) if *pa == leaf.pa => at as i64,
            _ => pages
                .iter()
                .position(|pa| *pa == leaf.pa)
                .map_or(-1, |at| at as i64),
        }
    }

    fn pages(&mut self, object: &Gem<B>) -> &[u64] {
        let key = std::ptr::from_ref(object.gem()) as usize;
        self.known.entry(key).or_insert_with(|| {
            let table = counts(object).table;
            let entries = table.iter().flatten();
            entries
                .flat_map(|entry| {
                    (0..entry.len >> PAGE_SHIFT).map(move |i| entry.addr + (i << PAGE_SHIFT))
                })
                .collect()
        })
    }
}

/// The leaves with an address in `from..to`, folded into runs.
#[must_use]
pub fn walk<B: BufferObject>(vm: &Vm<B>, from: u64, to: u64) -> Walk {
    let mut pages = Pages {
        vm,
        known: HashMap::new(),
    };
    let leaves: Vec<(Leaf, i64)> = vm
        .view()
        .leaves_in(from, to)
        .map(|leaf| (leaf, pages.index(&leaf)))
        .collect();
    let index: HashMap<u64, i64> = leaves
        .iter()
        .map(|(leaf, index)| (leaf.va, *index))
        .collect();
    let follows = |a: &Leaf, b: &Leaf| {
        let pages = (a.size >> PAGE_SHIFT) as i64;
        index[&a.va] >= 0 && index[&b.va] == index[&a.va] + pages
    };
    let mut text = String::new();
    let (mut runs, mut count) = (0, 0);
    for run in runs_by(leaves.iter().map(|(leaf, _)| *leaf), follows) {
        let Leaf {
            va,
            size,
            attributes,
            ..
        } = run.first;
        let _ = write!(
            text,
            "{va:x}+{size:x}x{} a={attributes:x} i={}; ",
            run.count, index[&va]
        );
        runs += 1;
        count += run.count;
    }
    let _ = write!(text, "runs={runs} leaves={count}");
    Walk {
        text,
        runs,
        leaves: count,
    }
}

/// Tables below the root, by level.
#[must_use]
pub fn tables<B: BufferObject>(vm: &Vm<B>) -> String {
    let counts = vm.view().tables();
    let below = (1..)
        .zip(counts.iter().skip(1))
        .map(|(level, count)| format!("l{level}={count}"));
    below.collect::<Vec<_>>().join(" ")
}

/// The state of a space.
#[must_use]
pub fn vm<B: BufferObject>(vm: &Vm<B>) -> String {
    let bit = u8::from;
    let (slot, gpuvm) = (vm.slot(), vm.gpuvm());
    let (auto_start, auto_end) = vm.kernel_auto_va();
    let range = gpuvm.range();
    let left = gpuvm.leftovers();
    let nodes: String = vm
        .kernel_nodes()
        .iter()
        .map(|(start, size)| format!("[{start:x}+{size:x}]"))
        .collect();
    format!(
        "as={} act={} destroyed={} unusable={} fault={} user={:x} gpuvm={:x}+{:x} \
         auto={auto_start:x}..{auto_end:x} memattr={:016x} pool={} ref={} ext={} evict={} mm={nodes}",
        slot.id(),
        slot.active_cnt(),
        bit(vm.is_destroyed()),
        bit(vm.is_unusable()),
        bit(slot.has_unhandled_faults()),
        vm.user_va_range(),
        range.start,
        range.end - range.start,
        vm.memattr(),
        bit(vm.has_heap_pool()),
        // Without the holder of the id, and the one that looks.
        gpuvm.refs() - 2,
        left.extobjs,
        left.evicted,
    )
}

/// The state of an object; `own_refs` are references of the one that looks.
#[must_use]
pub fn object<B: BufferObject>(object: &Gem<B>, own_refs: usize) -> String {
    let bit = u8::from;
    let (header, common, counts) = (object.gem(), object.common(), counts(object));
    let nrpages = header
        .filp()
        .map_or("-1".to_owned(), |file| file.nr_resident().to_string());
    let pairs = object.gpuvas().vm_bos();
    let links: String = pairs
        .iter()
        .map(|pair| format!("({} r={})", pair.vas().len(), pair.refs() - 1))
        .collect();
    format!(
        "size={:x} fl={} excl={} ownresv={} use={} vmap={} pages={} present={} sgt={} madv={} imp={} dbuf={} ref={} hc={} \
         wc={} nrpages={nrpages} links={links}",
        header.size(),
        common.flags(),
        bit(common.exclusive_vm_root_gem().is_some()),
        bit(header.resv_slot().is_own()),
        counts.pages_use_count,
        counts.vmap_use_count,
        bit(counts.has_pages),
        counts.present,
        bit(counts.has_table),
        counts.madv,
        bit(header.is_imported()),
        bit(header.has_dma_buf()),
        header.refs() - own_refs,
        header.handle_count(),
        bit(counts.map_wc),
    )
}
