//! Crates to migrate, each in a git tree of its own, and the tool to do it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A crate in a git tree of its own.
pub struct Crate(pub TempDir);

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is there")
}

impl Crate {
    /// The driver of `tests/migrate/odd`.
    pub fn odd() -> Self {
        let made = Self(TempDir::new().expect("a folder"));
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/odd");
        let manifest = std::fs::read_to_string(from.join("Cargo.toml.in")).expect("a manifest");
        made.write(
            "Cargo.toml",
            &manifest.replace("@WORKSPACE@", &workspace().display().to_string()),
        );
        for entry in std::fs::read_dir(from.join("src")).expect("sources") {
            let path = entry.expect("a source").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            made.write(
                &format!("src/{name}"),
                &std::fs::read_to_string(&path).expect("text"),
            );
        }
        made.commit();
        made
    }

    /// The same without what only a person can move.
    pub fn movable() -> Self {
        let made = Self::odd();
        made.write(
            "src/stubborn.rs",
            "use crate::objects::{Buffer, Queue};\n\npub(crate) fn sizes(_: &Buffer, _: &Queue) -> u64 {\n    1\n}\n\npub fn unmap(_: &Buffer) {}\n",
        );
        made.commit();
        made
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).expect("a file")
    }

    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=a driver author",
                "-c",
                "user.email=author@localhost",
            ])
            .args(args)
            .current_dir(self.0.path())
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn commit(&self) {
        if !self.0.path().join(".git").exists() {
            self.write(".gitignore", "target\nCargo.lock\n");
            self.git(&["init", "--quiet", "."]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "a state"]);
    }

    pub fn migrate(&self, args: &[&str]) -> Output {
        migrate(&[&["--path", &self.0.path().display().to_string()], args].concat())
    }

    pub fn changed(&self) -> String {
        self.git(&["status", "--porcelain"])
    }
}

pub fn migrate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("migrate")
        .args(args)
        .output()
        .expect("the tool runs")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
