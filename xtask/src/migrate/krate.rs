//! Finds the crates to migrate: the ports of this workspace, or any crate by its folder.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::{Failure, Result};

/// A crate that depends on `gem-shmem` with the feature `legacy`.
#[derive(Clone, Debug)]
pub struct Krate {
    /// Its package name.
    pub package: String,
    /// The driver's name, as the board shows it.
    pub driver: String,
    /// The folder of its manifest.
    pub root: PathBuf,
    /// The folder of the code to rewrite.
    pub before: PathBuf,
    /// The folder of the result; `None` rewrites in place.
    pub after: Option<PathBuf>,
    /// Folders that look at the base class for tests, and are no part of the driver.
    pub instruments: Vec<PathBuf>,
    /// The name under which the crate depends on `gem-shmem`.
    pub dependency: String,
}

impl Krate {
    /// Whether the crate has scenarios that run on both sides: a port of this workspace.
    pub fn is_port(&self) -> bool {
        self.after.is_some()
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    metadata: Option<PackageMetadata>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    rename: Option<String>,
    kind: Option<String>,
    features: Vec<String>,
}

#[derive(Deserialize, Default)]
struct PackageMetadata {
    migrate: Option<MigrateMetadata>,
}

/// `[package.metadata.migrate]` of a port.
#[derive(Deserialize)]
struct MigrateMetadata {
    driver: String,
    before: PathBuf,
    after: PathBuf,
    #[serde(default)]
    instruments: Vec<PathBuf>,
}

/// The `cargo` that runs this task, so that both agree on the toolchain.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

impl Krate {
    /// Options for a build in a target folder that crates share.
    ///
    /// Cargo tells crates of one name apart by their place in their workspace, not by where that is: two of them would take
    /// each other's results for their own. A profile of its own, in a setting that a check does not look at, keeps them apart.
    pub fn apart(&self) -> [String; 2] {
        let mut hasher = DefaultHasher::new();
        self.root.hash(&mut hasher);
        let units = 16 + hasher.finish() % 1_000_000;
        [
            "--config".to_owned(),
            format!(
                "profile.dev.package.\"{}\".codegen-units={units}",
                self.package
            ),
        ]
    }
}

fn metadata(dir: &Path) -> Result<Metadata> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(dir)
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo in {}: {error}", dir.display())))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "`cargo metadata` failed in {}:\n{}",
            dir.display(),
            stderr.trim_end()
        ))
        .next("make `cargo metadata` work there; nothing was changed"));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        Failure::new(format!(
            "`cargo metadata` answered something unexpected: {error}"
        ))
    })
}

impl Package {
    fn legacy_dependency(&self) -> Option<&Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.name == "gem-shmem" && dependency.kind.is_none())
            .find(|dependency| {
                dependency
                    .features
                    .iter()
                    .any(|feature| feature == "legacy")
            })
    }

    fn root(&self) -> PathBuf {
        self.manifest_path
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default()
    }

    fn into_krate(self) -> Option<Krate> {
        let dependency = self.legacy_dependency()?;
        let dependency = dependency
            .rename
            .clone()
            .unwrap_or_else(|| dependency.name.clone());
        let root = self.root();
        Some(match self.metadata.and_then(|metadata| metadata.migrate) {
            Some(port) => Krate {
                package: self.name,
                driver: port.driver,
                before: root.join(port.before),
                after: Some(root.join(port.after)),
                instruments: port
                    .instruments
                    .iter()
                    .map(|path| root.join(path))
                    .collect(),
                root,
                dependency,
            },
            None => Krate {
                driver: self.name.clone(),
                package: self.name,
                before: root.join("src"),
                after: None,
                instruments: Vec::new(),
                root,
                dependency,
            },
        })
    }
}

/// The root of the workspace that the crate in `dir` belongs to; its own folder for a crate that belongs to none.
pub fn workspace_root(dir: &Path) -> Result<PathBuf> {
    let root = metadata(dir)?.workspace_root;
    root.canonicalize()
        .map_err(|error| Failure::new(format!("cannot open {}: {error}", root.display())))
}

/// The ports of the workspace at `dir`, by driver name.
pub fn ports(dir: &Path) -> Result<Vec<Krate>> {
    let packages = metadata(dir)?.packages;
    let mut ports: Vec<Krate> = packages
        .into_iter()
        .filter_map(Package::into_krate)
        .filter(Krate::is_port)
        .collect();
    ports.sort_by(|a, b| a.driver.cmp(&b.driver));
    Ok(ports)
}

/// The port of a driver. An unknown name lists the known ones and suggests the nearest.
pub fn port(dir: &Path, driver: &str) -> Result<Krate> {
    let ports = ports(dir)?;
    if let Some(port) = ports.iter().find(|port| port.driver == driver) {
        return Ok(port.clone());
    }
    let known: Vec<&str> = ports.iter().map(|port| port.driver.as_str()).collect();
    let failure = Failure::new(format!(
        "there is no port of a driver `{driver}`; the ports are: {}",
        known.join(", ")
    ));
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(name, driver), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Err(match nearest {
        Some((_, name)) => failure.next(format!("did you mean `cargo xtask migrate {name}`?")),
        None => failure.next("for a crate that is no port, use `cargo xtask migrate --path DIR`"),
    })
}

/// The crate whose manifest is in `dir`.
pub fn at(dir: &Path) -> Result<Krate> {
    let dir = dir.canonicalize().map_err(|error| {
        Failure::new(format!("cannot open the folder {}: {error}", dir.display()))
    })?;
    let manifest = dir.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Failure::new(format!(
            "{} is no crate: it has no Cargo.toml",
            dir.display()
        ))
        .next("name the folder that holds the crate's Cargo.toml"));
    }
    let package = metadata(&dir)?.packages.into_iter().find(|package| {
        package
            .manifest_path
            .canonicalize()
            .is_ok_and(|path| path == manifest)
    });
    let Some(package) = package else {
        return Err(Failure::new(format!(
            "{} is a workspace without a package of its own",
            dir.display()
        ))
        .next("name the folder of one of its crates"));
    };
    let name = package.name.clone();
    package.into_krate().ok_or_else(|| {
        Failure::new(format!("the crate `{name}` does not depend on `gem-shmem` with the feature `legacy`"))
            .next("there is nothing to migrate; a driver that does depends on `gem-shmem = { features = [\"legacy\"] }`")
    })
}
