//! The language of the recordings of v3d and lima: files, objects in slots, mappings, buffers, a vgem device.
//!
//! A recording was made by one program on the real driver. [`Window`] is that program on a model: it runs the operations
//! that both drivers share, and asks a [`Subject`] for the rest. Slots are numbers that the script chooses; an operation on
//! an empty slot answers `-` and does nothing.

use std::collections::BTreeMap;

use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::{Event, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;

use crate::vgem::Vgem;

mod mapping;
mod share;

/// What an out-field that a failing ioctl leaves alone reads back as.
pub const UNTOUCHED: u64 = 0xdead;

/// What a creation answered.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// Its result.
    pub result: Result,
    /// The handle, 0 after a failure.
    pub handle: u32,
    /// The offset field of the argument, where there is one.
    pub offset: u32,
}

/// What a question for an object's addresses answered.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Its result.
    pub result: Result,
    /// The GPU address.
    pub va: u64,
    /// The mmap offset; 0 where the driver tells it elsewhere.
    pub offset: u64,
}

/// The driver under the window.
pub trait Subject {
    /// Its device.
    fn device(&self) -> &Device;

    /// The creation ioctl.
    fn create(&self, file: &File, size: u32, flags: u32, pad: u32) -> Created;

    /// The ioctl that tells the GPU address.
    fn info(&self, file: &File, handle: u32) -> Info;

    /// The ioctl that tells the mmap offset.
    fn fake_offset(&self, file: &File, handle: u32, flags: u32) -> (Result, u64);

    /// The wait ioctl, answered in words.
    fn wait(&self, file: &File, handle: u32, timeout: u64, last: u32) -> String;

    /// The white-box state of an object, as seen from `file`.
    fn bo(&self, file: &File, object: &Gem) -> String;

    /// Any other operation. `None` for one that is not known.
    fn other(&self, window: &Window, words: &[&str]) -> Option<String>;
}

/// A handle that the script remembers.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// The file, by number.
    pub file: u64,
    /// The handle.
    pub handle: u32,
}

struct Map {
    at: u64,
    len: u64,
}

/// The program that ran the operations.
pub struct Window {
    machine: Machine,
    process: Process,
    files: BTreeMap<u64, File>,
    slots: BTreeMap<u64, Slot>,
    maps: BTreeMap<u64, Map>,
    buffers: BTreeMap<u64, DmaBuf>,
    vgem: Vgem,
    vgem_slots: BTreeMap<u64, u32>,
    /// What `exhaust` made; `None` once it is closed.
    bulk: Vec<Option<Slot>>,
}

