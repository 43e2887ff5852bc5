//! What the recordings' window into the driver shows, and the operations that v3d alone has.

use bytemuck::{Pod, Zeroable, bytes_of, bytes_of_mut};
use drm_core::device::{Device, File, IoctlNr};
use drm_core::errno::Result;
use drm_core::gem::{Gem, MemoryStats};
use drm_core::mm::Node;
use drm_core::sync::{Arc, Mutex};
use drm_core::syncobj::Syncobj;
use port_kit::mmu::runs_by;
use port_kit::window::{Created, Info, Subject, UNTOUCHED, Window, arg, word};
use port_v3d::V3d;
use port_v3d::inspect;
use port_v3d::regs::{core, hub};
use port_v3d::uapi::{self, ext, nr};

/// Most runs and holes that a line shows.
const SHOWN: usize = 40;

pub(super) struct Whitebox {
    device: Device,
    v3d: Arc<V3d>,
    /// Nodes with which an operation took every hole.
    filled: Mutex<Vec<Node>>,
}

/// One of the driver's ioctls; the struct as it comes back.
pub(crate) fn ioctl<T: Pod>(file: &File, number: u32, mut args: T) -> (Result, T) {
    let number = IoctlNr::driver(number, size_of::<T>()).raw();
    let result = file.ioctl(number, bytes_of_mut(&mut args));
    (result, args)
}

impl Whitebox {
    pub(super) fn new(device: &Device, v3d: &Arc<V3d>) -> Self {
        Self {
            device: device.clone(),
            v3d: Arc::clone(v3d),
            filled: Mutex::default(),
        }
    }

    fn ptes(&self) -> String {
        let stats = self.v3d.stats();
        let mut text = format!("num={} pages={}", stats.allocated, stats.pages);
        let (mut total, mut runs) = (0, 0);
        for run in runs_by(self.v3d.hw().view().leaves(), |_, _| true) {
            if runs < SHOWN {
                let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
                let flags = run.first.attributes >> 24;
                text += &format!(" [{first:x}..{last:x}]={flags:x}");
            }
            total += run.count;
            runs += 1;
        }
        text + &format!(" total={total} runs={runs}")
    }

    fn holes(&self) -> String {
        self.v3d.with_mm(|mm| {
            let holes: Vec<_> = mm.holes_newest_first().collect();
            if holes.is_empty() {
                return "n=0".to_owned();
            }
            let mut text = "holes".to_owned();
            for hole in holes.iter().take(SHOWN) {
                text += &format!(" {:x}..{:x}", hole.start, hole.end);
            }
            text + &format!(" n={}", holes.len())
        })
    }

    fn regs(&self) -> String {
        let (hw, figures) = (self.v3d.hw(), self.v3d.hw().figures());
        let (base_ok, illegal_ok) = self.v3d.registers_name_tables();
        let c = |reg| hw.read_core(reg);
        format!(
            "base_ok={} illegal_ok={} mmu_ctl={:x} flush={} tlb={} ptbase_writes={} bin={} render={} reset={} \
             bpoa_writes={} bpoa={:x} bpos={:x} ct0={:x}..{:x} ct1={:x}..{:x} qma={:x} qms={:x} pend={:x},{:x} \
             mask={:x},{:x}",
            u8::from(base_ok),
            u8::from(illegal_ok),
            hw.read_hub(hub::MMU_CTL),
            figures.flushes,
            figures.tlb_clears,
            figures.base_writes,
            figures.bins,
            figures.renders,
            figures.resets,
            figures.overflows,
            c(core::PTB_BPOA),
            c(core::PTB_BPOS),
            c(core::CT0QBA),
            c(core::CT0QEA),
            c(core::CT1QBA),
            c(core::CT1QEA),
            c(core::CT0QMA),
            c(core::CT0QMS),
            c(core::INT_STS),
            hw.read_hub(hub::INT_STS),
            c(core::INT_MSK_STS),
            hw.read_hub(hub::INT_MSK_STS),
        )
    }

    fn fill(&self) -> String {
        let nodes: Vec<_> = self.v3d.with_mm(|mm| {
            let holes: Vec<_> = mm.holes_newest_first().collect();
            let take = |hole: std::ops::Range<u64>| {
                mm.reserve_node(hole.start, hole.end - hole.start, 0).ok()
            };
            holes.into_iter().filter_map(take).collect()
        });
        let text = format!("holes taken {}", nodes.len());
        self.filled.lock().extend(nodes);
        text
    }

