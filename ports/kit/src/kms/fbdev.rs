//! The console on a dumb buffer (`drm_fbdev_shmem.c`, `drm_fb_helper.c`): mapped for the kernel as long as it exists, flushed
//! some time after user space wrote to it.

use std::collections::BTreeSet;

use drm_core::device::{Device, DumbArgs, File};
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Object as _};
use drm_core::memory::Page;
use drm_core::sync::{Arc, Mutex, Weak};
use drm_core::{PAGE_SHIFT, PAGE_SIZE};
use gem_shmem::{Object, Vmap};

use super::atomic::{PlaneUpdate, Request};
use super::display::{Display, Modeset};
use super::format::Format;
use super::framebuffer::{FbCmd, Framebuffer};
use super::mapping::{DeferredIo, FbMapping, PageTable};
use super::rect::Rect;

/// Nanoseconds from the first write to the flush: a twentieth of a second.
const DELAY: u64 = 50_000_000;

#[derive(Default)]
struct Deferred {
    /// Pages written since the last flush, by byte offset.
    pages: BTreeSet<u64>,
    /// What is to be drawn.
    clip: Option<Rect>,
}

/// The buffer of the console: pinned, and mapped for the kernel (`drm_client_buffer_vmap`).
struct Buffer {
    /// Undone first.
    vmap: Option<Vmap>,
    object: Gem<Object>,
}

impl Buffer {
    fn new(object: Gem<Object>) -> Result<Self> {
        {
            let mut guard = object.gem().resv().lock();
            object.pin(&mut guard)?;
        }
        let mut buffer = Self { vmap: None, object };
        buffer.vmap = Some(Vmap::new(&buffer.object)?);
        Ok(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.vmap = None;
        let mut guard = self.object.gem().resv().lock();
        self.object.unpin(&mut guard);
    }
}

struct Inner<T: Modeset> {
    dev: Device,
    driver: Arc<T>,
    /// The client's file; the framebuffer is this file's.
    file: File,
    fb: Arc<Framebuffer>,
    buffer: Buffer,
    deferred: Mutex<Deferred>,
    tables: Mutex<Vec<Weak<PageTable>>>,
    this: Weak<Inner<T>>,
}

/// The console of a device. Dropping it takes the picture off the screen and gives the buffer back.
pub struct Fbdev<T: Modeset>(Arc<Inner<T>>);

impl<T: Modeset> Fbdev<T> {
    /// Makes the console, as large as the screen, and shows it on the first plane (`drm_fbdev_shmem_setup`).
    ///
    /// `ENODEV` for a device of another driver, else the errors of the buffer, its framebuffer, its mapping, the commit;
    /// nothing is left behind then.
    pub fn setup(dev: &Device, format: Format) -> Result<Self> {
        let driver = dev.driver_as::<T>().ok_or(Errno::ENODEV)?;
        let kms = driver.kms();
        let (width, height) = kms.display().config().mode;
        let file = dev.open()?;
        let mut dumb = DumbArgs {
            width,
            height,
            bpp: format.cpp() * 8,
            ..DumbArgs::default()
        };
        file.create_dumb(&mut dumb)?;
        let object = file.lookup(dumb.handle).ok_or(Errno::ENOENT)?;
        let fb = kms.add_fb(
            &file,
            &FbCmd::packed(width, height, format, dumb.handle, dumb.pitch),
        );
        // The framebuffer and the buffer hold the object; the handle would only keep a dma-buf alive.
        file.handle_delete(dumb.handle)?;
        let id = fb?;
        let fb = kms.fb(id).ok_or(Errno::ENOENT)?;
        let buffer = Buffer::new(object.downcast().ok_or(Errno::ENODEV)?)?;
        let show = PlaneUpdate::show(0, id, width, height);
        kms.atomic(&file, &Request::planes([show]).active(true))?;
        let inner = Arc::new_cyclic(|this| Inner {
            dev: dev.clone(),
            driver: Arc::clone(&driver),
            file,
            fb,
            buffer,
            deferred: Mutex::default(),
            tables: Mutex::default(),
            this: this.clone(),
        });
        Ok(Self(inner))
    }

    /// The buffer's object.
    #[must_use]
    pub fn object(&self) -> &Gem<Object> {
        &self.0.buffer.object
    }

    /// Maps the console for a process (`mmap` of `/dev/fb`).
    #[must_use]
    pub fn mmap(&self) -> FbMapping {
        let table = Arc::new(PageTable::default());
        self.0.tables.lock().push(Arc::downgrade(&table));
        let io: Weak<Inner<T>> = self.0.this.clone();
        FbMapping::new(self.0.dev.machine(), io, table)
    }

