//! Commands and answers of the control queue (`virtio_gpu.h` of the uAPI), as both ends know them.

use std::fmt;

use drm_core::dma::Entry;

use crate::uapi::Box3d;

/// `VIRTIO_GPU_RESP_ERR_UNSPEC`.
pub const ERR_UNSPEC: u32 = 0x1200;
/// `VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY`.
pub const ERR_OUT_OF_MEMORY: u32 = 0x1201;
/// `VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID`.
pub const ERR_INVALID_RESOURCE_ID: u32 = 0x1203;
/// `VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID`.
pub const ERR_INVALID_CONTEXT_ID: u32 = 0x1204;
/// `VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER`.
pub const ERR_INVALID_PARAMETER: u32 = 0x1205;

/// `VIRTIO_GPU_MAP_CACHE_CACHED`.
pub const MAP_CACHE_CACHED: u32 = 1;
/// `VIRTIO_GPU_MAP_CACHE_UNCACHED`.
pub const MAP_CACHE_UNCACHED: u32 = 2;
/// `VIRTIO_GPU_MAP_CACHE_WC`.
pub const MAP_CACHE_WC: u32 = 3;

/// What every command begins with (`struct virtio_gpu_ctrl_hdr`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The fence to be signalled with the answer, by number (`VIRTIO_GPU_FLAG_FENCE`).
    pub fence_id: Option<u64>,
    /// The context, 0 for none.
    pub ctx_id: u32,
    /// The ring that the fence belongs to (`VIRTIO_GPU_FLAG_INFO_RING_IDX`).
    pub ring_idx: Option<u32>,
}

/// `struct virtio_gpu_rect`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// First pixel of a line.
    pub x: u32,
    /// First line.
    pub y: u32,
    /// Pixels.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)
    }
}

/// `VIRTIO_GPU_CMD_RESOURCE_CREATE_3D`, but for the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as in the header, whose meaning is the renderer's"
)]
pub struct Create3d {
    pub target: u32,
    pub format: u32,
    pub bind: u32,
    pub width: u32,
    pub height: u32,
    pub depth: u32,
    pub array_size: u32,
    pub last_level: u32,
    pub nr_samples: u32,
    pub flags: u32,
}

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the guest's memory to the host's.
    ToHost,
    /// From the host's memory to the guest's.
    FromHost,
}

/// A command, without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named as in the header")]
pub enum Command {
    /// 0x101
    ResourceCreate2d {
        id: u32,
        format: u32,
        width: u32,
        height: u32,
    },
    /// 0x102
    ResourceUnref { id: u32 },
    /// 0x103; resource 0 turns the scanout off.
    SetScanout { rect: Rect, scanout: u32, id: u32 },
    /// 0x104
    ResourceFlush { rect: Rect, id: u32 },
    /// 0x105
    TransferToHost2d { rect: Rect, offset: u64, id: u32 },
    /// 0x106
    AttachBacking { id: u32, entries: Vec<Entry> },
    /// 0x107
    DetachBacking { id: u32 },
    /// 0x109
    GetCapset { capset: u32, version: u32 },
    /// 0x10b
    AssignUuid { id: u32 },
    /// 0x10c
    CreateBlob {
        id: u32,
        mem: u32,
        flags: u32,
        blob_id: u64,
        size: u64,
        entries: Vec<Entry>,
    },
    /// 0x10d
    SetScanoutBlob {
        rect: Rect,
        scanout: u32,
        id: u32,
        width: u32,
        height: u32,
        format: u32,
        stride: u32,
        offset: u32,
    },
    /// 0x200
    CtxCreate { context_init: u32, name: String },
    /// 0x201
    CtxDestroy,
    /// 0x202
    CtxAttachResource { id: u32 },
    /// 0x203
    CtxDetachResource { id: u32 },
    /// 0x204
    ResourceCreate3d { id: u32, what: Create3d },
    /// 0x205, 0x206
    Transfer3d {
        way: Way,
        r#box: Box3d,
        offset: u64,
        id: u32,
        level: u32,
        stride: u32,
        layer_stride: u32,
    },
    /// 0x207
    Submit3d { data: Vec<u8> },
    /// 0x208; `offset` is in the host-visible window.
    MapBlob { id: u32, offset: u64 },
    /// 0x209
    UnmapBlob { id: u32 },
    /// 0x300, on the cursor queue; resource 0 hides it.
    UpdateCursor { id: u32, x: i32, y: i32 },
    /// 0x301, on the cursor queue.
    MoveCursor { x: i32, y: i32 },
}

