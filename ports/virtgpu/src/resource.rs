//! What an object is to the host: its number, what kind of resource it is, and what the host was told of it.

use drm_core::device::File;
use drm_core::dma::Entry;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Header};
use drm_core::machine::Deadline;
use drm_core::sync::{Arc, Mutex};

use crate::device::VirtgpuDevice;
use crate::file::Fpriv;
use crate::host::command::{Command, Create3d, Response};
use crate::queue::{FenceAlloc, Objects, Vbuf};
use crate::uapi::BLOB_MEM_GUEST;

/// How an object is to be made (`struct virtio_gpu_object_params`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ObjectParams {
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) dumb: bool,
    /// A resource of the renderer.
    pub(crate) virgl: bool,
    pub(crate) blob: bool,
    pub(crate) what: Create3d,
    pub(crate) ctx_id: u32,
    pub(crate) blob_mem: u32,
    pub(crate) blob_flags: u32,
    pub(crate) blob_id: u64,
}

/// Of something that the host has to say (`STATE_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HostState<T> {
    #[default]
    Initializing,
    Ok(T),
    Err,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    created: bool,
    guest_blob: bool,
    host3d_blob: bool,
    blob_mem: u32,
    blob_flags: u32,
    uuid: HostState<[u8; 16]>,
}

/// The host's side of an object: what `struct virtio_gpu_object` has beside its base class.
pub(crate) struct Resource {
    vgdev: Arc<VirtgpuDevice>,
    /// The host's number of it (`hw_res_handle`).
    pub(crate) id: u32,
    pub(crate) dumb: bool,
    told: Mutex<Told>,
}

impl Resource {
    /// A number is taken; the host knows nothing.
    pub(crate) fn new(vgdev: &Arc<VirtgpuDevice>, dumb: bool) -> Arc<Self> {
        Arc::new(Self {
            vgdev: Arc::clone(vgdev),
            id: vgdev.resource_id_get(),
            dumb,
            told: Mutex::default(),
        })
    }

    pub(crate) fn vgdev(&self) -> &Arc<VirtgpuDevice> {
        &self.vgdev
    }

    /// Whether the host was told of it.
    pub(crate) fn created(&self) -> bool {
        self.told.lock().created
    }

    pub(crate) fn set_created(&self) {
        self.told.lock().created = true;
    }

    pub(crate) fn set_guest_blob(&self) {
        self.told.lock().guest_blob = true;
    }

    /// What a creation by `RESOURCE_CREATE_BLOB` writes once the object is made.
    pub(crate) fn set_blob(&self, guest: bool, host3d: bool, mem: u32, flags: u32) {
        let mut told = self.told.lock();
        (told.guest_blob, told.host3d_blob) = (guest, host3d);
        (told.blob_mem, told.blob_flags) = (mem, flags);
    }

    /// Whether it is a blob of the guest's memory, and of the renderer.
    pub(crate) fn blob(&self) -> (bool, bool) {
        let told = self.told.lock();
        (told.guest_blob, told.host3d_blob)
    }

    pub(crate) fn is_blob(&self) -> bool {
        let (guest, host3d) = self.blob();
        guest || host3d
    }

    pub(crate) fn blob_mem(&self) -> u32 {
        self.told.lock().blob_mem
    }

    pub(crate) fn blob_flags(&self) -> u32 {
        self.told.lock().blob_flags
    }

    /// The number may be used again (`virtio_gpu_resource_id_put`).
    pub(crate) fn put_id(&self) {
        self.vgdev.resource_id_put(self.id);
    }

    /// Tells the host that it is not needed any more; `done` runs with its answer, or now when the device is gone
    /// (`virtio_gpu_cmd_unref_resource`).
    pub(crate) fn unref(&self, done: impl FnOnce() + Send + 'static) {
        let vbuf = Vbuf::new(Command::ResourceUnref { id: self.id }).callback(move |_| done());
        if let Err(Some(callback)) = self.vgdev.ctrlq().queue(vbuf) {
            callback(&Response::Ok);
        }
    }

    /// The object is exported, but the host gives it no UUID.
    pub(crate) fn refuse_uuid(&self) {
        self.told.lock().uuid = HostState::Err;
    }

    /// Asks the host for a UUID (`virtio_gpu_cmd_resource_assign_uuid`). Answered for the second time, it is an error.
    pub(crate) fn assign_uuid(self: &Arc<Self>, object: &Gem) {
        let this = Arc::clone(self);
        let vbuf = Vbuf::new(Command::AssignUuid { id: self.id })
            .objects(Objects::one(object))
            .callback(move |response| {
                let mut told = this.told.lock();
                let fresh = told.uuid == HostState::Initializing;
                if !fresh {
                    this.vgdev.machine().warn("virtgpu_vq.c:1132");
                }
                told.uuid = match response {
                    Response::Uuid(uuid) if fresh => HostState::Ok(*uuid),
                    _ => HostState::Err,
                };
            });
        self.vgdev.ctrlq().send(vbuf);
    }

