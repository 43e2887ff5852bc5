//! The survey beside coccinelle and a text search, on the kernel source that is installed.
//!
//! `cargo bench -p xtask --bench survey` prints times and sites of all three in one run, and fails if
//! either of the others finds something that the survey neither finds nor says why it is no site.
//! `SURVEY_TREE` names an unpacked tree; otherwise the package `linux-source-6.12` is unpacked to a
//! temporary folder. `spatch` is left out where it is not installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use xtask::survey::{self, Analysis};

const PACKAGE: &str = "/usr/src/linux-source-6.12.tar.xz";
const TOP: &str = "linux-source-6.12";
/// The base class itself: what is found there is no use of it.
const OWN: [&str; 5] = [
    "drivers/gpu/drm/drm_gem_shmem_helper.c",
    "include/drm/drm_gem_shmem_helper.h",
    "include/drm/drm_gem.h",
    "include/drm/drm_fbdev_shmem.h",
    "include/drm/drm_drv.h",
];
const MEMBERS: &str = "pages|pages_use_count|madv|madv_list|sgt|vaddr|vmap_use_count|map_wc|pages_mark_dirty_on_put|pages_mark_accessed_on_put|import_attach|filp|funcs";
const NAMES: &str = "(__)?drm_gem_shmem_[a-z_]+|DRM_GEM_SHMEM_[A-Z_]+|to_drm_gem_shmem_obj|drm_fbdev_shmem_setup|drm_gem_is_imported";

/// A place: file, line, name.
type Hit = (String, usize, String);

