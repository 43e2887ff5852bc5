//! What can be seen from outside: entries, addresses, commands of the MMU, and what is held.

use drm_core::gem::Gem;
use drm_core::sync::Arc;
use port_ivpu::{Context, HeldBo};
use port_kit::desk::Held;
use port_kit::trace::outcome;

use super::{Bo, Fd, Session};

/// Attributes of an entry, in words.
fn attributes(raw: u64) -> String {
    let hint = if raw & 1 << 52 == 0 { "" } else { "|CONT" };
    format!("{:#x}{hint}", raw & 0xfff)
}

impl Session {
    /// What is inside an object.
    pub(crate) fn look(&mut self, bo: Bo) {
        match self.file(bo.fd).lookup(bo.handle) {
            Some(object) => self.look_at(&bo.to_string(), &object),
            None => self.record(format_args!("inside {bo}"), "no such object"),
        }
    }

    /// The same of an object that is at hand.
    pub(crate) fn look_at(&mut self, name: &str, object: &Gem) {
        let state = self.ivpu.inspect(object).expect("it is the driver's");
        let text = format!(
            "size={:#x} va={:#x} ssid={} mapped={} pages={} use={} vmap={} sgt={} wc={}",
            state.size,
            state.vpu_addr,
            state
                .ssid
                .map_or("none".to_owned(), |ssid| ssid.to_string()),
            state.mmu_mapped,
            state.pages.as_ref().map_or(0, Vec::len),
            state.pages_use,
            state.vmap_use,
            state.sgt,
            state.wc
        );
        self.record(format_args!("inside {name}"), text);
    }

    /// What debugfs lists of all BOs.
    pub(crate) fn bo_list(&mut self) {
        let lines: Vec<String> = self
            .ivpu
            .bo_list()
            .iter()
            .map(|bo| {
                let marks = [
                    (bo.has_pages, " has_pages"),
                    (bo.mmu_mapped, " mmu_mapped"),
                    (bo.imported, " imported"),
                ];
                let marks: String = marks
                    .iter()
                    .filter_map(|(is, mark)| is.then_some(*mark))
                    .collect();
                format!(
                    "[{} {:#x} {} {:#x}{marks}]",
                    bo.ssid.map_or("none".to_owned(), |ssid| ssid.to_string()),
                    bo.vpu_addr,
                    bo.size,
                    bo.flags
                )
            })
            .collect();
        self.record("debugfs lists", lines.concat());
    }

    /// The object of a handle, held.
    pub(crate) fn hold(&self, bo: Bo) -> Gem {
        self.file(bo.fd).lookup(bo.handle).expect("it is there")
    }

    /// The context of a file.
    pub(crate) fn context(&self, fd: Fd) -> Arc<Context> {
        self.ivpu.context(&self.file(fd)).expect("it is open")
    }

    /// Runs of entries from an address on, with the pages of an object in the place of addresses.
    pub(crate) fn entries(&mut self, bo: Bo, from: u64, count: u64) {
        let context = self.context(bo.fd);
        let pages = self
            .file(bo.fd)
            .lookup(bo.handle)
            .and_then(|object| self.ivpu.inspect(&object)?.pages)
            .unwrap_or_default();
        self.entries_of(&context, &pages, from, count);
    }

    /// The same of any context.
    pub(crate) fn entries_of(&mut self, context: &Context, pages: &[u64], from: u64, count: u64) {
        let describe = |va: u64| match context.raw(va) {
            None => ("no table".to_owned(), None),
            Some(0) => ("0".to_owned(), None),
            Some(raw @ 0xdead_b000) => (format!("{raw:#x}"), None),
            Some(raw) => {
                let pa = raw & 0x0000_ffff_ffff_f000;
                (
                    attributes(raw),
                    Some(pages.iter().position(|page| *page == pa)),
                )
            }
        };
        // First address, number, what they have in common, the page of the first.
        let mut runs: Vec<(u64, u64, String, Option<Option<usize>>)> = Vec::new();
        for va in (0..count).map(|index| from + index * 4096) {
            let (text, page) = describe(va);
            let next = |first: &Option<Option<usize>>, count: u64| {
                first.map(|first| first.map(|first| first + count as usize))
            };
            match runs.last_mut() {
                Some((_, count, same, first)) if *same == text && next(first, *count) == page => {
                    *count += 1
                }
                _ => runs.push((va, 1, text, page)),
            }
        }
        let text: Vec<String> = runs
            .iter()
            .map(|(va, count, text, page)| {
                let page = match page {
                    None => String::new(),
                    Some(None) => " of another page".to_owned(),
                    Some(Some(page)) => format!(" page {page}"),
                };
                format!("{va:#x} x{count}{page} {text}")
            })
            .collect();
        self.record(
            format_args!("entries of ssid {}", context.ssid()),
            text.join("; "),
        );
    }

