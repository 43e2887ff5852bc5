//! A GPU whose objects leave RAM when it is wanted, spaces with objects and a group, and who stores and loads.

use drm_core::PAGE_SIZE;
use drm_core::device::{File, IoctlNr};
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine, ShrinkControl};
use drm_core::mmap::{Process, Prot, Sharing};
use gem_uma::DeviceReclaim;
use port_kit::trace::ioctl;
use port_panthor::any::{AnyGpu, AnyVm};
use port_panthor::hw::{HwConfig, op};
use port_panthor::uapi::*;
use port_panthor::uma::PanthorObject;
use port_panthor::{Gpu, Policy, probe_with};

pub(crate) const RAM: u64 = 8 << 20;
/// Objects of a space, and pages of each.
pub(crate) const OBJECTS: usize = 8;
pub(crate) const PAGES: u64 = 64;
pub(crate) const SIZE: u64 = PAGES * PAGE_SIZE;

/// Where a space has its objects; the last is an object of the space before, too.
pub(crate) fn va(object: usize) -> u64 {
    0x4000_0000 + object as u64 * 0x20_0000
}

pub(crate) struct Object {
    pub(crate) handle: u32,
    /// Where the process has it.
    pub(crate) addr: u64,
    /// What stands in the first word of each page but the first, which is for streams.
    pub(crate) words: Vec<u32>,
}

pub(crate) struct Pressure {
    pub(crate) machine: Machine,
    pub(crate) gpu: Gpu<PanthorObject>,
    pub(crate) file: File,
    pub(crate) process: Process,
    pub(crate) objects: Vec<Object>,
    pub(crate) groups: Vec<u32>,
    /// The spaces by their ids.
    pub(crate) spaces: Vec<u32>,
}

fn array<T: bytemuck::Pod>(machine: &Machine, items: &[T]) -> ObjArray {
    ObjArray {
        stride: size_of::<T>() as u32,
        count: items.len() as u32,
        array: machine.user().put(bytemuck::cast_slice(items)),
    }
}

impl Pressure {
    pub(crate) fn new(spaces: usize) -> Self {
        let machine = Machine::new(Config {
            ram: RAM,
            swap: 6 * RAM,
            ..Config::default()
        })
        .expect("the host has memory for the machine");
        let gpu =
            probe_with(&machine, HwConfig::default(), Policy::Reclaimed).expect("the GPU is there");
        let mut new = Self {
            process: Process::new(&machine),
            file: gpu.dev().open().expect("the device opens"),
            machine,
            gpu,
            objects: Vec::new(),
            groups: Vec::new(),
            spaces: Vec::new(),
        };
        for _ in 0..spaces {
            new.space();
        }
        new
    }

    pub(crate) fn lists(&self) -> &DeviceReclaim {
        let lists = self.gpu.driver().hooks().lists();
        lists.expect("memory is reclaimed")
    }

    fn call<T: bytemuck::Pod>(&self, number: IoctlNr, args: &mut T) {
        ioctl(&self.file, number, args).expect("there is memory, if something else leaves");
    }

    /// A space with objects and a group; half of the objects are exclusive, and one is shared with the space before.
    fn space(&mut self) {
        let mut vm = VmCreate::default();
        self.call(VM_CREATE, &mut vm);
        let before = self.objects.last().map(|object| object.handle);
        for object in 0..OBJECTS {
            let handle = self.object(if object % 2 == 0 { vm.id } else { 0 });
            self.map(vm.id, handle, va(object));
        }
        if let Some(shared) = before {
            self.map(vm.id, shared, va(OBJECTS));
        }
        let queue = QueueCreate {
            ringbuf_size: 4096,
            ..QueueCreate::default()
        };
        let mut group = GroupCreate {
            queues: array(&self.machine, &[queue]),
            max_compute_cores: 1,
            max_fragment_cores: 1,
            max_tiler_cores: 1,
            compute_core_mask: 1,
            fragment_core_mask: 1,
            tiler_core_mask: 1,
            vm_id: vm.id,
            ..GroupCreate::default()
        };
        self.call(GROUP_CREATE, &mut group);
        self.groups.push(group.group_handle);
        self.spaces.push(vm.id);
    }

