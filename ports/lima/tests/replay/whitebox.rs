//! What the recordings' window into the driver shows, and the operations that lima alone has.

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{Device, File, IoctlNr};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::Fail;
use drm_core::sync::Arc;
use port_kit::mmu::{Access, runs_by};
use port_kit::window::{Created, Info, Subject, UNTOUCHED, Window, arg, word};
use port_lima::Lima;
use port_lima::hw::Mmu;
use port_lima::inspect::{self, BoState};
use port_lima::regs::{gp, mmu};
use port_lima::uapi::{self, nr};
use port_lima::vm::LimaVm;

/// Most runs and holes that a line shows.
const SHOWN: usize = 40;

pub(super) struct Whitebox {
    device: Device,
    pub(super) lima: Arc<Lima>,
}

/// One of the driver's ioctls; the struct as it comes back.
pub(crate) fn ioctl<T: Pod>(file: &File, number: u32, mut args: T) -> (Result, T) {
    let number = IoctlNr::driver(number, size_of::<T>()).raw();
    let result = file.ioctl(number, bytes_of_mut(&mut args));
    (result, args)
}

impl Whitebox {
    pub(super) fn new(device: &Device, lima: &Arc<Lima>) -> Self {
        Self {
            device: device.clone(),
            lima: Arc::clone(lima),
        }
    }

    fn vm(&self, file: &File) -> Arc<LimaVm> {
        self.lima.vm(file).expect("a file of this driver")
    }

    fn ptes(vm: &Arc<LimaVm>) -> String {
        vm.with_table(|table| {
            let mut text = "blocks:".to_owned();
            for block in table.blocks() {
                text += &format!(" {block}");
            }
            text += " pte:";
            let (mut total, mut runs) = (0, 0);
            for run in runs_by(table.view().leaves(), |_, _| true) {
                if runs < SHOWN {
                    let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
                    text += &format!(" [{first:x}..{last:x}]={:x}", run.first.attributes);
                }
                total += run.count;
                runs += 1;
            }
            let (pdes, bad) = table.directory_entries();
            let blocks = table.blocks().count();
            // Less the window's own reference.
            let refs = Arc::strong_count(vm) - 1;
            text + &format!(
                " pdes={pdes} bad_pdes={bad} blocks={blocks} total={total} runs={runs} vmref={refs}"
            )
        })
    }

