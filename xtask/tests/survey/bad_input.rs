//! Input that is broken, hostile or not there: a clear error or a named skip, never a panic, never a
//! silent miss.

use std::fs;
use std::path::Path;

use crate::tree::{self, refused, surveyed, write};

const LIMA: &str = "drivers/gpu/drm/bad/bad.c";
const SITE: &str = "static void f(struct drm_gem_shmem_object *s)\n{\n\ts->pages = 0;\n}\n";

/// A tree with one driver, whose one file is `text`.
fn one_file(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let dir = tempfile::TempDir::new().expect("a folder");
    write(dir.path(), LIMA, text);
    dir
}

/// The symbols found in a tree of one driver.
fn symbols(root: &Path) -> Vec<String> {
    surveyed(root)
        .drivers
        .remove(0)
        .sites
        .into_iter()
        .map(|site| site.symbol)
        .collect()
}

#[test]
fn no_tree_no_package_and_no_drivers_are_named() {
    assert!(refused(Path::new("/nonexistent/linux")).contains("there is no kernel tree at"));
    assert!(refused(Path::new("linux-source-0.0")).contains("apt-get install linux-source-0.0"));
    assert!(refused(Path::new("")).contains("there is no kernel tree at"));
    let empty = tempfile::TempDir::new().expect("a folder");
    assert!(refused(empty.path()).contains("it has no drivers/gpu/drm"));
    fs::create_dir_all(empty.path().join("drivers/gpu/drm")).expect("a folder");
    assert!(refused(empty.path()).contains("has no DRM drivers"));
    write(empty.path(), "drivers/gpu/drm/a/a.c", "int a;\n");
    assert!(refused(empty.path()).contains("no driver in"));
}

#[test]
fn a_file_that_is_no_tarball_is_refused() {
    let dir = tempfile::TempDir::new().expect("a folder");
    for (name, bytes) in [
        ("text", &b"hello"[..]),
        ("gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
        ("empty", b""),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        assert!(
            refused(&path).contains("neither a .tar.xz nor a .tar"),
            "{name}"
        );
    }
}

#[test]
fn a_tarball_gives_the_same_report_as_the_folder() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let plain = tree::tarball(&tree::committed());
    let expected = surveyed(&tree::committed());
    for (name, bytes) in [
        ("linux.tar", plain.clone()),
        ("linux.tar.xz", tree::xz(&plain)),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        assert_eq!(surveyed(&path), expected, "{name}");
    }
}

#[test]
fn a_tarball_cut_anywhere_is_refused() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let plain = tree::tarball(&tree::committed());
    let packed = tree::xz(&plain);
    let path = dir.path().join("linux.tar");
    // Also right between two files, where the rest looks like a whole archive.
    let cuts = [
        600,
        1024,
        plain.len() / 2 / 512 * 512,
        plain.len() / 2 + 7,
        plain.len() - 1024,
    ];
    for (bytes, cut) in cuts.into_iter().map(|cut| (&plain, cut)).chain(
        [100, packed.len() / 2, packed.len() - 1]
            .into_iter()
            .map(|cut| (&packed, cut)),
    ) {
        fs::write(&path, &bytes[..cut]).expect("a file");
        let error = refused(&path);
        assert!(
            error.contains("is truncated or damaged"),
            "cut at {cut}: {error}"
        );
        assert!(error.contains("next: fetch it again"), "{error}");
    }
}

#[test]
fn a_damaged_byte_in_the_compressed_tarball_is_noticed() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let mut packed = tree::xz(&tree::tarball(&tree::committed()));
    let middle = packed.len() / 2;
    packed[middle] ^= 0x55;
    let path = dir.path().join("linux.tar.xz");
    fs::write(&path, packed).expect("a file");
    assert!(refused(&path).contains("is truncated or damaged"));
}

#[test]
fn bytes_that_are_not_utf_8_hide_nothing() {
    let mut text = b"/* \xff\xfe caf\xe9 */\nchar *s = \"\x80\";\n".to_vec();
    text.extend_from_slice(SITE.as_bytes());
    text.extend_from_slice(b"int \xff\xff(void) { return 0; }\n");
    assert!(symbols(one_file(text).path()).contains(&"pages".to_owned()));
}

#[test]
fn a_file_too_large_is_skipped_by_name_and_the_answer_is_incomplete() {
    let dir = one_file(SITE);
    let large = fs::File::create(dir.path().join("drivers/gpu/drm/bad/large.h")).expect("a file");
    large.set_len(100 << 20).expect("a sparse file");
    let report = surveyed(dir.path());
    let skip = &report.skipped[0];
    assert_eq!(
        (skip.file.as_str(), skip.loses),
        ("drivers/gpu/drm/bad/large.h", true)
    );
    assert!(skip.why.contains("larger than"), "{}", skip.why);
    assert!(!report.is_complete());
    assert_eq!(report.drivers[0].sites.len(), 2);
}

#[test]
fn a_file_too_large_to_parse_still_gives_its_sites() {
    let text = format!("{}/* {} */\n", SITE, "x".repeat(9 << 20));
    let report = surveyed(one_file(text).path());
    assert_eq!(report.skipped.len(), 1);
    assert!(!report.is_complete());
    // Without a tree the tokens tell what the variable is.
    assert!(
        report.drivers[0]
            .sites
            .iter()
            .any(|site| site.symbol == "pages")
    );
}

