//! What other devices may have of an object.

use std::fmt;

use drm_core::dma::SgTable;
use drm_core::errno::{Errno, Result};
use drm_core::gem::{Gone, Header};
use drm_core::machine::Machine;
use drm_core::prime::{self, DmaBuf};
use drm_core::resv::{LockedBy, ResvGuard};

use crate::backing::{Backing, Pin};
use crate::new::New;
use crate::part::Part;

/// How a [`Share`] behaves.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ShareOptions {
    export: Result<()>,
    attach: Result<()>,
}

impl Default for ShareOptions {
    /// Everything is allowed.
    fn default() -> Self {
        Self {
            export: Ok(()),
            attach: Ok(()),
        }
    }
}

impl ShareOptions {
    /// The object is not exported: `errno`.
    pub fn refuse_export(mut self, errno: Errno) -> Self {
        self.export = Err(errno);
        self
    }

    /// The object may be exported, and opened by other files of the device; other devices may not attach: `errno`.
    pub fn refuse_attach(mut self, errno: Errno) -> Self {
        self.attach = Err(errno);
        self
    }
}

/// Export, and the pins of the devices that are attached.
///
/// Having a `Share` tells you the rules for sharing; not that the object is shared.
///
/// # Invariants
///
/// One pin per attached device.
pub struct Share {
    machine: Machine,
    options: ShareOptions,
    pins: LockedBy<Vec<Pin>>,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Share {
    /// The rules for an object.
    #[must_use]
    pub fn new(new: &New, options: ShareOptions) -> Self {
        Self {
            machine: new.machine().clone(),
            options,
            pins: LockedBy::new(new.resv_slot(), Vec::new()),
        }
    }

    /// Makes a dma-buf of the object (`funcs.export`), with the default operations. What the options refuse with.
    pub fn export(&self, gem: &Header, writable: bool) -> Result<DmaBuf> {
        self.options.export?;
        prime::export(gem, writable)
    }

    /// Another device attaches (`funcs.pin`): the pages stay where they are until it detaches.
    ///
    /// What the options refuse with; errors of [`Backing::pin`].
    pub fn pin(&self, guard: &mut ResvGuard, backing: &Backing) -> Result {
        self.options.attach?;
        let pin = backing.pin(guard)?;
        self.pins.get_mut(guard).push(pin);
        Ok(())
    }

    /// A device detaches (`funcs.unpin`). Warns once, and does nothing, when none is attached.
    pub fn unpin(&self, guard: &mut ResvGuard, backing: &Backing) {
        let pin = self.pins.get_mut(guard).pop();
        match pin {
            Some(pin) => backing.unpin(guard, pin),
            None => self.machine.warn_once("gem-uma: unpin without pin"),
        }
    }

    /// A fresh table for an attached device (`funcs.get_sg_table`), not mapped for DMA.
    ///
    /// `EINVAL`, and a warning, unless the pages are there and pinned: an exporter maps only for devices that are attached.
    /// `ENOMEM`.
    pub fn sg_table(
        &self,
        guard: &mut ResvGuard,
        gem: &Header,
        backing: &Backing,
    ) -> Result<SgTable> {
        let pages = backing.pages(guard).filter(|_| backing.pins() > 0);
        let Some(pages) = pages else {
            self.machine
                .warn("gem-uma: table wanted of pages that are not pinned");
            return Err(Errno::EINVAL);
        };
        SgTable::from_pages(
            &self.machine,
            pages.as_slice(),
            gem.dev().dma().max_segment(),
        )
    }
}

impl Part for Share {
    fn teardown(&self, gone: &Gone) {
        let pins = std::mem::take(&mut *self.pins.get_gone(gone));
        if !pins.is_empty() {
            self.machine
                .warn("gem-uma: freed while a device is attached");
        }
        pins.into_iter().for_each(Pin::end_gone);
    }
}