/// The result of an operation in one word: `0`, or the name of the errno.
#[must_use]
pub fn word(result: Result) -> String {
    match result {
        Ok(()) => "0".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// A number of a script: decimal, or hexadecimal with `0x`.
#[must_use]
pub fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Word `at` as a number; 0 where the script ends before.
#[must_use]
pub fn arg(words: &[&str], at: usize) -> u64 {
    words.get(at).and_then(|word| number(word)).unwrap_or(0)
}

impl Window {
    /// A program that has opened nothing yet.
    ///
    /// # Errors
    ///
    /// Those of opening the vgem device.
    pub fn new(machine: &Machine) -> Result<Self> {
        Ok(Self {
            machine: machine.clone(),
            process: Process::new(machine),
            files: BTreeMap::new(),
            slots: BTreeMap::new(),
            maps: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem: Vgem::new(machine)?,
            vgem_slots: BTreeMap::new(),
            bulk: Vec::new(),
        })
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// An open file, by number.
    #[must_use]
    pub fn file(&self, number: u64) -> Option<&File> {
        self.files.get(&number)
    }

    /// What a slot holds.
    #[must_use]
    pub fn slot(&self, number: u64) -> Option<Slot> {
        self.slots.get(&number).copied()
    }

    /// A handle of a list of slots; a negative number is a raw handle.
    #[must_use]
    pub fn handle(&self, word: &str) -> u32 {
        match word.strip_prefix('-') {
            Some(raw) => number(raw).unwrap_or(0) as u32,
            None => number(word)
                .and_then(|slot| self.slot(slot))
                .map_or(0, |slot| slot.handle),
        }
    }

    /// Runs one operation: the answer, and what the kernel log said meanwhile.
    pub fn run(&mut self, subject: &dyn Subject, operation: &str) -> (String, Vec<Event>) {
        let words: Vec<&str> = operation.split_whitespace().collect();
        let text = self
            .operation(subject, &words)
            .unwrap_or_else(|| "-".to_owned());
        let events = self.machine.trace().take();
        self.machine.clear_warn_once();
        (text, events)
    }

    /// `None`: a slot is empty.
    fn operation(&mut self, subject: &dyn Subject, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match *words.first()? {
            "drv" => Some("0".to_owned()),
            "open" => {
                let opened = subject.device().open().map(|file| {
                    self.files.insert(n(1), file);
                });
                Some(word(opened))
            }
            "closef" => {
                let file = self.files.remove(&n(1))?;
                self.slots.retain(|_, slot| slot.file != n(1));
                drop(file);
                Some("0".to_owned())
            }
            "create" => self.create(subject, words),
            "close" => {
                let slot = self.slots.remove(&n(1))?;
                Some(word(self.files.get(&slot.file)?.handle_delete(slot.handle)))
            }
            "closeh" => Some(word(self.file(n(1))?.handle_delete(n(2) as u32))),
            "info" => {
                let slot = self.slot(n(1))?;
                Some(self.info(subject, slot.file, slot.handle)?)
            }
            "infoh" => self.info(subject, n(1), n(2) as u32),
            "foff" => {
                let slot = self.slot(n(1))?;
                self.fake_offset(subject, slot, n(2) as u32)
            }
            "foffh" => {
                let slot = Slot {
                    file: n(1),
                    handle: n(2) as u32,
                };
                self.fake_offset(subject, slot, n(3) as u32)
            }
            "bo" => self.bo(subject, n(1)),
            "wait" => {
                let slot = self.slot(n(1))?;
                let file = self.file(slot.file)?;
                Some(subject.wait(file, slot.handle, n(2), n(3) as u32))
            }
            "sleep" => {
                self.machine.sleep(n(1) * 1_000_000);
                Some("0".to_owned())
            }
            "exhaust" => self.exhaust(subject, words),
            "bulkclose" => {
                let slot = self.bulk.get_mut(n(1) as usize)?.take()?;
                Some(word(self.file(slot.file)?.handle_delete(slot.handle)))
            }
            "drain" => Some(self.drain()),
            "mmap" => self.mmap(subject, words),
            "munmap" => {
                let map = self.maps.remove(&n(1))?;
                Some(word(self.process.munmap(map.at, map.len)))
            }
            "rd" => self.read(n(1), n(2)),
            "wr" => self.write(n(1), n(2), n(3) as u8),
            "export" | "exporth" | "import" | "importfd" | "closebuf" => self.share(subject, words),
            "vgem" | "vimport" | "vclose" | "vpoke" | "vpeek" => self.foreign(words),
            _ => subject.other(self, words),
        }
    }

    fn create(&mut self, subject: &dyn Subject, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        let file = self.file(n(2))?;
        let made = subject.create(file, n(3) as u32, n(4) as u32, n(5) as u32);
        let mut text = format!(
            "{} h={} off={:#x}",
            word(made.result),
            made.handle,
            made.offset
        );
        if made.result.is_ok() {
            let info = subject.info(file, made.handle);
            text += &format!(" info={} va={:#x}", word(info.result), info.va);
            let slot = Slot {
                file: n(2),
                handle: made.handle,
            };
            self.slots.insert(n(1), slot);
        }
        Some(text)
    }

    fn info(&self, subject: &dyn Subject, file: u64, handle: u32) -> Option<String> {
        let info = subject.info(self.file(file)?, handle);
        Some(format!(
            "{} va={:#x} off={:#x}",
            word(info.result),
            info.va,
            info.offset
        ))
    }

    fn fake_offset(&self, subject: &dyn Subject, slot: Slot, flags: u32) -> Option<String> {
        let (result, offset) = subject.fake_offset(self.file(slot.file)?, slot.handle, flags);
        Some(format!("{} {offset:#x}", word(result)))
    }

    fn bo(&self, subject: &dyn Subject, slot: u64) -> Option<String> {
        let slot = self.slot(slot)?;
        let file = self.file(slot.file)?;
        Some(match file.lookup(slot.handle) {
            Some(object) => subject.bo(file, &object),
            None => format!("err -{}", Errno::ENOENT.number()),
        })
    }

    /// Creates until something fails, at most the last word's number of objects.
    fn exhaust(&mut self, subject: &dyn Subject, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        let file = self.file(n(1))?.clone();
        let (mut made, mut first, mut last) = (0, 0, 0);
        let mut end: Result = Ok(());
        while made < n(4) {
            let created = subject.create(&file, n(2) as u32, n(3) as u32, 0);
            end = created.result;
            if end.is_err() {
                break;
            }
            last = subject.info(&file, created.handle).va;
            if made == 0 {
                first = last;
            }
            made += 1;
            self.bulk.push(Some(Slot {
                file: n(1),
                handle: created.handle,
            }));
        }
        Some(format!(
            "n={made} first={first:#x} last={last:#x} then {}",
            word(end)
        ))
    }

    /// Closes every object of `exhaust` that is not closed yet.
    fn drain(&mut self) -> String {
        let (mut closed, mut bad) = (0, 0);
        for slot in std::mem::take(&mut self.bulk).into_iter().flatten() {
            let Some(file) = self.file(slot.file) else {
                continue;
            };
            match file.handle_delete(slot.handle) {
                Ok(()) => closed += 1,
                Err(_) => bad += 1,
            }
        }
        format!("n={closed} bad={bad}")
    }
}