    fn unfill(&self) -> String {
        for node in self.filled.lock().drain(..).rev() {
            self.v3d.remove_node(node);
        }
        "ok".to_owned()
    }

    /// `m WHAT F ...`
    fn machine(&self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at) as u32;
        let hw = self.v3d.hw();
        Some(match *words.get(1)? {
            "ptes" => self.ptes(),
            "mm" => self.holes(),
            "regs" => self.regs(),
            "fill" => self.fill(),
            "unfill" => self.unfill(),
            "core" => {
                let pending = hw.raise_core(n(3));
                self.v3d.deliver_interrupts();
                format!("pend={pending:x}")
            }
            "hub" => {
                let pending = hw.raise_hub(n(3), n(4), n(5));
                self.v3d.deliver_interrupts();
                format!("pend={pending:x}")
            }
            "gpurd" => {
                let load = hw.load(n(3));
                format!("valid={} byte={:02x}", u8::from(load.valid), load.byte)
            }
            "dmamask" => {
                let was = self.device.dma().config().mask;
                self.device.dma().set_mask(arg(words, 3));
                format!("was {was:x}")
            }
            _ => return None,
        })
    }

    fn get_param(&self, file: &File, words: &[&str]) -> String {
        let args = uapi::GetParam {
            param: arg(words, 2) as u32,
            pad: arg(words, 3) as u32,
            value: arg(words, 4),
        };
        let (result, args) = ioctl(file, nr::GET_PARAM, args);
        format!("{} {:#x}", word(result), args.value)
    }

    /// `cl F BCL0 BCL1 RCL0 RCL1 SLOT..`
    fn submit_cl(&self, window: &Window, file: &File, words: &[&str]) -> String {
        let handles: Vec<u32> = words[6..].iter().map(|word| window.handle(word)).collect();
        let user = window.machine().user();
        let pointer = user.put(bytemuck::cast_slice(&handles));
        let args = uapi::SubmitCl {
            bcl_start: arg(words, 2) as u32,
            bcl_end: arg(words, 3) as u32,
            rcl_start: arg(words, 4) as u32,
            rcl_end: arg(words, 5) as u32,
            bo_handles: pointer,
            bo_handle_count: handles.len() as u32,
            ..Zeroable::zeroed()
        };
        let (result, _) = ioctl(file, nr::SUBMIT_CL, args);
        user.take(pointer);
        word(result)
    }

    /// `cpu F KIND OFFSET COUNT SLOT..`: the kind is the number of the extension.
    fn submit_cpu(&self, window: &Window, file: &File, words: &[&str]) -> String {
        let (kind, offset) = (arg(words, 2) as u32, arg(words, 3) as u32);
        let count = arg(words, 4) as u32;
        let syncs: Vec<u32> = (0..count)
            .map(|_| file.add_syncobj(Syncobj::new()).expect("a handle"))
            .collect();
        let offsets: Vec<u32> = (0..count).map(|n| offset + 8 * n).collect();
        let user = window.machine().user();
        let syncs = user.put(bytemuck::cast_slice(&syncs));
        let offsets = user.put(bytemuck::cast_slice(&offsets));
        let base = ext::Extension {
            next: 0,
            id: kind,
            flags: 0,
        };
        let extension = match kind {
            ext::CPU_RESET_TIMESTAMP_QUERY => bytes_of(&ext::ResetTimestampQuery {
                base,
                syncs,
                offset,
                count,
            })
            .to_vec(),
            ext::CPU_COPY_TIMESTAMP_QUERY => bytes_of(&ext::CopyTimestampQuery {
                base,
                do_64bit: 1,
                do_partial: 1,
                offset,
                stride: 8,
                count,
                offsets,
                syncs,
                ..Zeroable::zeroed()
            })
            .to_vec(),
            _ => bytes_of(&ext::TimestampQuery {
                base,
                offsets,
                syncs,
                count,
                pad: 0,
            })
            .to_vec(),
        };
        let handles: Vec<u32> = words[5..].iter().map(|word| window.handle(word)).collect();
        let args = uapi::SubmitCpu {
            bo_handles: user.put(bytemuck::cast_slice(&handles)),
            bo_handle_count: handles.len() as u32,
            flags: uapi::SUBMIT_EXTENSION,
            extensions: user.put(&extension),
        };
        let (result, _) = ioctl(file, nr::SUBMIT_CPU, args);
        word(result)
    }

    fn fdinfo(&self, file: &File) -> String {
        let mut text = String::from("drm-driver: v3d");
        let mut lines = String::new();
        MemoryStats::of(file)
            .print(&mut lines)
            .expect("a string takes everything");
        for line in lines.lines() {
            text += &format!("; {}", line.replace(":\t", ": "));
        }
        text
    }
}

