//! An open file of a DRM device (`struct drm_file`): its handles, its PRIME cache, the driver's private data.

use std::any::Any;
use std::fmt;

use super::{Device, Features};
use crate::errno::{Errno, Result};
use crate::gem::{Gem, HandleTable};
use crate::machine::Machine;
use crate::prime::Cache;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, OnceLock, Weak};
use crate::syncobj::SyncobjTable;

bitflags::bitflags! {
    /// How a device is opened.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct OpenFlags: u32 {
        /// Through the render node, which knows no names and no display.
        const RENDER = 1;
        /// `O_RDONLY`: no mapping made through it can be written.
        const READ_ONLY = 1 << 1;
    }
}

struct Inner {
    dev: Device,
    tag: u64,
    flags: OpenFlags,
    handles: Mutex<HandleTable>,
    prime: Mutex<Cache>,
    syncobjs: Mutex<SyncobjTable>,
    private: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The descriptor, and every user mapping made through it.
    users: AtomicUsize,
    this: Weak<Inner>,
}

/// An open file, as a process or a user mapping holds it. When the last is dropped, the file is released on the way back
/// to user space.
pub struct File(Arc<Inner>);

static TAGS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({} of {:?})", self.0.tag, self.0.dev)
    }
}

impl Clone for File {
    fn clone(&self) -> Self {
        self.0.users.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.0.users.fetch_sub(1, Ordering::SeqCst) == 1 {
            // One user again while the release runs.
            self.0.users.store(1, Ordering::SeqCst);
            let file = File(Arc::clone(&self.0));
            self.0
                .dev
                .machine()
                .clone()
                .task_work(move || file.release());
        }
    }
}

impl Device {
    /// Opens the device. `ENODEV` when it is gone, else the driver's answer.
    pub fn open(&self) -> Result<File> {
        self.open_with(OpenFlags::empty())
    }

    /// Opens the device in a certain way. `ENODEV` when it is gone or has no such node, else the driver's answer.
    pub fn open_with(&self, flags: OpenFlags) -> Result<File> {
        let _syscall = self.machine().syscall();
        let has_node = !flags.contains(OpenFlags::RENDER)
            || self.driver().features().contains(Features::RENDER);
        if self.is_unplugged() || !has_node {
            return Err(Errno::ENODEV);
        }
        let inner = Arc::new_cyclic(|this| Inner {
            dev: self.clone(),
            tag: TAGS.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            flags,
            handles: Mutex::default(),
            prime: Mutex::default(),
            syncobjs: Mutex::default(),
            private: OnceLock::new(),
            users: AtomicUsize::new(1),
            this: this.clone(),
        });
        let file = File(inner);
        if let Err(error) = self.driver().clone().open(&file) {
            file.forget();
            return Err(error);
        }
        self.0.files.fetch_add(1, Ordering::SeqCst);
        Ok(file)
    }
}

impl File {
    /// Its device.
    #[must_use]
    pub fn dev(&self) -> &Device {
        &self.0.dev
    }

