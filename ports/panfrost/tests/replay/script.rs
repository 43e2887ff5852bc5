//! The program that ran the recordings' operations, on the model: files, objects in slots, mappings, buffers.

use std::collections::BTreeMap;

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{File, IoctlNr};
use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Event, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::prime::DmaBuf;
use port_kit::Side;
use port_kit::vgem::Vgem;
use port_kit::window::{arg, word};
use port_panfrost::{Params, Probed, probe, uapi};

/// A handle that the script remembers.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub file: u64,
    pub handle: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Map {
    pub at: u64,
    pub len: u64,
}

/// What a script has open.
pub struct Script {
    pub machine: Machine,
    pub panfrost: Probed,
    pub process: Process,
    pub files: BTreeMap<u64, File>,
    pub slots: BTreeMap<u64, Slot>,
    pub maps: BTreeMap<u64, Map>,
    pub buffers: BTreeMap<u64, DmaBuf>,
    pub vgem: Vgem,
    /// vgem's handle of each buffer that it imported.
    pub attached: BTreeMap<u64, u32>,
    /// Whether the script holds the device awake.
    pub held: bool,
}

/// RAM of the machine: the largest script has 40 MiB of objects at a time.
const RAM: u64 = 256 << 20;

impl Script {
    /// A machine with the GPU, on one side; `None` for a side that there is not.
    pub fn new(side: Side, coherent: bool) -> Option<Self> {
        let machine = Machine::new(Config {
            ram: RAM,
            ..Config::default()
        })
        .expect("the host has the RAM");
        let params = Params {
            coherent,
            unstable_ioctls: true,
        };
        let panfrost = probe(side, &machine, params)?;
        let vgem = Vgem::new(&machine).expect("vgem opens");
        Some(Self {
            process: Process::new(&machine),
            panfrost,
            files: BTreeMap::new(),
            slots: BTreeMap::new(),
            maps: BTreeMap::new(),
            buffers: BTreeMap::new(),
            vgem,
            attached: BTreeMap::new(),
            held: false,
            machine,
        })
    }

    /// Runs one operation: its answer, and what the kernel log said, as the recording shows both.
    pub fn run(&mut self, operation: &str) -> String {
        let words: Vec<&str> = operation.split_whitespace().collect();
        let mut text = self.operation(&words).unwrap_or_else(|| "none".to_owned());
        for event in self.machine.trace().take() {
            text += &match event {
                Event::Warning(site) => format!(" !{site}"),
                Event::Oops(what) => format!(" !oops: {what}"),
                // Only the beginning of a message was recorded.
                Event::Log(line) => {
                    format!(" !{}", line.split(", head=").next().unwrap_or_default())
                }
                other => format!(" !{other}"),
            };
        }
        text
    }