    /// The UUID, for another virtio device (`virtgpu_virtio_get_uuid`). Waits for the host. `ENODEV` where it gives none.
    pub(crate) fn uuid(&self) -> Result<[u8; 16]> {
        let known = || self.told.lock().uuid != HostState::Initializing;
        self.vgdev.machine().wait_until(Deadline::Never, known)?;
        match self.told.lock().uuid {
            HostState::Ok(uuid) => Ok(uuid),
            _ => Err(Errno::ENODEV),
        }
    }
}

impl Resource {
    /// Tells the host what the object is and where its memory lies. With `fence` the object is locked first, and gets the fence.
    ///
    /// `EINTR` and `ENOMEM` of the lock: the host was told nothing then.
    pub(crate) fn create(
        &self,
        object: &Gem,
        params: &ObjectParams,
        entries: Vec<Entry>,
        fence: Option<FenceAlloc>,
    ) -> Result {
        let mut objects = Objects::default();
        if fence.is_some() {
            objects = Objects::one(object);
            objects.lock_resv()?;
        }
        let id = self.id;
        if params.blob {
            if params.blob_mem == BLOB_MEM_GUEST {
                self.set_guest_blob();
            }
            self.create_blob(params, entries);
            return Ok(());
        }
        let command = if params.virgl {
            let what = params.what;
            Command::ResourceCreate3d { id, what }
        } else {
            Command::ResourceCreate2d {
                id,
                format: params.what.format,
                width: params.what.width,
                height: params.what.height,
            }
        };
        let queue = self.vgdev.ctrlq();
        queue.send(Vbuf::new(command).objects(objects).fence(fence));
        self.set_created();
        queue.send(Vbuf::new(Command::AttachBacking { id, entries }));
        Ok(())
    }

    /// `virtio_gpu_cmd_resource_create_blob`.
    pub(crate) fn create_blob(&self, params: &ObjectParams, entries: Vec<Entry>) {
        let command = Command::CreateBlob {
            id: self.id,
            mem: params.blob_mem,
            flags: params.blob_flags,
            blob_id: params.blob_id,
            size: params.size,
            entries,
        };
        self.vgdev
            .ctrlq()
            .send(Vbuf::new(command).ctx(params.ctx_id));
        self.set_created();
    }

    /// Takes the guest's memory away from the host, and waits until the host has let go of it.
    pub(crate) fn detach_fenced(&self) {
        let fence = self.vgdev.fence();
        let vbuf = Vbuf::new(Command::DetachBacking { id: self.id }).fence(Some(fence.clone()));
        self.vgdev.ctrlq().send(vbuf);
        if let Some(fence) = fence.fence() {
            // Nothing but the host ends this wait.
            let _ = self
                .vgdev
                .machine()
                .wait_until(Deadline::Never, || fence.is_signaled());
        }
    }

    /// Asks the host to put its memory into the window, from byte `offset` on; `done` gets how it is to be cached, or `None` for an error
    /// (`virtio_gpu_cmd_map`).
    pub(crate) fn map_blob(
        &self,
        object: &Gem,
        offset: u64,
        done: impl FnOnce(Option<u32>) + Send + 'static,
    ) {
        let vbuf = Vbuf::new(Command::MapBlob {
            id: self.id,
            offset,
        })
        .objects(Objects::one(object))
        .callback(move |response| {
            done(match response {
                Response::MapInfo(info) => Some(*info),
                _ => None,
            });
        });
        self.vgdev.ctrlq().send(vbuf);
    }

    /// `virtio_gpu_cmd_unmap`.
    pub(crate) fn unmap_blob(&self) {
        let vbuf = Vbuf::new(Command::UnmapBlob { id: self.id });
        self.vgdev.ctrlq().send(vbuf);
    }

    /// A file got a handle: its context may use the resource (`virtio_gpu_gem_object_open`). Without a renderer nothing happens.
    pub(crate) fn attach_to(&self, object: &Header, file: &File) {
        let Ok(private) = Fpriv::of(file) else {
            return;
        };
        private.create_context();
        self.tell_context(
            object,
            private.ctx_id,
            Command::CtxAttachResource { id: self.id },
        );
    }

    /// A file gives its handle up (`virtio_gpu_gem_object_close`). The object stays until the host has answered.
    pub(crate) fn detach_from(&self, object: &Header, file: &File) {
        if let Ok(private) = Fpriv::of(file) {
            self.tell_context(
                object,
                private.ctx_id,
                Command::CtxDetachResource { id: self.id },
            );
        }
    }

    fn tell_context(&self, object: &Header, ctx_id: u32, command: Command) {
        if let Some(object) = object.get() {
            let vbuf = Vbuf::new(command)
                .ctx(ctx_id)
                .objects(Objects::one(&object));
            self.vgdev.ctrlq().send(vbuf);
        }
    }
}
