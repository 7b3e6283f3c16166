//! Dealbook's rules, without any effect: no clock, no files, no environment, no randomness, no threads.
#![doc = ""]
pub mod chain;
pub mod id;
pub mod money;
pub mod problem;
pub mod report;
pub mod time;
