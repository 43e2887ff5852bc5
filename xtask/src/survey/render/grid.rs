//! Markdown tables whose columns line up, so that they read well as plain text.

use std::fmt::Write;

/// A table with a head and rows of as many cells.
pub(crate) fn grid(head: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|text| cell(text).chars().count())
            .chain([head.get(column).map_or(0, |text| text.chars().count()), 3])
            .max()
            .unwrap_or(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        out.push('|');
        for (text, width) in cells.zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(out, " {text:width$} |");
        }
        out.push('\n');
    };
    line(&mut head.iter().map(|text| (*text).to_owned()));
    line(&mut widths.iter().map(|width| "-".repeat(*width)));
    for row in rows {
        line(&mut row.iter().map(|text| cell(text)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grid;

    #[test]
    fn columns_line_up_and_bars_are_escaped() {
        let rows = vec![
            vec!["a".to_owned(), "b|c".to_owned()],
            vec!["long".to_owned(), String::new()],
        ];
        assert_eq!(
            grid(&["x", "y"], &rows),
            "| x    | y    |\n| ---- | ---- |\n| a    | b\\|c |\n| long |      |\n"
        );
    }
}