    /// What is taken of the addresses of a file.
    pub(crate) fn va_space(&mut self, fd: Fd) {
        let nodes = self.context(fd).nodes();
        let text: String = nodes
            .iter()
            .map(|node| format!("[{:#x}+{:#x}]", node.start, node.size))
            .collect();
        self.record(
            format_args!("va of file {}", fd.0),
            if text.is_empty() {
                "free".to_owned()
            } else {
                text
            },
        );
    }

    /// Commands of the MMU since this was last asked.
    pub(crate) fn commands(&mut self) {
        let commands = self.ivpu.npu().mmu().take_commands();
        let text: Vec<String> = commands
            .iter()
            .map(|(code, asid)| match code {
                0x11 => format!("TLBI {asid}"),
                0x46 => "SYNC".to_owned(),
                0x30 => "TLBI all".to_owned(),
                0x04 => "CFGI all".to_owned(),
                other => format!("{other:#x}"),
            })
            .collect();
        self.record(
            "commands to the mmu",
            if text.is_empty() {
                "none".to_owned()
            } else {
                text.join(", ")
            },
        );
    }

    /// How the exporter of a buffer sees it: attached devices, segments mapped.
    pub(crate) fn mapped_segments(&mut self) {
        let now = Held::of(&self.machine, self.ivpu.device().object_count());
        let segments = now.segments_beyond(&self.held);
        self.record("dma segments mapped", segments);
    }

    /// What is held since the session began.
    pub(crate) fn memory(&mut self) {
        let now = Held::of(&self.machine, self.ivpu.device().object_count());
        let text = now.beyond(&self.held);
        self.record("held", text);
    }
}

impl Session {
    /// Runs of entries of the global context, with the pages of a BO of the kernel in the place of addresses.
    pub(crate) fn kernel_entries(&mut self, bo: &HeldBo, from: u64, count: u64) {
        let context = Arc::clone(self.ivpu.ivpu().global_context());
        let state = self.ivpu.inspect(&bo.object());
        let pages = state.and_then(|state| state.pages).unwrap_or_default();
        self.entries_of(&context, &pages, from, count);
    }

    /// Makes pages of the global context read-only.
    pub(crate) fn set_read_only(&mut self, at: u64, size: u64) {
        let result = self.ivpu.ivpu().global_context().set_pages_ro(at, size);
        self.record(
            format_args!("read-only {at:#x} {size:#x} bytes"),
            outcome(&result),
        );
    }

    /// The next waits for the MMU get no answer.
    pub(crate) fn lose_syncs(&mut self, n: u32) {
        self.ivpu.npu().mmu().lose_syncs(n);
        self.trace.line(format_args!("the next {n} SYNC get lost"));
    }

    /// The device sleeps until the next job.
    pub(crate) fn suspend(&mut self) {
        self.ivpu.suspend();
        self.trace.line("the device sleeps");
    }

    /// Contexts that have a descriptor.
    pub(crate) fn contexts(&mut self) {
        let contexts = self.ivpu.npu().mmu().contexts();
        self.record("contexts with a descriptor", format_args!("{contexts:?}"));
    }

    /// What is inside a file's command queues.
    pub(crate) fn queues(&mut self, fd: Fd) {
        let queues = self.ivpu.queues(&self.file(fd));
        self.record(format_args!("queues of file {}", fd.0), queues.len());
        for (index, object) in queues.iter().enumerate() {
            self.look_at(&format!("queue {index}"), object);
        }
    }
}
