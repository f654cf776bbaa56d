//! What the compiler refuses: each file in `classes/` is one way a guarded value could
//! leak, and has to fail for the reason in its `.stderr`.

#[test]
fn guarded_values_leak_in_no_way_that_compiles() {
    let cases = trybuild::TestCases::new();
    for leak in [
        "printed",
        "serialised",
        "compared",
        "hashed",
        "read_without_a_grant",
        "taken_apart",
        "guarded_by_an_own_class",
    ] {
        cases.compile_fail(format!("tests/classes/{leak}.rs"));
    }
}
