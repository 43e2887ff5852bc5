//! The result of a survey, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sites::{Site, Unresolved, What};
use super::skip::Skip;
use crate::findings::Number;

/// The version of the JSON form.
pub const SCHEMA: u32 = 1;

/// What kind of user of the base class a driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The CPU copies framebuffers out; no device reads the pages.
    KmsSimple,
    /// A device reads and writes the pages through the scatter table.
    Uma,
    /// Neither a display nor a device: it only gives out buffers.
    Provider,
    /// A test of the helper.
    Test,
}

impl Class {
    /// The class as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::KmsSimple => "kms-simple",
            Class::Uma => "uma",
            Class::Provider => "provider",
            Class::Test => "test",
        }
    }
}

/// Where the sites of `kernel` come from, in words: a kernel's version, or notes.
pub(crate) fn origin(kernel: &str) -> String {
    if kernel.starts_with("notes") {
        kernel.to_owned()
    } else {
        format!("Linux {kernel}")
    }
}

/// How often a field is used, by what is done to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldUse {
    /// Read.
    pub read: usize,
    /// Written; a change in place counts here and as read.
    pub write: usize,
    /// What it points to freed or unmapped.
    pub free: usize,
}

/// One driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driver {
    /// Its name.
    pub name: String,
    /// Its folder or file, from the root of the tree.
    pub path: String,
    /// Its class.
    pub class: Class,
    /// Why it has this class, and how it was found.
    pub why: Vec<String>,
    /// Other names: module, option, folder.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Functions and macros of the base class, with the number of uses.
    pub functions: BTreeMap<String, usize>,
    /// Of those, the ones for callers that hold the lock.
    #[serde(default)]
    pub locked: BTreeMap<String, usize>,
    /// Fields of the base class and of the GEM object in it.
    pub fields: BTreeMap<String, FieldUse>,
    /// Driver-wide hooks set, with what they are set to.
    #[serde(default)]
    pub hooks: BTreeMap<String, Vec<String>>,
    /// Entries of the object's operations set, with what they are set to.
    #[serde(default)]
    pub operations: BTreeMap<String, Vec<String>>,
    /// Parts of the DRM core beside the base class that decide how memory is managed.
    #[serde(default)]
    pub traits: Vec<Trait>,
    /// Every site.
    pub sites: Vec<Site>,
    /// Fields whose owner could not be told.
    #[serde(default)]
    pub unresolved: Vec<Unresolved>,
}

/// Something a driver uses that decides which policies its parts need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// User space places mappings in device address spaces (`drm_gpuvm`).
    Gpuvm,
    /// The kernel places mappings in device address spaces (`drm_mm`).
    DrmMm,
    /// A shrinker is registered.
    Shrinker,
    /// The allocation zone is restricted (`mapping_set_gfp_mask`).
    ZoneMask,
    /// The display part of DRM is used.
    Modeset,
    /// The device can be cache-coherent or not, and the driver asks.
    Coherency,
}

impl Driver {
    /// The number of sites of each finding.
    pub fn by_finding(&self) -> BTreeMap<Number, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.sites.iter().filter_map(|site| site.finding) {
            *counts.entry(finding).or_insert(0) += 1;
        }
        counts
    }

    /// Sites that no finding covers.
    pub fn uncovered(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.finding.is_none())
    }

    /// Whether the driver goes by `name`.
    pub fn is_named(&self, name: &str) -> bool {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        same(&self.name) || self.aliases.iter().any(|alias| same(alias))
    }
}

/// A file of the DRM core that uses the base class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// The file, from the root of the tree.
    pub path: String,
    /// Every site.
    pub sites: Vec<Site>,
}

/// A whole survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// The kernel's version.
    pub kernel: String,
    /// The drivers, in order of their paths.
    pub drivers: Vec<Driver>,
    /// Users in the DRM core.
    #[serde(default)]
    pub core: Vec<Core>,
    /// What is worth knowing and is no driver.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What could not be looked at.
    #[serde(default)]
    pub skipped: Vec<Skip>,
}

impl Report {
    /// The driver that goes by `name`; an exact name before another driver's alias.
    pub fn driver(&self, name: &str) -> Option<&Driver> {
        self.drivers
            .iter()
            .find(|driver| driver.name.eq_ignore_ascii_case(name))
            .or_else(|| self.drivers.iter().find(|driver| driver.is_named(name)))
    }

    /// The number of drivers of a class.
    pub fn count(&self, class: Class) -> usize {
        self.drivers
            .iter()
            .filter(|driver| driver.class == class)
            .count()
    }

    /// Whether everything was looked at and judged.
    pub fn is_complete(&self) -> bool {
        !self.skipped.iter().any(|skip| skip.loses)
            && self
                .drivers
                .iter()
                .all(|driver| driver.unresolved.is_empty())
    }
}

/// The counts of functions and fields over `sites`.
pub(crate) fn count(sites: &[Site]) -> (BTreeMap<String, usize>, BTreeMap<String, FieldUse>) {
    let mut functions: BTreeMap<String, usize> = BTreeMap::new();
    let mut fields: BTreeMap<String, FieldUse> = BTreeMap::new();
    for site in sites
        .iter()
        .filter(|site| site.finding != Some(super::sites::UNLOCKED))
    {
        let (read, write, free) = match site.what {
            What::Call | What::Callback | What::Macro => {
                *functions.entry(site.symbol.clone()).or_default() += 1;
                continue;
            }
            What::Read => (1, 0, 0),
            What::Write => (0, 1, 0),
            What::ReadWrite => (1, 1, 0),
            What::Free => (0, 0, 1),
            What::Embed | What::TypeUse | What::Downcast | What::Hook | What::Override => continue,
        };
        let field = fields.entry(site.symbol.clone()).or_default();
        field.read += read;
        field.write += write;
        field.free += free;
    }
    (functions, fields)
}
