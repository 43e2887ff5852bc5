//! Objects in address spaces of `drm_core::gpuvm`: private to one, or shared by two.

use std::collections::BTreeMap;

use drm_core::device::{Device, Driver};
use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::gem::{Gem, Header, Object};
use drm_core::gpuvm::{GpuVa, GpuVaList, GpuVm, GpuVmBo, VmConfig, VmTypes, resv_object};
use drm_core::machine::{Config, Machine, ScanResult, ShrinkControl, Shrinker};
use drm_core::resv::ResvGuard;
use drm_core::sync::{Arc, Mutex};
use drm_core::{PAGE_SIZE, dma};
use gem_uma::{
    Backing, BackingOptions, Class, CpuMap, CpuMapOptions, DeviceMap, DeviceReclaim, EvictVm,
    GpuVmMap, New, Reclaim, ReclaimOptions, Share, ShareOptions, UmaObject, VmReclaim,
};

#[derive(UmaObject)]
struct Bo {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
    #[uma(device_map)]
    dmap: DeviceMap,
    #[uma(cpu_map)]
    cmap: CpuMap,
    #[uma(gpu_map)]
    gmap: GpuVmMap<Spaces>,
    #[uma(reclaim)]
    reclaim: Reclaim,
    #[uma(share)]
    share: Share,
}

struct Space {
    reclaim: VmReclaim,
    /// Physical addresses by address, under the lock of the page tables.
    entries: Mutex<BTreeMap<u64, u64>>,
}

struct Spaces;

impl VmTypes for Spaces {
    type Object = Bo;
    type VmData = Space;
    type VaData = ();
    type VmBoData = ();
    type Exec = Exec;

    const VM_BO_VALIDATE: Option<fn(&GpuVmBo<Self>, &mut Exec) -> Result> = Some(validate);

    fn gpuva_list(object: &Bo) -> &GpuVaList<Self> {
        object.gmap.list()
    }
}

impl EvictVm for Spaces {
    fn reclaim(vm: &GpuVm<Self>) -> Option<&VmReclaim> {
        Some(&vm.data().reclaim)
    }

    fn try_unmap(vm_bo: &GpuVmBo<Self>) -> Result {
        let mut entries = vm_bo.vm().data().entries.try_lock().ok_or(Errno::EBUSY)?;
        for va in vm_bo.vas() {
            entries.retain(|at, _| !va.range().contains(at));
        }
        Ok(())
    }
}

fn write_entries(vm_bo: &GpuVmBo<Spaces>, table: &dma::SgTable) {
    let mut entries = vm_bo.vm().data().entries.lock();
    for va in vm_bo.vas() {
        let pages = (va.offset() / PAGE_SIZE)..((va.offset() + va.size()) / PAGE_SIZE);
        for (at, page) in (va.addr()..).step_by(PAGE_SIZE as usize).zip(pages) {
            entries.insert(at, table.dma_page(page).expect("mapped"));
        }
    }
}

/// Brings an evicted object back for one space, with its reservation and that of the space held.
fn validate(vm_bo: &GpuVmBo<Spaces>, exec: &mut Exec) -> Result {
    let bo = vm_bo.object();
    // An object that is private to the space is under its reservation.
    let object = bo.clone().into_dyn();
    let guard = exec.guard(&object).ok_or(Errno::EINVAL)?;
    let table = bo.dmap.table(guard, &bo.backing)?;
    write_entries(vm_bo, &table);
    drop(table);
    vm_bo.evict(false, guard);
    bo.gmap.update();
    Ok(())
}

struct TestDriver;

impl Driver for TestDriver {
    fn name(&self) -> &'static str {
        "uma-vm-test"
    }
}

struct World {
    machine: Machine,
    dev: Device,
    reclaim: DeviceReclaim,
    shrinker: Arc<dyn Shrinker>,
}

impl World {
    fn new() -> Self {
        let machine = Machine::new(Config::default()).expect("RAM");
        let dma = DmaDevice::new(&machine, "gpu", DmaConfig::default());
        let dev = Device::new(dma, Arc::new(TestDriver));
        let reclaim = DeviceReclaim::new(&dev);
        Self {
            shrinker: reclaim.register(),
            machine,
            dev,
            reclaim,
        }
    }

    fn vm(&self) -> GpuVm<Spaces> {
        let config = VmConfig {
            name: "space",
            range: 0..1 << 32,
            resv_protected: true,
            ..VmConfig::default()
        };
        let data = Space {
            reclaim: VmReclaim::new(&self.reclaim),
            entries: Mutex::default(),
        };
        GpuVm::new(config, resv_object(&self.dev), data)
    }

    /// An object; private to a space, it is under its reservation and is not exported.
    fn bo(&self, pages: u64, private_to: Option<&GpuVm<Spaces>>) -> Gem<Bo> {
        let new = New::native(&self.dev, pages * PAGE_SIZE).expect("object");
        if let Some(vm) = private_to {
            assert!(new.resv_slot().choose(vm.resv().clone()));
        }
        let share = match private_to {
            Some(_) => ShareOptions::default().refuse_export(Errno::EINVAL),
            None => ShareOptions::default(),
        };
        new.reclaimed_by(&self.reclaim)
            .create(|new| {
                Ok(Bo {
                    backing: Backing::new(&new, BackingOptions::default()),
                    dmap: DeviceMap::new(&new),
                    cmap: CpuMap::new(&new, CpuMapOptions::default()),
                    gmap: GpuVmMap::new(&new),
                    reclaim: Reclaim::new(&new, ReclaimOptions::default()),
                    share: Share::new(&new, share),
                    gem: new.into_gem(),
                })
            })
            .expect("object")
    }

