//! The tests' driver: an object, a page table with large leaves, and steps that keep it equal to the space.

mod empty;
mod evict;
mod leaves;
mod model;
mod pairs;
mod recorded;
mod requests;
mod vectors;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::device::{Device, Driver};
use crate::dma::{DmaConfig, DmaDevice};
use crate::errno::{Errno, Result};
use crate::gem::{Gem, Header, Object};
use crate::machine::{Config, Machine};
use crate::resv::{Resv, ResvGuard};

const PAGE: u64 = 4096;
const HUGE: u64 = 2 << 20;

struct TestDriver;

impl Driver for TestDriver {
    fn name(&self) -> &'static str {
        "gpuvm-test"
    }
}

struct Bo {
    header: Header,
    gpuva: GpuVaList<Types>,
}

impl Object for Bo {
    fn gem(&self) -> &Header {
        &self.header
    }
}

/// Locks that are held until the end of the test.
#[derive(Default)]
struct Held {
    guards: Vec<ResvGuard>,
    /// Objects locked, in order, by size.
    order: Vec<u64>,
    fences: usize,
    /// What validation answers for the object of this size.
    refuses: Option<(u64, Errno)>,
    /// Validation leaves the object of this size evicted.
    leaves: Option<u64>,
    validated: Vec<u64>,
}

impl Held {
    fn guard(&self, resv: &Resv) -> Option<&ResvGuard> {
        self.guards.iter().find(|guard| guard.locks(resv))
    }
}

impl LockSet for Held {
    fn prepare(&mut self, object: &Gem, fences: usize) -> Result {
        let resv = object.gem().resv();
        if !self.holds(resv) {
            self.guards.push(resv.try_lock().ok_or(Errno::EDEADLK)?);
        }
        self.order.push(object.gem().size());
        self.fences += fences;
        Ok(())
    }

    fn holds(&self, resv: &Resv) -> bool {
        self.guard(resv).is_some()
    }
}

fn validate(vm_bo: &GpuVmBo<Types>, held: &mut Held) -> Result {
    let size = vm_bo.object().gem().size();
    held.validated.push(size);
    if let Some((refused, errno)) = held.refuses
        && refused == size
    {
        return Err(errno);
    }
    if held.leaves != Some(size) {
        let guard = held
            .guard(vm_bo.object().gem().resv())
            .expect("the object is locked");
        vm_bo.evict(false, guard);
    }
    Ok(())
}

struct Types;

impl VmTypes for Types {
    type Object = Bo;
    type VmData = Arc<()>;
    type VaData = u32;
    type VmBoData = ();
    type Exec = Held;

    const VM_BO_VALIDATE: Option<ValidateFn<Self>> = Some(validate);

    fn gpuva_list(object: &Bo) -> &GpuVaList<Self> {
        &object.gpuva
    }
}

type Vm = GpuVm<Types>;

fn device() -> Device {
    let machine = Machine::new(Config {
        ram: 1 << 20,
        ..Config::default()
    })
    .expect("a small machine");
    Device::new(
        DmaDevice::new(&machine, "gpu", DmaConfig::default()),
        Arc::new(TestDriver),
    )
}

fn vm_of(dev: &Device, config: VmConfig) -> Vm {
    Vm::new(config, resv_object(dev), Arc::new(()))
}

/// A space of 4 GiB under its reservation.
fn vm(dev: &Device) -> Vm {
    vm_of(
        dev,
        VmConfig {
            name: "test",
            range: 0..1 << 32,
            resv_protected: true,
            ..VmConfig::default()
        },
    )
}

/// An object with a reservation of its own.
fn external(dev: &Device, pages: u64) -> Gem<Bo> {
    Gem::new(Bo {
        header: Header::new_private(dev, pages * PAGE),
        gpuva: GpuVaList::default(),
    })
}

/// An object under the reservation of `vm`.
fn local(dev: &Device, vm: &Vm, pages: u64) -> Gem<Bo> {
    let header = Header::new_private(dev, pages * PAGE);
    assert!(header.resv_slot().choose(vm.resv().clone()));
    Gem::new(Bo {
        header,
        gpuva: GpuVaList::default(),
    })
}

/// A leaf of a page table: which object, from which byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaf {
    size: u64,
    object: u64,
    offset: u64,
}

/// A page table with leaves of one page, and of `huge` bytes where address and offset allow.
struct Table {
    leaves: BTreeMap<u64, Leaf>,
    huge: u64,
    writes: u64,
}

impl Table {
    fn new(huge: u64) -> Self {
        Self {
            leaves: BTreeMap::new(),
            huge,
            writes: 0,
        }
    }

    fn map(&mut self, part: &Part, object: u64) {
        let mut at = part.range.start;
        while at < part.range.end {
            let offset = part.offset + (at - part.range.start);
            let is_huge = at.is_multiple_of(self.huge)
                && offset.is_multiple_of(self.huge)
                && part.range.end - at >= self.huge;
            let size = if is_huge { self.huge } else { PAGE };
            assert_eq!(
                self.leaves.insert(
                    at,
                    Leaf {
                        size,
                        object,
                        offset
                    }
                ),
                None,
                "{at:#x} is mapped already"
            );
            self.writes += 1;
            at += size;
        }
    }

