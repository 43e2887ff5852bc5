//! Makes kernel C parse: what the preprocessor would take away becomes spaces.
//!
//! Every change keeps the length of the text, so a position in the tree is a position in the file.
//! Three things stand in a C parser's way: annotations (`__iomem`, `__must_check`), loop macros
//! (`list_for_each_entry(...) { }` looks like a call without its semicolon) and types as arguments
//! (`container_of(p, struct x, m)`).

use super::lex::{Dead, Kind, Tokens};

/// Annotations that take no argument.
const PLAIN: &[&str] = &[
    "__init",
    "__exit",
    "__initdata",
    "__initconst",
    "__user",
    "__iomem",
    "__rcu",
    "__percpu",
    "__force",
    "__must_check",
    "__maybe_unused",
    "__always_unused",
    "__used",
    "__packed",
    "__cold",
    "__pure",
    "__ref",
    "__refdata",
    "__weak",
    "__visible",
    "__always_inline",
    "__ro_after_init",
    "__read_mostly",
    "__malloc",
    "__private",
    "__nonstring",
    "____cacheline_aligned",
    "____cacheline_aligned_in_smp",
    "noinline",
    "noinline_for_stack",
    "asmlinkage",
    "__no_kcsan",
];
/// Annotations that take arguments.
const WITH_ARGUMENTS: &[&str] = &[
    "__aligned",
    "__printf",
    "__scanf",
    "__counted_by",
    "__counted_by_le",
    "__counted_by_be",
    "__acquires",
    "__releases",
    "__must_hold",
    "__cond_acquires",
    "__acquire",
    "__release",
    "__section",
    "__free",
    "__cleanup",
    "__alloc_size",
    "__assume_aligned",
    "__guarded_by",
];
/// Loop macros whose names do not say `for_each`.
const LOOPS: &[&str] = &[
    "drm_exec_until_all_locked",
    "scoped_guard",
    "scoped_cond_guard",
];

/// A copy of `text` that a C parser reads better.
pub(crate) fn clean(text: &[u8], tokens: &Tokens) -> Vec<u8> {
    let mut out = text.to_vec();
    for (range, why) in &tokens.dead {
        if *why == Dead::Comment {
            blank(&mut out, range.start, range.end);
        }
    }
    let at = |index: usize| -> &[u8] {
        tokens
            .list
            .get(index)
            .map_or(b"", |token| &text[token.start..token.end])
    };
    let mut depth = 0_usize;
    for (index, token) in tokens.list.iter().enumerate() {
        let word = &text[token.start..token.end];
        match word {
            b"{" => depth += 1,
            b"}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if token.kind != Kind::Name {
            continue;
        }
        if is_one_of(word, PLAIN) {
            blank(&mut out, token.start, token.end);
        } else if is_one_of(word, WITH_ARGUMENTS) && at(index + 1) == b"(" {
            if let Some(close) = tokens.close(text, index + 1) {
                blank(&mut out, token.start, tokens.list[close].end);
            }
        } else if is_loop(word) && at(index + 1) == b"(" {
            let is_loop = tokens
                .close(text, index + 1)
                .is_some_and(|close| !matches!(at(close + 1), b";" | b"," | b")" | b"" | b"->"));
            // A prototype's name has its type before it.
            let after_type = index > 0
                && (tokens.list[index - 1].kind == Kind::Name || at(index - 1) == b"*")
                && !matches!(at(index - 1), b"else" | b"do");
            if is_loop && !after_type && !token.define {
                blank(&mut out, token.start, token.end);
                out[token.start..token.start + 5].copy_from_slice(b"while");
            }
        } else if matches!(word, b"struct" | b"union" | b"enum")
            && (depth > 0 || token.define)
            && index > 0
            && matches!(at(index - 1), b"," | b"(")
            && tokens
                .list
                .get(index + 1)
                .is_some_and(|next| next.kind == Kind::Name)
            && matches!(at(index + 2), b"," | b")")
            && is_macro_argument(text, tokens, index)
        {
            blank(&mut out, token.start, token.end);
        }
    }
    out
}

/// Whether the type at `index` stands among other arguments of something called by name; `sizeof`
/// and casts are understood by the parser as they are.
fn is_macro_argument(text: &[u8], tokens: &Tokens, index: usize) -> bool {
    let mut depth = 0_usize;
    for at in (0..index).rev() {
        match &text[tokens.list[at].start..tokens.list[at].end] {
            b")" | b"]" => depth += 1,
            b"(" | b"[" if depth == 0 => {
                let Some(name) = at.checked_sub(1).map(|before| tokens.list[before]) else {
                    return false;
                };
                let word = &text[name.start..name.end];
                return name.kind == Kind::Name
                    && !matches!(
                        word,
                        b"sizeof"
                            | b"typeof"
                            | b"__typeof__"
                            | b"return"
                            | b"if"
                            | b"while"
                            | b"offsetof"
                    );
            }
            b"(" | b"[" => depth -= 1,
            b";" | b"{" | b"}" => return false,
            _ => {}
        }
    }
    false
}

fn is_loop(word: &[u8]) -> bool {
    word.len() >= 5 && (memchr::memmem::find(word, b"for_each").is_some() || is_one_of(word, LOOPS))
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|name| name.as_bytes() == word)
}

/// Overwrites with spaces; line ends stay where they are.
fn blank(out: &mut [u8], start: usize, end: usize) {
    for byte in &mut out[start..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::clean;
    use crate::survey::c::lex::Tokens;

    fn cleaned(text: &str) -> String {
        let out = clean(text.as_bytes(), &Tokens::read(text.as_bytes()));
        assert_eq!(out.len(), text.len());
        let out = String::from_utf8(out).expect("text");
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn annotations_go_and_lengths_stay() {
        assert_eq!(
            cleaned("static int __init f(void __user *p) {}"),
            "static int f(void *p) {}"
        );
        assert_eq!(
            cleaned("struct a { int b __aligned(8); };"),
            "struct a { int b ; };"
        );
    }

    #[test]
    fn loop_macros_become_loops_and_calls_do_not() {
        assert_eq!(
            cleaned("{ list_for_each_entry(a, b, c) d; }"),
            "{ while (a, b, c) d; }"
        );
        assert_eq!(
            cleaned("{ bus_for_each_dev(a, b); }"),
            "{ bus_for_each_dev(a, b); }"
        );
        assert_eq!(
            cleaned("int my_for_each(int a) { }"),
            "int my_for_each(int a) { }"
        );
    }

    #[test]
    fn a_type_among_arguments_loses_its_keyword() {
        assert_eq!(
            cleaned("{ x = container_of(p, struct y, z); }"),
            "{ x = container_of(p, y, z); }"
        );
        assert_eq!(
            cleaned("{ x = sizeof(struct y); }"),
            "{ x = sizeof(struct y); }"
        );
        assert_eq!(cleaned("int f(int, struct y);"), "int f(int, struct y);");
    }
}
