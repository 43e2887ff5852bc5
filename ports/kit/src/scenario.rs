//! Scenarios: one function that drives a port, run on both sides and compared.
//!
//! `#[scenario]` (in `migrate-macros`) makes a [`Scenario`] and a test of a function. [`main`] is the body of a port's example
//! `scenarios`, by which `cargo xtask migrate` runs all of them on one side.

use std::process::ExitCode;

use similar::TextDiff;

use crate::Side;

/// What a port gives its scenarios: a machine with the device, and operations that record what they show.
pub trait Session: Sized {
    /// The port's `DEFECTS.md`: each defect has a heading `## D1: ...`.
    const DEFECTS: &'static str;

    /// A fresh machine with the device, its objects on `side`; `None` for a side that there is not yet.
    fn start(side: Side) -> Option<Self>;

    /// Closes everything, records what is left, and gives the trace.
    fn finish(self) -> String;
}

/// A scenario of sessions `S`.
#[derive(Debug)]
pub struct Scenario<S> {
    /// Its name, which says the behaviour that it shows.
    pub name: &'static str,
    /// Why the sides differ: the number of a defect (`D3`) or of a change on purpose (`C2`).
    pub differs: Option<&'static str>,
    /// Drives a session.
    pub run: fn(&mut S),
}

impl<S> Clone for Scenario<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Scenario<S> {}

/// The rules of gem-uma, with the changes that they make on purpose.
const RULES: &str = include_str!("../../../gem-uma/RULES.md");

/// Whether the number of a difference is explained where it must be: a defect under a heading, a change in the table.
fn is_explained(number: &str, defects: &str) -> bool {
    let heading = |line: &str| {
        line.strip_prefix("## ")
            .is_some_and(|rest| rest.split([':', ' ']).next() == Some(number))
    };
    let row = |line: &str| {
        line.split('|')
            .nth(1)
            .is_some_and(|cell| cell.trim() == number)
    };
    match number.starts_with('C') {
        true => RULES.lines().any(row),
        false => defects.lines().any(heading),
    }
}

impl<S: Session> Scenario<S> {
    /// What the scenario shows on one side; `None` for a side that there is not yet.
    #[must_use]
    pub fn trace(&self, side: Side) -> Option<String> {
        let mut session = S::start(side)?;
        (self.run)(&mut session);
        Some(session.finish())
    }

    /// Runs the scenario on both sides; the text of its snapshot.
    ///
    /// # Panics
    ///
    /// With a readable difference when the sides differ and no number says why; when a number is given and they do not; when
    /// the number is explained nowhere; when the first side is missing.
    #[must_use]
    pub fn check(&self) -> String {
        if let Some(number) = self.differs {
            assert!(
                is_explained(number, S::DEFECTS),
                "scenario `{}` differs because of {number}, which is explained neither in the port's DEFECTS.md nor in gem-uma/RULES.md",
                self.name
            );
        }
        let before = self
            .trace(Side::Before)
            .expect("every port has a before side");
        let Some(after) = self.trace(Side::After) else {
            return before;
        };
        judge(self.name, self.differs, &before, &after)
            .unwrap_or_else(|message| panic!("{message}"))
    }
}

/// The text of the snapshot of two traces, or what is wrong with them.
fn judge(name: &str, differs: Option<&str>, before: &str, after: &str) -> Result<String, String> {
    match (before == after, differs) {
        (true, None) => Ok(before.to_owned()),
        (true, Some(number)) => Err(format!(
            "scenario `{name}` is said to differ because of {number}, but both sides show the same: take `differs` away"
        )),
        (false, None) => Err(format!(
            "scenario `{name}` differs (- before, + after), and no number says why:\n\n{}",
            difference(before, after)
        )),
        (false, Some(number)) => Ok(format!(
            "{number}: the sides differ (- before, + after)\n\n{}",
            whole_difference(before, after)
        )),
    }
}

/// The lines that differ, with some around them.
fn difference(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(4)
        .to_string()
}

/// Both traces in one text: every line, those of one side alone marked.
fn whole_difference(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .iter_all_changes()
        .map(|change| format!("{} {change}", change.tag()))
        .collect()
}

