//! A log that is one file of lines: what one carries away, and what any tool can read.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ledger_core::chain::{Broken, Head};

use crate::error::Doing;
use crate::segments::{Appending, Cursor, end_of};
use crate::{Blocks, Lines, Log, LogError, Notice, Source};

/// A file of lines, held for appending. The file itself is the lock.
#[derive(Debug)]
pub struct Jsonl {
    path: PathBuf,
    head: Head,
    file: Appending,
    poisoned: bool,
    /// Held until the log is dropped.
    _lock: File,
}

impl Jsonl {
    /// Opens the file for appending, or makes it; waits at most so long for another writer. An unfinished last line is dropped.
    ///
    /// # Errors
    /// [`LogError::Locked`]; the file cannot be opened; its last line is not one.
    pub fn open(path: &Path, patience: Duration) -> Result<(Self, Vec<Notice>), LogError> {
        match Appending::create(path) {
            Err(LogError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => (),
            made => drop(made?),
        }
        let lock = File::open(path).doing("open", path)?;
        let began = Instant::now();
        while let Err(error) = lock.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(error).doing("lock", path),
                TryLockError::WouldBlock if began.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
                TryLockError::WouldBlock => return Err(LogError::Locked { pid: None, waited: began.elapsed() }),
            }
        }
        let end = end_of(path)?;
        if end.whole == 0 && end.unfinished > 0 && !begins_a_line(path)? {
            // Whose file this is nobody knows: nothing of it is dropped.
            return Err(Broken::NotALine { at: 1 }.into());
        }
        let file = Appending::open(path, end.whole)?;
        let notices = if end.unfinished > 0 { vec![Notice::Dropped { bytes: end.unfinished }] } else { Vec::new() };
        Ok((Self { path: path.to_owned(), head: end.head.unwrap_or(Head::EMPTY), file, poisoned: false, _lock: lock }, notices))
    }

    /// Opens the file for reading, up to its last whole line as of now. Takes no lock.
    ///
    /// # Errors
    /// [`LogError::NotALedger`] when there is no such file; it cannot be read; its last line is not one.
    pub fn reader(path: &Path) -> Result<JsonlReader, LogError> {
        if !path.is_file() {
            return Err(LogError::NotALedger { path: path.to_owned() });
        }
        Ok(JsonlReader { path: path.to_owned(), head: end_of(path)?.head.unwrap_or(Head::EMPTY) })
    }
}

/// Whether a file without a whole line holds the beginning of one.
fn begins_a_line(path: &Path) -> Result<bool, LogError> {
    const BEGINNING: &[u8] = b"{\"actor\":\"";
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING.len() as u64).read_to_end(&mut bytes));
    read.doing("read", path)?;
    Ok(BEGINNING.starts_with(&bytes))
}

/// A file of lines as it stood when it was opened.
#[derive(Debug, Clone)]
pub struct JsonlReader {
    path: PathBuf,
    head: Head,
}

fn read(path: &Path, from: u64, head: Head) -> Result<Blocks, LogError> {
    let from = from.max(1);
    if from > head.seq {
        return Ok(Box::new(std::iter::empty()));
    }
    Ok(Box::new(Cursor::in_file(path, from)?.blocks(head.seq)))
}

impl Source for JsonlReader {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.path, from, self.head)
    }
}

impl Source for Jsonl {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.path, from, self.head)
    }
}

impl Log for Jsonl {
    fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        if lines.base() != self.head {
            return Err(LogError::Moved { expected: lines.base(), found: self.head });
        }
        if !lines.is_empty() {
            self.poisoned = true;
            self.file.append(self.head, lines.as_bytes())?;
            self.poisoned = false;
            self.head = lines.head();
        }
        Ok(self.head)
    }

    fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError> {
        Ok(Vec::new())
    }
}
