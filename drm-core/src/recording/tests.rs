//! Reading and reporting, on small texts.

use super::*;

const TEXT: &str =
    "# comment\nS create 0 => 0 use=0\nS pin 0 => 0 use=1 !a.c:1\nS put 0 => 0 use=0\n";

fn replay(answers: &[&str]) -> Report {
    let recording = Recording::from_bytes("small", TEXT.as_bytes()).expect("text");
    let mut report = Report::new(recording.name());
    let mut answers = answers.iter();
    for line in recording.lines() {
        let Some((operation, kernel)) = line.operation() else {
            continue;
        };
        let model = Answer::parse(answers.next().expect("an answer for each operation"));
        report.compare(line, operation, &kernel, &model);
    }
    report
}

#[test]
fn an_operation_line_has_operation_answer_and_marks() {
    let recording = Recording::from_bytes("small", TEXT.as_bytes()).expect("text");
    let operations: Vec<_> = recording
        .lines()
        .filter_map(|line| {
            line.operation()
                .map(|(op, answer)| (line.number, op, answer))
        })
        .collect();
    assert_eq!(operations.len(), 3);
    let (number, operation, answer) = &operations[1];
    assert_eq!((*number, *operation), (3, "pin 0"));
    assert_eq!(answer.text, "0 use=1");
    assert_eq!(answer.marks, ["a.c:1"]);
}

#[test]
fn the_same_answers_agree_whichever_line_warned() {
    let report = replay(&["0 use=0", "0 use=1 !elsewhere", "0 use=0"]);
    assert!(report.agrees());
    assert_eq!(report.compared(), 3);
}

#[test]
fn a_missing_warning_differs() {
    let report = replay(&["0 use=0", "0 use=1", "0 use=0"]);
    assert_eq!(report.differing().len(), 1);
    assert!(!report.agrees());
}

#[test]
fn a_mismatch_shows_what_led_to_it_and_both_states() {
    let shown = replay(&["0 use=0", "0 use=2", "0 use=0"]).to_string();
    assert!(shown.starts_with("small: 3 operations replayed, 1 lines differ"));
    assert!(shown.contains("     2  S create 0 => 0 use=0"), "{shown}");
    assert!(shown.contains("     3> pin 0"), "{shown}");
    assert!(shown.contains("<> use=1    use=2"), "{shown}");
    assert!(shown.contains("<> !a.c:1"), "{shown}");
}

#[test]
fn nothing_compared_is_no_agreement() {
    assert!(!Report::new("empty").agrees());
}

#[test]
fn what_is_no_xz_is_refused() {
    let error = Recording::from_bytes("broken", b"\xfd7zXZ\0garbage").expect_err("no xz");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    let error = Recording::from_bytes("binary", b"\xff\xfe\x00").expect_err("no text");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn patterns_give_the_reason_of_the_first_that_matches() {
    const LIST: Patterns = Patterns::new(&[
        (Pattern::Prefix("T a "), "first"),
        (Pattern::Contains("mlock"), "second"),
        (Pattern::Both("smaps", "kB"), "third"),
    ]);
    assert_eq!(LIST.reason("T a mlock"), Some("first"));
    assert_eq!(LIST.reason("T b mlock"), Some("second"));
    assert_eq!(LIST.reason("T b smaps Rss: 0 kB"), Some("third"));
    assert_eq!(LIST.reason("T b smaps"), None);
}
