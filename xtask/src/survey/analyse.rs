//! From a tree to a report: reads the users' files, finds their sites, and classifies them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::c::clean::clean;
use super::c::database::{Database, Declarations, Ty};
use super::c::index;
use super::c::infer::{SourceFile, Unit};
use super::c::lex::Tokens;
use super::c::parse;
use super::classify;
use super::drivers::{self, Candidate};
use super::report::{self, Core, Driver, Report, SCHEMA, Trait};
use super::scan;
use super::sites::{self, Rejected, Watch};
use super::skip::{Skips, Why};
use super::source::{Tree, is_core_header};
use crate::findings::{GEM, SHMEM};
use crate::{Failure, Result};

/// A report, and the names that were looked at and are no sites.
#[derive(Debug)]
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// What was judged to be no site, with the reason.
    pub rejected: Vec<Rejected>,
}

/// Surveys the tree that `spec` names: a folder, a tarball or a package.
pub fn analyse(spec: &str) -> Result<Analysis> {
    let tree = Tree::open(spec)?;
    let skips = Skips::default();
    let mut scan = scan::scan(&tree, &skips)?;
    if scan.groups.is_empty() {
        return Err(
            Failure::new(format!("`{}` has no DRM drivers", tree.path().display()))
                .next("give the whole source of a kernel"),
        );
    }
    let candidates = drivers::find(&scan);
    if candidates.is_empty() {
        return Err(Failure::new(format!(
            "no driver in `{}` uses gem-shmem",
            tree.path().display()
        ))
        .next("gem-shmem is in kernels since Linux 5.2"));
    }
    let paths: BTreeSet<String> = candidates
        .iter()
        .flat_map(|it| it.files.iter().cloned())
        .collect();
    let texts = scan.texts(&tree, &paths, &skips)?;
    let (drm, linux) = included(&texts, &scan.small);
    let mut core = core_database(drm, &skips);
    // As much to parse as all the drivers together, and rarely needed: read when a type is missing.
    let mut linux = Some(linux);
    let watch = Watch::new();

    let mut report = Report {
        schema: SCHEMA,
        kernel: version(&scan.small).unwrap_or_else(|| tree_name(&tree)),
        drivers: Vec::new(),
        core: Vec::new(),
        notes: Vec::new(),
        skipped: Vec::new(),
    };
    let mut rejected = Vec::new();
    for candidate in &candidates {
        let files = candidate
            .files
            .iter()
            .filter_map(|path| Some((path.clone(), texts.get(path)?.clone())));
        let (files, own) = read_files(files.collect(), Some(&watch), &skips);
        let find = |core: &Database| {
            let decls = Declarations { own: &own, core };
            let unit = Unit {
                files: &files,
                decls,
            };
            (sites::find(unit, &watch), classify::traits(unit))
        };
        let (mut found, traits) = find(&core);
        if !found.unresolved.is_empty()
            && let Some(headers) = linux.take()
        {
            core.merge(core_database(headers, &skips));
            (found, _) = find(&core);
        }
        rejected.extend(found.rejected.iter().cloned());
        if candidate.is_core {
            if !found.sites.is_empty() {
                report.core.push(Core {
                    path: candidate.path.clone(),
                    sites: found.sites,
                });
            }
        } else if let Some(driver) = driver(candidate, &traits, found) {
            report.drivers.push(driver);
        } else {
            report.notes.push(format!(
                "{} names gem-shmem but does not use it",
                candidate.path
            ));
        }
    }
    for it in drivers::unused_selectors(&scan, &candidates) {
        report.notes.push(format!(
            "{} selects {} ({}:{}), but no file that uses it was found",
            it.option,
            drivers::OPTION,
            it.file,
            it.line
        ));
    }
    report.skipped = skips.into_sorted();
    rejected.sort();
    rejected.dedup();
    Ok(Analysis { report, rejected })
}

