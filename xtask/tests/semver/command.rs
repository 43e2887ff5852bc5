//! The whole command on a workspace of small crates, with a stand-in for `cargo-semver-checks`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use xtask::semver::{api, grammar};

const GOOD: &str = "#!/bin/sh\nwhile [ \"$1\" != --package ]; do shift; done\n\
    echo \"    Checking $2 v0.1.0 -> v0.1.0 (no change)\" >&2\necho \"     Checked [   0.010s] 196 checks: 196 pass, 49 skip\" >&2\n";

/// A workspace with the three crates, their snapshots, and a commit.
struct Small(TempDir);

impl Small {
    fn new() -> Self {
        let small = Small(tempfile::tempdir().expect("a folder"));
        small.write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"gem-shmem\", \"gem-uma\"]\nresolver = \"3\"\n",
        );
        small.write(".gitignore", "/target\n/bin\n");
        for name in ["gem-shmem", "gem-uma"] {
            small.write(
                &format!("{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            );
            small.write(&format!("{name}/src/lib.rs"), "pub fn pin(pages: u32) {}\n");
        }
        small.write(
            "migrate-macros/src/lib.rs",
            "#[proc_macro_attribute]\npub fn bridge(a: T, i: T) -> T { i }\n",
        );
        small.write(
            "migrate-macros/src/uma/ast.rs",
            "const ALL: [(Kind, &str); 1] = [(Kind::Gem, \"gem\")];\n",
        );
        small.write(
            "migrate-macros/src/uma/attr.rs",
            "const OPERATIONS: [(&str, bool, bool); 1] = [(\"open\", true, false)];\n",
        );
        small.write(
            "migrate-macros/src/scenario.rs",
            "fn parse() { if name != \"differs\" {} }\n",
        );
        small.record();
        small.git(&["init", "--quiet"]);
        small.git(&["add", "."]);
        small.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "-m",
            "release",
        ]);
        small.git(&["-c", "user.name=a", "-c", "user.email=a@b", "tag", "v0.1.0"]);
        small
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// Makes the snapshots what the crates are now.
    fn record(&self) {
        for (name, text) in [
            (
                "gem_shmem",
                api::surface(self.root(), "gem-shmem").expect("a surface"),
            ),
            (
                "gem_uma",
                api::surface(self.root(), "gem-uma").expect("a surface"),
            ),
            (
                "migrate_macros",
                grammar::surface(self.root()).expect("a grammar"),
            ),
        ] {
            self.write(
                &format!("xtask/tests/semver/snapshots/semver__surfaces__{name}.snap"),
                &format!(
                    "---\nsource: xtask/tests/semver/surfaces.rs\nexpression: surface\n---\n{text}"
                ),
            );
        }
    }

    fn git(&self, args: &[&str]) {
        let status = Command::new("git")
            .args(args)
            .current_dir(self.root())
            .status()
            .expect("git runs");
        assert!(status.success(), "{args:?}");
    }

    fn tool(&self, script: &str) {
        self.write("bin/cargo-semver-checks", script);
        let path = self.root().join("bin/cargo-semver-checks");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn semver(&self, args: &[&str]) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["semver", "--workspace"])
            .arg(self.root())
            .args(args)
            .env(
                "PATH",
                format!("{}:{path}", self.root().join("bin").display()),
            )
            .output()
            .expect("the tool runs")
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

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
        "gem-shmem: cargo-semver-checks: nothing changed",
        "gem-uma: cargo-semver-checks: nothing changed",
        "(the newest release tag)",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_broken_signature_is_reported_against_the_release_even_when_its_snapshot_was_accepted() {
    let small = Small::new();
    small.write("gem-uma/src/lib.rs", "pub fn pin(pages: u64) {}\n");
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
        text(&output).contains("takes about ten minutes"),
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
