//! The uAPI: files, objects, mappings, buffers.

use std::fmt;

use drm_core::PAGE_SIZE;
use drm_core::errno::Result;
use drm_core::machine::{ScanResult, ShrinkControl, Shrinker};
use drm_core::memory::{Folio, Gfp};
use drm_core::mmap::{Prot, Sharing};
use drm_core::sync::{Arc, Mutex};
use port_kit::trace::{ioctl, outcome};
use port_rocket::uapi;

use super::{Bo, Buf, Fd, Mapped, Session};

impl fmt::Display for Bo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fd.0, self.handle)
    }
}

/// Memory of somebody else, given back when asked for; meanwhile another thread has its turn.
struct Others {
    memory: Mutex<Vec<Folio>>,
    turn: Box<dyn Fn() + Send + Sync>,
}

impl Shrinker for Others {
    fn name(&self) -> &str {
        "others"
    }

    fn count(&self, _control: ShrinkControl) -> u64 {
        self.memory.lock().len() as u64
    }

    fn scan(&self, _control: ShrinkControl) -> ScanResult {
        let memory = std::mem::take(&mut *self.memory.lock());
        if memory.is_empty() {
            return ScanResult::Stop;
        }
        (self.turn)();
        ScanResult::Freed(memory.len() as u64)
    }
}

impl Session {
    /// Opens the device.
    pub(crate) fn open(&mut self) -> Fd {
        let file = self.rocket.device().open().expect("the device opens");
        let fd = self.add_file(file);
        self.record(format_args!("open file {}", fd.0), "ok");
        fd
    }

    /// CREATE_BO that is to succeed.
    pub(crate) fn create(&mut self, fd: Fd, size: u32) -> Bo {
        self.try_create(fd, size).expect("it is created")
    }

    /// CREATE_BO.
    pub(crate) fn try_create(&mut self, fd: Fd, size: u32) -> Result<Bo> {
        let mut args = uapi::CreateBo {
            size,
            ..uapi::CreateBo::default()
        };
        let result = ioctl(&self.file(fd), uapi::CREATE_BO, &mut args);
        let uapi::CreateBo {
            handle,
            dma_address: va,
            offset,
            ..
        } = args;
        let answer = match &result {
            Ok(()) => format!("ok handle={handle} va={va:#x} offset={offset:#x}"),
            Err(error) => format!("{error:?} handle={handle}"),
        };
        self.record(
            format_args!("create in file {}: {size} bytes", fd.0),
            answer,
        );
        result.map(|()| Bo {
            fd,
            handle,
            va,
            offset,
        })
    }

    /// A handle that somebody guesses.
    pub(crate) fn guess(&self, fd: Fd, handle: u32) -> Bo {
        Bo {
            fd,
            handle,
            va: 0,
            offset: 0,
        }
    }

