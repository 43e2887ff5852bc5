//! BO_CREATE and BO_INFO: addresses, ranges, refusals; contexts.

use migrate_macros::scenario;
use port_ivpu::uapi::{
    BO_CACHE_MASK, BO_DMA_MEM, BO_SHAVE_MEM, BO_UNCACHED, PARAM_CAPABILITIES,
    PARAM_CONTEXT_BASE_ADDRESS, PARAM_CONTEXT_ID, PARAM_NUM_CONTEXTS,
};
use port_ivpu::{Generation, Params};
use port_kit::Scenario;
use port_kit::trace::outcome;

use super::session::Session;

pub(crate) const ALL: &[Scenario<Session>] = &[
    A_CREATION_TAKES_ADDRESSES_AND_NO_PAGES,
    THE_SMALLEST_HOLE_IS_USED_AND_64_KIB_ARE_ALIGNED,
    FLAGS_CHOOSE_THE_RANGE,
    THE_LATER_GENERATION_HAS_OTHER_RANGES,
    BAD_CREATIONS_ARE_REFUSED_AND_LEAVE_NOTHING,
    A_FULL_RANGE_LEAVES_THE_OTHERS,
    THERE_ARE_SIXTY_FOUR_CONTEXTS,
    PARAMETERS_ARE_TOLD_BY_CONTEXT,
];

#[scenario]
fn a_creation_takes_addresses_and_no_pages(s: &mut Session) {
    let fd = s.open();
    let bo = s.create(fd, 1, 0);
    s.info(bo);
    s.look(bo);
    s.entries(bo, bo.va, 1);
    s.memory();
    let unknown = s.guess(fd, 99);
    s.info(unknown);
}

#[scenario]
fn the_smallest_hole_is_used_and_64_kib_are_aligned(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 1, 0);
    s.create(fd, 4096, 0);
    s.create(fd, 64 << 10, 0);
    s.create(fd, 4096, 0);
    s.va_space(fd);
}

/// One BO of each range.
fn every_range(s: &mut Session) {
    let fd = s.open();
    s.create(fd, 4096, 0);
    s.create(fd, 4096, BO_SHAVE_MEM);
    s.create(fd, 4096, BO_DMA_MEM);
    s.create(fd, 4096, BO_SHAVE_MEM | BO_DMA_MEM);
}

#[scenario]
fn flags_choose_the_range(s: &mut Session) {
    every_range(s);
}

#[scenario]
fn the_later_generation_has_other_ranges(s: &mut Session) {
    s.device_with(Params {
        generation: Generation::Ip40xx,
        ..Params::default()
    });
    every_range(s);
}

#[scenario]
fn bad_creations_are_refused_and_leave_nothing(s: &mut Session) {
    let fd = s.open();
    for (size, flags) in [
        (4096, 8),
        (4096, BO_UNCACHED),
        (4096, BO_CACHE_MASK),
        (0, 0),
        (u64::MAX, 0),
        (u64::MAX - 4095, 0),
        (1 << 62, 0),
    ] {
        s.try_create(fd, size, flags).expect_err("it is refused");
    }
    s.va_space(fd);
    s.memory();
}

#[scenario]
fn a_full_range_leaves_the_others(s: &mut Session) {
    let fd = s.open();
    let all = s.create(fd, 255 << 20, 0);
    s.try_create(fd, 4096, 0).expect_err("the range is full");
    s.create(fd, 4096, BO_DMA_MEM);
    s.close(all);
    s.create(fd, 4096, 0);
}

#[scenario]
fn there_are_sixty_four_contexts(s: &mut Session) {
    let mut files = Vec::new();
    let refused = loop {
        match s.try_open() {
            Ok(fd) => files.push(fd),
            Err(error) => break error,
        }
    };
    s.note(
        "files until one is refused",
        format_args!("{} then {refused}", files.len()),
    );
    let ssids: Vec<_> = [files[0], files[63]]
        .map(|fd| s.param(fd, PARAM_CONTEXT_ID, 0))
        .to_vec();
    s.note("first and last ssid", format_args!("{ssids:?}"));
    s.close_file(files[17]);
    s.open();
}

#[scenario]
fn parameters_are_told_by_context(s: &mut Session) {
    let fd = s.open();
    for (param, index) in [
        (PARAM_NUM_CONTEXTS, 0),
        (PARAM_CONTEXT_BASE_ADDRESS, 0),
        (PARAM_CONTEXT_ID, 0),
        (PARAM_CAPABILITIES, 1),
        (PARAM_CAPABILITIES, 2),
        (PARAM_CAPABILITIES, 3),
        (99, 0),
    ] {
        let value = s.param(fd, param, index);
        let text = format!("{} {:#x}", outcome(&value), value.unwrap_or(0));
        s.note(&format!("param {param} index {index}"), text);
    }
}
