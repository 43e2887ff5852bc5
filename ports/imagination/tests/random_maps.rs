//! Random maps and unmaps, on every side that there is, held to a model that knows pages and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{File, IoctlNr};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use port_imagination::uapi::*;
use port_imagination::{Params, Processor, Pvr, probe};
use port_kit::Side;
use proptest::prelude::*;

const PAGE: u64 = 4096;
/// Pages of the window that is mapped in: its middle is where one directory ends and the next begins.
const WINDOW: u64 = 2048;
/// First address of the window.
const BASE: u64 = 0x80_0000_0000 + (1 << 30) - WINDOW / 2 * PAGE;
/// Pages of each object, by its place.
const OBJECTS: [u64; 4] = [1, 16, 600, 1500];

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Pages of an object at a page of the window.
    Map {
        object: usize,
        first: u64,
        pages: u64,
        at: u64,
    },
    /// Exactly a mapping that there is, by its place among them.
    UnmapOne(usize),
    /// Any range of the window.
    Unmap { at: u64, pages: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let near = prop_oneof![0..WINDOW, WINDOW / 2 - 8..WINDOW / 2 + 8, 504u64..520];
    let pages = prop_oneof![1u64..8, 1u64..700];
    let map = (0..OBJECTS.len(), 0u64..32, pages.clone(), near.clone()).prop_map(
        |(object, first, pages, at)| Step::Map {
            object,
            first,
            pages,
            at,
        },
    );
    let step = prop_oneof![
        5 => map,
        3 => any::<proptest::sample::Index>().prop_map(|index| Step::UnmapOne(index.index(64))),
        1 => (near, pages).prop_map(|(at, pages)| Step::Unmap { at, pages }),
    ];
    proptest::collection::vec(step, 1..160)
}

/// A mapping: pages of an object from a page of the window on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    pages: u64,
    object: usize,
    first: u64,
}

/// What must be mapped: pieces by their first page.
#[derive(Default)]
struct Model(BTreeMap<u64, Piece>);

impl Model {
    fn map(&mut self, at: u64, new: Piece) {
        let end = at + new.pages;
        for (start, old) in std::mem::take(&mut self.0) {
            let old_end = start + old.pages;
            if start < at {
                let pages = old_end.min(at) - start;
                self.0.insert(start, Piece { pages, ..old });
            }
            if old_end > end {
                let from = start.max(end);
                let piece = Piece {
                    pages: old_end - from,
                    first: old.first + (from - start),
                    ..old
                };
                self.0.insert(from, piece);
            }
        }
        self.0.insert(at, new);
    }

