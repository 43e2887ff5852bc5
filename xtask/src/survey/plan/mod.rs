//! The order of work to move a real driver to gem-uma, as a document that can be mailed.
//!
//! Everything is derived from the driver's sites: the objects from where the base class is embedded,
//! the parts and their policies from what is touched, the rules from what is done to it. The
//! estimate comes from ports that have been measured; without any, none is given.

mod estimate;
mod parts;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;

pub use estimate::{Estimate, Measured, measured};
pub use parts::{Part, Policy};
pub use rules::Broken;

use super::report::{Class, Driver, origin};
use super::sites::{Site, UNLOCKED, What};
use crate::findings::{self, Number};

/// One step: a patch that builds and changes no behaviour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the step does.
    pub title: String,
    /// The part that takes over; empty for the object and the glue.
    pub part: String,
    /// The findings it ends, with the number of sites.
    pub findings: BTreeMap<Number, usize>,
    /// Where they are, as `file.c:1,2,3`.
    pub places: BTreeMap<Number, Vec<String>>,
    /// The files it touches.
    pub files: BTreeSet<String>,
}

/// The plan for one driver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The driver.
    pub driver: String,
    /// The kernel it was read in.
    pub kernel: String,
    /// Its class; a plan for one that is not UMA says to stay.
    pub class: Class,
    /// The structures that embed the base class.
    pub objects: BTreeSet<String>,
    /// The parts it needs.
    pub parts: Vec<Part>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The rules of gem-uma that it breaks today.
    pub broken: Vec<Broken>,
    /// The estimate, if ports have been measured.
    pub estimate: Option<Estimate>,
    #[serde(skip)]
    sites: Vec<Site>,
}

/// The steps from the ground up, with the findings each ends.
const STEPS: [(&str, &str, &[u8]); 8] = [
    (
        "The object embeds parts instead of the base class; `#[bridge]` keeps the old names",
        "",
        &[1, 2, 13, 27],
    ),
    (
        "The pages belong to the backing",
        "Backing",
        &[3, 4, 11, 12, 17, 33],
    ),
    (
        "The scatter table belongs to the device map",
        "DeviceMap",
        &[5, 15, 16, 30],
    ),
    (
        "Kernel and user mappings belong to the CPU map",
        "CpuMap",
        &[8, 9, 10, 20, 24, 25],
    ),
    (
        "A pin blocks reclaim and does nothing else",
        "Backing",
        &[18, 19],
    ),
    (
        "Advice and purging belong to reclaim",
        "Reclaim",
        &[6, 7, 21, 22, 23],
    ),
    (
        "The test for an import and the shared lock belong to the parts",
        "Share",
        &[31, 32],
    ),
    (
        "The derive writes the operations; the bridge goes",
        "",
        &[14, 26, 28, 29, 34],
    ),
];

impl Plan {
    /// The plan for `driver` of `kernel`.
    pub fn of(driver: &Driver, kernel: &str, measured: &[Measured]) -> Plan {
        let steps = STEPS
            .iter()
            .filter_map(|(title, part, numbers)| step(driver, title, part, numbers))
            .collect();
        let objects: BTreeSet<String> = driver
            .sites
            .iter()
            .filter(|site| site.what == What::Embed)
            .filter_map(|site| site.function.clone())
            .collect();
        Plan {
            driver: driver.name.clone(),
            kernel: kernel.to_owned(),
            class: driver.class,
            objects,
            parts: parts::of(driver),
            steps,
            broken: rules::broken(driver),
            estimate: Estimate::of(driver, measured),
            sites: driver.sites.clone(),
        }
    }

    /// The plan as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# Moving {} to gem-uma\n\n", self.driver);
        let _ = writeln!(
            out,
            "From its source in {}: {} sites.",
            origin(&self.kernel),
            self.sites.len()
        );
        if self.class != Class::Uma {
            let _ = writeln!(
                out,
                "\n{} is {}: no device reaches its pages. It stays on gem-shmem, whose closed object gives it all it uses.",
                self.driver,
                self.class.as_str()
            );
            if self
                .sites
                .iter()
                .all(|site| matches!(site.finding.map(|it| it.0), Some(28 | 34)))
            {
                out.push_str("Nothing is to be done.\n");
                return out;
            }
            out.push_str("The steps below end what it touches of the base class.\n");
        }
        if !self.objects.is_empty() {
            out.push_str("\n## Objects\n\n");
            for object in &self.objects {
                let _ = writeln!(out, "* `{object}` embeds the base class");
            }
        }
        if self.class == Class::Uma {
            out.push_str("\n## Parts\n\n");
            for part in &self.parts {
                let _ = writeln!(out, "* **{}**", part.name);
                for policy in &part.policies {
                    let _ = writeln!(out, "  * {}: {}", policy.what, policy.because);
                }
            }
        }
        out.push_str(
            "\n## Steps\n\nEach is a patch that builds and keeps the driver's behaviour.\n",
        );
        let mut told = BTreeSet::new();
        for (number, step) in self.steps.iter().enumerate() {
            write_step(number + 1, step, &mut told, &mut out);
        }
        out.push_str("\n## Rules it breaks today\n\n");
        if self.broken.is_empty() {
            out.push_str("None that its source shows.\n");
        }
        for broken in &self.broken {
            let _ = writeln!(
                out,
                "* **{}** {}: {}",
                broken.number,
                broken.rule,
                broken.places.join(", ")
            );
        }
        out.push_str("\n## Estimate\n\n");
        match &self.estimate {
            Some(estimate) => out.push_str(&estimate.markdown()),
            None => {
                let _ = writeln!(
                    out,
                    "{} sites. No port has been measured yet, so no lines are given.",
                    self.sites.len()
                );
            }
        }
        out
    }
}