    /// Refuses to cut a leaf, as the kernel's page-table code does since 6.13.
    fn unmap(&mut self, range: std::ops::Range<u64>) {
        let mut at = range.start;
        while at < range.end {
            let leaf = self
                .leaves
                .remove(&at)
                .unwrap_or_else(|| panic!("no leaf begins at {at:#x}"));
            assert!(
                at + leaf.size <= range.end,
                "the leaf at {at:#x} would be cut"
            );
            self.writes += 1;
            at += leaf.size;
        }
    }

    /// Address, object and offset of every page.
    fn pages(&self) -> Vec<(u64, u64, u64)> {
        let pages = self.leaves.iter().flat_map(|(&at, leaf)| {
            (0..leaf.size / PAGE).map(move |i| (at + i * PAGE, leaf.object, leaf.offset + i * PAGE))
        });
        pages.collect()
    }

    /// Leaves as text: address, size, object, offset, in pages.
    fn text(&self) -> String {
        let leaf = |(at, leaf): (&u64, &Leaf)| {
            format!(
                "{}+{}={}:{}",
                at / PAGE,
                leaf.size / PAGE,
                leaf.object / PAGE,
                leaf.offset / PAGE
            )
        };
        self.leaves.iter().map(leaf).collect::<Vec<_>>().join(" ")
    }
}

/// Steps that write the table and then apply. Objects are told apart by size.
struct Writer<'a> {
    vm: &'a Vm,
    table: Table,
    /// What the next mapping is linked to.
    vm_bo: Option<GpuVmBo<Types>>,
    data: u32,
    steps: Vec<String>,
    fail_at: Option<usize>,
    /// Pairs that went away.
    gone: usize,
}

impl<'a> Writer<'a> {
    fn new(vm: &'a Vm, huge: u64) -> Self {
        Self {
            vm,
            table: Table::new(huge),
            vm_bo: None,
            data: 0,
            steps: Vec::new(),
            fail_at: None,
            gone: 0,
        }
    }

    fn map(&mut self, addr: u64, size: u64, object: &Gem<Bo>, offset: u64) -> Result {
        let request = MapRequest {
            addr,
            size,
            object: Some(object.clone()),
            offset,
        };
        self.vm_bo = Some(self.vm.obtain_vm_bo(object));
        self.steps.clear();
        let result = self.vm.clone().sm_map(&request, self);
        if let Some(vm_bo) = self.vm_bo.take() {
            self.put(Some(vm_bo));
        }
        result
    }

    fn unmap(&mut self, addr: u64, size: u64) -> Result {
        self.steps.clear();
        self.vm.clone().sm_unmap(addr, size, self)
    }

    fn put(&mut self, vm_bo: Option<GpuVmBo<Types>>) {
        let guard = self.vm.resv().lock();
        self.gone += usize::from(vm_bo.is_some_and(|vm_bo| vm_bo.put(Some(&guard))));
    }

    fn step(&mut self, text: String) -> Result {
        self.steps.push(text);
        if self.fail_at == Some(self.steps.len() - 1) {
            Err(Errno::ENOMEM)
        } else {
            Ok(())
        }
    }
}

fn size_of(va: &GpuVa<Types>) -> u64 {
    va.object().map_or(0, |object| object.gem().size())
}

fn in_pages(range: &std::ops::Range<u64>) -> String {
    format!(
        "{}+{}",
        range.start / PAGE,
        range.end.wrapping_sub(range.start) / PAGE
    )
}

fn kept(keep: bool) -> &'static str {
    if keep { " keep" } else { "" }
}

impl SmSteps<Types> for Writer<'_> {
    fn map<'op>(&mut self, op: OpMap<'op, Types>) -> Result<Applied<'op>> {
        let range = op.addr()..op.addr() + op.size();
        self.step(format!("map {}", in_pages(&range)))?;
        let object = op.object().map_or(0, |object| object.gem().size());
        self.table.map(
            &Part {
                range,
                offset: op.offset(),
            },
            object,
        );
        let (va, applied) = op.insert(self.data, self.vm_bo.take());
        assert_eq!(*va.data(), self.data);
        Ok(applied)
    }

    fn remap<'op>(&mut self, op: OpRemap<'op, Types>) -> Result<Applied<'op>> {
        let part = |name: &str, part: Option<&Part>| {
            part.map_or(String::new(), |part| {
                format!(" {name} {}:{}", in_pages(&part.range), part.offset / PAGE)
            })
        };
        let (prev, next) = (part("prev", op.prev()), part("next", op.next()));
        self.step(format!(
            "remap {}{prev}{next}{}",
            in_pages(&op.va().range()),
            kept(op.keep())
        ))?;
        let split = op.leaf_split(self.table.huge);
        self.table.unmap(split.span);
        for again in split.head.iter().chain(&split.tail) {
            self.table.map(again, size_of(op.va()));
        }
        let (remapped, applied) = op.remap(|old| *old.data());
        self.put(remapped.old.vm_bo);
        Ok(applied)
    }

    fn unmap<'op>(&mut self, op: OpUnmap<'op, Types>) -> Result<Applied<'op>> {
        self.step(format!(
            "unmap {}{}",
            in_pages(&op.va().range()),
            kept(op.keep())
        ))?;
        self.table.unmap(op.va().range());
        let (removed, applied) = op.remove();
        self.put(removed.vm_bo);
        Ok(applied)
    }
}

/// The space as text: address, size, offset, in pages.
fn text(vm: &Vm) -> String {
    let va = |va: &GpuVa<Types>| format!("{}:{}", in_pages(&va.range()), va.offset() / PAGE);
    vm.vas().iter().map(va).collect::<Vec<_>>().join(" ")
}
