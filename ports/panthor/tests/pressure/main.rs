//! Objects that leave RAM when it is wanted, and come back for jobs and the CPU.

mod evicted;
mod world;

use drm_core::PAGE_SIZE;

use self::world::{OBJECTS, PAGES, Pressure, RAM, SIZE, va};

/// Together their objects are four times the RAM.
const SPACES: usize = 16;
const STEPS: u64 = 1_500;

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn contents_survive_when_ram_is_a_quarter_of_what_is_used() {
    let mut run = Pressure::new(SPACES);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut jobs, mut stores, mut loads) = (0, 0, 0);
    for step in 0..STEPS {
        let space = random.below(SPACES as u64) as usize;
        let page = 1 + random.below(PAGES - 1);
        // The last one is seen through the space after its own.
        let local = random.below(OBJECTS as u64 + u64::from(space > 0)) as usize;
        let index = match local {
            OBJECTS => space * OBJECTS - 1,
            _ => space * OBJECTS + local,
        };
        let value = 1 + step as u32;
        match random.below(3) {
            0 => {
                run.gpu_store(space, va(local) + page * PAGE_SIZE, value);
                run.objects[index].words[page as usize] = value;
                jobs += 1;
            }
            1 => {
                run.cpu_store(&run.objects[index], page, value);
                run.objects[index].words[page as usize] = value;
                stores += 1;
            }
            _ => {
                let object = &run.objects[index];
                assert_eq!(run.cpu_load(object, page), object.words[page as usize]);
                loads += 1;
            }
        }
    }
    for object in &run.objects {
        for page in 1..PAGES {
            assert_eq!(run.cpu_load(object, page), object.words[page as usize]);
        }
    }
    let used = (SPACES * OBJECTS) as u64 * SIZE;
    let freed = run.lists().pages_freed();
    println!(
        "{} MiB in use, {} MiB of RAM: {jobs} jobs, {stores} stores, {loads} loads, {freed} pages evicted; {:?}",
        used >> 20,
        RAM >> 20,
        run.lists().pages()
    );
    assert_eq!(used, 4 * RAM);
    assert!(freed * PAGE_SIZE > used, "{freed}");
    let events = run.machine.trace().take();
    assert!(events.is_empty(), "{events:?}");
}
