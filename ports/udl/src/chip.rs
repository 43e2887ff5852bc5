//! The chip at the other end: registers, and memory that bulk transfers write (what the driver knows of the protocol,
//! `udl_proto.h`).

use super::compress::{BULK, WRITE_RLX16};
use super::registers::{WRITE_COPY16, WRITE_REGISTER};

/// Bytes that an address of 24 bits reaches.
const MEMORY: usize = 1 << 24;

/// The chip.
#[derive(Debug)]
pub struct Chip {
    registers: [u8; 256],
    memory: Vec<u8>,
    /// Transfers that were not understood to the end.
    garbled: u32,
}

impl Default for Chip {
    fn default() -> Self {
        Self {
            registers: [0; 256],
            memory: vec![0; MEMORY],
            garbled: 0,
        }
    }
}

impl Chip {
    /// A register.
    #[must_use]
    pub fn register(&self, number: u8) -> u8 {
        self.registers[usize::from(number)]
    }

    /// Transfers that were not understood to the end.
    #[must_use]
    pub fn garbled(&self) -> u32 {
        self.garbled
    }

    /// `count` 16-bit pixels from byte `at` of its memory.
    #[must_use]
    pub fn pixels(&self, at: usize, count: usize) -> Vec<u16> {
        let bytes = &self.memory[at..at + 2 * count];
        let pairs = bytes.as_chunks::<2>().0.iter();
        pairs.map(|pair| u16::from_be_bytes(*pair)).collect()
    }

    /// A bulk transfer arrives.
    pub(crate) fn receive(&mut self, transfer: &[u8]) {
        let mut rest = transfer;
        while !rest.is_empty() {
            match self.command(rest) {
                Some(used) => rest = &rest[used..],
                None => {
                    self.garbled += 1;
                    return;
                }
            }
        }
    }

    /// One command; the bytes that it took.
    fn command(&mut self, bytes: &[u8]) -> Option<usize> {
        match bytes {
            // A lone first byte, or one before another, does nothing.
            [BULK] | [BULK, BULK, ..] => Some(1),
            [BULK, WRITE_REGISTER, number, value, ..] => {
                self.registers[usize::from(*number)] = *value;
                Some(4)
            }
            [BULK, WRITE_COPY16, rest @ ..] => self.copy(rest).map(|used| used + 2),
            [BULK, WRITE_RLX16, rest @ ..] => self.write(rest).map(|used| used + 2),
            _ => None,
        }
    }

    /// From, count, to.
    fn copy(&mut self, bytes: &[u8]) -> Option<usize> {
        let (from, rest) = address(bytes)?;
        let (&count, rest) = rest.split_first()?;
        let (to, _) = address(rest)?;
        let len = pixels_of(count) * 2;
        if from.max(to) + len > MEMORY {
            return None;
        }
        self.memory.copy_within(from..from + len, to);
        Some(7)
    }

    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        let (mut at, mut rest) = address(bytes)?;
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at_checked(n)?;
            rest = left;
            Some(taken)
        };
        let mut left = pixels_of(take(1)?[0]);
        while left > 0 {
            let raw = pixels_of(take(1)?[0]);
            let raw = take(raw.min(left) * 2)?;
            left -= raw.len() / 2;
            self.memory
                .get_mut(at..at + raw.len())?
                .copy_from_slice(raw);
            at += raw.len();
            if left == 0 {
                break;
            }
            let repeats = usize::from(take(1)?[0]).min(left);
            let last = raw.get(raw.len() - 2..)?;
            for pixel in self.memory.get_mut(at..at + 2 * repeats)?.chunks_mut(2) {
                pixel.copy_from_slice(last);
            }
            (left, at) = (left - repeats, at + 2 * repeats);
        }
        Some(bytes.len() - rest.len())
    }
}

fn address(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&[high, middle, low], rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes([0, high, middle, low]) as usize, rest))
}

/// A count of pixels: 0 stands for 256.
fn pixels_of(count: u8) -> usize {
    if count == 0 { 256 } else { usize::from(count) }
}
