//! The core on a device with two shadow planes, one of which shows pictures of two memory planes.

mod commits;
mod damage;
mod model;
mod two_planes;
