//! Groups the files that use the base class into drivers, by what the makefiles build.

use std::collections::{BTreeMap, BTreeSet};

use super::kbuild::kconfig::{self, Selector};
use super::kbuild::makefile::{self, Module};
use super::scan::{Scan, group};
use super::source::{ACCEL, DRM, is_below, is_kconfig, is_makefile};

/// The option that the base class is built for.
pub(crate) const OPTION: &str = "DRM_GEM_SHMEM_HELPER";
/// The base class itself, which is no user of it.
const HELPER: &str = "drivers/gpu/drm/drm_gem_shmem_helper.c";
/// Folders named after the bus or the vendor, and the name their driver goes by.
const NAMES: [(&str, &str); 1] = [("drivers/gpu/drm/virtio", "virtgpu")];

/// A driver to survey.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The name it goes by.
    pub(crate) name: String,
    /// Other names: its module, its option, its folder.
    pub(crate) aliases: Vec<String>,
    /// Its folder, or its one file.
    pub(crate) path: String,
    /// Its C files and headers.
    pub(crate) files: BTreeSet<String>,
    /// The options it is built for that select the base class, with file and line.
    pub(crate) selected: Vec<Selector>,
    /// Whether it is part of the DRM core rather than a driver.
    pub(crate) is_core: bool,
}

/// The drivers, in order of their paths.
pub(crate) fn find(scan: &Scan) -> Vec<Candidate> {
    let selectors: Vec<Selector> = scan
        .small
        .iter()
        .filter(|(path, _)| is_kconfig(path))
        .flat_map(|(path, text)| kconfig::selectors(path, text, OPTION))
        .collect();
    let modules: Vec<Module> = scan
        .small
        .iter()
        .filter(|(path, _)| is_makefile(path))
        .filter_map(|(path, text)| Some((path.rsplit_once('/')?.0, text)))
        .flat_map(|(folder, text)| makefile::modules(folder, text))
        .collect();
    let mut out = Vec::new();
    for folder in scan.user_groups() {
        let mentions: BTreeSet<&String> = scan
            .mentions
            .iter()
            .filter(|path| group(path) == Some(&folder))
            .collect();
        if folder == DRM || folder == ACCEL {
            out.extend(core(&folder, &mentions));
            continue;
        }
        let Some(all) = scan.groups.get(&folder) else {
            continue;
        };
        let own: Vec<&Module> = modules
            .iter()
            .filter(|it| within(&it.folder, &folder))
            .collect();
        out.extend(split(&folder, all, &mentions, &own, &selectors));
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// The options that select the base class, of which no file that uses it was found.
pub(crate) fn unused_selectors(scan: &Scan, found: &[Candidate]) -> Vec<Selector> {
    let used: BTreeSet<&str> = found
        .iter()
        .flat_map(|it| it.selected.iter().map(|it| it.option.as_str()))
        .collect();
    scan.small
        .iter()
        .filter(|(path, _)| is_kconfig(path))
        .flat_map(|(path, text)| kconfig::selectors(path, text, OPTION))
        .filter(|it| !used.contains(it.option.as_str()))
        .collect()
}

fn within(path: &str, folder: &str) -> bool {
    path == folder || is_below(path, folder)
}

fn core(folder: &str, mentions: &BTreeSet<&String>) -> Vec<Candidate> {
    mentions
        .iter()
        .filter(|path| **path != HELPER)
        .map(|path| {
            let name = path[folder.len() + 1..]
                .trim_end_matches(".c")
                .trim_end_matches(".h")
                .to_owned();
            Candidate {
                name,
                aliases: Vec::new(),
                path: (*path).clone(),
                files: BTreeSet::from([(*path).clone()]),
                selected: Vec::new(),
                is_core: true,
            }
        })
        .collect()
}

/// One folder can hold one driver, or several that each have a module of their own.
fn split(
    folder: &str,
    all: &BTreeSet<String>,
    mentions: &BTreeSet<&String>,
    modules: &[&Module],
    selectors: &[Selector],
) -> Vec<Candidate> {
    let headers = || all.iter().filter(|path| path.ends_with(".h")).cloned();
    if modules.len() <= 1 {
        let selected = selected_by(folder, modules.first().copied(), selectors);
        let aliases = aliases(folder, modules.first().copied(), &selected);
        let name = named(folder);
        return vec![Candidate {
            name,
            aliases,
            path: folder.to_owned(),
            files: all.clone(),
            selected,
            is_core: false,
        }];
    }
    let mut out: BTreeMap<String, Candidate> = BTreeMap::new();
    let mut left: BTreeSet<&String> = mentions.iter().copied().collect();
    for module in modules {
        if !module.sources.iter().any(|path| mentions.contains(path)) {
            continue;
        }
        left.retain(|path| !module.sources.contains(path));
        let selected = selected_by(folder, Some(module), selectors);
        let aliases = aliases(folder, Some(module), &selected);
        let path = match &module.sources[..] {
            [one] => one.clone(),
            _ => module.folder.clone(),
        };
        let files = module
            .sources
            .iter()
            .filter(|path| all.contains(*path))
            .cloned()
            .chain(headers())
            .collect();
        let it = Candidate {
            name: module.name.clone(),
            aliases,
            path,
            files,
            selected,
            is_core: false,
        };
        out.insert(module.name.clone(), it);
    }
    // A header belongs to whoever includes it; a C file that no makefile names stands for itself.
    left.retain(|path| path.ends_with(".c"));
    for path in left {
        let name = path
            .rsplit('/')
            .next()
            .unwrap_or(path)
            .trim_end_matches(".c")
            .to_owned();
        let files = headers().chain([path.clone()]).collect();
        let selected = Vec::new();
        let it = Candidate {
            name: name.clone(),
            aliases: Vec::new(),
            path: path.clone(),
            files,
            selected,
            is_core: false,
        };
        out.entry(name).or_insert(it);
    }
    out.into_values().collect()
}

fn named(folder: &str) -> String {
    let last = folder.rsplit('/').next().unwrap_or(folder);
    NAMES
        .iter()
        .find(|(path, _)| *path == folder)
        .map_or(last, |(_, name)| name)
        .to_owned()
}

fn selected_by(folder: &str, module: Option<&Module>, selectors: &[Selector]) -> Vec<Selector> {
    selectors
        .iter()
        .filter(|it| match module {
            Some(module) => module.options.contains(&it.option),
            None => it
                .file
                .rsplit_once('/')
                .is_some_and(|(dir, _)| dir == folder),
        })
        .cloned()
        .collect()
}

fn aliases(folder: &str, module: Option<&Module>, selected: &[Selector]) -> Vec<String> {
    let mut out: BTreeSet<String> = selected.iter().map(|it| it.option.clone()).collect();
    out.extend(folder.rsplit('/').next().map(str::to_owned));
    out.extend(module.map(|module| module.name.clone()));
    out.into_iter().collect()
}
