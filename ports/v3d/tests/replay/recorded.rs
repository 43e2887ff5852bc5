//! The recordings that ended with the kernel.

/// The operation that a recording leaves out because it never came back.
pub(super) fn last_operation(stem: &str) -> Option<&'static str> {
    Some(match stem {
        // A wrong number of objects for a reset of timestamps.
        "v3d-cpu-bad0" => "cpu 0 3 8 1",
        "v3d-cpu-bad1" => "cpu 0 3 8 1 0 1",
        // An extension that is none.
        "v3d-cpu-bad3" => "cpu 0 9 8 1 0",
        "v3d-cpu-import" => "cpu 0 4 8 1 0",
        "v3d-cpu-oob" => "cpu 0 4 4096 1 0",
        _ => return None,
    })
}
