//! The two sides that a scenario's snapshot holds.
//!
//! A snapshot of equal sides is the trace. Where they differ it opens with the reason, and every line is marked: both sides, the
//! before side alone, or the after side alone (`ports/kit/src/scenario.rs`).

use serde::Serialize;

/// What a scenario's snapshot says about the sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Sides {
    /// Both sides show this.
    Equal {
        /// The trace.
        trace: String,
    },
    /// The sides differ.
    Differ {
        /// The number of a defect (`D3`) or of a change on purpose (`C2`).
        reason: String,
        /// The trace on the base class.
        before: String,
        /// The trace on the parts.
        after: String,
    },
    /// The port has no after side yet.
    OneSide {
        /// The trace on the base class.
        trace: String,
    },
    /// A snapshot of a test, which knows no sides.
    Text {
        /// The text.
        text: String,
    },
}

impl Sides {
    /// What the text of a scenario's snapshot says; `moved` tells whether the port has an after side.
    pub fn of_scenario(text: &str, moved: bool) -> Self {
        if let Some(reason) = reason(text) {
            let (mut before, mut after) = (String::new(), String::new());
            for line in text.lines().skip(2) {
                let (mark, rest) = line.split_at_checked(2).unwrap_or((line, ""));
                if mark != "+ " && mark != "+" {
                    before.push_str(rest);
                    before.push('\n');
                }
                if mark != "- " && mark != "-" {
                    after.push_str(rest);
                    after.push('\n');
                }
            }
            return Sides::Differ {
                reason: reason.to_owned(),
                before,
                after,
            };
        }
        let trace = text.to_owned();
        if moved {
            Sides::Equal { trace }
        } else {
            Sides::OneSide { trace }
        }
    }

    /// Why the sides differ.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Sides::Differ { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// The trace of the before side, or all there is.
    pub fn before(&self) -> &str {
        match self {
            Sides::Equal { trace } | Sides::OneSide { trace } => trace,
            Sides::Differ { before, .. } => before,
            Sides::Text { text } => text,
        }
    }

    /// The trace of the after side, if there is one.
    pub fn after(&self) -> Option<&str> {
        match self {
            Sides::Equal { trace } => Some(trace),
            Sides::Differ { after, .. } => Some(after),
            Sides::OneSide { .. } | Sides::Text { .. } => None,
        }
    }

    /// One word for lists.
    pub fn word(&self) -> &str {
        match self {
            Sides::Equal { .. } => "equal",
            Sides::Differ { reason, .. } => reason,
            Sides::OneSide { .. } => "one side",
            Sides::Text { .. } => "test",
        }
    }
}

fn reason(text: &str) -> Option<&str> {
    let (reason, rest) = text.lines().next()?.split_once(": ")?;
    let number = reason.strip_prefix(['D', 'C'])?;
    (number.parse::<u32>().is_ok() && rest == "the sides differ (- before, + after)")
        .then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_lines_are_taken_apart() {
        let text = "D5: the sides differ (- before, + after)\n\n  a\n- b\n-   deeper\n+ c\n  d";
        let sides = Sides::of_scenario(text, true);
        assert_eq!(sides.reason(), Some("D5"));
        assert_eq!(sides.before(), "a\nb\n  deeper\nd\n");
        assert_eq!(sides.after(), Some("a\nc\nd\n"));
    }

    #[test]
    fn a_trace_without_a_reason_is_both_sides_or_one() {
        assert_eq!(Sides::of_scenario("- a", true).after(), Some("- a"));
        assert_eq!(Sides::of_scenario("a", false).after(), None);
        assert_eq!(
            Sides::of_scenario("D5: something else\n", true).reason(),
            None
        );
    }
}
