//! The lines on disk: what is durable, and in which order.
//!
//! Segments are files of whole lines, named by the position of their first line. An append is one write and one `fdatasync`; only
//! an unfinished last line, which was never acknowledged, may ever be dropped.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger_core::chain::{self, Broken, Head, LONGEST_LINE};

use crate::error::{Doing, LogError};
use crate::lines::{Block, Lines, head_of};

/// Where a new segment begins, if nothing else is said.
pub(crate) const SEGMENT: u64 = 64 << 20;
/// How much is read at once.
pub(crate) const BLOCK: usize = 256 << 10;

fn path_of(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.jsonl"))
}

/// The first positions of the segments, in order. Files with other names are none of ours.
fn list(folder: &Path) -> Result<Vec<u64>, LogError> {
    let mut firsts = Vec::new();
    let entries = match fs::read_dir(folder) {
        // No folder, no lines: what that means is for the anchor to say.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(firsts),
        entries => entries.doing("read", folder)?,
    };
    for entry in entries {
        let name = entry.doing("read", folder)?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).filter(|digits| digits.len() == 20);
        firsts.extend(digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).and_then(|digits| digits.parse::<u64>().ok()));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// The segments in this folder, in order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, LogError> {
    Ok(list(folder)?.into_iter().map(|first| path_of(folder, first)).collect())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LogError> {
    File::open(folder).and_then(|folder| folder.sync_all()).doing("sync", folder)
}

/// Where a file of lines ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// The last whole line; none in a file without one.
    pub(crate) head: Option<Head>,
    /// The bytes up to and with the last newline.
    pub(crate) whole: u64,
    /// The bytes behind it: an unfinished line.
    pub(crate) unfinished: u64,
}

/// Looks at the end of a file of lines.
pub(crate) fn end_of(path: &Path) -> Result<End, LogError> {
    let mut file = File::open(path).doing("read", path)?;
    let size = file.metadata().doing("read", path)?.len();
    let mut read = |from: u64, to: u64| {
        let mut bytes = vec![0; (to - from) as usize];
        file.seek(SeekFrom::Start(from)).and_then(|_| file.read_exact(&mut bytes)).doing("read", path)?;
        Ok::<_, LogError>(bytes)
    };
    // A torn group can leave megabytes without a newline; a whole line is never longer than LONGEST_LINE.
    let (mut to, mut whole) = (size, 0);
    while to > 0 && whole == 0 {
        let from = to.saturating_sub(BLOCK as u64);
        whole = memchr::memrchr(b'\n', &read(from, to)?).map_or(0, |at| from + at as u64 + 1);
        to = from;
    }
    let unfinished = size - whole;
    if whole == 0 {
        return Ok(End { head: None, whole, unfinished });
    }
    let bytes = read(whole.saturating_sub(2 * (LONGEST_LINE as u64 + 1) + 1), whole)?;
    let (before, line) = last_of(&bytes[..bytes.len() - 1]);
    // What stands here is not known from outside: it is told by the line, and where that cannot be read by the one before it.
    let seq = match chain::link(line, 0) {
        Ok(link) => link.seq,
        Err(broken) if before.is_empty() => return Err(broken.into()),
        Err(_) => chain::link(last_of(before).1, 0)?.seq + 1,
    };
    Ok(End { head: Some(head_of(line, seq)?), whole, unfinished })
}

/// The last of some lines, which has no newline, and what stands before it, without its newline either.
fn last_of(bytes: &[u8]) -> (&[u8], &[u8]) {
    memchr::memrchr(b'\n', bytes).map_or((&[], bytes), |at| (&bytes[..at], &bytes[at + 1..]))
}

/// Where a log of segments ends, looked at without changing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) head: Head,
    pub(crate) unfinished: u64,
    /// The last segment: its first position and its bytes of whole lines.
    last: Option<(u64, u64)>,
}

/// Looks at the end of the log in this folder.
pub(crate) fn find(folder: &Path) -> Result<Found, LogError> {
    let firsts = list(folder)?;
    let Some(&last) = firsts.last() else { return Ok(Found { head: Head::EMPTY, unfinished: 0, last: None }) };
    let end = end_of(&path_of(folder, last))?;
    let head = match (end.head, firsts.len()) {
        (Some(head), _) => head,
        // The last segment was begun, and nothing was ever acknowledged in it.
        (None, 2..) => {
            let before = path_of(folder, firsts[firsts.len() - 2]);
            let End { head, unfinished, .. } = end_of(&before)?;
            head.filter(|_| unfinished == 0).ok_or(Broken::NotALine { at: last - 1 })?
        }
        (None, _) => Head::EMPTY,
    };
    let place = if end.head.is_some() { head.seq >= last } else { head.seq + 1 == last };
    if !place {
        return Err(Broken::OutOfPlace { expected: last, found: head.seq }.into());
    }
    Ok(Found { head, unfinished: end.unfinished, last: Some((last, end.whole)) })
}

