//! Operations that are one ioctl.

use drm_core::device::File;
use drm_core::errno::Result;
use port_kit::window::{arg, word};
use port_panfrost::uapi;

use super::script::{Script, Slot};

impl Script {
    pub fn ioctl_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "param" => {
                let mut args = uapi::GetParam {
                    param: n(2) as u32,
                    pad: n(3) as u32,
                    value: 0,
                };
                let result = self.ioctl(self.files.get(&n(1))?, uapi::GET_PARAM, &mut args);
                Some(format!("{} {:#x}", word(result), args.value))
            }
            "create" => {
                let mut args = uapi::CreateBo {
                    size: n(3) as u32,
                    flags: n(4) as u32,
                    pad: n(5) as u32,
                    ..uapi::CreateBo::default()
                };
                let result = self.ioctl(self.files.get(&n(2))?, uapi::CREATE_BO, &mut args);
                let mut text = format!("{} h={} va={:#x}", word(result), args.handle, args.offset);
                if result.is_ok() {
                    let slot = Slot {
                        file: n(2),
                        handle: args.handle,
                    };
                    self.slots.insert(n(1), slot);
                    text += &format!(" | {}", self.bo(n(1))?);
                }
                Some(text)
            }
            "close" => {
                let slot = self.slots.remove(&n(1))?;
                Some(word(self.files.get(&slot.file)?.handle_delete(slot.handle)))
            }
            "closeh" => Some(word(self.files.get(&n(1))?.handle_delete(n(2) as u32))),
            "mmapbo" | "mmapboh" | "off" | "offh" => {
                let raw = words[0].ends_with('h');
                let (file, handle) = if raw {
                    (self.files.get(&n(1))?, n(2) as u32)
                } else {
                    self.slot(n(1))?
                };
                let last = n(if raw { 3 } else { 2 }) as u32;
                let (result, offset) = if words[0].starts_with("mmap") {
                    self.mmap_bo(file, handle, last)
                } else {
                    self.get_bo_offset(file, handle, last)
                };
                Some(format!("{} {offset:#x}", word(result)))
            }
            "madv" => {
                let (file, handle) = self.slot(n(1))?;
                let text = self.madvise(file, handle, n(2) as u32);
                Some(format!("{text} | {}", self.bo(n(1))?))
            }
            "madvh" => Some(self.madvise(self.files.get(&n(1))?, n(2) as u32, n(3) as u32)),
            "wait" | "waith" => {
                let raw = words[0].ends_with('h');
                let (file, handle) = if raw {
                    (self.files.get(&n(1))?, n(2) as u32)
                } else {
                    self.slot(n(1))?
                };
                let timeout_ns = match *words.get(2)? {
                    "inf" => i64::MAX,
                    "past" => 0,
                    _ if raw => 0,
                    _ => (self.machine.clock().now() + n(2) * 1_000_000) as i64,
                };
                let pad = if raw { 0 } else { n(3) as u32 };
                let mut args = uapi::WaitBo {
                    handle,
                    pad,
                    timeout_ns,
                };
                Some(word(self.ioctl(file, uapi::WAIT_BO, &mut args)))
            }
            "perf" => {
                let mut args = uapi::PerfcntEnable {
                    enable: n(2) as u32,
                    counterset: n(3) as u32,
                };
                Some(word(self.ioctl(
                    self.files.get(&n(1))?,
                    uapi::PERFCNT_ENABLE,
                    &mut args,
                )))
            }
            _ => {
                let buf_ptr = self.machine.user().put(&[0; 4096]);
                let mut args = uapi::PerfcntDump { buf_ptr };
                let result = self.ioctl(self.files.get(&n(1))?, uapi::PERFCNT_DUMP, &mut args);
                self.machine.user().take(buf_ptr);
                Some(word(result))
            }
        }
    }

    pub fn mmap_bo(&self, file: &File, handle: u32, flags: u32) -> (Result, u64) {
        let mut args = uapi::MmapBo {
            handle,
            flags,
            offset: 0,
        };
        let result = self.ioctl(file, uapi::MMAP_BO, &mut args);
        (result, args.offset)
    }

    fn get_bo_offset(&self, file: &File, handle: u32, pad: u32) -> (Result, u64) {
        let mut args = uapi::GetBoOffset {
            handle,
            pad,
            offset: 0,
        };
        let result = self.ioctl(file, uapi::GET_BO_OFFSET, &mut args);
        (result, args.offset)
    }

    fn madvise(&self, file: &File, handle: u32, madv: u32) -> String {
        // The out-field of an ioctl that fails before it is set holds the caller's value.
        let mut args = uapi::Madvise {
            handle,
            madv,
            retained: 77,
        };
        let result = self.ioctl(file, uapi::MADVISE, &mut args);
        format!("{} ret={}", word(result), args.retained)
    }
}
