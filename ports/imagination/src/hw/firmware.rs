//! The firmware: commands from the kernel, commands to the kernel.

use super::space::FwSpace;
use super::{Command, Gpu, Health};
use crate::fwif::{self, ccb_ctl, commoncontext, osdata, osinit, sysinit};

/// Distance of the three structs of the configuration area from its start, and its size in units of that distance
/// (`PVR_ROGUE_FW_CONFIG_HEAP_GRANULARITY`).
const CONFIG_GRANULARITY: u64 = 64 << 10;

/// A running firmware: where it found its structs.
pub(super) struct Firmware {
    pub(super) space: FwSpace,
    kccb_ctl: u64,
    kccb: u64,
    rtn: u64,
    fwccb_ctl: u64,
    fwccb: u64,
    osdata: u64,
}

impl Firmware {
    /// Starts: reads where everything is, and says that it runs.
    pub(super) fn boot(space: FwSpace) -> Self {
        let config = space.heap_size() - 3 * CONFIG_GRANULARITY;
        let osinit = config + CONFIG_GRANULARITY;
        let sysinit = config + 2 * CONFIG_GRANULARITY;
        let find = |field| u64::from(space.read32(osinit + field));
        let firmware = Self {
            kccb_ctl: find(osinit::KERNEL_CCBCTL),
            kccb: find(osinit::KERNEL_CCB),
            rtn: find(osinit::KERNEL_CCB_RTN_SLOTS),
            fwccb_ctl: find(osinit::FIRMWARE_CCBCTL),
            fwccb: find(osinit::FIRMWARE_CCB),
            osdata: find(osinit::FW_OS_DATA),
            space,
        };
        firmware
            .space
            .write32(sysinit + sysinit::FIRMWARE_STARTED, 1);
        firmware
    }

    /// The oldest command that it has not seen: its slot and its words.
    fn next(&self) -> Option<(u64, Vec<u32>)> {
        let read = self.space.read32(self.kccb_ctl + ccb_ctl::READ_OFFSET);
        if read == self.space.read32(self.kccb_ctl + ccb_ctl::WRITE_OFFSET) {
            return None;
        }
        let slot = u64::from(read);
        let at = self.kccb + slot * fwif::CMD_SIZE;
        let words = (0..fwif::CMD_SIZE / 4).map(|word| self.space.read32(at + 4 * word));
        Some((slot, words.collect()))
    }

    /// A command is done.
    fn done(&self, slot: u64, rtn: u32) {
        let wrap = self.space.read32(self.kccb_ctl + ccb_ctl::WRAP_MASK);
        self.space.write32(self.rtn + 4 * slot, rtn);
        let next = (slot as u32 + 1) & wrap;
        self.space
            .write32(self.kccb_ctl + ccb_ctl::READ_OFFSET, next);
        let executed = self.osdata + osdata::KCCB_CMDS_EXECUTED;
        self.space
            .write32(executed, self.space.read32(executed).wrapping_add(1));
    }

    /// Puts a command into the buffer to the kernel; a full buffer drops it.
    pub(super) fn send(&self, kind: u32, args: &[u32]) {
        let write = self.space.read32(self.fwccb_ctl + ccb_ctl::WRITE_OFFSET);
        let wrap = self.space.read32(self.fwccb_ctl + ccb_ctl::WRAP_MASK);
        let next = (write + 1) & wrap;
        if next == self.space.read32(self.fwccb_ctl + ccb_ctl::READ_OFFSET) {
            return;
        }
        let at = self.fwccb + u64::from(write) * fwif::CMD_SIZE;
        self.space.write32(at, kind);
        for (word, value) in (0..).zip(args) {
            self.space.write32(at + fwif::CMD_DATA + 4 * word, *value);
        }
        self.space
            .write32(self.fwccb_ctl + ccb_ctl::WRITE_OFFSET, next);
    }

    /// Whether the queue of a context has commands that it did not get to.
    fn is_busy(&self, context: u64) -> bool {
        let ctl = u64::from(self.space.read32(context + commoncontext::CCBCTL));
        ctl != 0
            && self.space.read32(ctl + fwif::cccb_ctl::READ_OFFSET)
                != self.space.read32(ctl + fwif::cccb_ctl::WRITE_OFFSET)
    }
}

