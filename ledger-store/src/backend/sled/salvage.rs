//! The lines that a store holds, for when the log is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger_core::chain::Head;

use super::opening::copy_folder;
use crate::error::{Doing, LogError};
use crate::lock::Still;
use crate::pack::Unpacker;
use crate::store::Store;
use crate::{Block, Blocks, Source};

/// The lines that the store of a ledger holds, for when its log is lost. The store is copied and left as it is.
pub struct Salvage {
    held: Arc<Held>,
    head: Head,
}

/// In this order, so that sled is let go of before its folder is removed.
struct Held {
    store: Store,
    copy: Copied,
}

/// A copy of a store, which goes with whoever made it, whether sled can open it or not.
struct Copied(PathBuf);

impl Drop for Copied {
    fn drop(&mut self) {
        // It is only a copy; what cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Salvage {
    /// Opens a copy of the store of the ledger in this folder; waits at most so long for a writer.
    ///
    /// # Errors
    /// [`LogError::Locked`] while someone writes; the store cannot be read, or its blocks do not form one chain from the first line on.
    pub fn open(folder: &Path, patience: Duration) -> Result<Self, LogError> {
        let store = folder.join("store");
        if !store.join("db").is_file() {
            return Err(LogError::NotALedger { path: folder.to_owned() });
        }
        let _still = Still::take(&folder.join("LOCK"), patience)?;
        let copy = Copied(folder.join(format!("store.copy-{}", std::process::id())));
        copy_folder(&store, &copy.0).doing("copy", &store)?;
        let unreadable = |why| LogError::Unreadable { path: store.clone(), why };
        let held = Held { store: Store::open(&copy.0).map_err(unreadable)?, copy };
        let head = held.store.chain().map_err(unreadable)?;
        Ok(Self { held: Arc::new(held), head })
    }

    /// The heads before the first and behind the last line of every block, in order.
    pub(crate) fn headers(&self) -> Result<Vec<(Head, Head)>, LogError> {
        let unreadable = |why| LogError::Unreadable { path: self.held.copy.0.clone(), why };
        self.held.store.blocks(0).map(|block| block.map(|(header, _)| (header.before, header.after)).map_err(unreadable)).collect()
    }
}

impl Source for Salvage {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        let from = from.max(1);
        if from > self.head.seq {
            return Ok(Box::new(std::iter::empty()));
        }
        let path = self.held.copy.0.clone();
        let unreadable = move |why| LogError::Unreadable { path: path.clone(), why };
        let header = self.held.store.header_at(from).map_err(&unreadable)?;
        let start = header.map_or(1, |header| if header.base > 0 { header.base } else { header.before.seq + 1 });
        let mut unpacker = Unpacker::default();
        // In this order, so that sled is let go of before its folder is removed.
        let mut reading = (self.held.store.blocks(start), self.held.clone());
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                let block = match reading.0.next()? {
                    Ok(block) => block,
                    Err(why) => return Some(Err(unreadable(why))),
                };
                let lines = match unpacker.unpack(&block.0, &block.1) {
                    Ok(lines) => lines,
                    Err(broken) => return Some(Err(broken.into())),
                };
                let first = lines.base().seq + 1;
                if lines.head().seq < from {
                    continue;
                }
                let skip = from.saturating_sub(first) as usize;
                let skipped: usize = lines.iter().take(skip).map(|line| line.len() + 1).sum();
                return Some(Ok(Block { first: first.max(from), bytes: lines.as_bytes()[skipped..].to_vec() }));
            }
        })))
    }
}
