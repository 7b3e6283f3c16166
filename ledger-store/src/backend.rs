//! Where a log can live.

pub mod jsonl;
pub mod memory;

#[cfg(test)]
mod contract;
