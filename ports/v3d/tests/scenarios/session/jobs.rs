//! Jobs, interrupts, and accesses of the device.

use bytemuck::bytes_of;
use drm_core::device::IoctlNr;
use drm_core::syncobj::Syncobj;
use port_v3d::regs;
use port_v3d::uapi::ext;

use super::*;

/// A CPU job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cpu {
    /// Writes the time, one query.
    Timestamp { offset: u32 },
    /// Resets one query.
    Reset { offset: u32 },
    /// Copies one result, available or not, 64 bits.
    Copy { to: u32, from: u32 },
    /// Reads work-group counts, writes the first as uniform 4 of the indirect object, and starts compute.
    /// The compute job lists one object.
    Indirect {
        offset: u32,
        indirect: u32,
        listed: u32,
    },
}

impl Session {
    fn pointer<T: bytemuck::Pod>(&self, values: &[T]) -> u64 {
        self.machine.user().put(bytemuck::cast_slice(values))
    }

    /// SUBMIT_CL with a binner list and a render list.
    pub(crate) fn submit_with(
        &mut self,
        fd: Fd,
        handles: &[u32],
        what: &str,
        change: impl FnOnce(&mut uapi::SubmitCl),
    ) {
        let mut args = uapi::SubmitCl {
            bcl_start: 0x2_0000,
            bcl_end: 0x2_0010,
            rcl_start: 0x2_0100,
            rcl_end: 0x2_0110,
            bo_handles: self.pointer(handles),
            bo_handle_count: handles.len() as u32,
            ..Zeroable::zeroed()
        };
        change(&mut args);
        let number = IoctlNr::driver(nr::SUBMIT_CL, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        self.record(
            format_args!("file {}: submit {what} with {handles:?}", fd.0),
            outcome(&result),
        );
    }

    /// SUBMIT_CL.
    pub(crate) fn submit(&mut self, fd: Fd, handles: &[u32]) {
        self.submit_with(fd, handles, "a frame", |_| {});
    }

    /// SUBMIT_CPU.
    pub(crate) fn submit_cpu(&mut self, fd: Fd, handles: &[u32], job: Cpu) {
        let sync = self.file(fd).add_syncobj(Syncobj::new()).expect("a handle");
        let syncs = self.pointer(&[sync]);
        let head = |id| ext::Extension {
            next: 0,
            id,
            flags: 0,
        };
        let extension = match job {
            Cpu::Timestamp { offset } => bytes_of(&ext::TimestampQuery {
                base: head(ext::CPU_TIMESTAMP_QUERY),
                offsets: self.pointer(&[offset]),
                syncs,
                count: 1,
                pad: 0,
            })
            .to_vec(),
            Cpu::Reset { offset } => bytes_of(&ext::ResetTimestampQuery {
                base: head(ext::CPU_RESET_TIMESTAMP_QUERY),
                syncs,
                offset,
                count: 1,
            })
            .to_vec(),
            Cpu::Copy { to, from } => bytes_of(&ext::CopyTimestampQuery {
                base: head(ext::CPU_COPY_TIMESTAMP_QUERY),
                do_64bit: 1,
                do_partial: 1,
                offset: to,
                stride: 8,
                count: 1,
                offsets: self.pointer(&[from]),
                syncs,
                ..Zeroable::zeroed()
            })
            .to_vec(),
            Cpu::Indirect {
                offset,
                indirect,
                listed,
            } => bytes_of(&ext::IndirectCsd {
                base: head(ext::CPU_INDIRECT_CSD),
                submit: uapi::SubmitCsd {
                    bo_handles: self.pointer(&[listed]),
                    bo_handle_count: 1,
                    ..Zeroable::zeroed()
                },
                indirect,
                offset,
                wg_size: 16,
                wg_uniform_offsets: [4, u32::MAX, u32::MAX],
            })
            .to_vec(),
        };
        self.submit_extension(fd, handles, &extension, &format!("{job:?}"));
    }

    /// SUBMIT_CPU with the bytes of an extension.
    pub(crate) fn submit_extension(
        &mut self,
        fd: Fd,
        handles: &[u32],
        extension: &[u8],
        what: &str,
    ) {
        let mut args = uapi::SubmitCpu {
            bo_handles: self.pointer(handles),
            bo_handle_count: handles.len() as u32,
            flags: uapi::SUBMIT_EXTENSION,
            extensions: self.machine.user().put(extension),
        };
        let number = IoctlNr::driver(nr::SUBMIT_CPU, size_of_val(&args));
        let result = ioctl(&self.file(fd), number, &mut args);
        self.record(
            format_args!("file {}: submit {what} with {handles:?}", fd.0),
            outcome(&result),
        );
    }

    fn interrupt(&mut self, bits: u32, what: &str) {
        self.v3d.hw().raise_core(bits);
        self.v3d.deliver_interrupts();
        self.machine.sleep(1_000_000);
        self.record(format_args!("interrupt: {what}"), "ok");
    }

    /// The binner is done.
    pub(crate) fn bin_done(&mut self) {
        self.interrupt(regs::INT_FLDONE, "binner done");
    }

    /// The renderer is done.
    pub(crate) fn render_done(&mut self) {
        self.interrupt(regs::INT_FRDONE, "render done");
    }

    /// The compute dispatcher is done.
    pub(crate) fn compute_done(&mut self) {
        self.interrupt(regs::int_csddone(self.v3d.ver()), "compute done");
    }

    /// The binner needs memory.
    pub(crate) fn binner_out_of_memory(&mut self) {
        self.interrupt(regs::INT_OUTOMEM, "binner out of memory");
    }

    /// The binner's list has come further.
    pub(crate) fn bin_progress(&mut self, address: u32) {
        self.v3d.hw().make_progress(false, address);
        self.record(format_args!("the binner is at {address:#x}"), "ok");
    }

    /// A unit of the device loads a byte.
    pub(crate) fn gpu_read(&mut self, va: u32) {
        let byte = self.v3d.hw().access_load(va, 0x20);
        self.v3d.deliver_interrupts();
        self.machine.sleep(1_000_000);
        self.record(
            format_args!("GPU reads at {va:#x}"),
            format_args!("{byte:#x}"),
        );
    }

    /// A unit of the device stores a byte.
    pub(crate) fn gpu_write(&mut self, va: u32, byte: u8) {
        self.v3d.hw().access_store(va, 0x60, byte);
        self.v3d.deliver_interrupts();
        self.machine.sleep(1_000_000);
        self.record(format_args!("GPU writes {byte:#x} at {va:#x}"), "ok");
    }
}
