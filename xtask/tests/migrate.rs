//! `cargo xtask migrate` on crates that are no ports: the real binary, in folders of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A crate in a git tree of its own.
struct Crate(TempDir);

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is there")
}

impl Crate {
    /// The driver of `tests/migrate/odd`.
    fn odd() -> Self {
        let made = Self(TempDir::new().expect("a folder"));
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/odd");
        let manifest = std::fs::read_to_string(from.join("Cargo.toml.in")).expect("a manifest");
        made.write(
            "Cargo.toml",
            &manifest.replace("@WORKSPACE@", &workspace().display().to_string()),
        );
        for entry in std::fs::read_dir(from.join("src")).expect("sources") {
            let path = entry.expect("a source").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            made.write(
                &format!("src/{name}"),
                &std::fs::read_to_string(&path).expect("text"),
            );
        }
        made.commit();
        made
    }

    /// The same without what only a person can move.
    fn movable() -> Self {
        let made = Self::odd();
        made.write(
            "src/stubborn.rs",
            "use crate::objects::{Buffer, Queue};\n\npub(crate) fn sizes(_: &Buffer, _: &Queue) -> u64 {\n    1\n}\n\npub fn unmap(_: &Buffer) {}\n",
        );
        made.commit();
        made
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).expect("a file")
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=a driver author",
                "-c",
                "user.email=author@localhost",
            ])
            .args(args)
            .current_dir(self.0.path())
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn commit(&self) {
        if !self.0.path().join(".git").exists() {
            self.write(".gitignore", "target\nCargo.lock\n");
            self.git(&["init", "--quiet", "."]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "a state"]);
    }

    fn migrate(&self, args: &[&str]) -> Output {
        migrate(&[&["--path", &self.0.path().display().to_string()], args].concat())
    }

    fn changed(&self) -> String {
        self.git(&["status", "--porcelain"])
    }
}

fn migrate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("migrate")
        .args(args)
        .output()
        .expect("the tool runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_crate_that_nobody_has_seen_is_moved_compiles_and_is_done() {
    let odd = Crate::movable();
    let output = odd.migrate(&["--write", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    let row = &json["drivers"][0];
    assert_eq!(row["by_hand"], 0);
    assert_eq!(row["rewritten"], row["sites"]);
    assert!(row["sites"].as_u64() > Some(50), "{row}");

    // Comments, odd spaces, line ends and the byte order mark are as they were.
    let crlf = odd.read("src/crlf.rs");
    assert!(
        crlf.contains("    // A comment   with   spaces.\r\n    buffer.dmap.is_mapped()\r\n"),
        "{crlf:?}"
    );
    assert_eq!(crlf.matches('\n').count(), crlf.matches("\r\n").count());
    assert!(odd.read("src/marked.rs").starts_with('\u{feff}'));
    assert!(
        odd.read("src/unicode.rs")
            .contains("puffer.gem.size(); /* ΑΒΓ */")
    );
    assert!(
        odd.read("src/objects.rs")
            .contains("// odd formatting, and a comment")
    );
    // The body of a macro, where all of its uses agree.
    assert!(
        odd.read("src/hidden.rs")
            .contains("        $buffer.cmap.vmaps() // of a buffer\n")
    );
    // What is called for its side effect leaves no lock unused.
    assert!(
        odd.read("src/closures.rs")
            .contains("    drop(buffer.dmap.lock_table(&buffer.backing)?); // for good\n")
    );
    // A field of the driver keeps its name, and the part gets another.
    assert!(odd.read("src/objects.rs").contains("pub share_part: Share"));

    odd.commit();
    let again = odd.migrate(&["--write"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(odd.changed(), "");
}

#[test]
fn what_only_a_person_can_move_is_shown_where_it_stands_and_nothing_is_written() {
    let odd = Crate::odd();
    let output = odd.migrate(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    for (place, reason) in [
        (
            "stubborn.rs:10:19",
            "it stands in the body of `all_mapped!`, which is no code by itself",
        ),
        (
            "stubborn.rs:17:9",
            "not every use of that macro was seen to lean on the base class",
        ),
        (
            "stubborn.rs:57:26",
            "more is done with it than to look at its runs",
        ),
        (
            "stubborn.rs:24:9",
            "which object's parts are meant cannot be seen",
        ),
    ] {
        let report = text.split(&format!("--> src/{place}")).nth(1).expect(place);
        assert!(
            report
                .split("help:")
                .next()
                .is_some_and(|report| report.contains(reason)),
            "{report}"
        );
    }
    assert!(
        text.contains("not looked at: src/hidden.rs:23: #[cfg(feature = \"extra\")]"),
        "{text}"
    );

    let output = odd.migrate(&["--write"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("nothing was written"),
        "{}",
        stderr(&output)
    );
    assert_eq!(odd.changed(), "");
}

#[test]
fn a_series_builds_patch_by_patch_and_ends_where_the_tool_ends() {
    let odd = Crate::movable();
    let folder = TempDir::new().expect("a folder");
    let output = odd.migrate(&["--series", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut patches: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .expect("patches")
        .map(|entry| entry.expect("a patch").path())
        .collect();
    patches.sort();
    assert!(patches.len() >= 3, "{patches:?}");
    let paths: Vec<String> = patches
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    odd.git(
        &[
            &["am", "--quiet", "--keep-cr"],
            paths
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        ]
        .concat(),
    );
    let again = odd.migrate(&["--series", &folder.path().display().to_string()]);
    assert!(
        stderr(&again).contains("there are patches already"),
        "{}",
        stderr(&again)
    );
    let rest: serde_json::Value =
        serde_json::from_slice(&odd.migrate(&["--format", "json"]).stdout).expect("json");
    assert_eq!(rest["drivers"][0]["sites"], 0);
    assert!(!odd.read("src/objects.rs").contains("bridge"));
}

#[test]
fn a_tree_with_changes_is_not_written_to() {
    let odd = Crate::movable();
    odd.write(
        "src/unicode.rs",
        &format!("{}// mine\n", odd.read("src/unicode.rs")),
    );
    let output = odd.migrate(&["--write"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("not committed"),
        "{}",
        stderr(&output)
    );
    assert_eq!(odd.changed(), " M src/unicode.rs\n");
}

#[test]
fn code_that_does_not_compile_is_shown_as_the_compiler_shows_it() {
    let odd = Crate::odd();
    odd.write("src/unicode.rs", "pub fn größe() -> u64 { \"\" }\n");
    let output = odd.migrate(&["--write"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("mismatched types") && text.contains("nothing was written"),
        "{text}"
    );
}

#[test]
fn what_is_no_crate_or_has_no_base_class_is_refused_with_the_next_step() {
    let empty = TempDir::new().expect("a folder");
    let output = migrate(&["--path", &empty.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("it has no Cargo.toml"),
        "{}",
        stderr(&output)
    );

    let uma = workspace().join("gem-uma");
    let output = migrate(&["--path", &uma.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("does not depend on `gem-shmem`"),
        "{}",
        stderr(&output)
    );

    let output = migrate(&["--path", "/no/such/folder"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot open the folder"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_unknown_driver_lists_the_known_ones_and_the_nearest() {
    let output = migrate(&["panfrots"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("did you mean `cargo xtask migrate panfrost`?"),
        "{text}"
    );
}

#[test]
fn a_finding_is_explained_from_its_page() {
    let output = migrate(&["--explain", "F15"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.starts_with("F15: ") && text.contains("lock_table"),
        "{text}"
    );
}
