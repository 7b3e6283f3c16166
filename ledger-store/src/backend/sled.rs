//! The default: a folder in which segments of lines are the truth, and a sled store beside them holds them packed.
//!
//! ```text
//! meta.json  LOCK  log/00000000000000000001.jsonl  anchor  store/ (sled)  derived/
//! ```
//!
//! An append is acknowledged when its segment is synced. The anchor is written behind it, and a thread of its own follows the log on
//! disk, packs full blocks into sled, and syncs sled and the anchor once a second. That thread reads what anyone could read, so filling
//! an empty store, catching up after a crash and keeping up with a writer are one and the same thing.

mod follower;
mod opening;
mod salvage;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::chain::{Broken, Head, LONGEST_LINE};
use serde::{Deserialize, Serialize};

use crate::anchor::{self, Anchor, Said};
use crate::error::{Doing, LogError};
use crate::lines::head_of;
use crate::lock::Lock;
use crate::segments::{Cursor, SEGMENT, Segments, find, sync_folder};
use crate::{Blocks, Lines, Log, Notice, PATIENCE, Source};

use follower::Follower;
use opening::open_store;
pub use salvage::Salvage;

/// The version of the folder that this program writes.
const FORMAT: u64 = 1;
const ENGINE: &str = "sled 0.34.7";

/// What a ledger says of itself outside of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Someone is writing, or was and did not close: the store is looked at closely on the next opening.
    dirty: bool,
    engine: String,
    format: u64,
    /// What people call it.
    pub name: String,
    /// What its proofs call it.
    pub origin: String,
}

impl Meta {
    /// What a new ledger says.
    pub fn new(name: &str, origin: &str) -> Self {
        Self { dirty: false, engine: ENGINE.to_owned(), format: FORMAT, name: name.to_owned(), origin: origin.to_owned() }
    }

    /// Reads what the ledger in this folder says.
    ///
    /// # Errors
    /// [`LogError::NotALedger`], [`LogError::Newer`], [`LogError::Unreadable`].
    pub fn read(folder: &Path) -> Result<Self, LogError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let path = folder.join("meta.json");
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Err(LogError::NotALedger { path: folder.to_owned() });
            }
            text => text.doing("read", &path)?,
        };
        let unreadable = |error: serde_json::Error| LogError::Unreadable { path: path.clone(), why: error.to_string() };
        let Version { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(LogError::Newer { path, format });
        }
        serde_json::from_slice(&text).map_err(unreadable)
    }

    fn write(&self, folder: &Path) -> Result<(), LogError> {
        let (path, new) = (folder.join("meta.json"), folder.join("meta.json.new"));
        let mut text = serde_json::to_vec(self).map_err(std::io::Error::other).doing("write", &path)?;
        text.push(b'\n');
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().doing("write", &path)?;
        sync_folder(folder)
    }
}

/// How a ledger is opened for writing.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long another writer is waited for.
    pub patience: Duration,
    /// When a segment is this long, the next one is begun.
    pub segment: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { patience: PATIENCE, segment: SEGMENT }
    }
}

/// Makes an empty ledger in this folder. One whose making was cut off before its first line is made anew.
///
/// # Errors
/// [`LogError::Exists`]; [`LogError::Locked`] while another process makes it; the folder cannot be written.
pub fn create(folder: &Path, meta: &Meta) -> Result<(), LogError> {
    let (log, path) = (folder.join("log"), folder.join("anchor"));
    let exists = || {
        let reached = matches!(anchor::read(&path)?, Said::Reached { head, .. } if head != Head::EMPTY);
        if reached || find(&log)?.head != Head::EMPTY { Err(LogError::Exists { path: folder.to_owned() }) } else { Ok(()) }
    };
    exists()?;
    for part in [&log, &folder.join("derived")] {
        fs::create_dir_all(part).doing("make", part)?;
    }
    let _lock = Lock::take(&folder.join("LOCK"), Duration::ZERO)?;
    exists()?;
    let mut anchor = Anchor::open(&path, Said::Missing)?;
    anchor.write(Head::EMPTY).doing("write", &path)?;
    anchor.sync()?;
    // The store is made by the first opening, which knows what to do with half of one.
    sync_folder(&log)?;
    // Last: a folder with this file is a ledger.
    meta.write(folder)?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(above)
}

