//! Every allocation, mapping and look-up of an ioctl fails once: the answer is an error, and nothing has changed.

use bytemuck::{Pod, bytes_of_mut};
use drm_core::device::{File, IoctlNr, core_nr};
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use port_imagination::uapi::*;
use port_imagination::{MappingInfo, Params, Processor, Pvr, probe};
use port_kit::Side;

const PAGE: u64 = 4096;
const GENERAL: u64 = 0x80_0000_0000;

struct World {
    machine: Machine,
    pvr: Pvr,
    file: File,
    vm: u32,
    bo: u32,
}

/// What must be the same after a failure.
#[derive(Debug, PartialEq)]
struct State {
    frames: u64,
    mappings: Vec<MappingInfo>,
    leaves: usize,
    fw_objects: usize,
    objects: usize,
}

fn ioctl<T: Pod>(file: &File, number: IoctlNr, args: &mut T) -> Result {
    file.ioctl(number.raw(), bytes_of_mut(args))
}

impl World {
    /// A space with three pages of a buffer in it.
    fn new(side: Side, processor: Processor) -> Self {
        let machine = Machine::new(Config {
            ram: 32 << 20,
            ..Config::default()
        })
        .expect("host memory");
        let params = Params {
            processor,
            ..Params::default()
        };
        let pvr = probe(&machine, side, params).expect("a healthy device");
        let file = pvr.device.open().expect("a file");
        let mut vm = VmContextArg::default();
        ioctl(&file, CREATE_VM_CONTEXT, &mut vm).expect("memory");
        let mut bo = CreateBo {
            size: 4 * PAGE,
            ..CreateBo::default()
        };
        ioctl(&file, CREATE_BO, &mut bo).expect("memory");
        let world = Self {
            machine,
            pvr,
            file,
            vm: vm.handle,
            bo: bo.handle,
        };
        world.map(GENERAL + PAGE, 0, 3).expect("memory");
        world
    }

    fn map(&self, addr: u64, first: u64, pages: u64) -> Result {
        let mut args = VmMap {
            vm_context_handle: self.vm,
            device_addr: addr,
            handle: self.bo,
            offset: first * PAGE,
            size: pages * PAGE,
            ..VmMap::default()
        };
        ioctl(&self.file, VM_MAP, &mut args)
    }

    fn unmap(&self, addr: u64, pages: u64) -> Result {
        let mut args = VmUnmap {
            vm_context_handle: self.vm,
            device_addr: addr,
            size: pages * PAGE,
            ..VmUnmap::default()
        };
        ioctl(&self.file, VM_UNMAP, &mut args)
    }

    fn state(&self) -> State {
        let control = &self.pvr.control;
        let root = control.root(&self.file, self.vm).expect("the space");
        State {
            frames: self.machine.frames().stats().used,
            mappings: control.mappings(&self.file, self.vm),
            leaves: self.pvr.gpu.leaves(root).len(),
            fw_objects: control.fw_objects().len(),
            objects: self.pvr.device.object_count(),
        }
    }

    /// Lets each step of `operation` fail in turn, until it comes to its end; how many could. `undo` takes a success back.
    fn sweep(&self, operation: impl Fn(&Self) -> Result, undo: impl Fn(&Self)) -> u64 {
        for nth in 1.. {
            let before = self.state();
            self.machine.failpoints().fail_any_nth(nth);
            let result = operation(self);
            let fired = self.machine.failpoints().disarm();
            if result.is_ok() {
                undo(self);
            }
            assert_eq!(self.state(), before, "failure {nth}, {result:?}");
            if !fired {
                assert_eq!(result, Ok(()));
                return nth - 1;
            }
        }
        unreachable!("the sweep ends");
    }
}

fn for_each_world(test: impl Fn(&World)) {
    for side in Side::ALL {
        for processor in [Processor::Mips, Processor::Meta] {
            test(&World::new(side, processor));
        }
    }
}

#[test]
fn a_map_that_fails_changes_nothing() {
    for_each_world(|world| {
        let addr = GENERAL + 512 * PAGE;
        let steps = world.sweep(
            |world| world.map(addr, 0, 4),
            |world| world.unmap(addr, 4).expect("mapped"),
        );
        assert!(steps >= 6, "{steps} steps can fail");
    });
}

#[test]
fn a_map_over_another_that_fails_changes_nothing() {
    for_each_world(|world| {
        let steps = world.sweep(
            |world| world.map(GENERAL + 2 * PAGE, 0, 1),
            |world| {
                for (at, pages) in [(1, 1), (2, 1), (3, 1)] {
                    world.unmap(GENERAL + at * PAGE, pages).expect("a piece");
                }
                world.map(GENERAL + PAGE, 0, 3).expect("memory");
            },
        );
        assert!(steps >= 6, "{steps} steps can fail");
    });
}

#[test]
fn an_unmap_that_fails_changes_nothing() {
    for_each_world(|world| {
        let steps = world.sweep(
            |world| world.unmap(GENERAL + PAGE, 3),
            |world| world.map(GENERAL + PAGE, 0, 3).expect("memory"),
        );
        assert!(steps >= 3, "{steps} steps can fail");
    });
}

#[test]
fn a_buffer_that_fails_leaves_nothing() {
    for_each_world(|world| {
        let create = |world: &World| {
            let mut args = CreateBo {
                size: 3 * PAGE,
                ..CreateBo::default()
            };
            ioctl(&world.file, CREATE_BO, &mut args)
        };
        let steps = world.sweep(create, |world| {
            let handle = world.bo + 1;
            ioctl(&world.file, core_nr::GEM_CLOSE, &mut [handle, 0]).expect("a handle");
        });
        assert!(steps >= 5, "{steps} steps can fail");
    });
}
