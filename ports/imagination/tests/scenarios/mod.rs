//! Every scenario of the port, by what it is about.

mod address_spaces;
mod buffers;
mod contexts;
mod firmware;
mod flushes;
mod free_lists;
mod jobs;
mod queries;
mod renders;
mod session;
mod sharing;

use port_kit::Scenario;

use session::Session;

/// All of them.
pub(crate) const ALL: &[Scenario<Session>] = &[
    buffers::A_BUFFER_IS_ZERO_AND_STAYS,
    buffers::BAD_BUFFERS_ARE_REFUSED,
    buffers::FLAGS_SAY_WHO_MAY_MAP_AND_SHARE,
    buffers::CLOSING_A_HANDLE_LEAVES_THE_GPU_MAPPING,
    buffers::NO_MEMORY_FOR_A_BUFFER,
    buffers::CACHES_ARE_SYNCED_FOR_CACHED_OBJECTS_ALONE,
    address_spaces::A_MAPPING_FILLS_THREE_LEVELS,
    address_spaces::CREATE_FLAGS_BECOME_PAGE_BITS,
    address_spaces::AN_UNMAP_NAMES_A_MAPPING_EXACTLY,
    address_spaces::BAD_MAPS_ARE_REFUSED,
    address_spaces::A_MAP_SPLITS_WHAT_IT_DISPLACES,
    address_spaces::A_MAPPING_ACROSS_TWO_PAGE_TABLES,
    address_spaces::A_REMAP_OF_A_LARGE_MAPPING,
    address_spaces::DESTROYING_A_SPACE_FREES_EVERYTHING,
    address_spaces::A_FAILED_MAP_LEAVES_THE_SPACE_ALONE,
    address_spaces::THE_HEAP_OF_REGION_HEADERS_IS_FOR_ONE_ERRATUM,
    flushes::A_MAP_IS_FLUSHED_BY_THE_NEXT_JOB,
    flushes::AN_EMPTIED_PAGE_TABLE_IS_NOT_FLUSHED,
    flushes::A_DISPLACED_PAGE_STAYS_REACHABLE_UNTIL_A_FLUSH,
    flushes::WITHOUT_FIRMWARE_NOTHING_IS_FLUSHED,
    flushes::A_STUCK_FIRMWARE_IS_RESET_FOR_A_FLUSH,
    flushes::A_DEAD_FIRMWARE_LOSES_THE_DEVICE,
    flushes::AN_UNPLUGGED_DEVICE,
    sharing::AN_IMPORT_IS_MAPPED_WHERE_THE_EXPORTER_HAS_IT,
    sharing::A_KERNEL_MAPPING_OF_AN_IMPORT_IS_NEVER_UNDONE,
    sharing::A_BUFFER_IN_TWO_FILES_IS_ONE_OBJECT,
    free_lists::A_FREE_LIST_IS_FILLED_FROM_THE_END,
    free_lists::A_FREE_LIST_GROWS_ON_REQUEST,
    free_lists::A_FREE_LIST_GROWS_PAST_ITS_START,
    free_lists::GROWING_WITHOUT_MEMORY_ADDS_NOTHING,
    free_lists::BAD_FREE_LISTS_ARE_REFUSED,
    free_lists::A_FAILED_FREE_LIST_LEAVES_A_FIRMWARE_OBJECT,
    free_lists::THE_SIZE_OF_A_BLOCK_IS_COUNTED_IN_32_BITS,
    free_lists::FRAME_NUMBERS_GO_TO_THE_START_OF_THE_BUFFER,
    free_lists::A_FREE_LIST_IS_RECONSTRUCTED_AFTER_A_RESET,
    firmware::THE_HEAP_OF_THE_FIRMWARE,
    firmware::THE_HEAP_OF_A_META_FIRMWARE,
    firmware::A_HARD_RESET_MAKES_FIRMWARE_OBJECTS_ANEW,
    firmware::A_SOFT_RESET_KEEPS_FIRMWARE_OBJECTS,
    firmware::NO_MEMORY_FOR_A_FIRMWARE_OBJECT,
    firmware::A_FULL_FIRMWARE_HEAP,
    jobs::A_JOB_READS_AND_WRITES_THROUGH_ITS_SPACE,
    jobs::A_JOB_THAT_FAULTS_IS_DONE_ALL_THE_SAME,
    jobs::A_JOB_THAT_HANGS_IS_LOST_IN_A_RESET,
    jobs::BAD_JOBS_ARE_REFUSED_BY_THEIR_PLACE,
    jobs::SYNC_OBJECTS_ORDER_JOBS,
    contexts::BAD_CONTEXTS_ARE_REFUSED,
    renders::A_RENDER_OUT_OF_MEMORY_GROWS_ITS_LIST,
    renders::BAD_DATASETS_ARE_REFUSED,
    renders::A_FAILED_DATASET_LEAVES_A_FIRMWARE_OBJECT,
    renders::TOO_MANY_LAYERS_CRASH_THE_KERNEL,
    queries::HEAPS_AND_AREAS_ARE_TOLD,
    queries::STRUCTS_MAY_BE_OLDER_OR_NEWER,
];
