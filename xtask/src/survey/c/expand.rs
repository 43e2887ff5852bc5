//! Names that only exist once a driver's macro is expanded.
//!
//! A macro can paste a function's name together (`drm_gem_shmem_##op`) or take a field's name as a
//! parameter (`(b)->base.f`). Neither name stands in the text as such. Only the driver's own macros
//! that do this are expanded, at each place they are used.

use std::collections::HashMap;

use super::database::Macro;
use super::infer::Unit;
use super::lex::{Kind, Tokens};

/// How often a macro's expansion is expanded again.
const ROUNDS: usize = 4;
/// The longest expansion that is followed, in bytes.
const LONGEST: usize = 1 << 16;

/// A name that an expansion brought about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// The name.
    pub(crate) name: String,
    /// The expression before `.` or `->`, if it is a field.
    pub(crate) receiver: Option<String>,
    /// Whether `(` follows.
    pub(crate) called: bool,
    /// The file of the macro's use.
    pub(crate) file: usize,
    /// The position of the macro's use.
    pub(crate) at: usize,
}

/// All names that the driver's macros make, at every place they are used.
pub(crate) fn made(unit: Unit<'_>) -> Vec<Made> {
    let makers = makers(unit);
    let mut out = Vec::new();
    if makers.is_empty() {
        return out;
    }
    for (number, file) in unit.files.iter().enumerate() {
        for (index, token) in file.tokens.list.iter().enumerate() {
            if token.kind != Kind::Name || token.define || file.word(index + 1) != "(" {
                continue;
            }
            if !makers.contains_key(file.word(index)) {
                continue;
            }
            let Some(close) = file.tokens.close(&file.text, index + 1) else {
                continue;
            };
            let used =
                String::from_utf8_lossy(&file.text[token.start..file.tokens.list[close].end]);
            let expansion = expand(&used, &makers);
            collect(&expansion, number, token.start, &mut out);
        }
    }
    out
}

/// The driver's macros that make names, and those that use such a macro.
fn makers(unit: Unit<'_>) -> HashMap<&str, &Macro> {
    let all: Vec<(&str, &Macro)> = unit
        .decls
        .own_macros()
        .filter(|(_, it)| it.parameters.is_some())
        .collect();
    let mut makers: HashMap<&str, &Macro> = all
        .iter()
        .filter(|(_, it)| it.body.windows(2).any(|two| two == b"##") || takes_a_member(it))
        .copied()
        .collect();
    for _ in 0..ROUNDS {
        let uses = |it: &Macro| {
            words(&String::from_utf8_lossy(&it.body))
                .iter()
                .any(|word| makers.contains_key(word.as_str()))
        };
        let more: Vec<(&str, &Macro)> = all
            .iter()
            .filter(|(name, it)| !makers.contains_key(name) && uses(it))
            .copied()
            .collect();
        if more.is_empty() {
            break;
        }
        makers.extend(more);
    }
    makers
}

/// Whether a parameter stands where a field's name does.
fn takes_a_member(it: &Macro) -> bool {
    let tokens = Tokens::read(&it.body);
    let word = |index: usize| {
        tokens.list.get(index).map_or("", |t| {
            std::str::from_utf8(&it.body[t.start..t.end]).unwrap_or("")
        })
    };
    let parameters = it.parameters.as_deref().unwrap_or_default();
    (1..tokens.list.len()).any(|index| {
        matches!(word(index - 1), "." | "->") && parameters.iter().any(|name| name == word(index))
    })
}

/// A piece of an expansion: its text, and whether the macro made it.
#[derive(Clone)]
struct Piece {
    text: String,
    made: bool,
}

/// Expands `used`, a use of one of `makers`, and what comes out of it.
fn expand(used: &str, makers: &HashMap<&str, &Macro>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = words(used)
        .into_iter()
        .map(|text| Piece { text, made: false })
        .collect();
    for _ in 0..ROUNDS {
        let mut out = Vec::with_capacity(pieces.len());
        let mut index = 0;
        let mut changed = false;
        while index < pieces.len() {
            let piece = &pieces[index];
            match makers
                .get(piece.text.as_str())
                .and_then(|it| Some((it, arguments(&pieces, index + 1)?)))
            {
                Some((it, (list, end))) => {
                    changed = true;
                    substitute(it, &list, &mut out);
                    index = end;
                }
                None => {
                    out.push(piece.clone());
                    index += 1;
                }
            }
        }
        pieces = out;
        if !changed || pieces.iter().map(|piece| piece.text.len()).sum::<usize>() > LONGEST {
            break;
        }
    }
    pieces
}