    /// The machine it is on.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        self.0.dev.machine()
    }

    /// What tells it from every other file.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.0.tag
    }

    /// Whether it was opened through the render node.
    #[must_use]
    pub fn is_render(&self) -> bool {
        self.0.flags.contains(OpenFlags::RENDER)
    }

    /// Whether mappings made through it may be written.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        !self.0.flags.contains(OpenFlags::READ_ONLY)
    }

    /// Whether both are the same file.
    #[must_use]
    pub fn is(&self, other: &File) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Attaches the driver's data, once (`file->driver_priv`).
    pub fn set_private(&self, private: impl Any + Send + Sync) {
        // A second call would be a driver bug; the first data stays.
        let _ = self.0.private.set(Box::new(private));
    }

    /// The driver's data, if it is a `T`.
    #[must_use]
    pub fn private<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.private.get()?.downcast_ref()
    }

    /// The object of a handle, with a reference (`drm_gem_object_lookup`).
    #[must_use]
    pub fn lookup(&self, handle: u32) -> Option<Gem> {
        let counters = self.machine().counters();
        counters.handle_lookups.add(1);
        counters.handle_steps.add(1);
        self.0.handles.lock().lookup(handle)
    }

    /// Every object that the file has a handle of, by handle.
    #[must_use]
    pub fn objects(&self) -> Vec<Gem> {
        self.0
            .handles
            .lock()
            .iter()
            .map(|(_, object)| object)
            .collect()
    }

    /// Every handle of the file, and its object.
    #[must_use]
    pub fn handles(&self) -> Vec<(u32, Gem)> {
        self.0.handles.lock().iter().collect()
    }

    /// A file that a mapping may outlive without keeping it open.
    #[must_use]
    pub fn downgrade(&self) -> WeakFile {
        WeakFile {
            inner: self.0.this.clone(),
            tag: self.0.tag,
        }
    }

    pub(crate) fn syncobjs(&self) -> &Mutex<SyncobjTable> {
        &self.0.syncobjs
    }

    pub(crate) fn prime(&self) -> &Mutex<Cache> {
        &self.0.prime
    }

    /// Makes a handle (`drm_gem_handle_create`): number, permission to map, the driver's `open`, then look-ups find it.
    ///
    /// `ENOMEM`, or what `open` answers; a failure undoes every step.
    pub fn handle_create(&self, object: &Gem) -> Result<u32> {
        let names = self.dev().lock_names();
        self.handle_create_named(object, names)
    }

    /// The same with the name lock held; it is dropped once the handle is counted.
    pub(crate) fn handle_create_named(
        &self,
        object: &Gem,
        names: crate::sync::MutexGuard<'_, ()>,
    ) -> Result<u32> {
        let header = object.gem();
        header.get_handle(object);
        let reserved = match self
            .machine()
            .failpoints()
            .check(crate::machine::Fail::Alloc)
        {
            Ok(()) => self.0.handles.lock().reserve().ok_or(Errno::ENOSPC),
            Err(error) => Err(error),
        };
        drop(names);
        let handle = reserved.inspect_err(|_| self.put_handle_count(object))?;
        header.node().allow(self.tag());
        if let Err(error) = object.open(self) {
            header.node().revoke(self.tag());
            self.0.handles.lock().release(handle);
            self.put_handle_count(object);
            return Err(error);
        }
        self.0.handles.lock().publish(handle, object.downgrade());
        Ok(handle)
    }

    fn put_handle_count(&self, object: &Gem) {
        let names = self.dev().lock_names();
        let last = object.gem().put_handle();
        drop(names);
        // In this order, without the lock: the dma-buf, then the reference.
        drop(last);
    }

    /// Gives a handle up (`drm_gem_handle_delete`). `EINVAL` for an unknown one.
    pub fn handle_delete(&self, handle: u32) -> Result {
        let _syscall = self.machine().syscall();
        let object = self.0.handles.lock().hide(handle).ok_or(Errno::EINVAL)?;
        self.release_handle(handle, object);
        self.0.handles.lock().release(handle);
        Ok(())
    }

    fn release_handle(&self, handle: u32, object: Gem) {
        object.close(self);
        let cached = self.0.prime.lock().remove_handle(handle);
        object.gem().node().revoke(self.tag());
        drop(cached);
        self.put_handle_count(&object);
    }

    /// Closes every handle in order, then tells the driver (`drm_file_free`).
    fn release(self) {
        let machine = self.machine().clone();
        let _syscall = machine.syscall();
        self.dev().driver().clone().fb_release(&self);
        let handles: Vec<u32> = self
            .0
            .handles
            .lock()
            .iter()
            .map(|(handle, _)| handle)
            .collect();
        for handle in handles {
            let object = self.0.handles.lock().hide(handle);
            if let Some(object) = object {
                self.release_handle(handle, object);
                self.0.handles.lock().release(handle);
            }
        }
        self.dev().driver().clone().postclose(&self);
        if !self.0.prime.lock().is_empty() {
            machine.warn("drm_prime: cache not empty at file close");
        }
        self.0.dev.0.files.fetch_sub(1, Ordering::SeqCst);
        self.forget();
    }

    /// Ends the file without releasing it.
    fn forget(self) {
        self.0.users.store(usize::MAX, Ordering::SeqCst);
    }
}

/// A file that may be gone.
#[derive(Clone)]
pub struct WeakFile {
    inner: Weak<Inner>,
    tag: u64,
}

impl fmt::Debug for WeakFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakFile({})", self.tag)
    }
}

impl WeakFile {
    /// What tells the file from every other.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// Whether the file still exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.inner.strong_count() > 0
    }
}
