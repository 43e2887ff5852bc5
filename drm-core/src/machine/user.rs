//! Memory of the calling process that is no mapping of an object: what pointers in ioctl arguments point to.

use std::collections::BTreeMap;

use crate::errno::{Errno, Result};
use crate::sync::Mutex;

/// First address; far below what `mmap` hands out.
const BASE: u64 = 0x5500_0000_0000;
/// Between two pieces there is always a hole.
const STEP: u64 = 0x1_0000;

#[derive(Debug)]
struct State {
    next: u64,
    pieces: BTreeMap<u64, Vec<u8>>,
}

/// Anonymous memory of user space.
#[derive(Debug)]
pub struct UserMemory(Mutex<State>);

impl Default for UserMemory {
    fn default() -> Self {
        Self(Mutex::new(State {
            next: BASE,
            pieces: BTreeMap::new(),
        }))
    }
}

impl UserMemory {
    /// Puts `bytes` somewhere and returns the address.
    pub fn put(&self, bytes: &[u8]) -> u64 {
        let mut state = self.0.lock();
        let at = state.next;
        state.next += (bytes.len() as u64 / STEP + 2) * STEP;
        state.pieces.insert(at, bytes.to_vec());
        at
    }

    /// Takes a piece back, by its address; what it held by then. `None` for any other address.
    pub fn take(&self, at: u64) -> Option<Vec<u8>> {
        self.0.lock().pieces.remove(&at)
    }

    /// Copies from user space (`copy_from_user`). `EFAULT` outside of every piece.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result {
        self.with(at, into.len(), |bytes| into.copy_from_slice(bytes))
    }

    /// Copies to user space (`copy_to_user`). `EFAULT` outside of every piece.
    pub fn write(&self, at: u64, from: &[u8]) -> Result {
        self.with(at, from.len(), |bytes| bytes.copy_from_slice(from))
    }

    /// An array of `n` numbers (`vmemdup_array_user`). `EFAULT` outside of every piece.
    pub fn read_u32s(&self, at: u64, n: u32) -> Result<Vec<u32>> {
        let len = n as usize * 4;
        let mut numbers = Vec::new();
        self.with(at, len, |bytes| {
            let (words, _) = bytes.as_chunks::<4>();
            numbers = words.iter().map(|word| u32::from_ne_bytes(*word)).collect();
        })?;
        Ok(numbers)
    }

    fn with(&self, at: u64, len: usize, access: impl FnOnce(&mut [u8])) -> Result {
        if len == 0 {
            return Ok(());
        }
        let mut state = self.0.lock();
        let (start, piece) = state
            .pieces
            .range_mut(..=at)
            .next_back()
            .ok_or(Errno::EFAULT)?;
        let from = usize::try_from(at - start).map_err(|_| Errno::EFAULT)?;
        let to = from.checked_add(len).ok_or(Errno::EFAULT)?;
        access(piece.get_mut(from..to).ok_or(Errno::EFAULT)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_outside_of_every_piece_faults() {
        let user = UserMemory::default();
        let at = user.put(&[1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(user.read_u32s(at, 2), Ok(vec![1, 2]));
        assert_eq!(user.read_u32s(at, 3), Err(Errno::EFAULT));
        assert_eq!(user.read_u32s(0x1000, 1), Err(Errno::EFAULT));
        assert_eq!(user.write(at + 4, &[9; 4]), Ok(()));
        assert_eq!(user.take(at), Some(vec![1, 0, 0, 0, 9, 9, 9, 9]));
        assert_eq!(user.read(at, &mut [0]), Err(Errno::EFAULT));
    }
}
