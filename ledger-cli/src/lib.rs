//! The imperative shell of Dealbook: arguments, clock, files and terminal. What it decides nothing about (events, money, time) is in
//! `ledger-core`; where lines are kept is in `ledger-store`.
//!
//! ```text
//! arguments -clap-> Verb -run(Context)-> Report + Receipt -render-> table | plain | json | ndjson | csv | markdown
//!                                     or Failure -print-> error[E0211]: …, exit code
//! ```

pub mod ask;
pub mod context;
pub mod decode;
pub mod desk;
pub mod failure;
mod history;
pub mod import;
pub mod intent;
mod originals;
pub mod render;
pub mod sample;
mod scratch;
pub mod session;
pub mod shell;
mod signing;
pub mod statements;
mod verb;
