//! The lists of one device, and the shrinker that works on them.

use std::collections::VecDeque;
use std::fmt;

use drm_core::device::Device;
use drm_core::gem::{Gem, Header, Lru};
use drm_core::machine::{Deadline, Machine, ScanResult, ShrinkControl, Shrinker};
use drm_core::resv::Usage;
use drm_core::sync::{Arc, Mutex, Weak};

use super::class::{Class, Live};
use super::figure::PageCount;
use super::vm::{VmReclaim, WeakVm};

/// How long a scan waits for the fences of an object that the device maps: 10 ticks of 4 ms.
const FENCE_WAIT_NS: u64 = 40_000_000;

struct Inner {
    machine: Machine,
    name: String,
    dev: Lists,
    /// Address spaces with objects, the one that was active longest ago first.
    vms: Mutex<VecDeque<WeakVm>>,
    /// A hint: pages that the device maps.
    gpu_mapped: PageCount,
    freed_in_all: PageCount,
    /// Whether the last scan freed nothing although there was something.
    stuck: Mutex<bool>,
}

struct Lists {
    lock: drm_core::gem::LruLock,
    unused: Lru,
    mmapped: Lru,
    shared: Lru,
}

/// The reclaim of one device: a list per class, address spaces by the time of their last activity, and the shrinker.
///
/// A clone is the same. Objects join by [`crate::New::reclaimed_by`].
#[derive(Clone)]
pub struct DeviceReclaim(Arc<Inner>);

impl fmt::Debug for DeviceReclaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceReclaim")
            .field("pages", &self.pages())
            .finish_non_exhaustive()
    }
}

/// Pages of the objects on the lists of a device, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReclaimPages {
    unused: u64,
    mmapped: u64,
    gpu_mapped: u64,
}

impl ReclaimPages {
    /// Of objects that nobody maps.
    #[must_use]
    pub fn unused(self) -> u64 {
        self.unused
    }

    /// Of objects that processes map.
    #[must_use]
    pub fn mmapped(self) -> u64 {
        self.mmapped
    }

    /// Of objects that the device maps; a hint.
    #[must_use]
    pub fn gpu_mapped(self) -> u64 {
        self.gpu_mapped
    }
}

impl DeviceReclaim {
    /// The lists of a device, empty. [`DeviceReclaim::register`] makes the machine use them.
    #[must_use]
    pub fn new(dev: &Device) -> Self {
        let lock = dev.lru_lock().clone();
        Self(Arc::new(Inner {
            machine: dev.machine().clone(),
            name: format!("drm-{}", dev.driver().name()),
            dev: Lists {
                unused: lock.new_list(),
                mmapped: lock.new_list(),
                shared: lock.new_list(),
                lock,
            },
            vms: Mutex::default(),
            gpu_mapped: PageCount::default(),
            freed_in_all: PageCount::default(),
            stuck: Mutex::new(false),
        }))
    }

    /// Registers the shrinker, for as long as what is returned lives.
    #[must_use = "the shrinker is gone when this is dropped"]
    pub fn register(&self) -> Arc<dyn Shrinker> {
        let shrinker: Arc<dyn Shrinker> = Arc::new(self.clone());
        self.0.machine.register_shrinker(&shrinker);
        shrinker
    }

    /// Pages on the lists.
    #[must_use]
    pub fn pages(&self) -> ReclaimPages {
        ReclaimPages {
            unused: self.0.dev.unused.pages(),
            mmapped: self.0.dev.mmapped.pages(),
            gpu_mapped: self.0.gpu_mapped.get(),
        }
    }

    /// Pages freed by all scans.
    #[must_use]
    pub fn pages_freed(&self) -> u64 {
        self.0.freed_in_all.get()
    }

    pub(super) fn new_list(&self) -> Lru {
        self.0.dev.lock.new_list()
    }

    /// Moves an object from the list of one class to that of another.
    pub(super) fn place(&self, gem: &Header, from: Class, to: Class, live: &Live) {
        match (from.is_gpu_mapped(), to.is_gpu_mapped()) {
            (false, true) => self.0.gpu_mapped.add(gem.pages()),
            (true, false) => self.0.gpu_mapped.sub(gem.pages()),
            _ => {}
        }
        let lists = &self.0.dev;
        match (to, live) {
            (Class::Unreclaimable, _) => gem.lru().leave(gem),
            (Class::Unused, _) => lists.unused.move_tail(gem),
            (Class::Mmapped, _) => lists.mmapped.move_tail(gem),
            (Class::GpuMappedSingleVm, Live::Single(Some(vm))) => {
                vm.0.lru.move_tail(gem);
                self.move_vm(vm, true);
            }
            (Class::GpuMappedSingleVm | Class::GpuMappedMultiVm, _) => {
                lists.shared.move_tail(gem);
            }
        }
    }

