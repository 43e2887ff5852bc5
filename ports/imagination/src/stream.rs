//! Streams of register values that user space hands in, and how they become commands of the firmware (`pvr_stream.c`,
//! `pvr_stream_defs.c`). Fields of features that this core does not have are left out.

use drm_core::errno::{Errno, Result};

/// One value of a stream: where it goes, how many bytes it has. One of more than 8 bytes is an array, aligned to 8.
type Field = (u32, u32);

/// What a stream is made of (`struct pvr_stream_cmd_defs`).
#[derive(Debug)]
pub(crate) struct StreamDef {
    /// Its values, in order.
    fields: &'static [Field],
    /// Kinds of extension headers that it may have; none of them has a meaning on a core without the errata.
    ext_headers: u32,
    /// Bytes of the command.
    pub(crate) size: u32,
}

const EXT_TYPE_SHIFT: u32 = 29;
const EXT_CONTINUATION: u32 = 1 << 28;
const EXT_DATA: u32 = EXT_CONTINUATION - 1;

/// `pvr_cmd_geom_stream`, to `struct rogue_fwif_cmd_geom`.
pub(crate) const GEOM: StreamDef = StreamDef {
    fields: &[(16, 8), (24, 8), (44, 4), (48, 4), (56, 4), (68, 4)],
    ext_headers: 1,
    size: 112,
};

/// `pvr_cmd_frag_stream`, to `struct rogue_fwif_cmd_frag`.
pub(crate) const FRAG: StreamDef = StreamDef {
    fields: &[
        (112, 8),
        (120, 8),
        (128, 8),
        (136, 8),
        (144, 8),
        (152, 8),
        (168, 192),
        (360, 8),
        (368, 24),
        (416, 24),
        (20, 32),
        (16, 4),
        (52, 4),
        (56, 4),
        (60, 4),
        (68, 4),
        (76, 4),
        (84, 4),
        (88, 4),
        (100, 4),
        (468, 4),
        (472, 4),
    ],
    ext_headers: 1,
    size: 480,
};

/// `pvr_cmd_compute_stream`, to `struct rogue_fwif_cmd_compute`.
pub(crate) const COMPUTE: StreamDef = StreamDef {
    fields: &[(8, 8), (40, 8), (48, 8), (60, 4)],
    ext_headers: 1,
    size: 96,
};

/// `pvr_cmd_transfer_stream`, to `struct rogue_fwif_cmd_transfer`.
pub(crate) const TRANSFER: StreamDef = StreamDef {
    fields: &[
        (80, 8),
        (88, 8),
        (96, 8),
        (104, 8),
        (112, 72),
        (8, 4),
        (12, 4),
        (16, 4),
        (20, 4),
        (24, 4),
        (28, 4),
        (32, 4),
        (36, 4),
        (40, 4),
        (48, 4),
        (52, 4),
        (56, 4),
        (60, 4),
        (64, 4),
        (68, 4),
    ],
    ext_headers: 0,
    size: 192,
};

/// `pvr_static_render_context_state_stream`, to `struct rogue_fwif_geom_registers_caswitch`.
pub(crate) const STATIC_RENDER: StreamDef = StreamDef {
    fields: &[
        (0, 8),
        (8, 8),
        (16, 8),
        (24, 8),
        (32, 8),
        (40, 8),
        (72, 8),
        (80, 8),
        (48, 8),
        (56, 8),
        (64, 8),
        (88, 8),
        (96, 8),
        (104, 8),
        (112, 8),
        (120, 8),
        (152, 8),
        (160, 8),
        (128, 8),
        (136, 8),
        (144, 8),
        (168, 8),
        (176, 8),
    ],
    ext_headers: 0,
    size: 184,
};

/// `pvr_static_compute_context_state_stream`, to `struct rogue_fwif_cdm_registers_cswitch`.
pub(crate) const STATIC_COMPUTE: StreamDef = StreamDef {
    fields: &[(0, 8), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8)],
    ext_headers: 0,
    size: 56,
};

/// A place in a stream.
struct Cursor<'a> {
    stream: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// The next `len` bytes, aligned, not beyond `end` (`pvr_stream_get_data`).
    fn take(&mut self, len: usize, align: usize, end: usize) -> Result<&[u8]> {
        self.at = self.at.next_multiple_of(align);
        let from = self.at;
        if from + len > end {
            return Err(Errno::EINVAL);
        }
        self.at += len;
        self.stream.get(from..self.at).ok_or(Errno::EINVAL)
    }

    fn word(&mut self) -> Result<u32> {
        let end = self.stream.len();
        let bytes = self.take(4, 4, end)?;
        bytes
            .first_chunk()
            .map(|bytes| u32::from_le_bytes(*bytes))
            .ok_or(Errno::EINVAL)
    }
}

