//! What a function does with the reservation lock, statement by statement.
//!
//! One function at a time is read, from the lock as it was when the function was entered; who enters it
//! how, [`super::callers`] knows.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::parse::text_of;

/// How deep statements may nest before the rest is left unjudged.
const DEPTH: usize = 64;
/// Functions of the core that return with the lock taken, by how their names begin.
const TAKES: [&str; 7] = [
    "dma_resv_lock",
    "dma_resv_trylock",
    "drm_gem_lock_reservations",
    "drm_exec_lock_obj",
    "drm_exec_prepare_",
    "drm_gpuvm_exec_lock",
    "drm_gpuvm_prepare_",
];
/// Functions of the core that drop it.
const DROPS: [&str; 4] = [
    "dma_resv_unlock",
    "drm_gem_unlock_reservations",
    "drm_exec_fini",
    "drm_gpuvm_exec_unlock",
];

/// What is known of the lock at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// As it was when the function was entered.
    Entered,
    /// Taken here.
    Held,
    /// Taken here, and dropped.
    Dropped,
    /// Different by the way that led here, or dropped for the caller.
    Unknown,
    /// Nothing falls through to here.
    Unreachable,
}

impl Lock {
    fn join(self, other: Lock) -> Lock {
        match (self, other) {
            (Lock::Unreachable, it) | (it, Lock::Unreachable) => it,
            (a, b) if a == b => a,
            _ => Lock::Unknown,
        }
    }
}

/// The driver's own functions that take or drop the lock for their caller.
#[derive(Debug, Default)]
pub(crate) struct Helpers {
    takes: HashSet<String>,
    drops: HashSet<String>,
}

/// The names of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

impl Helpers {
    /// Notes a function that takes the lock and does not drop it, or the other way round.
    pub(crate) fn add(&mut self, name: &str, body: &str) {
        let takes = words(body).any(|word| TAKES.iter().any(|it| word.starts_with(it)));
        let drops = words(body).any(|word| DROPS.contains(&word));
        match (takes, drops) {
            (true, false) => self.takes.insert(name.to_owned()),
            (false, true) => self.drops.insert(name.to_owned()),
            _ => false,
        };
    }

    fn take(&self, word: &str) -> bool {
        TAKES.iter().any(|it| word.starts_with(it)) || self.takes.contains(word)
    }

    fn drop(&self, word: &str) -> bool {
        DROPS.contains(&word) || self.drops.contains(word)
    }
}

/// A statement, or the condition of one, and the lock when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Its bytes.
    pub(crate) span: Range<usize>,
    /// The lock.
    pub(crate) lock: Lock,
}

/// The statements of a file's functions, each with the lock when it begins.
pub(crate) fn held(tree: &Tree, text: &[u8], helpers: &Helpers) -> Vec<Held> {
    let mut cursor = tree.walk();
    let mut out = Vec::new();
    loop {
        let node = cursor.node();
        let mut down = true;
        if node.kind() == "function_definition" {
            down = false;
            if let Some(body) = node.child_by_field_name("body") {
                let mut walk = Walk {
                    text,
                    helpers,
                    labels: HashMap::new(),
                    around: Vec::new(),
                    out: Vec::new(),
                };
                walk.statement(body, Lock::Entered, 0);
                out.append(&mut walk.out);
            }
        }
        if down && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
}

struct Walk<'a> {
    text: &'a [u8],
    helpers: &'a Helpers,
    labels: HashMap<String, Lock>,
    /// The loops and switches around: the lock when each began, and where it was left.
    around: Vec<(Lock, Lock)>,
    out: Vec<Held>,
}

