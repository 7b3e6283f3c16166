//! Files of what was derived from a log: named by what they hold, its version and the head they were derived at, checked as a whole,
//! and deleted without loss.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ledger_core::chain::{Hash, Head};

use crate::error::{Doing, LogError};

const MAGIC: &[u8; 4] = b"DLD1";
/// Behind the content, so that it is read into one buffer and kept there: magic, version, position, hash, length, checksum.
const TRAILER: usize = 4 + 4 + 8 + 32 + 8 + 32;

/// The derived files of a ledger.
#[derive(Debug, Clone)]
pub struct Derived {
    folder: PathBuf,
}

/// What was found under a name.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The newest content whose head is one of the log's, and that head.
    pub found: Option<(Head, Vec<u8>)>,
    /// Files under that name that are damaged or of another history, and why they were ignored.
    pub ignored: Vec<(PathBuf, &'static str)>,
}

impl Derived {
    /// The files in this folder, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Keeps content that was derived at this head, in the place of what the same name and version had before.
    ///
    /// # Errors
    /// The file cannot be written. What was there before is still there.
    pub fn save(&self, name: &str, version: u32, head: Head, content: &[u8]) -> Result<(), LogError> {
        fs::create_dir_all(&self.folder).doing("make", &self.folder)?;
        let path = self.folder.join(format!("{name}-v{version}-{}-{}", head.seq, &head.hash.to_string()[..8]));
        let new = self.folder.join(format!("{name}.new-{}", std::process::id()));
        let mut trailer = Vec::with_capacity(TRAILER);
        trailer.extend_from_slice(MAGIC);
        trailer.extend_from_slice(&version.to_be_bytes());
        trailer.extend_from_slice(&head.seq.to_be_bytes());
        trailer.extend_from_slice(head.hash.as_bytes());
        trailer.extend_from_slice(&(content.len() as u64).to_be_bytes());
        trailer.extend_from_slice(sum(name, content, &trailer).as_bytes());
        // Not synced: a file that a power cut tears is ignored and derived again.
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(content)?;
            file.write_all(&trailer)?;
            fs::rename(&new, &path)
        };
        if let Err(error) = write() {
            let _ = fs::remove_file(&new);
            return Err(error).doing("write", &path);
        }
        for (old, at) in self.files(name, version)? {
            if at <= head.seq && old != path {
                // Another process may have been first.
                let _ = fs::remove_file(old);
            }
        }
        Ok(())
    }

    /// The newest content under this name and version whose head is one of the log's. A damaged or foreign file is ignored, and said.
    ///
    /// # Errors
    /// None: whatever cannot be loaded can be derived again.
    pub fn load(&self, name: &str, version: u32, is_head: impl Fn(Head) -> bool) -> Loaded {
        let mut loaded = Loaded::default();
        let mut files = self.files(name, version).unwrap_or_default();
        files.sort_unstable_by_key(|&(_, seq)| std::cmp::Reverse(seq));
        for (path, _) in files {
            match read(&path, name, version, &is_head) {
                Ok(found) => {
                    loaded.found = Some(found);
                    break;
                }
                Err(why) => loaded.ignored.push((path, why)),
            }
        }
        loaded
    }

    /// The files under this name and version, with the positions that their names give.
    fn files(&self, name: &str, version: u32) -> Result<Vec<(PathBuf, u64)>, LogError> {
        let start = format!("{name}-v{version}-");
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).doing("read", &self.folder)? {
            let entry = entry.doing("read", &self.folder)?;
            let seq = entry.file_name().to_str().and_then(|file| file.strip_prefix(&start)?.split_once('-')?.0.parse().ok());
            files.extend(seq.map(|seq| (entry.path(), seq)));
        }
        Ok(files)
    }
}

fn sum(name: &str, content: &[u8], header: &[u8]) -> Hash {
    let mut sum = blake3::Hasher::new();
    sum.update(content).update(header).update(name.as_bytes());
    Hash::from_bytes(*sum.finalize().as_bytes())
}

