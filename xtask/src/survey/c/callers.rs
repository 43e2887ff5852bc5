//! Who enters a driver's functions, and whether with the reservation lock.
//!
//! A function is entered by calls, of which each has a place where the lock is held or not ([`super::locks`]), and through its
//! address: by the core, which holds the lock around few of its callbacks. Names are those of one driver; two functions of one
//! name are taken for one.

use std::collections::{HashMap, HashSet};

use tree_sitter::Tree;

use super::infer::SourceFile;
use super::lex::Kind;
use super::locks::{self, Held, Helpers, Lock};
use super::parse;

/// The callbacks around which the core holds the object's lock, of `drm_gem_object_funcs`, `dma_buf_ops` and
/// `dma_buf_attach_ops`; those of `drm_gpuvm_ops` run under whatever their caller took.
const UNDER_LOCK: [&str; 14] = [
    "pin",
    "unpin",
    "get_sg_table",
    "vmap",
    "vunmap",
    "evict",
    "map_dma_buf",
    "unmap_dma_buf",
    "move_notify",
    "vm_bo_validate",
    "sm_step_map",
    "sm_step_remap",
    "sm_step_unmap",
    "vm_bo_free",
];
/// The functions that call what they are given with the lock held.
const CALLS_UNDER_LOCK: [&str; 1] = ["drm_gem_lru_scan"];
/// What a function says that may only be entered with the lock.
const ASSERTS: [&str; 4] = [
    "dma_resv_assert_held",
    "dma_resv_held",
    "drm_gem_gpuva_assert_lock_held",
    "lockdep_assert_held",
];

/// One way into a function.
#[derive(Debug)]
enum Way {
    /// Called by a function, where the lock is like that.
    Call(String, Lock),
    /// Called by the core, with the lock or without.
    Core { locked: bool },
}

/// The ways into a driver's functions.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    ways: HashMap<String, Vec<Way>>,
    /// Those that say of themselves that the lock is held.
    locked: HashSet<String>,
}

/// A file's functions, by their bytes.
type Functions = Vec<(std::ops::Range<usize>, String)>;

/// One file as it is needed here.
struct Read<'a> {
    file: &'a SourceFile,
    functions: Functions,
    held: Vec<Held>,
}

/// The statements of each file with the lock when they begin, by the file's number, and who enters the functions.
pub(crate) fn read(files: &[SourceFile]) -> (Vec<Vec<Held>>, Callers) {
    let trees: Vec<Option<Tree>> = files
        .iter()
        .map(|file| file.tree.clone().or_else(|| parse::file(&file.cleaned)))
        .collect();
    let functions: Vec<Functions> = trees
        .iter()
        .zip(files)
        .map(|(tree, file)| {
            tree.as_ref().map_or_else(Vec::new, |tree| {
                super::index::functions(tree, &file.cleaned)
            })
        })
        .collect();
    let mut helpers = Helpers::default();
    let mut callers = Callers::default();
    for (file, functions) in files.iter().zip(&functions) {
        for (span, name) in functions {
            let body = String::from_utf8_lossy(&file.cleaned[span.clone()]);
            helpers.add(name, &body);
            if name.ends_with("_locked") || ASSERTS.iter().any(|it| body.contains(it)) {
                callers.locked.insert(name.clone());
            }
        }
    }
    let read: Vec<Read<'_>> = files
        .iter()
        .zip(functions)
        .zip(&trees)
        .map(|((file, functions), tree)| Read {
            file,
            functions,
            held: tree
                .as_ref()
                .map_or_else(Vec::new, |tree| locks::held(tree, &file.cleaned, &helpers)),
        })
        .collect();
    let names: HashSet<&str> = read
        .iter()
        .flat_map(|one| one.functions.iter().map(|(_, name)| name.as_str()))
        .collect();
    for one in &read {
        callers.add(one, &names);
    }
    (read.into_iter().map(|one| one.held).collect(), callers)
}

/// The lock where byte `at` is: that of the smallest statement around it.
pub(crate) fn lock_at(held: &[Held], at: usize) -> Lock {
    held.iter()
        .filter(|it| it.span.contains(&at))
        .min_by_key(|it| it.span.len())
        .map_or(Lock::Unknown, |it| it.lock)
}

impl Callers {
    fn add(&mut self, read: &Read<'_>, names: &HashSet<&str>) {
        let file = read.file;
        for (index, token) in file.tokens.list.iter().enumerate() {
            let word = file.word(index);
            if token.kind != Kind::Name || token.define || !names.contains(word) {
                continue;
            }
            let within = read
                .functions
                .iter()
                .find(|(span, _)| span.contains(&token.start));
            let is_called = file.word(index + 1) == "(";
            let way = match within {
                // Its own name, in its definition.
                Some((_, by)) if by == word => continue,
                Some((_, by)) if is_called => {
                    Way::Call(by.clone(), lock_at(&read.held, token.start))
                }
                // A prototype.
                None if is_called && !in_brackets(file, index) => continue,
                _ => Way::Core {
                    locked: is_under_lock(file, index),
                },
            };
            self.ways.entry(word.to_owned()).or_default().push(way);
        }
    }

    /// Whether some way into a function is known on which the lock is not held.
    pub(crate) fn enters_unlocked(&self, name: &str) -> bool {
        self.unlocked(name, &mut HashSet::new())
    }

    fn unlocked<'a>(&'a self, name: &'a str, seen: &mut HashSet<&'a str>) -> bool {
        if self.locked.contains(name) || !seen.insert(name) {
            return false;
        }
        self.ways.get(name).is_some_and(|ways| {
            ways.iter().any(|way| match way {
                Way::Core { locked } => !locked,
                Way::Call(_, Lock::Dropped) => true,
                Way::Call(by, Lock::Entered) => self.unlocked(by, seen),
                Way::Call(_, Lock::Held | Lock::Unknown | Lock::Unreachable) => false,
            })
        })
    }
}

/// Whether token `index`, outside of functions, is between the braces of an initialiser or the brackets of a macro's use.
fn in_brackets(file: &SourceFile, index: usize) -> bool {
    matches!(
        index.checked_sub(1).map(|before| file.word(before)),
        Some("," | "(" | "=" | "&" | "{")
    )
}

/// Whether the address at token `index` goes where the core holds the lock when it calls it.
fn is_under_lock(file: &SourceFile, index: usize) -> bool {
    let before = |by: usize| index.checked_sub(by).map_or("", |at| file.word(at));
    let at = if before(1) == "&" { 1 } else { 0 };
    if before(at + 1) == "=" && matches!(before(at + 3), "." | "->") {
        return UNDER_LOCK.contains(&before(at + 2));
    }
    // The function that it is an argument of.
    let mut depth = 0usize;
    for at in (0..index).rev() {
        match file.word(at) {
            ")" => depth += 1,
            "(" if depth > 0 => depth -= 1,
            "(" => {
                return at
                    .checked_sub(1)
                    .is_some_and(|name| CALLS_UNDER_LOCK.contains(&file.word(name)));
            }
            ";" | "{" | "}" => return false,
            _ => {}
        }
    }
    false
}
