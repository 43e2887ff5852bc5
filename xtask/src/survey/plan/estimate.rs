//! What a move will take, from ports that have been moved and measured.

use std::fmt::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::survey::report::Driver;
use crate::{Failure, Result};

/// Where the board of `migrate` is kept, from this crate's folder, as
/// `cargo xtask migrate --format json` prints it.
const BOARD: &str = "data/board.json";

/// The board, as far as an estimate needs it.
#[derive(Deserialize)]
struct Board {
    drivers: Vec<Measured>,
}

/// A port that has been moved: its row of the board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Measured {
    /// The port's driver.
    pub driver: String,
    /// Sites on the before side.
    pub sites: usize,
    /// Sites that the tool rewrites.
    pub rewritten: usize,
    /// Lines by which the committed after side differs from the tool's output.
    pub hand_delta_lines: usize,
}

/// What a move will take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The driver's sites.
    pub sites: usize,
    /// Of those, sites the tool rewrites, at the share of the measured ports.
    pub rewritten: usize,
    /// Lines to write by hand: the smallest, middle and largest share of the measured ports.
    pub lines_by_hand: [usize; 3],
    /// How many ports it rests on.
    pub ports: usize,
}

/// The measured ports; none if there are none yet.
pub fn measured() -> Result<Vec<Measured>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(BOARD);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map(|board: Board| board.drivers)
            .map_err(|error| Failure::new(format!("`{}` is damaged: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Failure::new(format!(
            "cannot read `{}`: {error}",
            path.display()
        ))),
    }
}

impl Estimate {
    /// An estimate for `driver`; `None` without a measured port that has sites.
    pub(super) fn of(driver: &Driver, measured: &[Measured]) -> Option<Estimate> {
        let ports: Vec<&Measured> = measured.iter().filter(|port| port.sites > 0).collect();
        let sites = driver.sites.len();
        let all: usize = ports.iter().map(|port| port.sites).sum();
        let rewritten: usize = ports.iter().map(|port| port.rewritten).sum();
        let mut by_hand: Vec<usize> = ports
            .iter()
            .map(|port| sites * port.hand_delta_lines / port.sites)
            .collect();
        by_hand.sort_unstable();
        let (first, last) = (*by_hand.first()?, *by_hand.last()?);
        Some(Estimate {
            sites,
            rewritten: sites * rewritten / all,
            lines_by_hand: [first, by_hand[by_hand.len() / 2], last],
            ports: ports.len(),
        })
    }

    pub(super) fn markdown(&self) -> String {
        let [low, middle, high] = self.lines_by_hand;
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{} sites, of which the tool rewrites about {}; about {middle} lines by hand ({low} to {high}), at what {} measured ports took per site.",
            self.sites, self.rewritten, self.ports
        );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Measured};
    use crate::survey::snapshot;

    fn port(sites: usize, rewritten: usize, hand_delta: usize) -> Measured {
        let row = format!(
            r#"{{"driver":"p","sites":{sites},"rewritten":{rewritten},"by_hand":0,"hand_delta_lines":{hand_delta}}}"#
        );
        serde_json::from_str(&row).expect("a row of the board")
    }

    #[test]
    fn the_estimate_scales_the_measured_ports_by_sites() {
        let report = snapshot::linux_6_12().expect("the committed survey");
        let driver = report.driver("v3d").expect("the driver");
        let sites = driver.sites.len();
        let ports = [port(10, 5, 10), port(10, 10, 20), port(20, 15, 60)];
        let estimate = Estimate::of(driver, &ports).expect("an estimate");
        assert_eq!(estimate.rewritten, sites * 30 / 40);
        assert_eq!(estimate.lines_by_hand, [sites, sites * 2, sites * 3]);
        assert_eq!(estimate.ports, 3);
    }

    #[test]
    fn without_measured_sites_there_is_no_estimate() {
        let report = snapshot::linux_6_12().expect("the committed survey");
        let driver = report.driver("v3d").expect("the driver");
        assert_eq!(Estimate::of(driver, &[]), None);
        assert_eq!(Estimate::of(driver, &[port(0, 0, 0)]), None);
    }
}
