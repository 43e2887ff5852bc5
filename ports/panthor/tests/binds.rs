//! Thousands of random binds, against a model that knows pages and nothing else.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::machine::{Config, Machine};
use port_kit::Side;
use port_kit::trace::ioctl;
use port_panthor::hw::HwConfig;
use port_panthor::uapi::*;
use port_panthor::{AnyGpu, probe_side};
use proptest::prelude::*;

#[path = "replay/contig.rs"]
mod contig;

const HUGE: u64 = 512;
/// Pages of the objects; the last two are imports in one piece.
const SIZES: [u64; 5] = [1, 16, 700, 1024, 600];
/// Pages of the window of addresses.
const WINDOW: u64 = 4096;

/// What is mapped at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    object: usize,
    index: u64,
    flags: u32,
    /// Whether a leaf of 2 MiB maps it.
    huge: bool,
}

/// One request. Numbers are of pages.
#[derive(Clone, Debug)]
enum Request {
    Map {
        va: u64,
        object: usize,
        index: u64,
        pages: u64,
        flags: u32,
        queued: bool,
    },
    Unmap {
        va: u64,
        pages: u64,
        queued: bool,
    },
}

/// The mappings as a list of ranges, and the pages one by one.
#[derive(Default)]
struct Model {
    /// First page, pages, object, first page of it, flags.
    ranges: Vec<(u64, u64, usize, u64, u32)>,
    pages: BTreeMap<u64, Page>,
}

impl Model {
    /// Takes a range out: what it cuts keeps its ends, and large leaves that it cuts become small.
    fn clear(&mut self, va: u64, pages: u64) {
        let end = va + pages;
        for edge in [va, end] {
            let start = edge - edge % HUGE;
            let cut = self.pages.get(&start).is_some_and(|page| page.huge) && edge != start;
            if cut {
                let block = self.pages.range_mut(start..start + HUGE);
                block.for_each(|(_, page)| page.huge = false);
            }
        }
        self.pages.retain(|at, _| *at < va || *at >= end);
        let mut kept = Vec::new();
        for (start, len, object, index, flags) in std::mem::take(&mut self.ranges) {
            let stop = start + len;
            if stop <= va || start >= end {
                kept.push((start, len, object, index, flags));
                continue;
            }
            if start < va {
                kept.push((start, va - start, object, index, flags));
            }
            if stop > end {
                kept.push((end, stop - end, object, index + (end - start), flags));
            }
        }
        self.ranges = kept;
    }

    /// `segments` are the runs of the object's memory: first page of the object, first physical page, pages.
    fn map(
        &mut self,
        va: u64,
        object: usize,
        index: u64,
        pages: u64,
        flags: u32,
        segments: &[(u64, u64, u64)],
    ) {
        self.clear(va, pages);
        self.ranges.push((va, pages, object, index, flags));
        for i in 0..pages {
            let (at, of) = (va + i, index + i);
            // The part of the run that this request maps, and the large leaf that would hold the page.
            let run = segments
                .iter()
                .find(|(first, _, len)| (*first..first + len).contains(&of));
            let huge = run.is_some_and(|(first, pa, len)| {
                let (from, to) = ((*first).max(index), (first + len).min(index + pages));
                let block = at - at % HUGE;
                let fits = block >= va + (from - index) && block + HUGE <= va + (to - index);
                fits && (pa + (of - first)) % HUGE == at % HUGE
            });
            self.pages.insert(
                at,
                Page {
                    object,
                    index: of,
                    flags,
                    huge,
                },
            );
        }
        self.ranges.sort_unstable();
    }
}

/// The device with a space and its objects.
struct Device {
    file: File,
    vm_id: u32,
    handles: Vec<u32>,
    /// The runs of each object's memory.
    segments: Vec<Vec<(u64, u64, u64)>>,
    gpu: Box<dyn AnyGpu>,
    machine: Machine,
}

