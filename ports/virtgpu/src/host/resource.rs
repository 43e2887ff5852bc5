//! A resource of the host: what it is, its own memory, and the guest's memory behind it.

use std::collections::BTreeSet;

use drm_core::dma::Entry;

use super::command::{Create3d, ERR_INVALID_PARAMETER, ERR_OUT_OF_MEMORY, ERR_UNSPEC, Rect, Way};
use super::memory::GuestMemory;
use crate::uapi::{BLOB_MEM_HOST3D, Box3d};

/// Bytes of a pixel; the host knows no other formats.
const CPP: u32 = 4;
/// Most bytes that the host gives one resource.
const MOST: u64 = 64 << 20;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pixels: in a line, lines, layers.
    Image(u32, u32, u32),
    /// Bytes.
    Blob,
}

/// A resource.
pub(super) struct Resource {
    kind: Kind,
    /// The guest's memory behind it.
    pub(super) backing: Option<Vec<Entry>>,
    /// The host's own memory: a copy, or of a blob of the host the memory itself.
    pub(super) bytes: Vec<u8>,
    /// Contexts that it is attached to.
    pub(super) contexts: BTreeSet<u32>,
    /// Where in the host-visible window it is mapped.
    pub(super) mapped: Option<u64>,
}

impl Resource {
    fn new(kind: Kind, len: u64, backing: Option<Vec<Entry>>) -> Result<Self, u32> {
        if len > MOST {
            return Err(ERR_OUT_OF_MEMORY);
        }
        Ok(Self {
            kind,
            backing,
            bytes: vec![0; len as usize],
            contexts: BTreeSet::new(),
            mapped: None,
        })
    }

    /// A picture.
    pub(super) fn image(width: u32, height: u32) -> Result<Self, u32> {
        let what = Create3d {
            width,
            height,
            ..Create3d::default()
        };
        Self::texture(&what)
    }

    /// Whatever the renderer makes of it: here, layers of pixels.
    pub(super) fn texture(what: &Create3d) -> Result<Self, u32> {
        if what.width == 0 || what.height == 0 {
            return Err(ERR_INVALID_PARAMETER);
        }
        let layers = what.depth.max(what.array_size).max(1);
        let pixels = u64::from(what.width)
            .checked_mul(u64::from(what.height))
            .and_then(|pixels| pixels.checked_mul(u64::from(layers)))
            .and_then(|pixels| pixels.checked_mul(u64::from(CPP)))
            .ok_or(ERR_OUT_OF_MEMORY)?;
        Self::new(Kind::Image(what.width, what.height, layers), pixels, None)
    }

    /// A blob: the host's memory, or the guest's.
    pub(super) fn blob(mem: u32, size: u64, entries: &[Entry]) -> Result<Self, u32> {
        if mem == BLOB_MEM_HOST3D {
            return Self::new(Kind::Blob, size, None);
        }
        Self::new(Kind::Blob, 0, Some(entries.to_vec()))
    }

    /// Lines of a box: first byte in the guest's memory, first byte in the host's, bytes.
    fn lines(
        &self,
        b: &Box3d,
        offset: u64,
        stride: u32,
        layer_stride: u32,
    ) -> Result<Vec<(u64, u64, usize)>, u32> {
        let Kind::Image(width, height, layers) = self.kind else {
            return Ok(vec![(offset, b.x.into(), b.w as usize)]);
        };
        let fits = |first: u32, count: u32, all: u32| {
            first.checked_add(count).is_some_and(|end| end <= all)
        };
        if !fits(b.x, b.w, width) || !fits(b.y, b.h, height) || !fits(b.z, b.d, layers) {
            return Err(ERR_INVALID_PARAMETER);
        }
        let [width, height, cpp] = [width, height, CPP].map(u64::from);
        let stride = if stride == 0 {
            width * cpp
        } else {
            stride.into()
        };
        let layer_stride = if layer_stride == 0 {
            stride * height
        } else {
            layer_stride.into()
        };
        let line = |z: u32, y: u32| {
            let (z, y) = (u64::from(z), u64::from(y));
            let host = (((u64::from(b.z) + z) * height + u64::from(b.y) + y) * width
                + u64::from(b.x))
                * cpp;
            (
                offset + z * layer_stride + y * stride,
                host,
                (u64::from(b.w) * cpp) as usize,
            )
        };
        Ok((0..b.d)
            .flat_map(|z| (0..b.h).map(move |y| (z, y)))
            .map(|(z, y)| line(z, y))
            .collect())
    }

    /// Copies a box one way or the other, line by line.
    pub(super) fn transfer(
        &mut self,
        guest: &GuestMemory,
        way: Way,
        (b, offset): (&Box3d, u64),
        (stride, layer_stride): (u32, u32),
    ) -> Result<(), u32> {
        let lines = self.lines(b, offset, stride, layer_stride)?;
        let Some(backing) = &self.backing else {
            return Err(ERR_UNSPEC);
        };
        for (at, host, len) in lines {
            let host = host as usize..host as usize + len;
            if host.end > self.bytes.len() {
                // A blob of the guest's memory is used where it is.
                continue;
            }
            let done = match way {
                Way::ToHost => guest.read(backing, at, &mut self.bytes[host]),
                Way::FromHost => guest.write(backing, at, &self.bytes[host]),
            };
            if !done {
                return Err(ERR_UNSPEC);
            }
        }
        Ok(())
    }

    /// The same for a rectangle of a picture.
    pub(super) fn upload(
        &mut self,
        guest: &GuestMemory,
        rect: &Rect,
        offset: u64,
    ) -> Result<(), u32> {
        let b = Box3d {
            x: rect.x,
            y: rect.y,
            z: 0,
            w: rect.width,
            h: rect.height,
            d: 1,
        };
        self.transfer(guest, Way::ToHost, (&b, offset), (0, 0))
    }

    /// Pixels of a line, for a scanout.
    pub(super) fn line(
        &self,
        guest: &GuestMemory,
        layout: Option<(u32, u32)>,
        y: u32,
        x: u32,
        pixels: u32,
    ) -> Option<Vec<u8>> {
        let len = (pixels * CPP) as usize;
        if let Some((stride, offset)) = layout {
            let at = u64::from(offset) + u64::from(y) * u64::from(stride) + u64::from(x * CPP);
            if let Some(backing) = &self.backing {
                let mut line = vec![0; len];
                return guest.read(backing, at, &mut line).then_some(line);
            }
            return self
                .bytes
                .get(at as usize..at as usize + len)
                .map(<[u8]>::to_vec);
        }
        let Kind::Image(width, ..) = self.kind else {
            return None;
        };
        let at = ((y * width + x) * CPP) as usize;
        self.bytes.get(at..at + len).map(<[u8]>::to_vec)
    }
}
