//! Where a function that took a reservation lock no longer holds it.
//!
//! Only what one function shows is judged: it takes the lock, drops it, and goes on. Functions that
//! never take the lock may run under their caller's, and nothing is said about them.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::parse::text_of;

/// How deep statements may nest before the rest is left unjudged.
const DEPTH: usize = 64;

/// What is known of the lock at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    /// Not touched by this function so far, or different by the way that led here.
    Unknown,
    /// Taken here.
    Held,
    /// Taken here, and dropped.
    Dropped,
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

/// The byte ranges of a file where a lock has been dropped by the function itself.
pub(crate) fn dropped(tree: &Tree, text: &[u8]) -> Vec<Range<usize>> {
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
                    labels: HashMap::new(),
                    out: Vec::new(),
                };
                walk.statement(body, Lock::Unknown, 0);
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
    labels: HashMap<String, Lock>,
    out: Vec<Range<usize>>,
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
                let body = child("body").map_or(lock, |it| self.statement(it, lock, depth + 1));
                lock.join(body)
            }
            // Where a `switch` lands is not followed.
            "case_statement" => {
                let mut cursor = node.walk();
                let mut lock = Lock::Unknown;
                for inner in node.named_children(&mut cursor) {
                    lock = self.statement(inner, lock, depth + 1);
                }
                Lock::Unknown.join(lock)
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
            "break_statement" | "continue_statement" => Lock::Unreachable,
            "comment" => lock,
            _ => self.expression(node, lock),
        }
    }

    /// Something without statements inside: a lock call in it changes what holds after it.
    fn expression(&mut self, node: Node<'_>, lock: Lock) -> Lock {
        self.note(node, lock);
        let text = text_of(node, self.text);
        let takes = [
            "dma_resv_lock",
            "dma_resv_trylock",
            "drm_gem_lock_reservations",
            "drm_exec_lock_obj",
        ];
        let drops = [
            "dma_resv_unlock",
            "drm_gem_unlock_reservations",
            "drm_exec_fini",
        ];
        if drops.iter().any(|name| text.contains(name)) {
            // Dropped here only if it was taken here.
            if lock == Lock::Held {
                Lock::Dropped
            } else {
                Lock::Unknown
            }
        } else if takes.iter().any(|name| text.contains(name)) {
            Lock::Held
        } else {
            lock
        }
    }

    fn note(&mut self, node: Node<'_>, lock: Lock) {
        if lock == Lock::Dropped {
            self.out.push(node.byte_range());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::dropped;
    use crate::survey::c::parse;

    /// The names `t0`, `t1`, .. that stand where the lock was dropped.
    fn touched(body: &str) -> Vec<String> {
        let text = format!("int f(void) {{ {body} }}");
        let tree = parse::file(text.as_bytes()).expect("a tree");
        let mut out: Vec<String> = dropped(&tree, text.as_bytes())
            .into_iter()
            .flat_map(|range| {
                text[range]
                    .split(|c: char| !c.is_alphanumeric())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|word| word.len() == 2 && word.starts_with('t'))
            .collect();
        out.sort();
        out
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
    fn a_function_that_never_takes_the_lock_is_not_judged() {
        assert!(touched("t0(); dma_resv_unlock(r); t1();").is_empty());
    }
}
