//! Mappings, and bytes through them.

use super::*;

impl Window {
    /// `mmap M SLOT PAGE NPAGES PROT FLAGS [F]`: at the slot's mmap offset, through its own file or another.
    pub(super) fn mmap(&mut self, subject: &dyn Subject, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at);
        let slot = self.slot(n(2))?;
        if self.maps.contains_key(&n(1)) {
            return None;
        }
        let owner = self.file(slot.file)?;
        let (result, offset) = subject.fake_offset(owner, slot.handle, 0);
        if result.is_err() {
            return Some(format!("foff {}", word(result)));
        }
        let through = words.get(7).and_then(|word| number(word));
        let file = self.file(through.unwrap_or(slot.file))?;
        let prot = if n(5) & 2 != 0 {
            Prot::ReadWrite
        } else {
            Prot::Read
        };
        let sharing = if n(6) & 1 != 0 {
            Sharing::Shared
        } else {
            Sharing::Private
        };
        let (len, offset) = (n(4) * PAGE_SIZE, offset + n(3) * PAGE_SIZE);
        Some(match self.process.mmap(file, len, prot, sharing, offset) {
            Ok(at) => {
                self.maps.insert(n(1), Map { at, len });
                "ok".to_owned()
            }
            Err(error) => word(Err(error)),
        })
    }

    pub(super) fn read(&self, map: u64, offset: u64) -> Option<String> {
        let map = self.maps.get(&map)?;
        Some(match self.process.read_byte(map.at + offset) {
            Ok(byte) => format!("{byte:#04x}"),
            Err(error) => word(Err(error)),
        })
    }

    pub(super) fn write(&self, map: u64, offset: u64, byte: u8) -> Option<String> {
        let map = self.maps.get(&map)?;
        Some(match self.process.write(map.at + offset, &[byte]) {
            Ok(()) => "ok".to_owned(),
            Err(error) => word(Err(error)),
        })
    }
}
