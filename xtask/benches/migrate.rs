//! What locating and rewriting cost, beside `cargo check` of the same crate, and how that grows with the number of sites.
//!
//! `cargo bench -p xtask --bench migrate` makes crates of 100, 1,000 and 10,000 sites, a hundred to a file, in a folder of their own,
//! and prints times and ratios. It fails when a site costs three times as much among 10,000 as among 1,000, or when the whole is
//! more than eight times a check.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Sites of each size, and sites in a file.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
const IN_FILE: usize = 100;
/// Runs of each, of which the quickest counts.
const RUNS: usize = 3;
/// How much more a site may cost among ten times as many.
const GROWTH: f64 = 3.0;
/// How many times a check the whole may cost. Functions with nothing but sites in them are as cheap to check as any: real ones come
/// out lower.
const RATIO: f64 = 8.0;

fn main() -> ExitCode {
    // `cargo test` runs benches too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// One size: what was found, and how long each step took.
struct Row {
    sites: usize,
    check: Duration,
    migrate: Duration,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.migrate.as_secs_f64() / self.check.as_secs_f64()
    }

    fn rewriting(&self) -> f64 {
        self.migrate.saturating_sub(self.check).as_secs_f64()
    }
}

fn measure() -> Result<ExitCode, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    println!("  sites   check   locate and rewrite   ratio   us per site");
    let mut rows: Vec<Row> = Vec::new();
    for sites in SIZES {
        let krate = folder.path().join(format!("sites{sites}"));
        generate(&krate, sites).map_err(|error| error.to_string())?;
        // Once, so that the libraries are built.
        check(&krate)?;
        migrate(&krate)?;
        let check = best_of(&krate, check)?.1;
        let (found, migrate) = best_of(&krate, migrate)?;
        let row = Row {
            sites: found,
            check,
            migrate,
        };
        println!(
            "{:>7} {:>6.2}s {:>18.2}s {:>7.2} {:>13.0}",
            row.sites,
            row.check.as_secs_f64(),
            row.migrate.as_secs_f64(),
            row.ratio(),
            row.rewriting() * 1e6 / row.sites as f64
        );
        rows.push(row);
    }
    let mut code = ExitCode::SUCCESS;
    for row in rows.iter().filter(|row| row.ratio() > RATIO) {
        println!("{} sites: more than {RATIO} times a check", row.sites);
        code = ExitCode::FAILURE;
    }
    if let [.., thousand, most] = rows.as_slice() {
        let growth = (most.migrate.as_secs_f64() / most.sites as f64)
            / (thousand.migrate.as_secs_f64() / thousand.sites as f64);
        println!(
            "a site among {} costs {growth:.2} times one among {}",
            most.sites, thousand.sites
        );
        if growth > GROWTH {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The quickest of a few runs, each on a crate that has changed: the others say what else the machine was doing.
fn best_of<T>(
    krate: &Path,
    run: impl Fn(&Path) -> Result<T, String>,
) -> Result<(T, Duration), String> {
    let mut best: Option<(T, Duration)> = None;
    for _ in 0..RUNS {
        touch(krate).map_err(|error| error.to_string())?;
        let start = Instant::now();
        let answer = run(krate)?;
        let took = start.elapsed();
        if best.as_ref().is_none_or(|(_, best)| took < *best) {
            best = Some((answer, took));
        }
    }
    best.ok_or_else(|| "nothing ran".to_owned())
}

/// A crate with one object type, and functions that lean on the base class, a few sites each.
fn generate(krate: &Path, sites: usize) -> std::io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/waits");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = std::fs::read_to_string(data.join("Cargo.toml.in"))?;
    let name = krate.file_name().unwrap_or_default().to_string_lossy();
    let manifest = manifest
        .replace("@WORKSPACE@", &workspace.display().to_string())
        .replace("\"waits\"", &format!("\"{name}\""));
    std::fs::create_dir_all(krate.join("src"))?;
    std::fs::write(krate.join("Cargo.toml"), manifest)?;
    std::fs::copy(data.join("src/object.rs"), krate.join("src/object.rs"))?;
    let mut lib = String::from("//! A generated driver.\n\npub mod object;\n");
    for file in 0..sites.div_ceil(IN_FILE) {
        let _ = writeln!(lib, "pub mod part{file};");
        let mut text = String::from(
            "use drm_core::errno::Result;\nuse drm_core::resv::ResvGuard;\n\nuse crate::object::Bo;\n",
        );
        for function in 0..sites.min(IN_FILE) / 5 {
            let _ = write!(
                text,
                "\n/// Five sites.\npub fn function{function}(bo: &Bo, guard: &mut ResvGuard) -> Result<bool> {{\n    \
                 // Mapped, if it is there.\n    let there = bo.base.racy().pages.is_some();\n    bo.base.vmap(guard)?;\n    \
                 bo.base.vunmap(guard);\n    Ok(there && bo.base.locked(guard).vmap_use_count == {function})\n}}\n"
            );
        }
        std::fs::write(krate.join(format!("src/part{file}.rs")), text)?;
    }
    std::fs::write(krate.join("src/lib.rs"), lib)
}

/// Makes cargo look at the crate again.
fn touch(krate: &Path) -> std::io::Result<()> {
    let lib = krate.join("src/lib.rs");
    let text = std::fs::read_to_string(&lib)?;
    std::fs::write(lib, format!("{text}\n"))
}

fn check(krate: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = krate.with_file_name("target");
    let output = Command::new(cargo)
        .args(["check", "--quiet", "--lib", "--target-dir"])
        .arg(target)
        .current_dir(krate)
        .output()
        .map_err(|error| error.to_string())?;
    let text = || String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or_else(text)
}

/// Locates and rewrites, and answers with the number of sites.
fn migrate(krate: &Path) -> Result<usize, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["migrate", "--no-verify", "--format", "json", "--path"])
        .arg(krate)
        .output()
        .map_err(|error| error.to_string())?;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let row = &json["drivers"][0];
    if row["by_hand"] != 0 {
        return Err(format!("sites are left by hand: {row}"));
    }
    row["sites"]
        .as_u64()
        .and_then(|sites| usize::try_from(sites).ok())
        .ok_or_else(|| format!("no number of sites: {row}"))
}
