//! Buffers that come from other devices and go to them.

use drm_core::errno::{Errno, Result};
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Prot, Sharing};
use drm_core::prime::Direction;
use drm_core::resv::{Fence, FenceContext, Usage};
use drm_core::sync::Arc;
use drm_core::sync::atomic::{AtomicBool, Ordering};
use port_kit::kms::{Exporter, FbCmd, Format, Scene, changed};
use port_simpledrm::{Firmware, Simpledrm, probe};

const RED: [u8; 4] = [0, 0, 0xff, 0];
const GREEN: [u8; 4] = [0, 0xff, 0, 0];
const WIDTH: u32 = 64;
const PITCH: u32 = WIDTH * 4;

fn machine() -> Machine {
    Machine::new(Config::default()).expect("a machine")
}

fn on(machine: &Machine) -> Scene<Simpledrm> {
    let firmware = Firmware {
        width: WIDTH,
        height: WIDTH,
        pitch: PITCH,
        format: Format::XRGB8888,
    };
    Scene::of(probe(machine, firmware))
}

/// A framebuffer over an imported buffer, four pages large.
fn import_fb(s: &Scene<Simpledrm>, exporter: &Exporter) -> Result<u32> {
    let handle = s.file.import(exporter.dma_buf())?;
    let cmd = FbCmd::packed(WIDTH, WIDTH, Format::XRGB8888, handle, PITCH);
    s.kms().add_fb(&s.file, &cmd)
}

fn is_all(screen: &[u8], pixel: [u8; 4]) -> bool {
    screen.as_chunks::<4>().0.iter().all(|p| *p == pixel)
}

