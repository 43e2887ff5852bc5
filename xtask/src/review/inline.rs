//! Inline snapshots: the literal behind `@` in an assertion, found by the line of its macro and replaced.

use insta::_cargo_insta_support::TextSnapshotContents;
use proc_macro2::{LineColumn, Span, TokenStream, TokenTree};

/// A snapshot to put into a source.
#[derive(Debug)]
pub struct Inline {
    /// The line of the macro, as insta recorded it.
    pub line: u32,
    /// What the literal shall say.
    pub new: TextSnapshotContents,
}

/// A literal of a macro.
struct Place {
    start: LineColumn,
    end: LineColumn,
    indentation: String,
}

/// The source with the literals of `edits` replaced, and by how many lines each edit moved what follows it.
pub fn replace(text: &str, edits: &[Inline]) -> Result<(String, Vec<(u32, i64)>), String> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error| format!("the source does not parse: {error}"))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut places = Vec::new();
    for edit in edits {
        let place = find(tokens.clone(), edit.line as usize, &lines)
            .ok_or_else(|| format!("there is no inline snapshot at line {}", edit.line))?;
        places.push((place, edit));
    }
    // From the end, so that earlier places stay where they are.
    places.sort_by_key(|(place, _)| std::cmp::Reverse((place.start.line, place.start.column)));
    let mut shifts = Vec::new();
    for (place, edit) in places {
        let (first, last) = (place.start.line - 1, place.end.line - 1);
        let prefix: String = lines[first].chars().take(place.start.column).collect();
        let suffix: String = lines[last].chars().skip(place.end.column).collect();
        let literal = format!("{prefix}{}{suffix}", edit.new.to_inline(&place.indentation));
        let new: Vec<String> = literal.lines().map(str::to_owned).collect();
        shifts.push((edit.line, new.len() as i64 - (last - first + 1) as i64));
        lines.splice(first..=last, new);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Ok((text, shifts))
}

/// The innermost macro that covers `line` and ends in `@` and a literal.
fn find(tokens: TokenStream, line: usize, lines: &[String]) -> Option<Place> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let is_macro = at >= 2
            && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == '!')
            && matches!(&tokens[at - 2], TokenTree::Ident(_));
        let start = if is_macro {
            path_start(&tokens, at - 2)
        } else {
            group.span_open()
        };
        if start.start().line > line || group.span_close().end().line < line {
            continue;
        }
        if let Some(place) = find(group.stream(), line, lines) {
            return Some(place);
        }
        if is_macro && let Some((from, to)) = literal(group.stream()) {
            let indentation = lines
                .get(start.start().line - 1)
                .map(|line| line.chars().take_while(|c| c.is_whitespace()).collect())
                .unwrap_or_default();
            return Some(Place {
                start: from,
                end: to,
                indentation,
            });
        }
    }
    None
}

/// Where the path of a macro begins: `insta` of `insta::assert_snapshot`.
fn path_start(tokens: &[TokenTree], mut at: usize) -> Span {
    let is_colon =
        |at: usize| matches!(&tokens[at], TokenTree::Punct(punct) if punct.as_char() == ':');
    while at >= 3 && is_colon(at - 1) && is_colon(at - 2) {
        at -= 3;
    }
    tokens[at].span()
}

/// The literal behind the `@` at the end of a macro's tokens.
fn literal(tokens: TokenStream) -> Option<(LineColumn, LineColumn)> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ',') {
        tokens.pop();
    }
    let [.., TokenTree::Punct(at), last] = tokens.as_slice() else {
        return None;
    };
    if at.as_char() != '@' {
        return None;
    }
    match last {
        TokenTree::Literal(literal) => Some((literal.span().start(), literal.span().end())),
        // The empty snapshot of a new assertion: `@""` is a literal; anything else is none.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use insta::TextSnapshotKind;

    use super::*;

    fn edit(line: u32, new: &str) -> Inline {
        Inline {
            line,
            new: TextSnapshotContents::new(new.to_owned(), TextSnapshotKind::Inline),
        }
    }

    const SOURCE: &str = "fn a() {\n    insta::assert_snapshot!(one(), @\"old\");\n    let x = vec![1];\n    \
                          insta::assert_snapshot!(two(), @r\"\n    first\n    second\n    \");\n}\n";

    #[test]
    fn a_literal_becomes_a_block_with_the_indentation_of_its_macro() {
        let (text, shifts) = replace(SOURCE, &[edit(2, "new\nlines")]).expect("replaced");
        assert_eq!(
            text,
            "fn a() {\n    insta::assert_snapshot!(one(), @\"\n    new\n    lines\n    \");\n    let x = vec![1];\n    \
             insta::assert_snapshot!(two(), @r\"\n    first\n    second\n    \");\n}\n"
        );
        assert_eq!(shifts, [(2, 3)]);
    }

    #[test]
    fn both_of_two_are_replaced_wherever_the_lines_go() {
        let (text, _) = replace(SOURCE, &[edit(2, "a\nb"), edit(4, "short")]).expect("replaced");
        assert!(
            text.contains("one(), @\"\n    a\n    b\n    \");"),
            "{text}"
        );
        assert!(text.contains("two(), @\"short\");"), "{text}");
    }

    #[test]
    fn a_line_without_a_snapshot_is_refused() {
        let message = replace(SOURCE, &[edit(3, "x")]).expect_err("there is none");
        assert_eq!(message, "there is no inline snapshot at line 3");
    }
}
