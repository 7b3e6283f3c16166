//! The documents tell the truth: their console blocks are run.

#[test]
fn the_tutorial_is_what_happens() {
    trycmd::TestCases::new().env("DEALBOOK_NOW", "2026-04-03T09:00:00Z").env("NO_COLOR", "1").case("../docs/tutorial.md");
}