    fn holes(vm: &LimaVm) -> String {
        vm.with_mm(|mm| {
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

    fn regs(&self, file: &File) -> String {
        let (hw, figures) = (self.lima.hw(), self.lima.hw().figures());
        let vm = self.vm(file);
        let whose = |unit| match hw.read_mmu(unit, mmu::DTE_ADDR) {
            root if root == vm.root() => "mine",
            root if root == self.lima.empty_vm().root() => "empty",
            _ => "other",
        };
        let g = |reg| hw.read_gp(reg);
        format!(
            "l2={} zap_gp={} zap_pp={} start={} update={} soft={} hard={} mmureset={} pfdone={} gpdte={} pp0dte={} \
             gp_status={:x} gp_raw={:x} gp_mask={:x} gpmmu_status={:x} gpmmu_mask={:x} vs={:x}..{:x} plbu={:x}..{:x} \
             alloc={:x}..{:x}",
            figures.l2_flushes,
            figures.gp_zaps,
            figures.pp_zaps,
            figures.gp_starts,
            figures.heap_updates,
            figures.soft_resets,
            figures.hard_resets,
            figures.mmu_resets,
            figures.faults_done,
            whose(Mmu::Gp),
            whose(Mmu::Pp(0)),
            g(gp::STATUS),
            g(gp::INT_RAWSTAT),
            g(gp::INT_MASK),
            hw.read_mmu(Mmu::Gp, mmu::STATUS),
            hw.read_mmu(Mmu::Gp, mmu::INT_MASK),
            g(gp::VSCL_START),
            g(gp::VSCL_START + 4),
            g(gp::PLBUCL_START),
            g(gp::PLBUCL_START + 4),
            g(gp::ALLOC_START),
            g(gp::ALLOC_END),
        )
    }

    /// `m WHAT F ...`
    fn machine(&self, window: &Window, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at) as u32;
        let hw = self.lima.hw();
        let file = window.file(arg(words, 2))?;
        let ok = || {
            self.lima.deliver_interrupts();
            "ok".to_owned()
        };
        Some(match *words.get(1)? {
            "ptes" => Self::ptes(&self.vm(file)),
            "empty" => Self::ptes(self.lima.empty_vm()).replace("vmref=0", "vmref=1"),
            "mm" => Self::holes(&self.vm(file)),
            "regs" => self.regs(file),
            "gp" => {
                hw.raise_gp(n(3), words.get(4).map(|_| n(4)));
                ok()
            }
            "pp" => {
                hw.raise_pp(n(3) as usize, n(4));
                ok()
            }
            "mmu" => {
                let unit = match n(3) {
                    0 => Mmu::Gp,
                    pp => Mmu::Pp(pp as usize - 1),
                };
                hw.raise_mmu(unit, n(4), n(5) != 0);
                ok()
            }
            "gpurd" => self.vm(file).with_table(|table| {
                match table.view().translate(arg(words, 3), Access::Read) {
                    Err(_) => "pte=0".to_owned(),
                    Ok((pa, leaf)) => {
                        let mut byte = [0];
                        window.machine().ram().read(pa, &mut byte);
                        format!("pte={:x} byte={:02x}", leaf.attributes, byte[0])
                    }
                }
            }),
            "dmamask" => {
                let was = self.device.dma().config().mask;
                self.device.dma().set_mask(arg(words, 3));
                format!("was {was:x}")
            }
            _ => return None,
        })
    }

    /// `mo isize SLOT N`: pages from byte N on cannot be read.
    fn limit(&self, window: &Window, words: &[&str]) -> Option<String> {
        let slot = window.slot(arg(words, 2))?;
        let object = window.file(slot.file)?.lookup(slot.handle)?;
        let size = object.gem().size();
        let limit = arg(words, 3);
        let failpoints = window.machine().failpoints();
        if limit == size {
            failpoints.disarm();
            return Some("was b000".to_owned());
        }
        let resident = object.gem().filp()?.nr_resident();
        failpoints.fail_from(Fail::PageAlloc, (limit >> 12) - resident + 1);
        Some(format!("was {size:x}"))
    }

    fn mappings(state: &BoState, mine: &Arc<LimaVm>) -> String {
        let table = state.table.as_deref().unwrap_or(&[]);
        let array = state.pages.as_deref().unwrap_or(&[]);
        let pages_ok = array
            .iter()
            .zip(table)
            .filter(|(page, dma)| **page == Some(**dma));
        let pages_ok = pages_ok.count();
        let mut text = String::new();
        for (vm, mapping) in &state.mappings {
            let Some(vm) = vm.upgrade() else { continue };
            let whose = if Arc::ptr_eq(&vm, mine) {
                "mine"
            } else {
                "other"
            };
            let pte_ok = vm.with_table(|entries| {
                let view = entries.view();
                let is_ok = |(page, dma): &(u64, &u64)| {
                    let va = mapping.va + (page << 12);
                    let leaf = view.leaves_in(va, va + 1).next();
                    leaf.is_some_and(|leaf| leaf.attributes == 0x1df && leaf.pa == **dma)
                };
                (0..).zip(table).filter(is_ok).count()
            });
            text += &format!(
                " va{{{whose} ref={} {:x}+{:x} pte_ok={pte_ok}/{} pages_ok={pages_ok}}}",
                mapping.users,
                mapping.va,
                mapping.size,
                table.len()
            );
        }
        text
    }
}

impl Subject for Whitebox {
    fn device(&self) -> &Device {
        &self.device
    }

    fn create(&self, file: &File, size: u32, flags: u32, pad: u32) -> Created {
        let args = uapi::GemCreate {
            size,
            flags,
            handle: 0,
            pad,
        };
        let (result, args) = ioctl(file, nr::GEM_CREATE, args);
        Created {
            result,
            handle: args.handle,
            offset: 0,
        }
    }

    fn info(&self, file: &File, handle: u32) -> Info {
        let args = uapi::GemInfo {
            handle,
            va: UNTOUCHED as u32,
            offset: UNTOUCHED,
        };
        let (result, args) = ioctl(file, nr::GEM_INFO, args);
        Info {
            result,
            va: args.va.into(),
            offset: args.offset,
        }
    }

    fn fake_offset(&self, file: &File, handle: u32, _flags: u32) -> (Result, u64) {
        let info = self.info(file, handle);
        (info.result, info.offset)
    }

    /// The program that recorded adds its time-out to the clock, unless it is 0.
    fn wait(&self, file: &File, handle: u32, timeout: u64, op: u32) -> String {
        let now = file.machine().clock().now();
        let deadline = match timeout {
            0 => 0,
            timeout => now + timeout,
        };
        let args = uapi::GemWait {
            handle,
            op,
            timeout_ns: deadline as i64,
        };
        word(ioctl(file, nr::GEM_WAIT, args).0)
    }

    fn bo(&self, file: &File, object: &Gem) -> String {
        let header = object.gem();
        let state = inspect::state(object).expect("an object of this driver");
        let installed = state.pages.iter().flatten().flatten().count();
        let nrpages = header.filp().map_or(-1, |file| file.nr_resident() as i64);
        format!(
            "size={:x} use={} vmap={} madv={} pages={} sgt={} vaddr={} imp={} dbuf={} ref={} hc={} nrpages={nrpages} \
             vma={:x} wc={} d={} heap={:x} installed={installed}{}",
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
            state.heap_size,
            Self::mappings(&state, &self.vm(file)),
        )
    }

    fn other(&self, window: &Window, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        let file = window.file(n(1));
        match words[0] {
            "m" => self.machine(window, words),
            "mo" => self.limit(window, words),
            "gp" | "gpx" => self.gp(window, words),
            "pp" => self.pp(window, words),
            "param" => {
                let args = uapi::GetParam {
                    param: n(2) as u32,
                    pad: n(3) as u32,
                    // The program that recorded does not pass the value on.
                    value: 0,
                };
                let (result, args) = ioctl(file?, nr::GET_PARAM, args);
                Some(format!("{} {:#x}", word(result), args.value))
            }
            "waith" => Some(self.wait(file?, n(2) as u32, n(3), n(4) as u32)),
            "ctx" => {
                let args = uapi::Ctx {
                    id: 0,
                    pad: n(3) as u32,
                };
                let (result, args) = ioctl(window.file(n(2))?, nr::CTX_CREATE, args);
                Some(format!("{} id={}", word(result), args.id))
            }
            "ctxfree" => {
                let args = uapi::Ctx {
                    id: n(2) as u32,
                    pad: n(3) as u32,
                };
                Some(word(ioctl(file?, nr::CTX_FREE, args).0))
            }
            // The driver shows nothing.
            "fdinfo" => file.map(|_| String::new()),
            _ => None,
        }
    }
}
