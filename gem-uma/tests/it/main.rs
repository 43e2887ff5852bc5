//! The parts at work: one machine, one device, objects of the typical shapes. Tests named `rNN_..` are those of the rules.

mod base_class;
mod bridge;
mod gpuvm;
mod rules;
mod working_set;
mod world;
