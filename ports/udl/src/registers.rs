//! The transfers that set a mode and turn the screen on and off (`udl_modeset.c`).

use super::compress::BULK;

/// Writes a register.
pub(crate) const WRITE_REGISTER: u8 = 0x20;
/// Copies pixels within the chip.
pub(crate) const WRITE_COPY16: u8 = 0x6a;

const COLOR_DEPTH: u8 = 0x00;
const BLANK_MODE: u8 = 0x1f;
const BASE16: u8 = 0x20;
const BASE8: u8 = 0x26;
const VIDEO_REGISTERS: u8 = 0xff;

const DEPTH_16: u8 = 0;
const BLANK_ON: u8 = 0x00;
const BLANK_POWERDOWN: u8 = 0x07;

/// The timing of a mode (`struct drm_display_mode`), in pixels and lines.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Kilohertz.
    pub clock: u32,
    /// Visible pixels, begin and end of the synchronisation, all pixels of a line.
    pub horizontal: [u16; 4],
    /// The same for lines.
    pub vertical: [u16; 4],
}

impl Mode {
    /// 640 by 480 at 60 Hz.
    pub const VGA: Self = Self {
        clock: 25_175,
        horizontal: [640, 656, 752, 800],
        vertical: [480, 490, 492, 525],
    };
    /// 800 by 600 at 60 Hz.
    pub const SVGA: Self = Self {
        clock: 40_000,
        horizontal: [800, 840, 968, 1056],
        vertical: [600, 601, 605, 628],
    };
}

/// A transfer that is being written.
#[derive(Default)]
struct Registers(Vec<u8>);

impl Registers {
    fn set(&mut self, number: u8, value: u8) {
        self.0.extend([BULK, WRITE_REGISTER, number, value]);
    }

    fn set16(&mut self, number: u8, value: u16) {
        let [high, low] = value.to_be_bytes();
        self.set(number, high);
        self.set(number + 1, low);
    }

    /// The chip counts with a shift register: the value that it reaches after `count` steps.
    fn set_count(&mut self, number: u8, count: u16) {
        self.set16(number, lfsr16(count));
    }

    fn set_base(&mut self, number: u8, base: u32) {
        let [_, high, middle, low] = base.to_be_bytes();
        self.set(number, high);
        self.set(number + 1, middle);
        self.set(number + 2, low);
    }

    fn finish(mut self) -> Vec<u8> {
        self.set(VIDEO_REGISTERS, 0xff);
        // Registers take effect with the next drawing: one pixel is copied onto itself.
        self.0.extend([BULK, WRITE_COPY16, 0, 0, 0, 1, 0, 0, 0]);
        self.0
    }

    fn locked() -> Self {
        let mut registers = Self::default();
        registers.set(VIDEO_REGISTERS, 0);
        registers
    }
}

fn lfsr16(steps: u16) -> u16 {
    (0..steps).fold(0xffff, |value: u16, _| {
        let bit = value >> 15 ^ value >> 4 ^ value >> 2 ^ value >> 1;
        value << 1 | bit & 1
    })
}

/// Sets `mode`, 16 bits a pixel, and turns the screen on (`udl_crtc_helper_atomic_enable`).
pub(crate) fn enable(mode: &Mode) -> Vec<u8> {
    let [width, h_sync, h_sync_end, h_total] = mode.horizontal;
    let [height, v_sync, v_sync_end, v_total] = mode.vertical;
    let mut registers = Registers::locked();
    registers.set(COLOR_DEPTH, DEPTH_16);
    registers.set_base(BASE16, 0);
    registers.set_base(BASE8, 2 * u32::from(width) * u32::from(height));
    registers.set_count(0x01, h_total - h_sync);
    registers.set_count(0x03, h_total - h_sync + width);
    registers.set_count(0x05, v_total - v_sync);
    registers.set_count(0x07, v_total - v_sync + height);
    registers.set_count(0x09, h_total - 1);
    registers.set_count(0x0b, 1);
    registers.set_count(0x0d, h_sync_end - h_sync + 1);
    registers.set16(0x0f, width);
    registers.set_count(0x11, v_total);
    registers.set_count(0x13, 0);
    registers.set_count(0x15, v_sync_end - v_sync);
    registers.set16(0x17, height);
    // The pixel clock, in 5 kHz, is the one register with its low byte first.
    registers.set16(0x1b, ((mode.clock / 5) as u16).swap_bytes());
    registers.set(BLANK_MODE, BLANK_ON);
    registers.finish()
}

/// Powers the screen down (`udl_crtc_helper_atomic_disable`).
pub(crate) fn disable() -> Vec<u8> {
    let mut registers = Registers::locked();
    registers.set(BLANK_MODE, BLANK_POWERDOWN);
    registers.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_register_starts_full_and_takes_its_first_steps() {
        assert_eq!([lfsr16(0), lfsr16(1), lfsr16(2)], [0xffff, 0xfffe, 0xfffc]);
    }

    #[test]
    fn the_clock_has_its_low_byte_first() {
        let transfer = enable(&Mode::VGA);
        let low = [BULK, WRITE_REGISTER, 0x1b, (25_175u32 / 5) as u8];
        assert!(transfer.windows(4).any(|bytes| bytes == low));
    }
}
