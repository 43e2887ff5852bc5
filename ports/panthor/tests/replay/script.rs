//! The program that ran on the recorded kernel: one operation a line, answers as it printed them.

use std::collections::BTreeMap;

use bytemuck::{Pod, Zeroable};
use drm_core::device::{File, IoctlNr};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use drm_core::recording::Answer;
use port_kit::Side;
use port_kit::vgem::Vgem;
use port_panthor::hw::HwConfig;
use port_panthor::uapi::*;
use port_panthor::{AnyGpu, AnyVm, probe_side};

use super::words::{Words, errno};

/// Something of a file, by number: a handle, or the id of a space.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) file: u64,
    pub(super) id: u32,
}

/// A mapping: address and bytes.
#[derive(Clone, Copy)]
pub(super) struct Mapping {
    pub(super) addr: u64,
    pub(super) len: u64,
}

/// The process, and all that it has open.
pub(super) struct Script {
    pub(super) process: Process,
    pub(super) vgem: Vgem,
    pub(super) files: BTreeMap<u64, File>,
    pub(super) vms: BTreeMap<u64, Slot>,
    pub(super) objects: BTreeMap<u64, Slot>,
    pub(super) heaps: BTreeMap<u64, Slot>,
    pub(super) buffers: BTreeMap<u64, DmaBuf>,
    /// Handles of vgem, by the buffer that they are an import of.
    pub(super) attached: BTreeMap<u64, u32>,
    pub(super) mappings: BTreeMap<u64, Mapping>,
    /// Whether states are answered as hashes.
    pub(super) hashes: bool,
    gpu: Box<dyn AnyGpu>,
    pub(super) machine: Machine,
}

impl Script {
    /// A machine after boot, the driver loaded on a side; `None` for one that there is not yet.
    pub(super) fn new(side: Side, config: HwConfig) -> Option<Self> {
        let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
        let gpu = probe_side(side, &machine, config)?.expect("the GPU is there");
        Some(Self {
            process: Process::new(&machine),
            vgem: Vgem::new(&machine).expect("vgem opens"),
            files: BTreeMap::new(),
            vms: BTreeMap::new(),
            objects: BTreeMap::new(),
            heaps: BTreeMap::new(),
            buffers: BTreeMap::new(),
            attached: BTreeMap::new(),
            mappings: BTreeMap::new(),
            hashes: false,
            gpu,
            machine,
        })
    }

    /// Runs one operation; the marks of its answer are the events that it left in the machine's trace.
    pub(super) fn run(&mut self, operation: &str) -> Answer {
        let words: Vec<_> = operation.split_whitespace().collect();
        let text = self
            .answer(Words::new(&words))
            .unwrap_or_else(|| "none".into());
        let events = self.machine.trace().take();
        if !events.is_empty() {
            self.machine.clear_warn_once();
        }
        Answer {
            text: text.trim().to_owned(),
            marks: events.iter().map(ToString::to_string).collect(),
        }
    }

    /// The answer; `None` for an empty slot.
    fn answer(&mut self, words: Words<'_>) -> Option<String> {
        match words.word(0) {
            "open" => self.open(words.number(1)),
            "closefile" => {
                let file = self.files.remove(&words.number(1))?;
                self.forget(words.number(1));
                drop(file);
                Some("0".into())
            }
            "reset" => {
                self.reset();
                Some("0".into())
            }
            "fdinfo" => self.files.get(&words.number(1)).map(|_| String::new()),
            "sleep" => Some("0".into()),
            "hash" => {
                self.hashes = words.number(1) != 0;
                Some("0".into())
            }
            "commit" => Some(self.commit(words)),
            "query" => self.query(words),
            "vmc" | "vmd" | "vmdi" | "state" | "statei" | "vm" | "gpuvm" | "walk" | "pt"
            | "map" | "unmap" | "bind" | "heap" | "heapi" | "heapd" | "heapdi" | "gpu" => {
                self.vm_op(words)
            }
            _ => self.object_op(words),
        }
    }

    fn open(&mut self, number: u64) -> Option<String> {
        if self.files.contains_key(&number) {
            return None;
        }
        let opened = self.gpu.dev().open();
        let text = errno(&opened);
        self.files.extend(opened.map(|file| (number, file)));
        Some(text)
    }

    /// Everything that was had through a file.
    fn forget(&mut self, file: u64) {
        self.vms.retain(|_, slot| slot.file != file);
        self.objects.retain(|_, slot| slot.file != file);
        self.heaps.retain(|_, slot| slot.file != file);
    }

    fn reset(&mut self) {
        let mappings = std::mem::take(&mut self.mappings);
        for Mapping { addr, len } in mappings.into_values() {
            self.process.munmap(addr, len).expect("was mapped");
        }
        for (_, handle) in std::mem::take(&mut self.attached) {
            self.vgem.close(handle).expect("was attached");
        }
        self.buffers.clear();
        for file in std::mem::take(&mut self.files).into_keys() {
            self.forget(file);
        }
        self.hashes = false;
    }

    /// `commit KIB|off`. The kernel keeps a 32nd of the size of the process for others: with 64 KiB left, none are left.
    fn commit(&self, words: Words<'_>) -> String {
        const KEPT: u64 = 16;
        let limit = (words.word(1) != "off").then(|| (words.number(1) / 4).saturating_sub(KEPT));
        self.machine.limit_commit(limit);
        u8::from(limit.is_some()).to_string()
    }

    /// `query F TYPE SIZE|null`: the first 26 words of the answer.
    fn query(&self, words: Words<'_>) -> Option<String> {
        let file = self.files.get(&words.number(1))?;
        let room = match words.word(3) {
            "null" => None,
            _ => Some(words.number(3)),
        };
        let pointer = room.map(|size| self.machine.user().put(&vec![0; size.max(4) as usize]));
        let mut args = DevQuery {
            type_: words.short(2),
            size: room.unwrap_or(0) as u32,
            pointer: pointer.unwrap_or(0),
        };
        let result = ioctl(file, DEV_QUERY, &mut args);
        let bytes = pointer
            .and_then(|at| self.machine.user().take(at))
            .unwrap_or_default();
        let (words, _) = bytes[..room.unwrap_or(0) as usize].as_chunks::<4>();
        let shown: Vec<_> = words
            .iter()
            .take(26)
            .map(|word| format!("{:x}", u32::from_ne_bytes(*word)))
            .collect();
        Some(format!(
            "{} size={} {}",
            errno(&result),
            args.size,
            shown.join(",")
        ))
    }

    /// The space in a slot, if there is one with this id.
    pub(super) fn vm_of(&self, slot: Slot) -> Option<Box<dyn AnyVm>> {
        self.gpu.vm(self.files.get(&slot.file)?, slot.id)
    }

    /// The state of the object in a slot.
    pub(super) fn object_state(&self, slot: Slot) -> String {
        let file = self.files.get(&slot.file);
        let state = file.and_then(|file| self.gpu.object(file, slot.id));
        state.unwrap_or_else(|| Errno::ENOENT.to_string())
    }
}

/// An ioctl with a typed argument.
pub(super) fn ioctl<T: Pod + Zeroable>(file: &File, number: IoctlNr, args: &mut T) -> Result {
    file.ioctl(number.raw(), bytemuck::bytes_of_mut(args))
}
