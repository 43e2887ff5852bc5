//! Rules of composition: what the derive makes of the parts that there are.

use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gone, Header, Object};
use drm_core::machine::{Config, Event};
use drm_core::sync::Arc;
use drm_core::sync::Mutex;
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, Detained, DeviceMap, DeviceReclaim, Eviction,
    GpuMap, GranuleMap, Import, Mapping, New, Part, Pin, PinnedTable, PurgeList, Reclaim, Share,
    SparseBacking, UmaObject, VmReclaim,
};

use crate::world::{Options, Va, World};

/// An object with two parts.
#[derive(UmaObject)]
struct Small {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
    #[uma(cpu_map)]
    cmap: CpuMap,
}

impl Small {
    fn new(new: New) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::default()),
            cmap: CpuMap::new(&new, CpuMapOptions::default()),
            gem: new.into_gem(),
        })
    }
}

#[test]
fn r34_an_object_pays_for_the_parts_that_it_has() {
    let parts = size_of::<Header>() + size_of::<Backing>() + size_of::<CpuMap>();
    assert_eq!(size_of::<Small>(), parts);
    // No part contains another.
    assert!(size_of::<Backing>() < 200, "{}", size_of::<Backing>());
    assert!(size_of::<CpuMap>() < 200, "{}", size_of::<CpuMap>());
    assert!(size_of::<DeviceMap>() < 100, "{}", size_of::<DeviceMap>());
    assert!(size_of::<Share>() < 100, "{}", size_of::<Share>());
}

#[test]
fn r34_an_operation_without_its_part_answers_as_the_kernel_does() {
    let world = World::new(Options::default());
    let bo = gem_uma::create(&world.dev, 4096, Small::new).expect("object");
    let mut guard = bo.gem.resv().lock();
    assert_eq!(bo.pin(&mut guard), Err(Errno::EINVAL));
    assert_eq!(bo.get_sg_table(&mut guard).map(drop), Err(Errno::ENOSYS));
    drop(guard);
    assert_eq!(bo.export(true).map(drop), Err(Errno::EINVAL));

    #[derive(UmaObject)]
    struct Bare {
        #[uma(gem)]
        gem: Header,
    }
    let bare = gem_uma::create(&world.dev, 4096, |new| {
        Ok(Bare {
            gem: new.into_gem(),
        })
    });
    let bare = bare.expect("object");
    let mut guard = bare.gem.resv().lock();
    assert_eq!(bare.vmap(&mut guard).map(drop), Err(Errno::EOPNOTSUPP));
    assert_eq!((bare.status(), bare.rss()), (None, None));
}

/// Records what it is asked.
struct Recorder {
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
    refuse: bool,
}

impl Recorder {
    fn log(&self, what: &str) {
        self.log.lock().push(format!("{what} {}", self.name));
    }
}

impl Part for Recorder {
    fn teardown(&self, _gone: &Gone) {
        self.log("teardown");
    }

    fn open(&self, _file: &File) -> Result {
        self.log("open");
        if self.refuse {
            Err(Errno::EACCES)
        } else {
            Ok(())
        }
    }

    fn close(&self, _file: &File) {
        self.log("close");
    }
}

#[derive(UmaObject)]
#[uma(open = Composed::open_last, free_before = Composed::free_first)]
struct Composed {
    #[uma(gem)]
    gem: Header,
    #[uma(part)]
    lower: Recorder,
    #[uma(part)]
    upper: Recorder,
    refuse: bool,
}

impl Composed {
    fn open_last(&self, _file: &File) -> Result {
        self.lower.log.lock().push("open driver".into());
        if self.refuse {
            Err(Errno::EPERM)
        } else {
            Ok(())
        }
    }

    fn free_first(&self, _gone: &Gone) {
        self.lower.log.lock().push("free driver".into());
    }
}

fn composed(refuse_upper: bool, refuse: bool) -> (Result<u32>, Vec<String>) {
    let world = World::new(Options::default());
    let file = world.dev.open().expect("open");
    let log = Arc::new(Mutex::new(Vec::new()));
    let recorder = |name, refuse| Recorder {
        name,
        log: Arc::clone(&log),
        refuse,
    };
    let bo = gem_uma::create(&world.dev, 4096, |new| {
        Ok(Composed {
            gem: new.into_gem(),
            lower: recorder("lower", false),
            upper: recorder("upper", refuse_upper),
            refuse,
        })
    });
    let handle = file.handle_create(&bo.expect("object").into_dyn());
    drop(file);
    world.assert_clean();
    let log = std::mem::take(&mut *log.lock());
    (handle, log)
}

