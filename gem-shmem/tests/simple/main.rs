//! The closed type by behaviour: every errno, every count, every order of closing.

mod cost;
mod create;
mod lifetime;
mod mapping;
mod shadow;
mod sharing;
mod support;