impl Walk<'_> {
    /// Walks one statement entered with `lock`; returns what holds after it.
    fn statement(&mut self, node: Node<'_>, lock: Lock, depth: usize) -> Lock {
        if depth > DEPTH || node.is_error() {
            return Lock::Unknown;
        }
        let child = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "compound_statement" => {
                let mut lock = lock;
                let mut cursor = node.walk();
                for inner in node.named_children(&mut cursor) {
                    lock = self.statement(inner, lock, depth + 1);
                }
                lock
            }
            "if_statement" => {
                let lock = child("condition").map_or(lock, |it| self.expression(it, lock));
                let then =
                    child("consequence").map_or(lock, |it| self.statement(it, lock, depth + 1));
                let other =
                    child("alternative").map_or(lock, |it| self.statement(it, lock, depth + 1));
                then.join(other)
            }
            "else_clause" => node
                .named_child(0)
                .map_or(lock, |it| self.statement(it, lock, depth + 1)),
            "while_statement" | "for_statement" | "do_statement" | "switch_statement" => {
                let lock = child("condition").map_or(lock, |it| self.expression(it, lock));
                self.around.push((lock, Lock::Unreachable));
                let body = child("body").map_or(lock, |it| self.statement(it, lock, depth + 1));
                let (_, left) = self.around.pop().unwrap_or((lock, lock));
                lock.join(body).join(left)
            }
            // Entered from the `switch`, or from the case before it.
            "case_statement" => {
                let from = self.around.last().map_or(Lock::Unknown, |(from, _)| *from);
                let mut lock = lock.join(from);
                let mut cursor = node.walk();
                for inner in node.named_children(&mut cursor) {
                    lock = self.statement(inner, lock, depth + 1);
                }
                lock
            }
            "labeled_statement" => {
                let name = child("label")
                    .map_or("", |it| text_of(it, self.text))
                    .to_owned();
                let from = self.labels.get(&name).copied().unwrap_or(Lock::Unreachable);
                let lock = lock.join(from);
                // The label is one child, the statement the last.
                let last = node.named_child_count().saturating_sub(1) as u32;
                match node.named_child(last) {
                    Some(inner) if last > 0 => self.statement(inner, lock, depth + 1),
                    _ => lock,
                }
            }
            "goto_statement" => {
                self.note(node, lock);
                let name = child("label")
                    .map_or("", |it| text_of(it, self.text))
                    .to_owned();
                let seen = self.labels.entry(name).or_insert(Lock::Unreachable);
                *seen = seen.join(lock);
                Lock::Unreachable
            }
            "return_statement" => {
                self.expression(node, lock);
                Lock::Unreachable
            }
            "break_statement" | "continue_statement" => {
                if let Some((_, left)) = self.around.last_mut() {
                    *left = left.join(lock);
                }
                Lock::Unreachable
            }
            "comment" => lock,
            _ => self.expression(node, lock),
        }
    }

    /// Something without statements inside: a lock call in it changes what holds after it.
    fn expression(&mut self, node: Node<'_>, lock: Lock) -> Lock {
        self.note(node, lock);
        let text = text_of(node, self.text);
        if words(text).any(|word| self.helpers.drop(word)) {
            match lock {
                // Dropped here only if it was taken here.
                Lock::Held => Lock::Dropped,
                _ => Lock::Unknown,
            }
        } else if words(text).any(|word| self.helpers.take(word)) {
            Lock::Held
        } else {
            lock
        }
    }

    fn note(&mut self, node: Node<'_>, lock: Lock) {
        self.out.push(Held {
            span: node.byte_range(),
            lock,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Helpers, Lock, held};
    use crate::survey::c::parse;

    /// The names `t0`, `t1`, .. that stand where the lock is like that.
    fn names(body: &str, lock: Lock) -> Vec<String> {
        let text = format!("int f(void) {{ {body} }}");
        let tree = parse::file(text.as_bytes()).expect("a tree");
        let mut helpers = Helpers::default();
        helpers.add("bo_lock", "{ dma_resv_lock(bo->resv, NULL); }");
        helpers.add("bo_unlock", "{ dma_resv_unlock(bo->resv); }");
        helpers.add("bo_ask", "{ dma_resv_lock(r); dma_resv_unlock(r); }");
        let mut out: Vec<String> = held(&tree, text.as_bytes(), &helpers)
            .into_iter()
            .filter(|it| it.lock == lock)
            .flat_map(|it| {
                text[it.span]
                    .split(|c: char| !c.is_alphanumeric())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|word| word.len() == 2 && word.starts_with('t'))
            .collect();
        out.sort();
        out
    }

    fn touched(body: &str) -> Vec<String> {
        names(body, Lock::Dropped)
    }

    #[test]
    fn what_follows_the_unlock_is_found() {
        assert_eq!(
            touched("t0(); dma_resv_lock(r, 0); t1(); dma_resv_unlock(r); t2(); return t3;"),
            ["t2", "t3"]
        );
    }

    #[test]
    fn an_unlock_on_a_way_out_says_nothing_about_what_follows() {
        assert!(
            touched("dma_resv_lock(r, 0); if (e) { dma_resv_unlock(r); return 1; } t1();")
                .is_empty()
        );
    }

    #[test]
    fn a_label_reached_from_both_sides_is_not_judged() {
        let body = "dma_resv_lock(r, 0); if (e) goto out; dma_resv_unlock(r); if (g) goto out; return 0; out: t1();";
        assert!(touched(body).is_empty());
        let body = "dma_resv_lock(r, 0); dma_resv_unlock(r); if (g) goto out; return 0; out: t1();";
        assert_eq!(touched(body), ["t1"]);
    }

    #[test]
    fn before_the_lock_is_taken_it_is_as_it_was() {
        let body = "t0(); dma_resv_lock(r, 0); t1(); dma_resv_unlock(r); t2();";
        assert_eq!(names(body, Lock::Entered), ["t0"]);
        let body = "t0(); if (t1) return t2; for (;;) { t3(); } t4();";
        assert_eq!(names(body, Lock::Entered), ["t0", "t1", "t2", "t3", "t4"]);
    }

    #[test]
    fn a_case_begins_with_the_lock_of_its_switch() {
        let body = "switch (x) { case 1: dma_resv_lock(r, 0); t0(); dma_resv_unlock(r); break; case 2: t1(); break; } t2();";
        assert_eq!(names(body, Lock::Entered), ["t1"]);
        assert_eq!(names(body, Lock::Held), ["t0"]);
        assert_eq!(names(body, Lock::Unknown), ["t2"]);
    }

    #[test]
    fn a_loop_that_is_left_with_the_lock_is_not_judged_after_it() {
        let body =
            "for (;;) { dma_resv_lock(r, 0); if (x) break; dma_resv_unlock(r); return 0; } t0();";
        assert_eq!(names(body, Lock::Unknown), ["t0"]);
        let body = "dma_resv_lock(r, 0); for (;;) { if (x) { dma_resv_unlock(r); return 0; } t0(); } dma_resv_unlock(r); t1();";
        assert_eq!(names(body, Lock::Dropped), ["t1"]);
    }

    #[test]
    fn a_lock_of_the_caller_that_is_dropped_is_not_judged() {
        let body = "t0(); dma_resv_unlock(r); t1();";
        assert_eq!(names(body, Lock::Entered), ["t0"]);
        assert_eq!(names(body, Lock::Unknown), ["t1"]);
    }

    #[test]
    fn the_drivers_own_helpers_take_and_drop_the_lock() {
        let body = "bo_lock(b); t0(); bo_ask(b); t1(); bo_unlock(b); t2();";
        assert_eq!(names(body, Lock::Held), ["t0", "t1"]);
        assert_eq!(names(body, Lock::Dropped), ["t2"]);
    }
}
