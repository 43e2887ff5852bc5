//! The mock host: it carries out the commands of the control queue, on memory of its own and on the guest's.

pub mod command;
mod memory;
mod resource;
mod state;

use drm_core::PAGE_SIZE;
use drm_core::dma::{DmaDevice, Entry};
use drm_core::errno::Result;
use drm_core::machine::Machine;
use drm_core::memory::{Folio, Gfp};
use drm_core::sync::Mutex;

use command::{
    Command, ERR_INVALID_CONTEXT_ID, ERR_INVALID_PARAMETER, ERR_UNSPEC, Header, Response,
};
use memory::GuestMemory;
use resource::Resource;
use state::State;

use crate::Params;

/// A number of a SUBMIT_3D: fill bytes of a resource.
const FILL: u32 = 1;

/// The host.
pub struct Host {
    guest: GuestMemory,
    machine: Machine,
    /// Memory of the host that the guest can map (a PCI BAR): it lies in the simulated RAM, where no guest page ever is.
    window: Option<Folio>,
    capsets: Vec<Capset>,
    state: Mutex<State>,
}

/// A set of capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capset {
    /// Its number, from 1 to 63.
    pub id: u32,
    /// Its latest version.
    pub max_version: u32,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// The commands of a SUBMIT_3D that fill `len` bytes of a resource from byte `at` on.
#[must_use]
pub fn fill(id: u32, at: u32, len: u32, byte: u8) -> Vec<u8> {
    [FILL, id, at, len, byte.into()]
        .map(u32::to_le_bytes)
        .concat()
}

impl Host {
    /// `ENOMEM` without memory for the window.
    pub(crate) fn new(dma: &DmaDevice, params: &Params) -> Result<Self> {
        let window = params.window.map(|pages| {
            let order = pages.next_power_of_two().trailing_zeros() as u8;
            dma.machine().frames().alloc(order, Gfp::KERNEL)
        });
        Ok(Self {
            guest: GuestMemory::new(dma, params.use_dma_api, !params.dma.coherent),
            machine: dma.machine().clone(),
            window: window.transpose()?,
            capsets: params.capsets.clone(),
            state: Mutex::new(State {
                map_info: command::MAP_CACHE_CACHED,
                ..State::default()
            }),
        })
    }

    pub(crate) fn guest(&self) -> &GuestMemory {
        &self.guest
    }

    /// Address and length of the host-visible window.
    #[must_use]
    pub fn window(&self) -> Option<(u64, u64)> {
        let window = self.window.as_ref()?;
        Some((window.phys(), window.pages() as u64 * PAGE_SIZE))
    }

    /// The sets of capabilities that it offers.
    #[must_use]
    pub fn capsets(&self) -> &[Capset] {
        &self.capsets
    }

    /// The next command of a kind is answered with an error, and not carried out.
    pub fn fail_next(&self, number: u32, error: u32) {
        self.state.lock().failures.push((number, error));
    }

    /// It answers nothing any more, or again.
    pub fn stop(&self, stopped: bool) {
        self.state.lock().stopped = stopped;
    }

    /// Whether it answers nothing.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// How the CPU is to cache what it maps from now on.
    pub fn set_map_info(&self, map_info: u32) {
        self.state.lock().map_info = map_info;
    }

    /// The guest's memory behind a resource; `None` without resource or backing.
    #[must_use]
    pub fn backing(&self, id: u32) -> Option<Vec<Entry>> {
        self.state.lock().resources.get(&id)?.backing.clone()
    }

    /// Numbers of the resources that it has.
    #[must_use]
    pub fn resources(&self) -> Vec<u32> {
        self.state.lock().resources.keys().copied().collect()
    }

    /// Contexts that a resource is attached to.
    #[must_use]
    pub fn contexts_of(&self, id: u32) -> Vec<u32> {
        let state = self.state.lock();
        let resource = state.resources.get(&id);
        resource.map_or_else(Vec::new, |resource| {
            resource.contexts.iter().copied().collect()
        })
    }

