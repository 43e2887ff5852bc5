//! Whatever a program does: both sides answer the same, and leave the same behind.

use port_amdxdna::uapi::{CMD, DEV, DEV_HEAP, SHARE};
use port_amdxdna::{CHUNK, HEAP_BASE, Params};
use port_kit::Side;
use port_kit::desk::{Buf, Fd};
use proptest::prelude::*;

use super::session::{Bo, Session, add, copy};

const PAGE: u64 = 4096;

/// Type of an import of an own buffer: mapped, its exporter knows on one side only.
const OWN: u32 = 0;

/// A BO of a program, with its type and bytes.
#[derive(Clone, Copy)]
struct Object {
    bo: Bo,
    kind: u32,
    size: u64,
}

/// What a program has.
struct Program {
    session: Session,
    files: Vec<Fd>,
    objects: Vec<Object>,
    mappings: Vec<(u64, u64)>,
    buffers: Vec<Buf>,
    foreign: Vec<Buf>,
    attached: Vec<Buf>,
    context: Option<u32>,
}

/// One of a list, chosen by a number; `None` of an empty one.
fn pick<T: Copy>(list: &[T], by: u8) -> Option<T> {
    list.get(usize::from(by) % list.len().max(1)).copied()
}

impl Program {
    /// Two files, one of which has a heap that is mapped, if it is wanted.
    fn new(side: Side, addressing: u8, heap: bool) -> Self {
        let mut session = <Session as port_kit::Session>::start(side).expect("it is there");
        match addressing {
            0 => {}
            1 => session.with_iova(),
            _ => {
                session.device_with(Params {
                    sva: false,
                    ..Params::default()
                });
                session.carve_out(CHUNK + (4 << 20));
            }
        }
        let files = vec![session.open(), session.open()];
        let mut context = None;
        if heap {
            let chunk = session.create(files[0], DEV_HEAP, CHUNK);
            session.map(chunk, CHUNK);
            context = session.try_hwctx(files[0]);
        }
        Self {
            session,
            files,
            objects: Vec::new(),
            mappings: Vec::new(),
            buffers: Vec::new(),
            foreign: Vec::new(),
            attached: Vec::new(),
            context,
        }
    }

    /// An object under one more name.
    fn add(&mut self, bo: Option<Bo>, kind: u32, size: u64) {
        self.objects.extend(bo.map(|bo| Object { bo, kind, size }));
    }

