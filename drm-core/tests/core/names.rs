//! Global names: flink, and open by name.

use drm_core::errno::Errno;

use crate::support::bench;

#[test]
fn a_name_is_given_once_and_lives_as_long_as_a_handle() {
    let bench = bench();
    let object = bench.buffer(3).into_dyn();
    let handle = bench.file.handle_create(&object).expect("it can be made");
    assert_eq!(object.gem().name(), None);
    assert_eq!(
        [bench.file.flink(handle), bench.file.flink(handle)],
        [Ok(1), Ok(1)]
    );
    let other = bench.dev.open().expect("it opens");
    assert_eq!(other.open_name(1), Ok((1, 3 * 4096)));
    assert_eq!(
        other.open_name(1),
        Ok((2, 3 * 4096)),
        "a handle of its own each time"
    );
    bench.file.handle_delete(handle).expect("it exists");
    assert_eq!(object.gem().name(), Some(1));
    drop(other);
    assert_eq!((object.gem().name(), object.gem().refs()), (None, 1));
    assert_eq!(bench.file.open_name(1), Err(Errno::ENOENT));
    bench.quiet();
}

#[test]
fn a_name_is_weak() {
    let bench = bench();
    let handle = bench
        .file
        .handle_create(&bench.buffer(1).into_dyn())
        .expect("it can be made");
    bench.file.flink(handle).expect("it has a handle");
    bench.file.handle_delete(handle).expect("it exists");
    assert_eq!(bench.dev.object_count(), 0);
    let next = bench
        .file
        .handle_create(&bench.buffer(1).into_dyn())
        .expect("it can be made");
    assert_eq!(bench.file.flink(next), Ok(1), "the number is free again");
}

#[test]
fn unknown_names_open_nothing() {
    let bench = bench();
    for name in [0, 1, 999, u32::MAX] {
        assert_eq!(bench.file.open_name(name), Err(Errno::ENOENT));
    }
    assert!(bench.file.objects().is_empty());
}
