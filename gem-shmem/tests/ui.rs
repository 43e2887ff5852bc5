//! A driver cannot subclass, reach into or half-initialise the closed type: one misuse per file, with its message.

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
