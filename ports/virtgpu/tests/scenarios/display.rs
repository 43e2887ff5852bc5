//! The screen: framebuffers, what a flip uploads and flushes, blobs that are shown in place, the console, the panic screen.

use drm_core::dma::DmaConfig;
use migrate_macros::scenario;
use port_kit::Scenario;
use port_kit::kms::{Format, Rect};
use port_virtgpu::Params;
use port_virtgpu::uapi::{BLOB_FLAG_USE_MAPPABLE, BLOB_MEM_HOST3D};

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    FRAMEBUFFERS_HAVE_THE_WRONG_ERRORS,
    A_FRAMEBUFFER_MAY_BE_LARGER_THAN_ITS_BUFFER,
    A_NEW_PICTURE_IS_UPLOADED_AS_A_WHOLE,
    ONLY_WHAT_CHANGED_IS_UPLOADED,
    A_MODESET_IS_SENT_AGAIN_WITH_THE_NEXT_FLIP,
    TWO_BUFFERS_TAKE_TURNS,
    A_RESOURCE_OF_THE_RENDERER_IS_NOT_UPLOADED,
    A_BLOB_IS_SHOWN_WHERE_IT_IS,
    A_BLOB_IS_NOT_WAITED_FOR_FOR_LONG,
    A_CURSOR_IS_UPLOADED_ONCE_AND_MOVED_AFTERWARDS,
    A_CURSOR_IS_WRITTEN_BACK_UNDER_ITS_OWN_LOCK,
    A_CURSOR_OF_THE_RENDERER_IS_NOT_UPLOADED,
    THE_SCREEN_GOES_OFF_WITH_ITS_FRAMEBUFFER,
    A_SHOWN_BUFFER_OUTLIVES_ITS_HANDLE,
    THE_CONSOLE_KEEPS_ITS_BUFFER_MAPPED,
    A_PANIC_DRAWS_THROUGH_WHATEVER_IS_THERE,
    A_PANIC_WHILE_SOMEBODY_HOLDS_THE_LOCK,
    A_PANIC_FINDS_NOTHING_IN_MEMORY_OF_THE_HOST,
];

#[scenario]
fn framebuffers_have_the_wrong_errors(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    s.try_fb(bo, 64, 64, Format::RGB565)
        .expect_err("it is refused");
    let unknown = s.guess(fd, 99);
    s.try_fb(unknown, 64, 64, Format::XRGB8888)
        .expect_err("it is refused");
    s.try_fb(bo, 16, 16, Format::XRGB8888)
        .expect_err("it is refused");
    s.try_fb(bo, 64, 64, Format::ARGB8888).expect("it is made");
}

#[scenario]
fn a_framebuffer_may_be_larger_than_its_buffer(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 32, 32);
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.answer();
    s.pixel(0, 0);
}

fn painted(s: &mut Session, byte: u8) -> (super::session::Fd, u32) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0, byte);
    s.write(map, 10 * 256 + 10 * 4, byte);
    let fb = s.fb(bo, 64, 64);
    (fd, fb)
}

#[scenario]
fn a_new_picture_is_uploaded_as_a_whole(s: &mut Session) {
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    s.pixel(0, 0);
    s.answer();
    s.pixel(0, 0);
    s.pixel(10, 10);
    s.turn_off(fd);
    s.answer();
    s.pixel(0, 0);
}

#[scenario]
fn only_what_changed_is_uploaded(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.flip(fd, fb);
    s.answer();
    let map = s.map(bo, 4);
    s.write(map, 0, 0x22);
    s.write(map, 10 * 256 + 10 * 4, 0x22);
    s.flip_damaged(fd, fb, &[Rect::new(10, 10, 20, 20)]);
    s.answer();
    s.pixel(0, 0);
    s.pixel(10, 10);
    s.heading("clips become one rectangle");
    s.flip_damaged(fd, fb, &[Rect::new(0, 0, 4, 4), Rect::new(60, 60, 64, 64)]);
    s.answer();
    s.pixel(0, 0);
}

#[scenario]
fn a_modeset_is_sent_again_with_the_next_flip(s: &mut Session) {
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    s.heading("the same again");
    s.flip(fd, fb);
    s.heading("and again");
    s.flip(fd, fb);
}

#[scenario]
fn two_buffers_take_turns(s: &mut Session) {
    let (fd, first) = painted(s, 0x11);
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0, 0x22);
    let second = s.fb(bo, 64, 64);
    s.turn_on(fd, first);
    s.flip(fd, second);
    s.answer();
    s.pixel(0, 0);
    s.heading("damage says nothing of another buffer");
    s.flip_damaged(fd, first, &[Rect::new(60, 60, 64, 64)]);
    s.answer();
    s.pixel(0, 0);
}

#[scenario]
fn a_resource_of_the_renderer_is_not_uploaded(s: &mut Session) {
    s.renderer();
    let fd = s.open();
    let (bo, id) = s.create(fd, 64, 64);
    let draw = port_virtgpu::host::fill(id, 0, 16, 0x66);
    s.exec(fd, &[bo.handle], &draw).expect("it is taken");
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.answer();
    s.pixel(0, 0);
    s.pixel(8, 0);
}

