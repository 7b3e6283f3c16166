//! Source files, looked for by what is in them: the digest that a ledger has of each, below some folders.
//!
//! ```text
//! a file's whole content       has the digest: here
//! its first so many bytes      have it, and its name is the same: here, for a feed's file is only ever appended to
//! its name alone is the same   another content: told with both digests
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ledger_core::bundle;
use ledger_core::chain::Hash;
use ledger_core::event::{Entry, Event};
use ledger_store::Source;
use ledger_store::scan::ScanError;

use crate::decode;
use crate::failure::Failure;
use crate::import::files;

/// A file that a ledger names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// BLAKE3 of the file, after decompression.
    pub(crate) digest: Hash,
    /// What it is called there.
    pub(crate) file: String,
    /// Position of its `source.imported`.
    pub(crate) seq: u64,
    /// Its length, where that line is here.
    pub(crate) bytes: Option<u64>,
}

impl From<bundle::File> for Named {
    fn from(bundle::File { digest, file, seq }: bundle::File) -> Self {
        Self { digest, file, seq, bytes: None }
    }
}

/// The files that a ledger names, in the order of their imports.
///
/// # Errors
/// It cannot be read.
pub(crate) fn named_in(source: &dyn Source) -> Result<Vec<Named>, ScanError> {
    let mut all = Vec::new();
    for block in source.read(1)? {
        let block = block?;
        for (seq, line) in (block.first..).zip(block.lines()) {
            all.extend(named_by(line, seq)?);
        }
    }
    Ok(all)
}

/// The file that a line names, if it is the import of one.
///
/// # Errors
/// It is no line.
pub(crate) fn named_by(line: &[u8], seq: u64) -> Result<Option<Named>, ScanError> {
    if memchr::memmem::find(line, br#""event":{"type":"source.imported""#).is_none() {
        return Ok(None);
    }
    Ok(match Entry::read(line, seq)?.event {
        Event::SourceImported(said) => Some(Named { digest: said.digest, file: said.file.clone(), seq, bytes: Some(said.decoded_bytes) }),
        _ => None,
    })
}

/// Where a content is: the first so many bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    path: PathBuf,
    /// How long it is.
    pub(crate) bytes: u64,
    /// Whether more stands behind it in the file.
    pub(crate) has_grown: bool,
}

impl Place {
    /// Reads it.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(crate) fn open(&self) -> io::Result<impl Read> {
        Ok(decode::bytes_of(&self.path)?.take(self.bytes))
    }
}

/// A file under the name of one that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Other {
    path: PathBuf,
    /// What is in it; nothing when it cannot be decompressed.
    digest: Option<Hash>,
}

/// What was found below some folders.
#[derive(Debug, Default)]
pub(crate) struct Originals {
    by_digest: BTreeMap<Hash, Place>,
    by_name: BTreeMap<String, Other>,
}

impl Originals {
    /// Looks for files below folders, or at files themselves.
    ///
    /// # Errors
    /// A folder or file cannot be read.
    pub(crate) fn below(folders: &[PathBuf], from: &Path, wanted: &[Named]) -> Result<Self, Failure> {
        let mut lengths: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for named in wanted {
            lengths.entry(&named.file).or_default().extend(named.bytes);
        }
        let digests: BTreeSet<Hash> = wanted.iter().map(|named| named.digest).collect();
        let mut found = Self::default();
        // As the folders were given: what is said of them is said in these words.
        let whole: Vec<PathBuf> =
            folders.iter().map(|folder| if folder.is_relative() { from.join(folder) } else { folder.clone() }).collect();
        for file in files::find_every(&whole)? {
            let shown = file.path.strip_prefix(from).unwrap_or(&file.path).to_owned();
            let cuts = lengths.get(file.name.as_str());
            let digest = match digests_of(&file.path, cuts.into_iter().flatten().copied()) {
                Ok(Content { parts, digest, bytes }) => {
                    for (length, part) in parts.into_iter().filter(|(_, part)| digests.contains(part)) {
                        let place = Place { path: file.path.clone(), bytes: length, has_grown: length < bytes };
                        found.by_digest.entry(part).or_insert(place);
                    }
                    if digests.contains(&digest) {
                        // A file of its own comes before the beginning of another.
                        let place = Place { path: file.path.clone(), bytes, has_grown: false };
                        let known = found.by_digest.entry(digest).or_insert_with(|| place.clone());
                        if known.has_grown {
                            *known = place;
                        }
                    }
                    Some(digest)
                }
                Err(why)
                    if matches!(why.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
                {
                    None
                }
                Err(why) => return Err(Failure::unreadable(&shown, &why)),
            };
            if cuts.is_some() {
                found.by_name.entry(file.name).or_insert(Other { path: shown, digest });
            }
        }
        Ok(found)
    }

    /// Where a file is.
    pub(crate) fn of(&self, digest: &Hash) -> Option<&Place> {
        self.by_digest.get(digest)
    }

    /// Whether another content stands under the name of a file that is not here.
    pub(crate) fn is_other(&self, named: &Named) -> bool {
        self.by_name.contains_key(&named.file)
    }

    /// What is said of a file that is not here, and of what stands under its name instead.
    pub(crate) fn absence(&self, Named { digest, file, seq, .. }: &Named) -> String {
        let was = digest.short();
        let Some(Other { path, digest }) = self.by_name.get(file) else { return format!("{file} of #{seq}, {was}") };
        let is = digest.map_or("it cannot be decompressed".to_owned(), |is| format!("it is {}", is.short()));
        format!("{file} of #{seq} was {was}; {is} in {}", path.display())
    }
}

/// What is in a file.
struct Content {
    /// The digests of its first so many bytes.
    parts: Vec<(u64, Hash)>,
    digest: Hash,
    bytes: u64,
}

/// Takes the digests of the first so many bytes of a file, by lengths that ascend, and of all of it.
fn digests_of(path: &Path, lengths: impl Iterator<Item = u64>) -> io::Result<Content> {
    let (mut file, mut hasher, mut bytes, mut parts) = (decode::bytes_of(path)?, blake3::Hasher::new(), 0, Vec::new());
    let digest = |hasher: &blake3::Hasher| Hash::from_bytes(*hasher.finalize().as_bytes());
    for length in lengths {
        bytes += io::copy(&mut file.by_ref().take(length - bytes), &mut hasher)?;
        if bytes < length {
            return Ok(Content { parts, digest: digest(&hasher), bytes });
        }
        parts.push((length, digest(&hasher)));
    }
    bytes += io::copy(&mut file, &mut hasher)?;
    Ok(Content { parts, digest: digest(&hasher), bytes })
}
