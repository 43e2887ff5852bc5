//! The parts a driver needs, with their policies, each with the site that says so.

use serde::Serialize;

use super::places;
use crate::survey::report::{Driver, Trait};
use crate::survey::sites::{Site, What};

/// A part of gem-uma.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its type.
    pub name: &'static str,
    /// Its policies.
    pub policies: Vec<Policy>,
}

/// A policy of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// What it is.
    pub what: String,
    /// What in the driver asks for it.
    pub because: String,
}

impl Part {
    fn new(name: &'static str) -> Part {
        Part {
            name,
            policies: Vec::new(),
        }
    }

    fn policy(mut self, what: &str, because: impl Into<String>) -> Part {
        self.policies.push(Policy {
            what: what.to_owned(),
            because: because.into(),
        });
        self
    }

    fn policy_if(self, because: Option<String>, what: &str) -> Part {
        match because {
            Some(because) => self.policy(what, because),
            None => self,
        }
    }
}

/// What to look for in a driver's sites.
struct Facts<'a>(&'a Driver);

impl Facts<'_> {
    /// Where `symbol` is used in one of these ways; `None` if it is not.
    fn at(&self, symbol: &str, what: &[What]) -> Option<String> {
        let is =
            |site: &&Site| site.symbol == symbol && (what.is_empty() || what.contains(&site.what));
        let list = places(self.0.sites.iter().filter(is));
        (!list.is_empty()).then(|| format!("`{symbol}` at {}", list.join(", ")))
    }

    fn any(&self, symbols: &[&str], what: &[What]) -> Option<String> {
        symbols.iter().find_map(|symbol| self.at(symbol, what))
    }

    fn has(&self, it: Trait) -> bool {
        self.0.traits.contains(&it)
    }

    /// The driver's own functions for an operation.
    fn own(&self, operation: &str) -> Option<String> {
        let own: Vec<&str> = self
            .0
            .operations
            .get(operation)?
            .iter()
            .map(String::as_str)
            .filter(|function| !function.starts_with("drm_gem_"))
            .collect();
        (!own.is_empty()).then(|| format!("`.{operation}` is {}", own.join(", ")))
    }
}

const WRITES: &[What] = &[What::Write, What::ReadWrite];

/// The parts of a driver, from the ground up.
pub(super) fn of(driver: &Driver) -> Vec<Part> {
    let facts = Facts(driver);
    let sparse = facts
        .at("pages", WRITES)
        .or_else(|| facts.at("pages_use_count", WRITES));
    let whole = facts.any(
        &[
            "drm_gem_shmem_get_pages_sgt",
            "drm_gem_shmem_get_pages_sgt_locked",
            "drm_gem_shmem_pin",
        ],
        &[],
    );
    let mut parts = Vec::new();
    if whole.is_some() || sparse.is_none() {
        let part = Part::new("Backing").policy_if(whole, "the whole object, filled at once");
        parts.push(with_zone(&facts, part));
    }
    if let Some(sparse) = &sparse {
        let part = Part::new("SparseBacking").policy("filled by range, in granules", sparse);
        parts.push(with_zone(&facts, part));
    }
    parts.push(device_map(&facts, sparse.is_some()));
    parts.push(cpu_map(&facts));
    parts.push(gpu_map(&facts));
    parts.extend(reclaim(&facts));
    parts.push(share(&facts));
    parts
}

fn with_zone(facts: &Facts<'_>, part: Part) -> Part {
    let zone = facts
        .has(Trait::ZoneMask)
        .then(|| facts.at("base.filp", &[]))
        .flatten();
    part.policy_if(zone, "an allocation zone of its own")
}

fn device_map(facts: &Facts<'_>, sparse: bool) -> Part {
    let part = Part::new("DeviceMap");
    let part = if sparse {
        part.policy(
            "whole, and per granule for sparse objects",
            "the pages are mapped as they are filled",
        )
    } else {
        part.policy("whole, at first use", "one table for the object")
    };
    part.policy_if(
        facts.at("sgt", &[What::Write, What::Free]),
        "the table is made and dropped by the part alone",
    )
}

fn cpu_map(facts: &Facts<'_>) -> Part {
    Part::new("CpuMap")
        .policy_if(
            facts.at("map_wc", WRITES),
            "write-combine derived from the device and the object's flags",
        )
        .policy_if(
            facts.any(&["drm_gem_shmem_vmap", "drm_gem_shmem_vmap_locked"], &[]),
            "kernel mappings, counted",
        )
        .policy_if(
            facts.at("vaddr", &[]),
            "a kernel mapping held for the object's life, lent by a guard",
        )
        .policy_if(
            facts.own("mmap"),
            "user mappings allowed or refused by object",
        )
        .policy_if(
            facts.own("vmap"),
            "kernel mappings refused for some objects",
        )
}

fn gpu_map(facts: &Facts<'_>) -> Part {
    let part = Part::new("GpuMap");
    if facts.has(Trait::Gpuvm) {
        return part.policy("addresses given by user space, per VM", "it uses drm_gpuvm");
    }
    if facts.has(Trait::DrmMm) && facts.own("open").is_some() {
        return part
            .policy("addresses given by the kernel, per file", "it uses drm_mm")
            .policy_if(facts.own("open"), "mapped when a handle is made");
    }
    if facts.has(Trait::DrmMm) {
        return part.policy(
            "addresses given by the kernel",
            "it uses drm_mm and has no `.open`",
        );
    }
    part.policy("a host resource", "neither drm_gpuvm nor drm_mm is used")
}

fn reclaim(facts: &Facts<'_>) -> Option<Part> {
    let advice = facts.any(
        &[
            "drm_gem_shmem_madvise",
            "drm_gem_shmem_madvise_locked",
            "drm_gem_shmem_purge",
            "drm_gem_shmem_purge_locked",
        ],
        &[],
    )?;
    let part = Part::new("Reclaim").policy("purge", advice);
    Some(part.policy_if(
        facts.at("madv_list", &[]),
        "the list of candidates is the part's",
    ))
}

fn share(facts: &Facts<'_>) -> Part {
    Part::new("Share")
        .policy_if(facts.own("export"), "export refused for some objects")
        .policy_if(
            facts.own("pin"),
            "a pin for sharing refused for some objects",
        )
        .policy_if(
            facts.at("base.resv", WRITES),
            "a reservation lock shared with a VM or an exporter, given at creation",
        )
        .policy_if(facts.at("gem_prime_import", &[]), "an import of its own")
        .policy_if(
            facts.any(
                &[
                    "drm_gem_shmem_prime_import_sg_table",
                    "gem_prime_import_sg_table",
                ],
                &[],
            ),
            "the exporter owns the table of an import",
        )
}
