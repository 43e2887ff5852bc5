//! When objects go: an exported one late, as work on the way back to user space, the last queued first. Offsets that are handed
//! out again depend on it.

use drm_core::device::{Device, File};
use drm_core::gem::{Gem, Gone, Header, Object};
use drm_core::machine::Event;
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::sync::{Arc, Mutex};

use crate::support::{Bench, PAGE, bench};

type Log = Arc<Mutex<Vec<char>>>;

/// An object that says when it is freed.
struct Named {
    header: Header,
    name: char,
    log: Log,
}

impl Object for Named {
    fn gem(&self) -> &Header {
        &self.header
    }

    fn free(&self, _gone: &Gone) {
        self.log.lock().push(self.name);
    }
}

struct Order {
    bench: Bench,
    log: Log,
}

impl Order {
    fn new() -> Self {
        let (bench, log) = (bench(), Log::default());
        Self { bench, log }
    }

    fn add(&self, dev: &Device, file: &File, name: char, exported: bool) -> u32 {
        let header = Header::new_private(dev, PAGE);
        let log = Arc::clone(&self.log);
        let object = Gem::new(Named { header, name, log }).into_dyn();
        let handle = file.handle_create(&object).expect("it can be made");
        if exported {
            drop(file.export(handle, true).expect("it can be exported"));
        }
        handle
    }

    fn freed(&self) -> String {
        std::mem::take(&mut *self.log.lock()).into_iter().collect()
    }
}

#[test]
fn at_file_close_the_exported_go_last_and_in_reverse() {
    let order = Order::new();
    let dev = &order.bench.dev;
    let file = dev.open().expect("it opens");
    for (name, exported) in [
        ('a', true),
        ('b', false),
        ('c', true),
        ('d', false),
        ('e', true),
        ('f', false),
    ] {
        order.add(dev, &file, name, exported);
    }
    drop(file);
    assert_eq!(order.freed(), "bdfeca");
}

#[test]
fn a_close_frees_an_exported_object_when_the_call_returns() {
    let order = Order::new();
    let (dev, file) = (&order.bench.dev, &order.bench.file);
    let (plain, exported) = (
        order.add(dev, file, 'p', false),
        order.add(dev, file, 'x', true),
    );
    let call = order.bench.machine.syscall();
    file.handle_delete(exported).expect("it exists");
    file.handle_delete(plain).expect("it exists");
    assert_eq!(order.freed(), "p", "inside of the call");
    drop(call);
    assert_eq!(order.freed(), "x", "on the way back");
}

#[test]
fn an_offset_is_taken_again_in_the_order_of_the_frees() {
    let order = Order::new();
    let dev = &order.bench.dev;
    let file = dev.open().expect("it opens");
    let offset = |handle| {
        let object = file.lookup(handle).expect("it exists");
        object.gem().create_mmap_offset().expect("there is room")
    };
    let handles = ['a', 'b', 'c'].map(|name| order.add(dev, &file, name, name == 'a'));
    let [a, b, c] = handles.map(offset);
    assert_eq!([b, c], [a + PAGE, a + 2 * PAGE]);
    let kept = order.add(dev, &file, 'k', false);
    offset(kept);
    // `a` goes when its call returns, `c` at once: the hole of `a` is the newest.
    let call = order.bench.machine.syscall();
    file.handle_delete(handles[0]).expect("it exists");
    file.handle_delete(handles[2]).expect("it exists");
    drop(call);
    assert_eq!(order.freed(), "ca");
    let next = order.add(dev, &file, 'n', false);
    assert_eq!(offset(next), a, "among equal holes the one made last");
}

#[test]
fn a_file_lives_as_long_as_a_mapping_made_through_it() {
    let bench = bench();
    let object = bench.buffer(1);
    let offset = object.gem().create_mmap_offset().expect("there is room");
    let file = bench.dev.open().expect("it opens");
    file.handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    let process = Process::new(&bench.machine);
    let addr = process.mmap(&file, PAGE, Prot::ReadWrite, Sharing::Shared, offset);
    let addr = addr.expect("it can be mapped");
    drop(file);
    assert_eq!(
        (bench.dev.file_count(), object.gem().handle_count()),
        (2, 1)
    );
    process.munmap(addr, PAGE).expect("it is mapped");
    assert_eq!(
        (bench.dev.file_count(), object.gem().handle_count()),
        (1, 0)
    );
}

#[test]
fn an_object_that_its_creator_frees_under_a_handle_is_freed_again_by_that_handle() {
    let order = Order::new();
    let (dev, file) = (&order.bench.dev, &order.bench.file);
    let named = |name| Named {
        header: Header::new_private(dev, PAGE),
        name,
        log: Arc::clone(&order.log),
    };
    Gem::new(named('a')).free_directly(|_, _| order.log.lock().push('x'));
    assert_eq!(order.freed(), "x");
    assert_eq!(order.bench.machine.trace().take(), []);
    assert_eq!(dev.object_count(), 0);

    let object = Gem::new(named('b'));
    let handle = file
        .handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    object.free_directly(|_, _| order.log.lock().push('y'));
    assert_eq!(order.bench.machine.trace().take(), []);
    file.handle_delete(handle).expect("it is there");
    assert_eq!(order.freed(), "y");
    let events = order.bench.machine.trace().take();
    assert!(
        matches!(&events[..], [Event::Oops(what)] if what.contains("freed again")),
        "{events:?}"
    );
}
