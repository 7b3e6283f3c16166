//! Where Dealbook's lines live: durable segments, a sled store beside them, and what is derived from both. Knows nothing of money.
//!
//! ```text
//! Lines -Log::append-> segments, one fdatasync -> acknowledged
//!                      anchor (the head was at least this), sled (packed blocks): behind it, never asked first
//! Log::read -> Blocks -> each line followed from the head before it, by whoever reads
//! ```
#![forbid(unsafe_code)]

mod anchor;
pub mod appender;
pub mod backend;
pub mod checkpoints;
pub mod copy;
pub mod derived;
mod error;
pub mod ledger;
mod lines;
mod lock;
mod pack;
#[cfg(test)]
mod sample;
pub mod scan;
mod segments;
mod store;
pub mod verify;

pub use error::LogError;
pub use ledger_core::chain::{Broken, Hash, Head};
pub use lines::{Block, Lines};
pub use lock::PATIENCE;

/// Blocks of whole lines, in order. Ends behind the first error.
pub type Blocks = Box<dyn Iterator<Item = Result<Block, LogError>> + Send>;

/// Lines that can be read.
///
/// Blocks that are read are not yet verified: whoever reads follows each line from the head before it ([`Block::follow`]), on as many cores
/// as there are. One line alone is held against the line behind it, which names its hash.
pub trait Source: Send {
    /// The last line that is durable.
    fn head(&self) -> Head;

    /// The lines from this position (from 1) up to the head as of this call.
    ///
    /// # Errors
    /// The log cannot be read, or has no line at that position although its head lies behind it.
    fn read(&self, from: u64) -> Result<Blocks, LogError>;

    /// One line, without its newline, and it hashes to what the line behind it says, the last one to the head; nothing beyond the head.
    ///
    /// # Errors
    /// As [`Source::read`]; the line is not what it was when the next one was written.
    fn line(&self, seq: u64) -> Result<Option<Vec<u8>>, LogError> {
        let head = self.head();
        if seq == 0 || seq > head.seq {
            return Ok(None);
        }
        let mut blocks = self.read(seq)?;
        let nothing = |at| LogError::Broken(Broken::NotALine { at });
        let block = blocks.next().transpose()?.ok_or_else(|| nothing(seq))?;
        let mut lines = block.lines();
        let line = lines.next().ok_or_else(|| nothing(seq))?;
        let found = lines::head_of(line, seq)?.hash;
        let told = if seq == head.seq {
            head.hash
        } else if let Some(next) = lines.next() {
            lines::named_by(next, seq + 1)?
        } else {
            let behind = blocks.next().transpose()?.ok_or_else(|| nothing(seq + 1))?;
            lines::named_by(behind.lines().next().ok_or_else(|| nothing(seq + 1))?, seq + 1)?
        };
        if found == told { Ok(Some(line.to_vec())) } else { Err(Broken::Unequal { at: seq, stored: told, computed: found }.into()) }
    }

    /// The head as it was behind line `seq`; the empty head for 0. Nothing beyond the head.
    ///
    /// # Errors
    /// As [`Source::read`]; the line is not one.
    fn head_at(&self, seq: u64) -> Result<Option<Head>, LogError> {
        if seq == 0 {
            return Ok(Some(Head::EMPTY));
        }
        Ok(self.line(seq)?.map(|line| lines::head_of(&line, seq)).transpose()?)
    }
}

/// Lines that can be read and appended to, by one writer at a time.
pub trait Log: Source {
    /// Appends lines behind their base: all or nothing, durable on return. Gives the new head.
    ///
    /// If the machine stops before this returns, any number of the lines may be found afterwards, from the first on and each whole.
    ///
    /// # Errors
    /// [`LogError::Moved`] when the log's head is not the lines' base; nothing was appended.
    /// [`LogError::Io`] when nothing was appended; [`LogError::Unknown`] when that cannot be known. After both, and after nothing
    /// else, every append is refused as [`LogError::Poisoned`] until the log is opened again.
    fn append(&mut self, lines: &Lines) -> Result<Head, LogError>;

    /// What went wrong beside the log since it was opened. No line is affected.
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// Closes the log so that the next opening finds everything in order, and says what went wrong beside it since it was opened. A log
    /// that is only dropped loses no line either.
    ///
    /// # Errors
    /// What could not be finished and will not be put right by the next opening. No line is affected.
    fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError>;
}

/// Something worth telling that needs nothing done: no line was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A line that was never acknowledged was left unfinished, and has been dropped.
    Dropped {
        /// How many bytes it had.
        bytes: u64,
    },
    /// The store was set aside and is being built again from the log.
    Rebuilt {
        /// What was wrong with it.
        why: String,
        /// Where it is now; nothing if there was none.
        aside: Option<std::path::PathBuf>,
    },
    /// The ledger was not closed cleanly, and the store is being brought up to the log.
    CaughtUp {
        /// Where the store ended.
        from: Head,
        /// Where the log ends.
        to: Head,
    },
    /// The anchor held nothing, so the whole log was verified and a new anchor written.
    Anchored {
        /// What was wrong with it: `missing`, `unreadable`.
        why: &'static str,
        /// How far the log was verified.
        head: Head,
    },
    /// The store or the anchor could not be written: it is stale until the ledger is opened again.
    Stale {
        /// What went wrong.
        why: String,
    },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dropped { bytes } => write!(out, "an unfinished last line was dropped: {bytes} bytes that were never acknowledged"),
            Self::Rebuilt { why, aside: None } => write!(out, "the store is rebuilt from the log: {why}"),
            Self::Rebuilt { why, aside: Some(aside) } => {
                write!(out, "the store is rebuilt from the log: {why}; the old one is kept as `{}`", aside.display())
            }
            Self::CaughtUp { from, to } => write!(out, "the ledger was not closed cleanly: the store is brought from {from} to {to}"),
            Self::Anchored { why, head } => write!(out, "the anchor was {why}: the log was verified up to {head} and anchored anew"),
            Self::Stale { why } => write!(out, "the store fell behind and will be repaired when the ledger is opened again: {why}"),
        }
    }
}
