//! Differences between two texts: lines side by side, and words within changed lines.

use similar::{ChangeTag, DiffOp, TextDiff};

/// A line of two texts side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The line of the first text.
    pub left: Option<&'a str>,
    /// The line of the second.
    pub right: Option<&'a str>,
}

impl Pair<'_> {
    /// Whether both sides show the same.
    pub fn is_equal(&self) -> bool {
        self.left == self.right
    }
}

/// Both texts side by side, equal lines level with one another.
pub fn side_by_side<'a>(left: &'a str, right: &'a str) -> Vec<Pair<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut pairs = Vec::new();
    for op in diff.ops() {
        let (olds, news) = (op.old_range(), op.new_range());
        for at in 0..olds.len().max(news.len()) {
            pairs.push(Pair {
                left: olds.clone().nth(at).map(|at| old[at]),
                right: news.clone().nth(at).map(|at| new[at]),
            });
        }
    }
    pairs
}

/// A line of a difference, with the words in it that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// ` `, `-` or `+`.
    pub mark: char,
    /// Parts of the line, and whether each is changed.
    pub parts: Vec<(bool, String)>,
}

/// The changed lines with `context` lines around them; `None` stands between two places.
pub fn words(old: &str, new: &str, context: usize) -> Vec<Option<Line>> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(context).iter().enumerate() {
        if index > 0 {
            lines.push(None);
        }
        for change in group
            .iter()
            .flat_map(|op: &DiffOp| diff.iter_inline_changes(op))
        {
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let mut parts: Vec<(bool, String)> = change
                .iter_strings_lossy()
                .map(|(changed, part)| (changed, part.trim_end_matches('\n').to_owned()))
                .filter(|(_, part)| !part.is_empty())
                .collect();
            // A line that has too little in common with any other is changed as a whole.
            if mark != ' ' && parts.iter().all(|(changed, _)| !changed) {
                for part in &mut parts {
                    part.0 = true;
                }
            }
            lines.push(Some(Line { mark, parts }));
        }
    }
    lines
}

/// Lines that only the old text has, and those that only the new one has.
pub fn counts(old: &str, new: &str) -> (usize, usize) {
    let diff = TextDiff::from_lines(old, new);
    let count = |tag| {
        diff.iter_all_changes()
            .filter(|change| change.tag() == tag)
            .count()
    };
    (count(ChangeTag::Delete), count(ChangeTag::Insert))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_are_level() {
        let pairs = side_by_side("a\nb\nc\nd\n", "a\nx\nd\n");
        let shown: Vec<_> = pairs.iter().map(|pair| (pair.left, pair.right)).collect();
        assert_eq!(
            shown,
            [
                (Some("a"), Some("a")),
                (Some("b"), Some("x")),
                (Some("c"), None),
                (Some("d"), Some("d"))
            ]
        );
    }

    #[test]
    fn the_word_that_changed_is_marked() {
        let lines = words("fault => 1 page\nend\n", "fault => 2 page\nend\n", 3);
        let minus = lines[0].clone().expect("a line");
        assert_eq!(minus.mark, '-');
        let changed: Vec<&str> = minus
            .parts
            .iter()
            .filter(|(changed, _)| *changed)
            .map(|(_, part)| part.as_str())
            .collect();
        assert_eq!(changed, ["1"]);
    }

    #[test]
    fn a_line_like_no_other_is_changed_as_a_whole() {
        let lines = words("one\n", "something else\n", 3);
        let plus = lines[1].clone().expect("a line");
        assert_eq!(plus.parts, [(true, "something else".to_owned())]);
    }
}
