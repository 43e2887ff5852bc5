//! virtgpu: the virtio GPU in a guest (`drivers/gpu/drm/virtio`), on a mock host.
//!
//! The guest has no MMU: the host reaches an object by a list of addresses and lengths that a command carries, and copies, draws and shows
//! when it answers. What is odd in the real driver (Linux 6.12; imports also as of 6.14), and where:
//!
//! | habit | where |
//! | --- | --- |
//! | three kinds of object are one type, told apart by their function table; two of them embed a base class that they do not use | `shmem/object.rs` |
//! | an object of the guest is resident and mapped for the device from its creation to its end: the host's list must never dangle | `shmem/create.rs` |
//! | addresses in the list are those of the DMA API, or physical ones, as the transport says | [`VirtgpuDevice`], [`Host`] |
//! | freeing only sends a command; the host's answer frees, by a function of its own | `shmem/object.rs` |
//! | memory of the host is no shmem at all: it is seen through a window, once the host has said how | `vram.rs` |
//! | a foreign dma-buf is attached and mapped before the driver says that it cannot import | `shmem/prime.rs` |
//! | from 6.14 on it becomes an object, pinned while it is made, and without memory for ever once its exporter moved it | `foreign.rs` |
//! | resource ids are counted for the whole module, from 2, and never used again | [`Module`] |
//! | errors of the host are logged, and nobody learns of them; what is queued for a device that is gone loses its objects | `queue.rs` |
//! | a context of the renderer is made by whatever a file does first, and can be set up only before that | `file.rs` |
//! | a dumb buffer has 32 bits per pixel or is none; on some hosts it is a blob that does not know so | `drv.rs` |
//! | framebuffers are checked with everybody else's errors the other way round, and not for their size | `display.rs` |
//! | a modeset is sent twice; what changed is uploaded as one rectangle; what the host reads in place is waited for, but not for long | `display.rs` |
//! | a dma-buf has a UUID, by which another virtio device knows it | `prime.rs` |
//! | the panic screen reads the object's fields, whoever changes them | `shmem/create.rs` |
//!
//! # Not modelled
//!
//! * The wire: commands are values, not bytes in a ring; the queue is never full, lists are never too long for it, and one answer comes
//!   at a time, in order; by the cursor queue they are carried out at once. The hot spot of a cursor.
//! * What the host's renderer computes: a submission fills bytes of a resource. Formats, levels, samples: a texture is layers of pixels
//!   of 4 bytes.
//! * What is asked while the device is probed: display info, EDID, the list of capabilities. Hotplug; more than one scanout; properties.
//! * Events of a ring that is polled: the fence is there, nobody can read the event. A descriptor of a fence is the file's, not the
//!   process's.
//! * Reclaim: neither kernel has any. Advice (MADVISE), eviction and their shrinker are patches that were never merged.
//! * Of 6.14: only imports. Of later kernels: only what the panic screen draws into.
//! * Memory encryption and pages that are shared with the host only while they are used (swiotlb); Xen grants. Cache lines: whole pages
//!   differ between CPU and host where the transport is not coherent.
//! * Caching of the window beyond write-combined or not; its registers. It is a piece of the simulated RAM that no guest page uses.
//! * The console's own mappings (`/dev/fb`): it is written by the kernel alone, and flushed at once.
//! * `MODE_MAP_DUMB` goes the core's way, which refuses an import; the driver's own answers 0.
//! * Allocations that cannot fail here: of the lists of objects, of commands, of fences.

mod blob;
mod console;
mod device;
mod display;
mod drv;
mod file;
mod foreign;
pub mod host;
pub mod inspect;
mod ioctl;
mod memory;
mod prime;
mod queue;
mod resource;
mod shmem;
mod submit;
pub mod uapi;
mod uma;
mod vram;
mod window;

use drm_core::device::Device;
use drm_core::errno::{Errno, Result};
use drm_core::gem::Gem;
use drm_core::machine::Machine;
use drm_core::prime::DmaBuf;
use drm_core::sync::Arc;
use port_kit::Side;

pub use console::Console;
pub use device::{Module, Params, VirtgpuDevice};
pub use display::Display;
pub use drv::VirtGpu;
pub use host::Host;

use inspect::{BoState, Inspect};
use memory::{Memory, PanicBuffer};

