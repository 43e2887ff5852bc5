//! Accepting and rejecting.

use std::path::Path;
use std::process::Command;

use crate::project::{Project, SNAPSHOTS, stderr, stdout};

const GROWS: &str = "ports/toy/tests/scenarios/snapshots/scenarios__heap__grows.snap";

#[test]
fn an_accepted_snapshot_is_the_new_one_without_its_volatile_lines() {
    let project = Project::new();
    let new = project.pend("grows", "grow => failed");
    let output = project.review(&["--accept", "grows"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        project.read(GROWS),
        "---\nsource: ports/toy/tests/scenarios/heap.rs\nexpression: GROWS.check()\n---\ngrow => failed\n"
    );
    assert!(!project.path(&new).exists());
    assert_eq!(project.review(&[]).status.code(), Some(0));
}

#[test]
fn a_rejected_snapshot_leaves_the_old_one() {
    let project = Project::new();
    let old = project.read(GROWS);
    let new = project.pend("grows", "grow => failed");
    let output = project.review(&["--reject", "--all"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(project.read(GROWS), old);
    assert!(!project.path(&new).exists());
}

#[test]
fn a_name_decides_about_itself_alone() {
    let project = Project::new();
    project.pend("grows", "grow => failed");
    let other = project.pend("loses_a_page", "lose => ok");
    project.review(&["--accept", "toy/grows"]);
    assert!(project.path(&other).exists());
    assert_eq!(
        stdout(&project.review(&["--accept", &other])),
        format!("accepted {SNAPSHOTS}/scenarios__heap__loses_a_page.snap\n1 snapshots accepted\n")
    );
}

#[test]
fn nothing_is_decided_without_a_name() {
    let project = Project::new();
    let new = project.pend("grows", "grow => failed");
    for args in [
        vec!["--accept"],
        vec!["--all"],
        vec!["--accept", "shows_something"],
    ] {
        assert_eq!(project.review(&args).status.code(), Some(1), "{args:?}");
    }
    assert!(project.path(&new).exists());
}

#[test]
fn an_inline_snapshot_is_put_into_its_source_and_the_others_follow() {
    let project = Project::new();
    let source = "ports/toy/tests/inline.rs";
    project.write(
        source,
        "#[test]\nfn inline() {\n    insta::assert_snapshot!(one(), @\"1\");\n    insta::assert_snapshot!(two(), @\"2\");\n}\n",
    );
    let line = |line: u32, new: &str| {
        format!(
            "{{\"run_id\":\"1-0\",\"line\":{line},\"new\":{{\"module_name\":\"inline\",\"snapshot_name\":\"inline\",\
             \"metadata\":{{}},\"snapshot\":{new:?}}},\"old\":null}}\n"
        )
    };
    project.write(
        "ports/toy/tests/.inline.rs.pending-snap",
        &(line(3, "a\nb") + &line(4, "c")),
    );
    let output = project.review(&["--accept", "inline:3"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = project.read(source);
    assert!(
        text.contains("(one(), @\"\n    a\n    b\n    \");\n"),
        "{text}"
    );
    assert!(text.contains("(two(), @\"2\");"), "{text}");
    // The other one waits where its macro is now.
    let output = project.review(&["--accept", "--all"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(project.read(source).contains("(two(), @\"c\");"));
    assert!(
        !project
            .path("ports/toy/tests/.inline.rs.pending-snap")
            .exists()
    );
}

/// What insta itself writes, run by the test below with insta's own settings in the environment.
#[test]
#[ignore = "writes a snapshot where the environment says, for another test"]
fn writes_a_snapshot() {
    let folder = std::env::var_os("REVIEW_SNAPSHOTS").expect("a folder");
    insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false, description => "of a trace" }, {
        insta::assert_snapshot!("told", "grow => ok\n  deeper: 'quoted' #\n\n");
    });
}

fn by_insta(folder: &Path, update: &str) {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "decisions::writes_a_snapshot", "--ignored"])
        .env("REVIEW_SNAPSHOTS", folder)
        .env("INSTA_UPDATE", update)
        .env("INSTA_FORCE_PASS", "1")
        .output()
        .expect("this test runs");
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn accepting_writes_what_insta_writes() {
    let (project, other) = (Project::new(), Project::new());
    let folder = "ports/toy/tests/snapshots";
    by_insta(&project.path(folder), "new");
    assert!(
        project
            .read(&format!("{folder}/told.snap.new"))
            .contains("assertion_line")
    );
    let output = project.review(&["--accept", "told"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    by_insta(&other.path(folder), "always");
    let written = project.read(&format!("{folder}/told.snap"));
    assert!(!written.is_empty());
    assert_eq!(written, other.read(&format!("{folder}/told.snap")));
    assert!(!project.path(&format!("{folder}/told.snap.new")).exists());
}

#[test]
fn orphans_are_deleted_by_name_and_nothing_else_is() {
    let project = Project::new();
    let text = project.read(&format!("{SNAPSHOTS}/scenarios__heap__grows.snap"));
    for name in ["left_behind", "long_gone"] {
        project.write(&format!("{SNAPSHOTS}/scenarios__heap__{name}.snap"), &text);
    }
    let there = |name: &str| {
        project
            .path(&format!("{SNAPSHOTS}/scenarios__heap__{name}.snap"))
            .exists()
    };
    for (args, says) in [
        (vec!["--delete-orphans"], "nothing is named"),
        (
            vec!["--delete-orphans", "grows"],
            "no orphan is meant by grows",
        ),
        (
            vec!["--delete-orphans", "grows", "--accept"],
            "cannot be used with",
        ),
    ] {
        let output = project.review(&args);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        assert!(there("left_behind") && there("long_gone") && there("grows"));
    }
    let output = project.review(&["--delete-orphans", "left_behind", "grows"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        format!("deleted {SNAPSHOTS}/scenarios__heap__left_behind.snap\n1 orphans deleted\n")
    );
    assert!(!there("left_behind") && there("long_gone") && there("grows"));
    let output = project.review(&["--delete-orphans", "--all", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["decision"], "deleted");
    assert!(!there("long_gone") && there("grows"));
    assert_eq!(project.review(&[]).status.code(), Some(0));
}
