//! The last head that is known to be durable, kept outside the log so that a shortened log is noticed.
//!
//! A ring of 64 records of 64 bytes, overwritten in place: a torn write loses one record, and the one before it still stands.
//! The record with the highest position counts. A record is written after each group of lines, when these are durable, and synced
//! once a second and at close: the anchor promises that the head was at least this, at most a second ago.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ledger_core::chain::{Hash, Head};

use crate::error::{Doing, LogError};

const MAGIC: &[u8; 8] = b"DLA1\0\0\0\0";
const RECORD: usize = 64;
const SLOTS: usize = 64;

/// What an anchor file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The head was at least this.
    Reached { head: Head, slot: usize },
    /// There is no file.
    Missing,
    /// There is a file without one valid record.
    Garbage,
}

/// Reads what the anchor says.
pub(crate) fn read(path: &Path) -> Result<Said, LogError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take((RECORD * SLOTS) as u64).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Said::Missing),
        read => read.doing("read", path)?,
    };
    let records = bytes.chunks_exact(RECORD).enumerate().filter_map(|(slot, record)| Some((decode(record)?, slot)));
    // Written twice with the same position only when nothing was appended between: both then say the same.
    let last = records.max_by_key(|(head, _)| head.seq);
    Ok(last.map_or(Said::Garbage, |(head, slot)| Said::Reached { head, slot }))
}

fn encode(head: Head) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(MAGIC);
    record[8..16].copy_from_slice(&head.seq.to_be_bytes());
    record[16..48].copy_from_slice(head.hash.as_bytes());
    // 48..56 is kept for the time, which a log does not know: zeros.
    let sum = Hash::of(&record[..56]);
    record[56..].copy_from_slice(&sum.as_bytes()[..8]);
    record
}

fn decode(record: &[u8]) -> Option<Head> {
    let sum = Hash::of(&record[..56]);
    let valid = record[..8] == *MAGIC && record[56..] == sum.as_bytes()[..8];
    let seq = u64::from_be_bytes(record[8..16].try_into().ok()?);
    let hash = Hash::from_bytes(record[16..48].try_into().ok()?);
    valid.then_some(Head { seq, hash })
}

/// The anchor as a writer holds it.
#[derive(Debug)]
pub(crate) struct Anchor {
    file: File,
    path: PathBuf,
    slot: usize,
}

impl Anchor {
    /// Opens the anchor behind its last record, or makes it.
    pub(crate) fn open(path: &Path, said: Said) -> Result<Self, LogError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).doing("open", path)?;
        file.set_len((RECORD * SLOTS) as u64).doing("write", path)?;
        let slot = if let Said::Reached { slot, .. } = said { slot + 1 } else { 0 };
        Ok(Self { file, path: path.to_owned(), slot: slot % SLOTS })
    }

    /// Remembers a head that is durable.
    pub(crate) fn write(&mut self, head: Head) -> io::Result<()> {
        self.file.seek(SeekFrom::Start((self.slot * RECORD) as u64))?;
        self.file.write_all(&encode(head))?;
        self.slot = (self.slot + 1) % SLOTS;
        Ok(())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.file.sync_data().doing("sync", &self.path)
    }

    /// A second handle, for syncing elsewhere.
    pub(crate) fn handle(&self) -> Result<File, LogError> {
        self.file.try_clone().doing("open", &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64) -> Head {
        Head { seq, hash: Hash::of(&seq.to_be_bytes()) }
    }

    #[test]
    fn the_highest_valid_record_counts_and_a_torn_one_loses_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor");
        assert_eq!(read(&path).unwrap(), Said::Missing);
        let mut anchor = Anchor::open(&path, Said::Missing).unwrap();
        assert_eq!(read(&path).unwrap(), Said::Garbage);
        for seq in 0..200 {
            anchor.write(head(seq)).unwrap();
            assert!(matches!(read(&path).unwrap(), Said::Reached { head: h, .. } if h == head(seq)));
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 4096, "it does not grow");
        let Said::Reached { slot, .. } = read(&path).unwrap() else { panic!("no record") };
        let whole = std::fs::read(&path).unwrap();
        for at in slot * RECORD..(slot + 1) * RECORD {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            std::fs::write(&path, torn).unwrap();
            assert!(matches!(read(&path).unwrap(), Said::Reached { head: h, .. } if h == head(198)), "byte {at}");
        }
        let mut anchor = Anchor::open(&path, Said::Reached { head: head(198), slot: slot - 1 }).unwrap();
        anchor.write(head(199)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}
