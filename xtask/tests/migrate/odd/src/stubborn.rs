//! Sites in the bodies of macros that only a person can move.

use drm_core::gem::Gem;

use crate::objects::{Buffer, Queue};

/// Nobody can tell what the repetition is as code.
macro_rules! all_mapped {
    ($($buffer:expr),*) => {
        true $(&& $buffer.shmem.racy().sgt.is_some())*
    };
}

/// Once for a buffer, and once for something else that has fields of these names.
macro_rules! size {
    ($buffer:expr) => {
        $buffer.shmem.base.size()
    };
}

/// The name of the field comes from the call.
macro_rules! field_of {
    ($buffer:expr, $field:ident) => {
        $buffer.$field.base.size()
    };
}

struct Pair {
    shmem: Half,
}

struct Half {
    base: Vec<u8>,
}

trait Size {
    fn size(&self) -> u64;
}

impl Size for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// What a macro makes of its arguments.
pub(crate) fn sizes(buffer: &Gem<Buffer>, queue: &Queue) -> u64 {
    let pair = Pair { shmem: Half { base: vec![0; 7] } };
    if all_mapped!(buffer, buffer) {
        return 0;
    }
    size!(buffer) + size!(pair) + field_of!(buffer, shmem) + field_of!(queue, inner)
}

/// More than a look at the table.
pub fn unmap(buffer: &Buffer) {
    if let Some(table) = buffer.shmem.racy().sgt.clone() {
        table.unmap();
    }
}
