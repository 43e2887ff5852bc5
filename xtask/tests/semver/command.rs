//! The whole command on a workspace of small crates, with a stand-in for `cargo-semver-checks`, and with the tool itself.

use std::path::Path;

use crate::small::{GOOD, LIBRARY, Small, text};

#[test]
fn an_unchanged_workspace_names_every_crate_that_was_looked_at() {
    let small = Small::new();
    small.tool(GOOD);
    let output = small.semver(&[]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "gem-shmem: public API as text: nothing changed",
        "gem-uma: public API as text: nothing changed",
        "migrate-macros: attribute grammar as text: nothing changed",
        "gem-shmem: cargo-semver-checks: nothing is broken (196 checks: 196 pass, 49 skip)",
        "gem-uma: cargo-semver-checks: nothing is broken (196 checks: 196 pass, 49 skip)",
        "migrate-macros: cargo-semver-checks: not checked (it reads no procedural macros",
        "(the newest release tag)",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_broken_signature_is_reported_against_the_release_even_when_its_snapshot_was_accepted() {
    let small = Small::new();
    small.write(
        "gem-uma/src/lib.rs",
        &format!("pub fn pin(_: u64) {{}}\n\n{LIBRARY}"),
    );
    let output = small.semver(&["--snapshots"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(4), "{shown}");
    assert!(
        shown.contains("  breaks gem_uma::pin: the signature changed"),
        "{shown}"
    );
    assert!(shown.contains("- pub fn gem_uma::pin(u32)"), "{shown}");
    assert!(shown.contains("+ pub fn gem_uma::pin(u64)"), "{shown}");
    assert!(
        shown.contains("the snapshot is behind by 2 lines"),
        "{shown}"
    );
    small.record();
    let output = small.semver(&["--snapshots", "--format", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["crates"][1]["changes"][0]["kind"], "changed");
    assert_eq!(report["crates"][1]["behind"], 0);
}

#[test]
fn a_grammar_that_lost_an_attribute_is_broken() {
    let small = Small::new();
    small.write(
        "migrate-macros/src/uma/attr.rs",
        "const OPERATIONS: [(&str, bool, bool); 1] = [(\"open\", false, false)];\n",
    );
    let output = small.semver(&["--snapshots"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output).contains("on the struct: #[uma(open = refuse(ERRNO))]: gone"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_tool_that_checks_nothing_or_is_missing_is_a_failure() {
    let small = Small::new();
    let output = small.semver(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("takes about three minutes, once"),
        "{}",
        text(&output)
    );
    small.tool("#!/bin/sh\nexit 0\n");
    let output = small.semver(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("did not check `gem-shmem`"),
        "{}",
        text(&output)
    );
}

#[test]
fn what_the_tool_finds_breaks() {
    let small = Small::new();
    small.tool(&(GOOD.to_owned() + "echo '--- failure enum_variant_added ---'\nexit 100\n"));
    let output = small.semver(&[]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("| --- failure enum_variant_added ---"));
}

#[test]
fn an_unknown_revision_is_a_failure() {
    let output = Small::new().semver(&["--snapshots", "--baseline", "no-such-thing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("git knows no revision `no-such-thing`"));
}

/// The report names each, and which of the two ways saw it: the tool does not look at types of parameters.
#[test]
fn six_ways_to_break_are_caught_and_named_by_the_real_tool_or_the_text() {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/semver-checks/bin/cargo-semver-checks");
    if !installed.is_file() {
        eprintln!("skipped: cargo-semver-checks is not installed (cargo xtask semver --install)");
        return;
    }
    let small = Small::new();
    small.write("bin/.keep", "");
    std::os::unix::fs::symlink(&installed, small.root().join("bin/cargo-semver-checks"))
        .expect("a link");
    let output = small.semver(&[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("gem-shmem: cargo-semver-checks: nothing is broken ("),
        "{shown}"
    );
    assert!(
        shown.contains("migrate-macros: cargo-semver-checks: not checked ("),
        "{shown}"
    );

    small.break_six_ways();
    let output = small.semver(&[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(4), "{shown}");
    for line in [
        "breaks gem_uma::Bo::map: the signature changed",
        "breaks gem_uma::Bo::unmap: gone, or no longer public",
        "breaks gem_uma::Part::evict: implementors must now write this method",
        "breaks gem_uma::Bo::size: gone, or no longer public",
        "breaks feature extra: the feature is gone",
        "breaks gem_uma::State::Purged: a match on the enum no longer covers it",
        "| --- failure inherent_method_missing: ",
        "| --- failure trait_method_added: ",
        "| --- failure struct_pub_field_missing: ",
        "| --- failure feature_missing: ",
        "| --- failure enum_variant_added: ",
        "gem-shmem: cargo-semver-checks: nothing is broken (",
        "gem-uma: cargo-semver-checks: broken, and the version does not say so (0.1.0 -> 0.1.0)",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    // The text alone saw the parameter.
    let tool = shown.lines().filter(|line| line.starts_with("  | "));
    assert!(
        tool.into_iter().all(|line| !line.contains("Bo::map")),
        "{shown}"
    );

    // A version that says so is enough, and still everything was checked.
    let manifest = "[package]\nname = \"gem-uma\"\nversion = \"0.2.0\"\nedition = \"2024\"\n";
    small.write("gem-uma/Cargo.toml", manifest);
    small.record();
    let output = small.semver(&[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("| --- failure feature_missing: "), "{shown}");
    assert!(
        shown
            .contains("gem-uma: cargo-semver-checks: broken, as the version says (0.1.0 -> 0.2.0)"),
        "{shown}"
    );
}

#[test]
fn a_baseline_that_is_no_release_is_read_from_its_sources() {
    let small = Small::new();
    // Its snapshot is behind: it does not know of `unpin`.
    let uma = "pub fn pin(_: u32) {}\npub fn unpin(_: u32) {}\n";
    small.write("gem-uma/src/lib.rs", uma);
    let old = small.commit();
    small.write("gem-uma/src/lib.rs", "pub fn pin(_: u32) {}\n");
    let output = small.semver(&["--snapshots", "--baseline", &old]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(4), "{shown}");
    assert!(
        shown.contains(
            "gem-shmem: public API as text: nothing changed (from the sources of the baseline)"
        ),
        "{shown}"
    );
    assert!(
        shown.contains("  breaks gem_uma::unpin: gone, or no longer public"),
        "{shown}"
    );
}

#[test]
fn without_a_tag_the_recorded_release_is_the_baseline() {
    let small = Small::new();
    small.git(&["tag", "--delete", "v0.1.0"]);
    let release = small.head();
    let output = small.semver(&["--snapshots"]);
    assert!(text(&output).contains("there is no release yet"));

    small.write("xtask/data/release-commit.txt", &format!("{release}\n"));
    let recording = small.commit();
    let output = small.semver(&["--snapshots"]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains(&format!("against {release} (the recorded release commit)")),
        "{shown}"
    );

    // A history that was written anew.
    small.write(
        "xtask/data/release-commit.txt",
        &format!("{}\n", "5".repeat(40)),
    );
    let rewritten = small.commit();
    assert_ne!(recording, rewritten);
    let shown = text(&small.semver(&["--snapshots"]));
    assert!(
        shown.contains(&format!(
            "against {rewritten} (where the release was recorded)"
        )),
        "{shown}"
    );

    // A clone without its history does not pass for unchanged.
    let clone = tempfile::tempdir().expect("a folder");
    small.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        &format!("file://{}", small.root().display()),
        &clone.path().display().to_string(),
    ]);
    let output = Small(clone).semver(&["--snapshots"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("git fetch --unshallow"),
        "{}",
        text(&output)
    );
}
