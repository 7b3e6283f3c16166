//! Proofs as files that travel: that a line is in a ledger (C2SP tlog-proof), and that a checkpoint continues an older one (the body of
//! C2SP tlog-witness's `add-checkpoint`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1          old 1203
//! extra <base64 of the line>      <hashes of the consistency proof>
//! index 1203
//! <hashes of the inclusion proof> <the checkpoint>
//!
//! <the checkpoint>
//! ```

use std::fmt;

use base64ct::{Base64, Encoding as _};

use crate::chain::LONGEST_LINE;
use crate::checkpoint::{Checkpoint, Malformed, Note, decimal};
use crate::merkle::{Disproved, Node, verify_consistency, verify_inclusion};

/// The first line of a proof.
pub const MAGIC: &str = "c2sp.org/tlog-proof@v1";
/// No tree has a path with more hashes, and no consistency proof more than one on top.
const LONGEST_PATH: usize = 64;

/// That a line is in a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The line itself: what the format calls extra data. Nothing vouches for it but that the proof leads from it to the root.
    pub line: Option<Vec<u8>>,
    /// Its position, from 0: `seq - 1`.
    pub index: u64,
    /// From the leaf's sibling to the child of the root.
    pub path: Vec<Node>,
    /// The checkpoint that it is in.
    pub note: Note,
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::at(1, "a proof is UTF-8 text"))?;
        let (head, rest) = text.split_once("\n\n").ok_or(Malformed::at(1, "a blank line and a checkpoint follow"))?;
        let mut lines = head.split('\n').enumerate().peekable();
        if lines.next().is_none_or(|(_, line)| line != MAGIC) {
            return Err(Malformed::at(1, "a proof begins with c2sp.org/tlog-proof@v1"));
        }
        let mut line = None;
        if let Some((at, text)) = lines.next_if(|(_, line)| line.starts_with("extra ")) {
            let coded = &text["extra ".len()..];
            let bytes = Base64::decode_vec(coded).ok().filter(|bytes| !bytes.is_empty() && bytes.len() <= LONGEST_LINE);
            line = Some(bytes.ok_or(Malformed::at(at + 1, "extra is the line of the ledger in base64"))?);
        }
        let index = lines.next().and_then(|(_, line)| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(Malformed::at(2, "`index N` follows"))?;
        let path = lines.map(|(at, line)| hash(at + 1, line)).collect::<Result<Vec<_>, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(Malformed::at(2, "no tree is that high"));
        }
        let proof = Self { line, index, path, note: Note::parse(rest.as_bytes())? };
        if proof.to_string() == text { Ok(proof) } else { Err(Malformed::at(1, "it is not written in its one form")) }
    }

    /// Whether it leads from a line to the root of its checkpoint. Who signed that is another question.
    ///
    /// # Errors
    /// Why not.
    pub fn verify(&self, line: &[u8]) -> Result<(), Disproved> {
        let Checkpoint { size, root, .. } = self.note.checkpoint;
        verify_inclusion(Node::leaf(line), self.index, size, &self.path, root)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{MAGIC}")?;
        if let Some(line) = &self.line {
            writeln!(out, "extra {}", Base64::encode_string(line))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.path.iter().try_for_each(|node| writeln!(out, "{node}"))?;
        write!(out, "\n{}", self.note)
    }
}

/// A checkpoint with the proof that it continues an older one: what is handed to whoever signs without the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size of the older one; 0 when nothing is proven.
    pub old: u64,
    /// The consistency proof.
    pub path: Vec<Node>,
    /// The checkpoint, signed or not.
    pub note: Note,
}

impl Request {
    /// Reads a request; a note alone is one that proves nothing about an older one.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::at(1, "a request is UTF-8 text"))?;
        if !text.starts_with("old ") {
            return Ok(Self { old: 0, path: vec![], note: Note::parse_open(bytes)? });
        }
        let (head, rest) = text.split_once("\n\n").ok_or(Malformed::at(1, "a blank line and a checkpoint follow"))?;
        let mut lines = head.split('\n').enumerate();
        let old = lines.next().and_then(|(_, line)| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(Malformed::at(1, "`old N` is the size of the older checkpoint"))?;
        let path = lines.map(|(at, line)| hash(at + 1, line)).collect::<Result<Vec<_>, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(Malformed::at(2, "no tree is that high"));
        }
        Ok(Self { old, path, note: Note::parse_open(rest.as_bytes())? })
    }

    /// Whether it continues an older checkpoint of the same ledger.
    ///
    /// # Errors
    /// Why not.
    pub fn continues(&self, older: &Checkpoint) -> Result<(), Disproved> {
        let Checkpoint { size, root, .. } = self.note.checkpoint;
        // Of one size, the roots tell it all.
        let path = if size == older.size { &[][..] } else { &self.path };
        if self.old != older.size && size != older.size {
            return Err(Disproved::Sizes);
        }
        verify_consistency((older.size, older.root), (size, root), path)
    }
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old)?;
        self.path.iter().try_for_each(|node| writeln!(out, "{node}"))?;
        write!(out, "\n{}", self.note)
    }
}

fn hash(line: usize, text: &str) -> Result<Node, Malformed> {
    text.parse().map_err(|_| Malformed::at(line, "a proof has one hash of 32 bytes in base64 a line"))
}
