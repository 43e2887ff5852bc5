//! The tokens of a C file, without comments and strings.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Name,
    /// A number, a string or a character: something that holds no names.
    Literal,
    /// Anything else; `->`, `##`, `==` and the like are one token.
    Punct,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its first byte.
    pub(crate) start: usize,
    /// One past its last byte.
    pub(crate) end: usize,
    /// Whether it belongs to the body of a `#define`.
    pub(crate) define: bool,
}

/// The tokens of a file, and what lies between them.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// The tokens in order. Of preprocessor lines only `#define` gives any.
    pub(crate) list: Vec<Token>,
    /// Comments, strings and directive lines: where a name counts for nothing.
    pub(crate) dead: Vec<(Range<usize>, Dead)>,
}

/// Why a stretch of text holds no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dead {
    /// A comment.
    Comment,
    /// A string or a character constant.
    String,
    /// A preprocessor line other than `#define`.
    Directive,
}

/// Operators of two bytes that must not be read as two tokens.
const PAIRS: [&[u8]; 19] = [
    b"->", b"##", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"++", b"--", b"+=", b"-=", b"*=",
    b"/=", b"%=", b"&=", b"|=", b"^=", b"<<",
];

impl Tokens {
    /// Reads `text`. Never fails: an unclosed comment or string ends with the file or the line.
    pub(crate) fn read(text: &[u8]) -> Tokens {
        let mut lexer = Lexer {
            text,
            at: 0,
            define: false,
            line_start: true,
            out: Tokens::default(),
        };
        lexer.run();
        lexer.out
    }