fn read(path: &Path, name: &str, version: u32, is_head: &impl Fn(Head) -> bool) -> Result<(Head, Vec<u8>), &'static str> {
    const DAMAGED: &str = "it is damaged";
    // The end first: a file of another history is not read as a whole.
    let open = || -> io::Result<_> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TRAILER as u64)))?;
        let mut trailer = Vec::with_capacity(TRAILER);
        file.read_to_end(&mut trailer)?;
        file.rewind()?;
        Ok((file, length, trailer))
    };
    let (mut file, length, trailer) = open().map_err(|_| "it cannot be read")?;
    let part = |at: usize, to: usize| trailer.get(at..to).ok_or(DAMAGED);
    let number = |at| Ok::<_, &str>(u64::from_be_bytes(part(at, at + 8)?.try_into().map_err(|_| DAMAGED)?));
    let fits = part(0, 4)? == MAGIC && part(4, 8)? == version.to_be_bytes() && number(48)?.checked_add(TRAILER as u64) == Some(length);
    if !fits {
        return Err(DAMAGED);
    }
    let hash = Hash::from_bytes(part(16, 48)?.try_into().map_err(|_| DAMAGED)?);
    let head = Head { seq: number(8)?, hash };
    if !is_head(head) {
        return Err("it was derived from another history");
    }
    let mut content = Vec::with_capacity(length as usize);
    file.read_to_end(&mut content).map_err(|_| "it cannot be read")?;
    let text = content.len().checked_sub(TRAILER).ok_or(DAMAGED)?;
    if content[text..] != trailer || sum(name, &content[..text], &trailer[..56]).as_bytes()[..] != trailer[56..] {
        return Err(DAMAGED);
    }
    content.truncate(text);
    Ok((head, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64) -> Head {
        Head { seq, hash: Hash::of(&seq.to_be_bytes()) }
    }

    fn known(asked: Head) -> bool {
        asked == head(asked.seq)
    }

    #[test]
    fn the_newest_of_this_history_is_loaded_and_older_ones_are_pruned() {
        let folder = tempfile::tempdir().unwrap();
        let derived = Derived::new(&folder.path().join("derived"));
        assert!(derived.load("payouts", 3, known).found.is_none());
        for seq in [5, 9] {
            derived.save("payouts", 3, head(seq), &[seq as u8; 1_000]).unwrap();
        }
        derived.save("payouts", 4, head(9), b"another version").unwrap();
        derived.save("deals", 3, head(9), b"another name").unwrap();
        assert_eq!(derived.load("payouts", 3, known).found, Some((head(9), vec![9; 1_000])));
        assert_eq!(fs::read_dir(&derived.folder).unwrap().count(), 3);
        let parted = Head { seq: 12, hash: Hash::of(b"elsewhere") };
        derived.save("payouts", 3, parted, b"of another history").unwrap();
        derived.save("payouts", 3, head(9), b"again").unwrap();
        let loaded = derived.load("payouts", 3, known);
        assert_eq!(loaded.found, Some((head(9), b"again".to_vec())));
        assert_eq!(loaded.ignored.len(), 1);
    }

    #[test]
    fn no_damage_is_loaded_and_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let derived = Derived::new(folder.path());
        derived.save("deals", 1, head(7), b"what was derived").unwrap();
        let path = derived.files("deals", 1).unwrap()[0].0.clone();
        let whole = fs::read(&path).unwrap();
        let ignored = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let loaded = derived.load("deals", 1, known);
            assert!(loaded.found.is_none() && loaded.ignored.len() == 1);
        };
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            ignored(&flipped);
            ignored(&whole[..at]);
        }
        ignored(&[&whole[..], b"x"].concat());
        // Another name's content is not this one's.
        let other = path.with_file_name("payouts-v1-7-00000000");
        fs::write(&other, &whole).unwrap();
        assert!(derived.load("payouts", 1, known).found.is_none());
    }
}
