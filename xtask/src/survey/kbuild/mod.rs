//! What the kernel's build files say: which options select the helper, which files make a module.

pub(crate) mod kconfig;
pub(crate) mod makefile;
