//! Random requests: the counts of every buffer are what the shown planes and the mappings of processes say, whatever fails.

use drm_core::gem::Gem;
use drm_core::mmap::{Prot, Sharing};
use proptest::prelude::*;

use super::two_planes::{HEIGHT, PRIMARY, TwoPlanesDriver, WIDTH, scene};
use crate::kms::{Buffer, Format, PlaneUpdate, Request, Scene, usage};

#[derive(Clone, Debug)]
enum Step {
    /// Shows a buffer on the primary plane; the n-th thing that can fail does.
    Show {
        buffer: usize,
        fail: u64,
    },
    Off,
    Dirty(usize),
    Remove(usize),
    Map(usize),
    Unmap(usize),
}

const BUFFERS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let buffer = 0..BUFFERS;
    prop_oneof![
        3 => (buffer.clone(), 0..6u64).prop_map(|(buffer, fail)| Step::Show { buffer, fail }),
        1 => Just(Step::Off),
        1 => buffer.clone().prop_map(Step::Dirty),
        1 => buffer.clone().prop_map(Step::Remove),
        1 => buffer.clone().prop_map(Step::Map),
        1 => buffer.prop_map(Step::Unmap),
    ]
}

struct Model {
    scene: Scene<TwoPlanesDriver>,
    buffers: Vec<(Buffer, Gem)>,
    /// The framebuffer of each buffer, while it has one.
    fbs: [Option<u32>; BUFFERS],
    /// Mappings of each buffer.
    maps: [Vec<u64>; BUFFERS],
    shown: Option<usize>,
}

impl Model {
    fn new() -> Self {
        let scene = scene();
        let buffers = (0..BUFFERS).map(|_| {
            let buffer = scene.dumb(WIDTH, HEIGHT, 32).expect("a buffer");
            (buffer, scene.object(buffer.handle).expect("an object"))
        });
        Self {
            buffers: buffers.collect(),
            fbs: [None; BUFFERS],
            maps: Default::default(),
            shown: None,
            scene,
        }
    }

    fn fb(&mut self, buffer: usize) -> u32 {
        *self.fbs[buffer].get_or_insert_with(|| {
            let add = self.scene.fb(&self.buffers[buffer].0, Format::XRGB8888);
            add.expect("a framebuffer that fits")
        })
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Show { buffer, fail } => {
                let fb = self.fb(buffer);
                let show = PlaneUpdate::show(PRIMARY, fb, WIDTH, HEIGHT);
                if fail > 0 {
                    self.scene.machine().failpoints().fail_any_nth(fail);
                }
                let request = Request::planes([show]).active(true);
                let commit = self.scene.kms().atomic(&self.scene.file, &request);
                let failed = self.scene.machine().failpoints().disarm();
                assert_eq!(commit.is_err(), failed);
                if !failed {
                    self.shown = Some(buffer);
                }
            }
            Step::Off => {
                let off = Request::planes([PlaneUpdate::off(PRIMARY)]).active(false);
                let commit = self.scene.kms().atomic(&self.scene.file, &off);
                commit.expect("nothing is needed to turn off");
                self.shown = None;
            }
            Step::Dirty(buffer) => {
                let fb = self.fb(buffer);
                let dirty = self.scene.kms().dirty_fb(&self.scene.file, fb, &[]);
                dirty.expect("nothing is needed to draw again");
            }
            Step::Remove(buffer) => {
                if let Some(fb) = self.fbs[buffer].take() {
                    let remove = self.scene.kms().rm_fb(&self.scene.file, fb);
                    remove.expect("an own framebuffer");
                    self.shown = self.shown.filter(|shown| *shown != buffer);
                }
            }
            Step::Map(buffer) => {
                let (of, _) = &self.buffers[buffer];
                let file = &self.scene.file;
                let offset = file.dumb_map_offset(of.handle).expect("an offset");
                let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
                let at = self
                    .scene
                    .process
                    .mmap(file, of.size, prot, sharing, offset);
                self.maps[buffer].push(at.expect("a mapping"));
            }
            Step::Unmap(buffer) => {
                if let Some(at) = self.maps[buffer].pop() {
                    let size = self.buffers[buffer].0.size;
                    let unmap = self.scene.process.munmap(at, size);
                    unmap.expect("a mapping of this process");
                }
            }
        }
    }

    fn check(&self) {
        for (i, (_, object)) in self.buffers.iter().enumerate() {
            let vmaps = usize::from(self.shown == Some(i));
            let uses = vmaps + self.maps[i].len();
            assert_eq!(usage(object), format!("u={uses} v={vmaps}"), "buffer {i}");
        }
        let shown = self.scene.kms().shown(PRIMARY).map(|fb| fb.id);
        assert_eq!(shown, self.shown.and_then(|buffer| self.fbs[buffer]));
    }
}

proptest! {
    #[test]
    fn counts_are_what_is_shown_and_mapped(steps in prop::collection::vec(step(), 1..40)) {
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
            model.check();
        }
        model.buffers.clear();
        prop_assert_eq!(model.scene.finish(), "left: 0 objects\n");
    }
}
