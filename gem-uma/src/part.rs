//! What every part can do, so that the derive can compose parts it does not know.

use std::fmt;

use drm_core::device::File;
use drm_core::errno::Result;
use drm_core::gem::{Gone, Object};

/// A part of an object. The library's own implement it; so may a driver's (`#[uma(part)]`).
#[expect(unused_variables, reason = "the defaults need none of their arguments")]
pub trait Part {
    /// Gives back whatever the part holds, while the object dies. Parts are torn down in reverse order of declaration, so
    /// everything that this one stands on is still there.
    ///
    /// Not called for an object whose constructor failed: what was built by then is just dropped.
    fn teardown(&self, gone: &Gone);

    /// A file got a handle of the object. An error takes the handle back, after the parts opened before were closed.
    fn open(&self, file: &File) -> Result {
        Ok(())
    }

    /// A file gives its handle up.
    fn close(&self, file: &File) {}

    /// Prints what the part keeps, one line each (`print_info`).
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        Ok(())
    }
}

/// A part that some objects of a type have, and others do not.
impl<P: Part> Part for Option<P> {
    fn teardown(&self, gone: &Gone) {
        if let Some(part) = self {
            part.teardown(gone);
        }
    }

    fn open(&self, file: &File) -> Result {
        self.as_ref().map_or(Ok(()), |part| part.open(file))
    }

    fn close(&self, file: &File) {
        if let Some(part) = self {
            part.close(file);
        }
    }

    fn print_info(&self, out: &mut dyn fmt::Write, indent: usize) -> fmt::Result {
        self.as_ref()
            .map_or(Ok(()), |part| part.print_info(out, indent))
    }
}

/// An object made of parts. Written by `#[derive(UmaObject)]` alone.
pub trait UmaObject: Object {}
