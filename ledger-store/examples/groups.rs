//! Appends three groups of eight lines to a new ledger: `strace -f -y target/debug/examples/groups DIR` shows what makes them durable.

use std::path::PathBuf;

use ledger_store::backend::sled::{Meta, Options, Sled, create};
use ledger_store::{Lines, Log, LogError, Source};

#[path = "../src/sample.rs"]
mod sample;

fn main() -> Result<(), LogError> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "groups".to_owned()));
    create(&folder, &Meta::new("groups", "groups"))?;
    let (mut log, _) = Sled::open(&folder, Options::default())?;
    for group in 0..3 {
        let mut lines = Lines::after(log.head());
        for _ in 0..8 {
            let line = sample::line(lines.head(), group);
            lines.push(&line)?;
        }
        log.append(&lines)?;
    }
    Box::new(log).close().map(drop)
}
