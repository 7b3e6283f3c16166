//! Files of what was derived from a log: named by what they hold, its version and the head they were derived at, checked as a whole,
//! and deleted without loss.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use ledger_core::chain::{Hash, Head};
use ledger_core::projection::Projection;

use crate::error::{Doing, LogError};

const MAGIC: &[u8; 4] = b"DLD1";
/// Behind the content, so that it is read into one buffer and kept there: magic, version, position, hash, length, checksum.
const TRAILER: usize = 4 + 4 + 8 + 32 + 8 + 32;

/// So much is read at a time: it stays in a core's own cache while it is hashed.
const PIECE: usize = 512 << 10;
/// How many pieces are on their way between the one who reads and the one who takes them in.
const PIECES: usize = 4;

/// The derived files of a ledger.
#[derive(Debug, Clone)]
pub struct Derived {
    folder: PathBuf,
}

impl Derived {
    /// The files in this folder, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Keeps what is written, which was derived at this head, in the place of what the same name and version had before.
    ///
    /// # Errors
    /// The file cannot be written. What was there before is still there.
    pub fn save(&self, name: &str, version: u32, head: Head, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), LogError> {
        fs::create_dir_all(&self.folder).doing("make", &self.folder)?;
        let path = self.folder.join(format!("{name}-v{version}-{}-{}", head.seq, &head.hash.to_string()[..8]));
        let new = self.folder.join(format!("{name}.new-{}", std::process::id()));
        // Not synced: a file that a power cut tears is ignored and derived again.
        let write = || {
            let mut content = Summed { file: BufWriter::with_capacity(PIECE, File::create(&new)?), sum: blake3::Hasher::new(), length: 0 };
            write(&mut content)?;
            let Summed { mut file, sum, length } = content;
            let mut trailer = Vec::with_capacity(TRAILER);
            trailer.extend_from_slice(MAGIC);
            trailer.extend_from_slice(&version.to_be_bytes());
            trailer.extend_from_slice(&head.seq.to_be_bytes());
            trailer.extend_from_slice(head.hash.as_bytes());
            trailer.extend_from_slice(&length.to_be_bytes());
            let sum = finish(sum, name, &trailer);
            trailer.extend_from_slice(sum.as_bytes());
            file.write_all(&trailer)?;
            file.flush()?;
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

    /// The files under this name and version whose heads are the log's, the newest first, opened and not yet read. One that is damaged or of
    /// another history is left out: what cannot be loaded can be derived again.
    pub fn saved(&self, name: &str, version: u32, is_head: impl Fn(Head) -> bool) -> Vec<Saved> {
        let mut files = self.files(name, version).unwrap_or_default();
        files.sort_unstable_by_key(|&(_, seq)| std::cmp::Reverse(seq));
        files.into_iter().filter_map(|(path, _)| Saved::open(&path, name, version, &is_head)).collect()
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

/// The checksum of a file, whose content has been summed up already.
fn finish(mut sum: blake3::Hasher, name: &str, header: &[u8]) -> Hash {
    sum.update(header).update(name.as_bytes());
    Hash::from_bytes(*sum.finalize().as_bytes())
}

/// A file that is being written, and what its content comes to.
struct Summed {
    file: BufWriter<File>,
    sum: blake3::Hasher,
    length: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A derived file that is open: its end has been read, and its head is one of the log's.
#[derive(Debug)]
pub struct Saved {
    file: File,
    head: Head,
    length: usize,
    name: String,
    trailer: Vec<u8>,
}

impl Saved {
    /// Reads the end first: a file of another history is not read as a whole.
    fn open(path: &Path, name: &str, version: u32, is_head: &impl Fn(Head) -> bool) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let all = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(all.saturating_sub(TRAILER as u64))).ok()?;
        let mut trailer = Vec::with_capacity(TRAILER);
        file.read_to_end(&mut trailer).ok()?;
        file.rewind().ok()?;
        let number = |at: usize| Some(u64::from_be_bytes(trailer.get(at..at + 8)?.try_into().ok()?));
        let length = number(48)?;
        let said = trailer.get(..4)? == MAGIC && trailer.get(4..8)? == version.to_be_bytes();
        let fits = trailer.len() == TRAILER && length.checked_add(TRAILER as u64) == Some(all);
        let head = Head { seq: number(8)?, hash: Hash::from_bytes(trailer.get(16..48)?.try_into().ok()?) };
        let length = usize::try_from(length).ok()?;
        (said && fits && is_head(head)).then(|| Self { file, head, length, name: name.to_owned(), trailer })
    }

    /// The whole content. Nothing when it is not what was saved.
    fn read(mut self) -> Option<(Head, Vec<u8>)> {
        let mut content = vec![0; self.length];
        self.file.read_exact(&mut content).ok()?;
        let mut sum = blake3::Hasher::new();
        self.agrees(sum.update(&content)).then_some((self.head, content))
    }

    /// Whether content that comes to this sum is what was saved.
    fn agrees(&self, content: &blake3::Hasher) -> bool {
        finish(content.clone(), &self.name, &self.trailer[..56]).as_bytes()[..] == self.trailer[56..]
    }

    /// The head that it was saved at, and the BLAKE3 of the content. Nothing when the file is not what was saved.
    pub fn digest(mut self) -> Option<(Head, Hash)> {
        let mut sum = blake3::Hasher::new();
        let copied = io::copy(&mut BufReader::with_capacity(PIECE, (&mut self.file).take(self.length as u64)), &mut sum).ok()?;
        let whole = copied == self.length as u64 && self.agrees(&sum);
        whole.then(|| (self.head, Hash::from_bytes(*sum.finalize().as_bytes())))
    }

    /// Brings a state to the head that it was saved at. When the file is not what was saved, the state is left empty.
    ///
    /// A large file is read and hashed by one thread, piece by piece, and taken in by another: only the state itself is ever whole in
    /// memory. What was taken in counts only when the sum agrees in the end.
    pub fn restore(self, state: &mut dyn Projection) -> Option<Head> {
        let head = self.head;
        let whole = if self.length <= PIECE { self.read().is_some_and(|(_, content)| state.load(&content)) } else { self.stream(state) };
        if !whole {
            state.load(&[]);
        }
        whole.then_some(head)
    }

    fn stream(self, state: &mut dyn Projection) -> bool {
        let length = self.length;
        let (full, coming) = sync_channel(PIECES);
        let (empty, returned) = channel();
        thread::scope(|scope| {
            let reading = scope.spawn(move || self.send(&full, &returned));
            let mut pieces = Pieces { coming, empty, piece: Vec::new(), at: 0 };
            let taken = state.restore(&mut pieces, length);
            // Without this end the other one would wait for room.
            drop(pieces);
            reading.join().unwrap_or(false) && taken
        })
    }

    /// Reads and hashes all pieces, and says whether they are what was saved.
    fn send(mut self, full: &SyncSender<Vec<u8>>, returned: &Receiver<Vec<u8>>) -> bool {
        let mut sum = blake3::Hasher::new();
        let mut left = self.length;
        while left > 0 {
            let mut piece = returned.try_recv().unwrap_or_else(|_| vec![0; PIECE]);
            piece.resize(left.min(PIECE), 0);
            if self.file.read_exact(&mut piece).is_err() {
                return false;
            }
            sum.update(&piece);
            left -= piece.len();
            if full.send(piece).is_err() {
                return false;
            }
        }
        self.agrees(&sum)
    }
}

/// A file as it comes from the thread that reads it.
struct Pieces {
    coming: Receiver<Vec<u8>>,
    empty: std::sync::mpsc::Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.piece.len()
            && let Ok(next) = self.coming.recv()
        {
            let done = std::mem::replace(&mut self.piece, next);
            self.at = 0;
            // Nobody takes it back any more when everything has been read.
            let _ = self.empty.send(done);
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
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

    fn load(derived: &Derived, name: &str, version: u32) -> Option<(Head, Vec<u8>)> {
        derived.saved(name, version, known).into_iter().find_map(Saved::read)
    }

    #[test]
    fn the_newest_of_this_history_is_loaded_and_older_ones_are_pruned() {
        let folder = tempfile::tempdir().unwrap();
        let derived = Derived::new(&folder.path().join("derived"));
        assert!(load(&derived, "payouts", 3).is_none());
        for seq in [5, 9] {
            derived.save("payouts", 3, head(seq), |out| out.write_all(&[seq as u8; 1_000])).unwrap();
        }
        derived.save("payouts", 4, head(9), |out| out.write_all(b"another version")).unwrap();
        derived.save("deals", 3, head(9), |out| out.write_all(b"another name")).unwrap();
        assert_eq!(load(&derived, "payouts", 3), Some((head(9), vec![9; 1_000])));
        assert_eq!(fs::read_dir(&derived.folder).unwrap().count(), 3);
        let parted = Head { seq: 12, hash: Hash::of(b"elsewhere") };
        derived.save("payouts", 3, parted, |out| out.write_all(b"of another history")).unwrap();
        derived.save("payouts", 3, head(9), |out| out.write_all(b"again")).unwrap();
        assert_eq!(load(&derived, "payouts", 3), Some((head(9), b"again".to_vec())));
        let digest = |saved: Saved| saved.digest();
        assert_eq!(derived.saved("payouts", 3, known).into_iter().find_map(digest), Some((head(9), Hash::of(b"again"))));
    }

    /// A state that is nothing but its bytes.
    #[derive(Default)]
    struct Kept(Vec<u8>);

    impl Projection for Kept {
        fn name(&self) -> &'static str {
            "kept"
        }

        fn version(&self) -> u32 {
            1
        }

        fn evolve(&mut self, _: &ledger_core::event::Entry) {}

        fn save(&self) -> Vec<u8> {
            self.0.clone()
        }

        fn load(&mut self, bytes: &[u8]) -> bool {
            self.0 = bytes.to_vec();
            true
        }

        fn totals(&self) -> Vec<(String, String)> {
            Vec::new()
        }
    }

    #[test]
    fn a_large_state_comes_in_pieces_and_counts_only_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let derived = Derived::new(folder.path());
        let content: Vec<u8> = (0..3 * PIECE + 5).map(|at| (at % 251) as u8).collect();
        derived.save("kept", 1, head(7), |out| out.write_all(&content)).unwrap();
        let restored = |state: &mut Kept| derived.saved("kept", 1, known).into_iter().find_map(|saved| saved.restore(state));
        let mut state = Kept::default();
        assert_eq!(restored(&mut state), Some(head(7)));
        assert_eq!(state.0, content);
        let path = derived.files("kept", 1).unwrap()[0].0.clone();
        let whole = fs::read(&path).unwrap();
        for at in [0, PIECE, content.len() - 1, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&path, flipped).unwrap();
            assert_eq!(restored(&mut state), None);
            assert!(state.0.is_empty());
        }
    }

    #[test]
    fn no_damage_is_loaded_and_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let derived = Derived::new(folder.path());
        derived.save("deals", 1, head(7), |out| out.write_all(b"what was derived")).unwrap();
        let path = derived.files("deals", 1).unwrap()[0].0.clone();
        let whole = fs::read(&path).unwrap();
        let ignored = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            assert_eq!(load(&derived, "deals", 1), None);
            assert!(derived.saved("deals", 1, known).into_iter().find_map(Saved::digest).is_none());
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
        assert!(load(&derived, "payouts", 1).is_none());
    }
}
