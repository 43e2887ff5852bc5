//! What debugfs and fdinfo print of objects.

use std::fmt;

use super::figures::MemoryStats;
use super::object::Object;
use crate::PAGE_SHIFT;

/// Prints name, references, first page in the offset space, size and whether it is imported, then the driver's lines
/// (`drm_gem_print_info`). No lock is taken but by the driver.
///
/// # Errors
///
/// Those of `out`.
pub fn print_info(object: &dyn Object, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
    let (header, tabs) = (object.gem(), "\t".repeat(indent));
    let start = header.node().offset().unwrap_or(0) >> PAGE_SHIFT;
    let imported = if header.is_imported() { "yes" } else { "no" };
    writeln!(out, "{tabs}name={}", header.name().unwrap_or(0))?;
    writeln!(out, "{tabs}refcount={}", header.refs())?;
    writeln!(out, "{tabs}start={start:08x}")?;
    writeln!(out, "{tabs}size={}", header.size())?;
    writeln!(out, "{tabs}imported={imported}")?;
    object.print_info(out, indent)
}

impl MemoryStats {
    /// Prints the figures of fdinfo (`drm_print_memory_stats`): resident and purgeable only where an object tells its status.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn print(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        print_size(out, "total", self.total())?;
        print_size(out, "shared", self.shared)?;
        print_size(out, "active", self.active)?;
        if self.has_status {
            print_size(out, "resident", self.resident)?;
            print_size(out, "purgeable", self.purgeable)?;
        }
        Ok(())
    }
}

/// Whole KiB and MiB where the number allows it.
fn print_size(out: &mut dyn fmt::Write, stat: &str, bytes: u64) -> fmt::Result {
    let (mut size, mut unit) = (bytes, "");
    for next in [" KiB", " MiB"] {
        if size == 0 || !size.is_multiple_of(1024) {
            break;
        }
        (size, unit) = (size / 1024, next);
    }
    writeln!(out, "drm-{stat}-memory:\t{size}{unit}")
}
