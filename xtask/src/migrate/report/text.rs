//! The report for people: the diff, the sites, the scenarios, the hand delta.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use similar::TextDiff;

use super::board::{Row, board};
use crate::findings::Number;
use crate::migrate::plan::{Planned, Status};
use crate::migrate::run::Outcome;

/// Everything there is to say of one crate.
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    diff(&mut text, outcome);
    sites(&mut text, outcome);
    for planned in outcome.plan.by_hand() {
        by_hand(&mut text, outcome, planned);
    }
    for unseen in &outcome.plan.unseen {
        let file = unseen
            .file
            .strip_prefix(&outcome.krate.root)
            .unwrap_or(&unseen.file);
        let _ = writeln!(
            text,
            "\nnot looked at: {}:{}: {} is not active here; build with what it asks for, and run again",
            file.display(),
            unseen.line,
            unseen.condition
        );
    }
    scenarios(&mut text, outcome);
    let _ = writeln!(text, "\n{}", board(&[Row::of(outcome)]).trim_end());
    text
}

fn diff(text: &mut String, outcome: &Outcome) {
    for (source, result) in outcome.plan.sources.iter().zip(&outcome.result) {
        if source.text == result.text {
            continue;
        }
        let name = |path: &std::path::Path| {
            path.strip_prefix(&outcome.krate.root)
                .unwrap_or(path)
                .display()
                .to_string()
        };
        let diff = TextDiff::from_lines(&source.text, &result.text);
        let (old, new) = (name(&source.path), name(&result.path));
        let _ = write!(
            text,
            "{}",
            diff.unified_diff().context_radius(2).header(&old, &new)
        );
    }
}

/// A table: sites by finding.
fn sites(text: &mut String, outcome: &Outcome) {
    let mut by_finding: BTreeMap<Number, (usize, usize)> = BTreeMap::new();
    for planned in &outcome.plan.sites {
        let (all, hand) = by_finding.entry(planned.site.finding).or_default();
        *all += 1;
        *hand += usize::from(planned.is_by_hand());
    }
    let _ = writeln!(text, "\nfinding  sites  rewritten  by hand");
    for (number, (all, hand)) in by_finding {
        let slug = crate::findings::find(number).map_or("", |finding| finding.slug);
        let _ = writeln!(
            text,
            "{number:<7}  {all:>5}  {:>9}  {hand:>7}  {slug}",
            all - hand
        );
    }
}

/// A site that is left, as the compiler would show it.
fn by_hand(text: &mut String, outcome: &Outcome, planned: &Planned) {
    let Status::ByHand { reason, advice } = &planned.status else {
        return;
    };
    let Some(source) = outcome
        .plan
        .sources
        .iter()
        .find(|source| source.path == planned.site.file)
    else {
        return;
    };
    let path = source
        .path
        .strip_prefix(&outcome.krate.root)
        .unwrap_or(&source.path)
        .display()
        .to_string();
    let title = format!("left by hand: {}", planned.site.item);
    let number = planned.site.finding.to_string();
    let report = &[
        Level::WARNING
            .primary_title(title.as_str())
            .id(number.as_str())
            .element(
                Snippet::source(source.text.as_str())
                    .path(path.as_str())
                    .annotation(
                        AnnotationKind::Primary
                            .span(planned.site.range())
                            .label(reason.as_str()),
                    ),
            ),
        Level::HELP
            .secondary_title(advice.as_str())
            .elements([] as [Snippet<'_, annotate_snippets::Annotation<'_>>; 0]),
    ];
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let _ = writeln!(
        text,
        "\n{}",
        renderer.decor_style(DecorStyle::Ascii).render(report)
    );
}

fn scenarios(text: &mut String, outcome: &Outcome) {
    if outcome.scenarios.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\nscenarios: {} run on both sides, {} equal",
        outcome.scenarios.len(),
        outcome.equal()
    );
    for (scenario, reason) in outcome.differing() {
        let _ = writeln!(text, "  differs ({reason}): {}", scenario.name);
    }
    for (scenario, what) in outcome.broken() {
        let _ = writeln!(text, "  BROKEN: {}: {what}", scenario.name);
        let diff = TextDiff::from_lines(&scenario.before, &scenario.after);
        let _ = write!(
            text,
            "{}",
            diff.unified_diff()
                .context_radius(2)
                .header("before", "after")
        );
    }
}
