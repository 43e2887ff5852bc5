//! Global names of objects: flink, and open by name. Names are small numbers of the device, lowest free first, from 1.

use super::reference::Gem;
use crate::device::File;
use crate::errno::{Errno, Result};

impl File {
    /// The global name of a handle's object: the one it has, or a new one (`drm_gem_flink_ioctl`). It lasts as long as the
    /// object has a handle. Takes the device's name lock.
    ///
    /// `ENOENT` for an unknown handle, `ENOSPC` when every number is taken.
    pub fn flink(&self, handle: u32) -> Result<u32> {
        let object = self.lookup(handle).ok_or(Errno::ENOENT)?;
        let header = object.gem();
        let _names = self.dev().lock_names();
        if header.handle_count() == 0 {
            return Err(Errno::ENOENT);
        }
        if let Some(name) = header.name() {
            return Ok(name);
        }
        let mut table = self.dev().name_table();
        let name = table.reserve().ok_or(Errno::ENOSPC)?;
        table.publish(name, object.downgrade());
        header.set_name(name);
        Ok(name)
    }

    /// A new handle of the object with this global name (`drm_gem_open_ioctl`), and its size in bytes. Every call makes a
    /// handle of its own. Takes the device's name lock.
    ///
    /// `ENOENT` for an unknown name, else errors of the handle.
    pub fn open_name(&self, name: u32) -> Result<(u32, u64)> {
        let _syscall = self.machine().syscall();
        let names = self.dev().lock_names();
        let found: Option<Gem> = self.dev().name_table().lookup(name);
        let object = found.ok_or(Errno::ENOENT)?;
        let handle = self.handle_create_named(&object, names)?;
        Ok((handle, object.gem().size()))
    }
}