impl Device {
    fn new() -> Self {
        let machine = Machine::new(Config::default()).expect("the host has memory");
        let gpu = probe_side(Side::Before, &machine, HwConfig::default())
            .expect("there is a before side");
        let gpu = gpu.expect("the GPU is there");
        let file = gpu.dev().open().expect("opens");
        let mut args = VmCreate::default();
        ioctl(&file, VM_CREATE, &mut args).expect("a space is made");
        let mut device = Self {
            file,
            vm_id: args.id,
            handles: Vec::new(),
            segments: Vec::new(),
            gpu,
            machine,
        };
        for (pages, i) in SIZES.into_iter().zip(0..) {
            let handle = if i < 3 {
                device.own(pages)
            } else {
                device.import(pages)
            };
            device.handles.push(handle);
            let segments = device.runs(handle, pages);
            device.segments.push(segments);
        }
        device
    }

    fn own(&self, pages: u64) -> u32 {
        let mut args = BoCreate {
            size: pages * PAGE_SIZE,
            ..BoCreate::default()
        };
        ioctl(&self.file, BO_CREATE, &mut args).expect("RAM is left");
        args.handle
    }

    fn import(&self, pages: u64) -> u32 {
        let buffer = contig::contig(&self.machine, pages).expect("RAM is left");
        self.file.import(&buffer).expect("imports")
    }

    /// The physical pages behind an object, found by binding it far away; the runs that the scatter table has them in.
    fn runs(&self, handle: u32, pages: u64) -> Vec<(u64, u64, u64)> {
        const FAR: u64 = 1 << 40;
        let op = |flags, bo_handle| VmBindOp {
            flags,
            bo_handle,
            va: FAR + PAGE_SIZE,
            size: pages * PAGE_SIZE,
            ..VmBindOp::default()
        };
        assert_eq!(self.bind(op(0, handle), false), Ok(()));
        let vm = self
            .gpu
            .vm(&self.file, self.vm_id)
            .expect("the space is there");
        let mut runs: Vec<(u64, u64, u64)> = Vec::new();
        for i in 0..pages {
            let va = FAR + (i + 1) * PAGE_SIZE;
            let (pa, _) = vm
                .translate(va, port_kit::mmu::Access::Read)
                .expect("is mapped");
            let page = pa / PAGE_SIZE;
            match runs.last_mut() {
                Some((_, first, len)) if *first + *len == page => *len += 1,
                _ => runs.push((i, page, 1)),
            }
        }
        assert_eq!(self.bind(op(VM_BIND_OP_TYPE_UNMAP, 0), false), Ok(()));
        runs
    }

    fn bind(&self, op: VmBindOp, queued: bool) -> drm_core::Result {
        let array = self.machine.user().put(bytemuck::bytes_of(&op));
        let mut args = VmBind {
            vm_id: self.vm_id,
            flags: if queued { VM_BIND_ASYNC } else { 0 },
            ops: ObjArray {
                stride: size_of::<VmBindOp>() as u32,
                count: 1,
                array,
            },
        };
        let result = ioctl(&self.file, VM_BIND, &mut args);
        self.machine.user().take(array);
        result
    }

    fn request(&self, request: &Request) -> drm_core::Result {
        match *request {
            Request::Map {
                va,
                object,
                index,
                pages,
                flags,
                queued,
            } => {
                let op = VmBindOp {
                    flags,
                    bo_handle: self.handles[object],
                    bo_offset: index * PAGE_SIZE,
                    va: va * PAGE_SIZE,
                    size: pages * PAGE_SIZE,
                    syncs: ObjArray::default(),
                };
                self.bind(op, queued)
            }
            Request::Unmap { va, pages, queued } => {
                let op = VmBindOp {
                    flags: VM_BIND_OP_TYPE_UNMAP,
                    va: va * PAGE_SIZE,
                    size: pages * PAGE_SIZE,
                    ..VmBindOp::default()
                };
                self.bind(op, queued)
            }
        }
    }

    /// The page of an object behind a physical page.
    fn physical(&self, object: usize, index: u64) -> u64 {
        let run = self.segments[object]
            .iter()
            .find(|(first, _, len)| (*first..first + len).contains(&index));
        run.map_or(0, |(first, pa, _)| pa + (index - first))
    }