/// Fills in a command (`pvr_stream_process`). `EINVAL` for a stream that is too short, whose header is wrong, or whose
/// extensions this core does not have.
pub(crate) fn process(def: &StreamDef, stream: &[u8], dest: &mut [u8]) -> Result {
    let mut cursor = Cursor { stream, at: 0 };
    let main_len = cursor.word()? as usize;
    let padding = cursor.word()?;
    if main_len < cursor.at || main_len > stream.len() || padding != 0 {
        return Err(Errno::EINVAL);
    }
    for (offset, size) in def.fields {
        let (offset, size) = (*offset as usize, *size as usize);
        let bytes = cursor.take(size, size.min(8), main_len)?;
        dest.get_mut(offset..offset + size)
            .ok_or(Errno::EINVAL)?
            .copy_from_slice(bytes);
    }
    if cursor.at >= stream.len() {
        return Ok(());
    }
    loop {
        let header = cursor.word()?;
        if header >> EXT_TYPE_SHIFT >= def.ext_headers || header & EXT_DATA != 0 {
            return Err(Errno::EINVAL);
        }
        if header & EXT_CONTINUATION == 0 {
            return Ok(());
        }
    }
}

/// Streams as a client builds them, for the mock GPU: the address of a program, and zeros elsewhere.
pub mod client {
    use super::StreamDef;

    /// A stream of a compute job whose program is at `addr`, and zeros elsewhere.
    #[must_use]
    pub fn compute(addr: u64) -> Vec<u8> {
        with_value(&super::COMPUTE, 40, addr)
    }

    /// The same for a geometry job.
    #[must_use]
    pub fn geometry(addr: u64) -> Vec<u8> {
        with_value(&super::GEOM, 16, addr)
    }

    /// The same for a fragment job.
    #[must_use]
    pub fn fragment(addr: u64) -> Vec<u8> {
        with_value(&super::FRAG, 112, addr)
    }

    /// The same for a transfer job.
    #[must_use]
    pub fn transfer(addr: u64) -> Vec<u8> {
        with_value(&super::TRANSFER, 80, addr)
    }

    /// The registers that a context is created with, all zero.
    #[must_use]
    pub fn compute_state() -> Vec<u8> {
        with_value(&super::STATIC_COMPUTE, 0, 0)
    }

    /// The registers that a context of renders is created with, all zero.
    #[must_use]
    pub fn render_state() -> Vec<u8> {
        with_value(&super::STATIC_RENDER, 0, 0)
    }

    fn with_value(def: &StreamDef, offset: u32, value: u64) -> Vec<u8> {
        let mut stream = vec![0; 8];
        for (field, size) in def.fields {
            let size = *size as usize;
            stream.resize(stream.len().next_multiple_of(size.min(8)), 0);
            let from = stream.len();
            stream.resize(from + size, 0);
            if *field == offset {
                let len = size.min(8);
                stream[from..from + len].copy_from_slice(&value.to_le_bytes()[..len]);
            }
        }
        let len = stream.len() as u32;
        stream[..4].copy_from_slice(&len.to_le_bytes());
        stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_lands_in_the_fields_of_its_command() {
        type Build = fn(u64) -> Vec<u8>;
        let cases: [(&StreamDef, u32, Build); 4] = [
            (&COMPUTE, 40, client::compute),
            (&GEOM, 16, client::geometry),
            (&FRAG, 112, client::fragment),
            (&TRANSFER, 80, client::transfer),
        ];
        for (def, offset, build) in cases {
            let stream = build(0x80_0000_1234);
            let mut command = vec![0; def.size as usize];
            assert_eq!(process(def, &stream, &mut command), Ok(()));
            let at = offset as usize;
            let mut expected = vec![0; def.size as usize];
            expected[at..at + 8].copy_from_slice(&0x80_0000_1234u64.to_le_bytes());
            assert_eq!(command, expected);
        }
    }

    #[test]
    fn every_way_to_be_wrong_is_refused() {
        let good = client::compute(0);
        let mut command = vec![0; COMPUTE.size as usize];
        let mut process = |def, stream: &[u8]| super::process(def, stream, &mut command);
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut stream = good.clone();
            change(&mut stream);
            stream
        };
        assert_eq!(process(&COMPUTE, &[]), Err(Errno::EINVAL));
        type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
        let bad: [Change<'_>; 6] = [
            &|stream| stream.truncate(6),
            &|stream| stream[0] = 7,
            &|stream| stream[0] += 1,
            &|stream| stream[4] = 1,
            &|stream| stream[0] -= 4,
            // An extension of an erratum that the core does not have.
            &|stream| stream.extend(1u32.to_le_bytes()),
        ];
        for (i, change) in bad.iter().enumerate() {
            assert_eq!(process(&COMPUTE, &with(change)), Err(Errno::EINVAL), "{i}");
        }
        let empty_extension = with(&|stream| stream.extend([0; 4]));
        assert_eq!(process(&COMPUTE, &empty_extension), Ok(()));
        let mut transfer = client::transfer(0);
        transfer.extend([0; 4]);
        assert_eq!(process(&TRANSFER, &transfer), Err(Errno::EINVAL));
    }
}
