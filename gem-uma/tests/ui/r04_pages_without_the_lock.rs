use gem_uma::Backing;

fn status(backing: &Backing) -> bool {
    backing.pages().is_some()
}

fn main() {}