    fn compare(&self, model: &Model) {
        let vm = self
            .gpu
            .vm(&self.file, self.vm_id)
            .expect("the space is there");
        let expected: Vec<String> = model
            .ranges
            .iter()
            .map(|(va, pages, object, index, flags)| {
                let [va, size, offset] = [va, pages, index].map(|n| n * PAGE_SIZE);
                format!(
                    "[{va:x}+{size:x} o={offset:x} f={flags} h={}",
                    self.handles[*object]
                )
            })
            .collect();
        let text = vm.gpuvm(&self.file);
        let found: Vec<&str> = text
            .split("] ")
            .filter(|part| part.starts_with('['))
            .filter_map(|part| part.split(" r=").next())
            .collect();
        assert_eq!(found, expected);
        let mut pages = BTreeMap::new();
        for leaf in vm.leaves() {
            for i in 0..leaf.size / PAGE_SIZE {
                let huge = leaf.size > PAGE_SIZE;
                pages.insert(
                    leaf.va / PAGE_SIZE + i,
                    (leaf.pa / PAGE_SIZE + i, huge, leaf.attributes),
                );
            }
        }
        let expected: BTreeMap<u64, (u64, bool, u64)> = model
            .pages
            .iter()
            .map(|(va, page)| {
                let physical = self.physical(page.object, page.index);
                (
                    *va,
                    (physical, page.huge, attributes(page.flags, page.huge)),
                )
            })
            .collect();
        assert!(
            pages == expected,
            "the leaves are not those of the model: {text}"
        );
    }
}

/// The attribute bits of a leaf, as `panthor` asks for them.
fn attributes(flags: u32, huge: bool) -> u64 {
    let cached = if flags & VM_BIND_OP_MAP_UNCACHED == 0 {
        0x304
    } else {
        0x200
    };
    let read_only = if flags & VM_BIND_OP_MAP_READONLY != 0 {
        0x80
    } else {
        0
    };
    let no_exec = if flags & VM_BIND_OP_MAP_NOEXEC != 0 {
        0x60_0000_0000_0000
    } else {
        0
    };
    0xc40 | cached | read_only | no_exec | if huge { 1 } else { 3 }
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    // Addresses close to the borders of large leaves are more likely than others.
    let va = || {
        prop_oneof![
            0..WINDOW,
            (0..8u64, 0..3u64).prop_map(|(block, page)| block * HUGE + page)
        ]
    };
    let map = (
        va(),
        0..SIZES.len(),
        any::<(u16, u16)>(),
        0..8u32,
        any::<bool>(),
    )
        .prop_map(|(va, object, (index, pages), flags, queued)| {
            let size = SIZES[object];
            // Every other one maps the whole of the object.
            let index = if index % 2 == 0 {
                0
            } else {
                u64::from(index) % size
            };
            let pages = if pages % 2 == 0 {
                size - index
            } else {
                1 + u64::from(pages) % (size - index)
            };
            Request::Map {
                va,
                object,
                index,
                pages,
                flags,
                queued,
            }
        });
    let unmap = (va(), 1..1024u64, any::<bool>()).prop_map(|(va, pages, queued)| Request::Unmap {
        va,
        pages,
        queued,
    });
    prop::collection::vec(prop_oneof![3 => map, 2 => unmap], 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn binds_leave_what_a_list_of_pages_says(requests in requests()) {
        let device = Device::new();
        let mut model = Model::default();
        for request in &requests {
            prop_assert_eq!(device.request(request), Ok(()));
            match *request {
                Request::Map { va, object, index, pages, flags, .. } => {
                    model.map(va, object, index, pages, flags, &device.segments[object]);
                }
                Request::Unmap { va, pages, .. } => model.clear(va, pages),
            }
            model.ranges.sort_unstable();
            device.compare(&model);
        }
        prop_assert_eq!(device.machine.trace().take(), vec![]);
        // The space takes everything with it.
        let mut args = VmDestroy { id: device.vm_id, pad: 0 };
        prop_assert_eq!(ioctl(&device.file, VM_DESTROY, &mut args), Ok(()));
        prop_assert_eq!(device.machine.trace().take(), vec![]);
    }
}
