//! What there is to review: drivers, their scenarios and tests, what waits, and what belongs to nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::defects::{self, Defect};
use super::pending::{self, Pending};
use super::snapshots::{self, SnapshotFile};
use super::sources::{Function, Sources};
use super::trace::Sides;
use crate::migrate::report::{Row, committed};
use crate::migrate::verify::files_below;
use crate::{Exit, Failure, Result};

/// One snapshot: of a scenario, or of a test.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The scenario, or the test.
    pub name: String,
    /// The module of the test, as insta writes it.
    pub module: String,
    /// The snapshot file, or for inline snapshots the source.
    pub path: PathBuf,
    /// What the snapshot shows; `None` for one that was never accepted, and for inline ones.
    pub sides: Option<Sides>,
    /// What waits for a decision.
    pub pending: Option<Pending>,
    /// Where it comes from.
    pub source: Option<Function>,
}

impl Entry {
    /// What is shown: the accepted snapshot, or what waits where there is none.
    pub fn shown(&self) -> Sides {
        match (&self.sides, &self.pending) {
            (Some(sides), _) => sides.clone(),
            (None, Some(pending)) => Sides::Text {
                text: pending.new.clone(),
            },
            (None, None) => Sides::Text {
                text: String::new(),
            },
        }
    }

    /// Whether it is a scenario.
    pub fn is_scenario(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.scenario)
    }
}

/// A crate with snapshots: a driver's port, or another crate of the workspace.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The driver's name, or the package's.
    pub name: String,
    /// Whether there is an after side.
    pub moved: bool,
    /// Its snapshots, by file.
    pub entries: Vec<Entry>,
    /// Its defects, and the changes on purpose that its scenarios name.
    pub defects: Vec<Defect>,
}

impl Driver {
    /// The reason of a number.
    pub fn defect(&self, number: &str) -> Option<&Defect> {
        self.defects.iter().find(|defect| defect.number == number)
    }

    /// Its scenarios.
    pub fn scenarios(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_scenario())
    }
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Board {
    /// The root of the workspace.
    pub root: PathBuf,
    /// The crates with snapshots, by name.
    pub drivers: Vec<Driver>,
    /// What `cargo xtask migrate` makes of the drivers, as the committed board says.
    pub rows: Vec<Row>,
    /// Snapshots that no test writes.
    pub orphans: Vec<PathBuf>,
}

impl Board {
    /// Reads the snapshots of a workspace.
    pub fn read(root: &Path) -> Result<Self> {
        let (snapshots, pending) = snapshots::find(root);
        if snapshots.is_empty() && pending.is_empty() {
            return Err(Failure::new(format!(
                "there are no snapshots below {}",
                root.display()
            )));
        }
        let changes = std::fs::read_to_string(root.join("gem-uma/RULES.md"))
            .map(|text| defects::changes(&text))
            .unwrap_or_default();
        let mut reader = Reader {
            root,
            sources: Sources::default(),
            drivers: BTreeMap::new(),
            changes,
            orphans: Vec::new(),
        };
        let mut waiting: BTreeMap<PathBuf, Vec<Pending>> = BTreeMap::new();
        for file in &pending {
            for one in pending::load(file)? {
                waiting.entry(one.target.clone()).or_default().push(one);
            }
        }
        for path in snapshots {
            let pending = waiting.remove(&path).and_then(|mut all| all.pop());
            reader.snapshot(&path, pending)?;
        }
        for pending in waiting.into_values().flatten() {
            reader.unseen(pending)?;
        }
        let mut drivers: Vec<Driver> = reader.drivers.into_values().collect();
        drivers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Board {
            root: root.to_owned(),
            drivers,
            rows: committed(root),
            orphans: reader.orphans,
        })
    }

    /// A path as the reader of a list wants it.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Every entry with its driver.
    pub fn entries(&self) -> impl Iterator<Item = (&Driver, &Entry)> {
        self.drivers
            .iter()
            .flat_map(|driver| driver.entries.iter().map(move |entry| (driver, entry)))
    }

    /// Every snapshot that waits.
    pub fn pending(&self) -> impl Iterator<Item = (&Driver, &Entry, &Pending)> {
        self.entries()
            .filter_map(|(driver, entry)| Some((driver, entry, entry.pending.as_ref()?)))
    }

    /// How the task ends: something waits, or nothing.
    pub fn exit(&self) -> Exit {
        if self.pending().next().is_some() || !self.orphans.is_empty() {
            Exit::Pending
        } else {
            Exit::Done
        }
    }
}