    /// The index of the bracket that closes the one at `open`, within the same `#define` or outside
    /// of any.
    pub(crate) fn close(&self, text: &[u8], open: usize) -> Option<usize> {
        let define = self.list.get(open)?.define;
        let mut depth = 0_usize;
        for (index, token) in self.list.iter().enumerate().skip(open) {
            if token.define != define {
                if define {
                    return None;
                }
                continue;
            }
            match &text[token.start..token.end] {
                b"(" | b"[" | b"{" => depth += 1,
                b")" | b"]" | b"}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The index of the bracket that opens the one at `close`.
    pub(crate) fn open(&self, text: &[u8], close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in (0..=close).rev() {
            let token = self.list[index];
            match &text[token.start..token.end] {
                b")" | b"]" | b"}" => depth += 1,
                b"(" | b"[" | b"{" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The arguments of a call whose `(` is token `open`: the byte range of each.
    pub(crate) fn arguments(&self, text: &[u8], open: usize) -> Option<Vec<Range<usize>>> {
        let close = self.close(text, open)?;
        let mut arguments = Vec::new();
        let mut depth = 0_usize;
        let mut start = self.list[open].end;
        for token in &self.list[open + 1..close] {
            match &text[token.start..token.end] {
                b"(" | b"[" | b"{" => depth += 1,
                b")" | b"]" | b"}" => depth = depth.saturating_sub(1),
                b"," if depth == 0 => {
                    arguments.push(start..token.start);
                    start = token.end;
                }
                _ => {}
            }
        }
        if close > open + 1 {
            arguments.push(start..self.list[close].start);
        }
        Some(arguments)
    }
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    define: bool,
    line_start: bool,
    out: Tokens,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        while self.at < self.text.len() {
            let byte = self.text[self.at];
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.define = false;
                    self.line_start = true;
                    continue;
                }
                b'\\' if self.peek(1) == b'\n' => self.at += 2,
                b'\\' if self.peek(1) == b'\r' && self.peek(2) == b'\n' => self.at += 3,
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.peek(1) == b'/' => self.dead(Dead::Comment, Self::line_end),
                b'/' if self.peek(1) == b'*' => {
                    self.dead(Dead::Comment, Self::comment_end);
                    continue;
                }
                b'"' | b'\'' => {
                    let start = self.at;
                    self.dead(Dead::String, Self::string_end);
                    self.push(Kind::Literal, start);
                }
                b'#' if self.line_start && !self.define => self.directive(),
                b'0'..=b'9' => self.word(Kind::Literal),
                b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.word(Kind::Name),
                _ => {
                    let start = self.at;
                    let pair = self
                        .text
                        .get(start..start + 2)
                        .is_some_and(|two| PAIRS.contains(&two));
                    self.at += if pair { 2 } else { 1 };
                    self.push(Kind::Punct, start);
                }
            }
            self.line_start = false;
        }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.out.list.push(Token {
            kind,
            start,
            end: self.at,
            define: self.define,
        });
    }

    fn word(&mut self, kind: Kind) {
        let start = self.at;
        while matches!(self.peek(0), b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | 0x80..) {
            self.at += 1;
        }
        self.push(kind, start);
    }

    fn dead(&mut self, why: Dead, end: fn(&Self) -> usize) {
        let start = self.at;
        self.at = end(self).min(self.text.len());
        self.out.dead.push((start..self.at, why));
    }

    /// `#define` gives tokens up to its last line; any other directive is passed over.
    fn directive(&mut self) {
        let start = self.at;
        self.at += 1;
        while matches!(self.peek(0), b' ' | b'\t') {
            self.at += 1;
        }
        let name = self.at;
        while self.peek(0).is_ascii_alphabetic() {
            self.at += 1;
        }
        if &self.text[name..self.at] == b"define" {
            self.define = true;
        } else {
            self.at = start;
            self.dead(Dead::Directive, Self::line_end);
        }
    }

    /// The end of the line, past continuations.
    fn line_end(&self) -> usize {
        let mut at = self.at;
        while let Some(&byte) = self.text.get(at) {
            let continued = byte == b'\\' && self.text.get(at + 1) == Some(&b'\n');
            if byte == b'\n' {
                break;
            }
            // A comment that starts on a directive's line may go on past it.
            if self.text[at..].starts_with(b"/*") && at > self.at {
                break;
            }
            at += if continued { 2 } else { 1 };
        }
        at
    }

    fn comment_end(&self) -> usize {
        let body = self.at + 2;
        let rest = self.text.get(body..).unwrap_or_default();
        memchr::memmem::find(rest, b"*/").map_or(self.text.len(), |at| body + at + 2)
    }

    fn string_end(&self) -> usize {
        let quote = self.text[self.at];
        let mut at = self.at + 1;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                // An unclosed string ends with its line.
                b'\n' => return at,
                byte if byte == quote => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::{Dead, Tokens};

    fn names(text: &str) -> Vec<&str> {
        Tokens::read(text.as_bytes())
            .list
            .iter()
            .map(|token| &text[token.start..token.end])
            .collect()
    }

    #[test]
    fn comments_strings_and_directives_give_no_names() {
        assert_eq!(
            names("a /* b */ \"c\" 'd' // e\n#include <f.h>\n#if g\nh"),
            ["a", "\"c\"", "'d'", "h"]
        );
    }

    #[test]
    fn a_define_gives_its_tokens_up_to_its_last_line() {
        let tokens = Tokens::read(b"#define A(x) \\\n\t(x)->b\nc");
        assert_eq!(tokens.list.iter().filter(|token| token.define).count(), 9);
        assert_eq!(tokens.list.iter().filter(|token| !token.define).count(), 1);
    }

    #[test]
    fn unclosed_things_end_somewhere() {
        assert_eq!(names("a /* b"), ["a"]);
        assert_eq!(names("\"b\nc"), ["\"b", "c"]);
        assert_eq!(names("\"b\\"), ["\"b\\"]);
    }

    #[test]
    fn a_comment_that_starts_on_a_directive_hides_what_it_spans() {
        assert_eq!(names("#if A /* b\n c */ d\ne"), ["d", "e"]);
    }

    #[test]
    fn arguments_are_split_at_the_outer_commas() {
        let text = b"f(a, g(b, c), d[1, 2])";
        let tokens = Tokens::read(text);
        let split: Vec<_> = tokens
            .arguments(text, 1)
            .unwrap()
            .into_iter()
            .map(|r| &text[r])
            .collect();
        assert_eq!(split, [&b"a"[..], b" g(b, c)", b" d[1, 2]"]);
        assert_eq!(
            tokens
                .dead
                .iter()
                .filter(|(_, why)| *why == Dead::Comment)
                .count(),
            0
        );
    }
}
