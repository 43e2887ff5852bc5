//! A driver with one address space for the whole device, as v3d has it: where an object stands in it is a part that the driver
//! writes itself, and the derive composes it with those of the library.
//!
//! `cargo run -p gem-uma --example own_part`

use std::fmt;

use drm_core::device::{Device, Driver, File};
use drm_core::dma::{DmaConfig, DmaDevice, SgTable};
use drm_core::errno::Result;
use drm_core::gem::{Gem, Gone, Header, Object};
use drm_core::machine::{Config, Machine};
use drm_core::mm::{Mm, Node, Placement};
use drm_core::sync::{Arc, Mutex};
use drm_core::{PAGE_SHIFT, PAGE_SIZE};
use gem_uma::{
    Backing, BackingOptions, CpuMap, CpuMapOptions, DeviceMap, New, Part, Share, ShareOptions,
    UmaObject,
};

/// The device's page table: one entry per page of its address space.
struct AddressSpace {
    mm: Mm,
    entries: Vec<u64>,
}

/// Marks an entry as valid.
const VALID: u64 = 1;

/// The place of one object in the address space of the device, for as long as the object lives.
///
/// Having it tells you that the addresses are taken; not that entries are written.
///
/// # Invariants
///
/// `node` is given back once, after the entries were cleared.
struct VaNode {
    space: Arc<Mutex<AddressSpace>>,
    node: Mutex<Option<Node>>,
}

impl VaNode {
    /// Takes addresses for an object. `ENOSPC` when there are none.
    fn new(new: &New, space: &Arc<Mutex<AddressSpace>>) -> Result<Self> {
        let node = space
            .lock()
            .mm
            .insert_node(new.pages(), &Placement::default())?;
        Ok(Self {
            space: Arc::clone(space),
            node: Mutex::new(Some(node)),
        })
    }

    /// First page, and pages; nothing once the object died.
    fn range(&self) -> Option<(u64, u64)> {
        let node = self.node.lock();
        node.as_ref().map(|node| (node.start(), node.size()))
    }

    fn map(&self, table: &SgTable) {
        let Some((start, pages)) = self.range() else {
            return;
        };
        let mut space = self.space.lock();
        for page in 0..pages {
            let address = table.dma_page(page).unwrap_or_default();
            space.entries[(start + page) as usize] = address | VALID;
        }
    }
}

impl Part for VaNode {
    /// It is declared after the device map, and so goes before: the device sees nothing any more when the table is unmapped.
    fn teardown(&self, _gone: &Gone) {
        let Some((start, pages)) = self.range() else {
            return;
        };
        let mut space = self.space.lock();
        space.entries[start as usize..(start + pages) as usize].fill(0);
        if let Some(node) = self.node.lock().take() {
            space.mm.remove_node(node);
        }
    }

    /// A file got a handle: nothing is to be done, every file sees the one address space.
    fn open(&self, _file: &File) -> Result {
        Ok(())
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        let (start, pages) = self.range().unwrap_or_default();
        let tabs = "\t".repeat(indent);
        writeln!(out, "{tabs}va={:#x}+{pages}", start << PAGE_SHIFT)
    }
}

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
    #[uma(part)]
    node: VaNode,
    #[uma(share)]
    share: Share,
}

impl Bo {
    fn new(new: New, space: &Arc<Mutex<AddressSpace>>) -> Result<Self> {
        Ok(Self {
            backing: Backing::new(&new, BackingOptions::default()),
            dmap: DeviceMap::new(&new),
            cmap: CpuMap::new(&new, CpuMapOptions::default()),
            // A failure drops what was built so far, and nothing else is to be done.
            node: VaNode::new(&new, space)?,
            share: Share::new(&new, ShareOptions::default()),
            gem: new.into_gem(),
        })
    }

    fn create(dev: &Device, size: u64, space: &Arc<Mutex<AddressSpace>>) -> Result<Gem<Self>> {
        let bo = gem_uma::create(dev, size, |new| Self::new(new, space))?;
        let table = bo.dmap.lock_table(&bo.backing)?;
        bo.node.map(&table);
        drop(table);
        Ok(bo)
    }
}

struct Example;

impl Driver for Example {
    fn name(&self) -> &'static str {
        "example"
    }
}

fn main() -> Result {
    let machine = Machine::new(Config::default())?;
    let dma = DmaDevice::new(&machine, "example", DmaConfig::default());
    let dev = Device::new(dma, Arc::new(Example));
    let space = Arc::new(Mutex::new(AddressSpace {
        mm: Mm::new(1, 255),
        entries: vec![0; 256],
    }));

    let file = dev.open()?;
    let bo = Bo::create(&dev, 3 * PAGE_SIZE, &space)?;
    let handle = file.handle_create(&bo.clone().into_dyn())?;
    let mut text = String::new();
    if bo.print_info(&mut text, 1).is_ok() {
        println!("handle {handle}:\n{text}");
    }
    let mapped = |space: &Mutex<AddressSpace>| {
        let space = space.lock();
        space
            .entries
            .iter()
            .filter(|entry| *entry & VALID != 0)
            .count()
    };
    println!("entries while the object lives: {}", mapped(&space));

    let too_large = Bo::create(&dev, 4096 * PAGE_SIZE, &space).map(drop);
    println!("an object that does not fit: {too_large:?}");

    drop((bo, file));
    println!("entries after it died: {}", mapped(&space));
    println!(
        "objects left: {}, pages left: {}, warnings: {}",
        dev.object_count(),
        machine.frames().stats().used,
        machine.trace().take().len()
    );
    Ok(())
}