impl Subject for Whitebox {
    fn device(&self) -> &Device {
        &self.device
    }

    fn create(&self, file: &File, size: u32, flags: u32, _pad: u32) -> Created {
        let args = uapi::CreateBo {
            size,
            flags,
            ..Zeroable::zeroed()
        };
        let (result, args) = ioctl(file, nr::CREATE_BO, args);
        Created {
            result,
            handle: args.handle,
            offset: args.offset,
        }
    }

    fn info(&self, file: &File, handle: u32) -> Info {
        let args = uapi::GetBoOffset {
            handle,
            offset: UNTOUCHED as u32,
        };
        let (result, args) = ioctl(file, nr::GET_BO_OFFSET, args);
        Info {
            result,
            va: args.offset.into(),
            offset: 0,
        }
    }

    fn fake_offset(&self, file: &File, handle: u32, flags: u32) -> (Result, u64) {
        let args = uapi::MmapBo {
            handle,
            flags,
            offset: 0,
        };
        let (result, args) = ioctl(file, nr::MMAP_BO, args);
        (result, args.offset)
    }

    fn wait(&self, file: &File, handle: u32, timeout_ns: u64, pad: u32) -> String {
        let args = uapi::WaitBo {
            handle,
            pad,
            timeout_ns,
        };
        let (result, args) = ioctl(file, nr::WAIT_BO, args);
        let left = match args.timeout_ns {
            left if left == timeout_ns => "all",
            0 => "0",
            _ => "nonzero",
        };
        format!("{} left={left}", word(result))
    }

    fn bo(&self, _file: &File, object: &Gem) -> String {
        let header = object.gem();
        let state = inspect::state(object).expect("an object of this driver");
        let driver = self.v3d.bo(object).expect("an object of this driver");
        let (start, size) = driver.node().unwrap_or((0, 0));
        let view = self.v3d.hw().view();
        let table = state.table.as_deref().unwrap_or(&[]);
        let pte_ok = (start..).zip(table).filter(|(page, dma)| {
            let va = page << 12;
            let leaf = view.leaves_in(va, va + 1).next();
            leaf.is_some_and(|leaf| leaf.attributes >> 24 == 0x30 && leaf.pa == **dma)
        });
        let pages = state.pages.as_deref().unwrap_or(&[]);
        let pages_ok = pages
            .iter()
            .zip(table)
            .filter(|(page, dma)| **page == Some(**dma));
        let nrpages = header.filp().map_or(-1, |file| file.nr_resident() as i64);
        format!(
            "size={:x} use={} vmap={} madv={} pages={} sgt={} vaddr={} imp={} dbuf={} ref={} hc={} nrpages={nrpages} \
             vma={:x} wc={} d={} node={start:x}+{size:x} pte_ok={}/{size} pages_ok={} kvaddr={}",
            header.size(),
            state.pages_use,
            state.vmap_use,
            state.madv,
            u8::from(state.pages.is_some()),
            u8::from(state.table.is_some()),
            u8::from(state.vaddr),
            u8::from(header.is_imported()),
            u8::from(header.has_dma_buf()),
            // Less the window's own.
            header.refs() - 1,
            header.handle_count(),
            header.node().offset().unwrap_or(0) >> 12,
            u8::from(state.wc),
            u8::from(state.dirty),
            pte_ok.count(),
            pages_ok.count(),
            u8::from(state.job_vaddr),
        )
    }

    fn other(&self, window: &Window, words: &[&str]) -> Option<String> {
        let file = window.file(arg(words, 1));
        match words[0] {
            "m" => self.machine(words),
            "param" => Some(self.get_param(file?, words)),
            "cl" => Some(self.submit_cl(window, file?, words)),
            "cpu" => Some(self.submit_cpu(window, file?, words)),
            "fdinfo" => Some(self.fdinfo(file?)),
            "dbg" => {
                let stats = self.v3d.stats();
                Some(format!(
                    "allocated bos: {} | allocated bo size (kb): {}",
                    stats.allocated,
                    stats.pages << 2
                ))
            }
            // The program that recorded takes its first number for the time-out, too.
            "waith" => Some(self.wait(
                file?,
                arg(words, 2) as u32,
                arg(words, 2),
                arg(words, 3) as u32,
            )),
            _ => None,
        }
    }
}
