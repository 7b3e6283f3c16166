//! Where a log can live: one list, and `scheme:location` to choose from it.

pub mod jsonl;
pub mod memory;
pub mod sled;

#[cfg(test)]
mod contract;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Log, LogError, Notice, Source};
use jsonl::Jsonl;
use memory::Memory;
use sled::{Meta, Options, Reader, Salvage, Sled};

/// A log that is open for writing, and what was out of order and has been put right.
pub struct Opened {
    /// The log.
    pub log: Box<dyn Log>,
    /// What is worth telling.
    pub notices: Vec<Notice>,
}

/// A kind of place for lines.
struct Backend {
    scheme: &'static str,
    open: fn(&Path, Options) -> Result<Opened, LogError>,
    read: fn(&Path) -> Result<Box<dyn Source>, LogError>,
    /// Makes an empty log where there is none; [`LogError::Exists`] where there is one.
    create: fn(&Path, &Meta) -> Result<(), LogError>,
}

/// Every kind there is. The first is meant when none is named.
const BACKENDS: &[Backend] = &[
    Backend {
        scheme: "sled",
        open: |path, options| {
            let (log, notices) = Sled::open(&folder_at(path), options)?;
            Ok(Opened { log: Box::new(log), notices })
        },
        read: |path| Ok(Box::new(Reader::open(&folder_at(path))?)),
        create: |path, meta| sled::create(&folder_at(path), meta),
    },
    Backend {
        scheme: "jsonl",
        open: |path, options| {
            let (log, notices) = Jsonl::open(path, options.patience)?;
            Ok(Opened { log: Box::new(log), notices })
        },
        read: |path| Ok(Box::new(Jsonl::reader(path)?)),
        create: |path, _| if path.exists() { Err(LogError::Exists { path: path.to_owned() }) } else { Ok(()) },
    },
    Backend {
        scheme: "memory",
        open: |_, _| Ok(Opened { log: Box::new(Memory::new()), notices: Vec::new() }),
        read: |_| Ok(Box::new(Memory::new())),
        create: |_, _| Ok(()),
    },
];

/// The folder of a ledger: the one named, or the `.dealbook` in it.
fn folder_at(path: &Path) -> PathBuf {
    let inside = path.join(".dealbook");
    if !path.join("meta.json").exists() && inside.is_dir() { inside } else { path.to_owned() }
}

fn backend(place: &str) -> Result<(&'static Backend, &Path), LogError> {
    let named = place.split_once(':').filter(|(scheme, _)| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_lowercase()));
    let Some((scheme, location)) = named else { return Ok((&BACKENDS[0], Path::new(place))) };
    let found = BACKENDS.iter().find(|backend| backend.scheme == scheme).ok_or_else(|| LogError::NoSuchBackend {
        scheme: scheme.to_owned(),
        known: BACKENDS.iter().map(|backend| format!("`{}`", backend.scheme)).collect::<Vec<_>>().join(", "),
    })?;
    Ok((found, Path::new(location)))
}

/// Opens the log at a place, `scheme:location`, for writing. A path without a scheme is a folder of the default kind.
///
/// # Errors
/// [`LogError::NoSuchBackend`]; what the backend says.
pub fn open(place: &str, options: Options) -> Result<Opened, LogError> {
    let (backend, location) = backend(place)?;
    (backend.open)(location, options)
}

/// Opens the log at a place for writing, and makes an empty one if there is none.
///
/// # Errors
/// As [`open`] and [`create`].
pub fn open_or_create(place: &str, meta: &Meta, options: Options) -> Result<Opened, LogError> {
    match create(place, meta) {
        Ok(()) | Err(LogError::Exists { .. }) => open(place, options),
        Err(error) => Err(error),
    }
}

/// Makes an empty log at a place. What a ledger says of itself outside of its lines is kept where there is room for it.
///
/// # Errors
/// [`LogError::NoSuchBackend`], [`LogError::Exists`]; what the backend says.
pub fn create(place: &str, meta: &Meta) -> Result<(), LogError> {
    let (backend, location) = backend(place)?;
    (backend.create)(location, meta)
}

/// Opens the log at a place for reading. No lock is taken.
///
/// # Errors
/// [`LogError::NoSuchBackend`]; what the backend says.
pub fn read(place: &str) -> Result<Box<dyn Source>, LogError> {
    let (backend, location) = backend(place)?;
    (backend.read)(location)
}

/// Opens what can still be read at a place: the log, or, where that is damaged or ends too early, the lines that its store holds.
/// Says why, if it is not the log.
///
/// # Errors
/// As [`read`], when the store does not go further either.
pub fn salvage(place: &str) -> Result<(Box<dyn Source>, Option<LogError>), LogError> {
    let (backend, location) = backend(place)?;
    let log = (backend.read)(location);
    if backend.scheme != "sled" {
        return Ok((log?, None));
    }
    let refused = match log {
        Err(error) if error.is_integrity() || matches!(error, LogError::Io { .. } | LogError::NotALedger { .. }) => error,
        Err(error) => return Err(error),
        Ok(log) => match Salvage::open(&folder_at(location), Duration::ZERO) {
            Ok(store) if store.head().seq > log.head().seq => {
                let ahead = LogError::StoreAheadOfLog { log: log.head(), store: store.head() };
                return Ok((Box::new(store), Some(ahead)));
            }
            _ => return Ok((log, None)),
        },
    };
    match Salvage::open(&folder_at(location), Duration::ZERO) {
        Ok(store) if store.head().seq > 0 => Ok((Box::new(store), Some(refused))),
        _ => Err(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_scheme_and_a_location() {
        let chosen = |place| backend(place).map(|(backend, path)| (backend.scheme, path.display().to_string()));
        assert_eq!(chosen("sled:a/b").unwrap(), ("sled", "a/b".to_owned()));
        assert_eq!(chosen("jsonl:x.jsonl").unwrap(), ("jsonl", "x.jsonl".to_owned()));
        assert_eq!(chosen("./a:b").unwrap(), ("sled", "./a:b".to_owned()));
        assert_eq!(chosen("books").unwrap(), ("sled", "books".to_owned()));
        assert_eq!(
            chosen("redis:x").unwrap_err().to_string(),
            "`redis` is not a kind of ledger: expected one of `sled`, `jsonl`, `memory`"
        );
    }
}