#[test]
fn an_imported_framebuffer_is_bracketed_and_mapped_by_its_exporter() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    let (_, own) = s.picture(Format::XRGB8888)?;
    let fb = import_fb(&s, &camera)?;
    s.log(format_args!("import: {:?}", camera.take_calls()));
    camera.paint(&RED);
    s.turn_on(fb)?;
    s.log(format_args!("shown: {:?}", camera.take_calls()));
    let red = is_all(&s.driver.screen().bytes(), RED);
    s.log(format_args!("the camera's picture arrived: {red}"));
    s.flip(fb)?;
    s.log(format_args!("shown again: {:?}", camera.take_calls()));
    s.flip(own)?;
    s.log(format_args!("another shown: {:?}", camera.take_calls()));
    let mut text = s.finish();
    text += &format!("closed: {:?}\n", camera.take_calls());
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn an_exporter_that_refuses_the_access_leaves_the_screen_as_it_was() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    let fb = import_fb(&s, &camera)?;
    camera.paint(&RED);
    s.turn_on(fb)?;
    let before = s.driver.screen().bytes();
    camera.paint(&GREEN);
    camera.fail_begin(Some(Errno::EIO));
    let _ = camera.take_calls();
    let flip = s.flip(fb);
    s.answer("flip", flip);
    let changes = changed(&before, &s.driver.screen().bytes(), PITCH as usize);
    s.log(format_args!(
        "changed: {changes}; {:?}",
        camera.take_calls()
    ));
    camera.fail_begin(None);
    camera.fail_end(Some(Errno::EIO));
    let flip = s.flip(fb);
    s.answer("flip with a failed end", flip);
    let green = is_all(&s.driver.screen().bytes(), GREEN);
    s.log(format_args!("green: {green}; {:?}", camera.take_calls()));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn an_import_in_memory_of_a_device_cannot_be_shown() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    camera.give_io_memory();
    let fb = import_fb(&s, &camera)?;
    let shown = s.turn_on(fb);
    s.answer("turn on", shown);
    s.log(format_args!("{:?}", camera.take_calls()));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_second_import_gives_the_same_handle_and_another_file_another_object() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    let first = s.file.import(camera.dma_buf())?;
    let second = s.file.import(camera.dma_buf())?;
    s.log(format_args!("handles {first} and {second}"));
    let other = s.dev.open()?;
    let theirs = other.import(camera.dma_buf())?;
    let same = match (s.object(first), other.lookup(theirs)) {
        (Some(mine), Some(theirs)) => mine.is(&theirs),
        _ => true,
    };
    s.log(format_args!("same object in another file: {same}"));
    let exported = s.file.export(first, true)?;
    let original = exported.is(camera.dma_buf());
    s.log(format_args!("export gives the original buffer: {original}"));
    drop(exported);
    let closed = s.file.handle_delete(first);
    s.answer("one close", closed);
    let closed = s.file.handle_delete(first);
    s.answer("a second close", closed);
    drop(other);
    s.log(format_args!("{:?}", camera.take_calls()));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn an_attached_importer_pins_and_a_mapped_table_does_not() -> Result {
    let machine = machine();
    let mut s = on(&machine);
    let other = on(&machine);
    let buffer = s.dumb(WIDTH, WIDTH, 32)?;
    let object = s.object(buffer.handle).expect("an object");
    let dma_buf = s.file.export(buffer.handle, true)?;
    s.usage("exported", &object);
    let attach = dma_buf.attach(other.dev.dma())?;
    s.usage("a device attached", &object);
    let table = attach.map_unlocked(Direction::Bidirectional)?;
    s.usage("and mapped it", &object);
    let line = format!("the table has {} bytes", table.len());
    s.log(line);
    attach.unmap_unlocked(&table);
    attach.detach();
    s.usage("and detached", &object);
    drop((attach, table, dma_buf, object));
    drop(other);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_buffer_of_one_display_is_shown_by_another() -> Result {
    let machine = machine();
    let mut owner = on(&machine);
    let viewer = on(&machine);
    let buffer = owner.dumb(WIDTH, WIDTH, 32)?;
    owner.paint(&buffer, &GREEN)?;
    let object = owner.object(buffer.handle).expect("an object");
    let dma_buf = owner.file.export(buffer.handle, true)?;
    let handle = viewer.file.import(&dma_buf)?;
    owner.usage("imported", &object);
    let map = viewer.file.dumb_map_offset(handle);
    owner.answer("offset of the import", map);
    let cmd = FbCmd::packed(WIDTH, WIDTH, Format::XRGB8888, handle, PITCH);
    let fb = viewer.kms().add_fb(&viewer.file, &cmd)?;
    viewer.turn_on(fb)?;
    owner.usage("shown by the other", &object);
    let green = is_all(&viewer.driver.screen().bytes(), GREEN);
    owner.log(format_args!("pixels arrived: {green}"));

    owner.file.handle_delete(buffer.handle)?;
    drop(dma_buf);
    owner.usage("exporter gave its handle up", &object);
    drop(object);
    viewer.flip(fb)?;
    let text = viewer.finish();
    owner.log(text.trim_end());
    insta::assert_snapshot!(owner.finish());
    Ok(())
}

#[test]
fn a_buffer_imported_back_into_its_device_is_itself() -> Result {
    let mut s = on(&machine());
    let buffer = s.dumb(WIDTH, WIDTH, 32)?;
    let dma_buf = s.file.export(buffer.handle, true)?;
    let again = s.file.import(&dma_buf)?;
    let other = s.dev.open()?;
    let theirs = other.import(&dma_buf)?;
    let same = match (s.object(buffer.handle), other.lookup(theirs)) {
        (Some(mine), Some(theirs)) => mine.is(&theirs),
        _ => false,
    };
    s.log(format_args!(
        "same handle: {}; same object in another file: {same}",
        again == buffer.handle
    ));
    drop((dma_buf, other));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_process_that_maps_an_import_maps_the_exporters_pages() -> Result {
    let machine = machine();
    let mut s = on(&machine);
    let viewer = on(&machine);
    let buffer = s.dumb(WIDTH, WIDTH, 32)?;
    s.paint(&buffer, &RED)?;
    let object = s.object(buffer.handle).expect("an object");
    let dma_buf = s.file.export(buffer.handle, true)?;
    let import = viewer.file.import(&dma_buf)?;
    let import = viewer.object(import).expect("an object");
    let offset = import.gem().create_mmap_offset()?;
    let at = viewer.process.mmap(
        &viewer.file,
        buffer.size,
        Prot::ReadWrite,
        Sharing::Shared,
        offset,
    )?;
    s.usage("mapped through the importer", &object);
    let mut pixel = [0; 4];
    viewer.process.read(at, &mut pixel)?;
    s.log(format_args!("reads {pixel:02x?}"));
    let private = viewer.process.mmap(
        &viewer.file,
        buffer.size,
        Prot::ReadWrite,
        Sharing::Private,
        offset,
    );
    s.answer("a private mapping", private);
    drop(import);
    drop(viewer);
    s.usage("the importer is closed", &object);
    drop((object, dma_buf));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_commit_waits_for_writers_only() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    let fb = import_fb(&s, &camera)?;
    s.turn_on(fb)?;
    for usage in [Usage::Bookkeep, Usage::Read, Usage::Write, Usage::Kernel] {
        let fence = FenceContext::new().fence();
        {
            let mut guard = camera.dma_buf().resv().lock();
            guard.reserve_fences(1)?;
            guard.add_fence(&fence, usage);
        }
        let armed = Arc::new(AtomicBool::new(true));
        let (job, step) = (fence.clone(), Arc::clone(&armed));
        s.machine().add_hardware(move || {
            let first = step.swap(false, Ordering::SeqCst);
            if first {
                job.signal();
            }
            first
        });
        s.flip(fb)?;
        let waited = fence.is_signaled();
        s.log(format_args!("{usage:?} fence: waited {waited}"));
        armed.store(false, Ordering::SeqCst);
        fence.signal();
    }
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn an_explicit_fence_overrules_the_writers_of_an_own_buffer() -> Result {
    let mut s = on(&machine());
    let (buffer, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    let writer = FenceContext::new().fence();
    {
        let object = s.object(buffer.handle).expect("an object");
        let mut guard = object.gem().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&writer, Usage::Write);
    }
    let explicit = FenceContext::new().fence();
    let pending = explicit.clone();
    s.machine().add_hardware(move || {
        let waiting = !pending.is_signaled();
        pending.signal();
        waiting
    });
    let flip = s.update(
        |mut update| {
            update.in_fence = Some(explicit.clone());
            update
        },
        fb,
    );
    s.answer("flip", flip);
    let line = format!(
        "explicit signalled: {}, writer signalled: {}",
        explicit.is_signaled(),
        writer.is_signaled()
    );
    s.log(line);
    writer.signal();
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_access_to_an_import_waits_for_its_writers_even_so() -> Result {
    let mut s = on(&machine());
    let camera = Exporter::new(s.machine(), 4)?;
    let fb = import_fb(&s, &camera)?;
    s.turn_on(fb)?;
    let writer = FenceContext::new().fence();
    {
        let mut guard = camera.dma_buf().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&writer, Usage::Write);
    }
    let pending = writer.clone();
    s.machine().add_hardware(move || {
        let waiting = !pending.is_signaled();
        pending.signal();
        waiting
    });
    let flip = s.update(
        |mut update| {
            update.in_fence = Some(Fence::signaled());
            update
        },
        fb,
    );
    s.answer("flip", flip);
    let line = format!("writer signalled: {}", writer.is_signaled());
    s.log(line);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_wait_that_is_killed_undoes_the_preparation() -> Result {
    let mut s = on(&machine());
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb_a)?;
    let (a, b) = (s.object(a.handle), s.object(b.handle));
    let (Some(a), Some(b)) = (a, b) else {
        panic!("two objects");
    };
    let never = FenceContext::new().fence();
    {
        let mut guard = b.gem().resv().lock();
        guard.reserve_fences(1)?;
        guard.add_fence(&never, Usage::Write);
    }
    let flip = s.flip(fb_b);
    s.answer("flip to a buffer that is never finished", flip);
    s.usage("a", &a);
    s.usage("b", &b);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}