/// An append to a file of lines: one write, one `fdatasync`, and nothing at all if the write fails.
#[derive(Debug)]
pub(crate) struct Appending {
    file: File,
    path: PathBuf,
    pub(crate) len: u64,
}

impl Appending {
    /// Opens a file behind its whole lines; an unfinished one is dropped.
    pub(crate) fn open(path: &Path, end: u64) -> Result<Self, LogError> {
        let mut file = OpenOptions::new().write(true).open(path).doing("open", path)?;
        if file.metadata().doing("read", path)?.len() != end {
            file.set_len(end).and_then(|()| file.sync_data()).doing("shorten", path)?;
        }
        file.seek(SeekFrom::Start(end)).doing("open", path)?;
        Ok(Self { file, path: path.to_owned(), len: end })
    }

    /// Makes a new file, durable under its name.
    pub(crate) fn create(path: &Path) -> Result<Self, LogError> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).doing("make", path)?;
        if let Some(folder) = path.parent() {
            sync_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
        }
        Ok(Self { file, path: path.to_owned(), len: 0 })
    }

    /// Writes lines and makes them durable.
    pub(crate) fn append(&mut self, at: Head, bytes: &[u8]) -> Result<(), LogError> {
        let unknown = |source: std::io::Error, path: &Path| LogError::Unknown { at, path: path.to_owned(), source: Arc::new(source) };
        if let Err(refused) = self.file.write_all(bytes) {
            // Part of it may have been written. If that can be taken back durably, nothing was appended.
            let undone = self.file.set_len(self.len).and_then(|()| self.file.sync_data());
            return match undone {
                Ok(()) => Err(refused).doing("append to", &self.path),
                Err(_) => Err(unknown(refused, &self.path)),
            };
        }
        // A second sync after a failed one may report success for pages that were dropped: there is no trying again.
        self.file.sync_data().map_err(|source| unknown(source, &self.path))?;
        self.len += bytes.len() as u64;
        Ok(())
    }
}

/// The segments as their one writer holds them.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    size: u64,
    head: Head,
    last: Option<Appending>,
    poisoned: bool,
}

impl Segments {
    /// Opens the log for appending where it was found to end; an unfinished last line is dropped.
    pub(crate) fn open(folder: &Path, size: u64, found: Found) -> Result<Self, LogError> {
        let last = found.last.map(|(first, whole)| Appending::open(&path_of(folder, first), whole)).transpose()?;
        Ok(Self { folder: folder.to_owned(), size, head: found.head, last, poisoned: false })
    }

    pub(crate) const fn head(&self) -> Head {
        self.head
    }

    /// Appends lines: all or nothing, and durable on return.
    pub(crate) fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        if lines.base() != self.head {
            return Err(LogError::Moved { expected: lines.base(), found: self.head });
        }
        if lines.is_empty() {
            return Ok(self.head);
        }
        self.poisoned = true;
        let bytes = lines.as_bytes();
        let room = |last: &&mut Appending| last.len == 0 || last.len + bytes.len() as u64 <= self.size;
        let last = match self.last.as_mut().filter(room) {
            Some(last) => last,
            None => self.last.insert(Appending::create(&path_of(&self.folder, self.head.seq + 1))?),
        };
        last.append(self.head, bytes)?;
        self.poisoned = false;
        self.head = lines.head();
        Ok(self.head)
    }
}

/// Reads whole lines from a position on, across segments. The same cursor serves those who read a range and the one who follows a
/// growing log.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// Where the segments are; nothing for a log that is one file.
    folder: Option<PathBuf>,
    path: PathBuf,
    file: Option<File>,
    offset: u64,
    next: u64,
}

impl Cursor {
    /// A cursor before line `seq` of the segments in this folder, which must hold the line before it.
    pub(crate) fn find(folder: &Path, seq: u64) -> Result<Self, LogError> {
        let firsts = list(folder)?;
        let first = firsts.iter().rev().find(|&&first| first <= seq).copied().unwrap_or(1);
        let path = path_of(folder, first);
        let mut cursor = Self { folder: Some(folder.to_owned()), path, file: None, offset: 0, next: first };
        cursor.seek(seq)?;
        Ok(cursor)
    }

    /// A cursor before line `seq` of one file.
    pub(crate) fn in_file(path: &Path, seq: u64) -> Result<Self, LogError> {
        let mut cursor = Self { folder: None, path: path.to_owned(), file: None, offset: 0, next: 1 };
        cursor.seek(seq)?;
        Ok(cursor)
    }

