//! The program as a person runs it in a folder, at a moment that does not move.

use std::path::Path;
use std::process::{Command, Output};

pub(crate) const NOW: &str = "2026-04-03T09:00:00Z";
/// The public keys of `fixtures/keys`.
pub(crate) const WANG: &str = "Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=";
pub(crate) const MEI: &str = "M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4=";
pub(crate) const SEGMENT: &str = ".dealbook/log/00000000000000000001.jsonl";

pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    program.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", NOW).output().unwrap()
}

pub(crate) fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs a command that must end with a code, and gives what it prints.
#[track_caller]
pub(crate) fn ends(folder: &Path, command: &str, code: i32) -> (String, String) {
    let output = run(folder, &command.split_whitespace().collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(code), "{command}\n{}\n{}", out(&output), err(&output));
    (out(&output).to_owned(), err(&output).to_owned())
}

/// Runs a command that must end with a code and say something on standard error.
#[track_caller]
pub(crate) fn fails(folder: &Path, command: &str, code: i32, told: &str) {
    let (_, said) = ends(folder, command, code);
    assert!(said.contains(told), "{command}\n{said}\nnot: {told}");
}

/// Ends a bundle that was changed, as whoever forges one would.
pub(crate) fn refitted(path: &Path, text: &str) {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let b3 = ledger_core::chain::Hash::of(body.as_bytes());
    let end = format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{b3}\",\"lines\":{}}}}}\n", lines.len());
    std::fs::write(path, body + &end).unwrap();
}