    fn unmap(&mut self, at: u64, pages: u64) -> Result {
        match self.0.get(&at) {
            Some(piece) if piece.pages == pages => {
                self.0.remove(&at);
                Ok(())
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// Every page: its address, which page of which object.
    fn pages(&self) -> impl Iterator<Item = (u64, usize, u64)> + '_ {
        self.0.iter().flat_map(|(at, piece)| {
            (0..piece.pages).map(move |i| (BASE + (at + i) * PAGE, piece.object, piece.first + i))
        })
    }

    /// Tables that must be there: catalogue, directories, page tables.
    fn tables(&self) -> Vec<u64> {
        let spans =
            |shift: u32| -> BTreeSet<u64> { self.pages().map(|(va, ..)| va >> shift).collect() };
        vec![1, spans(30).len() as u64, spans(21).len() as u64]
    }
}

struct World {
    pvr: Pvr,
    file: File,
    vm: u32,
    handles: Vec<u32>,
    /// Frames of each object.
    frames: Vec<Vec<u64>>,
}

fn ioctl<T: Pod>(file: &File, number: IoctlNr, args: &mut T) -> Result {
    file.ioctl(number.raw(), bytes_of_mut(args))
}

impl World {
    fn new(machine: &Machine, side: Side, processor: Processor) -> Self {
        let params = Params {
            processor,
            ..Params::default()
        };
        let pvr = probe(machine, side, params).expect("a healthy device");
        let file = pvr.device.open().expect("a file");
        let mut vm = VmContextArg::default();
        ioctl(&file, CREATE_VM_CONTEXT, &mut vm).expect("memory");
        let (mut handles, mut frames) = (Vec::new(), Vec::new());
        for pages in OBJECTS {
            let mut args = CreateBo {
                size: pages * PAGE,
                ..CreateBo::default()
            };
            ioctl(&file, CREATE_BO, &mut args).expect("memory");
            handles.push(args.handle);
            let object = file.lookup(args.handle).expect("a handle");
            let mut guard = object.gem().resv().lock();
            object.pin(&mut guard).expect("memory");
            let table = object.get_sg_table(&mut guard).expect("pages");
            let page = |i| table.phys_page(i).expect("a page of the object");
            frames.push((0..pages).map(page).collect());
            object.unpin(&mut guard);
        }
        Self {
            pvr,
            file,
            vm: vm.handle,
            handles,
            frames,
        }
    }

    fn unmap(&self, at: u64, pages: u64) -> Result {
        let mut args = VmUnmap {
            vm_context_handle: self.vm,
            device_addr: BASE + at * PAGE,
            size: pages * PAGE,
            ..VmUnmap::default()
        };
        ioctl(&self.file, VM_UNMAP, &mut args)
    }

    /// Does a step here and in the model, and compares the answers.
    fn step(&self, model: &mut Model, step: Step) {
        match step {
            Step::Map {
                object,
                first,
                pages,
                at,
            } => {
                let mut args = VmMap {
                    vm_context_handle: self.vm,
                    device_addr: BASE + at * PAGE,
                    handle: self.handles[object],
                    offset: first * PAGE,
                    size: pages * PAGE,
                    ..VmMap::default()
                };
                let fits = first + pages <= OBJECTS[object];
                let answer = ioctl(&self.file, VM_MAP, &mut args);
                let expected = if fits { Ok(()) } else { Err(Errno::EINVAL) };
                assert_eq!(answer, expected, "{step:?}");
                if fits {
                    let piece = Piece {
                        pages,
                        object,
                        first,
                    };
                    model.map(at, piece);
                }
            }
            Step::UnmapOne(index) => {
                let count = model.0.len().max(1);
                let Some((&at, &piece)) = model.0.iter().nth(index % count) else {
                    return;
                };
                assert_eq!(self.unmap(at, piece.pages), model.unmap(at, piece.pages));
            }
            Step::Unmap { at, pages } => {
                assert_eq!(self.unmap(at, pages), model.unmap(at, pages), "{step:?}");
            }
        }
    }

    /// The mappings, the entries and the tables are those of the model.
    fn check(&self, model: &Model) {
        let control = &self.pvr.control;
        let mappings = control.mappings(&self.file, self.vm);
        let pieces = model
            .0
            .iter()
            .map(|(at, piece)| (BASE + at * PAGE, piece.pages * PAGE, piece.first * PAGE));
        assert!(
            mappings
                .iter()
                .map(|mapping| (mapping.addr, mapping.size, mapping.offset))
                .eq(pieces),
            "{mappings:x?}"
        );
        let root = control.root(&self.file, self.vm).expect("the space");
        let leaves = self.pvr.gpu.leaves(root);
        let expected = model
            .pages()
            .map(|(va, object, page)| (va, self.frames[object][page as usize], 1));
        assert!(
            leaves
                .iter()
                .map(|leaf| (leaf.va, leaf.pa, leaf.attributes))
                .eq(expected)
        );
        assert_eq!(control.tables(&self.file, self.vm), model.tables());
    }
}

fn run(side: Side, processor: Processor, steps: &[Step]) {
    let machine = Machine::new(Config {
        ram: 64 << 20,
        ..Config::default()
    })
    .expect("host memory");
    let frames = machine.frames().stats().used;
    let world = World::new(&machine, side, processor);
    let mut model = Model::default();
    for step in steps {
        world.step(&mut model, *step);
        world.check(&model);
    }
    let World { pvr, file, .. } = world;
    drop(file);
    pvr.control.remove();
    assert_eq!(pvr.device.object_count(), 0);
    assert_eq!(machine.frames().stats().used, frames);
    assert_eq!(machine.trace().take(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn maps_and_unmaps_are_those_of_a_naive_model(steps in steps(), meta in any::<bool>()) {
        let processor = if meta { Processor::Meta } else { Processor::Mips };
        for side in Side::ALL {
            run(side, processor, &steps);
        }
    }
}
