//! `cargo xtask migrate` on crates that are no ports: the real binary, in folders of its own.

#[path = "migrate/bad_input.rs"]
mod bad_input;
#[path = "migrate/krate.rs"]
mod krate;

use std::path::PathBuf;

use tempfile::TempDir;

use krate::{Crate, migrate, stderr};

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
    // Each of two types of one name has its own parts, and its own constructor.
    assert!(odd.read("src/twin.rs").contains("head: 7,"));
    assert!(!odd.read("src/objects.rs").contains("head: 7,"));
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