    /// GEM_CLOSE.
    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(format_args!("close {bo}"), outcome(&result));
    }

    /// PREP_BO, with a time-out from now.
    pub(crate) fn prep(&mut self, bo: Bo, timeout_ns: i64) {
        self.prep_with(bo, 0, timeout_ns);
    }

    /// PREP_BO.
    pub(crate) fn prep_with(&mut self, bo: Bo, reserved: u32, timeout_ns: i64) {
        let now = self.machine.clock().now() as i64;
        let until = if timeout_ns == 0 { 0 } else { now + timeout_ns };
        let mut args = uapi::PrepBo {
            handle: bo.handle,
            reserved,
            timeout_ns: until,
        };
        let before = self.machine.counters().snapshot();
        let file = self.file(bo.fd);
        let result = ioctl(&file, uapi::PREP_BO, &mut args);
        let synced = (self.machine.counters().snapshot() - before).cache_synced;
        let answer = match result {
            Ok(()) => format!("returns {}", self.rocket.returned(&file)),
            Err(error) => format!("{error:?}"),
        };
        let passed = self.machine.clock().now() as i64 - now;
        let answer = format!(
            "{answer} after {} ms, caches: {synced} bytes",
            passed / 1_000_000
        );
        self.record(
            format_args!(
                "prep {bo} reserved {reserved} timeout {} ms",
                timeout_ns / 1_000_000
            ),
            answer,
        );
    }

    /// FINI_BO.
    pub(crate) fn fini(&mut self, bo: Bo, reserved: u32) {
        let mut args = uapi::FiniBo {
            handle: bo.handle,
            reserved,
        };
        let before = self.machine.counters().snapshot();
        let result = ioctl(&self.file(bo.fd), uapi::FINI_BO, &mut args);
        let synced = (self.machine.counters().snapshot() - before).cache_synced;
        let answer = format!("{}, caches: {synced} bytes", outcome(&result));
        self.record(format_args!("fini {bo} reserved {reserved}"), answer);
    }

    /// Maps an object as a whole.
    pub(crate) fn map(&mut self, bo: Bo, pages: u64) -> Mapped {
        let len = pages * PAGE_SIZE;
        let file = self.file(bo.fd);
        let mapped = self
            .process
            .mmap(&file, len, Prot::ReadWrite, Sharing::Shared, bo.offset);
        self.record(format_args!("mmap {bo} {pages} pages"), outcome(&mapped));
        Mapped {
            at: mapped.expect("it is mapped"),
            len,
        }
    }

    /// Writes commands of the NPU at the start of a mapping.
    pub(crate) fn write_commands(&mut self, map: Mapped, commands: &[u64]) {
        let bytes: Vec<u8> = commands
            .iter()
            .flat_map(|command| command.to_le_bytes())
            .collect();
        let result = self.process.write(map.at, &bytes);
        self.record(
            format_args!("cpu writes {} commands", commands.len()),
            outcome(&result),
        );
    }

    /// PRIME_HANDLE_TO_FD.
    pub(crate) fn export(&mut self, bo: Bo) -> Buf {
        self.export_handle(bo.fd, bo.handle)
    }

    /// PRIME_FD_TO_HANDLE.
    pub(crate) fn import(&mut self, fd: Fd, buf: Buf) -> Result<Bo> {
        let handle = self.import_handle(fd, buf, |_, _| String::new())?;
        Ok(self.guess(fd, handle))
    }

    /// The kernel maps and unmaps a buffer, with `between` in between.
    pub(crate) fn vmap(&mut self, buf: Buf, between: impl FnOnce(&mut Self)) {
        let buffer = self.buffer(buf);
        let mut guard = buffer.resv().lock();
        let mapped = buffer.vmap(&mut guard);
        drop(guard);
        self.record(format_args!("vmap buffer {}", buf.0), outcome(&mapped));
        between(self);
        let mut guard = buffer.resv().lock();
        buffer.vunmap(&mut guard);
        drop(guard);
        self.record(format_args!("vunmap buffer {}", buf.0), "ok");
    }

    /// Somebody else has all memory but `left` pages, and gives it back when an allocation waits for it; another thread of `fd` has
    /// its turn then, and does PREP on a handle that it guesses.
    pub(crate) fn race_with_prep(&mut self, fd: Fd, left: u64, handle: u32) {
        let frames = self.machine.frames();
        let mut memory = Vec::new();
        while frames.stats().total - frames.stats().used > left {
            memory.push(frames.alloc(0, Gfp::KERNEL).expect("there is memory"));
        }
        let (file, machine) = (Mutex::new(Some(self.file(fd))), self.machine.clone());
        let turn = move || {
            let Some(file) = file.lock().take() else {
                return;
            };
            let mut args = uapi::PrepBo {
                handle,
                ..uapi::PrepBo::default()
            };
            let result = ioctl(&file, uapi::PREP_BO, &mut args);
            let line = format!("another thread: prep {handle} => {}", outcome(&result));
            machine.trace().record(drm_core::machine::Event::Log(line));
        };
        let others: Arc<dyn Shrinker> = Arc::new(Others {
            memory: Mutex::new(memory),
            turn: Box::new(turn),
        });
        self.machine.register_shrinker(&others);
        self.others = Some(others);
        self.trace
            .line(format_args!("memory is short: {left} pages are left"));
    }
}
