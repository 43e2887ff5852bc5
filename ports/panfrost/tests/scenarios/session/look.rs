//! What can be seen from outside: page tables, VA, memory figures, and what is held.

use drm_core::gem::MemoryStats;
use port_kit::desk::Held;
use port_kit::mmu::{Leaf, runs_by};
use port_kit::trace::{ioctl, outcome};
use port_panfrost::uapi;

use super::{Fd, Session};

/// Permissions of a leaf in words.
fn permissions(attributes: u64) -> String {
    let bit = |mask: u64, word| if attributes & mask == mask { word } else { '-' };
    let execute = if attributes & (3 << 53) == 0 {
        'x'
    } else {
        '-'
    };
    format!("{}{}{execute}", bit(1 << 6, 'r'), bit(1 << 7, 'w'))
}

impl Session {
    /// The page table of a file, as runs.
    pub(crate) fn page_table(&mut self, fd: Fd) {
        let leaves = self.panfrost.leaves(&self.file(fd));
        let index: std::collections::HashMap<u64, Option<u64>> = leaves
            .iter()
            .map(|(leaf, index)| (leaf.va, *index))
            .collect();
        let step = |leaf: &Leaf| leaf.size >> 12;
        let follows =
            |a: &Leaf, b: &Leaf| index[&a.va].map(|index| index + step(a)) == index[&b.va];
        let runs: Vec<String> = runs_by(leaves.iter().map(|(leaf, _)| *leaf), follows)
            .map(|run| {
                let page = index[&run.first.va]
                    .map_or("no page of its object".to_owned(), |index| {
                        format!("page {index}")
                    });
                let leaf = if run.first.size == 0x1000 { "4K" } else { "2M" };
                format!(
                    "{:#x} {}x{leaf} {} {page}",
                    run.first.va,
                    run.count,
                    permissions(run.first.attributes)
                )
            })
            .collect();
        let text = if runs.is_empty() {
            "empty".to_owned()
        } else {
            runs.join("; ")
        };
        self.record(format_args!("page table of file {}", fd.0), text);
    }

    /// What is taken in the VA space of a file.
    pub(crate) fn va_space(&mut self, fd: Fd) {
        let nodes = self.panfrost.va_nodes(&self.file(fd));
        let text: String = nodes
            .iter()
            .map(|node| {
                format!(
                    "[{:#x}+{:#x}{}]",
                    node.start,
                    node.len,
                    if node.color == 0 { " code" } else { "" }
                )
            })
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

    /// The memory figures of a file, in KiB.
    pub(crate) fn figures(&mut self, fd: Fd) {
        let stats = MemoryStats::of(&self.file(fd));
        let text = format!(
            "total={} shared={} resident={} purgeable={} active={} KiB",
            stats.total() >> 10,
            stats.shared >> 10,
            stats.resident >> 10,
            stats.purgeable >> 10,
            stats.active >> 10
        );
        self.record(format_args!("fdinfo of file {}", fd.0), text);
    }

    /// Pages that the machine has handed out since the session began, page tables apart.
    pub(crate) fn memory(&mut self) {
        let now = Held::of(&self.machine, self.panfrost.device().object_count());
        let pages = now.pages_beyond(&self.held);
        self.record("memory", format_args!("{pages} pages"));
    }

    /// Commands that the hardware spaces were given since this was last asked.
    pub(crate) fn commands(&mut self) {
        let counts: Vec<String> = (0..port_panfrost::hw::SPACES)
            .filter_map(|space| {
                let counts = self.panfrost.gpu().take_counts(space)?;
                Some(format!(
                    "space {space}: update={} lock={} unlock={} flush_pt={} flush_mem={} last lock={:#x}",
                    counts.update, counts.lock, counts.unlock, counts.flush_pt, counts.flush_mem, counts.last_lock
                ))
            })
            .collect();
        let text = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join("; ")
        };
        self.record("commands to the mmu", text);
    }

    /// The hardware space that a file holds.
    pub(crate) fn space(&mut self, fd: Fd) {
        let vm = self.panfrost.vm(&self.file(fd)).expect("the file is open");
        let (as_nr, count) = (vm.as_nr(), vm.as_count());
        drop(vm);
        let text = if as_nr < 0 {
            "none".to_owned()
        } else {
            format!("{as_nr}, {count} users")
        };
        self.record(format_args!("space of file {}", fd.0), text);
    }

    /// PERFCNT_ENABLE.
    pub(crate) fn perfcnt(&mut self, fd: Fd, enable: bool, counterset: u32) {
        let mut args = uapi::PerfcntEnable {
            enable: enable.into(),
            counterset,
        };
        let result = ioctl(&self.file(fd), uapi::PERFCNT_ENABLE, &mut args);
        let word = if enable { "enable" } else { "disable" };
        self.record(
            format_args!("perfcnt {word} in file {} set {counterset}", fd.0),
            outcome(&result),
        );
    }

    /// PERFCNT_DUMP into `room` bytes of user space; the words that are not 0 are recorded.
    pub(crate) fn perfcnt_dump(&mut self, fd: Fd, room: usize) {
        let buf_ptr = self.machine.user().put(&vec![0; room]);
        let mut args = uapi::PerfcntDump { buf_ptr };
        let result = ioctl(&self.file(fd), uapi::PERFCNT_DUMP, &mut args);
        let bytes = self.machine.user().take(buf_ptr).unwrap_or_default();
        let words: Vec<String> = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .enumerate()
            .filter(|(_, word)| *word != 0)
            .map(|(at, word)| format!("[{at}]={word:#x}"))
            .collect();
        self.record(
            format_args!("perfcnt dump in file {}", fd.0),
            format_args!("{} {}", outcome(&result), words.join(" ")),
        );
    }
}