/// The head behind line `seq` of the log.
fn head_at(log: &Path, seq: u64) -> Result<Head, LogError> {
    if seq == 0 {
        return Ok(Head::EMPTY);
    }
    let block = Cursor::find(log, seq)?.read(seq, LONGEST_LINE + 1)?;
    let line = block.as_ref().and_then(|block| block.lines().next()).ok_or(Broken::NotALine { at: seq })?;
    Ok(head_of(line, seq)?)
}

/// Holds the log's end against the anchor.
fn hold_against(log: &Path, end: Head, anchor: Head) -> Result<(), LogError> {
    if end.seq < anchor.seq {
        return Err(LogError::ShorterThanAnchor { log: end, anchor });
    }
    let found = if end.seq == anchor.seq { end } else { head_at(log, anchor.seq)? };
    if found != anchor {
        return Err(LogError::DiffersFromAnchor { log: found, anchor });
    }
    Ok(())
}

/// A ledger that is open for writing.
pub struct Sled {
    folder: PathBuf,
    log: PathBuf,
    meta: Meta,
    segments: Segments,
    anchor: Anchor,
    anchored: Option<String>,
    // Stopped before the lock is released: the next writer opens the same store.
    follower: Follower,
    _lock: Lock,
}

impl Sled {
    /// Opens the ledger in this folder for writing, and says what was out of order and has been put right.
    ///
    /// # Errors
    /// [`LogError::NotALedger`], [`LogError::Newer`], [`LogError::Locked`]; [`LogError::ShorterThanAnchor`],
    /// [`LogError::DiffersFromAnchor`] and [`LogError::StoreAheadOfLog`] when recorded lines are missing or changed;
    /// [`LogError::Broken`] when the last lines, which the anchor does not cover, do not follow one another. Nothing is changed then.
    pub fn open(folder: &Path, options: Options) -> Result<(Self, Vec<Notice>), LogError> {
        Meta::read(folder)?;
        let lock = Lock::take(&folder.join("LOCK"), options.patience)?;
        // Again, because the writer before may have changed it.
        let mut meta = Meta::read(folder)?;
        let log = folder.join("log");
        let mut notices = Vec::new();

        let path = folder.join("anchor");
        let said = anchor::read(&path)?;
        let found = find(&log)?;
        let anchored = match said {
            Said::Reached { head, .. } => head,
            Said::Missing | Said::Garbage => {
                let why = if said == Said::Missing { "missing" } else { "unreadable" };
                notices.push(Notice::Anchored { why, head: found.head });
                Head::EMPTY
            }
        };
        hold_against(&log, found.head, anchored)?;
        // What the anchor does not cover was written in the last second of a writer that may have been cut off.
        let mut head = anchored;
        for block in Cursor::find(&log, anchored.seq + 1)?.blocks(found.head.seq) {
            head = block?.follow(head)?;
        }
        if head != found.head {
            return Err(Broken::Unequal { at: head.seq, stored: found.head.hash, computed: head.hash }.into());
        }

        let dirty = meta.dirty;
        if !dirty {
            meta.dirty = true;
            meta.write(folder)?;
        }
        let (store, end) = open_store(folder, &log, found.head, dirty, &mut notices)?;
        fs::create_dir_all(&log).doing("make", &log)?;
        let segments = Segments::open(&log, options.segment, found)?;
        if found.unfinished > 0 {
            notices.push(Notice::Dropped { bytes: found.unfinished });
        }
        let mut anchor = Anchor::open(&path, said)?;
        if !matches!(said, Said::Reached { head, .. } if head == found.head) {
            anchor.write(found.head).doing("write", &path)?;
            anchor.sync()?;
        }
        let follower = Follower::start(&log, store, end, found.head, anchor.handle()?)?;
        Ok((Self { folder: folder.to_owned(), log, meta, segments, anchor, anchored: None, follower, _lock: lock }, notices))
    }

