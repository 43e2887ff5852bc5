//! Calls in closures, and objects handed through generic functions.

use std::ops::Deref;

use drm_core::errno::Result;
use drm_core::gem::Gem;

use crate::objects::Buffer;

/// Maps every buffer for the device.
pub fn map_all(buffers: &[Gem<Buffer>]) -> Result<usize> {
    let runs: Result<Vec<usize>> =
        buffers.iter().map(|buffer| buffer.shmem.get_pages_sgt().map(|table| table.entries().len())).collect();
    let resident = buffers.iter().filter(|buffer| buffer.shmem.racy().pages.is_some()).count();
    Ok(runs?.into_iter().sum::<usize>() + resident + buffers.first().map_or(Ok(0), each)?)
}

/// Brings the pages of a buffer in, and maps them.
pub fn fill(buffer: &Buffer) -> Result {
    buffer.shmem.get_pages_sgt()?; // for good
    Ok(())
}

fn each<B: Deref<Target = Buffer>>(buffer: &B) -> Result<usize> {
    Ok(usize::from(buffer.shmem.get_pages_sgt()?.is_mapped()))
}

/// Where it is, for a dump.
pub fn dump(buffer: &Buffer) -> Vec<u64> {
    let Some(table) = buffer.shmem.racy().sgt.clone() else {
        return Vec::new();
    };
    table.entries().iter().map(|entry| entry.addr).collect()
}
