//! The driver's objects on `gem_shmem::legacy`, the base class of today, used and abused as the real driver does
//! (`virtgpu_object.c`).

mod object;

pub(crate) use object::object_create;
