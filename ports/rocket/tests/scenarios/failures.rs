//! Creations that fail, and what they leave.

use drm_core::machine::{Config, Fail};
use migrate_macros::scenario;
use port_kit::Scenario;
use port_rocket::Params;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_HANDLE_THAT_IS_GUESSED_WHILE_ITS_BUFFER_IS_MADE,
    A_CREATION_WITHOUT_A_HANDLE_LEAVES_THE_BUFFERS_OF_OTHERS,
    A_CREATION_WITHOUT_A_HANDLE_IN_AN_EMPTY_FILE,
    A_CREATION_WITHOUT_A_DMA_MAPPING_LEAVES_NO_HANDLE,
    A_CREATION_WITHOUT_A_PAGE_TABLE_LEAVES_NO_HANDLE,
    A_CREATION_WITHOUT_MEMORY_LEAVES_NO_HANDLE,
    A_BUFFER_OF_TWO_GIB,
    A_FULL_ADDRESS_SPACE_REFUSES_THE_NEXT_BUFFER,
];

#[scenario(differs = "D1")]
fn a_handle_that_is_guessed_while_its_buffer_is_made(s: &mut Session) {
    let fd = s.open();
    s.race_with_prep(fd, 4, 1);
    let bo = s.create(fd, 8 * 4096);
    s.prep(bo, 0);
}

#[scenario(differs = "D2")]
fn a_creation_without_a_handle_leaves_the_buffers_of_others(s: &mut Session) {
    let fd = s.open();
    let other = s.create(fd, 2 * 4096);
    s.create(fd, 2 * 4096);
    s.heading("the second allocation of a creation is that of the handle");
    s.fail(Fail::Alloc, 2);
    s.try_create(fd, 3 * 4096).expect_err("it has no handle");
    s.page_table(fd);
    s.va_space(fd);
    s.entry(other, 0);
}

#[scenario(differs = "D2")]
fn a_creation_without_a_handle_in_an_empty_file(s: &mut Session) {
    let fd = s.open();
    s.fail(Fail::Alloc, 2);
    s.try_create(fd, 5000).expect_err("it has no handle");
    s.va_space(fd);
    s.memory();
}

#[scenario(differs = "D3")]
fn a_creation_without_a_dma_mapping_leaves_no_handle(s: &mut Session) {
    let fd = s.open();
    s.fail(Fail::DmaMap, 1);
    s.try_create(fd, 4096).expect_err("it is not mapped");
    let bo = s.guess(fd, 1);
    s.prep(bo, 0);
    s.close(bo);
    s.memory();
}

#[scenario(differs = "D3")]
fn a_creation_without_a_page_table_leaves_no_handle(s: &mut Session) {
    let fd = s.open();
    s.fail(Fail::TableAlloc, 1);
    s.try_create(fd, 4096).expect_err("it is not mapped");
    s.va_space(fd);
    let bo = s.guess(fd, 1);
    s.prep(bo, 0);
    s.close(bo);
    s.memory();
}

#[scenario(differs = "D3")]
fn a_creation_without_memory_leaves_no_handle(s: &mut Session) {
    s.machine_with(Config {
        ram: 1 << 20,
        swap: 0,
        ..Config::default()
    });
    let fd = s.open();
    s.try_create(fd, 2 << 20)
        .expect_err("there is not that much");
    let bo = s.guess(fd, 1);
    s.close(bo);
    s.create(fd, 4096);
    s.memory();
}

#[scenario(differs = "D4")]
fn a_buffer_of_two_gib(s: &mut Session) {
    s.machine_with(Config {
        ram: (2 << 30) + (64 << 20),
        huge_pages: true,
        ..Config::default()
    });
    let fd = s.open();
    if let Ok(bo) = s.try_create(fd, 2 << 30) {
        s.look(bo);
    }
    s.va_space(fd);
    s.page_table(fd);
    s.heading("a buffer that follows");
    if s.try_create(fd, 4096).is_ok() {
        s.va_space(fd);
    }
    s.memory();
}

#[scenario(differs = "D5")]
fn a_full_address_space_refuses_the_next_buffer(s: &mut Session) {
    s.device_with(Params {
        aperture: 16 << 10,
        ..Params::default()
    });
    let fd = s.open();
    let first = s.create(fd, 8192);
    s.create(fd, 8192);
    s.try_create(fd, 4096).expect_err("every address is taken");
    s.page_table(fd);
    s.va_space(fd);
    s.close(first);
    s.create(fd, 4096);
}
