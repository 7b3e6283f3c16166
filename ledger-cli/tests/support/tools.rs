//! Foreign programs that tests ask: where one is missing, that is said, and on CI nothing may be missing.

use std::process::Command;

/// Whether everything that a test needs must be there.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("DEALBOOK_CI").is_some_and(|value| value == "1")
}

/// Says that something is not tested because something is missing; on CI nothing may be missing.
pub(crate) fn skip(what: &str, why: &str) {
    assert!(!is_ci(), "{what} cannot be tested: {why}");
    eprintln!("SKIPPED: {what}: {why}");
}

/// Whether a program can be started and has what it is asked for.
pub(crate) fn can_run(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}
