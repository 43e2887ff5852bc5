//! The program that ran in the recorded kernel: one operation a line, answers as it printed them.

use bytemuck::Zeroable;
use drm_core::PAGE_SIZE;
use drm_core::device::{Device, File, core_nr};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use drm_core::recording::Answer;
use drm_core::sync::Arc;

use super::abi::{self, Create, Op, State};
use super::shmora::Shmora;

/// Slots of each kind.
const SLOTS: usize = 64;
/// Opens of the device.
const FILES: usize = 4;

/// A handle, and the file that has it.
#[derive(Clone, Copy)]
struct Handle {
    file: usize,
    handle: u32,
}

/// A mapping: address and bytes.
#[derive(Clone, Copy)]
struct Mapping {
    addr: u64,
    len: u64,
}

/// One process with four opens of the device.
pub(super) struct Script {
    machine: Machine,
    device: Device,
    process: Process,
    files: Vec<File>,
    objects: Vec<Option<Handle>>,
    mappings: Vec<Option<Mapping>>,
    buffers: Vec<Option<DmaBuf>>,
}

/// What a word of an operation stands for.
#[derive(Clone, Copy)]
enum Kind {
    /// A slot of an object, a mapping or a buffer.
    Slot,
    /// One of the four opens.
    File,
    Number,
    /// The name of a helper call.
    Call,
}

use Kind::{Call, File as Open, Number, Slot};

/// The operations and their words. Trailing numbers may be left out: they are 0.
const OPERATIONS: [(&str, &[Kind]); 14] = [
    ("create", &[Slot, Open, Number, Number]),
    ("close", &[Slot]),
    ("op", &[Slot, Call, Number]),
    ("mmap", &[Slot, Open, Slot, Number, Number, Number, Number]),
    ("munmap", &[Slot]),
    ("cut", &[Slot, Number, Number]),
    ("rd", &[Slot, Number]),
    ("wr", &[Slot, Number, Number]),
    ("fork", &[]),
    ("export", &[Slot, Slot, Number]),
    ("import", &[Slot, Open, Slot]),
    ("closebuf", &[Slot]),
    ("reopen", &[Open]),
    ("state", &[Slot]),
];

/// The words of an operation that makes sense.
struct Words<'a>(Vec<&'a str>);

fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse::<i64>().ok().map(i64::cast_unsigned),
    }
}

impl<'a> Words<'a> {
    /// `None` for an unknown operation, or a word that cannot stand where it does.
    fn parse(operation: &'a str) -> Option<Self> {
        let words: Vec<_> = operation.split_whitespace().collect();
        let (_, kinds) = OPERATIONS
            .iter()
            .find(|(name, _)| words.first() == Some(name))?;
        let sound = kinds.iter().zip(1..).all(|(kind, at)| {
            let value = words.get(at).map_or(Some(0), |word| number(word));
            match kind {
                Slot => value.is_some_and(|slot| slot < SLOTS as u64),
                Open => value.is_some_and(|file| file < FILES as u64),
                Number => value.is_some(),
                Call => words.get(at).is_some_and(|word| abi::OPS.contains(word)),
            }
        });
        (sound && words.len() <= kinds.len() + 1).then_some(Self(words))
    }

    fn number(&self, at: usize) -> u64 {
        self.0.get(at).and_then(|word| number(word)).unwrap_or(0)
    }

    fn index(&self, at: usize) -> usize {
        self.number(at) as usize
    }
}

fn errno(result: &Result) -> String {
    match result {
        Ok(()) => "0".into(),
        Err(errno) => errno.to_string(),
    }
}

fn shown(state: &State) -> String {
    let nrpages = match state.nrpages {
        u64::MAX => "-".into(),
        pages => pages.to_string(),
    };
    format!(
        "use={} pin={} vmap={} madv={} pages={} sgt={} vaddr={} imp={} dbuf={} ref={} hc={} purgeable={} nrpages={nrpages} \
         vma={} d={} a={}",
        state.pages_use,
        state.pin,
        state.vmap_use,
        state.madv,
        state.has_pages,
        state.has_sgt,
        state.has_vaddr,
        state.imported,
        state.has_dma_buf,
        state.refcount,
        state.handle_count,
        state.purgeable,
        u8::from(state.vma_page != 0),
        state.dirty_on_put,
        state.acc_on_put
    )
}

