//! The dealbook command.

use std::process::ExitCode;

/// Reading feeds and entries is one small text after another, made on one thread and dropped on another: the system's allocator takes a
/// tenth of an import for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dealbook::shell::main(std::env::args_os()).into()
}
