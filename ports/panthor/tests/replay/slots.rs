//! Objects, their mappings, and buffers.

use drm_core::device::core_nr;
use drm_core::errno::{Errno, Result};
use drm_core::mmap::{Prot, Sharing};
use port_panthor::uapi::*;

use super::contig::contig;
use super::script::{Mapping, Script, Slot, ioctl};
use super::words::{Words, errno};

impl Script {
    /// An operation on objects, mappings or buffers; `None` for an empty slot.
    pub(super) fn object_op(&mut self, words: Words<'_>) -> Option<String> {
        match words.word(0) {
            "bo" => {
                let exclusive = match words.word(5) {
                    "" | "-" => 0,
                    _ => self.vms.get(&words.number(5))?.id,
                };
                self.create(words, exclusive, words.short(6))
            }
            "boi" => self.create(words, words.short(5), words.short(6)),
            "close" => {
                let slot = self.objects.remove(&words.number(1))?;
                Some(errno(&self.close(slot)))
            }
            "closeh" => {
                let (file, id) = (words.number(1), words.short(2));
                self.files.get(&file)?;
                Some(errno(&self.close(Slot { file, id })))
            }
            "off" => {
                let slot = *self.objects.get(&words.number(1))?;
                self.offset(slot, words.short(2))
            }
            "offh" => {
                let (file, id) = (words.number(1), words.short(2));
                self.offset(Slot { file, id }, words.short(3))
            }
            "st" => self
                .objects
                .get(&words.number(1))
                .map(|slot| self.object_state(*slot)),
            "mmap" | "mmapoff" | "mmapbuf" | "munmap" | "rd" | "touch" | "wr" => {
                self.mapping_op(words)
            }
            _ => self.buffer_op(words),
        }
    }

    fn create(&mut self, words: Words<'_>, exclusive_vm_id: u32, pad: u32) -> Option<String> {
        let file = words.number(2);
        let mut args = BoCreate {
            size: words.number(3),
            flags: words.short(4),
            exclusive_vm_id,
            handle: 0,
            pad,
        };
        if self.objects.contains_key(&words.number(1)) {
            return None;
        }
        let result = ioctl(self.files.get(&file)?, BO_CREATE, &mut args);
        let answer = format!("{} h={} size={:#x}", errno(&result), args.handle, args.size);
        if result.is_err() {
            return Some(answer);
        }
        let slot = Slot {
            file,
            id: args.handle,
        };
        self.objects.insert(words.number(1), slot);
        Some(format!("{answer} | {}", self.object_state(slot)))
    }

    fn close(&self, slot: Slot) -> Result {
        let mut arg = [slot.id, 0];
        let file = self.files.get(&slot.file).ok_or(Errno::EBADF)?;
        ioctl(file, core_nr::GEM_CLOSE, &mut arg)
    }

    fn offset(&self, slot: Slot, pad: u32) -> Option<String> {
        let mut args = BoMmapOffset {
            handle: slot.id,
            pad,
            offset: 0,
        };
        let result = ioctl(self.files.get(&slot.file)?, BO_MMAP_OFFSET, &mut args);
        Some(format!("{} {:#x}", errno(&result), args.offset))
    }

