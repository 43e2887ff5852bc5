//! What the tests of the displays share: a device, a file, buffers, and a list of lines that says what happened.

use std::fmt::{self, Write as _};

use drm_core::device::{Device, DumbArgs, File};
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::mmap::{Process, Prot, Sharing};
use drm_core::sync::Arc;

use super::atomic::{Kms, PlaneUpdate, Request};
use super::display::Modeset;
use super::format::Format;
use super::framebuffer::FbCmd;
use super::rect::Rect;

/// A dumb buffer of the scene's file.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    /// Its handle.
    pub handle: u32,
    /// Bytes of a line.
    pub pitch: u32,
    /// Bytes.
    pub size: u64,
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

/// A device under test, and what was seen of it.
pub struct Scene<T: Modeset> {
    /// The device.
    pub dev: Device,
    /// An open file of it.
    pub file: File,
    /// Its driver.
    pub driver: Arc<T>,
    /// A process with mappings.
    pub process: Process,
    log: String,
}

impl<T: Modeset> Scene<T> {
    /// Opens `dev`, which must be of driver `T`.
    ///
    /// # Panics
    ///
    /// When it is of another driver, or does not open: there is nothing to test then.
    #[must_use]
    pub fn of(dev: Device) -> Self {
        let driver = dev.driver_as::<T>().expect("a device of this driver");
        Self {
            file: dev.open().expect("a device that opens"),
            process: Process::new(dev.machine()),
            driver,
            dev,
            log: String::new(),
        }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.dev.machine()
    }

    /// The mode-setting state.
    #[must_use]
    pub fn kms(&self) -> &Kms<T::Display> {
        self.driver.kms()
    }

    /// Adds a line.
    pub fn log(&mut self, line: impl fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.log, "{line}");
    }

    /// Adds a line with the answer of a call.
    pub fn answer<A: fmt::Debug>(&mut self, what: &str, answer: Result<A>) {
        match answer {
            Ok(value) => self.log(format_args!("{what} -> {value:?}")),
            Err(error) => self.log(format_args!("{what} -> {error}")),
        }
    }

    /// A dumb buffer.
    pub fn dumb(&self, width: u32, height: u32, bpp: u32) -> Result<Buffer> {
        let mut args = DumbArgs {
            width,
            height,
            bpp,
            ..DumbArgs::default()
        };
        self.file.create_dumb(&mut args)?;
        Ok(Buffer {
            handle: args.handle,
            pitch: args.pitch,
            size: args.size,
            width,
            height,
        })
    }

    /// A framebuffer over a whole buffer.
    pub fn fb(&self, buffer: &Buffer, format: Format) -> Result<u32> {
        let cmd = FbCmd::packed(
            buffer.width,
            buffer.height,
            format,
            buffer.handle,
            buffer.pitch,
        );
        self.kms().add_fb(&self.file, &cmd)
    }

    /// A buffer of the size of the screen, and its framebuffer.
    pub fn picture(&self, format: Format) -> Result<(Buffer, u32)> {
        let (width, height) = self.mode();
        let buffer = self.dumb(width, height, format.cpp() * 8)?;
        Ok((buffer, self.fb(&buffer, format)?))
    }

    /// Pixels and lines of the screen.
    #[must_use]
    pub fn mode(&self) -> (u32, u32) {
        use super::display::Display;
        self.kms().display().config().mode
    }

    /// The object of a handle.
    #[must_use]
    pub fn object(&self, handle: u32) -> Option<Gem> {
        self.file.lookup(handle)
    }

    /// Draws into a buffer as user space does: maps it, writes each line of `rect` with `pixel`, unmaps it.
    pub fn draw(&self, buffer: &Buffer, rect: Rect, pixel: &[u8]) -> Result {
        let offset = self.file.dumb_map_offset(buffer.handle)?;
        let at = self.process.mmap(
            &self.file,
            buffer.size,
            Prot::ReadWrite,
            Sharing::Shared,
            offset,
        )?;
        let line = pixel.repeat(rect.width() as usize);
        for y in rect.y1..rect.y2 {
            let byte = y as u64 * u64::from(buffer.pitch) + rect.x1 as u64 * pixel.len() as u64;
            self.process.write(at + byte, &line)?;
        }
        self.process.munmap(at, buffer.size)
    }

    /// Draws into all of a buffer.
    pub fn paint(&self, buffer: &Buffer, pixel: &[u8]) -> Result {
        let all = Rect::new(0, 0, buffer.width as i32, buffer.height as i32);
        self.draw(buffer, all, pixel)
    }

    /// Turns the screen on with `fb` over all of it.
    pub fn turn_on(&self, fb: u32) -> Result {
        let (width, height) = self.mode();
        let show = PlaneUpdate::show(0, fb, width, height);
        self.kms()
            .atomic(&self.file, &Request::planes([show]).active(true))
    }

    /// Shows `fb` over all of the screen, which is on.
    pub fn flip(&self, fb: u32) -> Result {
        self.update(|update| update, fb)
    }

    /// The same, with a change to the update.
    pub fn update(&self, change: impl FnOnce(PlaneUpdate) -> PlaneUpdate, fb: u32) -> Result {
        let (width, height) = self.mode();
        let update = change(PlaneUpdate::show(0, fb, width, height));
        self.kms().atomic(&self.file, &Request::planes([update]))
    }

    /// Adds a line with the counts of an object.
    pub fn usage(&mut self, what: &str, object: &Gem) {
        let usage = usage(object);
        self.log(format_args!("{what}: {usage}"));
    }

    /// Closes everything, and gives the lines, the machine's events, and what is left.
    #[must_use]
    pub fn finish(self) -> String {
        let Self {
            dev,
            file,
            process,
            mut log,
            driver,
        } = self;
        drop(process);
        drop(file);
        drop(driver);
        for event in dev.machine().trace().take() {
            let _ = writeln!(log, "{event}");
        }
        let _ = writeln!(log, "left: {} objects", dev.object_count());
        log
    }
}

/// Users of an object's pages and of its kernel mapping, as its debug print shows them; `import` where it shows none.
#[must_use]
pub fn usage(object: &Gem) -> String {
    let mut text = String::new();
    let _ = object.print_info(&mut text, 0);
    let value = |name: &str| {
        text.lines().find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
    };
    match (value("pages_use_count"), value("vmap_use_count")) {
        (Some(uses), Some(vmaps)) => format!("u={uses} v={vmaps}"),
        _ => "import".to_owned(),
    }
}

/// The rectangles of bytes that changed between two pictures of the same screen, as `lines x bytes at first byte`.
#[must_use]
pub fn changed(before: &[u8], after: &[u8], pitch: usize) -> String {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (y, (old, new)) in before.chunks(pitch).zip(after.chunks(pitch)).enumerate() {
        let differs = |at: &usize| old[*at] != new[*at];
        let Some(first) = (0..old.len()).find(differs) else {
            continue;
        };
        let last = (0..old.len()).rev().find(differs).unwrap_or(first);
        let at = y * pitch + first;
        match runs.last_mut() {
            Some((start, lines, bytes))
                if *start + *lines * pitch == at && *bytes == last - first + 1 =>
            {
                *lines += 1;
            }
            _ => runs.push((at, 1, last - first + 1)),
        }
    }
    if runs.is_empty() {
        return "nothing".to_owned();
    }
    let runs: Vec<String> = runs
        .iter()
        .map(|(at, lines, bytes)| format!("{lines} lines x {bytes} bytes at {at}"))
        .collect();
    runs.join(", ")
}
