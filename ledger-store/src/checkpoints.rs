//! The checkpoints of a ledger, in a folder beside its log: one note a file, named by size and name, each written whole and made durable
//! before anybody is told. Nothing of them is needed to read the ledger; what they are for is said in `ledger_core::checkpoint`.
//!
//! ```text
//! checkpoints/00000000000000001853-close-2026-03.note     a signed note, as it is handed out
//! checkpoints/00000000000000001853-close-2026-03.tsr      a time stamp of it (RFC 3161), another +2.tsr and so on
//! checkpoints/key                                         the first key that signed: NAME+ID+KEY
//! ```

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use ledger_core::checkpoint::{Malformed, Note, PublicKey};

use crate::LogError;
use crate::error::Doing as _;

/// A note that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name it was given.
    pub name: Option<String>,
    /// The note.
    pub note: Note,
}

/// How it is called: by its name, or by its size.
impl std::fmt::Display for Kept {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(out, "{name} (#{})", self.note.checkpoint.size),
            None => write!(out, "#{}", self.note.checkpoint.size),
        }
    }
}

/// A reply of a time stamping authority that is kept beside a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptStamp {
    /// The file.
    pub path: PathBuf,
    /// The note that it stands beside; nothing when there is none of its name.
    pub of: Option<Kept>,
    /// What the authority sent.
    pub bytes: Vec<u8>,
}

/// A file among the checkpoints that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no checkpoint as it was kept: {why}", path.display())]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// What a folder of checkpoints holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The notes, by size and then by name.
    pub notes: Vec<Kept>,
    /// The replies of time stamping authorities, by file; whether they hold is not looked at here.
    pub stamps: Vec<KeptStamp>,
    /// The files that are none.
    pub damaged: Vec<Damaged>,
    /// The first key that signed, as the folder has it.
    pub key: Option<PublicKey>,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// The checkpoints of the ledger in this folder.
    pub fn of(ledger: &Path) -> Self {
        Self { folder: ledger.join("checkpoints") }
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// The disk refused.
    pub fn read(&self) -> Result<Found, LogError> {
        let mut found = Found::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(found),
            entries => entries.doing("read", &self.folder)?,
        };
        for entry in entries {
            let path = entry.doing("read", &self.folder)?.path();
            let file = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            // What was being written when the machine stopped was never told to anybody, and what else is there is no checkpoint.
            if file != "key" && !file.ends_with(".note") && !file.ends_with(".tsr") {
                continue;
            }
            let bytes = fs::read(&path).doing("read", &path)?;
            if file.ends_with(".tsr") {
                found.stamps.push(KeptStamp { path, of: None, bytes });
                continue;
            }
            let read = if file == "key" {
                let key = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
                key.map(|key| found.key = Some(key)).ok_or_else(|| "it holds no key".to_owned())
            } else {
                kept(file, &bytes).map(|kept| found.notes.push(kept))
            };
            if let Err(why) = read {
                found.damaged.push(Damaged { path, why });
            }
        }
        found.notes.sort_by(|one, other| (one.note.checkpoint.size, &one.name).cmp(&(other.note.checkpoint.size, &other.name)));
        found.stamps.sort_by(|one, other| one.path.cmp(&other.path));
        for stamp in &mut found.stamps {
            let file = stamp.path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
            // No name has a +: what stands behind one counts the stamps.
            let stem = file.split_once('+').map_or(file, |(stem, _)| stem);
            stamp.of = found.notes.iter().find(|kept| stem_of(kept.name.as_deref(), &kept.note) == stem).cloned();
        }
        found.damaged.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// Keeps a note, durably; the signatures of one that is kept already under this size and name are kept too. Gives the file it is in.
    ///
    /// # Errors
    /// The disk refused.
    pub fn keep(&self, name: Option<&str>, note: &Note) -> Result<PathBuf, LogError> {
        let path = self.folder.join(format!("{}.note", stem_of(name, note)));
        let mut note = note.clone();
        if let Ok(before) = fs::read(&path).map_err(|_| ()).and_then(|bytes| Note::parse(&bytes).map_err(|_| ()))
            && before.checkpoint == note.checkpoint
        {
            note.join(before);
        }
        self.write(&path, note.to_string().as_bytes())?;
        Ok(path)
    }

    /// Keeps a time stamp beside a note, durably, and every other one of it as well. Gives the file it is in.
    ///
    /// # Errors
    /// The disk refused.
    pub fn keep_stamp(&self, of: &Kept, bytes: &[u8]) -> Result<PathBuf, LogError> {
        let stem = stem_of(of.name.as_deref(), &of.note);
        let mut path = self.folder.join(format!("{stem}.tsr"));
        let mut count = 1;
        while path.exists() {
            if fs::read(&path).doing("read", &path)? == bytes {
                return Ok(path);
            }
            count += 1;
            path = self.folder.join(format!("{stem}+{count}.tsr"));
        }
        self.write(&path, bytes)?;
        Ok(path)
    }

    /// Keeps the first key that signs, durably.
    ///
    /// # Errors
    /// The disk refused.
    pub fn keep_key(&self, key: &PublicKey) -> Result<(), LogError> {
        self.write(&self.folder.join("key"), format!("{key}\n").as_bytes())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
        fs::create_dir_all(&self.folder).doing("create", &self.folder)?;
        write_durably(path, bytes).doing("write", path)?;
        // The folder's own name.
        self.folder.parent().map_or(Ok(()), sync_folder).doing("sync", &self.folder)
    }
}

