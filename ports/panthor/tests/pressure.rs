//! Four times as much memory in use as there is: jobs and the CPU bring back what reclaim took, and nothing is lost.

use drm_core::PAGE_SIZE;
use drm_core::device::{File, IoctlNr};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Process, Prot, Sharing};
use gem_uma::DeviceReclaim;
use port_kit::trace::ioctl;
use port_panthor::hw::{HwConfig, op};
use port_panthor::uapi::*;
use port_panthor::uma::PanthorObject;
use port_panthor::{Gpu, Policy, probe_with};

const RAM: u64 = 8 << 20;
/// Spaces, and objects of each; together four times the RAM.
const SPACES: usize = 16;
const OBJECTS: usize = 8;
const PAGES: u64 = 64;
const SIZE: u64 = PAGES * PAGE_SIZE;
const STEPS: u64 = 1_500;

/// Where a space has its objects; the last is an object of the next space, too.
fn va(object: usize) -> u64 {
    0x4000_0000 + object as u64 * 0x20_0000
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

struct Object {
    handle: u32,
    /// Where the process has it.
    addr: u64,
    /// What stands in the first word of each page but the first, which is for streams.
    words: Vec<u32>,
}

struct Pressure {
    machine: Machine,
    gpu: Gpu<PanthorObject>,
    file: File,
    process: Process,
    objects: Vec<Object>,
    groups: Vec<u32>,
}

fn array<T: bytemuck::Pod>(machine: &Machine, items: &[T]) -> ObjArray {
    ObjArray {
        stride: size_of::<T>() as u32,
        count: items.len() as u32,
        array: machine.user().put(bytemuck::cast_slice(items)),
    }
}

impl Pressure {
    fn new() -> Self {
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
        };
        for _ in 0..SPACES {
            new.space();
        }
        new
    }

    fn lists(&self) -> &DeviceReclaim {
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
        let mut bind = VmBind {
            vm_id,
            flags: 0,
            ops: array(&self.machine, &[map]),
        };
        self.call(VM_BIND, &mut bind);
    }

    /// The GPU stores a word; the stream is written by the CPU, into the first object of the space.
    fn gpu_store(&self, space: usize, va: u64, value: u32) {
        let stream = [
            op::MOV48 << 56 | 0x10 << 48 | va,
            op::MOV48 << 56 | 0x20 << 48 | u64::from(value),
            op::STORE_MULTIPLE << 56 | 0x20 << 48 | 0x10 << 40 | 1 << 16,
        ];
        let code = &self.objects[space * OBJECTS];
        self.process
            .write(code.addr, bytemuck::cast_slice(&stream))
            .expect("the stream comes back for the CPU");
        let submit = QueueSubmit {
            stream_size: size_of_val(&stream) as u32,
            stream_addr: self::va(0),
            ..QueueSubmit::default()
        };
        let mut args = GroupSubmit {
            group_handle: self.groups[space],
            pad: 0,
            queue_submits: array(&self.machine, &[submit]),
        };
        self.call(GROUP_SUBMIT, &mut args);
    }

    fn cpu_load(&self, object: &Object, page: u64) -> u32 {
        let mut word = [0; 4];
        self.process
            .read(object.addr + page * PAGE_SIZE, &mut word)
            .expect("the page comes back for the CPU");
        u32::from_ne_bytes(word)
    }

    fn cpu_store(&self, object: &Object, page: u64, value: u32) {
        self.process
            .write(object.addr + page * PAGE_SIZE, &value.to_ne_bytes())
            .expect("the page comes back for the CPU");
    }
}

#[test]
fn contents_survive_when_ram_is_a_quarter_of_what_is_used() {
    let mut run = Pressure::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut jobs, mut stores, mut loads) = (0, 0, 0);
    for step in 0..STEPS {
        let space = random.below(SPACES as u64) as usize;
        let page = 1 + random.below(PAGES - 1);
        // The last one is seen through the space after its own.
        let local = random.below(OBJECTS as u64 + u64::from(space > 0)) as usize;
        let index = match local {
            OBJECTS => space * OBJECTS - 1,
            _ => space * OBJECTS + local,
        };
        let value = 1 + step as u32;
        match random.below(3) {
            0 => {
                run.gpu_store(space, va(local) + page * PAGE_SIZE, value);
                run.objects[index].words[page as usize] = value;
                jobs += 1;
            }
            1 => {
                run.cpu_store(&run.objects[index], page, value);
                run.objects[index].words[page as usize] = value;
                stores += 1;
            }
            _ => {
                let object = &run.objects[index];
                assert_eq!(run.cpu_load(object, page), object.words[page as usize]);
                loads += 1;
            }
        }
    }
    for object in &run.objects {
        for page in 1..PAGES {
            assert_eq!(run.cpu_load(object, page), object.words[page as usize]);
        }
    }
    let used = (SPACES * OBJECTS) as u64 * SIZE;
    let freed = run.lists().pages_freed();
    println!(
        "{} MiB in use, {} MiB of RAM: {jobs} jobs, {stores} stores, {loads} loads, {freed} pages evicted; {:?}",
        used >> 20,
        RAM >> 20,
        run.lists().pages()
    );
    assert_eq!(used, 4 * RAM);
    assert!(freed * PAGE_SIZE > used, "{freed}");
    let events = run.machine.trace().take();
    assert!(events.is_empty(), "{events:?}");
}
