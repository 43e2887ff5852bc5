//! Exception codes of the hardware (`enum drm_panfrost_exception_type`).

/// Codes up to here are no faults.
const MAX_NON_FAULT: u32 = 0x3f;

const NAMES: &[(u32, &str)] = &[
    (0x00, "OK"),
    (0x01, "DONE"),
    (0x02, "INTERRUPTED"),
    (0x03, "STOPPED"),
    (0x04, "TERMINATED"),
    (0x05, "KABOOM"),
    (0x06, "EUREKA"),
    (0x08, "ACTIVE"),
    (0x40, "JOB_CONFIG_FAULT"),
    (0x41, "JOB_POWER_FAULT"),
    (0x42, "JOB_READ_FAULT"),
    (0x43, "JOB_WRITE_FAULT"),
    (0x44, "JOB_AFFINITY_FAULT"),
    (0x48, "JOB_BUS_FAULT"),
    (0x50, "INSTR_INVALID_PC"),
    (0x51, "INSTR_INVALID_ENC"),
    (0x52, "INSTR_TYPE_MISMATCH"),
    (0x53, "INSTR_OPERAND_FAULT"),
    (0x54, "INSTR_TLS_FAULT"),
    (0x55, "INSTR_BARRIER_FAULT"),
    (0x56, "INSTR_ALIGN_FAULT"),
    (0x58, "DATA_INVALID_FAULT"),
    (0x59, "TILE_RANGE_FAULT"),
    (0x5a, "ADDR_RANGE_FAULT"),
    (0x5b, "IMPRECISE_FAULT"),
    (0x60, "OOM"),
    (0x61, "OOM_AFBC"),
    (0x7f, "UNKNOWN"),
];

/// Whether the code is a fault (`panfrost_exception_is_fault`).
pub(crate) fn is_fault(code: u32) -> bool {
    code > MAX_NON_FAULT
}

/// Its name in the kernel log (`panfrost_exception_name`), for what a job can come to.
pub(crate) fn name(code: u32) -> &'static str {
    NAMES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("Unknown exception type", |(_, name)| name)
}