    fn mapping_op(&mut self, words: Words<'_>) -> Option<String> {
        let number = words.number(1);
        let byte = |script: &Self| {
            let Mapping { addr, len } = *script.mappings.get(&number)?;
            (words.number(2) < len).then_some(addr + words.number(2))
        };
        match words.word(0) {
            "mmap" => self.mmap(words),
            "mmapoff" => {
                let file = self.files.get(&words.number(2))?;
                let (offset, len) = (words.number(3), words.number(4));
                let prot = if words.word(5) == "r" {
                    Prot::Read
                } else {
                    Prot::ReadWrite
                };
                let sharing = if words.word(6) == "private" {
                    Sharing::Private
                } else {
                    Sharing::Shared
                };
                let mapped = self.process.mmap(file, len, prot, sharing, offset);
                Some(self.remember(number, mapped, len))
            }
            "mmapbuf" => {
                let (buffer, len) = (self.buffers.get(&words.number(2))?, words.number(3));
                let mapped =
                    self.process
                        .mmap_dma_buf(buffer, len, Prot::ReadWrite, Sharing::Shared, 0);
                Some(self.remember(number, mapped, len))
            }
            "munmap" => {
                let Mapping { addr, len } = self.mappings.remove(&number)?;
                Some(errno(&self.process.munmap(addr, len)))
            }
            "wr" => Some(
                match self.process.write(byte(self)?, &[words.number(3) as u8]) {
                    Ok(()) => "ok".into(),
                    Err(_) => "SIGBUS".into(),
                },
            ),
            _ => Some(match self.process.read_byte(byte(self)?) {
                Ok(byte) => format!("{byte:#04x}"),
                Err(_) => "SIGBUS".into(),
            }),
        }
    }

    fn mmap(&mut self, words: Words<'_>) -> Option<String> {
        let slot = *self.objects.get(&words.number(2))?;
        let file = self.files.get(&slot.file)?;
        let mut args = BoMmapOffset {
            handle: slot.id,
            ..BoMmapOffset::default()
        };
        if let Err(error) = ioctl(file, BO_MMAP_OFFSET, &mut args) {
            return Some(error.to_string());
        }
        let len = words.number(3);
        let mapped = self
            .process
            .mmap(file, len, Prot::ReadWrite, Sharing::Shared, args.offset);
        let answer = format!(
            "{} off={:#x}",
            self.remember(words.number(1), mapped, len),
            args.offset
        );
        Some(match mapped {
            Ok(_) => format!("{answer} | {}", self.object_state(slot)),
            Err(_) => answer,
        })
    }

    /// A mapping that is in the slot goes once the new one is there.
    fn remember(&mut self, number: u64, mapped: Result<u64>, len: u64) -> String {
        match mapped {
            Ok(addr) => {
                if let Some(old) = self.mappings.insert(number, Mapping { addr, len }) {
                    self.process.munmap(old.addr, old.len).expect("was mapped");
                }
                "ok".into()
            }
            Err(error) => error.to_string(),
        }
    }

    fn buffer_op(&mut self, words: Words<'_>) -> Option<String> {
        let number = words.number(1);
        match words.word(0) {
            "export" => {
                let slot = *self.objects.get(&words.number(2))?;
                let exported = self
                    .files
                    .get(&slot.file)?
                    .handle_to_fd(slot.id, words.short(3));
                let answer = errno(&exported);
                self.buffers.extend(exported.map(|buffer| (number, buffer)));
                Some(format!("{answer} | {}", self.object_state(slot)))
            }
            "import" => {
                let (file, buffer) = (words.number(2), self.buffers.get(&words.number(3))?);
                let imported = self.files.get(&file)?.import(buffer);
                let answer = errno(&imported);
                let Ok(id) = imported else {
                    return Some(format!("{answer} h=0"));
                };
                let slot = Slot { file, id };
                self.objects.insert(number, slot);
                Some(format!("{answer} h={id} | {}", self.object_state(slot)))
            }
            "closebuf" => self.buffers.remove(&number).map(|_| "0".into()),
            "foreignbuf" => {
                let (handle, buffer) = self.vgem.export(words.short(2)).expect("RAM is left");
                self.vgem.close(handle).expect("was made");
                self.buffers.insert(number, buffer);
                Some("0".into())
            }
            "contig" => {
                let made = contig(&self.machine, words.number(2));
                let answer = errno(&made);
                self.buffers.extend(made.map(|buffer| (number, buffer)));
                Some(answer)
            }
            "attach" => {
                let imported = self.vgem.import(self.buffers.get(&number)?);
                let answer = errno(&imported);
                self.attached
                    .extend(imported.map(|handle| (number, handle)));
                Some(answer)
            }
            "detach" => {
                let handle = self.attached.remove(&number)?;
                Some(errno(&self.vgem.close(handle)))
            }
            other => panic!("{other}: no such operation"),
        }
    }
}
