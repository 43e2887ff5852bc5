//! A source file: its text as it stands, its syntax tree, and the bytes of each node.

use std::ops::Range;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;

use super::macro_body;
use crate::{Failure, Result};

/// A parsed file.
pub struct Source {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its text, byte for byte.
    pub text: String,
    /// Its syntax tree. Spans count from [`Source::origin`].
    pub ast: syn::File,
    /// The bodies of its macros, as functions where they stand.
    pub bodies: Option<syn::File>,
    origin: usize,
}

impl Source {
    /// Reads and parses a file. Its errors say where.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::new(format!(
                "{} is not UTF-8, from byte {at} on",
                path.display()
            ))
        })?;
        Self::parse(path, text)
    }

    /// Parses a text.
    pub fn parse(path: &Path, text: String) -> Result<Self> {
        // The parser strips a byte order mark and a `#!` line, and counts from there.
        let bom = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let ast = syn::parse_file(&text).map_err(|error| {
            let at = error.span().start();
            Failure::new(format!("{}:{}:{}: cannot parse: {error}", path.display(), at.line, at.column + 1))
                .next("the compiler accepts what the parser does not: report it, with the file; nothing was written")
        })?;
        let origin = bom + ast.shebang.as_ref().map_or(0, String::len);
        Ok(Self {
            path: path.to_owned(),
            bodies: macro_body::parse(&text[origin..], &ast),
            text,
            ast,
            origin,
        })
    }

    /// The bytes of a node.
    pub fn range(&self, node: &(impl Spanned + ?Sized)) -> Range<usize> {
        self.bytes(node.span())
    }

    /// The bytes of a span.
    pub fn bytes(&self, span: proc_macro2::Span) -> Range<usize> {
        let range = span.byte_range();
        range.start + self.origin..range.end + self.origin
    }

    /// The text of a node.
    pub fn text_of(&self, node: &(impl Spanned + ?Sized)) -> &str {
        &self.text[self.range(node)]
    }

    /// Line and column of a byte, both from 1.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }

    /// The whole lines that `range` lies on, with their line ends: what is deleted with an item.
    pub fn whole_lines(&self, range: Range<usize>) -> Range<usize> {
        let start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let start = if self.text[start..range.start].trim().is_empty() {
            start
        } else {
            range.start
        };
        let rest = &self.text[range.end..];
        let end = match rest.find('\n') {
            Some(at) if rest[..at].trim().is_empty() => range.end + at + 1,
            _ => range.end,
        };
        start..end
    }

    /// The whole lines of an item; of the empty lines around it one is left, so that the rest reads as if the item had never been
    /// there.
    pub fn whole_item(&self, range: Range<usize>) -> Range<usize> {
        let lines = self.whole_lines(range);
        let above = &self.text[..lines.start];
        let opens = above.is_empty()
            || above
                .trim_end_matches([' ', '\t', '\r', '\n'])
                .ends_with('{');
        let blank_above =
            above.trim_end_matches([' ', '\t']).ends_with("\n\n") || above.ends_with("\r\n\r\n");
        let below = &self.text[lines.end..];
        match below.find('\n') {
            Some(at) if below[..at].trim().is_empty() && (opens || blank_above) => {
                lines.start..lines.end + at + 1
            }
            _ => lines,
        }
    }

    /// The white space before the first character of the line of byte `at`.
    pub fn indent_at(&self, at: usize) -> &str {
        let start = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line = &self.text[start..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(Path::new("lib.rs"), text.to_owned()).unwrap()
    }

    #[test]
    fn bytes_count_from_the_start_of_the_file_behind_a_mark_and_a_script_line() {
        for head in [
            "",
            "\u{feff}",
            "#!/usr/bin/env run\n",
            "\u{feff}#!/usr/bin/env run\n",
        ] {
            let source = source(&format!(
                "{head}// \u{1f980}\nstruct Größe;\r\nfn f() {{}}\n"
            ));
            let words: Vec<&str> = source
                .ast
                .items
                .iter()
                .map(|item| source.text_of(item))
                .collect();
            assert_eq!(words, ["struct Größe;", "fn f() {}"], "{head:?}");
        }
    }

    #[test]
    fn an_item_goes_with_its_lines_and_one_of_the_empty_ones_around_it() {
        let source = source("struct A;\n\nstruct B;\n\nstruct C;\n");
        let range = source.whole_item(source.range(&source.ast.items[1]));
        let rest = format!(
            "{}{}",
            &source.text[..range.start],
            &source.text[range.end..]
        );
        assert_eq!(rest, "struct A;\n\nstruct C;\n");
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = source("// é\nfn ä() {}\n");
        assert_eq!(source.line_column(source.text.find("fn").unwrap()), (2, 1));
        assert_eq!(source.line_column(source.text.find('(').unwrap()), (2, 5));
    }
}
