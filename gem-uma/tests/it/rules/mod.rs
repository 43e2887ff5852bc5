//! One test, at least, for each rule of `RULES.md`.

mod advice;
mod cpu;
mod document;
mod figures;
mod glue;
mod imports;
mod lists;
mod pages;
mod sparse;
mod sweep;
