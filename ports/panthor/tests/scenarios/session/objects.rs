//! Objects, their mappings for the CPU, and buffers.

use drm_core::device::core_nr;
use drm_core::errno::Result;
use drm_core::mmap::{Prot, Sharing};
use port_kit::trace::outcome;
use port_panthor::uapi::*;

use super::Session;

impl Session {
    /// `BO_CREATE`; the handle, 0 after an error.
    pub(crate) fn bo_create(&mut self, file: usize, args: BoCreate) -> u32 {
        let asked = args;
        let mut args = args;
        let result = self.call(file, BO_CREATE, &mut args);
        let mut operation = format!("bo_create size={:#x}", asked.size);
        for (name, value) in [
            ("flags", asked.flags),
            ("vm", asked.exclusive_vm_id),
            ("pad", asked.pad),
        ] {
            if value != 0 {
                operation += &format!(" {name}={value:#x}");
            }
        }
        let answer = match result {
            Ok(()) => format!(
                "ok handle={} size={:#x} {}",
                args.handle,
                args.size,
                self.memory(file, args.handle)
            ),
            Err(_) => outcome(&result),
        };
        self.record(operation, answer);
        args.handle
    }

    /// An object of some size, recorded.
    pub(crate) fn bo(&mut self, file: usize, size: u64) -> u32 {
        self.bo_create(
            file,
            BoCreate {
                size,
                ..BoCreate::default()
            },
        )
    }

    /// Pages of an object that are in RAM, and in how many spaces it is mapped.
    fn memory(&self, file: usize, handle: u32) -> String {
        let Some(object) = self.files[file].lookup(handle) else {
            return "gone".to_owned();
        };
        let resident = object.gem().filp().map_or(0, |file| file.nr_resident());
        let state = self
            .gpu
            .object(&self.files[file], handle)
            .unwrap_or_default();
        let spaces = state
            .split_once("links=")
            .map_or(0, |(_, links)| links.matches('(').count());
        format!("resident={resident} spaces={spaces}")
    }

    /// The memory of an object.
    pub(crate) fn show_bo(&mut self, file: usize, handle: u32) {
        let memory = self.memory(file, handle);
        self.trace.line(format_args!("  object {handle}: {memory}"));
    }

    /// `GEM_CLOSE`.
    pub(crate) fn close(&mut self, file: usize, handle: u32) {
        let result = self.call(file, core_nr::GEM_CLOSE, &mut [handle, 0]);
        self.record(format_args!("close {handle}"), outcome(&result));
    }

    /// Objects of the device that are left.
    pub(crate) fn objects_left(&mut self) {
        let objects = self.gpu.dev().object_count();
        self.trace.line(format_args!("  objects: {objects}"));
    }

    /// `BO_MMAP_OFFSET`, then `mmap`; the address.
    pub(crate) fn mmap(&mut self, file: usize, handle: u32, len: u64) -> Option<u64> {
        let mapped = self.try_mmap(file, handle, len);
        let answer = match &mapped {
            Ok(_) => format!("ok {}", self.memory(file, handle)),
            Err(error) => error.to_string(),
        };
        self.record(format_args!("mmap {handle}, {len:#x} bytes"), answer);
        mapped.ok()
    }

    fn try_mmap(&self, file: usize, handle: u32, len: u64) -> Result<u64> {
        let mut args = BoMmapOffset {
            handle,
            ..BoMmapOffset::default()
        };
        self.call(file, BO_MMAP_OFFSET, &mut args)?;
        self.process.mmap(
            &self.files[file],
            len,
            Prot::ReadWrite,
            Sharing::Shared,
            args.offset,
        )
    }

    /// Writes 4 bytes through a mapping.
    pub(crate) fn poke(&mut self, at: Option<u64>, offset: u64, value: u32) {
        let written = at.map(|at| self.process.write(at + offset, &value.to_le_bytes()));
        let answer = written.map_or("not mapped".to_owned(), |result| outcome(&result));
        self.record(
            format_args!("cpu writes {value:#x} at +{offset:#x}"),
            answer,
        );
    }

    /// Reads 4 bytes through a mapping.
    pub(crate) fn peek(&mut self, at: Option<u64>, offset: u64) {
        let mut bytes = [0; 4];
        let read = at.map(|at| self.process.read(at + offset, &mut bytes));
        let answer = match read {
            None => "not mapped".to_owned(),
            Some(Ok(())) => format!("{:#x}", u32::from_le_bytes(bytes)),
            Some(Err(_)) => "SIGBUS".to_owned(),
        };
        self.record(format_args!("cpu reads +{offset:#x}"), answer);
    }

    /// Unmaps a mapping.
    pub(crate) fn munmap(&mut self, at: Option<u64>, len: u64) {
        let result = at.map(|at| self.process.munmap(at, len));
        let answer = result.map_or("not mapped".to_owned(), |result| outcome(&result));
        self.record("munmap", answer);
    }

    /// Exports an object; the number of the buffer.
    pub(crate) fn export(&mut self, file: usize, handle: u32) -> Option<usize> {
        let exported = self.files[file].export(handle, true);
        self.record(format_args!("export {handle}"), outcome(&exported));
        let buffer = exported.ok()?;
        self.buffers.push(buffer);
        Some(self.buffers.len() - 1)
    }

    /// Imports a buffer; the handle, 0 after an error.
    pub(crate) fn import(&mut self, file: usize, buffer: usize) -> u32 {
        let imported = self.files[file].import(&self.buffers[buffer]);
        let answer = match &imported {
            Ok(handle) => format!("ok handle={handle}"),
            Err(error) => error.to_string(),
        };
        self.record(format_args!("import into file {file}"), answer);
        imported.unwrap_or(0)
    }

    /// A buffer of another device.
    pub(crate) fn foreign(&mut self, pages: u32) -> usize {
        let (handle, buffer) = self.vgem.export(pages).expect("RAM is left");
        self.vgem.close(handle).expect("was made");
        self.buffers.push(buffer);
        self.buffers.len() - 1
    }
}
