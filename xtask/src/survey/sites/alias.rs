//! Entries of the page array written through a local variable.

use std::collections::BTreeSet;

use super::super::c::lex::Kind;
use super::{Finder, Found, Verdict, What};

/// The field whose entries matter.
const PAGES: &str = "pages";

impl Finder<'_> {
    /// A local variable that the page array was read from or stored to stands for the array: what
    /// the function writes into the variable's elements is written into the array.
    pub(super) fn entries_through_locals(&self, found: &mut Found) {
        let file = self.file;
        let lines: BTreeSet<usize> = found
            .sites
            .iter()
            .filter(|site| site.file == file.path && site.symbol == PAGES)
            .map(|site| site.line)
            .collect();
        if lines.is_empty() {
            return;
        }
        let list = &file.tokens.list;
        let mut locals: BTreeSet<(&str, &str)> = BTreeSet::new();
        for index in 2..list.len() {
            let at = list[index].start;
            let is_field = file.word(index) == PAGES && matches!(file.word(index - 1), "." | "->");
            if !is_field || !lines.contains(&file.line(at)) {
                continue;
            }
            let Some(function) = file.index.function(at) else {
                continue;
            };
            // `array->pages = local;`
            if file.word(index + 1) == "="
                && list.get(index + 2).is_some_and(|it| it.kind == Kind::Name)
            {
                if file.word(index + 3) == ";" {
                    locals.insert((function, file.word(index + 2)));
                }
                continue;
            }
            // `local = array->pages;`
            if let Some(first) = self.receiver_start(index)
                && file.word(index + 1) == ";"
                && first >= 2
                && file.word(first - 1) == "="
                && list[first - 2].kind == Kind::Name
            {
                locals.insert((function, file.word(first - 2)));
            }
        }
        for (index, token) in list.iter().enumerate() {
            if file.word(index + 1) != "[" || token.kind != Kind::Name {
                continue;
            }
            // A member of that name is another thing.
            if index > 0 && matches!(file.word(index - 1), "." | "->") {
                continue;
            }
            let is_local = file
                .index
                .function(token.start)
                .is_some_and(|function| locals.contains(&(function, file.word(index))));
            let is_written = is_local
                && file
                    .tokens
                    .close(&file.text, index + 1)
                    .is_some_and(|close| file.word(close + 1) == "=");
            if is_written
                && let Some((finding, _)) = self.watch.member(crate::findings::SHMEM, PAGES)
            {
                let verdict = Verdict::Site {
                    finding: Some(finding),
                    what: What::Write,
                    symbol: PAGES.to_owned(),
                };
                self.record(token.start, PAGES, verdict, found);
            }
        }
    }
}
