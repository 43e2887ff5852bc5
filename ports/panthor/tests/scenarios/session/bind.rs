//! Binds, and what they leave.

use port_kit::trace::outcome;
use port_panthor::uapi::*;

use super::Session;

/// One operation of a `VM_BIND`, built up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Op {
    flags: u32,
    handle: u32,
    offset: u64,
    va: u64,
    size: u64,
    syncs: Vec<SyncOp>,
}

/// Map `size` bytes of an object at `va`.
pub(crate) fn map(handle: u32, va: u64, size: u64) -> Op {
    Op {
        handle,
        va,
        size,
        ..Op::default()
    }
}

/// Unmap `size` bytes at `va`.
pub(crate) fn unmap(va: u64, size: u64) -> Op {
    Op {
        flags: VM_BIND_OP_TYPE_UNMAP,
        va,
        size,
        ..Op::default()
    }
}

impl Op {
    /// From another byte of the object.
    pub(crate) fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// With more flags.
    pub(crate) fn flags(self, flags: u32) -> Self {
        Self {
            flags: self.flags | flags,
            ..self
        }
    }

    /// With an object, for an operation that should have none.
    pub(crate) fn handle(self, handle: u32) -> Self {
        Self { handle, ..self }
    }

    /// Waits for a sync object.
    pub(crate) fn wait(mut self, handle: u32) -> Self {
        self.syncs.push(SyncOp {
            handle,
            ..SyncOp::default()
        });
        self
    }

    /// Signals a sync object.
    pub(crate) fn signal(mut self, handle: u32) -> Self {
        self.syncs.push(SyncOp {
            flags: SYNC_OP_SIGNAL,
            handle,
            timeline_value: 0,
        });
        self
    }

    fn shown(&self) -> String {
        let what = match self.flags & VM_BIND_OP_TYPE_MASK {
            VM_BIND_OP_TYPE_MAP => "map",
            VM_BIND_OP_TYPE_UNMAP => "unmap",
            VM_BIND_OP_TYPE_SYNC_ONLY => "sync",
            _ => "?",
        };
        let mut text = format!("{what} {:#x}+{:#x}", self.va, self.size);
        if self.handle != 0 {
            text += &format!(" of {}", self.handle);
        }
        if self.offset != 0 {
            text += &format!(" from {:#x}", self.offset);
        }
        let flags = self.flags & !VM_BIND_OP_TYPE_MASK;
        if flags != 0 {
            text += &format!(" flags={flags:#x}");
        }
        for sync in &self.syncs {
            let verb = if sync.flags & SYNC_OP_SIGNAL != 0 {
                "signals"
            } else {
                "waits for"
            };
            text += &format!(" {verb} {}", sync.handle);
        }
        text
    }
}

impl Session {
    /// A bind of several operations, done before it returns.
    pub(crate) fn bind(&mut self, file: usize, vm: u32, ops: &[Op]) {
        self.vm_bind(file, vm, 0, ops);
    }

    /// A bind of several operations, queued.
    pub(crate) fn bind_async(&mut self, file: usize, vm: u32, ops: &[Op]) {
        self.vm_bind(file, vm, VM_BIND_ASYNC, ops);
    }

    fn vm_bind(&mut self, file: usize, vm_id: u32, flags: u32, ops: &[Op]) {
        let user = self.machine.user();
        let raw: Vec<VmBindOp> = ops
            .iter()
            .map(|op| VmBindOp {
                flags: op.flags,
                bo_handle: op.handle,
                bo_offset: op.offset,
                va: op.va,
                size: op.size,
                syncs: ObjArray {
                    stride: size_of::<SyncOp>() as u32,
                    count: op.syncs.len() as u32,
                    array: user.put(bytemuck::cast_slice(&op.syncs)),
                },
            })
            .collect();
        let mut args = VmBind {
            vm_id,
            flags,
            ops: ObjArray {
                stride: size_of::<VmBindOp>() as u32,
                count: raw.len() as u32,
                array: user.put(bytemuck::cast_slice(&raw)),
            },
        };
        let result = self.call(file, VM_BIND, &mut args);
        let shown: Vec<_> = ops.iter().map(Op::shown).collect();
        let verb = if flags & VM_BIND_ASYNC != 0 {
            "queue"
        } else {
            "bind"
        };
        let mut answer = outcome(&result);
        if args.ops.count as usize != ops.len() {
            answer += &format!(" at {}", args.ops.count);
        }
        self.record(
            format_args!("{verb} vm={vm_id} [{}]", shown.join("; ")),
            answer,
        );
    }

    /// What is mapped in a space, by address, then its leaves.
    pub(crate) fn show(&mut self, file: usize, vm: u32) {
        let (mappings, leaves) = match self.look(file, vm) {
            Some(vm) => (self.mappings(file, &*vm), vm.walk(0, u64::MAX).text),
            None => ("no such space".to_owned(), String::new()),
        };
        self.trace.line(format_args!("  mapped: {mappings}"));
        self.trace.line(format_args!("  leaves: {leaves}"));
    }

    /// The mappings without the counts that are the side's own.
    fn mappings(&self, file: usize, vm: &dyn port_panthor::AnyVm) -> String {
        let text = vm.gpuvm(&self.files[file]);
        let words = text.split(' ').filter(|word| !word.starts_with("r="));
        words
            .collect::<Vec<_>>()
            .join(" ")
            .replace(" [", "] [")
            .replace(" n=", "] n=")
    }

    /// Tables of a space, by level.
    pub(crate) fn tables(&mut self, file: usize, vm: u32) {
        let tables = self
            .look(file, vm)
            .map_or("no such space".to_owned(), |vm| vm.tables());
        self.trace.line(format_args!("  tables: {tables}"));
    }

    /// A new sync object of a file.
    pub(crate) fn syncobj(&mut self, file: usize) -> u32 {
        self.files[file]
            .add_syncobj(drm_core::syncobj::Syncobj::new())
            .expect("there are numbers left")
    }

    /// Signals a sync object from user space.
    pub(crate) fn signal(&mut self, file: usize, handle: u32) {
        let handles = self.machine.user().put(&handle.to_ne_bytes());
        let mut args = [handles, 1];
        let result = self.call(file, drm_core::syncobj::nr::SIGNAL, &mut args);
        self.record(format_args!("signal syncobj {handle}"), outcome(&result));
    }

    /// What a sync object says.
    pub(crate) fn fence(&mut self, file: usize, handle: u32) {
        let fence = self.files[file]
            .syncobj(handle)
            .and_then(|object| object.find_fence(0));
        let answer = match fence {
            Err(_) => "no fence".to_owned(),
            Ok(fence) if !fence.is_signaled() => "pending".to_owned(),
            Ok(fence) => match fence.error() {
                Some(error) => format!("failed, {error}"),
                None => "signaled".to_owned(),
            },
        };
        self.record(format_args!("syncobj {handle}"), answer);
    }
}
