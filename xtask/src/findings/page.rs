//! The page that explains a finding, read from the doc comment of the finding's file.

/// A parsed page: a title, three sections of text and two blocks of Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    title: String,
    sections: Vec<(String, String)>,
}

impl Page {
    /// Reads the leading `//!` lines of `source`. The first line is the title; `# What`, `# Why`,
    /// `# Instead`, `# Before` and `# After` open the sections.
    pub fn parse(source: &str) -> Page {
        let mut title = String::new();
        let mut sections: Vec<(String, String)> = Vec::new();
        let mut in_code = false;
        for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
            let line = line.strip_prefix(' ').unwrap_or(line);
            if line.starts_with("```") {
                in_code = !in_code;
            }
            match line.strip_prefix("# ") {
                Some(heading) if !in_code => {
                    sections.push((heading.trim().to_owned(), String::new()))
                }
                _ if title.is_empty() => title = line.trim().trim_end_matches('.').to_owned(),
                _ => {
                    if let Some((_, text)) = sections.last_mut() {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        for (_, text) in &mut sections {
            *text = text.trim_matches('\n').to_owned();
        }
        Page { title, sections }
    }

    fn section(&self, heading: &str) -> &str {
        self.sections
            .iter()
            .find(|(name, _)| name == heading)
            .map_or("", |(_, text)| text)
    }

    /// The title, with the finding's number.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What the finding is.
    pub fn what(&self) -> &str {
        self.section("What")
    }

    /// Why it hurts, with a driver that shows it.
    pub fn why(&self) -> &str {
        self.section("Why")
    }

    /// What replaces it in gem-uma.
    pub fn instead(&self) -> &str {
        self.section("Instead")
    }

    /// The Rust code against `gem_shmem::legacy`, without the fence.
    pub fn before(&self) -> String {
        shown(self.before_lines())
    }

    /// The Rust code against gem-uma, without the fence.
    pub fn after(&self) -> String {
        shown(self.after_lines())
    }

    /// The lines of [`Page::before`] and those around them that make it compile.
    pub fn before_lines(&self) -> impl Iterator<Item = Line<'_>> {
        code(self.section("Before"))
    }

    /// The lines of [`Page::after`] and those around them that make it compile.
    pub fn after_lines(&self) -> impl Iterator<Item = Line<'_>> {
        code(self.section("After"))
    }

    /// The whole page as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        for (name, text) in &self.sections {
            let mut in_code = false;
            let text: Vec<&str> = text
                .lines()
                .filter(|line| {
                    in_code ^= line.starts_with("```");
                    !in_code || !Line::of(line).hidden
                })
                .collect();
            out.push_str(&format!(
                "\n## {name}\n\n{}\n",
                text.join("\n").replace("```rust,ignore", "```rust")
            ));
        }
        out
    }
}

/// A line of code on a page. As in documentation, one that begins with `# ` is compiled and not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'p> {
    /// The code.
    pub code: &'p str,
    /// Whether a reader does not see it.
    pub hidden: bool,
}

impl<'p> Line<'p> {
    fn of(line: &'p str) -> Self {
        let rest = if line == "#" {
            Some("")
        } else {
            line.strip_prefix("# ")
        };
        Line {
            code: rest.unwrap_or(line),
            hidden: rest.is_some(),
        }
    }
}

/// The lines between the first pair of fences.
fn code(section: &str) -> impl Iterator<Item = Line<'_>> {
    section
        .lines()
        .skip_while(|line| !line.starts_with("```"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .map(Line::of)
}

/// The lines that a reader sees.
fn shown<'p>(lines: impl Iterator<Item = Line<'p>>) -> String {
    lines
        .filter(|line| !line.hidden)
        .flat_map(|line| [line.code, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Line, Page};

    #[test]
    fn a_line_that_is_only_compiled_is_not_shown() {
        let page = Page::parse(
            "//! F99: a thing.\n//! # Before\n//! ```rust,ignore\n//! # fn page() {\n//! #[attr]\n//! a();\n//! #\n//! # }\n//! ```\n",
        );
        assert_eq!(page.before(), "#[attr]\na();\n");
        assert!(!page.markdown().contains("fn page"));
        let code: Vec<&str> = page
            .before_lines()
            .map(|line: Line<'_>| line.code)
            .collect();
        assert_eq!(code, ["fn page() {", "#[attr]", "a();", "", "}"]);
    }

    #[test]
    fn a_page_is_read_from_the_leading_comment_only() {
        let page = Page::parse(
            "//! F99: a thing.\n//!\n//! # What\n//!\n//! It is\n//! so.\n//! # Before\n//! ```rust,ignore\n\
             //! #[attr]\n//! a();\n//! ```\nuse x;\n//! # After\n",
        );
        assert_eq!(page.title(), "F99: a thing");
        assert_eq!(page.what(), "It is\nso.");
        assert_eq!(page.before(), "#[attr]\na();\n");
        assert_eq!(page.after(), "");
        assert!(
            page.markdown()
                .starts_with("# F99: a thing\n\n## What\n\nIt is")
        );
    }
}