/// A device with its driver.
pub struct Probed {
    device: Device,
    vgdev: Arc<VirtgpuDevice>,
    memory: Arc<dyn Memory>,
    inspect: Inspect,
}

impl std::fmt::Debug for Probed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probed")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Probed {
    /// The DRM device: open it.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The driver, whose screen it is.
    ///
    /// # Errors
    ///
    /// None: the device is this driver's.
    pub fn driver(&self) -> Result<Arc<VirtGpu>> {
        self.device.driver_as().ok_or(Errno::ENODEV)
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Arc<Host> {
        self.vgdev.host()
    }

    /// The host answers everything that waits. How many commands that were.
    pub fn answer(&self) -> usize {
        let machine = self.vgdev.machine().clone();
        let _syscall = machine.syscall();
        self.vgdev.ctrlq().answer_all()
    }

    /// The host answers the oldest command; `false` without one.
    pub fn answer_next(&self) -> bool {
        let machine = self.vgdev.machine().clone();
        let _syscall = machine.syscall();
        self.vgdev.ctrlq().answer_next()
    }

    /// Commands that the host has not answered.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.vgdev.ctrlq().pending()
    }

    /// A line for each command since this was last asked.
    #[must_use]
    pub fn take_commands(&self) -> Vec<String> {
        self.vgdev.ctrlq().take_log()
    }

    /// Parts of the host-visible window that are taken: first byte and length.
    #[must_use]
    pub fn window(&self) -> Vec<(u64, u64)> {
        let window = self.vgdev.window();
        window.map_or_else(Vec::new, window::Window::taken)
    }

    /// Makes the console.
    ///
    /// # Errors
    ///
    /// `ENODEV` without a screen; errors of the buffer, its mapping, the commit.
    pub fn console(&self) -> Result<Console> {
        Console::setup(&self.device)
    }

    /// Takes the device away (`virtio_gpu_remove`); what the host has not answered by then it never will.
    pub fn unplug(&self) {
        self.device.unplug();
        self.vgdev.ctrlq().reclaim();
    }

    /// The UUID by which other virtio devices know a dma-buf. Waits for the host.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a dma-buf of another driver, `ENODEV` where the host gave none.
    pub fn uuid(&self, dma_buf: &DmaBuf) -> Result<[u8; 16]> {
        prime::uuid_of(dma_buf)
    }

    /// The kernel panics: fills the first bytes of an object, whoever holds which lock. Says through what.
    ///
    /// # Errors
    ///
    /// `ENODEV` for an object that has no memory of the guest; `EFAULT` when its mapping is gone.
    pub fn panic_draw(&self, object: &Gem, bytes: &[u8]) -> Result<&'static str> {
        match self.memory.panic_buffer(object)? {
            PanicBuffer::Mapped(map) => map.write(0, bytes).map(|()| "kernel mapping"),
            PanicBuffer::Pages(pages) => {
                let first = pages.first().ok_or(Errno::ENODEV)?;
                self.vgdev.machine().ram().write(*first, bytes);
                Ok("pages")
            }
        }
    }

    /// What is inside an object; `None` for one that is not the driver's.
    #[must_use]
    pub fn inspect(&self, object: &Gem) -> Option<BoState> {
        (self.inspect)(object)
    }
}

/// Puts a device into `machine` and lets the driver find it, on one side; `None` for a side that there is not, and when the machine has no
/// memory for the window.
#[must_use]
pub fn probe(side: Side, machine: &Machine, params: &Params) -> Option<Probed> {
    match side {
        Side::Before => assemble(machine, params, shmem::Objects::new, inspect::shmem::state),
        Side::After => assemble(machine, params, uma::Objects::new, inspect::uma::state),
    }
}

fn assemble<M: Memory>(
    machine: &Machine,
    params: &Params,
    objects: fn(&Arc<VirtgpuDevice>) -> Arc<M>,
    inspect: Inspect,
) -> Option<Probed> {
    let vgdev = VirtgpuDevice::probe(machine, params).ok()?;
    let memory: Arc<dyn Memory> = objects(&vgdev);
    let driver = Arc::new(VirtGpu::new(&vgdev, &memory));
    let device = Device::new(vgdev.dma().clone(), driver);
    vgdev.connect(device.downgrade(), Arc::downgrade(&memory));
    Some(Probed {
        device,
        vgdev,
        memory,
        inspect,
    })
}
