//! What cannot be done is a clear error with the next step, and nothing has changed; so is being interrupted or killed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::krate::{Crate, migrate, stderr, workspace};

/// Every file of a crate but those of git, with what is in it.
fn files(krate: &Crate) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![krate.0.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() {
                if name != ".git" && name != "target" {
                    folders.push(path);
                }
            } else if name != "Cargo.lock" {
                files.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    files
}

/// The tool says what is wrong and what to do, and changes nothing.
fn refused(krate: &Crate, what: &str, next: &str) {
    let before = files(krate);
    let output = krate.migrate(&["--write", "--allow-dirty"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains(what) && text.contains("next: "), "{text}");
    assert!(text.contains(next), "{text}");
    assert!(files(krate) == before, "something was written");
}

#[test]
fn a_build_script_that_fails_is_shown() {
    let odd = Crate::movable();
    odd.write("build.rs", "fn main() { panic!(\"no such firmware\"); }\n");
    refused(&odd, "no such firmware", "nothing was written");
}

#[test]
fn code_that_does_not_parse_is_shown_where_it_stands() {
    let odd = Crate::movable();
    odd.write("src/unicode.rs", "pub fn größe( {\n");
    refused(&odd, "src/unicode.rs:1", "nothing was written");
}

#[test]
fn a_read_only_file_is_not_replaced_nor_is_any_other() {
    let odd = Crate::movable();
    let path = odd.0.path().join("src/unicode.rs");
    let mut permissions = std::fs::metadata(&path).expect("a file").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("read-only");
    refused(
        &odd,
        "unicode.rs: the file is read-only",
        "nothing was changed",
    );
}

#[test]
fn a_link_out_of_the_tree_is_not_followed() {
    let (odd, outside) = (Crate::movable(), TempDir::new().expect("a folder"));
    let elsewhere = outside.path().join("unicode.rs");
    let path = odd.0.path().join("src/unicode.rs");
    std::fs::rename(&path, &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
    let text = std::fs::read(&elsewhere).expect("text");
    refused(
        &odd,
        "outside of the code to rewrite",
        "the folder that is migrated",
    );
    assert_eq!(std::fs::read(&elsewhere).expect("text"), text);
}

/// What the crate is before and after, and how long the tool takes for it.
fn both(odd: &Crate) -> ([BTreeMap<PathBuf, Vec<u8>>; 2], Duration) {
    let old = files(odd);
    let start = Instant::now();
    let output = odd.migrate(&["--write"]);
    let took = start.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let new = files(odd);
    assert_ne!(old, new);
    odd.git(&["checkout", "--quiet", "."]);
    assert_eq!(files(odd), old);
    ([old, new], took)
}

fn started(odd: &Crate) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["migrate", "--write", "--path"])
        .arg(odd.0.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tool runs")
}

#[test]
fn an_interrupt_leaves_everything_as_it_was_or_done() {
    let odd = Crate::movable();
    let (states, took) = both(&odd);
    for eighth in 1..8 {
        let mut child = started(&odd);
        std::thread::sleep(took * eighth / 8);
        let interrupted = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(interrupted.is_ok());
        let status = child.wait().expect("it ends");
        // Nothing else is there either: what was staged is gone.
        let now = files(&odd);
        assert!(
            states.contains(&now),
            "after {eighth} eighths: {:?}",
            odd.changed()
        );
        assert!(now == states[0] || status.code() == Some(0), "{status}");
        odd.git(&["checkout", "--quiet", "."]);
    }
}

#[test]
fn killed_at_any_moment_every_file_is_old_or_new() {
    let odd = Crate::movable();
    let ([old, new], took) = both(&odd);
    for eighth in 1..8 {
        let mut child = started(&odd);
        std::thread::sleep(took * eighth / 8);
        // It may be done already.
        let _ = child.kill();
        child.wait().expect("it ends");
        for (path, bytes) in files(&odd) {
            let known = [old.get(&path), new.get(&path)].contains(&Some(&bytes));
            let staged = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(".xtask-migrate-"));
            assert!(
                known || staged,
                "after {eighth} eighths: {}",
                path.display()
            );
        }
        odd.git(&["checkout", "--quiet", "."]);
    }
    // What is left of those runs, if anything, goes with the next.
    let output = odd.migrate(&["--write"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(files(&odd), new);
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