    fn object(&mut self, exclusive_vm_id: u32) -> u32 {
        let mut bo = BoCreate {
            size: SIZE,
            exclusive_vm_id,
            ..BoCreate::default()
        };
        self.call(BO_CREATE, &mut bo);
        let mut at = BoMmapOffset {
            handle: bo.handle,
            ..BoMmapOffset::default()
        };
        self.call(BO_MMAP_OFFSET, &mut at);
        let addr = self
            .process
            .mmap(
                &self.file,
                SIZE,
                Prot::ReadWrite,
                Sharing::Shared,
                at.offset,
            )
            .expect("the process maps it");
        self.objects.push(Object {
            handle: bo.handle,
            addr,
            words: vec![0; PAGES as usize],
        });
        bo.handle
    }

    fn map(&self, vm_id: u32, bo_handle: u32, va: u64) {
        let map = VmBindOp {
            bo_handle,
            va,
            size: SIZE,
            ..VmBindOp::default()
        };
        self.bind(vm_id, map);
    }

    /// One operation on a space, at once.
    pub(crate) fn bind(&self, vm_id: u32, op: VmBindOp) {
        let mut bind = VmBind {
            vm_id,
            flags: 0,
            ops: array(&self.machine, &[op]),
        };
        self.call(VM_BIND, &mut bind);
    }

    /// A space, to look at.
    pub(crate) fn vm(&self, space: usize) -> Box<dyn AnyVm> {
        let gpu: &dyn AnyGpu = &self.gpu;
        gpu.vm(&self.file, self.spaces[space])
            .expect("the space is there")
    }

    /// Asks for all memory there is; pages that left.
    pub(crate) fn shrink(&self) -> u64 {
        let pages = RAM / PAGE_SIZE;
        self.machine
            .shrink_slab(pages, ShrinkControl::direct(pages))
    }

    /// The GPU stores a word.
    pub(crate) fn gpu_store(&self, space: usize, va: u64, value: u32) {
        let stream = self.write_stream(space, va, value);
        self.submit(space, stream)
            .expect("there is memory, if something else leaves");
    }

    /// The CPU writes a stream that stores a word into the first object of the space; its length in bytes.
    pub(crate) fn write_stream(&self, space: usize, va: u64, value: u32) -> u32 {
        let stream = [
            op::MOV48 << 56 | 0x10 << 48 | va,
            op::MOV48 << 56 | 0x20 << 48 | u64::from(value),
            op::STORE_MULTIPLE << 56 | 0x20 << 48 | 0x10 << 40 | 1 << 16,
        ];
        let code = &self.objects[space * OBJECTS];
        self.process
            .write(code.addr, bytemuck::cast_slice(&stream))
            .expect("the stream comes back for the CPU");
        size_of_val(&stream) as u32
    }

    /// Lets the GPU run the stream of a space.
    pub(crate) fn submit(&self, space: usize, stream_size: u32) -> Result {
        let submit = QueueSubmit {
            stream_size,
            stream_addr: self::va(0),
            ..QueueSubmit::default()
        };
        let mut args = GroupSubmit {
            group_handle: self.groups[space],
            pad: 0,
            queue_submits: array(&self.machine, &[submit]),
        };
        ioctl(&self.file, GROUP_SUBMIT, &mut args)
    }

    pub(crate) fn cpu_load(&self, object: &Object, page: u64) -> u32 {
        let mut word = [0; 4];
        self.process
            .read(object.addr + page * PAGE_SIZE, &mut word)
            .expect("the page comes back for the CPU");
        u32::from_ne_bytes(word)
    }

    pub(crate) fn cpu_store(&self, object: &Object, page: u64, value: u32) {
        self.process
            .write(object.addr + page * PAGE_SIZE, &value.to_ne_bytes())
            .expect("the page comes back for the CPU");
    }
}
