//! Lines of pixels as commands for the chip (`udl_transfer.c`): alternating raw and repeated spans.

/// First byte of every command, and the byte that does nothing.
pub(crate) const BULK: u8 = 0xaf;
/// Writes 16-bit pixels, compressed.
pub(crate) const WRITE_RLX16: u8 = 0x6b;

/// Bytes of the shortest useful command: header and two pixels.
const MIN_COMMAND: usize = 11;
/// Most pixels of one command; its count is a byte, in which 0 means this.
const MAX_PIXELS: usize = 256;

/// Appends `pixels`, which go to `address` of the chip, to a transfer of at most `capacity` bytes. Answers how many fitted.
///
/// A transfer without room for another command is filled up with bytes that do nothing.
pub fn compress_line(
    pixels: &[u16],
    address: u32,
    transfer: &mut Vec<u8>,
    capacity: usize,
) -> usize {
    let mut next = 0;
    while next < pixels.len() && transfer.len() + MIN_COMMAND < capacity {
        let at = address + 2 * next as u32;
        let [_, high, middle, low] = at.to_be_bytes();
        transfer.extend([BULK, WRITE_RLX16, high, middle, low]);
        next += command(&pixels[next..], transfer, capacity);
    }
    if transfer.len() + MIN_COMMAND >= capacity {
        transfer.resize(capacity, BULK);
    }
    next
}

/// The counts and spans of one command. Answers how many pixels it holds.
fn command(pixels: &[u16], transfer: &mut Vec<u8>, capacity: usize) -> usize {
    let count_at = transfer.len();
    transfer.push(0);
    let mut raw_at = transfer.len();
    transfer.push(0);
    let room = (capacity - 1 - transfer.len()) / 2;
    let pixels = &pixels[..pixels.len().min(MAX_PIXELS).min(room)];
    let (mut next, mut raw_from) = (0, 0);
    while next < pixels.len() {
        let run = pixels[next..]
            .iter()
            .take_while(|pixel| **pixel == pixels[next])
            .count();
        transfer.extend(pixels[next].to_be_bytes());
        if run > 1 {
            // Raw pixels up to and with this one, and how often it is repeated; then a new span.
            transfer[raw_at] = (next - raw_from + 1) as u8;
            transfer.push((run - 1) as u8);
            raw_from = next + run;
            raw_at = transfer.len();
            transfer.push(0);
        }
        next += run;
    }
    if next > raw_from {
        transfer[raw_at] = (next - raw_from) as u8;
    } else {
        transfer.pop();
    }
    transfer[count_at] = next as u8;
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_colour_is_one_run() {
        let mut transfer = Vec::new();
        assert_eq!(
            compress_line(&[0x1234; 256], 0x1_0203, &mut transfer, 4096),
            256
        );
        let command = [BULK, WRITE_RLX16, 1, 2, 3, 0, 1, 0x12, 0x34, 255];
        assert_eq!(transfer, command);
    }

    #[test]
    fn raw_and_repeated_spans_alternate() {
        let mut transfer = Vec::new();
        compress_line(&[1, 2, 2, 2, 3], 0, &mut transfer, 512);
        let command = [BULK, WRITE_RLX16, 0, 0, 0, 5, 2, 0, 1, 0, 2, 2, 1, 0, 3];
        assert_eq!(transfer, command);
    }

    #[test]
    fn a_transfer_without_room_is_filled_up() {
        let pixels: Vec<u16> = (0..256).collect();
        let mut transfer = Vec::new();
        let fitted = compress_line(&pixels, 0, &mut transfer, 64);
        assert_eq!(transfer.len(), 64);
        assert_eq!(
            fitted, 28,
            "7 bytes of header, two for each pixel, one spare"
        );
        assert_eq!(transfer[63], BULK);
    }
}
