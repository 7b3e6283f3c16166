//! The dealbook command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dealbook::shell::main(std::env::args_os()).into()
}