impl Script {
    /// A machine after boot, the device opened four times.
    pub(super) fn new() -> Self {
        let machine = Machine::new(Config::default()).expect("the host has memory for the machine");
        let dma = DmaDevice::new(&machine, "shmora", DmaConfig::default());
        let device = Device::new(dma, Arc::new(Shmora));
        let open = || device.open().expect("the device opens");
        let files = (0..FILES).map(|_| open()).collect();
        Self {
            process: Process::new(&machine),
            machine,
            files,
            device,
            objects: vec![None; SLOTS],
            mappings: vec![None; SLOTS],
            buffers: vec![None; SLOTS],
        }
    }

    /// Runs one operation; the marks of its answer are the events that it left in the machine's trace.
    pub(super) fn run(&mut self, operation: &str) -> Answer {
        let text = match Words::parse(operation) {
            Some(words) => self.answer(&words),
            None => "no such operation".into(),
        };
        let events = self.machine.trace().take();
        if !events.is_empty() {
            self.machine.clear_warn_once();
        }
        Answer {
            text: text.trim().to_owned(),
            marks: events.iter().map(ToString::to_string).collect(),
        }
    }

    fn answer(&mut self, words: &Words<'_>) -> String {
        match words.0[0] {
            "create" => self.create(words),
            "close" => match self.objects[words.index(1)].take() {
                Some(object) => errno(&self.close(object)),
                None => "-".into(),
            },
            "op" => self.op(words),
            "mmap" => self.mmap(words),
            "munmap" => match self.mappings[words.index(1)].take() {
                Some(mapping) => errno(&self.process.munmap(mapping.addr, mapping.len)),
                None => "-".into(),
            },
            "cut" => self.cut(words),
            "rd" => match self.address(words) {
                Some(addr) => match self.process.read_byte(addr) {
                    Ok(byte) => format!("{byte:#04x}"),
                    Err(error) => error.to_string(),
                },
                None => "-".into(),
            },
            "wr" => match self.address(words) {
                Some(addr) => match self.process.write(addr, &[words.number(3) as u8]) {
                    Ok(()) => "ok".into(),
                    Err(error) => error.to_string(),
                },
                None => "-".into(),
            },
            "fork" => {
                drop(self.process.fork());
                "0".into()
            }
            "export" => self.export(words),
            "import" => self.import(words),
            "closebuf" => match self.buffers[words.index(1)].take() {
                Some(_) => "0".into(),
                None => "-".into(),
            },
            "reopen" => self.reopen(words.index(1)),
            "state" => self.state(self.objects[words.index(1)]),
            other => unreachable!("{other} is no operation of the list"),
        }
    }

    fn create(&mut self, words: &Words<'_>) -> String {
        let (slot, file) = (words.index(1), words.index(2));
        let mut arg = Create {
            size: words.number(3),
            flags: words.number(4) as u32,
            handle: 0,
        };
        let result = self.files[file].ioctl(abi::CREATE, bytemuck::bytes_of_mut(&mut arg));
        if result.is_ok() {
            let handle = arg.handle;
            self.objects[slot] = Some(Handle { file, handle });
        }
        let state = self.state(self.objects[slot]);
        format!("{} h={} {state}", errno(&result), arg.handle)
    }

    fn close(&self, object: Handle) -> Result {
        let mut arg = [object.handle, 0];
        self.files[object.file].ioctl(
            core_nr::GEM_CLOSE.raw(),
            bytemuck::cast_slice_mut(&mut arg[..]),
        )
    }

