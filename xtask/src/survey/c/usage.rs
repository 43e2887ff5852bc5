//! What is done to a field at one place: read, written, or what it points to freed.

use super::infer::SourceFile;
use super::lex::Kind;

/// What is done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Its value is used.
    Read,
    /// It, or what it points to, is assigned.
    Write,
    /// It is changed in place: `+=`, `++`, or a list node handed to a list function.
    ReadWrite,
    /// What it points to is unmapped, put or freed.
    Free,
}

/// Functions that end the life, or the mapping, of what they are given.
const FREES: &[&str] = &[
    "kfree",
    "kvfree",
    "vfree",
    "kfree_sensitive",
    "sg_free_table",
    "dma_unmap_sgtable",
    "dma_unmap_sg",
    "dma_unmap_sg_attrs",
    "drm_gem_put_pages",
    "drm_prime_gem_destroy",
    "dma_buf_unmap_attachment",
    "dma_buf_unmap_attachment_unlocked",
    "vunmap",
    "fput",
];
/// Functions that only look at a list node.
const LOOKS: &[&str] = &[
    "list_empty",
    "list_empty_careful",
    "list_is_first",
    "list_is_last",
];

/// Judges the field whose name is token `name` of `file`, in an expression that starts with token
/// `first`.
pub(crate) fn judge(file: &SourceFile, first: usize, name: usize) -> Usage {
    let mut before = first;
    let mut after = name + 1;
    // Out of parentheses and into elements: `(x->pages)[i] = p` writes `pages`.
    loop {
        if file.word(after) == "["
            && let Some(close) = file.tokens.close(&file.text, after)
        {
            after = close + 1;
        } else if file.word(after) == ")" && before > 0 && is_plain_open(file, before - 1) {
            before -= 1;
            after += 1;
        } else {
            break;
        }
    }
    let ahead = before.checked_sub(1).map_or("", |index| file.word(index));
    match file.word(after) {
        "=" => return Usage::Write,
        "++" | "--" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" => {
            return Usage::ReadWrite;
        }
        _ => {}
    }
    match ahead {
        "++" | "--" => Usage::ReadWrite,
        "&" if takes_address(file, before - 1) => match called(file, before - 1) {
            Some(function) if LOOKS.contains(&function) => Usage::Read,
            Some(function) if function.starts_with("list_") || function == "INIT_LIST_HEAD" => {
                Usage::ReadWrite
            }
            _ => Usage::Read,
        },
        _ => match called(file, before) {
            Some(function) if FREES.contains(&function) => Usage::Free,
            _ => Usage::Read,
        },
    }
}

/// Whether the `(` at `index` only groups: no name stands before it.
fn is_plain_open(file: &SourceFile, index: usize) -> bool {
    file.word(index) == "("
        && index.checked_sub(1).is_none_or(|before| {
            file.tokens.list[before].kind != Kind::Name
                || matches!(file.word(before), "return" | "sizeof")
        })
}

/// Whether the `&` at `index` takes an address, rather than being an `and` of two values.
fn takes_address(file: &SourceFile, index: usize) -> bool {
    index.checked_sub(1).is_none_or(|before| {
        let token = file.tokens.list[before];
        token.kind == Kind::Punct && !matches!(file.word(before), ")" | "]")
            || file.word(before) == "return"
    })
}

/// The function that the expression starting with token `first` is a whole argument of.
fn called(file: &SourceFile, first: usize) -> Option<&str> {
    let mut depth = 0_usize;
    for index in (0..first).rev() {
        match file.word(index) {
            ")" | "]" => depth += 1,
            "(" | "[" if depth > 0 => depth -= 1,
            "(" => {
                let name = index.checked_sub(1)?;
                return (file.tokens.list[name].kind == Kind::Name).then(|| file.word(name));
            }
            "," if depth == 0 => {}
            // Something between the argument's start and the expression: it is only a part of it.
            ";" | "{" | "}" | "[" => return None,
            _ => {}
        }
    }
    None
}
