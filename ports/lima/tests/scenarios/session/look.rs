//! Looking at what the driver and the device hold.

use port_kit::mmu::runs_by;
use port_lima::hw::Mmu;
use port_lima::regs::{gp, mmu};
use port_lima::vm::LimaVm;

use super::*;

/// Most runs and holes that a line shows.
const SHOWN: usize = 8;

impl Session {
    fn vm(&self, fd: Fd) -> Arc<LimaVm> {
        self.lima.vm(&self.file(fd)).expect("a file of this driver")
    }

    /// Blocks of page tables, and live entries as runs of page numbers.
    pub(crate) fn entries(&mut self, fd: Fd) {
        let text = self.vm(fd).with_table(|table| {
            let blocks: Vec<_> = table.blocks().map(|block| block.to_string()).collect();
            let (mut runs, mut total) = (Vec::new(), 0);
            for run in runs_by(table.view().leaves(), |_, _| true) {
                let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
                runs.push(format!(
                    "{first:#x}..={last:#x} flags {:#x}",
                    run.first.attributes
                ));
                total += run.count;
            }
            let mut text = format!("blocks [{}], {total} entries", blocks.join(" "));
            for run in runs.iter().take(SHOWN) {
                text += &format!(", {run}");
            }
            text
        });
        self.record(format_args!("entries of file {}", fd.0), text);
    }

    /// Whether the first `pages` entries of an object name the pages of its file, in order.
    pub(crate) fn entries_name_the_pages(&mut self, bo: Bo, pages: u64) {
        let object = self.file(bo.fd).lookup(bo.handle).expect("it has a handle");
        let file = object.gem().filp().cloned().expect("it is no import");
        let same = self.vm(bo.fd).with_table(|table| {
            let view = table.view();
            (0..pages).all(|index| {
                let va = u64::from(bo.va) + index * PAGE_SIZE;
                let leaf = view.leaves_in(va, va + 1).next();
                leaf.map(|leaf| leaf.pa) == file.read_page(index).ok().map(|page| page.phys())
            })
        });
        self.record(
            format_args!("{pages} entries of handle {} name its pages", bo.handle),
            same,
        );
    }

    /// Holes of the address space, the newest first.
    pub(crate) fn holes(&mut self, fd: Fd) {
        let (holes, count) = self.vm(fd).with_mm(|mm| {
            let holes: Vec<_> = mm.holes_newest_first().take(SHOWN).collect();
            (holes, mm.holes_newest_first().count())
        });
        let shown: Vec<_> = holes
            .iter()
            .map(|hole| format!("{:#x}..{:#x}", hole.start, hole.end))
            .collect();
        self.record(
            format_args!("holes of file {}", fd.0),
            format_args!("{count}: {}", shown.join(" ")),
        );
    }

    /// References, handles, what is backed, and how often this file's space is used for it.
    pub(crate) fn object(&mut self, bo: Bo) {
        let vm = self.vm(bo.fd);
        let answer = match self.file(bo.fd).lookup(bo.handle) {
            None => "gone".to_owned(),
            Some(object) => {
                let header = object.gem();
                let own = self.lima.bo(&object).expect("an object of this driver");
                let users = own.mapping(&vm).map_or(0, |mapping| mapping.users);
                let heap = match own.heap_size() {
                    0 => String::new(),
                    backed => format!(", {backed:#x} backed"),
                };
                let resident = header.filp().map_or("a foreign buffer".to_owned(), |file| {
                    format!("{} pages in its file", file.nr_resident())
                });
                format!(
                    "{:#x} bytes{heap}, {resident}, {} handles, {} references, {users} users of the mapping",
                    header.size(),
                    header.handle_count(),
                    header.refs() - 1,
                )
            }
        };
        self.record(format_args!("handle {}", bo.handle), answer);
    }

    /// References to the address space of a file.
    pub(crate) fn space_references(&mut self, fd: Fd) {
        let refs = Arc::strong_count(&self.vm(fd)) - 1;
        self.record(
            format_args!("references to the space of file {}", fd.0),
            refs,
        );
    }

    /// What the geometry processor was told.
    pub(crate) fn registers(&mut self) {
        let hw = self.lima.hw();
        let (figures, g) = (hw.figures(), |reg| hw.read_gp(reg));
        let text = format!(
            "{} started, {} zaps, {} L2 flushes, {} hard resets, heap {:#x}..{:#x}, interrupts {}, MMU interrupts {}, {}",
            figures.gp_starts,
            figures.gp_zaps,
            figures.l2_flushes,
            figures.hard_resets,
            g(gp::ALLOC_START),
            g(gp::ALLOC_END),
            if g(gp::INT_MASK) == 0 { "masked" } else { "on" },
            if hw.read_mmu(Mmu::Gp, mmu::INT_MASK) == 0 {
                "masked"
            } else {
                "on"
            },
            if hw.read_mmu(Mmu::Gp, mmu::STATUS) & mmu::STATUS_PAGE_FAULT_ACTIVE == 0 {
                "no fault"
            } else {
                "a fault is active"
            },
        );
        self.record("registers", text);
    }

    /// Frames that this session holds, page tables among them.
    pub(crate) fn frames(&mut self) {
        let frames = self.machine.frames().stats().used - self.frames;
        self.record("frames in use", frames);
    }
}
