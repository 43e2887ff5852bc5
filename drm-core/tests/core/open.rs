//! Ways to open a device, and what an unplugged one answers.

use drm_core::device::{IoctlNr, OpenFlags, core_nr};
use drm_core::errno::Errno;
use drm_core::gem::Object as _;
use drm_core::mmap::{Process, Prot, Sharing};

use crate::support::{PAGE, bench};

#[test]
fn a_render_node_knows_no_names_and_no_display() {
    let bench = bench();
    let render = bench
        .dev
        .open_with(OpenFlags::RENDER)
        .expect("the driver has one");
    for number in [
        core_nr::GEM_FLINK,
        core_nr::GEM_OPEN,
        core_nr::MODE_CREATE_DUMB,
        core_nr::MODE_MAP_DUMB,
        core_nr::MODE_DESTROY_DUMB,
    ] {
        let mut arg = vec![0; number.size()];
        assert_eq!(
            render.ioctl(number.raw(), &mut arg),
            Err(Errno::EACCES),
            "{number:?}"
        );
    }
    assert_eq!(
        render.ioctl(core_nr::GEM_CLOSE.raw(), &mut [0; 8]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        render.ioctl(IoctlNr::driver(0, 8).raw(), &mut [0; 8]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn a_file_opened_for_reading_makes_no_writable_mapping() {
    let bench = bench();
    let file = bench.dev.open_with(OpenFlags::READ_ONLY).expect("it opens");
    let object = bench.buffer(1);
    let offset = object.gem().create_mmap_offset().expect("there is room");
    file.handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    let process = Process::new(&bench.machine);
    let map = |prot| process.mmap(&file, PAGE, prot, Sharing::Shared, offset);
    assert_eq!(map(Prot::ReadWrite), Err(Errno::EACCES));
    let addr = map(Prot::Read).expect("it can be read");
    assert_eq!(
        process.mprotect(addr, PAGE, Prot::ReadWrite),
        Err(Errno::EACCES)
    );
    assert_eq!(process.read_byte(addr), Ok(0));
    assert_eq!(process.write(addr, &[1]), Err(Errno::EFAULT));
}

#[test]
fn an_unplugged_device_answers_nothing() {
    let bench = bench();
    let object = bench.buffer(1);
    let offset = object.gem().create_mmap_offset().expect("there is room");
    bench
        .file
        .handle_create(&object.clone().into_dyn())
        .expect("it can be made");
    let process = Process::new(&bench.machine);
    let addr = process.mmap(&bench.file, PAGE, Prot::ReadWrite, Sharing::Shared, offset);
    let addr = addr.expect("it can be mapped");
    process.write(addr, &[1]).expect("it is mapped");
    bench.dev.unplug();
    assert_eq!(bench.machine.counters().user_ptes_zapped.get(), 1);
    assert_eq!(bench.dev.open().err(), Some(Errno::ENODEV));
    assert_eq!(
        bench.file.ioctl(core_nr::GEM_CLOSE.raw(), &mut [0; 8]),
        Err(Errno::ENODEV)
    );
    let again = process.mmap(&bench.file, PAGE, Prot::ReadWrite, Sharing::Shared, offset);
    assert_eq!(again, Err(Errno::ENODEV));
}

#[test]
fn numbers_that_are_no_ioctls_are_refused() {
    let bench = bench();
    assert_eq!(bench.file.ioctl(0, &mut []), Err(Errno::ENOTTY));
    assert_eq!(bench.file.ioctl(u32::MAX, &mut [0; 8]), Err(Errno::ENOTTY));
    assert_eq!(
        bench.file.ioctl(IoctlNr::iowr(0x3f, 8).raw(), &mut [0; 8]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        bench.file.ioctl(core_nr::GEM_CLOSE.raw(), &mut []),
        Err(Errno::EINVAL)
    );
}
