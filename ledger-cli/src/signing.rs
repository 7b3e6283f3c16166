//! Keys as files: a private key with everything it has signed, and public keys that signatures are held against.
//!
//! Whoever signs two histories of one ledger has signed a lie. A ledger can be put back from an old copy, its checkpoints with it; so what was
//! signed is remembered beside the key as well, in `KEY.signed`: of each ledger the largest checkpoint, written and synced before a signature
//! is given away. It is text, the three lines of each, so that it can be read and carried along with the key.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ledger_core::checkpoint::{Checkpoint, Kind, PublicKey};
use ledger_core::timestamp::Certificate;
use ledger_store::checkpoints::write_durably;

use crate::failure::{Code, Failure};

/// Reads a private key.
pub(crate) fn private(path: &Path) -> Result<SigningKey, Failure> {
    let text = fs::read_to_string(path).map_err(|why| Failure::unreadable(path, &why))?;
    parsed(&text).ok_or_else(|| {
        Failure::new(Code::E0405, format!("{} holds no Ed25519 key", path.display()))
            .because("a private key begins with -----BEGIN PRIVATE KEY-----")
            .hint("dealbook keygen FILE makes one")
    })
}

/// A private key, as PEM has it.
pub(crate) fn parsed(text: &str) -> Option<SigningKey> {
    SigningKey::from_pkcs8_pem(text).ok()
}

/// The certificates in the files of --tsa: what leads to one of them is believed.
pub(crate) fn certificates(folder: &Path, files: &[PathBuf]) -> Result<Vec<Certificate>, Failure> {
    let mut all = Vec::new();
    for file in files {
        let bytes = fs::read(folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
        let read = Certificate::all(&bytes).map_err(|why| {
            Failure::new(Code::E0405, format!("{} holds no certificate", file.display()))
                .because(why)
                .hint("the time stamping authority publishes its root; --tsa takes that, or the authority's own")
        })?;
        all.extend(read);
    }
    Ok(all)
}

/// The public keys that a flag names: a key itself, or a file with one a line (`NAME+ID+KEY`, or the base64 that keygen prints) or with one in
/// PEM, as openssl writes it.
pub(crate) fn public(folder: &Path, texts: &[String]) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for text in texts {
        if let Ok(key) = text.parse() {
            keys.push(key);
            continue;
        }
        let held = fs::read_to_string(folder.join(text)).map_err(|why| Failure::unreadable(Path::new(text), &why))?;
        if let Ok(key) = VerifyingKey::from_public_key_pem(&held) {
            keys.push(PublicKey { of: None, key });
            continue;
        }
        let lines: Vec<&str> = held.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let read: Option<Vec<PublicKey>> = lines.iter().map(|line| line.parse().ok()).collect();
        let none = || {
            Failure::new(Code::E0405, format!("{text} holds no public key"))
                .because("a public key is NAME+ID+KEY as checkpoint prints it, the base64 that keygen prints, or PEM")
                .hint("openssl pkey -in KEY.pem -pubout writes the public part of a private key")
        };
        keys.extend(read.filter(|read| !read.is_empty()).ok_or_else(none)?);
    }
    Ok(keys)
}

/// A private key in use: nobody else signs with it meanwhile.
pub(crate) struct Signer {
    /// The key.
    pub(crate) key: SigningKey,
    path: PathBuf,
    /// The largest checkpoint signed, by origin.
    signed: BTreeMap<String, Checkpoint>,
    _locked: File,
}

impl Signer {
    /// Takes a key and reads what it has signed.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let key = private(path)?;
        let locked = File::open(path).and_then(|file| file.lock().map(|()| file)).map_err(|why| Failure::unreadable(path, &why))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".signed");
        let path = path.with_file_name(name);
        let text = match fs::read_to_string(&path) {
            Err(why) if why.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(|why| Failure::unreadable(&path, &why))?,
        };
        let read: Result<BTreeMap<_, _>, _> = text
            .split_terminator("\n\n")
            .map(|lines| Checkpoint::parse(&format!("{lines}\n")).map(|checkpoint| (checkpoint.origin.clone(), checkpoint)))
            .collect();
        let signed = read.map_err(|why| {
            Failure::new(Code::E0405, format!("{} does not say what this key has signed", path.display()))
                .because(why)
                .hint("put it back from a copy: without it two histories of one ledger could be signed")
        })?;
        Ok(Self { key, path, signed, _locked: locked })
    }

    /// The key as the one that signs a ledger's checkpoints.
    pub(crate) fn of(&self, origin: &str) -> PublicKey {
        PublicKey::named(origin, Kind::Log, self.key.verifying_key())
    }

    /// The largest checkpoint of a ledger that was signed with it.
    pub(crate) fn before(&self, origin: &str) -> Option<&Checkpoint> {
        self.signed.get(origin)
    }

    /// Remembers, durably, that a checkpoint is about to be signed.
    pub(crate) fn remember(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.signed.insert(checkpoint.origin.clone(), checkpoint.clone());
        let text: String = self.signed.values().map(|checkpoint| format!("{checkpoint}\n")).collect();
        write_durably(&self.path, text.as_bytes()).map_err(|why| Failure::unwritable(&self.path, &why))
    }
}
