//! The command as a user runs it: output, errors, exit codes.

use std::process::{Command, Output};

use crate::tree;

fn survey(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("survey")
        .args(args)
        .output()
        .expect("the command runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn without_a_tree_the_committed_result_is_shown() {
    let output = survey(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("# gem-shmem in Linux 6.12.117\n"));
    assert!(out(&output).contains("20 drivers (11 kms-simple, 7 uma, 1 provider, 1 test)"));
}

#[test]
fn json_has_the_documented_shape() {
    let output = survey(&["--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["schema"], 1);
    assert_eq!(value["kernel"], "6.12.117");
    let lima = value["drivers"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["name"] == "lima")
        .expect("lima");
    assert_eq!(lima["path"], "drivers/gpu/drm/lima");
    assert_eq!(lima["class"], "uma");
    assert_eq!(lima["functions"]["drm_gem_shmem_create"], 1);
    assert!(lima["fields"]["pages"].is_object());
    let site = &lima["sites"][0];
    assert!(
        site["file"].is_string() && site["line"].is_u64() && site["finding"].is_string(),
        "{site}"
    );
}

#[test]
fn a_driver_is_shown_with_its_lines_of_code() {
    let kernel = tree::committed();
    let output = survey(&[
        "--kernel",
        kernel.to_str().expect("a path"),
        "--driver",
        "heap",
    ]);
    insta::assert_snapshot!(out(&output));
    // Another driver of this tree has a site that no finding covers.
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("npu.c:9: no finding covers `drm_gem_shmem_from_the_future`"));
}

#[test]
fn the_table_of_a_tree_is_as_reviewed() {
    let kernel = tree::committed();
    insta::assert_snapshot!(out(&survey(&[
        "--kernel",
        kernel.to_str().expect("a path")
    ])));
}

#[test]
fn the_plan_of_a_driver_is_as_reviewed() {
    let plan = out(&survey(&["--plan", "panfrost"]));
    // What the ports took per site changes with every port; that it is said is what is reviewed.
    let filters = vec![(
        r"about \d+; about \d+ lines by hand \(\d+ to \d+\), at what \d+ measured",
        "about N; about N lines by hand (N to N), at what N measured",
    )];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(plan);
    });
}

#[test]
fn an_unknown_driver_fails_and_the_known_ones_are_named() {
    for option in ["--driver", "--plan"] {
        let output = survey(&[option, "nobody"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains("error: no driver `nobody` uses gem-shmem"));
        assert!(err(&output).contains("panfrost"));
        assert_eq!(out(&output), "");
    }
}

#[test]
fn a_driver_younger_than_the_committed_kernel_is_shown_from_the_notes_and_says_so() {
    let output = survey(&["--plan", "rocket"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    assert!(text.starts_with("# Moving rocket to gem-uma\n"), "{text}");
    assert!(
        text.contains("From its source in notes on the GEM-UMA RFC (December 2025): "),
        "{text}"
    );
    let text = out(&survey(&["--driver", "amdxdna"]));
    assert!(
        text.starts_with("# amdxdna in notes on the GEM-UMA RFC"),
        "{text}"
    );
    // A tree that is named answers for itself.
    let kernel = tree::committed();
    let output = survey(&[
        "--kernel",
        kernel.to_str().expect("a path"),
        "--driver",
        "rocket",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("no driver `rocket`"),
        "{}",
        err(&output)
    );
}

#[test]
fn an_incomplete_answer_is_given_and_never_exits_with_success() {
    let copy = tree::copy();
    let large =
        std::fs::File::create(copy.path().join("drivers/gpu/drm/heap/large.c")).expect("a file");
    large.set_len(100 << 20).expect("a sparse file");
    let output = survey(&["--kernel", copy.path().to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("| heap "));
    assert!(err(&output).contains(
        "skipped drivers/gpu/drm/heap/large.c: larger than 48 MiB (sites may be missing)"
    ));
}

#[test]
fn ports_are_compared_from_a_file_and_a_missing_name_without_a_reason_exits_with_three() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let path = dir.path().join("ports.json");
    let site =
        |item: &str| format!(r#"{{"finding":"F03","file":"a.rs","line":1,"item":"{item}"}}"#);
    std::fs::write(
        &path,
        format!(r#"[{{"port":"lima","sites":[{}]}}]"#, site("Fields::pages")),
    )
    .expect("a file");
    let output = survey(&["--ports", path.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(out(&output).contains("* `drm_gem_shmem_create`: no reason is given"));
    assert!(out(&output).contains("Without a port: amdxdna, imagination, ivpu, panfrost"));
    std::fs::write(&path, "[{]").expect("a file");
    assert_eq!(
        survey(&["--ports", path.to_str().expect("a path")])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let output = survey(&["--driver", "lima", "--plan", "lima"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("cannot be used with"));
}