struct Reader<'a> {
    root: &'a Path,
    sources: Sources,
    drivers: BTreeMap<PathBuf, Driver>,
    changes: Vec<Defect>,
    orphans: Vec<PathBuf>,
}

impl Reader<'_> {
    fn snapshot(&mut self, path: &Path, pending: Option<Pending>) -> Result<()> {
        let file = SnapshotFile::at(path);
        let snapshot = pending::read(path)?;
        let source = snapshot
            .metadata()
            .source()
            .map(|source| self.root.join(source));
        let files = self.candidates(path, &file, source);
        if !files
            .iter()
            .any(|source| self.sources.names(source, file.test()))
        {
            self.orphans.push(path.to_owned());
        }
        let function = files
            .iter()
            .find_map(|source| self.sources.function(source, file.test()));
        self.add(&file, Some(pending::text(&snapshot)), pending, function)
    }

    /// A snapshot that was never accepted, or an inline one.
    fn unseen(&mut self, pending: Pending) -> Result<()> {
        if pending.line.is_some() {
            let file = SnapshotFile {
                path: pending.target.clone(),
                module: String::new(),
                name: format!(
                    "{}:{}",
                    pending.name.as_deref().unwrap_or("inline"),
                    pending.line.unwrap_or_default()
                ),
            };
            return self.add(&file, None, Some(pending), None);
        }
        let file = SnapshotFile::at(&pending.target);
        let source = pending::read(&pending.file)?
            .metadata()
            .source()
            .map(|source| self.root.join(source));
        let function = source.and_then(|source| self.sources.function(&source, file.test()));
        self.add(&file, None, Some(pending), function)
    }

    /// The sources that may hold a snapshot's test: the one that insta recorded, or, where that has moved, those of its module.
    fn candidates(
        &self,
        path: &Path,
        file: &SnapshotFile,
        source: Option<PathBuf>,
    ) -> Vec<PathBuf> {
        if let Some(source) = source.filter(|source| source.is_file()) {
            return vec![source];
        }
        let last = file.module.rsplit("__").next().unwrap_or_default();
        let Some(folder) = path.parent().and_then(Path::parent) else {
            return Vec::new();
        };
        files_below(folder)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter(|path| {
                let stem = path.file_stem().unwrap_or_default();
                let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
                stem == last || (stem == "mod" && parent == last)
            })
            .collect()
    }

    fn add(
        &mut self,
        file: &SnapshotFile,
        text: Option<String>,
        pending: Option<Pending>,
        source: Option<Function>,
    ) -> Result<()> {
        let changes = self.changes.clone();
        let driver = self.driver(&file.path)?;
        let scenario = source.as_ref().is_some_and(|source| source.scenario);
        let sides = text.map(|text| match scenario {
            true => Sides::of_scenario(&text, driver.moved),
            false => Sides::Text { text },
        });
        if let Some(reason) = sides.as_ref().and_then(Sides::reason)
            && driver.defect(reason).is_none()
        {
            driver
                .defects
                .extend(changes.into_iter().filter(|change| change.number == reason));
        }
        driver.entries.push(Entry {
            name: file.name.clone(),
            module: file.module.clone(),
            path: file.path.clone(),
            sides,
            pending,
            source,
        });
        Ok(())
    }

    /// The crate that a file belongs to.
    fn driver(&mut self, path: &Path) -> Result<&mut Driver> {
        let root = path
            .ancestors()
            .skip(1)
            .find(|folder| folder.join("Cargo.toml").is_file())
            .unwrap_or(self.root)
            .to_owned();
        if !self.drivers.contains_key(&root) {
            let driver = read_driver(&root)?;
            self.drivers.insert(root.clone(), driver);
        }
        self.drivers
            .get_mut(&root)
            .ok_or_else(|| Failure::new(format!("no crate holds {}", path.display())))
    }
}

fn read_driver(root: &Path) -> Result<Driver> {
    let manifest = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap_or_default();
    let manifest: toml_edit::DocumentMut = text
        .parse()
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", manifest.display())))?;
    let migrate = |key: &str| {
        manifest
            .get("package")?
            .get("metadata")?
            .get("migrate")?
            .get(key)?
            .as_str()
    };
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(|name| name.as_str())
        .unwrap_or("workspace");
    let name = migrate("driver").unwrap_or(package.strip_prefix("port-").unwrap_or(package));
    let moved = migrate("after").is_some_and(|after| !files_below(&root.join(after)).is_empty());
    let defects = std::fs::read_to_string(root.join("DEFECTS.md"))
        .map(|text| defects::parse(&text))
        .unwrap_or_default();
    Ok(Driver {
        name: name.to_owned(),
        moved,
        entries: Vec::new(),
        defects,
    })
}
