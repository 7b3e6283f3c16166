//! The dealbook command.
fn main() {}