/// Writes a step; what replaces a finding is told once.
fn write_step(number: usize, step: &Step, told: &mut BTreeSet<Number>, out: &mut String) {
    let _ = writeln!(out, "\n{number}. **{}.**", step.title);
    for (finding, count) in &step.findings {
        let title = findings::find(*finding)
            .map(|it| it.page().title().to_owned())
            .unwrap_or_default();
        let places = step
            .places
            .get(finding)
            .map(|places| places.join(", "))
            .unwrap_or_default();
        let _ = writeln!(out, "   * {title}: {count} ({places})");
    }
    for finding in step.findings.keys() {
        let Some(finding) = findings::find(*finding).filter(|it| told.insert(it.number)) else {
            continue;
        };
        let page = finding.page();
        let first = page
            .instead()
            .split("\n\n")
            .next()
            .unwrap_or("")
            .replace('\n', " ");
        let _ = writeln!(out, "   * instead of {}: {first}", finding.number);
    }
}

/// The finding that says which step ends a site: for a field touched without its lock, that of the field.
fn ended_by(site: &Site, driver: &Driver) -> Option<Number> {
    if site.finding != Some(UNLOCKED) {
        return site.finding;
    }
    let same = |other: &&Site| {
        other.finding != site.finding
            && (&other.file, other.line, &other.symbol) == (&site.file, site.line, &site.symbol)
    };
    driver
        .sites
        .iter()
        .find(same)
        .map_or(site.finding, |field| field.finding)
}

fn step(driver: &Driver, title: &str, part: &str, numbers: &[u8]) -> Option<Step> {
    let is_in =
        |site: &&Site| ended_by(site, driver).is_some_and(|finding| numbers.contains(&finding.0));
    let sites: Vec<&Site> = driver.sites.iter().filter(is_in).collect();
    if sites.is_empty() {
        return None;
    }
    let mut findings = BTreeMap::new();
    for finding in sites.iter().filter_map(|site| site.finding) {
        *findings.entry(finding).or_insert(0) += 1;
    }
    let places = findings
        .keys()
        .map(|finding| {
            let of = sites.iter().filter(|site| site.finding == Some(*finding));
            (*finding, places(of.copied()))
        })
        .collect();
    let files = sites.iter().map(|site| site.file.clone()).collect();
    Some(Step {
        title: title.to_owned(),
        part: part.to_owned(),
        findings,
        places,
        files,
    })
}

/// Where sites are, as `file.c:1,2,3` for each file.
pub(crate) fn places<'s>(sites: impl Iterator<Item = &'s Site>) -> Vec<String> {
    let mut by_file: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for site in sites {
        let name = site.file.rsplit('/').next().unwrap_or(&site.file);
        by_file.entry(name).or_default().insert(site.line);
    }
    by_file
        .into_iter()
        .map(|(file, lines)| {
            let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
            format!("{file}:{}", lines.join(","))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Plan, STEPS};
    use crate::findings::{self, Number};
    use crate::survey::snapshot;

    fn plan(name: &str) -> Plan {
        let report = snapshot::linux_6_12().expect("the committed survey");
        Plan::of(
            report.driver(name).expect("the driver"),
            &report.kernel,
            &[],
        )
    }

    #[test]
    fn every_finding_belongs_to_exactly_one_step() {
        let mut numbers: Vec<u8> = STEPS
            .iter()
            .flat_map(|(_, _, numbers)| *numbers)
            .copied()
            .collect();
        numbers.sort_unstable();
        let all: Vec<u8> = findings::all()
            .iter()
            .map(|finding| finding.number.0)
            .collect();
        assert_eq!(numbers, all);
    }

    #[test]
    fn every_site_is_in_a_step() {
        for name in [
            "panfrost",
            "lima",
            "panthor",
            "ivpu",
            "virtgpu",
            "v3d",
            "imagination",
        ] {
            let plan = plan(name);
            let planned: usize = plan
                .steps
                .iter()
                .flat_map(|step| step.findings.values())
                .sum();
            assert_eq!(planned, plan.sites.len(), "{name}");
        }
    }

    #[test]
    fn a_field_touched_without_its_lock_is_in_the_step_of_the_field() {
        let plan = plan("panfrost");
        let of = |part: &str| {
            plan.steps
                .iter()
                .find(|step| step.part == part)
                .and_then(|step| step.places.get(&Number(30)))
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(of("Backing"), ["panfrost_gem.c:203,218"]);
        assert_eq!(of("DeviceMap"), ["panfrost_dump.c:206,223"]);
        assert_eq!(of("Reclaim"), ["panfrost_gem.c:159,206"]);
    }

    #[test]
    fn a_heap_filled_by_hand_needs_sparse_backing_and_a_driver_without_one_does_not() {
        let parts = |name: &str| {
            plan(name)
                .parts
                .into_iter()
                .map(|part| part.name)
                .collect::<BTreeSet<_>>()
        };
        assert!(parts("panfrost").contains("SparseBacking"));
        assert!(parts("lima").contains("SparseBacking"));
        assert!(!parts("panthor").contains("SparseBacking"));
        assert!(parts("panfrost").contains("Reclaim"));
        assert!(!parts("v3d").contains("Reclaim"));
    }

    #[test]
    fn a_display_driver_is_told_to_stay() {
        let text = plan("simpledrm").markdown();
        assert!(text.contains("It stays on gem-shmem"));
        assert!(text.contains("Nothing is to be done."));
    }

    #[test]
    fn the_object_and_the_broken_rules_are_named() {
        let text = plan("lima").markdown();
        assert!(text.contains("* `struct lima_bo` embeds the base class"));
        assert!(text.contains("lima_gem.c:49"));
        assert!(text.contains("No port has been measured yet"));
    }
}
