//! Memory through either library: fresh when it is handed out, kept when it is short, given back when everything closes, and
//! unchanged by what is refused.

#![cfg(feature = "legacy")]

mod bad_input;
mod failures;
mod freshness;
mod library;
mod lifetimes;
mod pressure;
mod swap;
