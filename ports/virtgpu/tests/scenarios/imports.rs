//! Foreign buffers: refused as of 6.12, objects of a third kind as of 6.14, which lose their memory when it moves.

use migrate_macros::scenario;
use port_kit::Scenario;
use port_kit::kms::Rect;
use port_virtgpu::Params;
use port_virtgpu::uapi::BLOB_MEM_GUEST;

use super::session::{Session, flat};

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_FOREIGN_BUFFER_IS_ATTACHED_AND_MAPPED_BEFORE_IT_IS_REFUSED,
    A_FOREIGN_BUFFER_IS_AN_OBJECT_OF_A_THIRD_KIND,
    A_BUFFER_THAT_NEVER_MOVES_IS_IMPORTED_TOO,
    A_BUFFER_THAT_MOVED_HAS_NO_MEMORY_FOR_EVER,
    A_HOST_WITH_A_RENDERER_REFUSES_AS_BEFORE,
    AN_IMPORT_IS_EXPORTED_AS_WHAT_IT_WAS,
    A_FAILED_IMPORT_LEAVES_NOTHING,
    A_PANIC_FINDS_NOTHING_IN_AN_IMPORT,
];

fn later() -> Params {
    Params {
        blob: true,
        dynamic_import: true,
        ..Params::default()
    }
}

#[scenario]
fn a_foreign_buffer_is_attached_and_mapped_before_it_is_refused(s: &mut Session) {
    let fd = s.open();
    let (buf, exporter) = s.movable(2, 0x5a);
    s.try_import(fd, buf).expect_err("it is refused");
    s.exporter(&exporter);
    let buf = s.foreign_buffer(2);
    s.try_import(fd, buf).expect_err("it is refused");
    s.close_buffer(buf);
    s.memory();
}

#[scenario]
fn a_foreign_buffer_is_an_object_of_a_third_kind(s: &mut Session) {
    s.host(later());
    let fd = s.open();
    let (buf, exporter) = s.movable(2, 0x5a);
    let bo = s.try_import(fd, buf).expect("it is imported");
    s.exporter(&exporter);
    s.look(bo);
    s.info(bo);
    s.answer();
    s.guest_byte(2, 0x1fff);
    s.heading("nobody maps it here");
    s.offset(bo);
    s.vmap(bo);
    s.heading("but it can be shown");
    s.upload(bo, flat(0, 0, 8, 8), 0);
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.answer();
    s.pixel(0, 0);
    s.heading("the end");
    s.rm_fb(fd, fb);
    s.close(bo);
    s.exporter(&exporter);
    s.answer();
    s.memory();
}

#[scenario]
fn a_buffer_that_never_moves_is_imported_too(s: &mut Session) {
    s.host(later());
    let fd = s.open();
    let buf = s.foreign_buffer(2);
    let bo = s.try_import(fd, buf).expect("it is imported");
    s.look(bo);
    s.answer();
    s.guest_byte(2, 0);
    s.close(bo);
    s.answer();
}

#[scenario]
fn a_buffer_that_moved_has_no_memory_for_ever(s: &mut Session) {
    s.host(later());
    let fd = s.open();
    let (buf, exporter) = s.movable(4, 0x5a);
    let bo = s.try_import(fd, buf).expect("it is imported");
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.answer();
    s.pixel(0, 0);
    s.move_buffer(buf, &exporter, 0xa5);
    s.exporter(&exporter);
    s.look(bo);
    s.heading("it is shown all the same");
    s.flip_damaged(fd, fb, &[Rect::new(0, 0, 4, 4)]);
    s.answer();
    s.pixel(0, 0);
    s.heading("moving again is nothing new");
    s.move_buffer(buf, &exporter, 0x11);
    s.close(bo);
}

#[scenario]
fn a_host_with_a_renderer_refuses_as_before(s: &mut Session) {
    s.host(Params {
        virgl: true,
        ..later()
    });
    let fd = s.open();
    let (buf, exporter) = s.movable(2, 0x5a);
    s.try_import(fd, buf).expect_err("it is refused");
    s.exporter(&exporter);
}

#[scenario]
fn an_import_is_exported_as_what_it_was(s: &mut Session) {
    s.host(later());
    let (fd, other) = (s.open(), s.open());
    let (buf, exporter) = s.movable(2, 0x5a);
    let bo = s.try_import(fd, buf).expect("it is imported");
    let again = s.export(bo);
    s.same_buffer(buf, again);
    s.heading("another file imports it anew");
    let second = s.try_import(other, again).expect("it is imported");
    s.exporter(&exporter);
    s.info(second);
    s.heading("the device's own buffer is no import");
    let (own, _) = s.blob(fd, BLOB_MEM_GUEST, 0, 4096);
    let buf = s.export(own);
    let same = s.try_import(other, buf).expect("it is imported");
    s.look(same);
}

#[scenario]
fn a_failed_import_leaves_nothing(s: &mut Session) {
    s.host(later());
    let fd = s.open();
    let (buf, exporter) = s.movable(2, 0x5a);
    for nth in 1..=8 {
        s.machine.failpoints().fail_any_nth(nth);
        let result = s.try_import(fd, buf);
        let fired = s.machine.failpoints().disarm();
        s.exporter(&exporter);
        if let Ok(bo) = result {
            s.close(bo);
        }
        s.answer();
        s.note("a failure was met", fired);
    }
    s.memory();
}

#[scenario]
fn a_panic_finds_nothing_in_an_import(s: &mut Session) {
    s.host(later());
    let fd = s.open();
    let (buf, _exporter) = s.movable(2, 0x5a);
    let bo = s.try_import(fd, buf).expect("it is imported");
    let object = s.hold(bo);
    s.panic_draw("a foreign buffer", &object);
}
