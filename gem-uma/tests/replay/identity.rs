//! Which object an operation of the script is about, by the slots that it names.

use std::collections::{BTreeMap, BTreeSet};

/// A handle: its file and its number. A slot may keep one that was closed, and whose number another object has by now.
type Handle = (u64, u64);

/// Objects by the slots of handles, mappings and buffers; one object may be in several.
#[derive(Default)]
pub(super) struct Identities {
    next: usize,
    slots: BTreeMap<u64, Handle>,
    handles: BTreeMap<Handle, usize>,
    mappings: BTreeMap<u64, usize>,
    buffers: BTreeMap<u64, usize>,
    stolen: BTreeSet<usize>,
}

impl Identities {
    fn of_slot(&self, slot: u64) -> Option<usize> {
        self.handles.get(self.slots.get(&slot)?).copied()
    }

    fn new_handle(&mut self, slot: u64, file: u64, answer: &str, object: usize) {
        let number = answer
            .split_whitespace()
            .find_map(|word| word.strip_prefix("h="))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            self.slots.insert(slot, (file, number));
            self.handles.insert((file, number), object);
        }
    }

    /// The object that an operation is about, if there is one; what the answer says is followed.
    pub(super) fn follow(&mut self, operation: &str, answer: &str) -> Option<usize> {
        let words: Vec<&str> = operation.split_whitespace().collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let slot = number(1)?;
        let did = answer.starts_with("0 ") || answer.starts_with("ok ") || answer == "0";
        match words[0] {
            "create" if did => {
                self.next += 1;
                self.new_handle(slot, number(2)?, answer, self.next);
                Some(self.next)
            }
            "close" => self.handles.remove(&self.slots.remove(&slot)?),
            "op" | "state" => self.of_slot(slot),
            "mmap" => {
                let object = self.of_slot(number(3)?)?;
                if did {
                    self.mappings.insert(slot, object);
                }
                Some(object)
            }
            "munmap" => self.mappings.remove(&slot),
            "cut" | "rd" | "wr" => self.mappings.get(&slot).copied(),
            "export" => {
                let object = self.of_slot(number(2)?)?;
                if did {
                    self.buffers.insert(slot, object);
                }
                Some(object)
            }
            "import" => {
                let object = *self.buffers.get(&number(3)?)?;
                if did {
                    self.new_handle(slot, number(2)?, answer, object);
                }
                Some(object)
            }
            "closebuf" => self.buffers.remove(&slot),
            "reopen" => {
                self.handles.retain(|(file, _), _| *file != slot);
                self.slots.retain(|_, (file, _)| *file != slot);
                None
            }
            _ => None,
        }
    }

    /// The script took a use of this object that was somebody else's.
    pub(super) fn steal(&mut self, object: usize) {
        self.stolen.insert(object);
    }

    pub(super) fn is_stolen(&self, object: usize) -> bool {
        self.stolen.contains(&object)
    }

    /// Whether one of them is mapped: a fork copies its mappings.
    pub(super) fn maps_stolen(&self) -> bool {
        let mut mapped = self.mappings.values();
        mapped.any(|object| self.stolen.contains(object))
    }
}