    /// Maps `pages` pages of an object from page `from` on.
    fn bind(&self, vm: &GpuVm<Spaces>, bo: &Gem<Bo>, at: u64, from: u64, pages: u64) {
        let va = GpuVa::new(at, pages * PAGE_SIZE, Some(bo), from * PAGE_SIZE, ());
        let vm_guard = vm.resv().lock();
        let mut own = (!bo.gem.resv().is(vm.resv())).then(|| bo.gem.resv().lock());
        let mut shared = Some(vm_guard);
        let vm_bo = vm.obtain_vm_bo(bo);
        vm_bo.extobj_add(shared.as_ref());
        vm.insert(&va).expect("room");
        let lock = bo.gmap.lock();
        va.link(vm_bo.clone());
        drop(lock);
        let guard: &mut ResvGuard = match (&mut own, &mut shared) {
            (Some(own), _) => own,
            (None, Some(shared)) => shared,
            (None, None) => unreachable!("one of them locks the object"),
        };
        let table = bo.dmap.table(guard, &bo.backing).expect("table");
        write_entries(&vm_bo, &table);
        drop(table);
        bo.gmap.update();
    }

    fn submit(&self, vm: &GpuVm<Spaces>) -> Result {
        let mut exec = Exec::new(Flags::IGNORE_DUPLICATES);
        exec.until_all_locked(|exec| {
            vm.prepare_vm(exec, 1)?;
            vm.prepare_objects(exec, 1)
        })?;
        vm.validate(&mut exec)
    }

    fn fill(&self, bo: &Gem<Bo>, value: u8) {
        let mut guard = bo.gem.resv().lock();
        let map = bo.vmap(&mut guard).expect("vmap");
        map.map().fill(0, bo.gem.size(), value).expect("fill");
        bo.vunmap(&mut guard, &map);
    }

    fn read(&self, vm: &GpuVm<Spaces>, at: u64) -> Option<u8> {
        let entries = vm.data().entries.lock();
        let mut byte = [0];
        self.machine.ram().read(*entries.get(&at)?, &mut byte);
        Some(byte[0])
    }

    fn unbind_all(&self, vm: &GpuVm<Spaces>) {
        for va in vm.vas() {
            assert!(vm.remove(&va));
            let vm_bo = va.unlink().expect("linked");
            let bo = vm_bo.object().clone();
            vm_bo.put(Some(&vm.resv().lock()));
            bo.gmap.update();
        }
    }
}

fn all() -> ShrinkControl {
    ShrinkControl::direct(1 << 20)
}

#[test]
fn private_and_shared_objects_are_evicted_and_come_back_with_their_spaces() {
    let world = World::new();
    let (a, b) = (world.vm(), world.vm());
    let private = world.bo(4, Some(&a));
    let shared = world.bo(4, None);
    world.fill(&private, 1);
    world.fill(&shared, 2);
    world.bind(&a, &private, 0x10_000, 0, 2);
    world.bind(&a, &private, 0x20_000, 2, 2);
    world.bind(&a, &shared, 0x30_000, 0, 4);
    world.bind(&b, &shared, 0x30_000, 0, 4);
    assert_eq!(private.reclaim.class(), Class::GpuMappedSingleVm);
    assert_eq!(shared.reclaim.class(), Class::GpuMappedMultiVm);
    assert_eq!(a.data().reclaim.pages(), 4);
    assert_eq!(private.export(true).map(drop), Err(Errno::EINVAL));

    assert_eq!(world.shrinker.scan(all()), ScanResult::Freed(8));
    assert_eq!(world.machine.frames().stats().used, 0);
    assert!(a.data().entries.lock().is_empty() && b.data().entries.lock().is_empty());
    assert_eq!(world.machine.trace().take(), []);

    assert_eq!(world.submit(&a), Ok(()));
    assert_eq!(world.read(&a, 0x10_000), Some(1));
    assert_eq!(world.read(&a, 0x21_000), Some(1));
    assert_eq!(world.read(&a, 0x33_000), Some(2));
    assert_eq!(world.read(&b, 0x30_000), None);
    assert_eq!(shared.reclaim.class(), Class::GpuMappedSingleVm);
    assert_eq!(a.data().reclaim.pages(), 8);
    assert_eq!(world.submit(&b), Ok(()));
    assert_eq!(world.read(&b, 0x30_000), Some(2));
    assert_eq!(shared.reclaim.class(), Class::GpuMappedMultiVm);
    // Nothing is evicted any more.
    assert_eq!(world.submit(&a), Ok(()));

    world.unbind_all(&a);
    world.unbind_all(&b);
    assert_eq!(private.reclaim.class(), Class::Unused);
    drop((private, shared));
    assert!(a.leftovers().is_empty() && b.leftovers().is_empty());
    drop((a, b));
    assert_eq!(world.machine.trace().take(), []);
    assert_eq!(world.dev.object_count(), 0);
    assert_eq!(world.machine.frames().stats().used, 0);
}

#[test]
fn a_space_that_is_locked_keeps_its_objects() {
    let world = World::new();
    let (a, b) = (world.vm(), world.vm());
    let shared = world.bo(1, None);
    world.bind(&a, &shared, 0, 0, 1);
    world.bind(&b, &shared, 0, 0, 1);
    let guard = b.resv().lock();
    assert_eq!(world.shrinker.scan(all()), ScanResult::Freed(0));
    assert!(shared.backing.is_resident());
    drop(guard);
    let lock = shared.gmap.lock();
    assert_eq!(world.shrinker.scan(all()), ScanResult::Stop);
    drop(lock);
    assert_eq!(world.shrinker.scan(all()), ScanResult::Freed(1));
    world.unbind_all(&a);
    world.unbind_all(&b);
}
