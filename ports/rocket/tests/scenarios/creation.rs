//! CREATE_BO: addresses, pages, entries of the page table.

use drm_core::machine::Config;
use migrate_macros::scenario;
use port_kit::Scenario;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    THE_FIRST_BUFFER_IS_RESIDENT_AT_ADDRESS_ZERO,
    THE_SECOND_BUFFER_FOLLOWS_WITHOUT_A_GUARD_PAGE,
    ADDRESSES_ARE_TAKEN_BY_THE_SIZE_THAT_WAS_ASKED_FOR,
    THE_SMALLEST_HOLE_IS_USED_FIRST,
    AN_UNMAPPED_ENTRY_LOSES_ITS_VALID_BIT_ONLY,
    A_PAGE_ABOVE_FOUR_GIB_IS_FOLDED_INTO_THE_ENTRY,
    A_BUFFER_CROSSES_INTO_THE_NEXT_TABLE,
    A_BUFFER_OF_NO_BYTES_LEAVES_NOTHING,
];

#[scenario]
fn the_first_buffer_is_resident_at_address_zero(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.look(bo);
    s.entry(bo, 0);
    s.entry(bo, 0x1000);
    s.entry(bo, 4 << 20);
    s.memory();
}

#[scenario]
fn the_second_buffer_follows_without_a_guard_page(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096);
    let second = s.create(fd, 8192);
    s.entry(second, 0x1000);
    s.entry(second, 0x2000);
    s.entry(second, 0x3000);
    s.page_table(fd);
}

#[scenario]
fn addresses_are_taken_by_the_size_that_was_asked_for(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096);
    s.create(fd, 8192);
    let odd = s.create(fd, 5000);
    s.look(odd);
    s.create(fd, 4096);
    s.va_space(fd);
    s.page_table(fd);
    s.close(odd);
    s.va_space(fd);
    s.page_table(fd);
}

#[scenario]
fn the_smallest_hole_is_used_first(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096);
    let second = s.create(fd, 8192);
    s.create(fd, 5000);
    s.create(fd, 4096);
    s.close(second);
    s.va_space(fd);
    s.create(fd, 4096);
    s.va_space(fd);
}

#[scenario]
fn an_unmapped_entry_loses_its_valid_bit_only(s: &mut Session) {
    let fd = s.open();
    let first = s.create(fd, 4096);
    let second = s.create(fd, 4096);
    s.entry(first, 0);
    s.close(first);
    s.entry(second, 0);
    s.page_table(fd);
    let third = s.create(fd, 4096);
    s.entry(third, 0);
}

#[scenario]
fn a_page_above_four_gib_is_folded_into_the_entry(s: &mut Session) {
    s.machine_with(Config {
        ram_base: 0x12_3400_0000,
        ram: 16 << 20,
        ..Config::default()
    });
    let fd = s.open();
    let bo = s.create(fd, 4096);
    s.raw_entry(bo);
    s.close(bo);
    s.page_table(fd);
}

#[scenario]
fn a_buffer_crosses_into_the_next_table(s: &mut Session) {
    let fd = s.open();
    let below = s.create(fd, (4 << 20) - 4096);
    s.entry(below, 4 << 20);
    let bo = s.create(fd, 8192);
    s.entry(bo, (4 << 20) - 4096);
    s.entry(bo, 4 << 20);
    s.entry(bo, (4 << 20) + 4096);
    s.memory();
}

#[scenario]
fn a_buffer_of_no_bytes_leaves_nothing(s: &mut Session) {
    let fd = s.open();
    s.try_create(fd, 0).expect_err("it has no bytes");
    s.va_space(fd);
    s.memory();
    s.create(fd, 4096);
}
