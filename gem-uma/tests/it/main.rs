//! The parts at work: one machine, one device, objects of the typical shapes.

mod base_class;
mod reclaim;
mod world;
