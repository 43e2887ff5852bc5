//! Which leaf size panfrost and panthor ask for (`panfrost_mmu.c: get_pgsize`, `panthor_mmu.c: get_pgsize`).

/// 4 KiB.
pub const SZ_4K: u64 = 1 << 12;
/// 64 KiB.
pub const SZ_64K: u64 = 1 << 16;
/// 1 MiB.
pub const SZ_1M: u64 = 1 << 20;
/// 2 MiB.
pub const SZ_2M: u64 = 1 << 21;
/// 1 GiB.
pub const SZ_1G: u64 = 1 << 30;

/// Leaf size and count for one call of `map_pages` or `unmap_pages`, which must stay in one table.
///
/// `addr` is the VA, or `va | pa` when mapping; `size` is what is left, in bytes. 4 KiB pages up to
/// the next 2 MiB boundary, else 2 MiB blocks up to the next 1 GiB boundary.
pub const fn get_pgsize(addr: u64, size: u64) -> (u64, u64) {
    let to_block = addr.wrapping_neg() % SZ_2M;
    if to_block != 0 || size < SZ_2M {
        let bytes = if to_block != 0 && to_block < size {
            to_block
        } else {
            size
        };
        return (SZ_4K, bytes / SZ_4K);
    }
    let to_table = match addr.wrapping_neg() % SZ_1G {
        0 => SZ_1G,
        n => n,
    };
    let bytes = if to_table < size { to_table } else { size };
    (SZ_2M, bytes / SZ_2M)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_up_to_the_next_block_then_blocks_up_to_the_next_gigabyte() {
        assert_eq!(get_pgsize(0x20_0000 - 0x3000, 0x80_0000), (SZ_4K, 3));
        assert_eq!(get_pgsize(0x20_0000, 0x80_0000), (SZ_2M, 4));
        assert_eq!(get_pgsize(0x4000_0000 - 0x20_0000, 0x80_0000), (SZ_2M, 1));
        assert_eq!(get_pgsize(0x4000_0000, 3 * SZ_1G), (SZ_2M, 512));
        assert_eq!(get_pgsize(0x20_0000, SZ_2M - SZ_4K), (SZ_4K, 511));
        assert_eq!(get_pgsize(0x20_1000, SZ_4K), (SZ_4K, 1));
        assert_eq!(get_pgsize(0, SZ_2M), (SZ_2M, 1));
    }
}
