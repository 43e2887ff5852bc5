//! Mappings of the process, and buffers.

use drm_core::errno::{Errno, Result};
use drm_core::mmap::{Process, Prot, Sharing};
use port_kit::window::{arg, word};

use super::script::{Map, Script, Slot};

impl Script {
    pub fn map_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "mmap" => {
                let (file, handle) = self.slot(n(2))?;
                let (result, offset) = self.mmap_bo(file, handle, 0);
                if result.is_err() {
                    return Some(format!("map {}", word(result)));
                }
                let len = n(3) * drm_core::PAGE_SIZE;
                let file = file.clone();
                let text = self.map(n(1), len, |process| {
                    process.mmap(&file, len, Prot::ReadWrite, Sharing::Shared, offset)
                });
                drop(file);
                Some(format!("{text} off={offset:#x} | {}", self.bo(n(2))?))
            }
            "mmapoff" => {
                let file = self.files.get(&n(2))?.clone();
                let (offset, len) = (n(3), n(4));
                Some(self.map(n(1), len, |process| {
                    process.mmap(&file, len, Prot::ReadWrite, Sharing::Shared, offset)
                }))
            }
            "mmapbuf" => {
                let buffer = self.buffers.get(&n(2))?.clone();
                let len = n(3);
                Some(self.map(n(1), len, |process| {
                    process.mmap_dma_buf(&buffer, len, Prot::ReadWrite, Sharing::Shared, 0)
                }))
            }
            "munmap" => {
                let map = self.maps.remove(&n(1))?;
                Some(word(self.process.munmap(map.at, map.len)))
            }
            "wr" => {
                let map = self.maps.get(&n(1))?;
                match self.process.write(map.at + n(2), &[n(3) as u8]) {
                    Ok(()) => Some("ok".to_owned()),
                    Err(error) => Some(format!("{error:?}")),
                }
            }
            touch => {
                let map = self.maps.get(&n(1))?;
                match self.process.read_byte(map.at + n(2)) {
                    Ok(byte) => Some(format!("{byte:#04x}")),
                    Err(Errno::EFAULT) if touch == "touch" => Some("SIGBUS".to_owned()),
                    Err(error) => Some(format!("{error:?}")),
                }
            }
        }
    }

    fn map(&mut self, number: u64, len: u64, map: impl FnOnce(&Process) -> Result<u64>) -> String {
        match map(&self.process) {
            Ok(at) => {
                // What was mapped under the number before stays mapped, and is forgotten: the program leaked it.
                self.maps.insert(number, Map { at, len });
                "ok".to_owned()
            }
            Err(error) => format!("{error:?}"),
        }
    }

    pub fn share_operation(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "export" => {
                let (file, handle) = self.slot(n(2))?;
                // O_RDWR is 2.
                let result = file.export(handle, n(3) & 2 != 0).map(|buffer| {
                    self.buffers.insert(n(1), buffer);
                });
                Some(format!("{} | {}", word(result), self.bo(n(2))?))
            }
            "import" => {
                let buffer = self.buffers.get(&n(3))?;
                match self.files.get(&n(2))?.import(buffer) {
                    Ok(handle) => {
                        let slot = Slot { file: n(2), handle };
                        self.slots.insert(n(1), slot);
                        Some(format!("0 h={handle} | {}", self.bo(n(1))?))
                    }
                    Err(error) => Some(format!("{error:?} h=0")),
                }
            }
            "closebuf" => {
                let _syscall = self.machine.syscall();
                self.buffers.remove(&n(1))?;
                Some("0".to_owned())
            }
            "attach" => {
                let imported = self.vgem.import(self.buffers.get(&n(1))?);
                Some(word(imported.map(|handle| {
                    self.attached.insert(n(1), handle);
                })))
            }
            "detach" => {
                let handle = self.attached.remove(&n(1))?;
                Some(word(self.vgem.close(handle)))
            }
            _ => {
                let exported = self.vgem.export(n(2) as u32).and_then(|(handle, buffer)| {
                    self.buffers.insert(n(1), buffer);
                    self.vgem.close(handle)
                });
                Some(word(exported))
            }
        }
    }
}
