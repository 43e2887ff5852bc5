//! Every shape a site can have: the files of the committed tree say on each line what is expected
//! there (`//~ F03 write pages`), and nothing else may be found.

use std::collections::BTreeSet;
use std::fs;

use xtask::survey::report::Class;

use crate::tree;

/// What the annotations say: `file:line: F03 write pages`.
fn expected() -> BTreeSet<String> {
    let root = tree::committed();
    let mut out = BTreeSet::new();
    for file in tree::files(&root)
        .iter()
        .filter(|file| file.ends_with(".c") || file.ends_with(".h"))
    {
        let text = fs::read_to_string(root.join(file)).expect("text");
        for (number, line) in text.lines().enumerate() {
            let Some((_, sites)) = line.split_once("//~ ") else {
                continue;
            };
            for site in sites.split(';') {
                out.insert(format!("{file}:{}: {}", number + 1, site.trim()));
            }
        }
    }
    out
}

fn found() -> BTreeSet<String> {
    let report = tree::surveyed(&tree::committed());
    let sites = report.drivers.iter().flat_map(|driver| &driver.sites);
    sites
        .map(|site| {
            let what = serde_json::to_value(site.what).expect("a word");
            let what = what.as_str().expect("a word").to_owned();
            let finding = site
                .finding
                .map_or_else(|| "none".to_owned(), |finding| finding.to_string());
            format!(
                "{}:{}: {finding} {what} {}",
                site.file, site.line, site.symbol
            )
        })
        .collect()
}

#[test]
fn every_annotated_shape_is_found_and_nothing_else() {
    let (expected, found) = (expected(), found());
    let missed: Vec<_> = expected.difference(&found).collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    assert!(
        missed.is_empty() && extra.is_empty(),
        "missed: {missed:#?}\nextra: {extra:#?}"
    );
    assert!(expected.len() > 70, "{} annotations", expected.len());
}

#[test]
fn no_name_of_the_shapes_is_left_unjudged() {
    let report = tree::surveyed(&tree::committed());
    for driver in &report.drivers {
        assert_eq!(driver.unresolved, [], "{}", driver.name);
    }
    assert!(report.is_complete());
}

#[test]
fn classes_come_from_what_a_driver_does() {
    let report = tree::surveyed(&tree::committed());
    let classes: Vec<(&str, Class)> = report
        .drivers
        .iter()
        .map(|driver| (driver.name.as_str(), driver.class))
        .collect();
    assert_eq!(
        classes,
        [
            ("npu", Class::Provider),
            ("heap", Class::Uma),
            ("shapes", Class::Uma),
            ("shmem_test", Class::Test),
            ("panel", Class::KmsSimple),
        ]
    );
}

#[test]
fn a_module_in_a_shared_folder_is_a_driver_of_its_own() {
    let report = tree::surveyed(&tree::committed());
    let panel = report.driver("panel").expect("the driver");
    assert_eq!(panel.path, "drivers/gpu/drm/tiny/panel.c");
    assert!(
        panel.why[0]
            .contains("DRM_PANEL selects DRM_GEM_SHMEM_HELPER (drivers/gpu/drm/tiny/Kconfig:3)")
    );
    assert!(
        report
            .driver("DRM_SHAPES")
            .is_some_and(|driver| driver.name == "shapes")
    );
}

#[test]
fn the_helper_is_no_user_of_itself_and_core_users_are_listed_apart() {
    let report = tree::surveyed(&tree::committed());
    let core: Vec<&str> = report.core.iter().map(|core| core.path.as_str()).collect();
    assert_eq!(core, ["drivers/gpu/drm/drm_fbdev_shmem.c"]);
    assert!(
        report.core[0]
            .sites
            .iter()
            .any(|site| site.symbol == "pages")
    );
}

#[test]
fn what_only_talks_about_the_helper_is_noted_and_no_driver() {
    let report = tree::surveyed(&tree::committed());
    assert!(report.driver("gone").is_none());
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("drivers/gpu/drm/gone names gem-shmem"))
    );
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("DRM_LEFTOVER selects"))
    );
}

#[test]
fn a_name_of_the_base_class_that_no_finding_covers_is_reported_as_such() {
    let report = tree::surveyed(&tree::committed());
    let npu = report.driver("npu").expect("the driver");
    let uncovered: Vec<&str> = npu.uncovered().map(|site| site.symbol.as_str()).collect();
    assert_eq!(uncovered, ["drm_gem_shmem_from_the_future"]);
}

#[test]
fn hooks_and_operations_are_listed_with_what_they_are_set_to() {
    let report = tree::surveyed(&tree::committed());
    let shapes = report.driver("shapes").expect("the driver");
    assert_eq!(shapes.hooks["gem_create_object"], ["shapes_create"]);
    assert_eq!(shapes.operations["pin"], ["drm_gem_shmem_object_pin"]);
    assert_eq!(shapes.operations["vm_ops"], ["drm_gem_shmem_vm_ops"]);
    assert!(!shapes.operations.contains_key("mmap"));
    assert_eq!(
        shapes.locked.keys().collect::<Vec<_>>(),
        ["drm_gem_shmem_pin_locked"]
    );
}

#[test]
fn a_tree_without_core_headers_finds_the_same_sites() {
    let copy = tree::copy();
    fs::remove_dir_all(copy.path().join("include")).expect("removed");
    let sites = |path: &std::path::Path| {
        let report = tree::surveyed(path);
        let sites: Vec<_> = report
            .drivers
            .into_iter()
            .flat_map(|driver| driver.sites)
            .map(|site| (site.file, site.line, site.finding, site.symbol))
            .collect();
        sites
    };
    assert_eq!(sites(copy.path()), sites(&tree::committed()));
}

#[test]
fn names_of_later_kernels_map_to_the_finding_of_their_kind() {
    let names = [
        ("drm_gem_shmem_vmap_locked", 20),
        ("drm_gem_shmem_vunmap_locked", 20),
        ("drm_gem_shmem_madvise_locked", 21),
        ("drm_gem_shmem_purge_locked", 23),
        ("drm_gem_shmem_put_pages_locked", 17),
        ("drm_gem_shmem_init", 13),
        ("drm_gem_shmem_release", 14),
        ("drm_gem_shmem_create_with_mnt", 13),
        ("drm_gem_shmem_prime_import_no_map", 27),
        ("DRM_FBDEV_SHMEM_DRIVER_OPS", 34),
    ];
    let dir = tempfile::TempDir::new().expect("a folder");
    let uses: String = names
        .iter()
        .map(|(name, _)| format!("\tuse({name});\n"))
        .collect();
    let field = "\tif (s->pages_pin_count)\n\t\treturn;\n";
    let text = format!("void f(struct drm_gem_shmem_object *s)\n{{\n{field}{uses}}}\n");
    tree::write(dir.path(), "drivers/gpu/drm/later/later.c", text);
    let report = tree::surveyed(dir.path());
    let later = &report.drivers[0];
    assert_eq!(later.uncovered().count(), 0);
    for (name, number) in names.into_iter().chain([("pages_pin_count", 4)]) {
        let site = later
            .sites
            .iter()
            .find(|site| site.symbol == name)
            .unwrap_or_else(|| panic!("{name}"));
        assert_eq!(
            site.finding.map(|finding| finding.0),
            Some(number),
            "{name}"
        );
    }
}
