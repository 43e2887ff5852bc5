//! What the compiler says to whoever breaks a rule that a type keeps. One misuse per file in `tests/ui`.

#[test]
fn r02_ui_pin_during_an_eviction() {
    fails("r02_pin_during_an_eviction");
}

#[test]
fn r03_ui_pin_without_the_lock() {
    fails("r03_pin_without_the_lock");
}

#[test]
fn r04_ui_write_a_page_entry() {
    fails("r04_write_a_page_entry");
}

#[test]
fn r04_ui_pages_outlive_the_lock() {
    fails("r04_pages_outlive_the_lock");
}

#[test]
fn r04_ui_pages_without_the_lock() {
    fails("r04_pages_without_the_lock");
}

#[test]
fn r05_ui_release_under_a_device_map() {
    fails("r05_release_under_a_device_map");
}

#[test]
fn r06_ui_unmap_before_the_zap() {
    fails("r06_unmap_before_the_zap");
}

#[test]
fn r12_ui_pin_an_import() {
    fails("r12_pin_an_import");
}

#[test]
fn r30_ui_parts_in_the_wrong_order() {
    fails("r30_parts_in_the_wrong_order");
}

#[test]
fn r31_ui_pin_that_is_ignored() {
    fails("r31_pin_that_is_ignored");
}

#[test]
fn r46_ui_no_header() {
    fails("r46_no_header");
}

#[test]
fn r46_ui_unknown_part() {
    fails("r46_unknown_part");
}

#[test]
fn r46_ui_unknown_operation() {
    fails("r46_unknown_operation");
}

#[test]
fn r46_ui_missing_ground() {
    fails("r46_missing_ground");
}

#[test]
fn r46_ui_wrong_type() {
    fails("r46_wrong_type");
}

fn fails(name: &str) {
    trybuild::TestCases::new().compile_fail(format!("tests/ui/{name}.rs"));
}
