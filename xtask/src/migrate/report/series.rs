//! What checking a series of patches showed.

use std::fmt::Write;
use std::path::Path;

use crate::migrate::series::Checked;

/// One line for each patch, and the time it all took.
pub fn series(patches: &[Checked], folder: &Path, seconds: u64) -> String {
    let mut text = String::new();
    for (number, patch) in patches.iter().enumerate() {
        let _ = writeln!(
            text,
            "{:04} builds, {} scenarios as before or after the move, {} s: {}",
            number + 1,
            patch.scenarios,
            patch.seconds,
            patch.subject
        );
    }
    let _ = writeln!(
        text,
        "{} patches in {}: every prefix builds; checked in {seconds} s",
        patches.len(),
        folder.display()
    );
    // `git am` takes the line ends of another system away, unless it is told not to.
    let _ = writeln!(
        text,
        "apply them with: git am --keep-cr {}/*.patch",
        folder.display()
    );
    text
}