    /// Finds a line in the current file by halving its bytes: a probe lands anywhere, goes on to the next newline, and asks the line.
    fn seek(&mut self, seq: u64) -> Result<(), LogError> {
        if seq == self.next {
            return Ok(());
        }
        let mut file = File::open(&self.path).doing("read", &self.path)?;
        let mut low = (0, self.next);
        let mut high = file.metadata().doing("read", &self.path)?.len();
        while high - low.0 > 2 * LONGEST_LINE as u64 {
            let middle = low.0 + (high - low.0) / 2;
            match line_behind(&mut file, &self.path, middle, high)? {
                Some((start, found)) if found <= seq && start > low.0 => low = (start, found),
                _ => high = middle,
            }
        }
        // Near enough: walk.
        (self.offset, self.next) = low;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(low.0)).doing("read", &self.path)?;
        (&mut file).take(4 * LONGEST_LINE as u64).read_to_end(&mut bytes).doing("read", &self.path)?;
        let mut ends = memchr::memchr_iter(b'\n', &bytes);
        while self.next < seq {
            let Some(end) = ends.next() else { return Err(Broken::NotALine { at: self.next }.into()) };
            self.offset = low.0 + end as u64 + 1;
            self.next += 1;
        }
        self.file = Some(file);
        Ok(())
    }

    /// The next block of whole lines up to and with position `to`; nothing when that is reached.
    pub(crate) fn read(&mut self, to: u64, size: usize) -> Result<Option<Block>, LogError> {
        while self.next <= to {
            let mut bytes = Vec::with_capacity(size);
            {
                let file = match &mut self.file {
                    Some(file) => file,
                    None => {
                        let file = match File::open(&self.path) {
                            // The log goes on, but not here: a segment is missing.
                            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(self.missing()?.into()),
                            file => file.doing("read", &self.path)?,
                        };
                        self.file.insert(file)
                    }
                };
                file.seek(SeekFrom::Start(self.offset)).doing("read", &self.path)?;
                file.take(size as u64).read_to_end(&mut bytes).doing("read", &self.path)?;
            }
            if bytes.is_empty() {
                // The end of a segment. A log of one file has no next one.
                let Some(folder) = &self.folder else { return Err(Broken::NotALine { at: self.next }.into()) };
                let path = path_of(folder, self.next);
                if path == self.path {
                    return Err(Broken::NotALine { at: self.next }.into());
                }
                (self.path, self.file, self.offset) = (path, None, 0);
                continue;
            }
            let full = bytes.len() == size;
            let mut ends = memchr::memchr_iter(b'\n', &bytes);
            let mut whole = 0;
            let first = self.next;
            while self.next <= to {
                let Some(end) = ends.next() else { break };
                whole = end + 1;
                self.next += 1;
            }
            if whole == 0 && full && size <= LONGEST_LINE {
                return self.read(to, BLOCK);
            }
            if whole == 0 {
                return Err(if full { Broken::TooLong { at: first } } else { Broken::NotALine { at: first } }.into());
            }
            bytes.truncate(whole);
            self.offset += whole as u64;
            let block = Block { first, bytes };
            // The lines were counted; that the count is right is checked once per block, and for each line by whoever follows them.
            let found = block.lines().next().map_or(Err(Broken::NotALine { at: first }), |line| chain::link(line, first))?.seq;
            if found != first {
                return Err(Broken::OutOfPlace { expected: first, found }.into());
            }
            return Ok(Some(block));
        }
        Ok(None)
    }

    fn missing(&self) -> Result<Broken, LogError> {
        let firsts = self.folder.as_deref().map(list).transpose()?.unwrap_or_default();
        let next = firsts.into_iter().find(|&first| first > self.next);
        Ok(next.map_or(Broken::NotALine { at: self.next }, |found| Broken::OutOfPlace { expected: self.next, found }))
    }

    /// The blocks up to and with position `to`.
    pub(crate) fn blocks(mut self, to: u64) -> impl Iterator<Item = Result<Block, LogError>> + Send {
        let mut failed = false;
        std::iter::from_fn(move || {
            let block = if failed { None } else { self.read(to, BLOCK).transpose() };
            failed = matches!(block, Some(Err(_)));
            block
        })
    }
}

