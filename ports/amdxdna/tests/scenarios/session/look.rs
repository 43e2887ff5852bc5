//! What can be seen from outside and inside, and what is held.

use drm_core::gem::Gem;
use drm_core::machine::Machine;
use port_amdxdna::Probed;
use port_amdxdna::inspect::BoState;
use port_kit::desk::{self, Fd};
use port_kit::trace::outcome;

use super::{Bo, Session};

/// What is held: of the machine, of the IOMMU, of carve-out memory.
pub(super) struct Held {
    machine: desk::Held,
    iova: usize,
    carve_out: u64,
}

impl Held {
    pub(super) fn of(machine: &Machine, npu: &Probed) -> Self {
        Self {
            machine: desk::Held::of(machine, npu.device().object_count()),
            iova: npu.amdxdna().domain().ranges().len(),
            carve_out: npu.amdxdna().carve_out_use().map_or(0, |(_, used)| used),
        }
    }

    /// What is held beyond `other`.
    pub(super) fn beyond(&self, other: &Self) -> String {
        format!(
            "{} iova ranges={} carve-out={:#x}",
            self.machine.beyond(&other.machine),
            self.iova - other.iova,
            self.carve_out - other.carve_out
        )
    }
}

fn shown(state: &BoState) -> String {
    let yes = |is: bool| if is { "yes" } else { "no" };
    let mut text = format!(
        "pages={} use={} vmap={} sgt={} pinned={} kva={} handles={} file={}",
        state.pages,
        state.pages_use,
        state.vmap_use,
        yes(state.sgt),
        yes(state.pinned),
        yes(state.kva),
        state.open_ref,
        yes(state.client)
    );
    if state.umaps > 0 || state.map_invalid {
        text += &format!(
            " watched={} invalid={}",
            state.umaps,
            yes(state.map_invalid)
        );
    }
    if let Some((first, last)) = state.chunks {
        text += &format!(" chunks={first}..={last}");
    }
    text
}

impl Session {
    fn object(&self, bo: Bo) -> Gem {
        let object = self.file(bo.fd).lookup(bo.handle);
        object.expect("it is there")
    }

    /// What is inside an object.
    pub(crate) fn look(&mut self, bo: Bo) {
        let state = self.npu.inspect(&self.object(bo));
        let state = state.expect("it is the driver's");
        self.record(format_args!("inside {bo}"), shown(&state));
    }

    /// The chunks of a file's heap, from inside.
    pub(crate) fn look_at_heap(&mut self, fd: Fd) {
        let chunks = self.npu.chunks(&self.file(fd));
        for (chunk, index) in chunks.iter().zip(0..) {
            let state = self.npu.inspect(chunk).expect("it is the driver's");
            self.record(format_args!("chunk {index}"), shown(&state));
        }
        if chunks.is_empty() {
            self.record("chunks", "none");
        }
    }

    /// Whether the core takes an object for an import, and what debugfs prints of it.
    pub(crate) fn look_from_the_core(&mut self, bo: Bo) {
        let object = self.object(bo);
        let mut text = String::new();
        object
            .print_info(&mut text, 0)
            .expect("a string takes any text");
        let lines = text.lines().filter(|line| !line.starts_with("vaddr"));
        let lines: Vec<_> = lines.collect();
        let answer = format!(
            "import={} prints [{}]",
            object.gem().is_imported(),
            lines.join(", ")
        );
        drop(object);
        self.record(format_args!("{bo} as the core sees it"), answer);
    }

    /// One more handle of an object in another file, as a descriptor that is passed on gives it.
    pub(crate) fn second_handle(&mut self, bo: Bo, fd: Fd) -> Option<Bo> {
        let object = self.object(bo);
        let result = self.file(fd).handle_create(&object);
        drop(object);
        self.record(
            format_args!("a handle of {bo} in file {}", fd.0),
            outcome(&result),
        );
        result.ok().map(|handle| Bo { fd, handle })
    }

    /// What the kernel's mapping of an object shows.
    pub(crate) fn kernel_bytes(&mut self, bo: Bo, len: usize) {
        let object = self.object(bo);
        let mut bytes = vec![0; len];
        let read = self.npu.kernel_map(&object);
        let read = read.and_then(|map| map.read(0, &mut bytes));
        drop(object);
        let answer = match read {
            Ok(()) => format!("{bytes:?}"),
            Err(_) => outcome(&read),
        };
        self.record(format_args!("the kernel reads {len} of {bo}"), answer);
    }

    /// What a file uses.
    pub(crate) fn usage(&mut self, fd: Fd) {
        let usage = self.npu.usage(&self.file(fd));
        self.record(
            format_args!("usage of file {}", fd.0),
            format_args!(
                "total={:#x} internal={:#x} heap={:#x}",
                usage.total, usage.internal, usage.heap
            ),
        );
    }

    /// Pages that are pinned of the process.
    pub(crate) fn pinned(&mut self) {
        let pages = self.task().pinned_pages();
        self.record("pinned_vm", pages);
    }

    /// Ranges that the process's address space is watched in.
    pub(crate) fn watchers(&mut self) {
        let count = self.task().process().notifiers().count();
        self.record("watched ranges of the process", count);
    }

    /// What the IOMMU maps.
    pub(crate) fn iovas(&mut self) {
        let ranges = self.npu.amdxdna().domain().ranges();
        let ranges: Vec<_> = ranges
            .iter()
            .map(|(start, len)| format!("{start:#x}+{len:#x}"))
            .collect();
        self.record("the IOMMU maps", format_args!("[{}]", ranges.join(", ")));
    }

    /// Accesses of the device that found nothing.
    pub(crate) fn faults(&mut self) {
        let faults = self.npu.amdxdna().npu().faults();
        self.record("faults of the device", faults);
    }

    /// What is held since the session began.
    pub(crate) fn memory(&mut self) {
        let now = Held::of(&self.machine, &self.npu);
        let text = now.beyond(&self.held);
        self.record("held", text);
    }
}
