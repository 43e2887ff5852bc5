//! The clone that the patches are made in.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Result};

/// A clone of the crate's tree to make the patches in.
pub(super) struct Git {
    pub(super) dir: PathBuf,
}

impl Git {
    pub(super) fn clone(tree: &Path, dir: &Path) -> Result<Self> {
        if dir.exists() {
            std::fs::remove_dir_all(dir).map_err(|error| {
                Failure::new(format!("cannot remove {}: {error}", dir.display()))
            })?;
        }
        let top = Self {
            dir: tree.to_owned(),
        }
        .output(&["rev-parse", "--show-toplevel"])?;
        if Path::new(top.trim()) != tree {
            return Err(
                Failure::new(format!("{} is not the top of a git tree", tree.display()))
                    .next("make the patches where the crate's repository begins"),
            );
        }
        let from = tree.to_string_lossy();
        let to = dir.to_string_lossy();
        Self {
            dir: tree.to_owned(),
        }
        .output(&["clone", "--quiet", "--shared", &from, &to])?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    fn output(&self, args: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(args)
            .current_dir(&self.dir)
            .output()
            .map_err(|error| Failure::new(format!("cannot run git: {error}")))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "`git {}` failed: {}",
                args.join(" "),
                stderr.trim_end()
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub(super) fn is_clean(&self) -> Result<bool> {
        Ok(self.output(&["status", "--porcelain"])?.trim().is_empty())
    }

    pub(super) fn commit(&self, subject: &str, body: &str) -> Result<()> {
        self.output(&["add", "--all"])?;
        let author = [
            "-c",
            "user.name=cargo xtask migrate",
            "-c",
            "user.email=migrate@localhost",
        ];
        let message = format!("{subject}\n\n{body}");
        // Who has a name in git keeps it.
        let named = self.output(&["config", "user.email"]).is_ok();
        let mut args: Vec<&str> = if named { Vec::new() } else { author.to_vec() };
        args.extend(["commit", "--quiet", "--no-verify", "-m", &message]);
        self.output(&args).map(drop)
    }

    pub(super) fn format_patch(&self, folder: &Path, patches: usize) -> Result<()> {
        let folder = std::path::absolute(folder).map_err(|error| {
            Failure::new(format!(
                "cannot use the folder {}: {error}",
                folder.display()
            ))
        })?;
        let (out, count) = (folder.to_string_lossy(), format!("-{patches}"));
        self.output(&["format-patch", "--quiet", "--numbered", "-o", &out, &count])
            .map(drop)
    }
}