fn main() -> ExitCode {
    // `cargo test` runs benches too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match compare() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<ExitCode, String> {
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    let Some(tree) = tree(temporary.path())? else {
        println!("skipped: set SURVEY_TREE, or install linux-source-6.12");
        return Ok(ExitCode::SUCCESS);
    };
    let (analysis, on_tree) = timed(|| analyse(&tree))?;
    // Again, so that every tool reads from memory.
    let (_, on_tree_again) = timed(|| analyse(&tree))?;
    let users = users(&analysis, &tree, &temporary.path().join("users"))?;
    let (_, on_users) = timed(|| analyse(&users))?;
    let known = Known::of(&analysis);

    println!(
        "Linux {}; {} sites in {} drivers\n",
        analysis.report.kernel,
        known.sites.len(),
        analysis.report.drivers.len()
    );
    println!("survey, whole tree, first read   {on_tree:>8.2?}");
    println!("survey, whole tree               {on_tree_again:>8.2?}");
    println!("survey, the users' folders alone {on_users:>8.2?}");
    if Path::new(PACKAGE).exists() {
        let (_, on_tarball) = timed(|| analyse(Path::new(PACKAGE)))?;
        println!("survey, from the tarball         {on_tarball:>8.2?}");
    }
    let mut ok = true;

    let (hits, took) = timed(|| grep(&tree))?;
    ok &= known.report("text search, whole tree", &hits, took);

    if Command::new("spatch").arg("--version").output().is_err() {
        println!("\nspatch is not installed; left out");
        return Ok(if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let (hits, took) = timed(|| spatch(&users))?;
    ok &= known.report("spatch, the users' folders alone", &hits, took);
    let times = took.as_secs_f64() / on_users.as_secs_f64();
    let whole = took.as_secs_f64() / on_tree_again.as_secs_f64();
    println!(
        "  survey is {times:.0} times faster on the same folders, and {whole:.0} times with the whole tree to read"
    );
    if times < 10.0 {
        println!("  less than 10 times");
        ok = false;
    }
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn timed<T>(run: impl FnOnce() -> Result<T, String>) -> Result<(T, Duration), String> {
    let start = Instant::now();
    let out = run()?;
    Ok((out, start.elapsed()))
}

fn analyse(tree: &Path) -> Result<Analysis, String> {
    survey::analyse(&tree.to_string_lossy()).map_err(|error| error.to_string())
}

fn tree(temporary: &Path) -> Result<Option<PathBuf>, String> {
    if let Some(tree) = std::env::var_os("SURVEY_TREE") {
        return Ok(Some(tree.into()));
    }
    if !Path::new(PACKAGE).exists() {
        return Ok(None);
    }
    let parts = ["Makefile", "drivers/gpu/drm", "drivers/accel", "include"]
        .map(|part| format!("{TOP}/{part}"));
    let status = Command::new("tar")
        .arg("-xf")
        .arg(PACKAGE)
        .arg("-C")
        .arg(temporary)
        .args(parts)
        .status();
    match status {
        Ok(status) if status.success() => Ok(Some(temporary.join(TOP))),
        Ok(status) => Err(format!("tar ended with {status}")),
        Err(error) => Err(format!("cannot run tar: {error}")),
    }
}

/// A tree with the folders of the drivers alone.
fn users(analysis: &Analysis, tree: &Path, to: &Path) -> Result<PathBuf, String> {
    let folders: BTreeSet<&str> = analysis
        .report
        .drivers
        .iter()
        .map(|driver| {
            driver
                .path
                .strip_suffix(".c")
                .and_then(|path| path.rsplit_once('/'))
                .map_or(&*driver.path, |it| it.0)
        })
        .collect();
    std::fs::create_dir_all(to).map_err(|error| error.to_string())?;
    let all = folders.into_iter().chain([
        "include",
        "drivers/gpu/drm/Kconfig",
        "drivers/gpu/drm/Makefile",
    ]);
    let status = Command::new("cp")
        .arg("-r")
        .arg("--parents")
        .args(all)
        .arg(to)
        .current_dir(tree)
        .status();
    match status {
        Ok(status) if status.success() => Ok(to.to_owned()),
        other => Err(format!("cannot copy the users' folders: {other:?}")),
    }
}

fn grep(tree: &Path) -> Result<BTreeSet<Hit>, String> {
    let pattern = format!(r"\b({NAMES})\b|(->|\.)({MEMBERS})\b");
    let output = Command::new("grep")
        .args([
            "-rnoE",
            "--include=*.c",
            "--include=*.h",
            &pattern,
            "drivers/gpu/drm",
            "drivers/accel",
            "include/drm",
        ])
        .current_dir(tree)
        .output()
        .map_err(|error| format!("cannot run grep: {error}"))?;
    Ok(hits(&output.stdout, ""))
}

fn spatch(tree: &Path) -> Result<BTreeSet<Hit>, String> {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/survey.cocci");
    let jobs = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .to_string();
    let output = Command::new("spatch")
        .args([
            "--very-quiet",
            "--no-show-diff",
            "--include-headers",
            "--recursive-includes",
            "-I",
            "include",
        ])
        .args(["-j", &jobs, "--sp-file", rules, "--dir", "drivers"])
        .current_dir(tree)
        .output()
        .map_err(|error| format!("cannot run spatch: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "spatch failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(hits(&output.stdout, "SITE "))
}

/// Reads lines of `file:line:name`.
fn hits(output: &[u8], before: &str) -> BTreeSet<Hit> {
    String::from_utf8_lossy(output)
        .lines()
        .filter_map(|line| {
            let mut parts = line.strip_prefix(before)?.splitn(3, ':');
            let (file, line, name) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            Some((
                file.to_owned(),
                line,
                name.trim_start_matches(['-', '>', '.']).to_owned(),
            ))
        })
        .collect()
}

/// What the survey has to say about places.
struct Known {
    sites: BTreeSet<Hit>,
    rejected: BTreeMap<Hit, String>,
    /// Folders and files of drivers that use the base class.
    users: BTreeSet<String>,
}

impl Known {
    fn of(analysis: &Analysis) -> Known {
        let report = &analysis.report;
        let sites = report
            .drivers
            .iter()
            .flat_map(|it| &it.sites)
            .chain(report.core.iter().flat_map(|it| &it.sites));
        let rejected = analysis
            .rejected
            .iter()
            .map(|it| ((it.file.clone(), it.line, it.name.clone()), it.why.clone()))
            .collect();
        Known {
            sites: sites
                .map(|site| {
                    let name = site.symbol.strip_prefix("base.").unwrap_or(&site.symbol);
                    (site.file.clone(), site.line, name.to_owned())
                })
                .collect(),
            rejected,
            users: report
                .drivers
                .iter()
                .map(|it| it.path.clone())
                .chain(report.core.iter().map(|it| it.path.clone()))
                .collect(),
        }
    }

    /// Why a place that another tool found is known; `None` if it is not.
    fn why(&self, hit: &Hit) -> Option<String> {
        if self.sites.contains(hit) {
            return Some("a site".to_owned());
        }
        if let Some(why) = self.rejected.get(hit) {
            // All structures in one line.
            let why = if why.starts_with("a field of struct") {
                "a field of another structure"
            } else {
                why
            };
            let why = if why.starts_with("another structure's") {
                "an entry of another structure"
            } else {
                why
            };
            return Some(why.to_owned());
        }
        if OWN.contains(&hit.0.as_str()) {
            return Some("in the base class itself, or in GEM".to_owned());
        }
        let is_user = self
            .users
            .iter()
            .any(|path| hit.0 == *path || hit.0.starts_with(&format!("{path}/")));
        (!is_user).then(|| "in a file of no user of the base class".to_owned())
    }

    /// Prints what another tool found; false if any of it is unknown.
    fn report(&self, what: &str, hits: &BTreeSet<Hit>, took: Duration) -> bool {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut unknown = Vec::new();
        for hit in hits {
            match self.why(hit) {
                Some(why) => *reasons.entry(why).or_default() += 1,
                None => unknown.push(hit),
            }
        }
        println!("\n{what}: {took:.2?}, {} places", hits.len());
        for (why, count) in &reasons {
            println!("  {count:>6} {why}");
        }
        let found = self
            .sites
            .iter()
            .filter(|site| hits.contains(*site))
            .count();
        println!(
            "  {found} of the survey's {} sites are among them",
            self.sites.len()
        );
        for (file, line, name) in &unknown {
            println!("  NOT KNOWN TO THE SURVEY: {file}:{line} {name}");
        }
        unknown.is_empty()
    }
}
