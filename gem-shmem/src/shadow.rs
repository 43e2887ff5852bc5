//! Shadow planes: what is shown stays mapped from the commit that shows it to the end of the next one
//! (`drm_gem_atomic_helper.c`, `drm_gem_framebuffer_helper.c: drm_gem_fb_vmap`).

use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gem, Object as _};
use drm_core::machine::Event;
use drm_core::prime::{Direction, DmaBuf};

use crate::object::Object;
use crate::vmap::Vmap;

/// The kernel mappings of all memory planes of a framebuffer (`struct drm_shadow_plane_state`, its `map` and `data`).
///
/// A driver makes one in `begin_fb_access` for the new plane state and drops the old state's at the very end of the commit
/// (`end_fb_access`). Holding it tells you that every plane's bytes can be read; not that a foreign exporter has finished
/// writing them: that is [`ShadowMaps::cpu_access`].
#[derive(Debug)]
pub struct ShadowMaps {
    /// Mapping of the object, and first byte of the picture in it.
    planes: Vec<(Vmap, u64)>,
}

impl ShadowMaps {
    /// Maps the object of every memory plane, in order; each comes with the byte at which the plane begins
    /// (`drm_gem_fb_vmap`). Takes one reservation after the other.
    ///
    /// Errors of [`Vmap::new`]; what was mapped before is unmapped again. `EINVAL` for a plane that begins beyond its object.
    pub fn begin<'a>(planes: impl IntoIterator<Item = (&'a Gem<Object>, u64)>) -> Result<Self> {
        let mut maps = Self { planes: Vec::new() };
        for (object, offset) in planes {
            if offset >= object.gem().size() {
                return Err(Errno::EINVAL);
            }
            maps.planes.push((Vmap::new(object)?, offset));
        }
        Ok(maps)
    }

    /// The mapping of the object that holds memory plane `plane`, from the object's first byte (`map[plane]`).
    #[must_use]
    pub fn map(&self, plane: usize) -> Option<&Vmap> {
        self.planes.get(plane).map(|(vmap, _)| vmap)
    }

    /// Copies from byte `at` of memory plane `plane` (`data[plane]`). `EFAULT` outside of its object, `EINVAL` without such a
    /// plane.
    pub fn read(&self, plane: usize, at: u64, into: &mut [u8]) -> Result {
        let (vmap, offset) = self.planes.get(plane).ok_or(Errno::EINVAL)?;
        let at = offset.checked_add(at).ok_or(Errno::EFAULT)?;
        vmap.read(at, into)
    }

    /// Brackets an access of the CPU to all planes (`drm_gem_fb_begin_cpu_access`). Foreign exporters are told, and waited
    /// for; own objects need nothing. No reservation may be held.
    ///
    /// The exporter's error; the planes before it are told that the access ended.
    pub fn cpu_access(&self, direction: Direction) -> Result<CpuAccess<'_>> {
        let mut access = CpuAccess {
            maps: self,
            direction,
            begun: Vec::new(),
        };
        for (vmap, _) in &self.planes {
            if let Some(attach) = vmap.object().gem().import_attach() {
                attach.dma_buf().begin_cpu_access(direction)?;
                access.begun.push(attach.dma_buf());
            }
        }
        Ok(access)
    }
}

impl Drop for ShadowMaps {
    /// Last plane first (`drm_gem_fb_vunmap`).
    fn drop(&mut self) {
        while self.planes.pop().is_some() {}
    }
}

/// An access of the CPU under way; dropping it ends the access (`drm_gem_fb_end_cpu_access`), last plane first.
#[derive(Debug)]
#[must_use = "the access ends when this is dropped"]
pub struct CpuAccess<'a> {
    maps: &'a ShadowMaps,
    direction: Direction,
    begun: Vec<&'a DmaBuf>,
}

impl CpuAccess<'_> {
    /// The mappings that are accessed.
    #[must_use]
    pub fn maps(&self) -> &ShadowMaps {
        self.maps
    }
}

impl Drop for CpuAccess<'_> {
    fn drop(&mut self) {
        let machine = self.maps.map(0).map(|vmap| vmap.object().machine().clone());
        for dma_buf in self.begun.drain(..).rev() {
            if let (Err(error), Some(machine)) = (dma_buf.end_cpu_access(self.direction), &machine)
            {
                machine.trace().record(Event::Log(format!(
                    "failed to end CPU access to an import: {error}"
                )));
            }
        }
    }
}
