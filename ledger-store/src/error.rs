//! What can go wrong with a log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger_core::chain::{Broken, Head};

/// Why a log could not be opened, read or appended to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The machine refused.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was being done, as a verb: `read`, `append to`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the machine said.
        source: Arc<io::Error>,
    },
    /// Another writer appended first. Nothing was appended.
    #[error("the ledger has moved: expected its head at {expected}, found {found}")]
    Moved {
        /// The head that the lines follow.
        expected: Head,
        /// The head of the log.
        found: Head,
    },
    /// A write or a sync failed, and whether the lines are on the disk cannot be known: open the log again and look.
    #[error("cannot tell whether the lines behind {at} were recorded: `{}` could not be made durable", path.display())]
    Unknown {
        /// The head before the lines in question.
        at: Head,
        /// The file.
        path: PathBuf,
        /// What the machine said.
        source: Arc<io::Error>,
    },
    /// An earlier write or sync failed. Nothing more is written until the log is opened again.
    #[error("an earlier write failed, so nothing more is written until the ledger is opened again")]
    Poisoned,
    /// The chain is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The log ends before a line that is known to have been durable.
    #[error("the log ends at {log}, but it is known to have reached {anchor}: recorded lines are missing")]
    ShorterThanAnchor {
        /// Where the log ends.
        log: Head,
        /// Where it is known to have been.
        anchor: Head,
    },
    /// The log has another line where the anchor remembers one.
    #[error("the log has {log}, but {anchor} is known to have been recorded there")]
    DiffersFromAnchor {
        /// What the log has at that position.
        log: Head,
        /// What is known to have been there.
        anchor: Head,
    },
    /// The store goes on where the log ends: acknowledged lines were lost from the log.
    #[error("the log ends at {log}, but the store continues it to {store}: recorded lines are missing from the log")]
    StoreAheadOfLog {
        /// Where the log ends.
        log: Head,
        /// Where the store ends.
        store: Head,
    },
    /// Two logs have different histories.
    #[error("the histories part at event #{at}: the target is at {ours}, the source at {theirs}")]
    Parted {
        /// The first position at which they differ.
        at: u64,
        /// The head of the target.
        ours: Head,
        /// The head of the source.
        theirs: Head,
    },
    /// Another process is writing.
    #[error("the ledger is being written by {}; waited {} ms", holder(*pid), waited.as_millis())]
    Locked {
        /// The process that holds the lock, if it has said so.
        pid: Option<u32>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no ledger here.
    #[error("`{}` is not a ledger", path.display())]
    NotALedger {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// There is a ledger here already.
    #[error("`{}` holds a ledger already", path.display())]
    Exists {
        /// Where one was to be made.
        path: PathBuf,
    },
    /// A later version of this program wrote it.
    #[error("`{}` has format version {format}: it was written by a newer dealbook", path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// The version it has.
        format: u64,
    },
    /// A file of the ledger's folder, but not one of its lines, cannot be understood.
    #[error("cannot understand `{}`: {why}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No backend has this name.
    #[error("`{scheme}` is not a kind of ledger: expected one of {known}")]
    NoSuchBackend {
        /// What stood before the colon.
        scheme: String,
        /// The names there are.
        known: String,
    },
}

impl LogError {
    /// Whether the ledger is not what it was: something recorded is missing, changed or out of place.
    pub const fn is_integrity(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::ShorterThanAnchor { .. } | Self::DiffersFromAnchor { .. } | Self::StoreAheadOfLog { .. })
    }

    /// Whether someone else was first, or is at work, or went another way.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Moved { .. } | Self::Locked { .. } | Self::Exists { .. } | Self::Parted { .. })
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// Says what was being done, and to which file, when the machine refuses.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, LogError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, LogError> {
        self.map_err(|source| LogError::Io { doing, path: path.to_owned(), source: Arc::new(source) })
    }
}