    /// Writes to the console (`write` to `/dev/fb`); drawn as soon as the worker runs. `EFAULT` beyond the screen.
    pub fn write(&self, at: u64, bytes: &[u8]) -> Result {
        let vmap = self.0.buffer.vmap.as_ref().ok_or(Errno::EFAULT)?;
        vmap.write(at, bytes)?;
        self.0.damage(at, at + bytes.len() as u64);
        Ok(())
    }
}

impl<T: Modeset> Drop for Fbdev<T> {
    fn drop(&mut self) {
        let machine = self.0.dev.machine().clone();
        let _syscall = machine.syscall();
        let kms = self.0.driver.kms();
        if kms.forget_fb(&self.0.file, self.0.fb.id).is_err() {
            machine.warn("drm_fbdev: the console's framebuffer is gone");
        }
    }
}

impl<T: Modeset> Inner<T> {
    /// Bytes that are shown.
    fn screen_size(&self) -> u64 {
        u64::from(self.fb.height) * u64::from(self.fb.planes[0].pitch)
    }

    /// Bytes `from..to` changed: the worker draws them (`drm_fb_helper_damage_range`).
    fn damage(&self, from: u64, to: u64) {
        let clip = self.clip_of(from, to);
        let mut deferred = self.deferred.lock();
        deferred.clip = Some(deferred.clip.map_or(clip, |old| old.merge(&clip)));
        drop(deferred);
        self.run_at(0, |inner| {
            let this = inner.this.clone();
            inner.driver.kms().state.when_free(move || {
                if let Some(inner) = this.upgrade() {
                    inner.draw();
                }
            });
        });
    }

    /// The pixels of bytes `from..to` (`drm_fb_helper_memory_range_to_clip`): whole lines; of one line alone, the part.
    ///
    /// As in Linux 6.12, a part that ends with its line comes out empty, because the end is taken modulo the line.
    fn clip_of(&self, from: u64, to: u64) -> Rect {
        let pitch = u64::from(self.fb.planes[0].pitch);
        let bits = u64::from(self.fb.format.cpp()) * 8;
        let height = u64::from(self.fb.height);
        let (y1, y2) = ((from / pitch).min(height), to.div_ceil(pitch).min(height));
        let (x1, x2) = if y2 - y1 == 1 {
            (from % pitch * 8 / bits, (to % pitch * 8).div_ceil(bits))
        } else {
            (0, u64::from(self.fb.width))
        };
        Rect::new(x1 as i32, y1 as i32, x2 as i32, y2 as i32)
    }

    fn run_at(&self, delay: u64, work: fn(&Self)) {
        let machine = self.dev.machine();
        let this = self.this.clone();
        machine.at(machine.clock().now() + delay, move || {
            if let Some(inner) = this.upgrade() {
                work(&inner);
            }
        });
    }

    /// The deferred work: lets writes fault again, and finds out which lines were written
    /// (`fb_deferred_io_work`, `drm_fb_helper_deferred_io`).
    fn flush(&self) {
        self.tables.lock().retain(|table| {
            table.upgrade().is_some_and(|table| {
                table.write_protect();
                true
            })
        });
        let pages = std::mem::take(&mut self.deferred.lock().pages);
        if let (Some(first), Some(last)) = (pages.first(), pages.last()) {
            let end = (last + PAGE_SIZE).min(self.screen_size());
            if *first < end {
                self.damage(*first, end);
            }
        }
    }

    /// The damage worker (`drm_fb_helper_fb_dirty`). What could not be drawn stays damaged.
    fn draw(&self) {
        let clip = self.deferred.lock().clip.take();
        let Some(clip) = clip.filter(Rect::is_visible) else {
            return;
        };
        let kms = self.driver.kms();
        if !kms.display().config().has_dirty {
            return;
        }
        if kms.dirty(&self.dev, &self.fb, &[clip]).is_err() {
            self.dev.machine().warn_once("drm_fbdev: dirty failed");
            let mut deferred = self.deferred.lock();
            deferred.clip = Some(deferred.clip.map_or(clip, |new| new.merge(&clip)));
        }
    }
}

impl<T: Modeset> DeferredIo for Inner<T> {
    /// `drm_fbdev_shmem_get_page`: the mapping of the console holds the pages.
    fn page(&self, offset: u64) -> Option<Page> {
        if offset >= self.screen_size() {
            return None;
        }
        self.buffer.vmap.as_ref()?.page(offset >> PAGE_SHIFT)
    }

    fn track(&self, offset: u64) {
        let mut deferred = self.deferred.lock();
        let first = deferred.pages.is_empty();
        deferred.pages.insert(offset);
        drop(deferred);
        if first {
            self.run_at(DELAY, Self::flush);
        }
    }
}
