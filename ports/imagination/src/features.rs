//! What a device is: how it is probed, and what the header of its firmware says about it.

/// The processor that the firmware runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Processor {
    /// Finds its memory through the GPU's page tables.
    Meta,
    /// Has a flat page table of its own (AXE-1-16M).
    #[default]
    Mips,
}

/// How a device is probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Which firmware processor it has.
    pub processor: Processor,
    /// Whether it sees the CPU caches.
    pub coherent: bool,
    /// Whether it has erratum 63142, which needs a heap for region headers.
    pub brn63142: bool,
}

/// The features of the core that this driver asks for, those of AXE-1-16M (`features` and `quirks` of `struct pvr_device`).
///
/// They come from the header of the firmware image, which is no part of the kernel. No memory rule depends on any but
/// `phys_bus_width`, `roguexe` and `brn63142`; the others are parameters of renders and answers to queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Branch, version, number, configuration: 16 bits each.
    pub gpu_id: u64,
    /// Bits of a physical address.
    pub phys_bus_width: u32,
    /// A core of the XE series: smaller free lists will do.
    pub roguexe: bool,
    /// Erratum 63142.
    pub brn63142: bool,
    /// Erratum 66011.
    pub brn66011: bool,
    /// Shader clusters.
    pub num_clusters: u32,
    /// Pixels.
    pub tile_size_x: u32,
    /// Pixels.
    pub tile_size_y: u32,
    /// Tiles.
    pub isp_max_tiles_in_flight: u32,
    /// Samples.
    pub isp_samples_per_pixel: u32,
    /// Partitions.
    pub max_partitions: u32,
    /// Registers.
    pub usc_min_output_registers_per_pix: u32,
    /// Dwords.
    pub common_store_size_in_dwords: u32,
    /// Version of the simple parameter format.
    pub simple_parameter_format_version: u32,
    /// Raster pipes.
    pub num_raster_pipes: u32,
}

impl Features {
    /// The features of a device.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self {
            gpu_id: 33 << 48 | 15 << 32 | 11 << 16 | 3,
            phys_bus_width: 36,
            roguexe: true,
            brn63142: params.brn63142,
            brn66011: false,
            num_clusters: 1,
            tile_size_x: 16,
            tile_size_y: 16,
            isp_max_tiles_in_flight: 1,
            isp_samples_per_pixel: 1,
            max_partitions: 4,
            usc_min_output_registers_per_pix: 1,
            common_store_size_in_dwords: 512 * 4 * 4,
            simple_parameter_format_version: 2,
            num_raster_pipes: 1,
        }
    }

    /// The smallest free list that a render can begin with, in pages (`pvr_get_free_list_min_pages`).
    #[must_use]
    pub fn free_list_min_pages(&self) -> u32 {
        match (self.roguexe, self.brn66011) {
            (true, true) => 40,
            (true, false) => 25,
            (false, _) => 50,
        }
    }

    /// Phantoms (`rogue_get_num_phantoms`).
    #[must_use]
    pub fn num_phantoms(&self) -> u32 {
        self.num_clusters.div_ceil(4)
    }
}
