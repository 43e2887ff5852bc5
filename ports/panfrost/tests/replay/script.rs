//! The program that ran the recordings' operations, on the model: files, objects in slots, mappings, buffers.

use std::collections::BTreeMap;

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config, Event, Machine};
use drm_core::mmap::Process;
use drm_core::prime::DmaBuf;
use port_kit::Side;
use port_kit::vgem::Vgem;
use port_kit::window::{arg, word};
use port_panfrost::{Params, Probed, probe};

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
}
