//! Buffers that go between files and devices.

use super::*;

impl Window {
    /// `export B SLOT FLAGS`, `exporth F H FLAGS`, `import SLOT F B`, `importfd F FD`, `closebuf B`.
    pub(super) fn share(&mut self, subject: &dyn Subject, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "export" => {
                let slot = self.slot(n(2))?;
                if self.buffers.contains_key(&n(1)) {
                    return None;
                }
                let file = self.file(slot.file)?;
                let exported = file.handle_to_fd(slot.handle, n(3) as u32).map(|buffer| {
                    self.buffers.insert(n(1), buffer);
                });
                Some(word(exported))
            }
            "exporth" => {
                let file = self.file(n(1))?;
                Some(word(file.handle_to_fd(n(2) as u32, n(3) as u32).map(drop)))
            }
            "import" => self.import(subject, n(1), n(2), n(3)),
            // A descriptor that is none, and one that is no dma-buf.
            "importfd" => {
                let no_such = words.get(2).is_some_and(|word| word.starts_with('-'));
                let error = if no_such { Errno::EBADF } else { Errno::EINVAL };
                Some(word(Err(error)))
            }
            _ => {
                let buffer = self.buffers.remove(&n(1))?;
                let machine = self.machine.clone();
                let _syscall = machine.syscall();
                drop(buffer);
                Some("0".to_owned())
            }
        }
    }

    fn import(
        &mut self,
        subject: &dyn Subject,
        to: u64,
        number: u64,
        buffer: u64,
    ) -> Option<String> {
        let buffer = self.buffers.get(&buffer)?;
        let file = self.file(number)?;
        Some(match file.import(buffer) {
            Ok(handle) => {
                let info = subject.info(file, handle);
                self.slots.insert(
                    to,
                    Slot {
                        file: number,
                        handle,
                    },
                );
                format!("0 h={handle} info={} va={:#x}", word(info.result), info.va)
            }
            Err(error) => word(Err(error)),
        })
    }

    /// `vgem V B PAGES`, `vimport V B`, `vclose V`, `vpoke V OFFSET BYTE`, `vpeek V OFFSET`.
    pub(super) fn foreign(&mut self, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        match words[0] {
            "vgem" => {
                if self.vgem_slots.contains_key(&n(1)) || self.buffers.contains_key(&n(2)) {
                    return None;
                }
                Some(match self.vgem.export(n(3) as u32) {
                    Ok((handle, buffer)) => {
                        let size = buffer.size();
                        self.vgem_slots.insert(n(1), handle);
                        self.buffers.insert(n(2), buffer);
                        format!("0 size={size:#x}")
                    }
                    Err(error) => word(Err(error)),
                })
            }
            "vimport" => {
                let buffer = self.buffers.get(&n(2))?;
                let imported = self.vgem.import(buffer).map(|handle| {
                    self.vgem_slots.insert(n(1), handle);
                });
                Some(word(imported))
            }
            "vclose" => {
                let handle = self.vgem_slots.remove(&n(1))?;
                Some(word(self.vgem.close(handle)))
            }
            "vpoke" => {
                let handle = *self.vgem_slots.get(&n(1))?;
                Some(match self.touch(handle, n(2), Some(n(3) as u8)) {
                    Ok(_) => "ok".to_owned(),
                    Err(error) => word(Err(error)),
                })
            }
            _ => {
                let handle = *self.vgem_slots.get(&n(1))?;
                Some(match self.touch(handle, n(2), None) {
                    Ok(byte) => format!("{byte:#04x}"),
                    Err(error) => word(Err(error)),
                })
            }
        }
    }

    /// One byte of a vgem buffer, through a mapping that lives for this access.
    fn touch(&self, handle: u32, offset: u64, write: Option<u8>) -> Result<u8> {
        let at = self.vgem.offset(handle)?;
        let len = (offset / PAGE_SIZE + 1) * PAGE_SIZE;
        let file = self.vgem.file();
        let addr = self
            .process
            .mmap(file, len, Prot::ReadWrite, Sharing::Shared, at)?;
        let byte = match write {
            Some(byte) => self.process.write(addr + offset, &[byte]).map(|()| byte),
            None => self.process.read_byte(addr + offset),
        };
        self.process.munmap(addr, len)?;
        byte
    }
}