impl Command {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        match self {
            Self::ResourceCreate2d { .. } => 0x101,
            Self::ResourceUnref { .. } => 0x102,
            Self::SetScanout { .. } => 0x103,
            Self::ResourceFlush { .. } => 0x104,
            Self::TransferToHost2d { .. } => 0x105,
            Self::AttachBacking { .. } => 0x106,
            Self::DetachBacking { .. } => 0x107,
            Self::GetCapset { .. } => 0x109,
            Self::AssignUuid { .. } => 0x10b,
            Self::CreateBlob { .. } => 0x10c,
            Self::SetScanoutBlob { .. } => 0x10d,
            Self::CtxCreate { .. } => 0x200,
            Self::CtxDestroy => 0x201,
            Self::CtxAttachResource { .. } => 0x202,
            Self::CtxDetachResource { .. } => 0x203,
            Self::ResourceCreate3d { .. } => 0x204,
            Self::Transfer3d {
                way: Way::ToHost, ..
            } => 0x205,
            Self::Transfer3d {
                way: Way::FromHost, ..
            } => 0x206,
            Self::Submit3d { .. } => 0x207,
            Self::MapBlob { .. } => 0x208,
            Self::UnmapBlob { .. } => 0x209,
            Self::UpdateCursor { .. } => 0x300,
            Self::MoveCursor { .. } => 0x301,
        }
    }
}

/// A list of addresses, as it is counted.
struct Entries<'a>(&'a [Entry]);

impl fmt::Display for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: u64 = self.0.iter().map(|entry| entry.len).sum();
        write!(f, "entries={} bytes={bytes}", self.0.len())
    }
}

impl fmt::Display for Command {
    /// One line; of lists, how long they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ResourceCreate2d {
                id,
                format,
                width,
                height,
            } => {
                write!(f, "CREATE_2D id={id} format={format} {width}x{height}")
            }
            Self::ResourceUnref { id } => write!(f, "UNREF id={id}"),
            Self::SetScanout { rect, scanout, id } => {
                write!(f, "SET_SCANOUT {scanout} id={id} {rect}")
            }
            Self::ResourceFlush { rect, id } => write!(f, "FLUSH id={id} {rect}"),
            Self::TransferToHost2d { rect, offset, id } => {
                write!(f, "TRANSFER_TO_HOST_2D id={id} {rect} offset={offset}")
            }
            Self::AttachBacking { id, entries } => {
                write!(f, "ATTACH_BACKING id={id} {}", Entries(entries))
            }
            Self::DetachBacking { id } => write!(f, "DETACH_BACKING id={id}"),
            Self::GetCapset { capset, version } => {
                write!(f, "GET_CAPSET {capset} version={version}")
            }
            Self::AssignUuid { id } => write!(f, "ASSIGN_UUID id={id}"),
            Self::CreateBlob {
                id,
                mem,
                flags,
                blob_id,
                size,
                entries,
            } => write!(
                f,
                "CREATE_BLOB id={id} mem={mem} flags={flags} blob_id={blob_id} size={size} {}",
                Entries(entries)
            ),
            Self::SetScanoutBlob {
                rect,
                scanout,
                id,
                width,
                height,
                format,
                stride,
                offset,
            } => {
                write!(
                    f,
                    "SET_SCANOUT_BLOB {scanout} id={id} {rect} of {width}x{height} format={format} stride={stride} offset={offset}"
                )
            }
            Self::CtxCreate { context_init, name } => {
                write!(f, "CTX_CREATE init={context_init} name={name}")
            }
            Self::CtxDestroy => f.write_str("CTX_DESTROY"),
            Self::CtxAttachResource { id } => write!(f, "CTX_ATTACH_RESOURCE id={id}"),
            Self::CtxDetachResource { id } => write!(f, "CTX_DETACH_RESOURCE id={id}"),
            Self::ResourceCreate3d { id, what } => write!(
                f,
                "CREATE_3D id={id} target={} format={} bind={} {}x{}x{} array={} last_level={} samples={} flags={}",
                what.target,
                what.format,
                what.bind,
                what.width,
                what.height,
                what.depth,
                what.array_size,
                what.last_level,
                what.nr_samples,
                what.flags
            ),
            Self::Transfer3d {
                way,
                r#box: b,
                offset,
                id,
                level,
                stride,
                layer_stride,
            } => {
                let way = match way {
                    Way::ToHost => "TO",
                    Way::FromHost => "FROM",
                };
                write!(
                    f,
                    "TRANSFER_{way}_HOST_3D id={id} {}x{}x{}+{}+{}+{} offset={offset} level={level} stride={stride} layer_stride={layer_stride}",
                    b.w, b.h, b.d, b.x, b.y, b.z
                )
            }
            Self::Submit3d { data } => write!(f, "SUBMIT_3D bytes={}", data.len()),
            Self::MapBlob { id, offset } => write!(f, "MAP_BLOB id={id} offset={offset:#x}"),
            Self::UnmapBlob { id } => write!(f, "UNMAP_BLOB id={id}"),
            Self::UpdateCursor { id, x, y } => write!(f, "UPDATE_CURSOR id={id} at {x},{y}"),
            Self::MoveCursor { x, y } => write!(f, "MOVE_CURSOR to {x},{y}"),
        }
    }
}

/// What the host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// `VIRTIO_GPU_RESP_OK_NODATA`.
    Ok,
    /// `VIRTIO_GPU_RESP_OK_CAPSET`.
    Capset(Vec<u8>),
    /// `VIRTIO_GPU_RESP_OK_RESOURCE_UUID`.
    Uuid([u8; 16]),
    /// `VIRTIO_GPU_RESP_OK_MAP_INFO`: how the CPU caches it.
    MapInfo(u32),
    /// `VIRTIO_GPU_RESP_ERR_*`.
    Error(u32),
}
