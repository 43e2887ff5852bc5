//! How the recordings were made, and those that ended with the kernel.

use port_lima::{Config, Model};

/// The device and the module's parameters of a recording.
pub(super) fn config(stem: &str) -> Config {
    Config {
        model: if stem.starts_with("lima450") {
            Model::Mali450
        } else {
            Model::Mali400
        },
        sched_timeout_ms: if stem == "lima-timeout" { 500 } else { 0 },
        ..Config::default()
    }
}

/// The operation that a recording leaves out because it never came back.
pub(super) fn last_operation(stem: &str) -> Option<&'static str> {
    Some(match stem {
        "lima-block" => "close 1",
        "lima-wrap" => "close 1",
        "lima-inject" => "import 1 1 0",
        _ => return None,
    })
}
