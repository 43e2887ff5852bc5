//! The screen.

use drm_core::errno::Result;
use port_kit::kms::{FbCmd, Format, Modeset, PlaneUpdate, Rect, Request};
use port_kit::trace::outcome;
use port_virtgpu::Console;

use super::{Bo, Fd, Session};

impl Session {
    /// ADDFB2 of a packed framebuffer.
    pub(crate) fn try_fb(
        &mut self,
        bo: Bo,
        width: u32,
        height: u32,
        format: Format,
    ) -> Result<u32> {
        let driver = self.gpu.driver().expect("the driver is there");
        let cmd = FbCmd::packed(width, height, format, bo.handle, width * 4);
        let id = driver.kms().add_fb(&self.file(bo.fd), &cmd);
        self.record(
            format_args!("fb of {bo}: {width}x{height} {format}"),
            outcome(&id),
        );
        id
    }

    /// The same in the usual format, to succeed.
    pub(crate) fn fb(&mut self, bo: Bo, width: u32, height: u32) -> u32 {
        self.try_fb(bo, width, height, Format::XRGB8888)
            .expect("it is made")
    }

    fn atomic(&mut self, fd: Fd, what: &str, request: &Request) {
        let driver = self.gpu.driver().expect("the driver is there");
        let before = self.machine.clock().now();
        let result = driver.kms().atomic(&self.file(fd), request);
        let waited = (self.machine.clock().now() - before) / 1_000_000;
        let text = match waited {
            0 => outcome(&result),
            ms => format!("{} after {ms} ms", outcome(&result)),
        };
        self.record(what, text);
    }

    fn show(fb: u32) -> PlaneUpdate {
        PlaneUpdate::show(0, fb, 64, 64)
    }

    /// Turns the screen on.
    pub(crate) fn turn_on(&mut self, fd: Fd, fb: u32) {
        let request = Request::planes([Self::show(fb)]).active(true);
        self.atomic(fd, &format!("turn on with fb {fb}"), &request);
    }

    /// Shows another framebuffer, or the same again.
    pub(crate) fn flip(&mut self, fd: Fd, fb: u32) {
        let request = Request::planes([Self::show(fb)]);
        self.atomic(fd, &format!("flip to fb {fb}"), &request);
    }

    /// The same, of which only a part changed.
    pub(crate) fn flip_damaged(&mut self, fd: Fd, fb: u32, clips: &[Rect]) {
        let request = Request::planes([Self::show(fb).damaged(clips)]);
        let clips: String = clips.iter().map(|clip| format!(" {clip}")).collect();
        self.atomic(fd, &format!("flip to fb {fb}, changed{clips}"), &request);
    }

    /// Turns the screen off.
    pub(crate) fn turn_off(&mut self, fd: Fd) {
        let request = Request::planes([PlaneUpdate::off(0)]).active(false);
        self.atomic(fd, "turn off", &request);
    }

    /// RMFB.
    pub(crate) fn rm_fb(&mut self, fd: Fd, fb: u32) {
        let driver = self.gpu.driver().expect("the driver is there");
        let result = driver.kms().rm_fb(&self.file(fd), fb);
        self.record(format_args!("remove fb {fb}"), outcome(&result));
    }

    /// Shows a cursor of 64 by 64 pixels, or moves it.
    pub(crate) fn cursor(&mut self, fd: Fd, fb: u32, x: i32, y: i32) {
        let update = PlaneUpdate::show(1, fb, 64, 64).at(x, y);
        let what = format!("cursor fb {fb} at {x},{y}");
        self.atomic(fd, &what, &Request::planes([update]));
    }

    /// Hides the cursor.
    pub(crate) fn hide_cursor(&mut self, fd: Fd) {
        self.atomic(
            fd,
            "hide the cursor",
            &Request::planes([PlaneUpdate::off(1)]),
        );
    }

    /// Where the host shows the cursor, and its first pixel.
    pub(crate) fn cursor_of_host(&mut self) {
        let cursor = self.gpu.host().cursor(0, 0);
        let text = cursor.map_or("hidden".to_owned(), |((x, y), pixel)| {
            format!("{x},{y} {pixel:02x?}")
        });
        self.record("cursor of the host", text);
    }

    /// A pixel of the screen.
    pub(crate) fn pixel(&mut self, x: u32, y: u32) {
        let pixel = self.gpu.host().pixel(x, y);
        let text = pixel.map_or("dark".to_owned(), |pixel| format!("{pixel:02x?}"));
        self.record(format_args!("pixel {x},{y}"), text);
    }

    /// The console.
    pub(crate) fn console(&mut self) -> Console {
        let console = self.gpu.console().expect("it is made");
        self.record("console", "ok");
        console
    }

    /// The console writes pixels.
    pub(crate) fn console_writes(&mut self, console: &Console, at: (u32, u32), pixels: &[[u8; 4]]) {
        let result = console.write(at, pixels);
        self.record(
            format_args!("console writes {} pixels at {at:?}", pixels.len()),
            outcome(&result),
        );
    }
}