    /// A byte of its own memory of a resource; of one that is mapped, of the window.
    #[must_use]
    pub fn byte(&self, id: u32, at: usize) -> Option<u8> {
        let state = self.state.lock();
        let resource = state.resources.get(&id)?;
        if let (Some(offset), Some((start, _))) = (resource.mapped, self.window()) {
            let mut byte = [0];
            self.machine
                .ram()
                .read(start + offset + at as u64, &mut byte);
            return Some(byte[0]);
        }
        resource.bytes.get(at).copied()
    }

    /// A byte of the guest's memory behind a resource, as the host sees it.
    #[must_use]
    pub fn guest_byte(&self, id: u32, at: u64) -> Option<u8> {
        let backing = self.backing(id)?;
        let mut byte = [0];
        self.guest.read(&backing, at, &mut byte).then_some(byte[0])
    }

    /// A pixel of the screen; `None` while the scanout is off, or where nothing was shown.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        let state = self.state.lock();
        let width = state.scanout?.rect.width;
        *state.screen.get((y * width + x) as usize)?
    }

    /// Where the cursor is, and a pixel of it; `None` while it is hidden.
    #[must_use]
    pub fn cursor(&self, x: u32, y: u32) -> Option<((i32, i32), [u8; 4])> {
        let state = self.state.lock();
        let cursor = state.cursor.as_ref()?;
        Some((cursor.place, cursor.pixel(x, y)?))
    }

    /// Carries a command out.
    pub(crate) fn execute(&self, header: &Header, command: &Command) -> Response {
        let mut state = self.state.lock();
        let failure = state
            .failures
            .iter()
            .position(|(number, _)| *number == command.number());
        if let Some(at) = failure {
            return Response::Error(state.failures.remove(at).1);
        }
        self.answer(&mut state, header, command)
            .unwrap_or_else(Response::Error)
    }

    fn answer(
        &self,
        state: &mut State,
        header: &Header,
        command: &Command,
    ) -> std::result::Result<Response, u32> {
        match command {
            Command::ResourceCreate2d {
                id, width, height, ..
            } => state.insert(*id, Resource::image(*width, *height)?),
            Command::ResourceCreate3d { id, what } => state.insert(*id, Resource::texture(what)?),
            Command::CreateBlob {
                id,
                mem,
                size,
                entries,
                ..
            } => state.insert(*id, Resource::blob(*mem, *size, entries)?),
            Command::ResourceUnref { id } => {
                state.resource(*id)?;
                state.resources.remove(id);
                Ok(Response::Ok)
            }
            Command::AttachBacking { id, entries } => {
                let resource = state.resource(*id)?;
                if resource.backing.is_some() {
                    return Err(ERR_UNSPEC);
                }
                resource.backing = Some(entries.clone());
                Ok(Response::Ok)
            }
            Command::DetachBacking { id } => match state.resource(*id)?.backing.take() {
                Some(_) => Ok(Response::Ok),
                None => Err(ERR_UNSPEC),
            },
            Command::TransferToHost2d { rect, offset, id } => {
                state.resource(*id)?.upload(&self.guest, rect, *offset)?;
                Ok(Response::Ok)
            }
            Command::Transfer3d {
                way,
                r#box,
                offset,
                id,
                stride,
                layer_stride,
                ..
            } => {
                let resource = state.resource_of(header.ctx_id, *id)?;
                resource.transfer(
                    &self.guest,
                    *way,
                    (r#box, *offset),
                    (*stride, *layer_stride),
                )?;
                Ok(Response::Ok)
            }
            Command::SetScanout { rect, id, .. } => state.set_scanout(*id, *rect, None),
            Command::SetScanoutBlob {
                rect,
                id,
                stride,
                offset,
                ..
            } => state.set_scanout(*id, *rect, Some((*stride, *offset))),
            Command::ResourceFlush { rect, id } => {
                state.flush(&self.guest, *id, rect)?;
                Ok(Response::Ok)
            }
            Command::GetCapset { capset, .. } => {
                let mut capsets = self.capsets.iter();
                let found = capsets.find(|known| known.id == *capset);
                found
                    .map(|known| Response::Capset(known.bytes.clone()))
                    .ok_or(ERR_INVALID_PARAMETER)
            }
            Command::AssignUuid { id } => {
                state.resource(*id)?;
                Ok(Response::Uuid(u128::from(*id).to_be_bytes()))
            }
            Command::CtxCreate { .. } => {
                state.contexts.insert(header.ctx_id);
                Ok(Response::Ok)
            }
            Command::CtxDestroy => {
                let known = state.contexts.remove(&header.ctx_id);
                for resource in state.resources.values_mut() {
                    resource.contexts.remove(&header.ctx_id);
                }
                known.then_some(Response::Ok).ok_or(ERR_INVALID_CONTEXT_ID)
            }
            Command::CtxAttachResource { id } => {
                state.check_context(header.ctx_id)?;
                state.resource(*id)?.contexts.insert(header.ctx_id);
                Ok(Response::Ok)
            }
            Command::CtxDetachResource { id } => {
                state.check_context(header.ctx_id)?;
                state.resource(*id)?.contexts.remove(&header.ctx_id);
                Ok(Response::Ok)
            }
            Command::Submit3d { data } => {
                state.check_context(header.ctx_id)?;
                self.submit(state, header.ctx_id, data)
            }
            Command::MapBlob { id, offset } => self.map(state, *id, *offset),
            Command::UnmapBlob { id } => self.unmap(state, *id),
            Command::UpdateCursor { id, x, y } => state.set_cursor(*id, (*x, *y)),
            Command::MoveCursor { x, y } => {
                state.cursor = state.cursor.take().map(|cursor| cursor.at(*x, *y));
                Ok(Response::Ok)
            }
        }
    }

    fn submit(
        &self,
        state: &mut State,
        ctx: u32,
        data: &[u8],
    ) -> std::result::Result<Response, u32> {
        let words: Vec<u32> = data
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        for command in words.chunks(5) {
            let [FILL, id, at, len, byte] = *command else {
                continue;
            };
            let resource = state.resource_of(ctx, id)?;
            let range = at as usize..at as usize + len as usize;
            if let Some(bytes) = resource.bytes.get_mut(range) {
                bytes.fill(byte as u8);
            } else if let Some(backing) = resource.backing.clone() {
                self.guest
                    .write(&backing, at.into(), &vec![byte as u8; len as usize]);
            }
        }
        Ok(Response::Ok)
    }

    /// The blob's memory is where the window is, from now on.
    fn map(&self, state: &mut State, id: u32, offset: u64) -> std::result::Result<Response, u32> {
        let (start, len) = self.window().ok_or(ERR_UNSPEC)?;
        let map_info = state.map_info;
        let resource = state.resource(id)?;
        if resource.mapped.is_some() || offset + resource.bytes.len() as u64 > len {
            return Err(ERR_INVALID_PARAMETER);
        }
        self.machine.ram().write(start + offset, &resource.bytes);
        resource.mapped = Some(offset);
        Ok(Response::MapInfo(map_info))
    }

    fn unmap(&self, state: &mut State, id: u32) -> std::result::Result<Response, u32> {
        let (start, _) = self.window().ok_or(ERR_UNSPEC)?;
        let resource = state.resource(id)?;
        let offset = resource.mapped.take().ok_or(ERR_INVALID_PARAMETER)?;
        self.machine.ram().read(start + offset, &mut resource.bytes);
        self.machine
            .ram()
            .fill(start + offset, resource.bytes.len() as u64, 0);
        Ok(Response::Ok)
    }
}
