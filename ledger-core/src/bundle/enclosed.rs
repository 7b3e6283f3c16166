//! Source files in a bundle: in pieces, each file once, held against its digest.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};

use crate::chain::Hash;

/// So many bytes of a file stand in a line; in its last line, what is left.
pub(super) const PIECE: usize = 3 << 17;

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Piece {
    /// How many bytes of the file stand before it.
    at: u64,
    b64: String,
    /// How long the file is, after decompression.
    bytes: u64,
    /// Which file it is of.
    digest: Hash,
}

impl Piece {
    pub(super) fn of(digest: Hash, bytes: u64, at: u64, part: &[u8]) -> Self {
        Self { at, b64: Base64::encode_string(part), bytes, digest }
    }
}

/// Files, as their pieces come.
#[derive(Default)]
pub(super) struct Enclosed {
    open: Option<Open>,
    whole: BTreeSet<Hash>,
}

/// A file of which pieces are still to come.
struct Open {
    digest: Hash,
    bytes: u64,
    at: u64,
    hasher: blake3::Hasher,
}

impl Enclosed {
    /// Takes the next piece; `named` are the digests of the files that are named.
    pub(super) fn take(&mut self, piece: &Piece, named: &BTreeSet<Hash>) -> Result<(), String> {
        let part = Base64::decode_vec(&piece.b64).map_err(|_| "a piece of a file is no base64".to_owned())?;
        let mut open = match self.open.take() {
            Some(open) => open,
            None if !named.contains(&piece.digest) => return Err(format!("no line here names the file {}", piece.digest.short())),
            None if self.whole.last().is_some_and(|before| *before >= piece.digest) => {
                return Err("files stand by digest, each once".to_owned());
            }
            None => Open { digest: piece.digest, bytes: piece.bytes, at: 0, hasher: blake3::Hasher::new() },
        };
        let wanted = (open.bytes - open.at).min(PIECE as u64);
        if (piece.digest, piece.bytes, piece.at, part.len() as u64) != (open.digest, open.bytes, open.at, wanted) {
            return Err(format!("it is not the next piece of the file {}", open.digest.short()));
        }
        open.hasher.update(&part);
        open.at += wanted;
        if open.at < open.bytes {
            self.open = Some(open);
            return Ok(());
        }
        let found = Hash::from_bytes(*open.hasher.finalize().as_bytes());
        if found != open.digest {
            return Err(format!("the file {} is another one: it comes to {}", open.digest.short(), found.short()));
        }
        self.whole.insert(found);
        Ok(())
    }

    /// Whether no piece is missing.
    pub(super) fn is_whole(&self) -> Result<(), String> {
        self.open.as_ref().map_or(Ok(()), |open| Err(format!("the file {} is cut off", open.digest.short())))
    }

    /// The files that are here.
    pub(super) fn done(self) -> BTreeSet<Hash> {
        self.whole
    }
}
