use gem_uma::Backing;

fn job(backing: &Backing) {
    let _pin = backing.pin();
}

fn main() {}
