//! What checking a series of patches showed.

use std::fmt::Write;
use std::path::Path;

use crate::migrate::series::Series;

/// One line for each patch, and the time it all took.
pub fn series(series: &Series, folder: &Path, seconds: u64) -> String {
    let mut text = String::new();
    for (number, patch) in series.patches.iter().enumerate() {
        let _ = writeln!(
            text,
            "{:04} builds, {} scenarios as before or after the move{}, {} s: {}",
            number + 1,
            patch.scenarios - patch.between,
            match patch.between {
                0 => String::new(),
                between => format!(", {between} on their way"),
            },
            patch.seconds,
            patch.subject
        );
    }
    let _ = writeln!(
        text,
        "{} patches in {}: every prefix builds; checked in {seconds} s",
        series.patches.len(),
        folder.display()
    );
    if let Some(why) = &series.hand_first {
        let _ = writeln!(text, "what was moved by hand is in the first patch: {why}");
    }
    // `git am` takes the line ends of another system away, unless it is told not to.
    let _ = writeln!(
        text,
        "apply them with: git am --keep-cr {}/*.patch",
        folder.display()
    );
    text
}
