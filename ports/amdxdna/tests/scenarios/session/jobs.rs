//! Contexts and commands.

use port_amdxdna::hw::{Instruction, OP_ADD, OP_COPY};
use port_amdxdna::uapi::{self, CreateHwctx, DestroyHwctx, ExecCmd, QosInfo};
use port_kit::desk::Fd;
use port_kit::trace::{ioctl, outcome};

use super::{Bo, Session};

/// Copies bytes between device addresses.
pub(crate) fn copy(dst: u64, src: u64, len: u64) -> Instruction {
    Instruction {
        op: OP_COPY,
        dst,
        src,
        len,
        ..Instruction::default()
    }
}

/// Adds 1 to each byte.
pub(crate) fn add(dst: u64, len: u64) -> Instruction {
    Instruction {
        op: OP_ADD,
        dst,
        len,
        ..Instruction::default()
    }
}

/// Words of a command that does `steps`: the header, the mask of compute units, the payload.
fn words(steps: &[Instruction]) -> Vec<u8> {
    let payload: Vec<u8> = steps
        .iter()
        .flat_map(|step| bytemuck::bytes_of(step).to_vec())
        .collect();
    let count = 1 + payload.len() as u32 / 4;
    let mut bytes = (uapi::STATE_NEW | count << 12).to_le_bytes().to_vec();
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(payload);
    bytes
}

impl Session {
    /// A context.
    pub(crate) fn try_hwctx(&mut self, fd: Fd) -> Option<u32> {
        let mut args = CreateHwctx {
            qos_p: self
                .machine
                .user()
                .put(bytemuck::bytes_of(&QosInfo::default())),
            ..CreateHwctx::default()
        };
        let result = ioctl(&self.file(fd), uapi::CREATE_HWCTX, &mut args);
        self.record(
            format_args!("context in file {}", fd.0),
            format_args!("{} {}", outcome(&result), args.handle),
        );
        result.ok().map(|()| args.handle)
    }

    /// `CREATE_HWCTX` with any argument.
    pub(crate) fn hwctx_with(&mut self, fd: Fd, args: CreateHwctx) {
        let mut args = args;
        let result = ioctl(&self.file(fd), uapi::CREATE_HWCTX, &mut args);
        self.record(
            format_args!("context with ext={} qos_p={:#x}", args.ext, args.qos_p),
            outcome(&result),
        );
    }

    pub(crate) fn hwctx(&mut self, fd: Fd) -> u32 {
        self.try_hwctx(fd).expect("it can be made")
    }

    pub(crate) fn destroy_hwctx(&mut self, fd: Fd, handle: u32) {
        let mut args = DestroyHwctx { handle, pad: 0 };
        let result = ioctl(&self.file(fd), uapi::DESTROY_HWCTX, &mut args);
        self.record(format_args!("destroy context {handle}"), outcome(&result));
    }

    /// A command BO that does `steps`.
    pub(crate) fn command(&mut self, fd: Fd, steps: &[Instruction]) -> Bo {
        let bo = self.create(fd, uapi::CMD, 4096);
        self.fill(bo, &words(steps));
        bo
    }

    /// Puts words into a command, through a mapping that goes again.
    pub(crate) fn fill(&mut self, bo: Bo, bytes: &[u8]) {
        let file = self.file(bo.fd);
        let object = file.lookup(bo.handle).expect("it is there");
        let offset = object.gem().node().offset().expect("it can be mapped");
        drop(object);
        let process = self.task().process();
        let prot = drm_core::mmap::Prot::ReadWrite;
        let sharing = drm_core::mmap::Sharing::Shared;
        let at = process.mmap(&file, 4096, prot, sharing, offset);
        let at = at.expect("it can be mapped");
        process.write(at, bytes).expect("it is mapped");
        process.munmap(at, 4096).expect("it is mapped");
        self.machine.sleep(1_000_000);
    }

    /// `EXEC_CMD` with any argument.
    pub(crate) fn exec_with(&mut self, fd: Fd, what: &str, args: ExecCmd) -> Option<u64> {
        let mut args = args;
        let result = ioctl(&self.file(fd), uapi::EXEC_CMD, &mut args);
        let answer = match &result {
            Ok(()) => format!("ok seq={}", args.seq),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("exec {what}"), answer);
        result.ok().map(|()| args.seq)
    }

    /// The arguments of `EXEC_CMD`, right.
    pub(crate) fn exec_args(&mut self, hwctx: u32, command: Bo, args: &[u32]) -> ExecCmd {
        let bytes: Vec<u8> = args.iter().flat_map(|arg| arg.to_ne_bytes()).collect();
        ExecCmd {
            hwctx,
            cmd_handles: command.handle.into(),
            args: self.machine.user().put(&bytes),
            cmd_count: 1,
            arg_count: args.len() as u32,
            ..ExecCmd::default()
        }
    }

    pub(crate) fn exec(&mut self, hwctx: u32, command: Bo, args: &[Bo]) -> Option<u64> {
        let handles: Vec<u32> = args.iter().map(|bo| bo.handle).collect();
        let args = self.exec_args(hwctx, command, &handles);
        self.exec_with(
            command.fd,
            &format!("{command}, arguments {handles:?}"),
            args,
        )
    }

    /// Runs a command to its end.
    pub(crate) fn run(&mut self, hwctx: u32, command: Bo, args: &[Bo]) {
        if self.exec(hwctx, command, args).is_some() {
            self.machine.sleep(10_000_000);
            self.state(command);
        }
    }

    /// The state that a command tells.
    pub(crate) fn state(&mut self, command: Bo) {
        let object = self.file(command.fd).lookup(command.handle);
        let object = object.expect("it is there");
        let mut word = [0; 4];
        let read = self.npu.kernel_map(&object);
        let read = read.and_then(|map| map.read(0, &mut word));
        drop(object);
        let state = match u32::from_le_bytes(word) & 0xf {
            uapi::STATE_NEW => "new",
            uapi::STATE_COMPLETED => "completed",
            uapi::STATE_ERROR => "error",
            _ => "unknown",
        };
        let answer = match read {
            Ok(()) => state.to_owned(),
            Err(_) => outcome(&read),
        };
        self.record(format_args!("state of {command}"), answer);
    }

    /// Commands wait in the mailbox, or no longer.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.npu.amdxdna().npu().pause(paused);
        let what = if paused { "stops" } else { "goes on" };
        self.heading(&format!("the device {what}"));
    }
}
