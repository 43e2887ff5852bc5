//! What can be seen from outside: page tables, VA, and what is held.

use std::collections::BTreeMap;

use port_kit::desk::Held;

use super::{Bo, Fd, Session};

impl Session {
    /// What is inside an object.
    pub(crate) fn look(&mut self, bo: Bo) {
        let object = self.file(bo.fd).lookup(bo.handle);
        let state = object
            .as_ref()
            .and_then(|object| self.rocket.inspect(object));
        let text = match state {
            None => "no such object".to_owned(),
            Some(state) => format!(
                "size={} va={:#x} mapped={} pages={} use={} vmap={} sgt={}",
                state.size,
                state.start,
                state.mapped,
                state.pages.as_ref().map_or(0, Vec::len),
                state.pages_use,
                state.vmap_use,
                state.sgt
            ),
        };
        drop(object);
        self.record(format_args!("inside {bo}"), text);
    }

    /// The page entry of a device address, with the page of an object in the place of the address.
    pub(crate) fn entry(&mut self, bo: Bo, iova: u64) {
        let file = self.file(bo.fd);
        let raw = self
            .rocket
            .domain(&file)
            .and_then(|domain| domain.raw(iova));
        let pages = file
            .lookup(bo.handle)
            .and_then(|object| self.rocket.inspect(&object)?.pages)
            .unwrap_or_default();
        let text = match raw {
            None => "no table".to_owned(),
            Some(raw) => {
                let page = pages.iter().position(|pa| pack(*pa) == raw & !0xf);
                let address = page.map_or("another address".to_owned(), |page| {
                    format!("page {page} of {bo}")
                });
                format!("{address} | {:#x}", raw & 0xf)
            }
        };
        self.record(format_args!("entry {iova:#x} of file {}", bo.fd.0), text);
    }

    /// The page entry of a device address, bit by bit, and the page of an object that is there.
    pub(crate) fn raw_entry(&mut self, bo: Bo) {
        let file = self.file(bo.fd);
        let raw = self
            .rocket
            .domain(&file)
            .and_then(|domain| domain.raw(bo.va))
            .unwrap_or(0);
        let object = file.lookup(bo.handle).expect("it is there");
        let pages = self
            .rocket
            .inspect(&object)
            .and_then(|state| state.pages)
            .unwrap_or_default();
        drop(object);
        self.record(
            format_args!("page {:#x} has the entry", pages[0]),
            format_args!("{raw:#010x}"),
        );
    }

    /// The page table of a file, as runs, and where nobody has the address.
    pub(crate) fn page_table(&mut self, fd: Fd) {
        let file = self.file(fd);
        let pages = self
            .rocket
            .domain(&file)
            .map(|domain| domain.pages())
            .unwrap_or_default();
        let nodes = self.rocket.va_nodes(&file);
        let mut owners: BTreeMap<u64, String> = BTreeMap::new();
        for (other, file) in self.files() {
            for (handle, object) in file.handles() {
                let state = self.rocket.inspect(&object);
                for (index, pa) in state
                    .and_then(|state| state.pages)
                    .into_iter()
                    .flatten()
                    .enumerate()
                {
                    owners
                        .entry(pa)
                        .or_insert(format!("{}:{handle}+{index}", other.0));
                }
            }
        }
        let mut runs: Vec<(u64, u64, String)> = Vec::new();
        for (va, pa) in pages {
            let owner = owners.get(&pa).map_or("no object", |owner| {
                owner.split('+').next().unwrap_or(owner)
            });
            let taken = nodes
                .iter()
                .any(|node| (node.start..node.end()).contains(&va));
            let text = if taken {
                owner.to_owned()
            } else {
                format!("{owner}, dangling: nobody has the address")
            };
            match runs.last_mut() {
                Some((start, count, same)) if *same == text && *start + *count * 4096 == va => {
                    *count += 1
                }
                _ => runs.push((va, 1, text)),
            }
        }
        let runs: Vec<String> = runs
            .iter()
            .map(|(va, count, text)| format!("{va:#x} x{count} {text}"))
            .collect();
        let text = if runs.is_empty() {
            "empty".to_owned()
        } else {
            runs.join("; ")
        };
        self.record(format_args!("page table of file {}", fd.0), text);
    }

    /// What is taken of the device addresses of a file.
    pub(crate) fn va_space(&mut self, fd: Fd) {
        let nodes = self.rocket.va_nodes(&self.file(fd));
        let text: String = nodes
            .iter()
            .map(|node| format!("[{:#x}+{}]", node.start, node.size))
            .collect();
        self.record(
            format_args!("va of file {}", fd.0),
            if text.is_empty() {
                "free".to_owned()
            } else {
                text
            },
        );
    }

    /// What is held since the session began.
    pub(crate) fn memory(&mut self) {
        let now = Held::of(&self.machine, self.rocket.device().object_count());
        let domains = self.rocket.rocket().leaked_domains();
        let text = format!("{} domains leaked={domains}", now.beyond(&self.held));
        self.record("held", text);
    }
}

/// The address bits of an entry.
fn pack(pa: u64) -> u32 {
    (pa & 0xffff_f000) as u32 | ((pa >> 32 & 0xf) << 8) as u32 | ((pa >> 36 & 0xf) << 4) as u32
}