    /// One step; what there is nothing for is nothing.
    fn step(&mut self, [step, a, b, c]: [u8; 4]) -> Option<()> {
        let s = &mut self.session;
        let file = pick(&self.files, a)?;
        let size = u64::from(b % 4) * PAGE;
        match step % 26 {
            0 | 1 => {
                let bo = s.try_create(file, SHARE, size);
                self.add(bo, SHARE, size);
            }
            2 => {
                let bo = s.try_create(file, CMD, size);
                self.add(bo, CMD, size);
            }
            3 => {
                let bo = s.try_create(file, DEV, size * 7);
                self.add(bo, DEV, size * 7);
            }
            4 => {
                let object = pick(&self.objects, a)?;
                self.objects.retain(|other| other.bo != object.bo);
                s.close(object.bo);
            }
            5 => {
                s.info(pick(&self.objects, a)?.bo);
            }
            6 => s.look(pick(&self.objects, a)?.bo),
            7 | 8 => {
                let len = u64::from(b % 4 + 1) * PAGE;
                let object = pick(&self.objects, a)?;
                if object.kind == OWN {
                    return None;
                }
                let at = s.try_map(object.bo, len)?;
                self.mappings.push((at, len));
            }
            9 => {
                let (at, len) = pick(&self.mappings, a)?;
                let first = u64::from(b) % (len / PAGE) * PAGE;
                s.unmap(at + first, len - first);
                self.mappings.retain(|other| other.0 != at);
                if first > 0 {
                    self.mappings.push((at, first));
                }
            }
            10 => {
                let (at, len) = pick(&self.mappings, a)?;
                s.read(at + u64::from(b) * 64 % len, 4);
            }
            11 => {
                let (at, len) = pick(&self.mappings, a)?;
                s.write(at + u64::from(b) * 64 % len, &[c, c ^ 1]);
            }
            12 => {
                // Beyond the end of a piece of the heap the sides differ.
                let object = pick(&self.objects, a)?;
                let (offset, size) = match object.kind {
                    DEV => (u64::from(b) * 16 % object.size, 16),
                    _ => (u64::from(b) * 64, u64::from(c) * 64),
                };
                s.sync(object.bo, u32::from(c % 3), offset, size);
            }
            13 => {
                let buf = s.export(pick(&self.objects, a)?.bo)?;
                if !self.buffers.contains(&buf) {
                    self.buffers.push(buf);
                }
            }
            14 | 15 => {
                let buf = pick(&self.buffers, b)?;
                let bo = s.import(file, buf);
                let known = self.objects.iter().find(|known| Some(known.bo) == bo);
                let kind = match known {
                    Some(known) => known.kind,
                    None if self.foreign.contains(&buf) => SHARE,
                    None => OWN,
                };
                self.add(bo, kind, PAGE);
            }
            16 => {
                let buf = pick(&self.buffers, a)?;
                if !self.attached.contains(&buf) {
                    self.buffers.retain(|other| *other != buf);
                    s.forget_buffer(buf);
                }
            }
            17 => {
                let buf = s.foreign(u32::from(b % 2 + 1));
                self.buffers.push(buf);
                self.foreign.push(buf);
            }
            18 => {
                let at = s.anonymous(2 * PAGE);
                let table = s.table(&[(at, PAGE), (at + PAGE, u64::from(b % 3) * PAGE)]);
                let bo = s.create_from(file, table);
                s.pinned();
                self.add(bo, SHARE, PAGE);
            }
            19 | 20 => {
                let (at, _) = pick(&self.mappings, a)?;
                let object = pick(&self.objects, b)?;
                if object.bo.fd != self.files[0] || self.context.is_none() {
                    return None;
                }
                let target = match object.kind {
                    DEV => HEAP_BASE + u64::from(c) * 1024,
                    _ => at,
                };
                let command = s.command(self.files[0], &[add(target, 2), copy(at, target, 2)]);
                s.run(self.context?, command, &[object.bo]);
                s.close(command);
            }
            21 => {
                let (at, len) = pick(&self.mappings, a)?;
                s.protect(at, len);
            }
            22 => s.kernel_bytes(pick(&self.objects, a)?.bo, 4),
            23 => {
                let buf = pick(&self.buffers, a)?;
                if self.attached.contains(&buf) {
                    self.attached.retain(|other| *other != buf);
                    s.detach(buf);
                } else {
                    self.attached.push(buf);
                    s.attach(buf);
                }
            }
            24 => {
                let (at, len) = pick(&self.mappings, a)?;
                s.fork(|child| {
                    let _ = child.munmap(at, len);
                });
            }
            _ => {
                s.usage(file);
                s.iovas();
                s.watchers();
                s.memory();
            }
        }
        Some(())
    }
}

/// What a program shows on one side.
fn run(side: Side, addressing: u8, heap: bool, steps: &[[u8; 4]]) -> String {
    let mut program = Program::new(side, addressing, heap);
    for step in steps {
        program.step(*step);
    }
    for buf in std::mem::take(&mut program.attached) {
        program.session.detach(buf);
    }
    <Session as port_kit::Session>::finish(program.session)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_sides_show_the_same(
        addressing in 0..3u8,
        heap in proptest::bool::weighted(0.25),
        steps in proptest::collection::vec(any::<[u8; 4]>(), 1..80),
    ) {
        let before = run(Side::Before, addressing, heap, &steps);
        let after = run(Side::After, addressing, heap, &steps);
        prop_assert_eq!(&before, &after);
        prop_assert!(!before.contains("oops") && !before.contains("warning"), "{}", before);
        let all = "everything closed => objects=0 pages=0 tables=0 kernel mappings=0 dma segments=0 iova ranges=0 carve-out=0x0";
        prop_assert!(before.contains(all), "{}", before);
    }
}
