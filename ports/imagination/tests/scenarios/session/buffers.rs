//! Operations on buffer objects.

use drm_core::PAGE_SIZE;
use drm_core::device::core_nr;
use drm_core::errno::Result;
use drm_core::gem::Gem;
use drm_core::mmap::{Prot, Sharing};
use drm_core::prime::DmaBuf;
use port_imagination::uapi::*;

use super::Session;

impl Session {
    /// A buffer object whose creation is not of interest. Its pages have a name from now on.
    pub fn bo(&mut self, name: &str, pages: u64, flags: BoFlags) -> u32 {
        let mut args = CreateBo {
            size: pages * PAGE_SIZE,
            flags: flags.bits(),
            ..CreateBo::default()
        };
        self.raw(0, CREATE_BO, &mut args).expect("memory");
        self.name(0, args.handle, name);
        args.handle
    }

    /// `CREATE_BO`, recorded. The handle, 0 after an error.
    pub fn create_bo(&mut self, args: CreateBo) -> u32 {
        let mut out = args;
        let result = self.raw(0, CREATE_BO, &mut out);
        let padding = match args.padding_c {
            0 => String::new(),
            padding => format!(" padding={padding}"),
        };
        self.trace.record(
            &self.machine,
            format_args!(
                "create_bo size={:#x} flags={:#x}{padding}",
                args.size, args.flags
            ),
            match result {
                Ok(()) => format!("handle {}", out.handle),
                Err(error) => error.to_string(),
            },
        );
        if result.is_ok() { out.handle } else { 0 }
    }

    /// The object of a handle.
    pub fn object(&self, file: usize, handle: u32) -> Gem {
        self.files[file].lookup(handle).expect("a handle")
    }

    /// Gives the pages of an object a name, as the trace shows them.
    pub fn name(&mut self, file: usize, handle: u32, name: &str) {
        let object = self.object(file, handle);
        let mut guard = object.gem().resv().lock();
        object.pin(&mut guard).expect("an own object");
        let table = object
            .get_sg_table(&mut guard)
            .expect("an own object with pages");
        for page in 0..object.gem().pages() {
            let pa = table.phys_page(page).expect("a page of the object");
            self.names.insert(pa, format!("{name}+{page}"));
        }
        object.unpin(&mut guard);
    }

    /// Takes a name back: its pages are free, or somebody else's.
    pub fn forget(&mut self, name: &str) {
        self.names
            .retain(|_, other| other.split('+').next() != Some(name));
    }

    /// Gives the pages from a physical address on a name.
    pub fn name_page(&mut self, pa: u64, name: &str) {
        self.names.insert(pa, name.to_owned());
    }

    /// What a frame is: the name of a page of an object.
    pub fn frame_name(&self, pa: u64) -> String {
        let name = self.names.get(&(pa & !(PAGE_SIZE - 1))).cloned();
        name.unwrap_or_else(|| "?".to_owned())
    }

    /// `GEM_CLOSE`, recorded.
    pub fn close(&mut self, handle: u32) {
        let mut args = [handle, 0];
        let result = self.raw(0, core_nr::GEM_CLOSE, &mut args);
        self.record(format_args!("gem_close {handle}"), &result);
    }

    /// `GET_BO_MMAP_OFFSET`, recorded but for the offset.
    pub fn mmap_offset(&mut self, handle: u32) -> Result<u64> {
        let mut args = GetBoMmapOffset {
            handle,
            ..GetBoMmapOffset::default()
        };
        let result = self.raw(0, GET_BO_MMAP_OFFSET, &mut args);
        self.record(format_args!("get_bo_mmap_offset {handle}"), &result);
        result.map(|()| args.offset)
    }

    /// `mmap()` of all of an object, recorded but for the address.
    pub fn mmap(&mut self, handle: u32) -> Result<u64> {
        let offset = self.mmap_offset(handle)?;
        let size = self.object(0, handle).gem().size();
        let result = self.process.mmap(
            &self.files[0],
            size,
            Prot::ReadWrite,
            Sharing::Shared,
            offset,
        );
        self.record(format_args!("mmap {handle}"), &result);
        result
    }

    /// What `print_info` says of an object, without the kernel address.
    pub fn print_info(&mut self, handle: u32) {
        let mut text = String::new();
        self.object(0, handle)
            .print_info(&mut text, 0)
            .expect("a string takes any text");
        let lines = text.lines().filter(|line| !line.starts_with("vaddr"));
        let text = lines.collect::<Vec<_>>().join(" ");
        self.trace.line(format_args!("print_info {handle}: {text}"));
    }

    /// `PRIME_HANDLE_TO_FD`, recorded.
    pub fn export(&mut self, handle: u32) -> Result<DmaBuf> {
        let result = self.files[0].export(handle, true);
        self.record(format_args!("export {handle}"), &result);
        result
    }

    /// Bytes of a buffer, through a kernel mapping that is undone.
    pub fn bytes(&self, handle: u32, at: u64, len: usize) -> Vec<u8> {
        let object = self.object(0, handle);
        let map = self.pvr.control.kernel_map(&object).expect("a mapping");
        let mut bytes = vec![0; len];
        map.read(at, &mut bytes).expect("bytes of the object");
        self.pvr.control.kernel_unmap(&object);
        bytes
    }

    /// Writes to a buffer, through a kernel mapping that is undone.
    pub fn write(&self, handle: u32, at: u64, bytes: &[u8]) {
        let object = self.object(0, handle);
        let map = self.pvr.control.kernel_map(&object).expect("a mapping");
        map.write(at, bytes).expect("bytes of the object");
        self.pvr.control.kernel_unmap(&object);
    }
}
