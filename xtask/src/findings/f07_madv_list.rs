//! F07: the driver's purge list threaded through the base class.
//!
//! # What
//!
//! `madv_list`, a list node in the base class that only drivers use, threads objects through the driver's own
//! list of candidates for purging.
//!
//! # Why
//!
//! The list has a lock of its own that has to be ordered against the reservation lock by hand, and an object
//! has to leave the list first thing in its destructor (panfrost_gem.c:29), or the shrinker walks over freed memory. Every
//! object carries the node; one driver uses it.
//!
//! # Instead
//!
//! `PurgeList`: an object is in it while its `Reclaim` part says so, and leaves it by itself when it ends.
//!
//! # Before
//!
//! ```rust,ignore
//! # fn page(bo: &Bo, shrinker_list: &legacy::List) {
//! shrinker_list.move_tail(&bo.base);
//! # }
//! ```
//!
//! # After
//!
//! ```rust,ignore
//! shrinker_list.move_tail(&bo.gem, &bo.reclaim);
//! ```

use super::{Finding, Number, SHMEM, field};

pub(super) const FINDING: Finding = Finding {
    number: Number(7),
    slug: "madv_list",
    items: &[field(
        SHMEM,
        "madv_list",
        &[
            "Object::madv_list",
            "List",
            "List::move_tail",
            "List::del",
            "List::objects",
            "List::contains",
        ],
    )],
    source: include_str!("f07_madv_list.rs"),
};