impl Gpu {
    /// Executes one command of the kernel; `false` when there is none, or nobody to do it.
    pub(super) fn step(&self) -> bool {
        let (slot, words) = {
            let state = self.state.lock();
            let next = match &state.firmware {
                Some(firmware) if state.health == Health::Works => firmware.next(),
                _ => None,
            };
            match next {
                Some(next) => next,
                None => return false,
            }
        };
        let (command, rtn) = self.execute(&words);
        let mut state = self.state.lock();
        state.commands.push(command);
        if let Some(firmware) = &state.firmware {
            firmware.done(slot, rtn);
        }
        true
    }

    fn execute(&self, words: &[u32]) -> (Command, u32) {
        let args = &words[2..];
        let done = fwif::RTN_EXECUTED;
        match words[0] {
            fwif::kccb::MMUCACHE => {
                let mut state = self.state.lock();
                if args[0] & fwif::mmucache::TLB != 0 {
                    state.cache.flush();
                }
                if let Some(firmware) = &state.firmware {
                    firmware.space.write32(args[1].into(), args[2]);
                }
                (Command::MmuCache { flags: args[0] }, done)
            }
            fwif::kccb::KICK => (self.kick_context(args[0].into(), args[1]), done),
            fwif::kccb::CLEANUP => {
                let state = self.state.lock();
                let busy = args[0] == fwif::cleanup::FWCOMMONCONTEXT
                    && state
                        .firmware
                        .as_ref()
                        .is_some_and(|firmware| firmware.is_busy(args[1].into()));
                let rtn = if busy { fwif::RTN_CLEANUP_BUSY } else { 0 };
                let kind = args[0];
                (Command::Cleanup { kind, busy }, done | rtn)
            }
            fwif::kccb::POW => {
                let state = self.state.lock();
                if let Some(firmware) = &state.firmware {
                    let sync = firmware.space.read32(firmware.osdata + osdata::POWER_SYNC);
                    firmware.space.write32(sync.into(), 1);
                }
                (Command::Power { kind: args[0] }, done)
            }
            fwif::kccb::FREELIST_GROW_UPDATE => (self.grown(args), done),
            fwif::kccb::FREELISTS_RECONSTRUCTION_UPDATE => {
                let count = (args[0] as usize).min(args.len() - 1);
                let ids = args[1..=count].to_vec();
                (Command::FreeListsReconstructed(ids), done)
            }
            kind => (Command::Unknown { kind }, done),
        }
    }

    /// Takes the answer to a request to grow into the firmware's own struct.
    fn grown(&self, args: &[u32]) -> Command {
        use fwif::freelist::{CURRENT_PAGES, CURRENT_STACK_TOP, GROW_PENDING, READY_PAGES};
        let [list, delta, new, ready] = [args[0], args[1], args[2], args[3]];
        if let Some(firmware) = &self.state.lock().firmware {
            let (space, list) = (&firmware.space, u64::from(list));
            let current = new.wrapping_sub(ready);
            space.write32(list + CURRENT_PAGES, current);
            space.write32(list + READY_PAGES, ready);
            space.write32(list + CURRENT_STACK_TOP, current.wrapping_sub(1));
            space.write32(list + GROW_PENDING, 0);
        }
        Command::FreeListGrown { delta, new, ready }
    }

    /// The firmware asks the kernel for something, and raises the interrupt. It does not, unless it runs and works.
    pub fn request(&self, kind: u32, args: &[u32]) {
        {
            let state = self.state.lock();
            match &state.firmware {
                Some(firmware) if state.health == Health::Works => firmware.send(kind, args),
                _ => return,
            }
        }
        self.raise();
    }

    /// A 32-bit word of the firmware's memory, as it sees it; 0 where nothing is mapped, or when it is off.
    #[must_use]
    pub fn fw_read32(&self, addr: u32) -> u32 {
        let state = self.state.lock();
        state
            .firmware
            .as_ref()
            .map_or(0, |firmware| firmware.space.read32(addr.into()))
    }

    /// A 64-bit word of the firmware's memory.
    #[must_use]
    pub fn fw_read64(&self, addr: u32) -> u64 {
        let state = self.state.lock();
        state
            .firmware
            .as_ref()
            .map_or(0, |firmware| firmware.space.read64(addr.into()))
    }
}
