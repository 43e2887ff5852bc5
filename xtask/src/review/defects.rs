//! The defects of a driver, from its `DEFECTS.md`, and the changes on purpose, from `gem-uma/RULES.md`.

use serde::Serialize;

use crate::findings::{self, Number};

/// Why the sides of a scenario may differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// `D3`, or `C2` for a change on purpose.
    pub number: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// The text below the heading.
    pub text: String,
    /// The rules of gem-uma that end it.
    pub rules: Vec<String>,
    /// The findings that it stands on: those whose names it names.
    pub findings: Vec<Number>,
}

impl Defect {
    fn new(number: &str, title: &str, text: &str) -> Self {
        Self {
            number: number.to_owned(),
            title: title.to_owned(),
            text: text.trim().to_owned(),
            rules: rules(text),
            findings: findings_in(text),
        }
    }
}

/// The entries of a `DEFECTS.md`: headings `## D1: title`.
pub fn parse(markdown: &str) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut open: Option<(&str, &str, String)> = None;
    for line in markdown.lines() {
        if line.starts_with("# ") || line.starts_with("## ") {
            defects.extend(
                open.take()
                    .map(|(number, title, text)| Defect::new(number, title, &text)),
            );
            open = line
                .strip_prefix("## ")
                .and_then(|heading| heading.split_once(": "))
                .filter(|(number, _)| is_number(number, 'D'))
                .map(|(number, title)| (number, title, String::new()));
        } else if let Some((_, _, text)) = &mut open {
            text.push_str(line);
            text.push('\n');
        }
    }
    defects.extend(open.map(|(number, title, text)| Defect::new(number, title, &text)));
    defects
}

/// The changes on purpose: rows `| C1 | rules | before | after |`.
pub fn changes(markdown: &str) -> Vec<Defect> {
    markdown
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let number = cells.next().filter(|number| is_number(number, 'C'))?;
            let (rules, before, after) = (cells.next()?, cells.next()?, cells.next()?);
            let text = format!("Before: {before}\n\nAfter: {after}\n\nRules: {rules}");
            Some(Defect::new(number, "a change on purpose", &text))
        })
        .collect()
}

fn is_number(text: &str, letter: char) -> bool {
    text.strip_prefix(letter)
        .is_some_and(|digits| digits.parse::<u32>().is_ok())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

fn rules(text: &str) -> Vec<String> {
    let mut rules: Vec<String> = words(text)
        .filter(|word| word.len() == 3 && is_number(word, 'R'))
        .map(str::to_owned)
        .collect();
    rules.sort();
    rules.dedup();
    rules
}

/// The findings that a text names: by number, by the C name of a function or macro, or by that of a field in backquotes.
fn findings_in(text: &str) -> Vec<Number> {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let all: Vec<&str> = words(text).collect();
    findings::all()
        .iter()
        .filter(|finding| {
            all.contains(&finding.number.to_string().as_str())
                || finding.items.iter().any(|item| {
                    !item.c.is_empty()
                        && (quoted.contains(&item.c)
                            || (item.c.contains("shmem") && all.contains(&item.c)))
                })
        })
        .map(|finding| finding.number)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Defects\n\nWords.\n\n## D2: a heap is taken for full\n\nThe fault.\n\n\
        * Where: `x.c` writes `pages` and `pages_use_count`.\n* Ended by: R42, R04.\n\n# On both sides\n\n| what |\n";

    #[test]
    fn a_defect_has_its_rules_and_findings() {
        let defects = parse(TEXT);
        assert_eq!(defects.len(), 1);
        assert_eq!(defects[0].number, "D2");
        assert_eq!(defects[0].title, "a heap is taken for full");
        assert_eq!(defects[0].rules, ["R04", "R42"]);
        assert_eq!(defects[0].findings, [Number(3), Number(4)]);
        assert!(!defects[0].text.contains("what"), "{}", defects[0].text);
    }

    #[test]
    fn a_change_is_a_row() {
        let changes = changes(
            "| change | rule | before | after |\n| --- | --- | --- | --- |\n| C1 | R01 | go | stay |\n",
        );
        assert_eq!(changes.len(), 1);
        assert!(
            changes[0].text.contains("After: stay"),
            "{}",
            changes[0].text
        );
        assert_eq!(changes[0].rules, ["R01"]);
    }
}
