//! The one plane: damaged lines, compressed and sent (`udl_modeset.c`).

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::machine::Machine;
use drm_core::prime::Direction;
use gem_shmem::ShadowMaps;
use port_kit::kms::{
    self, Config, Crtc, Format, Framebuffer, NoWriteback, PlaneDesc, PlaneKind, PlaneState, Rect,
    ShadowState, check_plane_state, damage_of,
};

use super::compress::{BULK, compress_line};
use super::registers::{self, Mode};
use super::usb::{TRANSFER_SIZE, Transfer, Usb};

/// The chip behind its bus, and its plane.
pub struct Display {
    usb: Usb,
    mode: Mode,
    config: Config,
}

impl Display {
    pub(super) fn new(machine: &Machine, mode: Mode) -> Self {
        Self {
            usb: Usb::new(machine),
            mode,
            config: Config {
                mode: (mode.horizontal[0].into(), mode.vertical[0].into()),
                min: (640, 480),
                max: (2048, 2048),
                planes: vec![PlaneDesc {
                    kind: PlaneKind::Primary,
                    formats: vec![Format::RGB565, Format::XRGB8888],
                }],
                has_dirty: true,
                needs_primary: true,
                commits_all_planes: false,
            },
        }
    }

    pub(super) fn usb(&self) -> &Usb {
        &self.usb
    }

    /// `udl_handle_damage`. `ENOMEM` when there is no transfer to begin with, `EAGAIN` when one is missing later; what was sent
    /// before stays on the screen.
    fn send(&self, maps: &ShadowMaps, fb: &Framebuffer, clip: &Rect) -> Result {
        let mut transfer = self.usb.get().ok_or(Errno::ENOMEM)?;
        let cpp = fb.format.cpp();
        let mut line = vec![0; clip.width() as usize * cpp as usize];
        for y in clip.y1..clip.y2 {
            let from = u64::from(fb.planes[0].pitch) * y as u64 + u64::from(cpp) * clip.x1 as u64;
            maps.read(0, from, &mut line)?;
            let address = 2 * (fb.width * y as u32 + clip.x1 as u32);
            transfer = self.send_line(transfer, &pixels(fb.format, &line), address)?;
        }
        if transfer.bytes.is_empty() {
            return Ok(());
        }
        if transfer.bytes.len() < TRANSFER_SIZE {
            transfer.bytes.push(BULK);
        }
        transfer.submit()
    }

    /// `udl_render_hline`: sends every transfer that is full, and gives the one that is not.
    fn send_line(
        &self,
        mut transfer: Transfer,
        mut pixels: &[u16],
        mut address: u32,
    ) -> Result<Transfer> {
        while !pixels.is_empty() {
            let fitted = compress_line(pixels, address, &mut transfer.bytes, TRANSFER_SIZE);
            (pixels, address) = (&pixels[fitted..], address + 2 * fitted as u32);
            if transfer.bytes.len() >= TRANSFER_SIZE {
                transfer.submit()?;
                transfer = self.usb.get().ok_or(Errno::EAGAIN)?;
            }
        }
        Ok(transfer)
    }

    fn send_registers(&self, dev: &Device, bytes: Vec<u8>) {
        if dev.is_unplugged() {
            return;
        }
        if let Some(mut transfer) = self.usb.get() {
            transfer.bytes = bytes;
            // The driver does not look at the answer.
            let _ = transfer.submit();
        }
    }
}

/// 16-bit pixels of a line of `format`.
fn pixels(format: Format, line: &[u8]) -> Vec<u16> {
    if format == Format::RGB565 {
        let pairs = line.as_chunks::<2>().0.iter();
        return pairs.map(|pair| u16::from_ne_bytes(*pair)).collect();
    }
    let words = line.as_chunks::<4>().0.iter();
    words
        .map(|word| {
            let pixel = u32::from_ne_bytes(*word);
            (pixel >> 3 & 0x1f | pixel >> 5 & 0x7e0 | pixel >> 8 & 0xf800) as u16
        })
        .collect()
}

impl kms::Display for Display {
    type Plane = ShadowState;
    type Job = NoWriteback;

    fn config(&self) -> &Config {
        &self.config
    }

    fn check_plane(
        &self,
        _plane: usize,
        state: &mut PlaneState<ShadowState>,
        crtc: &Crtc,
    ) -> Result {
        check_plane_state(state, crtc, false, false)
    }

    fn begin_fb_access(&self, _plane: usize, state: &mut PlaneState<ShadowState>) -> Result {
        ShadowState::begin(state)
    }

    fn end_fb_access(&self, _plane: usize, state: &mut PlaneState<ShadowState>) {
        ShadowState::end(state);
    }

    fn disable_crtc(&self, dev: &Device) {
        self.send_registers(dev, registers::disable());
    }

    fn update_plane(
        &self,
        dev: &Device,
        _plane: usize,
        old: &PlaneState<ShadowState>,
        new: &mut PlaneState<ShadowState>,
    ) {
        let (Some(fb), Some(maps)) = (&new.fb, new.private.maps()) else {
            return;
        };
        let Ok(access) = maps.cpu_access(Direction::FromDevice) else {
            return;
        };
        if dev.is_unplugged() {
            return;
        }
        for damage in damage_of(old, new) {
            // A frame that cannot be sent is dropped.
            let _ = self.send(access.maps(), fb, &damage);
        }
    }

    fn enable_crtc(&self, dev: &Device, _crtc: &Crtc) {
        self.send_registers(dev, registers::enable(&self.mode));
    }
}
