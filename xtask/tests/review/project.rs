//! A workspace with one port: an equal scenario, one that differs, one that waits, and a test's snapshot.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The workspace; gone at the end.
pub struct Project {
    dir: TempDir,
}

pub const SNAPSHOTS: &str = "ports/toy/tests/scenarios/snapshots";

/// A page table with leaves of two sizes.
pub const TABLE: &str =
    "page table of file 0 => 0x2000000 512x4K rw- page 0; 0x2400000 2x2M rw- page 512";

const BOARD: &str = r#"{"schema":1,"drivers":[{"driver":"toy","sites":41,"rewritten":40,"by_hand":1,"hand_delta_lines":3,
"scenarios":2,"equal":1,"differing":[],"broken":0,"defects":[],"lines_before":100,"lines_after":90}]}"#;

const MANIFEST: &str = r#"[package]
name = "port-toy"
version = "0.1.0"

[package.metadata.migrate]
driver = "toy"
before = "src/shmem"
after = "src/uma"
"#;

const DEFECTS: &str = "# Defects of toy

## D1: a page is lost <script>window.attacked = true</script>

* Where: `toy.c` writes `pages`.
* Ended by: R04, R16.
* Scenario: `loses_a_page`.
";

const HEAP: &str = r#"//! Heaps.

#[scenario]
fn grows(s: &mut Session) {
    s.grow();
}

#[scenario(differs = "D1")]
fn loses_a_page(s: &mut Session) {
    s.lose();
}

#[test]
fn shows_something() {
    insta::assert_snapshot!("<img src=x onerror=\"window.attacked = true\">");
}
"#;

fn snapshot(expression: &str, text: &str) -> String {
    format!(
        "---\nsource: ports/toy/tests/scenarios/heap.rs\nexpression: {expression}\n---\n{text}\n"
    )
}

impl Project {
    pub fn new() -> Self {
        let project = Self {
            dir: tempfile::tempdir().expect("a folder"),
        };
        project.write("Cargo.toml", "[workspace]\nmembers = [\"ports/*\"]\n");
        project.write("ports/toy/Cargo.toml", MANIFEST);
        project.write("ports/toy/DEFECTS.md", DEFECTS);
        project.write("ports/toy/src/uma/mod.rs", "//! The after side.\n");
        project.write("ports/toy/tests/scenarios/heap.rs", HEAP);
        project.write("xtask/data/board.json", BOARD);
        project.snapshot("grows", &format!("grow => ok\n{TABLE}"));
        project.snapshot(
            "loses_a_page",
            "D1: the sides differ (- before, + after)\n\n  lose => ok\n- pages => 1\n+ pages => 2\n\
             +   mapped: [100000+4000 o=0] [200000+1000 o=0] n=2\n+   mapped: [100000+4000 o=0] n=1",
        );
        project.snapshot(
            "shows_something",
            "<img src=x onerror=\"window.attacked = true\">",
        );
        project
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("written");
    }

    pub fn read(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).expect("a text")
    }

    fn snapshot(&self, name: &str, text: &str) {
        self.write(
            &format!("{SNAPSHOTS}/scenarios__heap__{name}.snap"),
            &snapshot(&format!("{}.check()", name.to_uppercase()), text),
        );
    }

    /// What insta leaves for a scenario that shows something else.
    pub fn pend(&self, name: &str, text: &str) -> String {
        let file = format!("{SNAPSHOTS}/scenarios__heap__{name}.snap.new");
        let text = snapshot(&format!("{}.check()", name.to_uppercase()), text);
        self.write(
            &file,
            &text.replacen("expression:", "assertion_line: 3\nexpression:", 1),
        );
        file
    }

    pub fn review(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["review", "--workspace"])
            .arg(self.root())
            .args(args)
            .env("COLUMNS", "100")
            .output()
            .expect("the tool runs")
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
