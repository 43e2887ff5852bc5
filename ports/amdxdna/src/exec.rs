//! `EXEC_CMD`: from the argument struct to a command in the mailbox (`amdxdna_ctx.c`, `aie2_ctx.c`).

use drm_core::PAGE_SIZE;
use drm_core::device::File;
use drm_core::errno::{Errno, Result};
use drm_core::exec::{Exec, Flags};
use drm_core::gem::Gem;
use drm_core::memory::KernelMap;
use drm_core::resv::{Fence, Usage};
use drm_core::sync::Arc;

use crate::client::Client;
use crate::hwctx::Hwctx;
use crate::memory::Memory;
use crate::uapi::{ExecCmd, STATE_COMPLETED, STATE_ERROR, SUBMIT_EXEC_BUF};

/// Argument BOs of a command (`MAX_ARG_COUNT`).
const MAX_ARGS: u32 = 4095;
/// Bytes of a command at most.
const MAX_CMD: u64 = 32 << 10;
/// Bytes before the payload: the header, and the mask of compute units.
const PAYLOAD: u64 = 8;

/// `amdxdna_drm_submit_cmd_ioctl`.
///
/// `EINVAL` for extensions, a type that there is not, too many arguments, other than one command, a command that is none, a context that
/// there is not; `EFAULT`; `ENOENT` for an unknown argument; what pinning answers: arguments before stay pinned. `EALREADY` for an
/// argument that is named twice; `EFAULT` and `ETIME` of its mappings.
pub(crate) fn exec(file: &File, memory: &dyn Memory, args: &mut ExecCmd) -> Result {
    if args.ext != 0 || args.ext_flags != 0 || args.kind != SUBMIT_EXEC_BUF {
        return Err(Errno::EINVAL);
    }
    if args.arg_count > MAX_ARGS || args.cmd_count != 1 {
        return Err(Errno::EINVAL);
    }
    let user = file.machine().user();
    let handles = user.read_u32s(args.args, args.arg_count)?;
    let handle = u32::try_from(args.cmd_handles).map_err(|_| Errno::EINVAL)?;
    let command = file.lookup(handle).ok_or(Errno::EINVAL)?;
    if !memory.is_command(&command) {
        return Err(Errno::EINVAL);
    }
    let mut bos = Vec::with_capacity(handles.len());
    for handle in handles {
        let object = file.lookup(handle).ok_or(Errno::ENOENT)?;
        memory.pin_argument(&object)?;
        bos.push(object);
    }
    let client = Client::of(file)?;
    let hwctx = client.hwctxs.lock().get(&args.hwctx).cloned();
    let hwctx = hwctx.ok_or(Errno::EINVAL)?;
    let header = Header::read(memory, &command)?;
    args.seq = submit(client, memory, &hwctx, &command, header, bos)?;
    Ok(())
}

/// The start of a command (`struct amdxdna_cmd`).
struct Header {
    kva: KernelMap,
    word: u32,
}

impl Header {
    /// `EINVAL` for a command that is longer than any, shorter than its header, or than it says.
    fn read(memory: &dyn Memory, command: &Gem) -> Result<Self> {
        let size = command.gem().size();
        if size > MAX_CMD {
            return Err(Errno::EINVAL);
        }
        let kva = memory.vmap(command)?;
        let mut word = [0; 4];
        kva.read(0, &mut word)?;
        let header = Self {
            kva,
            word: u32::from_le_bytes(word),
        };
        let end = 4 + header.count() * 4;
        if end < PAYLOAD || end > size || end - PAYLOAD > PAGE_SIZE {
            return Err(Errno::EINVAL);
        }
        Ok(header)
    }

    /// Words after the header.
    fn count(&self) -> u64 {
        u64::from(self.word >> 12 & 0x7ff)
    }

    fn payload(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; (4 + self.count() * 4 - PAYLOAD) as usize];
        self.kva.read(PAYLOAD, &mut bytes)?;
        Ok(bytes)
    }

    /// `amdxdna_cmd_set_state`.
    fn set_state(&self, state: u32) {
        let word = self.word & !0xf | state;
        // The command may have been unmapped: nobody is left to read the state then.
        let _ = self.kva.write(0, &word.to_le_bytes());
    }
}

/// `aie2_cmd_submit`: every argument is locked, its mappings are as the device sees them, and it gets the command's fence.
fn submit(
    client: &Arc<Client>,
    memory: &dyn Memory,
    hwctx: &Arc<Hwctx>,
    command: &Gem,
    header: Header,
    bos: Vec<Gem>,
) -> Result<u64> {
    let payload = header.payload()?;
    hwctx.take_slot()?;
    let fence = arm(client, memory, hwctx, &bos).inspect_err(|_| hwctx.put_slot())?;
    let (context, command, end) = (Arc::clone(hwctx), command.clone(), fence.clone());
    let done = move |is_done| {
        let state = if is_done {
            STATE_COMPLETED
        } else {
            STATE_ERROR
        };
        header.set_state(state);
        end.signal();
        context.put_slot();
        drop((command, bos));
    };
    hwctx.push(&payload, done).inspect_err(|_| {
        fence.signal();
        hwctx.put_slot();
    })
}

/// Locks every argument, looks its mappings up where they changed, and gives it a fence.
fn arm(
    client: &Arc<Client>,
    memory: &dyn Memory,
    hwctx: &Arc<Hwctx>,
    bos: &[Gem],
) -> Result<Fence> {
    loop {
        let mut exec = Exec::new(Flags::INTERRUPTIBLE_WAIT);
        exec.until_all_locked(|exec| exec.prepare_all(bos, 1))?;
        let armed = client.device().lock_notifiers();
        let mut maps = bos.iter().filter_map(|bo| memory.user_maps(bo));
        let Some(stale) = maps.find(|maps| maps.is_invalid()) else {
            let fence = hwctx.fences.fence();
            exec.add_fence(&fence, Usage::Write);
            return Ok(fence);
        };
        drop(armed);
        drop(exec);
        stale.populate(client.task())?;
    }
}
