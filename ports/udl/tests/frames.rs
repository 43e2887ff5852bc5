//! What reaches the chip, and what happens when it does not.

use drm_core::dma::{DmaConfig, DmaDevice};
use drm_core::errno::Result;
use drm_core::machine::{Config, Machine};
use drm_core::mmap::{Prot, Sharing};
use port_kit::kms::{Buffer, Exporter, FbCmd, Fbdev, Format, PlaneUpdate, Rect, Request, Scene};
use port_udl::{Mode, Udl, disconnect, probe};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const RED: [u8; 4] = [0, 0, 0xff, 0];
const RED565: u16 = 0xf800;
const BLANK_MODE: u8 = 0x1f;

fn scene() -> Scene<Udl> {
    let machine = Machine::new(Config::default()).expect("a machine");
    let controller = DmaDevice::new(&machine, "xhci", DmaConfig::default());
    Scene::of(probe(&machine, Mode::VGA, Some(controller)))
}

/// Fills a buffer with pixels of which no two neighbours are the same; the value at the top left is `seed`.
fn noise(s: &Scene<Udl>, buffer: &Buffer, seed: u16) -> Result<Vec<u16>> {
    let mut value = u32::from(seed) | 1 << 16;
    let pixels: Vec<u16> = (0..buffer.width * buffer.height)
        .map(|_| {
            let pixel = value as u16;
            value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            pixel
        })
        .collect();
    let offset = s.file.dumb_map_offset(buffer.handle)?;
    let (prot, sharing) = (Prot::ReadWrite, Sharing::Shared);
    let at = s
        .process
        .mmap(&s.file, buffer.size, prot, sharing, offset)?;
    let bytes: Vec<u8> = pixels
        .iter()
        .flat_map(|pixel| pixel.to_le_bytes())
        .collect();
    s.process.write(at, &bytes)?;
    s.process.munmap(at, buffer.size)?;
    Ok(pixels)
}

/// Pixels of the chip's screen that are not black, as a count.
fn lit(s: &Scene<Udl>) -> usize {
    let pixels = s
        .driver
        .usb()
        .with_chip(|chip| chip.pixels(0, WIDTH * HEIGHT));
    pixels.iter().filter(|pixel| **pixel != 0).count()
}