/// What the files of a note are called, without what they end with.
fn stem_of(name: Option<&str>, note: &Note) -> String {
    match name {
        Some(name) => format!("{:020}-{name}", note.checkpoint.size),
        None => format!("{:020}", note.checkpoint.size),
    }
}

/// Puts a file in place, whole and durable, or leaves what is there.
///
/// # Errors
/// The disk refused.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(here)?.sync_all()
}

/// Reads a note that is kept; its file says its size and its name.
fn kept(file: &str, bytes: &[u8]) -> Result<Kept, String> {
    let note = Note::parse(bytes).map_err(|why: Malformed| why.to_string())?;
    let said = file.strip_suffix(".note").unwrap_or(file);
    let (size, name) = said.split_once('-').map_or((said, None), |(size, name)| (size, Some(name)));
    if size != format!("{:020}", note.checkpoint.size) {
        return Err(format!("its name is of another size than {}", note.checkpoint.size));
    }
    Ok(Kept { name: name.map(str::to_owned), note })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::checkpoint::Checkpoint;
    use ledger_core::merkle::Node;

    /// A note with signatures of nobody.
    fn note(size: u64, signers: &[&str]) -> Note {
        let checkpoint = Checkpoint { origin: "x.example".to_owned(), size, root: Node::leaf(&size.to_be_bytes()) };
        let signatures: String = signers.iter().map(|name| format!("— {name} AAAAAAA=\n")).collect();
        Note::parse(format!("{checkpoint}\n{signatures}").replace("AAAAAAA=", "AAAAAAAA").as_bytes()).unwrap()
    }

    #[test]
    fn notes_are_kept_by_size_and_name() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(folder.path());
        assert_eq!(checkpoints.read().unwrap(), Found::default());
        checkpoints.keep(Some("close-2026-03"), &note(1853, &["a"])).unwrap();
        checkpoints.keep(None, &note(12, &["a"])).unwrap();
        checkpoints.keep(None, &note(1853, &["a"])).unwrap();
        // A signature more is one more, whichever note comes first.
        checkpoints.keep(None, &note(12, &["b"])).unwrap();
        checkpoints.keep(None, &note(12, &["a"])).unwrap();
        let found = checkpoints.read().unwrap();
        let names: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["#12", "#1853", "close-2026-03 (#1853)"]);
        let mut signers: Vec<&str> = found.notes[0].note.signatures.iter().map(|signed| signed.name.as_str()).collect();
        signers.sort_unstable();
        assert_eq!((signers, found.damaged.len(), &found.key), (vec!["a", "b"], 0, &None));
    }

    #[test]
    fn time_stamps_are_kept_beside_their_note() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(folder.path());
        let path = checkpoints.keep(Some("a.b"), &note(12, &["a"])).unwrap();
        let kept = checkpoints.read().unwrap().notes.remove(0);
        for (bytes, file) in [(b"1", "00000000000000000012-a.b.tsr"), (b"2", "00000000000000000012-a.b+2.tsr")] {
            for _ in 0..2 {
                assert!(checkpoints.keep_stamp(&kept, bytes).unwrap().ends_with(file));
            }
        }
        fs::write(path.with_file_name("00000000000000000013.tsr"), b"3").unwrap();
        let found = checkpoints.read().unwrap();
        let stamps: Vec<(Option<&Kept>, &[u8])> = found.stamps.iter().map(|stamp| (stamp.of.as_ref(), &stamp.bytes[..])).collect();
        assert_eq!(stamps, [(Some(&kept), &b"2"[..]), (Some(&kept), b"1"), (None, b"3")]);
    }

    #[test]
    fn what_is_no_note_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(folder.path());
        let path = checkpoints.keep(None, &note(12, &["a"])).unwrap();
        let text = fs::read(&path).unwrap();
        fs::write(path.with_file_name("00000000000000000013.note"), &text).unwrap();
        fs::write(path.with_file_name("00000000000000000014.note"), b"nothing").unwrap();
        fs::write(path.with_file_name("00000000000000000015.note.new"), b"cut").unwrap();
        fs::write(path.with_file_name("key"), b"none").unwrap();
        let found = checkpoints.read().unwrap();
        let whys: Vec<&str> = found.damaged.iter().map(|damaged| damaged.why.as_str()).collect();
        assert_eq!(found.notes.len(), 1);
        assert_eq!(
            whys,
            ["its name is of another size than 12", "line 1: a checkpoint has exactly three lines: origin, size, root", "it holds no key"]
        );
    }
}
