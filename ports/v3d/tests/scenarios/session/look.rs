//! Looking at what the driver and the device hold.

use drm_core::gem::{MemoryStats, Status};
use port_kit::mmu::runs_by;
use port_v3d::regs::core;

use super::*;

/// Most runs and holes that a line shows.
const SHOWN: usize = 8;

impl Session {
    /// The live entries, as runs of page numbers with the flag byte.
    pub(crate) fn entries(&mut self) {
        let runs: Vec<_> = runs_by(self.v3d.hw().view().leaves(), |_, _| true)
            .map(|run| {
                let (first, last) = (run.first.va >> 12, (run.end() >> 12) - 1);
                format!(
                    "{first:#x}..={last:#x} flags {:#x}",
                    run.first.attributes >> 24
                )
            })
            .collect();
        let total: u64 = runs_by(self.v3d.hw().view().leaves(), |_, _| true)
            .map(|run| run.count)
            .sum();
        let mut text = format!("{total}");
        for run in runs.iter().take(SHOWN) {
            text += &format!(", {run}");
        }
        if runs.len() > SHOWN {
            text += &format!(", and {} runs more", runs.len() - SHOWN);
        }
        self.record("entries", text);
    }

    /// Whether the entries of an object name the pages of its file, in order.
    pub(crate) fn entries_name_the_pages(&mut self, bo: Bo, pages: u64) {
        let object = self.file(bo.fd).lookup(bo.handle).expect("it has a handle");
        let file = object.gem().filp().cloned().expect("it is no import");
        let view = self.v3d.hw().view();
        let same = (0..pages).all(|index| {
            let va = u64::from(bo.va) + index * PAGE_SIZE;
            let leaf = view.leaves_in(va, va + 1).next();
            leaf.map(|leaf| leaf.pa) == file.read_page(index).ok().map(|page| page.phys())
        });
        self.record(
            format_args!("entries of handle {} name its pages", bo.handle),
            same,
        );
    }

    /// Figures of debugfs, and flushes since last asked.
    pub(crate) fn stats(&mut self) {
        let stats = self.v3d.stats();
        let flushes = self.v3d.hw().figures().flushes;
        let since = flushes - self.flushes;
        self.flushes = flushes;
        self.record(
            "figures",
            format_args!(
                "{} objects of {} pages, {since} flushes",
                stats.allocated, stats.pages
            ),
        );
    }

    /// Holes of the address space, the newest first.
    pub(crate) fn holes(&mut self) {
        let (holes, count) = self.v3d.with_mm(|mm| {
            let holes: Vec<_> = mm.holes_newest_first().take(SHOWN).collect();
            (holes, mm.holes_newest_first().count())
        });
        let shown: Vec<_> = holes
            .iter()
            .map(|hole| format!("{:#x}..{:#x}", hole.start, hole.end))
            .collect();
        self.record("holes", format_args!("{count}: {}", shown.join(" ")));
    }

    /// References, handles, and whether the object is resident.
    pub(crate) fn object(&mut self, bo: Bo) {
        let object = self.file(bo.fd).lookup(bo.handle);
        let answer = match object {
            None => "gone".to_owned(),
            Some(object) => {
                let header = object.gem();
                let resident = object
                    .status()
                    .is_some_and(|status| status.contains(Status::RESIDENT));
                format!(
                    "{:#x} bytes, {} handles, {} references, {}{}",
                    header.size(),
                    header.handle_count(),
                    header.refs() - 1,
                    if resident { "resident" } else { "not resident" },
                    if header.is_imported() {
                        ", imported"
                    } else {
                        ""
                    },
                )
            }
        };
        self.record(format_args!("handle {}", bo.handle), answer);
    }

    /// The figures of fdinfo.
    pub(crate) fn fdinfo(&mut self, fd: Fd) {
        let mut lines = String::new();
        MemoryStats::of(&self.file(fd))
            .print(&mut lines)
            .expect("a string takes everything");
        let text: Vec<_> = lines.lines().map(|line| line.replace(":\t", " ")).collect();
        self.record(format_args!("fdinfo of file {}", fd.0), text.join(", "));
    }

    /// What the hardware was told.
    pub(crate) fn registers(&mut self) {
        let hw = self.v3d.hw();
        let (figures, (base, scratch)) = (hw.figures(), self.v3d.registers_name_tables());
        let text = format!(
            "{} bins, {} renders, {} resets, binner memory {:#x}+{:#x} (told {} times), page table {}, scratch page {}",
            figures.bins,
            figures.renders,
            figures.resets,
            hw.read_core(core::PTB_BPOA),
            hw.read_core(core::PTB_BPOS),
            figures.overflows,
            if base { "set" } else { "not set" },
            if scratch { "set" } else { "not set" },
        );
        self.record("registers", text);
    }

    /// Pages of kernel mappings that are made and never ended.
    pub(crate) fn kernel_mappings(&mut self) {
        let counts = self.machine.counters().snapshot();
        self.record(
            "kernel mappings",
            format_args!("{} made, {} ended", counts.vmaps, counts.vunmaps),
        );
    }

    /// Frames that this session's objects hold.
    pub(crate) fn frames(&mut self) {
        let frames = self.machine.frames().stats().used - self.frames;
        self.record("frames in use", frames);
    }
}
