//! With the policies of the base class, an object made of parts answers as the base class of Linux 6.12.117 did: operation
//! by operation, with its counts, its pages, its figures.
//!
//! The recordings and the program that ran them are those of gem-shmem, whose base class answers them without a difference.
//! Left out is what the parts do not allow: once the script unpins what it never pinned, and so takes the use of the table or of
//! a mapping, the object's later lines are not compared (R31).

mod identity;
mod shmora;

#[path = "../../../gem-shmem/tests/replay/abi.rs"]
mod abi;
#[path = "../../../gem-shmem/tests/replay/script.rs"]
mod script;

use drm_core::recording::{Recording, Report};

const STOLEN: &str = "the script gave up a use that was somebody else's (R31)";

fn replay(file: &str) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../gem-shmem/data")
        .join(file);
    let recording = Recording::open(&path).expect("the recording is part of the project");
    let mut script = script::Script::new();
    let mut objects = identity::Identities::default();
    let mut report = Report::new(recording.name());
    for line in recording.lines() {
        let Some((operation, kernel)) = line.operation() else {
            report.leave_out(line, "no operation");
            continue;
        };
        let model = script.run(operation);
        let object = objects.follow(operation, &kernel.text);
        let unbalanced = |mark: &String| mark.contains("unpin without pin");
        if let Some(object) = object
            && model.marks.iter().any(unbalanced)
            && kernel.marks.is_empty()
        {
            objects.steal(object);
        }
        let copied = operation == "fork" && objects.maps_stolen();
        if copied || object.is_some_and(|object| objects.is_stolen(object)) {
            report.leave_out(line, STOLEN);
        } else {
            report.compare(line, operation, &kernel, &model);
        }
    }
    report
}

fn agrees(file: &str, at_least: usize) {
    let report = replay(file);
    println!("{report}");
    assert!(report.agrees(), "{report}");
    assert!(report.compared() >= at_least, "{report}");
}

#[test]
fn seed_1_of_the_base_class_is_answered_the_same() {
    agrees("linux-6.12.117-seed-1.trace.xz", 8_100);
}

#[test]
fn seed_2_of_the_base_class_is_answered_the_same() {
    agrees("linux-6.12.117-seed-2.trace.xz", 8_800);
}

#[test]
fn seed_3_of_the_base_class_is_answered_the_same() {
    agrees("linux-6.12.117-seed-3.trace.xz", 8_700);
}
