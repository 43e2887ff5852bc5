//! Exact counts of what was done. Always on; tests and benchmarks read them instead of clocks.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counts of one machine.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
        }

        /// The counts at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// All counts now.
            #[must_use]
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.get(),)* }
            }
        }

        impl std::ops::Sub for Snapshot {
            type Output = Snapshot;
            fn sub(self, earlier: Snapshot) -> Snapshot {
                Snapshot { $($name: self.$name - earlier.$name,)* }
            }
        }
    };
}

counters! {
    /// Pages zeroed before they were handed out.
    pages_zeroed,
    /// Entries written in GPU page tables.
    pte_writes,
    /// Pages allocated for GPU page tables.
    tables_allocated,
    /// Pages of GPU page tables freed.
    tables_freed,
    /// Walks of GPU page tables from the root, by drivers and by devices.
    table_walks,
    /// Reservation locks taken, tried ones that succeeded included.
    resv_locked,
    /// Tried reservation locks that were taken by somebody else.
    resv_contended,
    /// TLB invalidations that a driver asked a device for.
    invalidations,
    /// Segments mapped for DMA.
    dma_mapped,
    /// Segments unmapped.
    dma_unmapped,
    /// Bytes of CPU cache written back or invalidated for a device that is not coherent.
    cache_synced,
    /// Kernel mappings made.
    vmaps,
    /// Kernel mappings ended.
    vunmaps,
    /// Pages written to swap.
    swapped_out,
    /// Pages read back from swap.
    swapped_in,
    /// User page-table entries written.
    user_ptes,
    /// User page-table entries cleared.
    user_ptes_zapped,
    /// Faults of user mappings handled.
    user_faults,
    /// Objects looked up by handle.
    handle_lookups,
    /// Steps taken in handle tables by look-ups.
    handle_steps,
}
