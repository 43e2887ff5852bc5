//! Options and what they select, read from Kconfig files.

/// An option that selects another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// The option.
    pub(crate) option: String,
    /// The file.
    pub(crate) file: String,
    /// The line of the `select`, from 1.
    pub(crate) line: usize,
    /// Whether the option depends on KUnit: it is a test.
    pub(crate) is_test: bool,
}

/// The options in `text` that select `wanted`, whether always or under a condition.
pub(crate) fn selectors(file: &str, text: &[u8], wanted: &str) -> Vec<Selector> {
    let text = String::from_utf8_lossy(text);
    let mut out: Vec<Selector> = Vec::new();
    let mut option: Option<String> = None;
    let mut is_test = false;
    let mut first_of_option = 0;
    // A help text is indented deeper than its `help`, and may say anything.
    let mut help: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(&first) = words.first() else {
            continue;
        };
        if let Some(limit) = help {
            if indent > limit {
                continue;
            }
            help = None;
        }
        match first {
            "config" | "menuconfig" => {
                option = words.get(1).map(|&name| name.to_owned());
                is_test = false;
                first_of_option = out.len();
            }
            "help" | "---help---" => help = Some(indent),
            "depends" => {
                is_test |= words.iter().any(|word| word.contains("KUNIT"));
                for selector in &mut out[first_of_option..] {
                    selector.is_test |= is_test;
                }
            }
            "select" if words.get(1) == Some(&wanted) => {
                if let Some(option) = &option {
                    let (option, file) = (option.clone(), file.to_owned());
                    out.push(Selector {
                        option,
                        file,
                        line: number + 1,
                        is_test,
                    });
                }
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::selectors;

    #[test]
    fn a_select_counts_and_a_help_text_does_not() {
        let text = b"config A\n\ttristate\n\tselect B\n\thelp\n\t  Uses it:\n\t  select B\n\nconfig C\n\tdepends on KUNIT\n\tselect B if D\n";
        let found = selectors("Kconfig", text, "B");
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.option.as_str(), it.line, it.is_test))
            .collect();
        assert_eq!(found, [("A", 3, false), ("C", 10, true)]);
    }
}
