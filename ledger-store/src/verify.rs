//! What a verifier needs that a reader does not: lines of a log that is not intact, what its anchor says, and what its store holds.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::chain::{Head, LONGEST_LINE};
use ledger_core::damage::Seen;
use ledger_core::merkle::Node;

use crate::anchor::{self, Said};
use crate::backend::sled::Salvage;
use crate::error::Doing;
use crate::scan::in_order;
use crate::segments::{BLOCK, files};
use crate::{LogError, lines};

/// The files of lines at a place, in order: the segments of a folder, or the file itself.
fn log_at(place: &Path, is_folder: bool) -> Result<Vec<PathBuf>, LogError> {
    if is_folder { files(&place.join("log")) } else { Ok(vec![place.to_owned()]) }
}

/// Looks at every line of a log, intact or not, on all cores. An unfinished last line, which was never acknowledged, is left out.
///
/// # Errors
/// A file cannot be read.
pub fn survey(place: &Path, is_folder: bool) -> Result<Vec<Seen>, LogError> {
    let files = log_at(place, is_folder)?;
    let last = files.len().saturating_sub(1);
    let pieces = files.into_iter().enumerate().flat_map(|(at, path)| Pieces::of(path, at == last));
    let mut seen = Vec::new();
    in_order(
        pieces,
        |piece: Result<Vec<u8>, LogError>| piece.map(|bytes| lines::lines_in(&bytes).map(Seen::of).collect::<Vec<Seen>>()),
        |piece| {
            seen.extend(piece?);
            Ok::<(), LogError>(())
        },
    )?;
    Ok(seen)
}

/// Every line of a log as it is, intact or not. An unfinished last line is left out.
///
/// # Errors
/// A file cannot be read.
pub fn each_line(place: &Path, is_folder: bool) -> Result<Vec<Vec<u8>>, LogError> {
    let files = log_at(place, is_folder)?;
    let last = files.len().saturating_sub(1);
    let mut all = Vec::new();
    for piece in files.into_iter().enumerate().flat_map(|(at, path)| Pieces::of(path, at == last)) {
        all.extend(lines::lines_in(&piece?).map(<[u8]>::to_vec));
    }
    Ok(all)
}

/// The leaves of the first lines of a log, as many as are wanted or there are.
///
/// # Errors
/// A file cannot be read.
pub fn leaves(place: &Path, is_folder: bool, wanted: u64) -> Result<Vec<Node>, LogError> {
    let mut leaves = Vec::new();
    for path in log_at(place, is_folder)? {
        for piece in Pieces::of(path, false) {
            let room = usize::try_from(wanted).unwrap_or(usize::MAX) - leaves.len();
            leaves.extend(lines::lines_in(&piece?).take(room).map(Node::leaf));
            if leaves.len() as u64 == wanted {
                return Ok(leaves);
            }
        }
    }
    Ok(leaves)
}

/// Whole lines of a file, whatever they hold, each piece about a block long and ending with a newline.
struct Pieces {
    path: PathBuf,
    file: Option<BufReader<File>>,
    last: bool,
}

impl Pieces {
    fn of(path: PathBuf, last: bool) -> Self {
        Self { path, file: None, last }
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufReader::new(File::open(&self.path).doing("read", &self.path)?)),
        };
        let mut bytes = Vec::with_capacity(BLOCK + LONGEST_LINE);
        file.by_ref().take(BLOCK as u64).read_to_end(&mut bytes).doing("read", &self.path)?;
        file.read_until(b'\n', &mut bytes).doing("read", &self.path)?;
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            // In any other file than the last, a line without an end is one that was damaged.
            if self.last {
                bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1));
            } else {
                bytes.push(b'\n');
            }
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

impl Iterator for Pieces {
    type Item = Result<Vec<u8>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The head that the anchor of the ledger in this folder remembers; nothing when it remembers none.
///
/// # Errors
/// The anchor cannot be read.
pub fn anchored(folder: &Path) -> Result<Option<Head>, LogError> {
    Ok(match anchor::read(&folder.join("anchor"))? {
        Said::Reached { head, .. } => Some(head),
        Said::Missing | Said::Garbage => None,
    })
}

/// The heads before the first and behind the last line of every block in the store of the ledger in this folder. A copy of the store is
/// looked at, because opening a damaged one changes it.
///
/// # Errors
/// [`LogError::Locked`] while someone writes, who is not waited for; the store cannot be read, or its blocks do not form one chain.
pub fn stored(folder: &Path) -> Result<Vec<(Head, Head)>, LogError> {
    Salvage::open(folder, Duration::ZERO)?.headers()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::jsonl::Jsonl;
    use crate::{Log, sample};
    use ledger_core::damage::damages;

    #[test]
    fn every_line_is_seen_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        let lines = sample::lines(Head::EMPTY, 5_000, 0);
        let (mut log, _) = Jsonl::open(&path, crate::PATIENCE).unwrap();
        log.append(&lines).unwrap();
        let seen = survey(&path, false).unwrap();
        assert_eq!(seen.len(), 5_000);
        assert!(damages(&seen, Some(lines.head())).is_empty());
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"unfinished");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(survey(&path, false).unwrap().len(), 5_000);
        // A line of any length is one line.
        std::fs::write(&path, [&vec![b'x'; 3 * BLOCK][..], b"\n", &text].concat()).unwrap();
        let seen = survey(&path, false).unwrap();
        assert_eq!((seen.len(), seen[0].link), (5_001, None));
        assert_eq!(damages(&seen, Some(lines.head())).len(), 1);
    }
}