/// The body of a port's example `scenarios`: `[--side before|after] [--json] [NAME...]` runs the scenarios, or those named, on one
/// side and prints their traces; `--list` prints the names.
///
/// As JSON it is an array of `{"name", "trace", "differs"}`.
#[must_use]
pub fn main<S: Session>(scenarios: &[Scenario<S>]) -> ExitCode {
    match run(scenarios, std::env::args().skip(1)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run<S: Session>(
    scenarios: &[Scenario<S>],
    args: impl Iterator<Item = String>,
) -> Result<String, String> {
    let (mut side, mut json, mut list, mut names) = (Side::Before, false, false, Vec::new());
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--side" => side = args.next().unwrap_or_default().parse()?,
            "--json" => json = true,
            "--list" => list = true,
            _ => names.push(arg),
        }
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| scenarios.iter().all(|scenario| scenario.name != **name))
    {
        return Err(format!(
            "no scenario is called `{unknown}`; `--list` shows all"
        ));
    }
    let chosen = scenarios
        .iter()
        .filter(|scenario| names.is_empty() || names.iter().any(|name| name == scenario.name));
    if list {
        return Ok(chosen
            .map(|scenario| scenario.name)
            .collect::<Vec<_>>()
            .join("\n"));
    }
    let shown: Vec<(&Scenario<S>, String)> = chosen
        .map(|scenario| {
            let trace = scenario
                .trace(side)
                .ok_or_else(|| format!("the port has no {side} side yet"))?;
            Ok((scenario, trace))
        })
        .collect::<Result<_, String>>()?;
    if json {
        let entries: Vec<_> = shown
            .iter()
            .map(|(scenario, trace)| {
                serde_json::json!({ "name": scenario.name, "trace": trace, "differs": scenario.differs })
            })
            .collect();
        return Ok(serde_json::Value::from(entries).to_string());
    }
    Ok(shown
        .iter()
        .map(|(scenario, trace)| format!("== {}\n{trace}", scenario.name))
        .collect::<Vec<_>>()
        .join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sides_show_one_trace() {
        assert_eq!(judge("s", None, "a\n", "a\n"), Ok("a\n".to_owned()));
    }

    #[test]
    fn a_difference_needs_a_number_and_a_number_a_difference() {
        let message = judge("s", None, "a\nb\n", "a\nc\n").expect_err("it differs");
        assert!(message.contains("-b\n+c\n"), "{message}");
        let message = judge("s", Some("D1"), "a\n", "a\n").expect_err("it does not differ");
        assert!(message.contains("take `differs` away"), "{message}");
        let text = judge("s", Some("D1"), "a\nb\n", "a\nc\n").expect("a reason is given");
        assert_eq!(
            text,
            "D1: the sides differ (- before, + after)\n\n  a\n- b\n+ c\n"
        );
    }

    #[test]
    fn a_number_must_be_explained() {
        let defects = "# Defects\n\n## D1: heaps\n\n## D12: other\n";
        assert!(is_explained("D1", defects));
        assert!(is_explained("D12", defects));
        assert!(!is_explained("D2", defects));
        assert!(is_explained("C1", defects));
        assert!(!is_explained("C99", defects));
    }

    struct Counting(u32);

    impl Session for Counting {
        const DEFECTS: &'static str = "";

        fn start(side: Side) -> Option<Self> {
            (side == Side::Before).then_some(Self(0))
        }

        fn finish(self) -> String {
            format!("count {}\n", self.0)
        }
    }

    const SCENARIOS: &[Scenario<Counting>] = &[
        Scenario {
            name: "one",
            differs: None,
            run: |s| s.0 += 1,
        },
        Scenario {
            name: "two",
            differs: None,
            run: |s| s.0 += 2,
        },
    ];

    fn run_with(args: &[&str]) -> Result<String, String> {
        run(SCENARIOS, args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn the_program_runs_what_it_is_told() {
        assert_eq!(run_with(&["--list"]), Ok("one\ntwo".to_owned()));
        assert_eq!(run_with(&["two"]), Ok("== two\ncount 2\n".to_owned()));
        let json = r#"[{"differs":null,"name":"one","trace":"count 1\n"}]"#;
        assert_eq!(run_with(&["--json", "one"]), Ok(json.to_owned()));
        assert!(
            run_with(&["three"])
                .expect_err("unknown")
                .contains("`three`")
        );
        assert!(
            run_with(&["--side", "after"])
                .expect_err("missing")
                .contains("no after side")
        );
        assert!(
            run_with(&["--side", "left"])
                .expect_err("no side")
                .contains("`left`")
        );
    }

    #[test]
    fn a_scenario_without_an_after_side_shows_the_before_side() {
        assert_eq!(SCENARIOS[1].check(), "count 2\n");
    }
}