#[test]
fn pixels_arrive_compressed() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let sent = s.driver.usb().take_sent();
    s.log(format_args!(
        "one colour: {sent:?} bytes, the last for the mode"
    ));
    let chip = s.driver.usb().with_chip(|chip| {
        let all = chip.pixels(0, WIDTH * HEIGHT).iter().all(|p| *p == RED565);
        format!("all red: {all}, garbled: {}", chip.garbled())
    });
    s.log(chip);
    let (b, fb) = s.picture(Format::RGB565)?;
    let pixels = noise(&s, &b, 7)?;
    s.flip(fb)?;
    let sent = s.driver.usb().take_sent();
    s.log(format_args!("noise: {sent:?} bytes"));
    let chip = s.driver.usb().with_chip(|chip| {
        let same = chip.pixels(0, WIDTH * HEIGHT) == pixels;
        format!("noise arrived: {same}, garbled: {}", chip.garbled())
    });
    s.log(chip);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn only_damaged_lines_are_sent() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.turn_on(fb)?;
    s.paint(&a, &RED)?;
    let _ = s.driver.usb().take_sent();
    let clip = Rect::new(10, 10, 20, 20);
    s.update(|update| update.damaged(&[clip]), fb)?;
    let sent = s.driver.usb().take_sent();
    let line = format!("{} pixels lit by {sent:?} bytes", lit(&s));
    s.log(line);
    let first = s
        .driver
        .usb()
        .with_chip(|chip| chip.pixels(2 * (10 * WIDTH + 9), 3));
    s.log(format_args!("at its corner: {first:04x?}"));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_frame_without_a_transfer_is_dropped_and_the_commit_succeeds() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::RGB565)?;
    let (b, fb_b) = s.picture(Format::RGB565)?;
    noise(&s, &a, 1)?;
    let pixels = noise(&s, &b, 2)?;
    s.turn_on(fb_a)?;
    // The chip takes what turned it on, and then nothing more.
    s.driver.usb().with_chip(|_| ());
    let _ = s.driver.usb().take_sent();
    s.driver.usb().stall(true);
    for name in ["first", "second", "third"] {
        let before = s.machine().clock().now();
        let flip = s.flip(fb_b);
        s.answer(&format!("{name} frame"), flip);
        let line = format!(
            "{} transfers sent, {} free, {} ms later",
            s.driver.usb().take_sent().len(),
            s.driver.usb().free_transfers(),
            (s.machine().clock().now() - before) / 1_000_000
        );
        s.log(line);
    }
    s.driver.usb().stall(false);
    s.flip(fb_b)?;
    let same = s
        .driver
        .usb()
        .with_chip(|chip| chip.pixels(0, WIDTH * HEIGHT) == pixels);
    s.log(format_args!("the next frame arrived: {same}"));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_screen_is_set_up_and_powered_down_with_the_crtc() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    s.paint(&a, &RED)?;
    s.turn_on(fb)?;
    let registers = |s: &Scene<Udl>| {
        s.driver.usb().with_chip(|chip| {
            let pair = |n: u8| u16::from_be_bytes([chip.register(n), chip.register(n + 1)]);
            format!(
                "{} by {}, blank mode {}",
                pair(0x0f),
                pair(0x17),
                chip.register(BLANK_MODE)
            )
        })
    };
    let line = registers(&s);
    s.log(format_args!("on: {line}"));
    let off = Request::planes([PlaneUpdate::off(0)]).active(false);
    s.kms().atomic(&s.file, &off)?;
    let line = registers(&s);
    s.log(format_args!("off: {line}"));
    let line = format!("{} pixels are still in the chip", lit(&s));
    s.log(line);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn lines_lie_as_wide_as_the_framebuffer() -> Result {
    let mut s = scene();
    let wide = s.dumb(700, HEIGHT as u32, 16)?;
    let fb = s.fb(&wide, Format::RGB565)?;
    let pixels = noise(&s, &wide, 3)?;
    s.turn_on(fb)?;
    let chip = s.driver.usb().with_chip(|chip| {
        let right = chip.pixels(2 * 700, WIDTH) == pixels[700..700 + WIDTH];
        let wrong = chip.pixels(2 * WIDTH, WIDTH) == pixels[700..700 + WIDTH];
        format!("line 1 at pixel 700: {right}; at pixel 640, where the screen has it: {wrong}")
    });
    s.log(chip);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_displayed_buffer_stays_mapped() -> Result {
    let mut s = scene();
    let (a, fb_a) = s.picture(Format::XRGB8888)?;
    let (b, fb_b) = s.picture(Format::RGB565)?;
    let (a, b) = (s.object(a.handle), s.object(b.handle));
    let (Some(a), Some(b)) = (a, b) else {
        panic!("two objects");
    };
    s.turn_on(fb_a)?;
    s.usage("a, shown", &a);
    s.flip(fb_b)?;
    s.usage("a, after b was shown", &a);
    s.usage("b, shown", &b);
    drop((a, b));
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn an_import_is_attached_for_the_host_controller_and_never_mapped() -> Result {
    let mut s = scene();
    let pages = WIDTH * HEIGHT * 4 / 4096;
    let camera = Exporter::new(s.machine(), pages)?;
    camera.paint(&RED);
    let handle = s.file.import(camera.dma_buf())?;
    let attached = s
        .object(handle)
        .and_then(|object| Some(object.gem().import_attach()?.device().name().to_owned()));
    s.log(format_args!("attached: {attached:?}"));
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    let cmd = FbCmd::packed(width, height, Format::XRGB8888, handle, width * 4);
    let fb = s.kms().add_fb(&s.file, &cmd)?;
    s.turn_on(fb)?;
    s.log(format_args!("{:?}", camera.take_calls()));
    let line = format!("{} pixels lit", lit(&s));
    s.log(line);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn without_a_controller_that_does_dma_nothing_is_imported() -> Result {
    let machine = Machine::new(Config::default())?;
    let mut s = Scene::<Udl>::of(probe(&machine, Mode::SVGA, None));
    let camera = Exporter::new(&machine, 1)?;
    let import = s.file.import(camera.dma_buf());
    s.answer("a foreign buffer", import);
    let own = s.dumb(64, 64, 32)?;
    let dma_buf = s.file.export(own.handle, true)?;
    let import = s.file.import(&dma_buf);
    s.answer("its own buffer, by the file that exported it", import);
    s.log(format_args!("{:?}", camera.take_calls()));
    drop(dma_buf);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn a_display_that_is_pulled_sends_nothing_and_leaks_nothing() -> Result {
    let mut s = scene();
    let (a, fb) = s.picture(Format::XRGB8888)?;
    let object = s.object(a.handle).expect("an object");
    s.turn_on(fb)?;
    let camera = Exporter::new(s.machine(), 1)?;
    let other = s.dev.open()?;
    let _ = s.driver.usb().take_sent();
    disconnect(&s.dev);
    s.usage("pulled", &object);
    let flip = s.flip(fb);
    s.answer("flip", flip);
    let import = s.file.import(camera.dma_buf());
    s.answer("import", import);
    let removed = s.kms().rm_fb(&s.file, fb);
    s.answer("remove the framebuffer", removed);
    s.file = other;
    s.usage("the file is closed", &object);
    let sent = s.driver.usb().take_sent();
    s.log(format_args!("sent: {sent:?}"));
    drop(object);
    insta::assert_snapshot!(s.finish());
    Ok(())
}

#[test]
fn the_console_reaches_the_chip() -> Result {
    let mut s = scene();
    let console = Fbdev::<Udl>::setup(&s.dev, Format::XRGB8888)?;
    let map = console.mmap();
    // A page is one line of 640 pixels and more than a half.
    map.write(0, &RED.repeat(1024))?;
    let line = format!("{} pixels lit at once", lit(&s));
    s.log(line);
    s.machine().sleep(50_000_000);
    let line = format!("{} pixels lit after 50 ms", lit(&s));
    s.log(line);
    drop((map, console));
    insta::assert_snapshot!(s.finish());
    Ok(())
}