#[cfg(unix)]
#[test]
fn links_are_named_and_not_followed() {
    let dir = one_file(SITE);
    let drm = dir.path().join("drivers/gpu/drm");
    std::os::unix::fs::symlink("..", drm.join("bad/loop")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", drm.join("bad/out.c")).expect("a link");
    let report = surveyed(dir.path());
    let skipped: Vec<(&str, bool)> = report
        .skipped
        .iter()
        .map(|skip| (skip.file.as_str(), skip.loses))
        .collect();
    assert_eq!(
        skipped,
        [
            ("drivers/gpu/drm/bad/loop", false),
            ("drivers/gpu/drm/bad/out.c", false)
        ]
    );
    assert!(report.is_complete());
    assert_eq!(report.drivers[0].sites.len(), 2);
}

/// What a folder would be skipped for, a tarball is, too; and nothing of it is written anywhere.
#[test]
fn what_a_tarball_cannot_give_is_skipped_by_name() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let path = dir.path().join("linux.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).expect("a file"));
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    let drm = "linux-fixture/drivers/gpu/drm";
    header.set_size(SITE.len() as u64);
    archive
        .append_data(&mut header, format!("{drm}/bad/bad.c"), SITE.as_bytes())
        .expect("a file");
    header.set_size(100 << 20);
    archive
        .append_data(
            &mut header,
            format!("{drm}/bad/large.c"),
            std::io::Read::take(std::io::repeat(b'\n'), 100 << 20),
        )
        .expect("a file");
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    archive
        .append_link(&mut header, format!("{drm}/bad/loop.c"), "loop.c")
        .expect("a link");
    let mut outside = tar::Header::new_gnu();
    outside.as_mut_bytes()[..18].copy_from_slice(b"../../outside/bad.c"[..18].as_ref());
    outside.set_size(SITE.len() as u64);
    outside.set_cksum();
    archive.append(&outside, SITE.as_bytes()).expect("a file");
    archive.finish().expect("an archive");

    let report = surveyed(&path);
    let skipped: Vec<(&str, bool)> = report
        .skipped
        .iter()
        .map(|skip| (skip.file.as_str(), skip.loses))
        .collect();
    assert_eq!(
        skipped,
        [
            ("drivers/gpu/drm/bad/large.c", true),
            ("drivers/gpu/drm/bad/loop.c", false)
        ]
    );
    assert_eq!(report.drivers[0].sites.len(), 2);
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
}

#[cfg(unix)]
#[test]
fn a_tree_that_is_a_loop_of_links_is_refused() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    std::os::unix::fs::symlink(&here, &there).expect("a link");
    std::os::unix::fs::symlink(&there, &here).expect("a link");
    assert!(refused(&here).contains("there is no kernel tree at"));
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf_8_is_skipped_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let dir = one_file(SITE);
    let name = std::ffi::OsStr::from_bytes(b"drivers/gpu/drm/bad/\xff.c");
    fs::write(dir.path().join(name), SITE).expect("a file");
    let report = surveyed(dir.path());
    assert_eq!(report.skipped.len(), 1);
    assert!(report.skipped[0].loses);
}

#[test]
fn nesting_however_deep_ends_in_an_answer() {
    let deep = 40_000;
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("[", "]"),
        ("if (x) {", "}"),
        ("struct { ", "} a;"),
    ] {
        let text = format!(
            "struct b {{ struct drm_gem_shmem_object base; }};\nvoid f(struct drm_gem_shmem_object *s)\n{{\n\ts->pages = 0;\n{}x{}\n}}\n",
            open.repeat(deep),
            close.repeat(deep)
        );
        let found = symbols(one_file(text).path());
        assert!(
            found.contains(&"drm_gem_shmem_object".to_owned()),
            "{open}: {found:?}"
        );
    }
}

#[test]
fn members_and_macros_nested_without_end_end_in_an_answer() {
    let chain = "a->".repeat(20_000);
    let calls = "m(".repeat(5_000) + &")".repeat(5_000);
    let text = format!(
        "#define m(x) m(x)\n#define p(x) q##x(x)\n#define qa(x) p(a)\nvoid f(struct drm_gem_shmem_object *s)\n{{\n\t{chain}pages = {calls};\n\tp(a);\n\ts->sgt = 0;\n}}\n"
    );
    assert!(symbols(one_file(text).path()).contains(&"sgt".to_owned()));
}

#[test]
fn c_that_does_not_parse_still_gives_its_sites() {
    for text in [
        "}}}} ### ((( drm_gem_shmem_free(x) \"unclosed\n",
        "static drm_gem_shmem_free(",
        "#define X drm_gem_shmem_free(",
        "int a = { .b = { drm_gem_shmem_free /* unclosed",
        "drm_gem_shmem_free",
    ] {
        assert_eq!(
            symbols(one_file(text).path()),
            ["drm_gem_shmem_free"],
            "{text}"
        );
    }
}

#[test]
fn a_field_whose_owner_cannot_be_told_is_reported_as_unresolved() {
    let report = surveyed(
        one_file(format!(
            "{SITE}int g(void) {{ return unknown(1)->sgt != 0; }}\n"
        ))
        .path(),
    );
    let unresolved = &report.drivers[0].unresolved;
    assert_eq!(
        (
            unresolved.len(),
            unresolved[0].name.as_str(),
            unresolved[0].line
        ),
        (1, "sgt", 5)
    );
    assert!(!report.is_complete());
}
