//! Facts for user space, behind pointers to structs that may be older or newer than the driver.

use bytemuck::Pod;
use drm_core::errno::Result;
use migrate_macros::scenario;
use port_imagination::Params;
use port_imagination::uapi::*;

use super::session::Session;

/// A query with a struct in user memory; the answer, the size afterwards, the struct afterwards.
fn ask<T: Pod>(s: &Session, kind: u32, value: &T) -> (Result, u32, T) {
    let at = s.machine.user().put(bytemuck::bytes_of(value));
    let mut args = DevQuery {
        kind,
        size: size_of::<T>() as u32,
        pointer: at,
    };
    let result = s.raw(0, DEV_QUERY, &mut args);
    let bytes = s.machine.user().take(at).expect("put there");
    (result, args.size, bytemuck::pod_read_unaligned(&bytes))
}

/// All items of an array that the driver fills.
fn list<T: Pod>(s: &mut Session, kind: u32, room: u32) -> Vec<T> {
    let (result, _, shape) = ask(s, kind, &ObjArray::default());
    s.answer("how many", &result);
    s.trace.line(format_args!("  {shape:?}"));
    let bytes = vec![0; room as usize * size_of::<T>()];
    let array = s.machine.user().put(&bytes);
    let query = ObjArray {
        stride: size_of::<T>() as u32,
        count: room,
        array,
    };
    let (result, _, filled) = ask(s, kind, &query);
    s.answer("all of them", &result);
    let bytes = s.machine.user().take(array).expect("put there");
    let items = bytes.chunks_exact(size_of::<T>());
    items
        .take(filled.count as usize)
        .map(bytemuck::pod_read_unaligned)
        .collect()
}

#[scenario]
fn heaps_and_areas_are_told(s: &mut Session) {
    for brn63142 in [false, true] {
        s.probe_as(Params {
            brn63142,
            ..Params::default()
        });
        s.trace.heading(format_args!("erratum 63142: {brn63142}"));
        for heap in list::<Heap>(s, query::HEAP_INFO, 8) {
            s.trace.line(format_args!(
                "  {:#x}+{:#x} pages of 1 << {}",
                heap.base, heap.size, heap.page_size_log2
            ));
        }
    }
    for area in list::<StaticDataArea>(s, query::STATIC_DATA_AREAS, 8) {
        s.trace.line(format_args!("  {area:?}"));
    }
    let (result, _, info) = ask(s, query::GPU_INFO, &QueryGpuInfo::default());
    s.answer("gpu", &result);
    s.trace.line(format_args!("  {info:x?}"));
    let (result, _, info) = ask(s, query::RUNTIME_INFO, &QueryRuntimeInfo::default());
    s.answer("runtime", &result);
    s.trace.line(format_args!("  {info:?}"));
    let (result, _, quirks) = ask(s, query::QUIRKS, &QueryQuirks::default());
    s.answer("quirks", &result);
    s.trace.line(format_args!("  {quirks:?}"));
    let (result, _, found) = ask(s, query::ENHANCEMENTS, &QueryEnhancements::default());
    s.answer("enhancements", &result);
    s.trace.line(format_args!("  {found:?}"));
}

#[scenario]
fn structs_may_be_older_or_newer(s: &mut Session) {
    s.note("sizes");
    for kind in 0..7 {
        let mut args = DevQuery {
            kind,
            ..DevQuery::default()
        };
        let result = s.raw(0, DEV_QUERY, &mut args);
        s.answer(&format!("query {kind}"), &result);
        s.trace.line(format_args!("  {} bytes", args.size));
    }
    s.note("a struct of user space that is shorter, or longer, or not there");
    let (result, size, _) = ask(s, query::GPU_INFO, &[0u8; 11]);
    s.answer("11 bytes", &result);
    s.trace.line(format_args!("  {size}"));
    let (result, size, _) = ask(s, query::GPU_INFO, &[0u8; 12]);
    s.answer("12 bytes", &result);
    s.trace.line(format_args!("  {size}"));
    let (result, size, bytes) = ask(s, query::GPU_INFO, &[0xffu8; 24]);
    s.answer("24 bytes", &result);
    s.trace
        .line(format_args!("  {size}, the rest {:?}", &bytes[16..]));
    let mut args = DevQuery {
        kind: query::GPU_INFO,
        size: 16,
        pointer: 0x1000,
    };
    let result = s.raw(0, DEV_QUERY, &mut args);
    s.answer("not there", &result);
    let (result, _, _) = ask(s, query::HEAP_INFO, &[0u64; 3]);
    s.answer("a longer struct with zeros", &result);
    let (result, _, _) = ask(s, query::HEAP_INFO, &[0u64, 0, 1]);
    s.answer("a longer struct with more", &result);
    let (result, _, _) = ask(
        s,
        query::QUIRKS,
        &QueryQuirks {
            padding_c: 1,
            ..QueryQuirks::default()
        },
    );
    s.answer("padding", &result);
    s.note("arrays with other strides");
    for (stride, count) in [(24, 2), (32, 2), (16, 2), (8, 0)] {
        for kind in [query::HEAP_INFO, query::STATIC_DATA_AREAS] {
            let array = s.machine.user().put(&[0xff; 64]);
            let query = ObjArray {
                stride,
                count,
                array,
            };
            let (result, _, _) = ask(s, kind, &query);
            s.answer(
                &format!("query {kind} stride {stride} count {count}"),
                &result,
            );
            let bytes = s.machine.user().take(array).expect("put there");
            let zeros = bytes.iter().filter(|byte| **byte == 0).count();
            s.trace.line(format_args!("  {zeros} zero bytes"));
        }
    }
}