    /// What the ledger says of itself.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The heads before the first and behind the last line of every block in the store, in order, once the store has caught up: what
    /// `verify` holds against the log.
    ///
    /// # Errors
    /// The store is stale, see [`Log::notices`]; sled cannot read it.
    pub fn blocks(&self) -> Result<impl Iterator<Item = Result<(Head, Head), LogError>> + Send + use<>, LogError> {
        let path = self.folder.join("store");
        let unreadable = move |why| LogError::Unreadable { path: path.clone(), why };
        self.follower.wait_for(self.head().seq);
        let store = self.follower.store().ok_or_else(|| unreadable("the store is stale".to_owned()))?;
        Ok(store.blocks(0).map(move |block| block.map(|(header, _)| (header.before, header.after)).map_err(&unreadable)))
    }
}

impl Source for Sled {
    fn head(&self) -> Head {
        self.segments.head()
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.log, from, self.head())
    }
}

fn read(log: &Path, from: u64, head: Head) -> Result<Blocks, LogError> {
    let from = from.max(1);
    if from > head.seq {
        return Ok(Box::new(std::iter::empty()));
    }
    Ok(Box::new(Cursor::find(log, from)?.blocks(head.seq)))
}

impl Log for Sled {
    fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
        let head = self.segments.append(lines)?;
        // Acknowledged from here on, whatever happens to what follows.
        if let Err(error) = self.anchor.write(head) {
            self.anchored = Some(format!("cannot write the anchor: {error}"));
        }
        self.follower.durable(head.seq);
        Ok(head)
    }

    fn notices(&self) -> Vec<Notice> {
        let stale = self.follower.stale();
        stale.into_iter().chain(self.anchored.clone()).map(|why| Notice::Stale { why }).collect()
    }

    fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError> {
        let Self { folder, mut meta, anchor, follower, anchored, _lock, .. } = *self;
        // Every line is durable: whatever fails here is put right by the next opening, and is no failure of what was appended.
        let mut stale: Vec<String> = follower.close().into_iter().chain(anchored).collect();
        if let Err(error) = anchor.sync() {
            stale.push(with_cause(&error));
        }
        if stale.is_empty() {
            meta.dirty = false;
            if let Err(error) = meta.write(&folder) {
                stale.push(with_cause(&error));
            }
        }
        Ok(stale.into_iter().map(|why| Notice::Stale { why }).collect())
    }
}

/// What went wrong, with what the machine said.
fn with_cause(error: &LogError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// A ledger that is open for reading: no lock is taken and sled is not opened, so a writer at work hinders nobody.
#[derive(Debug, Clone)]
pub struct Reader {
    log: PathBuf,
    head: Head,
    anchor: Option<Head>,
    meta: Meta,
}

impl Reader {
    /// Opens the ledger in this folder for reading: up to its last whole line, or, while someone writes, up to the last durable one.
    ///
    /// # Errors
    /// As [`Sled::open`], without those that only a writer meets.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        let meta = Meta::read(folder)?;
        let log = folder.join("log");
        // In this order: what the anchor has reached stands in the log by the time that is looked at.
        let said = anchor::read(&folder.join("anchor"))?;
        let end = find(&log)?.head;
        let Said::Reached { head: anchored, .. } = said else { return Ok(Self { log, head: end, anchor: None, meta }) };
        hold_against(&log, end, anchored)?;
        let head = if Lock::is_held(&folder.join("LOCK")) { anchored } else { end };
        Ok(Self { log, head, anchor: Some(anchored), meta })
    }

    /// What the ledger says of itself.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The head that the anchor has reached; the log was held against it. Nothing if the anchor says nothing.
    pub const fn anchor(&self) -> Option<Head> {
        self.anchor
    }
}

impl Source for Reader {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.log, from, self.head)
    }
}

#[cfg(test)]
mod faults;
