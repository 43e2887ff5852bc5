//! Whatever a program does: both sides answer the same, send the same commands, and leave the same behind.

use drm_core::dma::DmaConfig;
use port_kit::Side;
use port_kit::kms::Rect;
use port_virtgpu::Params;
use port_virtgpu::uapi::{ResourceCreate, ResourceCreateBlob, WAIT_NOWAIT};
use proptest::prelude::*;

use super::session::{Bo, Buf, Fd, Mapped, Session, flat};

/// What a program has.
struct Program {
    session: Session,
    files: Vec<Fd>,
    objects: Vec<(Bo, u32)>,
    mappings: Vec<Mapped>,
    buffers: Vec<Buf>,
    attached: Vec<Buf>,
    framebuffers: Vec<(Fd, u32)>,
}

/// One of a list, chosen by a number; `None` of an empty one.
fn pick<T: Copy>(list: &[T], by: u8) -> Option<T> {
    list.get(usize::from(by) % list.len().max(1)).copied()
}

fn hosts() -> [Params; 5] {
    let everything = Params {
        virgl: true,
        blob: true,
        uuid: true,
        window: Some(4),
        ..Params::default()
    };
    [
        Params::default(),
        Params {
            virgl: true,
            virglhack: false,
            ..Params::default()
        },
        Params {
            blob: true,
            dynamic_import: true,
            use_dma_api: true,
            ..Params::default()
        },
        everything,
        Params {
            virgl: true,
            use_dma_api: true,
            dma: DmaConfig {
                coherent: false,
                ..DmaConfig::default()
            },
            ..Params::default()
        },
    ]
}

impl Program {
    fn new(side: Side, host: usize) -> Self {
        let mut session = <Session as port_kit::Session>::start(side).expect("it is there");
        session.host(hosts()[host].clone());
        let files = vec![session.open(), session.open()];
        Self {
            session,
            files,
            objects: Vec::new(),
            mappings: Vec::new(),
            buffers: Vec::new(),
            attached: Vec::new(),
            framebuffers: Vec::new(),
        }
    }

    /// An object under one more name.
    fn add(&mut self, made: drm_core::errno::Result<(Bo, u32)>) {
        self.objects.extend(made);
    }

    /// One step; what there is nothing for is nothing.
    fn step(&mut self, [kind, a, b, c]: [u8; 4]) -> Option<()> {
        let s = &mut self.session;
        let file = pick(&self.files, a)?;
        match kind % 29 {
            0 => {
                let dumb = s.try_dumb(file, 32 << (b % 2), 32, 32);
                self.add(dumb.map(|bo| (bo, 0)));
            }
            1 => {
                let args = ResourceCreate {
                    target: 2,
                    width: 32,
                    height: 32,
                    size: u32::from(b % 3) * 4096,
                    ..ResourceCreate::default()
                };
                let made = s.try_create(file, args);
                self.add(made);
            }
            2 | 3 => {
                let args = ResourceCreateBlob {
                    blob_mem: u32::from(b % 4),
                    blob_flags: u32::from(c % 8),
                    size: u64::from(b / 4 % 3) * 4096,
                    ..ResourceCreateBlob::default()
                };
                let made = s.try_blob(file, args);
                self.add(made);
            }
            4 => s.close(pick(&self.objects, a)?.0),
            5 => s.info(pick(&self.objects, a)?.0),
            6 => s.look(pick(&self.objects, a)?.0),
            7 => {
                let bo = pick(&self.objects, a)?.0;
                let mapped = s.map_if_there(bo, u64::from(b % 3 + 1));
                self.mappings.extend(mapped);
            }
            8 => {
                let map = pick(&self.mappings, a)?;
                self.mappings.retain(|other| other.at != map.at);
                s.unmap(map);
            }
            9 => s.read(pick(&self.mappings, a)?, u64::from(b) * 16),
            10 => s.write(pick(&self.mappings, a)?, u64::from(b) * 16, c),
            11 => s.upload(pick(&self.objects, a)?.0, flat(0, 0, 32, 8), u32::from(b)),
            12 => s.download(pick(&self.objects, a)?.0, flat(0, 0, 32, 8), u32::from(b)),
            13 => {
                let (bo, id) = pick(&self.objects, b)?;
                let draw = port_virtgpu::host::fill(id, 0, 64, c);
                // What is wrong with it is recorded.
                let _ = s.exec(file, &[bo.handle], &draw);
            }
            14 => s.wait(pick(&self.objects, a)?.0, u32::from(b) & WAIT_NOWAIT),
            15 => {
                let bo = pick(&self.objects, a)?.0;
                let buf = s.export_if_there(bo)?;
                self.buffers.push(buf);
            }
            16 => {
                let imported = s.try_import(file, pick(&self.buffers, b)?);
                self.add(imported.map(|bo| (bo, 0)));
            }
            17 => {
                let buf = pick(&self.buffers, a)?;
                self.buffers.retain(|other| *other != buf);
                self.attached.retain(|other| *other != buf);
                s.close_buffer(buf);
            }
            18 => {
                let buf = pick(&self.buffers, a)?;
                if !self.attached.contains(&buf) && s.vgem_attaches(buf) {
                    self.attached.push(buf);
                }
            }
            19 => {
                // What fails is to fail here, not there.
                s.machine.failpoints().disarm();
                self.buffers.push(s.foreign_buffer(2));
            }
            20 => s.answer(),
            21 | 22 => s.answer_next(),
            23 => {
                let bo = pick(&self.objects, a)?.0;
                let fb = s.try_fb(bo, 64, 64, port_kit::kms::Format::XRGB8888);
                self.framebuffers.extend(fb.map(|fb| (bo.fd, fb)));
            }
            24 => {
                let (fd, fb) = pick(&self.framebuffers, a)?;
                s.turn_on(fd, fb);
            }
            25 => {
                let (fd, fb) = pick(&self.framebuffers, a)?;
                let y = i32::from(b % 32);
                s.flip_damaged(fd, fb, &[Rect::new(0, y, 8, y + 8)]);
            }
            26 => {
                let shown = pick(&self.framebuffers, a)?;
                self.framebuffers.retain(|other| *other != shown);
                s.rm_fb(shown.0, shown.1);
            }
            27 => {
                let bo = pick(&self.objects, a)?.0;
                if let Ok(fb) = s.try_fb(bo, 64, 64, port_kit::kms::Format::ARGB8888) {
                    s.cursor(bo.fd, fb, b.into(), c.into());
                    s.rm_fb(bo.fd, fb);
                }
            }
            _ => s.machine.failpoints().fail_any_nth(u64::from(b % 12) + 1),
        }
        if kind % 29 != 28 {
            self.session.machine.failpoints().disarm();
        }
        Some(())
    }
}

fn trace(side: Side, host: usize, steps: &[[u8; 4]]) -> String {
    let mut program = Program::new(side, host);
    for step in steps {
        program.step(*step);
    }
    program.session.machine.failpoints().disarm();
    port_kit::Session::finish(program.session)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_sides_answer_the_same(host in 0..5usize, steps in proptest::collection::vec(any::<[u8; 4]>(), 1..90)) {
        let before = trace(Side::Before, host, &steps);
        let after = trace(Side::After, host, &steps);
        prop_assert_eq!(&before, &after);
        prop_assert!(!before.contains("oops"), "{}", before);
        prop_assert!(before.contains("left => objects=0 pages=0 "), "{}", before);
    }
}
