//! The sample's ledger, a folder of its own for every test, and its lines as whoever changes them has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use ledger_core::chain::{Hash, Head, link};
use tempfile::TempDir;

use crate::folders::copy_folder;

pub(crate) const SEGMENT: &str = "log/00000000000000000001.jsonl";

pub(crate) fn dealbook(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().output().unwrap()
}

pub(crate) fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[track_caller]
pub(crate) fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", out(output), err(output));
}

/// A ledger of its own for every test, made once.
pub(crate) fn ledger() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ends(&dealbook(folder.path(), &["init", "--sample", "."]), 0);
        folder
    });
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&made.path().join(".dealbook"), &copy.path().join(".dealbook"));
    copy
}

pub(crate) fn inside(folder: &TempDir, part: &str) -> PathBuf {
    folder.path().join(".dealbook").join(part)
}

pub(crate) type Line = Vec<u8>;

pub(crate) fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read(path).unwrap();
    text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

pub(crate) fn write_lines(path: &Path, lines: &[Line]) {
    fs::write(path, lines.iter().flat_map(|line| [&line[..], b"\n"].concat()).collect::<Vec<u8>>()).unwrap();
}

pub(crate) fn replaced(line: &[u8], from: &str, to: &str) -> Line {
    let text = std::str::from_utf8(line).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1).into_bytes()
}

/// The same events from a line on, bound to each other anew: what someone does who writes history again.
pub(crate) fn chained(lines: &mut [Line], from: usize) {
    for at in from.max(1)..lines.len() {
        let (prev, old) = (Hash::of(&lines[at - 1]), link(&lines[at], 0).unwrap().prev);
        lines[at] = replaced(&lines[at], &format!("\"prev\":\"{old}\""), &format!("\"prev\":\"{prev}\""));
    }
}

pub(crate) fn head_of(lines: &[Line]) -> Head {
    Head { seq: lines.len() as u64, hash: Hash::of(lines.last().unwrap()) }
}
