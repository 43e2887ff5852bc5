//! Errors are `errno` values, as user space sees them.

/// An `errno` of Linux. The kernel returns it negative; here it is the `Err` side of [`Result`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
#[error("{self:?}")]
#[expect(missing_docs, reason = "the names are the documentation: errno(3)")]
#[non_exhaustive]
#[repr(i32)]
pub enum Errno {
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    EINVAL = 22,
    ENOTTY = 25,
    ENOSPC = 28,
    ERANGE = 34,
    EDEADLK = 35,
    ENOSYS = 38,
    ETIME = 62,
    EOVERFLOW = 75,
    EBADFD = 77,
    EOPNOTSUPP = 95,
    EADDRINUSE = 98,
    ETIMEDOUT = 110,
    EALREADY = 114,
    EINPROGRESS = 115,
    ECANCELED = 125,
}

impl Errno {
    /// The positive number of `errno.h`.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// What every operation of the kernel returns.
pub type Result<T = ()> = core::result::Result<T, Errno>;
