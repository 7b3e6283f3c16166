//! The imperative shell of Dealbook: arguments, clock, files and terminal. What it decides nothing about (events, money, time) is in
//! `ledger-core`; where lines are kept is in `ledger-store`.

pub mod decode;
pub mod failure;
pub mod render;
