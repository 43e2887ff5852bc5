//! Jobs: submission, waiting, faults, time.

use drm_core::errno::Result;
use port_ivpu::uapi;
use port_kit::trace::{ioctl, outcome};

use super::{Bo, Fd, Session};

impl Session {
    /// SUBMIT of some BOs, the first of them the command buffer.
    pub(crate) fn submit(&mut self, fd: Fd, bos: &[Bo]) -> Result {
        self.submit_with(fd, bos, |_| ())
    }

    /// SUBMIT with other arguments.
    pub(crate) fn submit_with(
        &mut self,
        fd: Fd,
        bos: &[Bo],
        change: impl FnOnce(&mut uapi::Submit),
    ) -> Result {
        let handles: Vec<u32> = bos.iter().map(|bo| bo.handle).collect();
        let bytes: Vec<u8> = handles
            .iter()
            .flat_map(|handle| handle.to_ne_bytes())
            .collect();
        let mut args = uapi::Submit {
            buffers_ptr: self.machine.user().put(&bytes),
            buffer_count: handles.len() as u32,
            ..uapi::Submit::default()
        };
        change(&mut args);
        let result = ioctl(&self.file(fd), uapi::SUBMIT, &mut args);
        let mut text = format!("submit in file {}: {handles:?}", fd.0);
        for (name, value) in [
            ("engine", args.engine),
            ("priority", args.priority),
            ("offset", args.commands_offset),
        ] {
            if value != 0 {
                text += &format!(" {name} {value}");
            }
        }
        self.record(text, outcome(&result));
        result
    }

    /// SUBMIT that is to succeed, and the job done.
    pub(crate) fn run(&mut self, fd: Fd, bos: &[Bo]) {
        self.submit(fd, bos).expect("it is submitted");
        self.wait(bos[0], 1000);
    }

    /// BO_WAIT for some milliseconds from now.
    pub(crate) fn wait(&mut self, bo: Bo, ms: i64) {
        let now = self.machine.clock().now() as i64;
        let timeout_ns = if ms == 0 { 0 } else { now + ms * 1_000_000 };
        let mut args = uapi::BoWait {
            handle: bo.handle,
            timeout_ns,
            job_status: 77,
            ..uapi::BoWait::default()
        };
        let result = ioctl(&self.file(bo.fd), uapi::BO_WAIT, &mut args);
        let passed = (self.machine.clock().now() as i64 - now) / 1_000_000;
        let answer = format!(
            "{} status={} after {passed} ms",
            outcome(&result),
            args.job_status
        );
        self.record(format_args!("wait {bo} {ms} ms"), answer);
    }

    /// Jobs take for ever, or as long as they should.
    pub(crate) fn slow(&mut self, slow: bool) {
        self.ivpu.npu().pause(slow);
        self.trace
            .line(if slow { "jobs take long" } else { "jobs go on" });
    }

    /// The NPU accesses an address of a context.
    pub(crate) fn access(&mut self, ssid: u32, va: u64, write: bool) {
        let result = self.ivpu.npu().access(ssid, va, write);
        let kind = if write { "writes" } else { "reads" };
        self.record(
            format_args!("npu {kind} {va:#x} in ssid {ssid}"),
            result.map_or("fault", |()| "ok"),
        );
    }
}
