//! What of the suite is not compared: lines that a userspace model cannot have, each kind with its reason.

use crate::recording::Pattern::{Both, Contains, Prefix};
use crate::recording::Patterns;

const CORE_MM: &str = "the core mm answers from the mapping's flags; no driver is asked";
const PROT: &str = "mappings here are readable, or readable and writable";
const FOREIGN: &str = "another exporter's own checks";
const FRAMEBUFFER: &str = "the framebuffer's own lines; only its object is looked at";
const FD: &str = "descriptors are typed here: no call takes the wrong kind";

/// The patterns, and why.
pub(super) const PATTERNS: Patterns = Patterns::new(&[
    (Prefix("TIMING "), "times"),
    (
        Contains(" cap "),
        "capabilities are constants of the driver's features",
    ),
    (Contains(" gem_names:"), "a heading of debugfs"),
    (
        Contains(" render: "),
        "the version ioctl, in one line with others",
    ),
    (Contains(" mmap private-none "), PROT),
    (Contains(" mmap wo "), PROT),
    (Contains(" mmap none "), PROT),
    (Contains(" mmap rx "), PROT),
    (Contains(" mmap populate "), CORE_MM),
    (Contains(" mmap shared_validate"), CORE_MM),
    (Contains(" mmap hugetlb "), CORE_MM),
    (Contains(" mmap locked "), CORE_MM),
    (Contains(" madvise "), CORE_MM),
    (Contains(" mlock "), CORE_MM),
    (Contains(" msync "), CORE_MM),
    (Contains(" mincore "), CORE_MM),
    (Contains(" process_vm_readv "), CORE_MM),
    (Contains(" /proc/self/mem "), CORE_MM),
    (Contains(" smaps "), CORE_MM),
    (Contains(" addfb "), "object ids"),
    (Both(" fb ", ": refcount=1"), FRAMEBUFFER),
    (Both(" fb ", ": size=64x64"), FRAMEBUFFER),
    (Contains(" dmabuf lseek "), FD),
    (Contains(" dmabuf read "), FD),
    (Contains(" dmabuf ftruncate "), FD),
    (Contains(" import not-a-dmabuf "), FD),
    (Prefix("udmabuf "), FOREIGN),
    (Prefix("dma_heap "), FOREIGN),
]);

/// A line without the figure that depends on batches of the kernel's page lists.
pub(super) fn comparable(line: &str) -> &str {
    line.split_once(" Unevictable+")
        .map_or(line, |(rest, _)| rest)
}
