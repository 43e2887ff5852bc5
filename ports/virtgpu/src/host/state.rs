//! What the host knows: resources, contexts, what its scanout shows.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{ERR_INVALID_CONTEXT_ID, ERR_INVALID_RESOURCE_ID, ERR_UNSPEC, Rect, Response};
use super::memory::GuestMemory;
use super::resource::Resource;

/// Most pixels of a screen.
const MOST_PIXELS: usize = 1 << 22;

/// What a scanout shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanout {
    pub(super) id: u32,
    pub(super) rect: Rect,
    /// Bytes of a line and first byte, of a blob.
    pub(super) layout: Option<(u32, u32)>,
}

/// Pixels of a line of a cursor.
const CURSOR: u32 = 64;

/// The cursor: a copy of what its resource held when it was set.
pub(super) struct Cursor {
    pub(super) place: (i32, i32),
    picture: Vec<u8>,
}

impl Cursor {
    pub(super) fn at(self, x: i32, y: i32) -> Self {
        Self {
            place: (x, y),
            ..self
        }
    }

    pub(super) fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        let (pixels, _) = self.picture.as_chunks::<4>();
        pixels.get((y * CURSOR + x) as usize).copied()
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) resources: BTreeMap<u32, Resource>,
    pub(super) contexts: BTreeSet<u32>,
    pub(super) scanout: Option<Scanout>,
    /// Pixels of the screen, line by line; `None` where nothing was shown yet.
    pub(super) screen: Vec<Option<[u8; 4]>>,
    pub(super) cursor: Option<Cursor>,
    /// The next command with this number is answered so, and not carried out.
    pub(super) failures: Vec<(u32, u32)>,
    /// Nothing is answered.
    pub(super) stopped: bool,
    pub(super) map_info: u32,
}

impl State {
    pub(super) fn insert(
        &mut self,
        id: u32,
        resource: Resource,
    ) -> std::result::Result<Response, u32> {
        if id == 0 || self.resources.contains_key(&id) {
            return Err(ERR_INVALID_RESOURCE_ID);
        }
        self.resources.insert(id, resource);
        Ok(Response::Ok)
    }

    pub(super) fn resource(&mut self, id: u32) -> std::result::Result<&mut Resource, u32> {
        self.resources.get_mut(&id).ok_or(ERR_INVALID_RESOURCE_ID)
    }

    /// A resource that a context may use.
    pub(super) fn resource_of(
        &mut self,
        ctx: u32,
        id: u32,
    ) -> std::result::Result<&mut Resource, u32> {
        self.check_context(ctx)?;
        let resource = self.resource(id)?;
        if !resource.contexts.contains(&ctx) {
            return Err(ERR_INVALID_RESOURCE_ID);
        }
        Ok(resource)
    }

    pub(super) fn check_context(&self, ctx: u32) -> std::result::Result<(), u32> {
        self.contexts
            .contains(&ctx)
            .then_some(())
            .ok_or(ERR_INVALID_CONTEXT_ID)
    }

    pub(super) fn set_scanout(
        &mut self,
        id: u32,
        rect: Rect,
        layout: Option<(u32, u32)>,
    ) -> std::result::Result<Response, u32> {
        if id == 0 {
            (self.scanout, self.screen) = (None, Vec::new());
            return Ok(Response::Ok);
        }
        self.resource(id)?;
        self.scanout = Some(Scanout { id, rect, layout });
        let pixels = rect.width as usize * rect.height as usize;
        self.screen.resize(pixels.min(MOST_PIXELS), None);
        Ok(Response::Ok)
    }

    /// Takes a picture for the cursor, or hides it.
    pub(super) fn set_cursor(
        &mut self,
        id: u32,
        place: (i32, i32),
    ) -> std::result::Result<Response, u32> {
        self.cursor = None;
        if id != 0 {
            let picture = self.resource(id)?.bytes.clone();
            self.cursor = Some(Cursor { place, picture });
        }
        Ok(Response::Ok)
    }

    /// Shows a rectangle of the resource, where the scanout shows it.
    pub(super) fn flush(
        &mut self,
        guest: &GuestMemory,
        id: u32,
        rect: &Rect,
    ) -> std::result::Result<(), u32> {
        self.resource(id)?;
        let Some(scanout) = self.scanout.filter(|scanout| scanout.id == id) else {
            return Ok(());
        };
        let shown = scanout.rect;
        for y in rect.y..rect.y + rect.height {
            let resource = self.resources.get(&id).ok_or(ERR_INVALID_RESOURCE_ID)?;
            let line = resource
                .line(guest, scanout.layout, y, rect.x, rect.width)
                .ok_or(ERR_UNSPEC)?;
            for (x, pixel) in (rect.x..).zip(line.as_chunks::<4>().0) {
                let (Some(x), Some(y)) = (x.checked_sub(shown.x), y.checked_sub(shown.y)) else {
                    continue;
                };
                let place = self.screen.get_mut((y * shown.width + x) as usize);
                if let Some(place) = place.filter(|_| x < shown.width) {
                    *place = Some(*pixel);
                }
            }
        }
        Ok(())
    }
}