    /// An object that the device mapped died as it was.
    pub(super) fn forget_gpu_mapped(&self, pages: u64) {
        self.0.gpu_mapped.sub(pages);
    }

    /// Lists an address space: at the head, unless it is listed; or behind all others.
    pub(super) fn move_vm(&self, vm: &VmReclaim, head: bool) {
        let mut vms = self.0.vms.lock();
        let weak = Arc::downgrade(&vm.0);
        let at = vms.iter().position(|other| Weak::ptr_eq(other, &weak));
        match (head, at) {
            (true, Some(_)) => {}
            (true, None) => vms.push_front(weak),
            // A scan has it now, or it has no objects.
            (false, None) if vm.pages() == 0 => {}
            (false, None) => vms.push_back(weak),
            (false, Some(at)) => {
                vms.remove(at);
                vms.push_back(weak);
            }
        }
    }

    /// Offers the objects of one list for eviction.
    fn scan_list(&self, lru: &Lru, wanted: u64, scan: &mut Scan) {
        let result = lru.scan(wanted, |object, guard| {
            // It went to another list meanwhile, which will see it.
            if object.gem().lru().list().is_none_or(|list| !list.is(lru)) {
                return false;
            }
            if !self.is_idle(object, scan.may_block) {
                return false;
            }
            let before = self.0.machine.frames().stats().used;
            let evicted = object.evict(guard).is_ok();
            let after = self.0.machine.frames().stats().used;
            scan.freed += before.saturating_sub(after);
            evicted
        });
        scan.remaining += result.remaining;
    }

    /// Whether no job uses the object; waits a little where that is allowed.
    fn is_idle(&self, object: &Gem, may_block: bool) -> bool {
        let resv = object.gem().resv();
        if resv.test_signaled(Usage::Bookkeep) {
            return true;
        }
        let machine = &self.0.machine;
        let deadline = Deadline::At(machine.clock().now() + FENCE_WAIT_NS);
        may_block
            && machine
                .wait_until(deadline, || resv.test_signaled(Usage::Bookkeep))
                .is_ok()
    }

    /// The lists of the address spaces, the one that was active longest ago first. One with something left keeps its place
    /// before all that were not scanned; one that became active meanwhile has moved itself.
    fn scan_vms(&self, wanted: u64, scan: &mut Scan) {
        let mut scanned: VecDeque<WeakVm> = VecDeque::new();
        let mut queue = std::mem::take(&mut *self.0.vms.lock());
        while scan.freed < wanted {
            let Some(weak) = queue.pop_front() else {
                break;
            };
            let Some(vm) = weak.upgrade().map(VmReclaim) else {
                continue;
            };
            self.scan_list(&vm.0.lru, wanted - scan.freed, scan);
            if vm.pages() > 0 {
                scanned.push_back(weak);
            }
        }
        let mut vms = self.0.vms.lock();
        for weak in queue.into_iter().rev().chain(scanned.into_iter().rev()) {
            if !vms.iter().any(|other| Weak::ptr_eq(other, &weak)) {
                vms.push_front(weak);
            }
        }
    }
}

struct Scan {
    may_block: bool,
    freed: u64,
    remaining: u64,
}

impl Shrinker for DeviceReclaim {
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Pages that could be freed: none without swap; those that the device maps only where the caller may wait.
    fn count(&self, control: ShrinkControl) -> u64 {
        if self.0.machine.swap_free() == 0 {
            return 0;
        }
        let pages = self.pages();
        let gpu_mapped = if control.may_block {
            pages.gpu_mapped
        } else {
            0
        };
        pages.unused + pages.mmapped + gpu_mapped
    }

    /// Evicts from the easiest class to the hardest, until enough is free. "Nothing" is said once, then "stop".
    fn scan(&self, control: ShrinkControl) -> ScanResult {
        let wanted = control.nr_to_scan;
        let mut scan = Scan {
            may_block: control.may_block,
            freed: 0,
            remaining: 0,
        };
        let lists = &self.0.dev;
        self.scan_list(&lists.unused, wanted, &mut scan);
        if scan.freed < wanted {
            self.scan_list(&lists.mmapped, wanted - scan.freed, &mut scan);
        }
        if control.may_block {
            if scan.freed < wanted {
                self.scan_vms(wanted, &mut scan);
            }
            if scan.freed < wanted {
                self.scan_list(&lists.shared, wanted - scan.freed, &mut scan);
            }
        }
        self.0.freed_in_all.add(scan.freed);
        let mut stuck = self.0.stuck.lock();
        let was_stuck = std::mem::replace(&mut *stuck, scan.freed == 0);
        if scan.freed == 0 && (scan.remaining == 0 || was_stuck) {
            return ScanResult::Stop;
        }
        ScanResult::Freed(scan.freed)
    }
}
