//! `--interactive`: each site is shown with what would stand there, and a person says yes or no.

use std::io::{BufRead, Write};

use super::edit::Edit;
use super::krate::Krate;
use super::plan::{Plan, Status};
use crate::findings;
use crate::{Failure, Result};

/// Asks about every site that a rule would rewrite. The starts of those that were refused, by file.
///
/// `y` takes a site, `n` leaves it by hand, `a` takes it and all that follow, `q` leaves it and all that follow.
pub fn refused(
    krate: &Krate,
    plan: &Plan,
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Vec<(std::path::PathBuf, usize)>> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("cannot ask: {error}")).next("answer at a terminal")
    };
    let mut refused = Vec::new();
    let mut rest = None;
    // Two sites may be one edit: it is asked about once.
    let mut answered: Vec<(&[(usize, Edit)], bool)> = Vec::new();
    for planned in &plan.sites {
        let Status::Rewritten { old, new } = &planned.status else {
            continue;
        };
        let same = answered
            .iter()
            .rev()
            .find(|(edits, _)| says_the_same(edits, &planned.edits));
        let take = match same.map(|(_, take)| *take).or(rest) {
            Some(take) => take,
            None => {
                let file = planned
                    .site
                    .file
                    .strip_prefix(&krate.root)
                    .unwrap_or(&planned.site.file);
                let title = findings::find(planned.site.finding)
                    .map(|finding| finding.page().title().to_owned());
                writeln!(
                    out,
                    "\n{}:{}:{}  {}",
                    file.display(),
                    planned.line,
                    planned.column,
                    title.unwrap_or_default()
                )
                .map_err(failed)?;
                old.lines()
                    .try_for_each(|line| writeln!(out, "- {line}"))
                    .map_err(failed)?;
                new.lines()
                    .try_for_each(|line| writeln!(out, "+ {line}"))
                    .map_err(failed)?;
                write!(out, "rewrite? [y]es, [n]o, [a]ll, [q]uit: ").map_err(failed)?;
                out.flush().map_err(failed)?;
                let mut answer = String::new();
                answers.read_line(&mut answer).map_err(failed)?;
                match answer.trim() {
                    "y" | "yes" => true,
                    "a" | "all" => {
                        rest = Some(true);
                        true
                    }
                    "n" | "no" => false,
                    // No answer, or one that is none, changes nothing.
                    _ => {
                        rest = Some(false);
                        false
                    }
                }
            }
        };
        answered.push((&planned.edits, take));
        if !take {
            refused.push((planned.site.file.clone(), planned.site.start));
        }
    }
    Ok(refused)
}

fn says_the_same(a: &[(usize, Edit)], b: &[(usize, Edit)]) -> bool {
    !a.is_empty()
        && a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|((file, a), (other, b))| file == other && a.range == b.range && a.new == b.new)
}