/// The first whole line that begins behind a byte offset, and the position it claims.
fn line_behind(file: &mut File, path: &Path, offset: u64, end: u64) -> Result<Option<(u64, u64)>, LogError> {
    let mut bytes = Vec::new();
    for window in [4 << 10, 2 * (LONGEST_LINE + 1)] {
        bytes.clear();
        file.seek(SeekFrom::Start(offset)).doing("read", path)?;
        file.take((end - offset).min(window as u64)).read_to_end(&mut bytes).doing("read", path)?;
        let mut ends = memchr::memchr_iter(b'\n', &bytes);
        if let (Some(before), Some(behind)) = (ends.next(), ends.next()) {
            let link = chain::link(&bytes[before + 1..behind], 0)?;
            return Ok(Some((offset + before as u64 + 1, link.seq)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn filled(folder: &Path, groups: u64, size: u64) -> Segments {
        let mut log = Segments::open(folder, size, find(folder).unwrap()).unwrap();
        for group in 0..groups {
            let lines = sample::lines(log.head(), group % 7 + 1, 0);
            log.append(&lines).unwrap();
        }
        log
    }

    #[test]
    fn every_line_is_found_in_every_segment() {
        let folder = tempfile::tempdir().unwrap();
        let head = filled(folder.path(), 300, 200_000).head();
        assert!(list(folder.path()).unwrap().len() > 3);
        for seq in 1..=head.seq {
            let mut cursor = Cursor::find(folder.path(), seq).unwrap();
            let block = cursor.read(seq, 4096).unwrap().unwrap();
            assert_eq!((block.first, block.lines().count()), (seq, 1));
        }
        for from in [1, 2, 77, head.seq] {
            let lines: usize = Cursor::find(folder.path(), from).unwrap().blocks(head.seq).map(|b| b.unwrap().lines().count()).sum();
            assert_eq!(lines as u64, head.seq - from + 1);
        }
    }

    #[test]
    fn a_missing_or_emptied_segment_is_named() {
        for empty in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let head = filled(folder.path(), 300, 100_000).head();
            let firsts = list(folder.path()).unwrap();
            let gone = path_of(folder.path(), firsts[2]);
            if empty {
                fs::write(&gone, "").unwrap()
            } else {
                fs::remove_file(&gone).unwrap()
            }
            let read: Result<Vec<_>, _> = Cursor::find(folder.path(), 1).unwrap().blocks(head.seq).collect();
            let Err(LogError::Broken(broken)) = read else { panic!("a gap was read over") };
            assert_eq!(broken.at(), firsts[2]);
        }
    }

    #[test]
    fn only_the_unfinished_last_line_is_dropped_wherever_the_last_group_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = filled(folder.path(), 3, SEGMENT);
        let (before, len) = (log.head(), log.last.as_ref().unwrap().len);
        let lines = sample::lines(before, 3, 9);
        log.append(&lines).unwrap();
        drop(log);
        let path = path_of(folder.path(), 1);
        let whole = fs::read(&path).unwrap();
        for cut in len as usize..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let found = find(folder.path()).unwrap();
            let kept = memchr::memchr_iter(b'\n', &whole[len as usize..cut]).count() as u64;
            assert_eq!(found.head.seq, before.seq + kept, "cut at {cut}");
            let log = Segments::open(folder.path(), SEGMENT, found).unwrap();
            assert_eq!(log.head().seq, before.seq + kept);
            assert_eq!(fs::metadata(&path).unwrap().len(), cut as u64 - found.unfinished);
        }
    }

    #[test]
    fn a_segment_that_was_only_begun_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let head = filled(folder.path(), 20, 20_000).head();
        for torn in ["", "{\"actor\":"] {
            fs::write(path_of(folder.path(), head.seq + 1), torn).unwrap();
            let found = find(folder.path()).unwrap();
            assert_eq!((found.head, found.unfinished), (head, torn.len() as u64));
        }
        let mut log = filled(folder.path(), 0, 20_000);
        log.append(&sample::lines(head, 2, 0)).unwrap();
        assert_eq!(find(folder.path()).unwrap().head.seq, head.seq + 2);
    }

    #[test]
    fn a_failed_write_poisons() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = filled(folder.path(), 3, SEGMENT);
        let path = path_of(folder.path(), 1);
        // A handle that may not write refuses like a full disk.
        log.last = Some(Appending { file: File::open(&path).unwrap(), path, len: 1 });
        let lines = sample::lines(log.head(), 1, 0);
        assert!(matches!(log.append(&lines), Err(LogError::Unknown { .. })));
        assert!(matches!(log.append(&lines), Err(LogError::Poisoned)));
    }

    #[test]
    fn a_line_of_a_later_version_is_told_as_that_where_nothing_stands_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        let line = String::from_utf8(sample::line(Head::EMPTY, 1)).unwrap().replace("\"v\":1}", "\"v\":2}");
        fs::write(&path, line + "\n").unwrap();
        assert!(matches!(end_of(&path), Err(LogError::Broken(Broken::Newer { version: 2, .. }))));
    }
}