    fn call(&self, object: Handle, op: &str, arg: u64) -> (Result, Op) {
        let number = abi::OPS.iter().position(|known| *known == op);
        let mut arg = Op {
            handle: object.handle,
            op: number.unwrap_or_else(|| panic!("no such call: {op}")) as u32,
            arg: arg.cast_signed(),
            ..Op::zeroed()
        };
        let result = self.files[object.file].ioctl(abi::OP, bytemuck::bytes_of_mut(&mut arg));
        (result, arg)
    }

    fn state(&self, object: Option<Handle>) -> String {
        let Some(object) = object else {
            return "-".into();
        };
        match self.call(object, "state", 0) {
            (Ok(()), arg) => shown(&arg.state),
            (error, _) => errno(&error),
        }
    }

    fn op(&self, words: &Words<'_>) -> String {
        let Some(object) = self.objects[words.index(1)] else {
            return "-".into();
        };
        let (result, arg) = self.call(object, words.0[2], words.number(3));
        let value = match words.0[2] {
            "mmap_offset" => (arg.ret > 0).to_string(),
            _ => arg.ret.to_string(),
        };
        let state = match result {
            Ok(()) => shown(&arg.state),
            Err(_) => String::new(),
        };
        format!("{} {value} {state}", errno(&result))
    }

    fn mmap(&mut self, words: &Words<'_>) -> String {
        let (slot, file) = (words.index(1), words.index(2));
        let (Some(object), None) = (self.objects[words.index(3)], self.mappings[slot]) else {
            return "-".into();
        };
        let (_, offset) = self.call(object, "mmap_offset", 0);
        let at = offset.ret.cast_unsigned() + words.number(4) * PAGE_SIZE;
        let len = words.number(5) * PAGE_SIZE;
        let prot = match words.number(6) {
            3 => Prot::ReadWrite,
            _ => Prot::Read,
        };
        let sharing = match words.number(7) {
            2 => Sharing::Private,
            _ => Sharing::Shared,
        };
        let answer = match self.process.mmap(&self.files[file], len, prot, sharing, at) {
            Ok(addr) => {
                self.mappings[slot] = Some(Mapping { addr, len });
                "ok".into()
            }
            Err(error) => error.to_string(),
        };
        format!("{answer} {}", self.state(Some(object)))
    }

    /// The hole stays: addresses are never handed out again.
    fn cut(&self, words: &Words<'_>) -> String {
        let (page, pages) = (words.number(2), words.number(3));
        match self.mappings[words.index(1)] {
            Some(mapping) if (page + pages) * PAGE_SIZE <= mapping.len => {
                let addr = mapping.addr + page * PAGE_SIZE;
                errno(&self.process.munmap(addr, pages * PAGE_SIZE))
            }
            _ => "-".into(),
        }
    }

    fn address(&self, words: &Words<'_>) -> Option<u64> {
        let mapping = self.mappings[words.index(1)]?;
        let byte = words.number(2);
        (byte < mapping.len).then(|| mapping.addr + byte)
    }

    fn export(&mut self, words: &Words<'_>) -> String {
        let slot = words.index(1);
        let (Some(object), None) = (self.objects[words.index(2)], &self.buffers[slot]) else {
            return "-".into();
        };
        let exported = self.files[object.file].export(object.handle, words.number(3) == 1);
        let result = exported.map(|dma_buf| self.buffers[slot] = Some(dma_buf));
        format!("{} {}", errno(&result), self.state(Some(object)))
    }

    fn import(&mut self, words: &Words<'_>) -> String {
        let (slot, file) = (words.index(1), words.index(2));
        let (None, Some(dma_buf)) = (self.objects[slot], &self.buffers[words.index(3)]) else {
            return "-".into();
        };
        let imported = self.files[file].import(dma_buf);
        let handle = imported.unwrap_or(0);
        let result = imported.map(|handle| self.objects[slot] = Some(Handle { file, handle }));
        let state = self.state(self.objects[slot]);
        format!("{} h={handle} {state}", errno(&result))
    }

    fn reopen(&mut self, file: usize) -> String {
        self.files[file] = self.device.open().expect("the device opens");
        for object in &mut self.objects {
            if object.is_some_and(|object| object.file == file) {
                *object = None;
            }
        }
        "0".into()
    }
}
