//! What can be seen from outside: the host's resources, what it sees of the guest, what is inside an object, what is held.

use drm_core::gem::Gem;
use port_kit::trace::outcome;
use port_virtgpu::inspect::Kind;

use super::{Bo, Buf, Session};

impl Session {
    /// The object of a handle, held.
    pub(crate) fn hold(&self, bo: Bo) -> Gem {
        self.file(bo.fd).lookup(bo.handle).expect("it is there")
    }

    /// What is inside an object.
    pub(crate) fn look(&mut self, bo: Bo) {
        match self.file(bo.fd).lookup(bo.handle) {
            Some(object) => self.look_at(&bo.to_string(), &object),
            None => self.record(format_args!("inside {bo}"), "no such object"),
        }
    }

    /// The same of an object that is at hand.
    pub(crate) fn look_at(&mut self, name: &str, object: &Gem) {
        let state = self.gpu.inspect(object).expect("it is the driver's");
        let kind = match state.kind {
            Kind::Guest => "guest",
            Kind::Vram => "vram",
            Kind::Import => "import",
        };
        let text = format!(
            "{kind} size={:#x} pages={} use={} vmap={} sgt={} offset={}",
            state.size,
            state.pages.as_ref().map_or(0, Vec::len),
            state.pages_use,
            state.vmap_use,
            state.sgt,
            object.gem().node().offset().is_some(),
        );
        self.record(format_args!("inside {name}"), text);
    }

    /// The list of addresses that the host has of a resource: with the pages of an object in their place, or as they are.
    pub(crate) fn backing(&mut self, bo: Bo, id: u32) {
        let object = self.file(bo.fd).lookup(bo.handle);
        let state = object.and_then(|object| self.gpu.inspect(&object));
        let pages = state.and_then(|state| state.pages).unwrap_or_default();
        let text = match self.gpu.host().backing(id) {
            None => "none".to_owned(),
            Some(entries) => entries
                .iter()
                .map(|entry| {
                    let page = pages.iter().position(|page| *page == entry.addr);
                    let addr =
                        page.map_or(format!("{:#x}", entry.addr), |page| format!("page {page}"));
                    format!("[{addr} +{:#x}]", entry.len)
                })
                .collect(),
        };
        self.record(format_args!("the host's list of resource {id}"), text);
    }

    /// A byte of the host's own memory of a resource.
    pub(crate) fn host_byte(&mut self, id: u32, at: usize) {
        let byte = self.gpu.host().byte(id, at);
        let text = byte.map_or("none".to_owned(), |byte| format!("{byte:#04x}"));
        self.record(
            format_args!("the host's byte {at:#x} of resource {id}"),
            text,
        );
    }

    /// A byte of the guest's memory behind a resource, as the host reads it.
    pub(crate) fn guest_byte(&mut self, id: u32, at: u64) {
        let byte = self.gpu.host().guest_byte(id, at);
        let text = byte.map_or("none".to_owned(), |byte| format!("{byte:#04x}"));
        self.record(
            format_args!("the host reads byte {at:#x} behind resource {id}"),
            text,
        );
    }

    /// Resources that the host has.
    pub(crate) fn resources(&mut self) {
        let resources = self.gpu.host().resources();
        self.record("resources of the host", format_args!("{resources:?}"));
    }

    /// Contexts that a resource is attached to.
    pub(crate) fn contexts_of(&mut self, id: u32) {
        let contexts = self.gpu.host().contexts_of(id);
        self.record(
            format_args!("contexts of resource {id}"),
            format_args!("{contexts:?}"),
        );
    }

    /// The host answers everything that waits.
    pub(crate) fn answer(&mut self) {
        let answered = self.gpu.answer();
        self.record("the host answers", answered);
    }

    /// The host answers the oldest command.
    pub(crate) fn answer_next(&mut self) {
        let answered = self.gpu.answer_next();
        self.record("the host answers one", answered);
    }

    /// The next command with a number is answered with an error.
    pub(crate) fn host_fails(&mut self, number: u32, error: u32) {
        self.gpu.host().fail_next(number, error);
        self.trace.line(format_args!(
            "the host will answer command {number:#x} with {error:#x}"
        ));
    }

    /// The host answers nothing any more, or again.
    pub(crate) fn host_hangs(&mut self, hangs: bool) {
        self.gpu.host().stop(hangs);
        let text = if hangs { "hangs" } else { "is back" };
        self.trace.line(format_args!("the host {text}"));
    }

    /// Parts of the window that are taken.
    pub(crate) fn window(&mut self) {
        let taken = self.gpu.window();
        let text: String = taken
            .iter()
            .map(|(at, len)| format!("[{at:#x}+{len:#x}]"))
            .collect();
        let text = if text.is_empty() {
            "free".to_owned()
        } else {
            text
        };
        self.record("window", text);
    }

    /// The UUID of a buffer.
    pub(crate) fn uuid(&mut self, buf: Buf) {
        let text = match self.gpu.uuid(&self.buffer(buf)) {
            Ok(uuid) => format!("{:#x}", u128::from_be_bytes(uuid)),
            Err(error) => format!("{error:?}"),
        };
        self.record(format_args!("uuid of buffer {}", buf.0), text);
    }

    /// The kernel panics, and draws into an object.
    pub(crate) fn panic_draw(&mut self, name: &str, object: &Gem) {
        let result = self.gpu.panic_draw(object, &[0xbd]);
        let text = result.map_or_else(
            |error| format!("{error:?}"),
            |how| format!("through its {how}"),
        );
        self.record(format_args!("panic draws into {name}"), text);
    }

    /// A kernel mapping of an object, taken.
    pub(crate) fn vmap(&mut self, bo: Bo) {
        let object = self.hold(bo);
        let mut guard = object.gem().resv().lock();
        let result = object.vmap(&mut guard);
        drop(guard);
        self.record(format_args!("vmap {bo}"), outcome(&result));
    }

    /// And given back.
    pub(crate) fn vunmap(&mut self, bo: Bo) {
        let object = self.hold(bo);
        let mut guard = object.gem().resv().lock();
        if let Ok(map) = object.vmap(&mut guard) {
            object.vunmap(&mut guard, &map);
            object.vunmap(&mut guard, &map);
        }
        drop(guard);
        self.record(format_args!("vunmap {bo}"), "ok");
    }

    /// What is held since the session began.
    pub(crate) fn memory(&mut self) {
        let now = self.held();
        self.record("held", now);
    }
}