#[test]
fn r30_parts_are_torn_down_in_reverse_order() {
    let (handle, log) = composed(false, false);
    assert_eq!(handle, Ok(1));
    assert_eq!(
        log,
        [
            "open lower",
            "open upper",
            "open driver",
            "close upper",
            "close lower",
            "free driver",
            "teardown upper",
            "teardown lower",
        ]
    );
}

#[test]
fn r30_an_open_that_fails_closes_the_parts_that_were_opened() {
    let (handle, log) = composed(true, false);
    assert_eq!(handle, Err(Errno::EACCES));
    assert_eq!(log[..3], ["open lower", "open upper", "close lower"]);
    let (handle, log) = composed(false, true);
    assert_eq!(handle, Err(Errno::EPERM));
    assert_eq!(
        log[..5],
        [
            "open lower",
            "open upper",
            "open driver",
            "close upper",
            "close lower"
        ]
    );
}

#[test]
fn r30_what_is_still_mapped_when_an_object_dies_is_reported() {
    let world = World::reclaiming(Config::default());
    let bo = world.bo(4096);
    let mut guard = bo.gem.resv().lock();
    bo.vmap(&mut guard).expect("vmap");
    drop(guard);
    let vm = world.vm();
    world.gpu_map(&bo, &vm, 0);
    let mapped = world.bo(4096);
    world.gpu_map(&mapped, &vm, 4096);
    let lists = world.reclaim.clone().expect("lists");
    assert_eq!(lists.pages().gpu_mapped(), 1);
    drop(mapped);
    assert_eq!(world.machine.trace().take().len(), 1);
    assert_eq!(lists.pages().gpu_mapped(), 0);
    drop(bo);
    assert_eq!(
        world.machine.trace().take(),
        [
            Event::Warning("gem-uma: freed while mapped by the GPU"),
            Event::Warning("gem-uma: freed while mapped for the kernel"),
            Event::Warning("gem-uma: freed while pinned"),
        ]
    );
    world.assert_clean();
}

#[test]
fn r45_every_public_type_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<(Backing, SparseBacking, DeviceMap, GranuleMap)>();
    shared::<(CpuMap, GpuMap<Va>, Mapping<Va>, Reclaim, Share)>();
    shared::<(Import, Pin, PinnedTable, PurgeList)>();
    shared::<(DeviceReclaim, VmReclaim, BackingOptions, CpuMapOptions)>();
    shared::<(Detained, gem_uma::Runs, gem_uma::RangeMap<'_>)>();
    shared::<(gem_uma::MappedTable<'_>, Eviction<'_, gem_uma::Unmapped>)>();
}

/// An object whose memory the device uses until it has answered.
#[derive(UmaObject)]
#[uma(free_before = Self::unref)]
struct Answered {
    #[uma(gem)]
    gem: Header,
    #[uma(backing)]
    backing: Backing,
    #[uma(device_map)]
    dmap: DeviceMap,
    queue: Arc<Mutex<Vec<Detained>>>,
}

impl Answered {
    fn unref(&self, gone: &Gone) {
        let detained = gem_uma::detain(gone, &self.backing, Some(&self.dmap));
        self.queue.lock().push(detained);
    }
}

#[test]
fn r47_what_a_device_still_uses_outlives_its_object() {
    let world = World::new(Options::default());
    let queue = Arc::new(Mutex::new(Vec::new()));
    let bo = gem_uma::create(&world.dev, 2 * 4096, |new| {
        Ok(Answered {
            backing: Backing::new(&new, BackingOptions::default()),
            dmap: DeviceMap::new(&new),
            queue: Arc::clone(&queue),
            gem: new.into_gem(),
        })
    })
    .expect("object");
    drop(bo.dmap.lock_table(&bo.backing).expect("table"));
    drop(bo);
    assert_eq!(world.dev.object_count(), 0);
    let counters = || world.machine.counters().snapshot();
    assert_eq!(world.machine.frames().stats().used, 2);
    assert_eq!(counters().dma_unmapped, 0);
    // Nobody else gets the pages, whatever is asked for.
    assert_eq!(world.machine.swap_out(2), 0);
    let answered = queue.lock().pop().expect("the device was asked");
    assert_eq!(answered.len(), 2 * 4096);
    drop(answered);
    assert!(counters().dma_unmapped > 0);
    world.assert_clean();
}