    /// `None`: a slot is empty.
    fn operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match *words.first()? {
            "open" => {
                let opened = self.panfrost.device().open();
                Some(word(opened.map(|file| {
                    self.files.insert(n(1), file);
                })))
            }
            "closefile" => {
                let file = self.files.remove(&n(1))?;
                self.slots.retain(|_, slot| slot.file != n(1));
                drop(file);
                Some("0".to_owned())
            }
            "reset" => {
                self.close_all();
                Some(self.cycle())
            }
            "cycle" => Some(self.cycle()),
            "pm" => {
                if words.get(2) == Some(&"-1") {
                    self.held = false;
                    // Refused while somebody else uses the device; the answer shows it.
                    let _ = self.panfrost.pfdev().pm_put_suspend();
                } else {
                    self.hold();
                }
                let active = u8::from(self.panfrost.device_state().active);
                Some(format!("active={active}"))
            }
            "sleep" => {
                self.machine.sleep(n(1) * 1_000_000);
                Some("0".to_owned())
            }
            // Strict overcommit admits a page while what is committed stays below the limit.
            "commit" if words.get(1) == Some(&"off") => {
                self.machine.limit_commit(None);
                Some("0".to_owned())
            }
            "commit" => {
                self.machine
                    .limit_commit(Some((n(1) / 4).saturating_sub(1)));
                Some("1".to_owned())
            }
            "param" | "create" | "close" | "closeh" | "mmapbo" | "mmapboh" | "off" | "offh"
            | "madv" | "madvh" | "wait" | "waith" | "perf" | "perfdump" => {
                self.ioctl_operation(words)
            }
            "mmap" | "mmapoff" | "mmapbuf" | "munmap" | "rd" | "wr" | "touch" => {
                self.map_operation(words)
            }
            "export" | "import" | "closebuf" | "attach" | "detach" | "foreignbuf" => {
                self.share_operation(words)
            }
            "submit" | "submitsync" | "fin" | "gpu" | "gpuc" | "acc" | "fault" | "js" | "cnt" => {
                self.gpu_operation(words)
            }
            _ => self.white_box(words),
        }
    }

    /// Runs an ioctl of a file.
    pub fn ioctl<T: Pod>(&self, file: &File, number: IoctlNr, args: &mut T) -> Result {
        file.ioctl(number.raw(), bytes_of_mut(args))
    }

    /// The file and handle of a slot.
    pub fn slot(&self, number: u64) -> Option<(&File, u32)> {
        let slot = self.slots.get(&number)?;
        Some((self.files.get(&slot.file)?, slot.handle))
    }

    /// Holds the device awake.
    pub fn hold(&mut self) {
        if !self.held {
            self.held = true;
            self.panfrost.pfdev().pm_get_sync();
        }
    }

    /// Suspends the device, resumes it, and holds it awake.
    pub fn cycle(&mut self) -> String {
        self.hold();
        let pfdev = self.panfrost.pfdev();
        let suspend = word(pfdev.pm_put_suspend());
        let active = u8::from(self.panfrost.device_state().active);
        pfdev.pm_get_sync();
        let mask = self.panfrost.gpu().read(port_panfrost::regs::MMU_INT_MASK);
        format!("suspend={suspend} active={active} resume=0 mask={mask:x}")
    }

    fn close_all(&mut self) {
        for (_, map) in std::mem::take(&mut self.maps) {
            self.process.munmap(map.at, map.len).expect("it is mapped");
        }
        for (_, handle) in std::mem::take(&mut self.attached) {
            self.vgem.close(handle).expect("it is imported");
        }
        self.slots.clear();
        self.files.clear();
        self.buffers.clear();
    }

    fn ioctl_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "param" => {
                let mut args = uapi::GetParam {
                    param: n(2) as u32,
                    pad: n(3) as u32,
                    value: 0,
                };
                let result = self.ioctl(self.files.get(&n(1))?, uapi::GET_PARAM, &mut args);
                Some(format!("{} {:#x}", word(result), args.value))
            }
            "create" => {
                let mut args = uapi::CreateBo {
                    size: n(3) as u32,
                    flags: n(4) as u32,
                    pad: n(5) as u32,
                    ..uapi::CreateBo::default()
                };
                let result = self.ioctl(self.files.get(&n(2))?, uapi::CREATE_BO, &mut args);
                let mut text = format!("{} h={} va={:#x}", word(result), args.handle, args.offset);
                if result.is_ok() {
                    let slot = Slot {
                        file: n(2),
                        handle: args.handle,
                    };
                    self.slots.insert(n(1), slot);
                    text += &format!(" | {}", self.bo(n(1))?);
                }
                Some(text)
            }
            "close" => {
                let slot = self.slots.remove(&n(1))?;
                Some(word(self.files.get(&slot.file)?.handle_delete(slot.handle)))
            }
            "closeh" => Some(word(self.files.get(&n(1))?.handle_delete(n(2) as u32))),
            "mmapbo" | "mmapboh" | "off" | "offh" => {
                let raw = words[0].ends_with('h');
                let (file, handle) = if raw {
                    (self.files.get(&n(1))?, n(2) as u32)
                } else {
                    self.slot(n(1))?
                };
                let last = n(if raw { 3 } else { 2 }) as u32;
                let (result, offset) = if words[0].starts_with("mmap") {
                    self.mmap_bo(file, handle, last)
                } else {
                    self.get_bo_offset(file, handle, last)
                };
                Some(format!("{} {offset:#x}", word(result)))
            }
            "madv" => {
                let (file, handle) = self.slot(n(1))?;
                let text = self.madvise(file, handle, n(2) as u32);
                Some(format!("{text} | {}", self.bo(n(1))?))
            }
            "madvh" => Some(self.madvise(self.files.get(&n(1))?, n(2) as u32, n(3) as u32)),
            "wait" | "waith" => {
                let raw = words[0].ends_with('h');
                let (file, handle) = if raw {
                    (self.files.get(&n(1))?, n(2) as u32)
                } else {
                    self.slot(n(1))?
                };
                let timeout_ns = match *words.get(2)? {
                    "inf" => i64::MAX,
                    "past" => 0,
                    _ if raw => 0,
                    _ => (self.machine.clock().now() + n(2) * 1_000_000) as i64,
                };
                let pad = if raw { 0 } else { n(3) as u32 };
                let mut args = uapi::WaitBo {
                    handle,
                    pad,
                    timeout_ns,
                };
                Some(word(self.ioctl(file, uapi::WAIT_BO, &mut args)))
            }
            "perf" => {
                let mut args = uapi::PerfcntEnable {
                    enable: n(2) as u32,
                    counterset: n(3) as u32,
                };
                Some(word(self.ioctl(
                    self.files.get(&n(1))?,
                    uapi::PERFCNT_ENABLE,
                    &mut args,
                )))
            }
            _ => {
                let buf_ptr = self.machine.user().put(&[0; 4096]);
                let mut args = uapi::PerfcntDump { buf_ptr };
                let result = self.ioctl(self.files.get(&n(1))?, uapi::PERFCNT_DUMP, &mut args);
                self.machine.user().take(buf_ptr);
                Some(word(result))
            }
        }
    }

    pub fn mmap_bo(&self, file: &File, handle: u32, flags: u32) -> (Result, u64) {
        let mut args = uapi::MmapBo {
            handle,
            flags,
            offset: 0,
        };
        let result = self.ioctl(file, uapi::MMAP_BO, &mut args);
        (result, args.offset)
    }

    fn get_bo_offset(&self, file: &File, handle: u32, pad: u32) -> (Result, u64) {
        let mut args = uapi::GetBoOffset {
            handle,
            pad,
            offset: 0,
        };
        let result = self.ioctl(file, uapi::GET_BO_OFFSET, &mut args);
        (result, args.offset)
    }

    fn madvise(&self, file: &File, handle: u32, madv: u32) -> String {
        // The out-field of an ioctl that fails before it is set holds the caller's value.
        let mut args = uapi::Madvise {
            handle,
            madv,
            retained: 77,
        };
        let result = self.ioctl(file, uapi::MADVISE, &mut args);
        format!("{} ret={}", word(result), args.retained)
    }

    fn map_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "mmap" => {
                let (file, handle) = self.slot(n(2))?;
                let (result, offset) = self.mmap_bo(file, handle, 0);
                if result.is_err() {
                    return Some(format!("map {}", word(result)));
                }
                let len = n(3) * drm_core::PAGE_SIZE;
                let file = file.clone();
                let text = self.map(n(1), len, |process| {
                    process.mmap(&file, len, Prot::ReadWrite, Sharing::Shared, offset)
                });
                drop(file);
                Some(format!("{text} off={offset:#x} | {}", self.bo(n(2))?))
            }
            "mmapoff" => {
                let file = self.files.get(&n(2))?.clone();
                let (offset, len) = (n(3), n(4));
                Some(self.map(n(1), len, |process| {
                    process.mmap(&file, len, Prot::ReadWrite, Sharing::Shared, offset)
                }))
            }
            "mmapbuf" => {
                let buffer = self.buffers.get(&n(2))?.clone();
                let len = n(3);
                Some(self.map(n(1), len, |process| {
                    process.mmap_dma_buf(&buffer, len, Prot::ReadWrite, Sharing::Shared, 0)
                }))
            }
            "munmap" => {
                let map = self.maps.remove(&n(1))?;
                Some(word(self.process.munmap(map.at, map.len)))
            }
            "wr" => {
                let map = self.maps.get(&n(1))?;
                match self.process.write(map.at + n(2), &[n(3) as u8]) {
                    Ok(()) => Some("ok".to_owned()),
                    Err(error) => Some(format!("{error:?}")),
                }
            }
            touch => {
                let map = self.maps.get(&n(1))?;
                match self.process.read_byte(map.at + n(2)) {
                    Ok(byte) => Some(format!("{byte:#04x}")),
                    Err(Errno::EFAULT) if touch == "touch" => Some("SIGBUS".to_owned()),
                    Err(error) => Some(format!("{error:?}")),
                }
            }
        }
    }

    fn map(&mut self, number: u64, len: u64, map: impl FnOnce(&Process) -> Result<u64>) -> String {
        match map(&self.process) {
            Ok(at) => {
                // What was mapped under the number before stays mapped, and is forgotten: the program leaked it.
                self.maps.insert(number, Map { at, len });
                "ok".to_owned()
            }
            Err(error) => format!("{error:?}"),
        }
    }

    fn share_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "export" => {
                let (file, handle) = self.slot(n(2))?;
                // O_RDWR is 2.
                let result = file.export(handle, n(3) & 2 != 0).map(|buffer| {
                    self.buffers.insert(n(1), buffer);
                });
                Some(format!("{} | {}", word(result), self.bo(n(2))?))
            }
            "import" => {
                let buffer = self.buffers.get(&n(3))?;
                match self.files.get(&n(2))?.import(buffer) {
                    Ok(handle) => {
                        let slot = Slot { file: n(2), handle };
                        self.slots.insert(n(1), slot);
                        Some(format!("0 h={handle} | {}", self.bo(n(1))?))
                    }
                    Err(error) => Some(format!("{error:?} h=0")),
                }
            }
            "closebuf" => {
                let _syscall = self.machine.syscall();
                self.buffers.remove(&n(1))?;
                Some("0".to_owned())
            }
            "attach" => {
                let imported = self.vgem.import(self.buffers.get(&n(1))?);
                Some(word(imported.map(|handle| {
                    self.attached.insert(n(1), handle);
                })))
            }
            "detach" => {
                let handle = self.attached.remove(&n(1))?;
                Some(word(self.vgem.close(handle)))
            }
            _ => {
                let exported = self.vgem.export(n(2) as u32).and_then(|(handle, buffer)| {
                    self.buffers.insert(n(1), buffer);
                    self.vgem.close(handle)
                });
                Some(word(exported))
            }
        }
    }
}
