//! virtgpu: the virtio GPU in a guest (`drivers/gpu/drm/virtio`), on a mock host.
//!
//! The guest has no MMU: the host reaches an object by a list of addresses and lengths that a command carries. Its habits:
//!
//! | habit | where |
//! | --- | --- |
//! | an object is resident and mapped for the device from its creation to its end: the host's list must never dangle | `shmem/object.rs` |
//! | freeing only sends a command; the host's answer frees | `shmem/object.rs`, [`Host`] |
//! | resource ids are counted for the whole module, from 2, and never used again | [`Module`] |
//! | errors that the host answers with are ignored | [`Host`] |
//! | a dumb buffer has 32 bits per pixel or is none | `drv.rs` |
//! | a foreign dma-buf is attached and mapped before the driver says that it cannot import | `drv.rs` |
//!
//! Not modelled: the driver's own ioctls (3D resources, blobs, transfers, execbuffer, contexts, wait); the objects in the
//! host-visible window; 3D contexts and the attaching of resources to them; uuids and the driver's own dma-buf operations;
//! the display; fences; unplugging; ids that are used again (`virglhack=0`); importing as of 6.14; reclaim; the panic screen;
//! fbdev.

mod drv;
mod host;
mod shmem;

pub use drv::{Module, VirtGpu, probe};
pub use host::{Command, Host};
