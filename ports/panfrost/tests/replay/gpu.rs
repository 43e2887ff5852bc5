//! Operations on the hardware, and white-box questions.

use std::fmt::Write as _;

use drm_core::gem::MemoryStats;
use drm_core::machine::{ScanResult, ShrinkControl};
use port_kit::mmu::runs_by;
use port_kit::window::{arg, word};
use port_panfrost::hw::{AccessKind, Ended, JS_STATUS_DONE, SLOTS, SPACES};
use port_panfrost::regs::{MMU_INT_MASK, MMU_INT_RAWSTAT};
use port_panfrost::uapi;

use super::script::Script;

/// `JS_STATUS` of a job that could not read.
const JOB_READ_FAULT: u32 = 0x42;
/// The slot that jobs without requirements go to.
const SLOT: usize = 1;

impl Script {
    pub fn gpu_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "submit" => {
                let handles: Vec<u32> = words[4..].iter().map(|word| self.handle(word)).collect();
                Some(self.submit(n(1), n(2), n(3) as u32, 0, &handles)?)
            }
            "submitsync" => Some(self.submit(n(1), n(2), n(3) as u32, n(4) as u32, &[])?),
            "fin" => {
                let status = if words.len() > 2 {
                    n(2) as u32
                } else {
                    JS_STATUS_DONE
                };
                let before = self.panfrost.gpu().finish_job(n(1) as usize, status);
                Some(format!(
                    "act={} done next={}",
                    u8::from(before.active),
                    before.next
                ))
            }
            "gpu" | "gpuc" => {
                let kind = access_kind(words.get(3)?, n(4));
                self.submit(n(1), n(2), 0, 0, &[])?;
                let space = self.panfrost.gpu().slot(SLOT)?.space();
                let (text, good) = self.access(space, n(2), kind);
                let status = if good { JS_STATUS_DONE } else { JOB_READ_FAULT };
                self.panfrost.gpu().finish_job(SLOT, status);
                if words[0] == "gpuc" && !good {
                    return Some(format!("{text} {}", self.cycle()));
                }
                Some(text)
            }
            "acc" => {
                let kind = access_kind(words.get(3)?, n(4));
                Some(self.access(n(1) as usize, n(2), kind).0)
            }
            "fault" => {
                let gpu = self.panfrost.gpu();
                let (raw, mask) = gpu.raise_fault(n(1) as usize, n(2), n(3) as u32, n(4) != 0);
                let table = u8::from(gpu.translation_table(n(1) as usize) != 0);
                Some(format!("raw={raw:x} mask={mask:x} tt={table}"))
            }
            "js" => {
                let mut text = String::new();
                for js in 0..SLOTS {
                    let slot = self.panfrost.gpu().slot(js)?;
                    write!(
                        text,
                        "js{js} act={} head={:x} next={} cfg={:x} status={:x};",
                        u8::from(slot.active),
                        slot.head,
                        slot.next,
                        slot.config,
                        slot.status
                    )
                    .ok()?;
                }
                Some(text)
            }
            _ => {
                let mut text = String::new();
                for space in 0..SPACES {
                    let Some(counts) = self.panfrost.gpu().take_counts(space) else {
                        continue;
                    };
                    write!(
                        text,
                        "as{space} upd={} lock={} unlock={} pt={} mem={} lastlock={:x} memattr={:x} tt={};",
                        counts.update,
                        counts.lock,
                        counts.unlock,
                        counts.flush_pt,
                        counts.flush_mem,
                        counts.last_lock,
                        counts.memattr,
                        u8::from(counts.transtab != 0)
                    )
                    .ok()?;
                }
                Some(text + ".")
            }
        }
    }

    /// The handle of a slot; 0, which no object has, for an empty one.
    fn handle(&self, word: &str) -> u32 {
        let slot = word.parse().ok().and_then(|slot| self.slots.get(&slot));
        slot.map_or(0, |slot| slot.handle)
    }

    fn submit(
        &self,
        file: u64,
        jc: u64,
        requirements: u32,
        out_sync: u32,
        handles: &[u32],
    ) -> Option<String> {
        let file = self.files.get(&file)?;
        let user = self.machine.user();
        let bo_handles = user.put(bytemuck::cast_slice(handles));
        let mut args = uapi::Submit {
            jc,
            requirements,
            out_sync,
            bo_handles,
            bo_handle_count: handles.len() as u32,
            ..uapi::Submit::default()
        };
        let result = self.ioctl(file, uapi::SUBMIT, &mut args);
        user.take(bo_handles);
        Some(word(result))
    }

    /// One access; whether it was done.
    fn access(&self, space: usize, va: u64, kind: AccessKind) -> (String, bool) {
        let accessed = self.panfrost.gpu().access(space, va, kind);
        let faults = accessed.faults;
        let end = match accessed.ended {
            Ended::Done { leaf, value } => {
                format!("ok faults={faults} leaf={:x} val={value:x}", leaf.size)
            }
            Ended::Disabled => format!("disabled faults={faults}"),
            Ended::Forbidden => "noexec leaf".to_owned(),
            Ended::Stuck { depth } => format!("stuck faults={faults} lvl={depth}"),
        };
        let good = matches!(accessed.ended, Ended::Done { .. });
        (format!("acc as={space} va={va:x} {end}"), good)
    }

    pub fn white_box(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "bo" => self.bo(n(1)),
            "shrink" => Some(self.shrink(n(2))),
            "dropcaches" => {
                // Slab caches are bit 1; pages in use by objects are no page cache to drop.
                if n(1) & 2 != 0 {
                    while self.scan(u64::MAX) > 0 {}
                }
                Some("0".to_owned())
            }
            "mm" => {
                let nodes = self.panfrost.va_nodes(self.files.get(&n(1))?);
                Some(
                    nodes
                        .iter()
                        .map(|node| format!("[{:x}+{:x} c={}]", node.start, node.len, node.color))
                        .collect(),
                )
            }
            "walk" => self.walk(n(1)),
            "vm" => {
                let vm = self.panfrost.vm(self.files.get(&n(1))?)?;
                let features = self.panfrost.pfdev().features();
                let coherent = self.panfrost.pfdev().coherent();
                let (transtab, memattr) = vm.registers();
                Some(format!(
                    "as={} count={} ias={} oas={} transtab_low={:x} memattr={memattr:x} coherent={} ref={}",
                    vm.as_nr(),
                    vm.as_count(),
                    features.va_bits(),
                    features.pa_bits(),
                    transtab & 0xfff,
                    u8::from(coherent),
                    std::sync::Arc::strong_count(&vm) - 1
                ))
            }
            "dev" => {
                let state = self.panfrost.device_state();
                let gpu = self.panfrost.gpu();
                Some(format!(
                    "alloc={:x} faulty={:x} mask={:x} raw={:x} rpm=1 active={} usage={} resets={}",
                    state.alloc_mask,
                    state.faulty_mask,
                    gpu.read(MMU_INT_MASK),
                    gpu.read(MMU_INT_RAWSTAT),
                    u8::from(state.active),
                    state.usage,
                    gpu.resets()
                ))
            }
            "fdinfo" => {
                let stats = MemoryStats::of(self.files.get(&n(1))?);
                let mut text = format!(
                    "total:{} shared:{} active:{}",
                    size(stats.total()),
                    size(stats.shared),
                    size(stats.active)
                );
                if stats.has_status {
                    text += &format!(
                        " resident:{} purgeable:{}",
                        size(stats.resident),
                        size(stats.purgeable)
                    );
                }
                Some(text)
            }
            _ => Some("unknown operation".to_owned()),
        }
    }

    fn scan(&self, pages: u64) -> u64 {
        match self.panfrost.shrinker().scan(ShrinkControl::direct(pages)) {
            ScanResult::Freed(freed) => freed,
            ScanResult::Stop => 0,
        }
    }

    fn shrink(&self, pages: u64) -> String {
        let count = || self.panfrost.shrinker().count(ShrinkControl::direct(pages));
        let before = count();
        let freed = self.scan(pages);
        format!("count={before} freed={freed} after={}", count())
    }

    fn walk(&self, file: u64) -> Option<String> {
        let leaves = self.panfrost.leaves(self.files.get(&file)?);
        let index: std::collections::HashMap<u64, i64> = leaves
            .iter()
            .map(|(leaf, index)| (leaf.va, index.map_or(-1, |index| index as i64)))
            .collect();
        let follows =
            |a: &port_kit::mmu::Leaf, b: &port_kit::mmu::Leaf| index[&a.va] + 1 == index[&b.va];
        let mut text = String::new();
        let mut runs = 0;
        for run in runs_by(leaves.iter().map(|(leaf, _)| *leaf), follows) {
            let first = run.first;
            runs += 1;
            write!(
                text,
                "pt {:x}+{}x{:x} attr={:016x} idx={}; ",
                first.va, run.count, first.size, first.attributes, index[&first.va]
            )
            .ok()?;
        }
        Some(format!("{text}pt runs={runs}"))
    }

    /// The state of a slot's object.
    pub fn bo(&self, slot: u64) -> Option<String> {
        let (file, handle) = self.slot(slot)?;
        let Some(object) = file.lookup(handle) else {
            return Some("ENOENT".to_owned());
        };
        let bo = self.panfrost.inspect(&object)?;
        let header = object.gem();
        let bit = u8::from;
        let resident = header.filp().map_or(-1, |filp| filp.nr_resident() as i64);
        let own = bo.pages.as_ref().filter(|_| !header.is_imported());
        let present = own.map_or(0, |pages| pages.iter().flatten().count());
        let chunks = bo.chunks.map_or("-".to_owned(), |chunks| {
            chunks
                .iter()
                .map(|present| if *present { '1' } else { '0' })
                .collect()
        });
        let own_vm = self.panfrost.vm(file)?;
        let maps: String = bo
            .mappings
            .iter()
            .map(|mapping| {
                let mine = std::ptr::eq(mapping.vm.as_ptr(), &*own_vm);
                let as_nr = mapping.vm.upgrade().map_or(-1, |vm| vm.as_nr());
                format!(
                    "[{:x}+{:x} act={} alloc={} mine={} as={as_nr} ref={}]",
                    mapping.va,
                    mapping.len,
                    bit(mapping.active),
                    bit(mapping.allocated),
                    bit(mine),
                    mapping.refs
                )
            })
            .collect();
        Some(format!(
            "size={:x} noexec={} heap={} use={} vmap={} pages={} present={present} sgt={} madv={} imp={} dbuf={} ref={} \
             hc={} wc={} nrpages={resident} gpu={} rss={:x} listed={} purgeable={} vma={} chunks={chunks} maps={maps}",
            header.size(),
            bit(bo.noexec),
            bit(bo.heap),
            bo.pages_use,
            bo.vmap_use,
            bit(own.is_some()),
            bit(bo.sgt),
            bo.madv,
            bit(header.is_imported()),
            bit(header.has_dma_buf()),
            header.refs() - 1,
            header.handle_count(),
            bit(bo.wc),
            bo.gpu_use,
            bo.heap_rss,
            bit(bo.listed),
            bit(bo.purgeable),
            bit(header.node().offset().is_some()),
        ))
    }
}

fn access_kind(word: &str, value: u64) -> AccessKind {
    match word {
        "w" => AccessKind::Write(value as u32),
        "x" => AccessKind::Execute,
        _ => AccessKind::Read,
    }
}

/// Bytes as fdinfo prints them (`print_size`).
fn size(bytes: u64) -> String {
    let mut bytes = bytes;
    for unit in ["", "KiB"] {
        if bytes == 0 || !bytes.is_multiple_of(1024) {
            return format!("{bytes}{unit}");
        }
        bytes /= 1024;
    }
    format!("{bytes}MiB")
}