fn driver(
    candidate: &Candidate,
    traits: &BTreeMap<Trait, String>,
    found: sites::Found,
) -> Option<Driver> {
    if found.sites.is_empty() && found.unresolved.is_empty() {
        return None;
    }
    let (class, why) = classify::classify(candidate, &found, traits);
    let (functions, fields) = report::count(&found.sites);
    let locked = functions
        .iter()
        .filter(|(name, _)| name.ends_with("_locked"))
        .map(|(n, c)| (n.clone(), *c))
        .collect();
    let mut hooks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut operations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for set in found.set {
        let map = if set.table == crate::findings::DRIVER {
            &mut hooks
        } else {
            &mut operations
        };
        map.entry(set.entry).or_default().push(set.value);
    }
    Some(Driver {
        name: candidate.name.clone(),
        path: candidate.path.clone(),
        class,
        why,
        aliases: candidate.aliases.clone(),
        functions,
        locked,
        fields,
        hooks,
        operations,
        traits: traits.keys().copied().collect(),
        sites: found.sites,
        unresolved: found.unresolved,
    })
}

/// Reads files in parallel; what they declare for each other is merged in the files' order. A C file
/// that holds none of the names to look for is not parsed: what others see of it is in headers.
fn read_files(files: Texts, watch: Option<&Watch>, skips: &Skips) -> (Vec<SourceFile>, Database) {
    let read: Vec<_> = files
        .into_par_iter()
        .enumerate()
        .map(|(number, (path, text))| {
            let tokens = Tokens::read(&text);
            let cleaned = clean(&text, &tokens);
            let parsed = path.ends_with(".h")
                || watch.is_none_or(|watch| sites::holds_names(watch, &text, &tokens));
            let tree = if parsed { parse::file(&cleaned) } else { None };
            let mut shared = Database::default();
            let index = match &tree {
                Some(tree) => index::read(tree, &cleaned, number, &mut shared),
                None => index::FileIndex::default(),
            };
            if parsed && tree.is_none() {
                skips.add(&path, Why::ParserGaveUp);
            }
            let file = SourceFile {
                path,
                text,
                cleaned,
                tokens,
                tree,
                index,
            };
            (file, shared)
        })
        .collect();
    let mut own = Database::default();
    let mut out = Vec::with_capacity(read.len());
    for (file, shared) in read {
        out.push(file);
        own.merge(shared);
    }
    (out, own)
}

/// Files to read, by path.
type Texts = Vec<(String, Vec<u8>)>;

/// The headers of DRM, and those of Linux that `texts` include.
fn included(
    texts: &BTreeMap<String, Vec<u8>>,
    small: &BTreeMap<String, Vec<u8>>,
) -> (Texts, Texts) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for text in texts.values() {
        let lines = text.split(|&byte| byte == b'\n');
        for line in lines.filter(|line| line.starts_with(b"#include")) {
            let line = String::from_utf8_lossy(line);
            let name = line.split(['<', '>']).nth(1).unwrap_or("");
            named.insert(format!("include/{name}"));
        }
    }
    let headers = small.iter().filter(|(path, _)| is_core_header(path));
    let (drm, linux): (Texts, Texts) = headers
        .map(|(path, text)| (path.clone(), text.clone()))
        .partition(|(path, _)| path.starts_with("include/drm/"));
    (
        drm,
        linux
            .into_iter()
            .filter(|(path, _)| named.contains(path))
            .collect(),
    )
}

/// What the core's headers declare. The base class's own shape is known without them.
fn core_database(headers: Vec<(String, Vec<u8>)>, skips: &Skips) -> Database {
    let (_, mut core) = read_files(headers, None, skips);
    core.forget_files();
    core.add_struct(
        SHMEM,
        HashMap::from([("base".to_owned(), Ty::Struct(GEM.to_owned()))]),
    );
    let to_base = Ty::Struct(SHMEM.to_owned());
    for function in ["to_drm_gem_shmem_obj", "drm_gem_shmem_create"] {
        core.add_function(function, to_base.clone());
    }
    core.add_function("drm_gem_object_lookup", Ty::Struct(GEM.to_owned()));
    core
}

/// The kernel's version, from the makefile at the root.
fn version(small: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let text = String::from_utf8_lossy(small.get("Makefile")?).into_owned();
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (left, right) = line.split_once('=')?;
            (left.trim() == name).then(|| right.trim().to_owned())
        })
    };
    let mut version = format!("{}.{}", value("VERSION")?, value("PATCHLEVEL")?);
    if let Some(sub) = value("SUBLEVEL").filter(|sub| sub != "0") {
        version.push_str(&format!(".{sub}"));
    }
    version.push_str(&value("EXTRAVERSION").unwrap_or_default());
    Some(version)
}

fn tree_name(tree: &Tree) -> String {
    tree.path().file_name().map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