fn blobs(s: &mut Session) -> (super::session::Fd, super::session::Bo, u32) {
    s.host(Params {
        blob: true,
        ..Params::default()
    });
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let fb = s.fb(bo, 64, 64);
    (fd, bo, fb)
}

#[scenario]
fn a_blob_is_shown_where_it_is(s: &mut Session) {
    let (fd, bo, fb) = blobs(s);
    let map = s.map(bo, 4);
    s.write(map, 4, 0x33);
    s.turn_on(fd, fb);
    s.pixel(1, 0);
    s.note("commands that wait", s.gpu.pending());
}

#[scenario]
fn a_blob_is_not_waited_for_for_long(s: &mut Session) {
    let (fd, _, fb) = blobs(s);
    s.host_hangs(true);
    s.turn_on(fd, fb);
    s.heading("but the next flip waits for the fence of this one, without a limit");
    s.flip(fd, fb);
    s.host_hangs(false);
    s.answer();
}

#[scenario]
fn a_cursor_is_uploaded_once_and_moved_afterwards(s: &mut Session) {
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0, 0x77);
    let cursor = s.try_fb(bo, 64, 64, Format::ARGB8888).expect("it is made");
    s.heading("the upload is waited for");
    s.cursor(fd, cursor, 5, 6);
    s.cursor_of_host();
    s.heading("what is drawn later is not seen");
    s.write(map, 0, 0x88);
    s.cursor(fd, cursor, -3, 60);
    s.cursor_of_host();
    s.hide_cursor(fd);
    s.cursor_of_host();
    s.heading("a picture is no cursor, and the reverse");
    s.cursor(fd, fb, 0, 0);
    s.flip(fd, cursor);
}

#[scenario]
fn a_cursor_is_written_back_under_its_own_lock(s: &mut Session) {
    s.host(Params {
        use_dma_api: true,
        dma: DmaConfig {
            coherent: false,
            ..DmaConfig::default()
        },
        ..Params::default()
    });
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    s.write(map, 0, 0x77);
    let cursor = s.try_fb(bo, 64, 64, Format::ARGB8888).expect("it is made");
    s.cursor(fd, cursor, 5, 6);
    s.cursor_of_host();
}

#[scenario]
fn a_cursor_of_the_renderer_is_not_uploaded(s: &mut Session) {
    s.renderer();
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    let (bo, id) = s.create(fd, 64, 64);
    let draw = port_virtgpu::host::fill(id, 0, 16, 0x66);
    s.exec(fd, &[bo.handle], &draw).expect("it is taken");
    s.wait(bo, 0);
    let cursor = s.try_fb(bo, 64, 64, Format::ARGB8888).expect("it is made");
    s.cursor(fd, cursor, 1, 2);
    s.cursor_of_host();
}

#[scenario]
fn the_screen_goes_off_with_its_framebuffer(s: &mut Session) {
    let (fd, fb) = painted(s, 0x11);
    s.turn_on(fd, fb);
    s.answer();
    s.rm_fb(fd, fb);
    s.answer();
    s.pixel(0, 0);
}

#[scenario]
fn a_shown_buffer_outlives_its_handle(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let fb = s.fb(bo, 64, 64);
    s.turn_on(fd, fb);
    s.close(bo);
    s.flip(fd, fb);
    s.answer();
    s.memory();
    s.close_file(fd);
    s.answer();
    s.memory();
}

#[scenario]
fn the_console_keeps_its_buffer_mapped(s: &mut Session) {
    let console = s.console();
    let object = console.object().clone();
    s.look_at("the console", &object);
    s.console_writes(&console, (3, 5), &[[1, 2, 3, 4], [5, 6, 7, 8]]);
    s.answer();
    s.pixel(3, 5);
    s.pixel(4, 5);
    s.pixel(5, 5);
    s.panic_draw("the console", &object);
    drop(object);
    drop(console);
    s.note("the console goes", "ok");
}

#[scenario]
fn a_panic_draws_through_whatever_is_there(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let map = s.map(bo, 4);
    let object = s.hold(bo);
    s.panic_draw("a buffer that only user space maps", &object);
    s.read(map, 0);
    s.vmap(bo);
    s.panic_draw("a buffer that the kernel maps, too", &object);
    s.vunmap(bo);
}

#[scenario(differs = "D3")]
fn a_panic_while_somebody_holds_the_lock(s: &mut Session) {
    let fd = s.open();
    let bo = s.dumb(fd, 64, 64);
    let object = s.hold(bo);
    let guard = object.gem().resv().lock();
    s.panic_draw("a buffer that is locked", &object);
    drop(guard);
    s.panic_draw("the same, unlocked", &object);
}

#[scenario]
fn a_panic_finds_nothing_in_memory_of_the_host(s: &mut Session) {
    s.host(Params {
        virgl: true,
        blob: true,
        window: Some(16),
        ..Params::default()
    });
    let fd = s.open();
    let (bo, _) = s.blob(fd, BLOB_MEM_HOST3D, BLOB_FLAG_USE_MAPPABLE, 4096);
    s.answer();
    let object = s.hold(bo);
    s.panic_draw("memory of the host", &object);
}
