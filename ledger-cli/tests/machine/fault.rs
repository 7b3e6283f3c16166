//! Faults of the operating system, let into the program by a library that is compiled here and preloaded.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::tools::{can_run, skip};

/// The library to preload; nothing, and that is said, where there is no C compiler.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compile = || {
        let compiler = ["cc", "gcc", "clang"].into_iter().find(|compiler| can_run(compiler, &["--version"]));
        if compiler.is_none() || !cfg!(target_os = "linux") {
            skip("what happens when the operating system refuses", "no C compiler on Linux");
            return None;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine/fault.c");
        let version = &blake3::hash(&std::fs::read(&source).unwrap()).to_hex()[..8];
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fault-{version}.so"));
        if !library.exists() {
            // Moved into its place when it is whole: another test may be loading it.
            let new = library.with_extension(std::process::id().to_string());
            let mut command = Command::new(compiler?);
            command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&new).arg(source).arg("-ldl");
            let Output { status, stderr, .. } = command.output().unwrap();
            assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
            std::fs::rename(new, &library).unwrap();
        }
        Some(library)
    };
    LIBRARY.get_or_init(compile).as_deref()
}

/// Lets a command meet a fault, `call:file:n:what` as `fault.c` explains it. Nothing where that cannot be done.
pub(crate) fn meet<'a>(command: &'a mut Command, fault: &str) -> Option<&'a mut Command> {
    Some(command.env("LD_PRELOAD", library()?).env("FAULT", fault))
}
