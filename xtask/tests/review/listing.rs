//! What is listed and shown.

use crate::project::{Project, SNAPSHOTS, TABLE, stderr, stdout};

#[test]
fn a_workspace_where_nothing_waits_is_done() {
    let project = Project::new();
    let output = project.review(&[]);
    assert_eq!(
        stdout(&output),
        "toy: 2 scenarios, 1 equal, 1 differing, 1 snapshots of tests\n  \
         D1        loses_a_page: a page is lost <script>window.attacked = true</script>\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_waits_is_listed_and_shown_word_by_word() {
    let project = Project::new();
    project.pend("grows", &format!("grow => failed\n{TABLE}"));
    let output = project.review(&[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stdout(&output);
    assert!(
        text.contains("  pending   grows (-1 +1) ports/toy"),
        "{text}"
    );
    let text = stdout(&project.review(&["toy/grows"]));
    assert!(
        text.contains("source: ports/toy/tests/scenarios/heap.rs:3"),
        "{text}"
    );
    assert!(text.contains("fn grows(s: &mut Session)"), "{text}");
    assert!(text.contains("- grow => [-ok-]"), "{text}");
    assert!(text.contains("+ grow => {+failed+}"), "{text}");
}

#[test]
fn the_sides_of_a_scenario_are_side_by_side() {
    let text = stdout(&Project::new().review(&["loses_a_page"]));
    let line = text
        .lines()
        .find(|line| line.contains("pages => 1"))
        .expect("the changed line");
    let (left, right) = line.split_once(" | ").expect("two columns");
    assert_eq!((left.trim(), right.trim()), ("pages => 1", "pages => 2"));
}

#[test]
fn a_snapshot_that_no_test_writes_is_an_orphan() {
    let project = Project::new();
    for name in ["left_behind", "grows-2"] {
        let text = project.read(&format!("{SNAPSHOTS}/scenarios__heap__grows.snap"));
        project.write(&format!("{SNAPSHOTS}/scenarios__heap__{name}.snap"), &text);
    }
    let output = project.review(&[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stdout(&output);
    let orphans: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("orphan"))
        .collect();
    assert_eq!(
        orphans,
        [format!(
            "orphan: no test writes {SNAPSHOTS}/scenarios__heap__left_behind.snap"
        )]
    );
}

#[test]
fn several_drivers_are_listed_as_one_is_and_several_scenarios_shown() {
    let project = Project::new();
    let manifest = project.read("ports/toy/Cargo.toml");
    project.write("ports/other/Cargo.toml", &manifest.replace("toy", "other"));
    project.write(
        "ports/other/tests/scenarios/heap.rs",
        "#[scenario]\nfn shrinks(s: &mut Session) {}\n",
    );
    project.write(
        "ports/other/tests/scenarios/snapshots/scenarios__heap__shrinks.snap",
        "---\nsource: ports/other/tests/scenarios/heap.rs\nexpression: SHRINKS.check()\n---\nshrink => ok\n",
    );
    let shown = |names: &[&str]| stdout(&project.review(names));
    let (other, toy) = (shown(&["other"]), shown(&["toy"]));
    assert_eq!(
        other,
        "other: 1 scenarios, 1 on one side\n  one side  shrinks\n"
    );
    assert_eq!(shown(&["toy", "other"]), format!("{other}{toy}"));
    let scenarios = shown(&["loses_a_page", "shrinks"]);
    assert_eq!(
        scenarios,
        format!("{}\n{}", shown(&["shrinks"]), shown(&["loses_a_page"]))
    );
}

#[test]
fn a_test_that_moved_with_its_module_keeps_its_snapshots() {
    let project = Project::new();
    let text = project.read("ports/toy/tests/scenarios/heap.rs");
    project.write("ports/toy/tests/scenarios/heap/mod.rs", &text);
    std::fs::remove_file(project.path("ports/toy/tests/scenarios/heap.rs")).expect("removed");
    assert_eq!(project.review(&[]).status.code(), Some(0));
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let output = Project::new().review(&["growz"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("did you mean `grows`?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_folder_without_snapshots_is_a_failure() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["review", "--workspace"])
        .arg(dir.path())
        .output()
        .expect("the tool runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there are no snapshots below"));
}

#[test]
fn machines_get_the_same_board() {
    let project = Project::new();
    project.pend("grows", "grow => failed");
    let output = project.review(&["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let board: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(board["schema"], 1);
    let toy = &board["drivers"][0];
    assert_eq!(toy["driver"], "toy");
    assert_eq!(
        toy["defects"][0]["rules"],
        serde_json::json!(["R04", "R16"])
    );
    assert_eq!(toy["defects"][0]["findings"], serde_json::json!(["F03"]));
    assert_eq!(toy["snapshots"][0]["name"], "grows");
    assert_eq!(toy["snapshots"][0]["pending"]["added_lines"], 1);
    assert_eq!(toy["snapshots"][1]["state"], "differ");
    assert_eq!(
        toy["snapshots"][1]["after"],
        "lose => ok\npages => 2\n  mapped: [100000+4000 o=0] [200000+1000 o=0] n=2\n  mapped: [100000+4000 o=0] n=1\n"
    );
}

/// A pending file is a decision that nobody took. `.gitignore` keeps it out; this says so when somebody forces it in.
#[test]
fn no_pending_snapshot_is_committed() {
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached", "-z"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let files = stdout(&output);
    let files: Vec<&str> = files.split('\0').filter(|file| !file.is_empty()).collect();
    assert!(
        files.contains(&"xtask/tests/review.rs"),
        "this is not the workspace"
    );
    let pending: Vec<&&str> = files
        .iter()
        .filter(|file| file.ends_with(".snap.new") || file.ends_with(".pending-snap"))
        .collect();
    assert!(
        pending.is_empty(),
        "decide first, by `cargo xtask review`: {pending:?}"
    );
}