fn words(text: &str) -> Vec<String> {
    let tokens = Tokens::read(text.as_bytes());
    tokens
        .list
        .iter()
        .map(|t| text.get(t.start..t.end).unwrap_or("").to_owned())
        .collect()
}

/// The arguments of the call whose `(` is piece `open`, and the piece after its `)`.
fn arguments(pieces: &[Piece], open: usize) -> Option<(Vec<Vec<Piece>>, usize)> {
    if pieces.get(open)?.text != "(" {
        return None;
    }
    let mut list = vec![Vec::new()];
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate().skip(open + 1) {
        match piece.text.as_str() {
            ")" if depth == 0 => return Some((list, index + 1)),
            "," if depth == 0 => {
                list.push(Vec::new());
                continue;
            }
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        list.last_mut()?.push(piece.clone());
    }
    None
}

/// Appends a macro's body with its parameters replaced.
fn substitute(it: &Macro, arguments: &[Vec<Piece>], out: &mut Vec<Piece>) {
    let body = words(&String::from_utf8_lossy(&it.body));
    let parameters = it.parameters.as_deref().unwrap_or_default();
    let argument = |word: &str| {
        parameters
            .iter()
            .position(|name| name == word)
            .and_then(|at| arguments.get(at))
    };
    let mut index = 0;
    while index < body.len() {
        let word = body[index].as_str();
        if word == "#"
            && body
                .get(index + 1)
                .is_some_and(|next| argument(next).is_some())
        {
            // Made a string: no name any more.
            out.push(Piece {
                text: "\"\"".to_owned(),
                made: false,
            });
            index += 2;
            continue;
        }
        if word == "##" {
            if let Some(next) = body.get(index + 1) {
                let next: String = match argument(next) {
                    Some(pieces) => pieces.iter().map(|piece| piece.text.as_str()).collect(),
                    None => next.clone(),
                };
                if let Some(last) = out.last_mut() {
                    last.text.push_str(&next);
                    last.made = true;
                }
            }
            index += 2;
            continue;
        }
        match argument(word) {
            Some(pieces) => {
                let member = out
                    .last()
                    .is_some_and(|last| matches!(last.text.as_str(), "." | "->"));
                for (at, piece) in pieces.iter().enumerate() {
                    out.push(Piece {
                        text: piece.text.clone(),
                        made: piece.made || (member && at == 0),
                    });
                }
            }
            None => out.push(Piece {
                text: word.to_owned(),
                made: false,
            }),
        }
        index += 1;
    }
}

/// Takes the made names out of an expansion.
fn collect(pieces: &[Piece], file: usize, at: usize, out: &mut Vec<Made>) {
    for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.made) {
        let is_member = index > 0 && matches!(pieces[index - 1].text.as_str(), "." | "->");
        out.push(Made {
            name: piece.text.clone(),
            receiver: is_member.then(|| receiver(&pieces[..index - 1])),
            called: pieces.get(index + 1).is_some_and(|next| next.text == "("),
            file,
            at,
        });
    }
}

/// The postfix expression that `pieces` ends with.
fn receiver(pieces: &[Piece]) -> String {
    let mut start = pieces.len();
    let mut depth = 0_usize;
    while start > 0 {
        let word = pieces[start - 1].text.as_str();
        let is_name = word.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        match word {
            "return" | "sizeof" | "if" | "while" | "case" if depth == 0 => break,
            ")" | "]" => depth += 1,
            "(" | "[" if depth > 0 => depth -= 1,
            "." | "->" => {}
            _ if depth > 0 || is_name => {}
            _ => break,
        }
        start -= 1;
        // Two names in a row are a type and a variable.
        if depth == 0
            && is_name
            && start > 0
            && !matches!(pieces[start - 1].text.as_str(), "." | "->")
        {
            break;
        }
    }
    pieces[start..]
        .iter()
        .map(|piece| piece.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}
