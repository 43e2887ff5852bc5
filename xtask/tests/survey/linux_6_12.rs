//! Linux 6.12.117: the committed result says what the source says, and is derived again where the
//! source is installed.

use std::path::Path;

use xtask::survey::report::{Class, Driver, Report};
use xtask::survey::sites::What;
use xtask::survey::{self, snapshot};

/// Where the package `linux-source-6.12` puts the source.
const PACKAGE: &str = "linux-source-6.12";
const INSTALLED: &str = "/usr/src/linux-source-6.12.tar.xz";

fn committed() -> Report {
    snapshot::linux_6_12().expect("the committed survey")
}

fn driver(name: &str) -> Driver {
    committed()
        .driver(name)
        .unwrap_or_else(|| panic!("{name}"))
        .clone()
}

/// The lines of `file` where `symbol` is used in one of these ways.
fn lines(driver: &Driver, file: &str, symbol: &str, what: &[What]) -> Vec<usize> {
    let mut lines: Vec<usize> = driver
        .sites
        .iter()
        .filter(|site| {
            site.file.ends_with(file) && site.symbol == symbol && what.contains(&site.what)
        })
        .map(|site| site.line)
        .collect();
    lines.dedup();
    lines
}

#[test]
fn the_classes_of_6_12_are_eleven_seven_and_one() {
    let report = committed();
    let of = |class| {
        let mut names: Vec<&str> = report
            .drivers
            .iter()
            .filter(|it| it.class == class)
            .map(|it| it.name.as_str())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(
        of(Class::KmsSimple),
        [
            "ast",
            "cirrus",
            "gm12u320",
            "gud",
            "hyperv",
            "mgag200",
            "ofdrm",
            "simpledrm",
            "ssd130x",
            "udl",
            "vkms"
        ]
    );
    assert_eq!(
        of(Class::Uma),
        [
            "imagination",
            "ivpu",
            "lima",
            "panfrost",
            "panthor",
            "v3d",
            "virtgpu"
        ]
    );
    assert_eq!(of(Class::Provider), ["vgem"]);
    assert_eq!(of(Class::Test), ["drm_gem_shmem_test"]);
}

#[test]
fn no_site_of_6_12_is_without_a_finding_and_none_is_unjudged() {
    let report = committed();
    for driver in &report.drivers {
        assert_eq!(driver.uncovered().count(), 0, "{}", driver.name);
        assert_eq!(driver.unresolved, [], "{}", driver.name);
    }
    assert!(report.is_complete() && report.skipped.is_empty() && report.notes.is_empty());
}

#[test]
fn display_drivers_use_one_macro_and_no_function_field_or_hook_of_the_base_class() {
    let report = committed();
    for driver in report
        .drivers
        .iter()
        .filter(|driver| driver.class == Class::KmsSimple)
    {
        let functions: Vec<&str> = driver.functions.keys().map(String::as_str).collect();
        assert_eq!(
            functions,
            ["DRM_GEM_SHMEM_DRIVER_OPS", "drm_fbdev_shmem_setup"],
            "{}",
            driver.name
        );
        assert!(
            !driver.hooks.contains_key("gem_create_object"),
            "{}",
            driver.name
        );
        // gud asks whether a framebuffer is imported; that is a field of GEM.
        let fields: Vec<&str> = driver.fields.keys().map(String::as_str).collect();
        let expected: &[&str] = if driver.name == "gud" {
            &["base.import_attach"]
        } else {
            &[]
        };
        assert_eq!(fields, expected, "{}", driver.name);
    }
}

#[test]
fn calls_are_counted_as_they_stand_in_the_source() {
    let report = committed();
    let total = |name: &str| -> usize {
        report
            .drivers
            .iter()
            .filter(|driver| driver.class != Class::Test)
            .filter_map(|driver| driver.functions.get(name))
            .sum()
    };
    for (name, count) in [
        ("drm_gem_shmem_create", 9),
        ("drm_gem_shmem_free", 10),
        ("drm_gem_shmem_get_pages_sgt", 12),
        ("drm_gem_shmem_pin", 1),
        ("drm_gem_shmem_unpin", 4),
        ("drm_gem_shmem_pin_locked", 2),
        ("drm_gem_shmem_unpin_locked", 0),
        ("drm_gem_shmem_vmap", 3),
        ("drm_gem_shmem_vunmap", 2),
        ("drm_gem_shmem_mmap", 2),
        ("drm_gem_shmem_madvise", 1),
        ("drm_gem_shmem_purge", 1),
        ("drm_gem_shmem_is_purgeable", 2),
        ("drm_gem_shmem_prime_import_sg_table", 6),
        ("drm_gem_shmem_vm_ops", 7),
        ("drm_gem_shmem_object_print_info", 7),
        ("drm_gem_shmem_object_unpin", 7),
        ("drm_gem_shmem_object_get_sg_table", 7),
        ("drm_gem_shmem_object_vunmap", 7),
        ("drm_gem_shmem_object_pin", 5),
        ("drm_gem_shmem_object_vmap", 6),
        ("drm_gem_shmem_object_mmap", 5),
        ("drm_gem_shmem_object_free", 1),
        ("drm_gem_shmem_put_pages", 0),
        ("DRM_GEM_SHMEM_DRIVER_OPS", 12),
        ("drm_fbdev_shmem_setup", 12),
    ] {
        assert_eq!(total(name), count, "{name}");
    }
}

#[test]
fn fields_are_found_where_the_source_touches_them() {
    use What::{Free, Read, ReadWrite, Write};
    for (name, file, symbol, what, expected) in [
        (
            "panfrost",
            "panfrost_gem.c",
            "pages",
            &[Read][..],
            &[203, 218][..],
        ),
        ("panfrost", "panfrost_mmu.c", "pages", &[Read], &[475, 494]),
        (
            "panfrost",
            "panfrost_mmu.c",
            "pages",
            &[Write],
            &[491, 512, 515],
        ),
        (
            "panfrost",
            "panfrost_mmu.c",
            "pages_use_count",
            &[Write],
            &[492],
        ),
        ("panfrost", "panfrost_dump.c", "sgt", &[Read], &[206, 223]),
        ("panfrost", "panfrost_gem.c", "madv", &[Read], &[159, 206]),
        (
            "panfrost",
            "panfrost_gem_shrinker.c",
            "madv_list",
            &[Read, ReadWrite],
            &[28, 74, 80],
        ),
        (
            "panfrost",
            "panfrost_drv.c",
            "madv_list",
            &[ReadWrite],
            &[446, 449],
        ),
        ("panfrost", "panfrost_gem.c", "map_wc", &[Write], &[262]),
        ("panfrost", "panfrost_mmu.c", "base.filp", &[Read], &[501]),
        ("lima", "lima_gem.c", "pages", &[Read], &[39, 40]),
        ("lima", "lima_gem.c", "pages", &[Write], &[49, 62]),
        ("lima", "lima_gem.c", "pages_use_count", &[Write], &[50]),
        ("lima", "lima_gem.c", "sgt", &[Free], &[73, 74, 101]),
        ("lima", "lima_gem.c", "sgt", &[Write], &[76, 87, 102]),
        ("lima", "lima_sched.c", "pages", &[Read], &[363]),
        ("lima", "lima_vm.c", "sgt", &[Read], &[127, 301]),
        ("lima", "lima_gem.c", "base.filp", &[Read], &[24, 125, 128]),
        ("ivpu", "ivpu_gem.c", "pages", &[Read], &[32, 507]),
        ("ivpu", "ivpu_gem.c", "sgt", &[Write], &[60, 172]),
        ("ivpu", "ivpu_gem.c", "pages_use_count", &[Read], &[334]),
        (
            "ivpu",
            "ivpu_gem.c",
            "pages_mark_dirty_on_put",
            &[Write],
            &[207],
        ),
        ("ivpu", "ivpu_gem.c", "vaddr", &[Read], &[324, 438]),
        ("ivpu", "ivpu_gem.h", "vaddr", &[Read], &[51]),
        ("ivpu", "ivpu_gem.c", "base.import_attach", &[Write], &[236]),
        ("ivpu", "ivpu_gem.c", "base.resv", &[Write], &[237]),
        (
            "imagination",
            "pvr_gem.c",
            "sgt",
            &[Read],
            &[227, 228, 267, 268, 411, 412],
        ),
        ("imagination", "pvr_gem.c", "map_wc", &[Write], &[364]),
        ("imagination", "pvr_gem.c", "vaddr", &[Read], &[253]),
        ("v3d", "v3d_bo.c", "pages", &[Read], &[34, 191]),
        (
            "v3d",
            "v3d_bo.c",
            "pages_mark_dirty_on_put",
            &[Write],
            &[63],
        ),
        ("v3d", "v3d_mmu.c", "sgt", &[Read], &[84]),
        ("virtgpu", "virtgpu_vq.c", "sgt", &[Read], &[623, 1042]),
        ("virtgpu", "virtgpu_object.c", "base.funcs", &[Read], &[117]),
        (
            "virtgpu",
            "virtgpu_object.c",
            "base.funcs",
            &[Write],
            &[131],
        ),
        ("virtgpu", "virtgpu_vram.c", "base.funcs", &[Read], &[138]),
        ("virtgpu", "virtgpu_vram.c", "base.funcs", &[Write], &[198]),
        (
            "panthor",
            "panthor_gem.c",
            "base.resv",
            &[Write],
            &[93, 214],
        ),
        ("panthor", "panthor_gem.c", "map_wc", &[Read], &[224]),
        (
            "panthor",
            "panthor_mmu.c",
            "base.import_attach",
            &[Read],
            &[1109, 1258, 1269, 1280, 1306],
        ),
        ("gud", "gud_pipe.c", "base.import_attach", &[Read], &[446]),
        ("vgem", "vgem_drv.c", "map_wc", &[Write], &[106]),
    ] {
        assert_eq!(
            lines(&driver(name), file, symbol, what),
            expected,
            "{name} {file} {symbol} {what:?}"
        );
    }
}

#[test]
fn fields_that_no_driver_touches_are_not_found() {
    let report = committed();
    for driver in report
        .drivers
        .iter()
        .filter(|driver| driver.class != Class::Test)
    {
        for field in ["vmap_use_count", "pages_mark_accessed_on_put"] {
            assert!(
                !driver.fields.contains_key(field),
                "{} {field}",
                driver.name
            );
        }
    }
}

#[test]
fn the_base_class_is_embedded_where_the_source_says() {
    for (name, place, object) in [
        ("ivpu", "ivpu_gem.h:15", "struct ivpu_bo"),
        ("imagination", "pvr_gem.h:88", "struct pvr_gem_object"),
        ("v3d", "v3d_drv.h:217", "struct v3d_bo"),
        (
            "panfrost",
            "panfrost_gem.h:13",
            "struct panfrost_gem_object",
        ),
        ("panthor", "panthor_gem.h:21", "struct panthor_gem_object"),
        ("virtgpu", "virtgpu_drv.h:111", "struct virtio_gpu_object"),
        ("lima", "lima_gem.h:13", "struct lima_bo"),
    ] {
        let driver = driver(name);
        let embeds: Vec<String> = driver
            .sites
            .iter()
            .filter(|site| site.what == What::Embed)
            .map(|site| {
                format!(
                    "{}:{} {}",
                    site.file,
                    site.line,
                    site.function.clone().unwrap_or_default()
                )
            })
            .collect();
        assert!(
            embeds
                .iter()
                .any(|it| it.ends_with(&format!("{place} {object}"))),
            "{name}: {embeds:?}"
        );
    }
}

/// Which functions touch a protected field without the lock, read in the source by hand. The ports do it at the same places
/// (`racy`), but for ivpu's debug message and virtgpu's copy, which they do not have.
#[test]
fn what_is_touched_without_the_lock_is_what_the_source_says() {
    let unlocked = |name: &str| {
        let mut found: Vec<String> = driver(name)
            .sites
            .iter()
            .filter(|site| site.finding.is_some_and(|finding| finding.0 == 30))
            .map(|site| {
                format!(
                    "{} {}",
                    site.function.as_deref().unwrap_or_default(),
                    site.symbol
                )
            })
            .collect();
        found.sort();
        found.dedup();
        found
    };
    for (name, wanted) in [
        (
            "imagination",
            vec!["pvr_gem_get_dma_addr sgt", "pvr_gem_object_vunmap vaddr"],
        ),
        (
            "ivpu",
            vec![
                "ivpu_bo_free vaddr",
                "ivpu_bo_vaddr vaddr",
                "ivpu_dbg_bo pages",
                "ivpu_dbg_bo sgt",
                "ivpu_gem_bo_free pages_use_count",
                "ivpu_gem_bo_free vaddr",
            ],
        ),
        (
            "lima",
            vec![
                "lima_heap_alloc sgt",
                "lima_sched_build_error_task_list pages",
                "lima_vm_bo_add sgt",
                "lima_vm_map_bo sgt",
            ],
        ),
        (
            "panfrost",
            vec![
                "panfrost_core_dump sgt",
                "panfrost_gem_open madv",
                "panfrost_gem_rss pages",
                "panfrost_gem_status madv",
                "panfrost_gem_status pages",
            ],
        ),
        ("panthor", vec![]),
        (
            "v3d",
            vec![
                "v3d_gem_status pages",
                "v3d_get_bo_vaddr pages",
                "v3d_mmu_insert_ptes sgt",
            ],
        ),
        ("virtgpu", vec!["virtio_gpu_cmd_transfer_to_host_2d sgt"]),
    ] {
        assert_eq!(unlocked(name), wanted, "{name}");
    }
}

#[test]
fn the_table_that_lima_replaces_after_dropping_the_lock_is_found() {
    let lima = driver("lima");
    let mut unlocked: Vec<usize> = lima
        .sites
        .iter()
        .filter(|site| site.finding.is_some_and(|finding| finding.0 == 30))
        .filter(|site| site.function.as_deref() == Some("lima_heap_alloc"))
        .map(|site| site.line)
        .collect();
    unlocked.dedup();
    assert_eq!(unlocked, [72, 73, 74, 76, 77, 87, 101, 102]);
}

#[test]
fn the_committed_result_is_what_the_installed_source_gives() {
    if !Path::new(INSTALLED).exists() {
        eprintln!("skipped: {INSTALLED} is not installed");
        return;
    }
    let analysis = survey::analyse(PACKAGE).expect("a survey");
    if analysis.report.kernel != committed().kernel {
        eprintln!(
            "skipped: the installed source is Linux {}",
            analysis.report.kernel
        );
        return;
    }
    let derived = serde_json::to_string_pretty(&analysis.report).expect("JSON") + "\n";
    assert!(
        derived == snapshot::LINUX_6_12,
        "the committed survey differs: write it again with \
         `cargo xtask survey --kernel {PACKAGE} --format json > xtask/data/survey-6.12.json` and review the change"
    );
}
