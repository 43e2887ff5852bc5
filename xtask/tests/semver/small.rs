//! A workspace of small crates, with a release to compare with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use xtask::semver::{api, grammar};

/// Names the crate and counts checks, as the tool does; and refuses the macros, as the tool does.
pub const GOOD: &str = "#!/bin/sh\nwhile [ \"$1\" != --package ]; do shift; done\n\
    if [ $2 = migrate-macros ]; then echo 'note: skipped the following crates since they have no library target: migrate-macros' >&2; exit 101; fi\n\
    echo \"    Checking $2 v0.1.0 -> v0.1.0 (no change)\" >&2\necho \"     Checked [   0.010s] 196 checks: 196 pass, 49 skip\" >&2\n";

const MACROS: &str = "[package]\nname = \"migrate-macros\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nproc-macro = true\n";

/// A library with something of every kind that can break.
pub const LIBRARY: &str = "pub struct Bo { pub size: u64 }

impl Bo {
    pub fn map(&self, at: u32) -> u32 { at }
    pub fn unmap(&self) {}
}

pub trait Part { fn open(&self); }

pub enum State { Mapped, Evicted }
";

/// A workspace with the three crates, their snapshots, and a commit.
pub struct Small(pub TempDir);

impl Small {
    pub fn new() -> Self {
        let small = Small(tempfile::tempdir().expect("a folder"));
        small.write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"gem-shmem\", \"gem-uma\", \"migrate-macros\"]\nresolver = \"3\"\n",
        );
        small.write(".gitignore", "/target\n/bin\n");
        for name in ["gem-shmem", "gem-uma"] {
            small.write(
                &format!("{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nextra = []\n"),
            );
            small.write(
                &format!("{name}/src/lib.rs"),
                &format!("pub fn pin(_: u32) {{}}\n\n{LIBRARY}"),
            );
        }
        small.write("migrate-macros/Cargo.toml", MACROS);
        small.write(
            "migrate-macros/src/lib.rs",
            "use proc_macro::TokenStream;\n#[proc_macro_attribute]\npub fn bridge(_: TokenStream, i: TokenStream) -> TokenStream { i }\n",
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
        small.commit();
        small.git(&["tag", "v0.1.0"]);
        small
    }

    pub fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.commit_staged()
    }

    pub fn commit_staged(&self) -> String {
        self.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "--message=change",
        ]);
        self.head()
    }

    pub fn head(&self) -> String {
        let output = Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(self.root())
            .output()
            .expect("git runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Breaks one crate in six ways.
    pub fn break_six_ways(&self) {
        let mut library = format!("pub fn pin(_: u32) {{}}\n\n{LIBRARY}");
        for (from, to) in [
            ("at: u32) -> u32 { at }", "at: u64) -> u32 { at as u32 }"),
            ("    pub fn unmap(&self) {}\n", ""),
            ("fn open(&self);", "fn open(&self); fn evict(&self);"),
            ("pub size", "size"),
            ("Evicted }", "Evicted, Purged }"),
        ] {
            assert!(library.contains(from), "{from}");
            library = library.replace(from, to);
        }
        self.write("gem-uma/src/lib.rs", &library);
        self.write(
            "gem-uma/Cargo.toml",
            "[package]\nname = \"gem-uma\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// Makes the snapshots what the crates are now.
    pub fn record(&self) {
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

    pub fn git(&self, args: &[&str]) {
        let status = Command::new("git")
            .args(args)
            .current_dir(self.root())
            .status()
            .expect("git runs");
        assert!(status.success(), "{args:?}");
    }

    pub fn tool(&self, script: &str) {
        self.write("bin/cargo-semver-checks", script);
        let path = self.root().join("bin/cargo-semver-checks");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }

    pub fn semver(&self, args: &[&str]) -> Output {
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

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
