//! Where a log can live.

pub mod jsonl;
pub mod memory;
pub mod sled;

#[cfg(test)]
mod contract;
