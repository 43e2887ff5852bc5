//! The atomic mode-setting core that the simple displays need: framebuffers, planes, damage, the order of a commit, fbdev.
//!
//! One device has one [`Kms`]: one CRTC with a fixed mode, and the planes that the driver's [`Display`] names. A request goes
//! through [`Kms::atomic`] in the order of `drm_atomic_helper.c`, and that order is the point: the kernel mapping of a shadow
//! plane lives from the prepare of the commit that shows it to the end of the next commit on that plane.
//!
//! Left out: properties as objects, connectors and their modes, rotation, gamma, non-blocking commits. None of them touches
//! memory.

mod atomic;
mod check;
mod commit;
mod convert;
mod damage;
mod display;
mod exporter;
mod fbdev;
mod format;
mod framebuffer;
mod ioctl;
mod lock;
mod mapping;
mod rect;
mod remove;
mod scene;
mod shadow;
mod state;
#[cfg(test)]
mod tests;

pub use atomic::{Kms, PlaneUpdate, Request};
pub use check::check_plane_state;
pub use convert::{Screen, blit};
pub use damage::damage_of;
pub use display::{Config, Display, Modeset, NoWriteback, PlaneDesc};
pub use exporter::{Calls, Exporter};
pub use fbdev::Fbdev;
pub use format::{Format, PlaneFormat};
pub use framebuffer::{FbCmd, FbPlane, Framebuffer};
pub use ioctl::{ADDFB, ADDFB2, DIRTYFB, RMFB};
pub use mapping::FbMapping;
pub use rect::Rect;
pub use scene::{Buffer, Scene, changed, usage};
pub use shadow::{ShadowState, collect_fences, fb_vmap};
pub use state::{Crtc, PlaneKind, PlaneState};
