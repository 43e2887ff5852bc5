use gem_uma::{Backing, UmaObject};

#[derive(UmaObject)]
struct Context {
    #[uma(backing)]
    ring: Backing,
}

fn main() {}
