//! A checkpoint: who a ledger is, how many lines it has, and the root of its tree, in three lines of text that a key signs.
//!
//! ```text
//! ledger.example.com/emea                                          origin: line 1 of the ledger names it
//! 1853                                                             size
//! qVb0…31s=                                                        root
//!
//! — ledger.example.com/emea <base64 of key id and signature>       type 1: the ledger's own key
//! — northbridge.example <base64 of key id, time and signature>     type 4: a witness that saw it, and when
//! ```
//!
//! The formats are C2SP's signed note, tlog-checkpoint and tlog-cosignature (v1, Ed25519), read strictly: no extension lines, every
//! base64 and number in its one form, no signature twice. `docs/formats/checkpoint.md` shows how to check one with openssl.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::event::governance::KeyRotated;
use crate::merkle::Node;

/// The longest note that is read, in bytes: room for more signatures than anyone has asked for.
pub const LONGEST_NOTE: usize = 1 << 18;

/// No note has more signatures, as in Go's checksum database: each is held against those above it, and against every key.
const MOST_SIGNATURES: usize = 100;

/// Text that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// What was expected there.
    pub why: &'static str,
}

impl Malformed {
    pub(crate) const fn at(line: usize, why: &'static str) -> Self {
        Self { line, why }
    }
}

/// What is signed: a ledger up to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's origin, as `ledger.opened` names it.
    pub origin: String,
    /// How many lines it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Node,
}

impl Checkpoint {
    /// Reads its three lines, each with its newline.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let [origin, size, root] = lines.as_slice() else {
            return Err(Malformed::at(lines.len().min(4), "a checkpoint has exactly three lines: origin, size, root"));
        };
        if origin.is_empty() || origin.chars().any(char::is_control) {
            return Err(Malformed::at(1, "the origin is one line of text, and not empty"));
        }
        let size = decimal(size).ok_or(Malformed::at(2, "the size is a whole number without leading zeros"))?;
        let root = root.parse().map_err(|_| Malformed::at(3, "the root is 32 bytes in base64"))?;
        let checkpoint = Self { origin: (*origin).to_owned(), size, root };
        if checkpoint.to_string() == text { Ok(checkpoint) } else { Err(Malformed::at(3, "each line ends with one newline")) }
    }

    /// What a witness signs: the checkpoint as of a moment, in seconds since 1970.
    fn cosigned(&self, at: u64) -> String {
        format!("cosignature/v1\ntime {at}\n{self}")
    }
}

/// Its three lines, each with its newline: what the ledger's key signs.
impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root } = self;
        write!(out, "{origin}\n{size}\n{root}\n")
    }
}

/// A whole number in its one form.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// What a signature says. Its number goes into the key's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The ledger's own key signed the three lines.
    Log = 1,
    /// A witness saw them, and nothing inconsistent before.
    Cosigner = 4,
}

/// Whether a name can stand in a signature: not empty, no space, no `+`.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// The four bytes by which a signature names its key (C2SP signed-note).
fn key_id(name: &str, kind: Kind, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind as u8]).chain_update(key.as_bytes()).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// A key that signatures are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The name and the kind of signature it stands for; a key without is any name's, for both.
    pub of: Option<(String, Kind)>,
    /// The Ed25519 key.
    pub key: VerifyingKey,
}

impl PublicKey {
    /// A key under a name.
    pub fn named(name: &str, kind: Kind, key: VerifyingKey) -> Self {
        Self { of: Some((name.to_owned(), kind)), key }
    }

    /// Its 32 bytes in base64, as people register keys.
    pub fn base64(&self) -> String {
        Base64::encode_string(self.key.as_bytes())
    }
}

/// `name+id+key`, as C2SP writes a verifier key; a key without a name is its base64 alone.
impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((name, kind)) = &self.of else { return out.write_str(&self.base64()) };
        let id = key_id(name, *kind, &self.key).map(|byte| format!("{byte:02x}")).concat();
        write!(out, "{name}+{id}+{}", Base64::encode_string(&[&[*kind as u8][..], self.key.as_bytes()].concat()))
    }
}

/// A text that is no Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is NAME+ID+KEY as checkpoint prints it, or the base64 of its 32 bytes as keygen does")]
pub struct NotAKey;

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let key = |bytes: &[u8]| VerifyingKey::from_bytes(bytes.try_into().map_err(|_| NotAKey)?).map_err(|_| NotAKey);
        let decoded = |text: &str| Base64::decode_vec(text).map_err(|_| NotAKey);
        let read = match text.splitn(3, '+').collect::<Vec<_>>().as_slice() {
            [name, _, coded] if is_key_name(name) && decoded(coded).is_ok_and(|bytes| bytes.len() == 33) => {
                let bytes = decoded(coded)?;
                let kind = match bytes[0] {
                    1 => Kind::Log,
                    4 => Kind::Cosigner,
                    _ => return Err(NotAKey),
                };
                Self::named(name, kind, key(&bytes[1..])?)
            }
            _ => Self { of: None, key: key(&decoded(text)?)? },
        };
        if read.to_string() == text { Ok(read) } else { Err(NotAKey) }
    }
}

/// One signature under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The name of the key.
    pub name: String,
    /// Its id.
    id: [u8; 4],
    /// What stands behind the id: the signature, of a witness with its time before it.
    bytes: Vec<u8>,
}

/// What a signature by a known key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By<'a> {
    /// The name it was made under.
    pub name: &'a str,
    /// What it says.
    pub kind: Kind,
    /// When, in seconds since 1970: a witness says so.
    pub at: Option<u64>,
    /// Whether it is the key's signature of this checkpoint.
    pub holds: bool,
}

/// A checkpoint with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// By whom, in the order in which they signed.
    pub signatures: Vec<Signed>,
}

impl Note {
    /// A checkpoint that nobody has signed.
    pub const fn unsigned(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, signatures: Vec::new() }
    }

    /// Reads a note with at least one signature.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let note = Self::parse_open(bytes)?;
        if note.signatures.is_empty() { Err(Malformed::at(4, "a note has a blank line and a signature here")) } else { Ok(note) }
    }

    /// Reads a note that may still be without signatures: the three lines alone.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn parse_open(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > LONGEST_NOTE {
            return Err(Malformed::at(1, "a note is not that long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::at(1, "a note is UTF-8 text"))?;
        let Some((body, lines)) = text.split_once("\n\n") else { return Checkpoint::parse(text).map(Self::unsigned) };
        let checkpoint = Checkpoint::parse(&text[..=body.len()])?;
        let mut note = Self::unsigned(checkpoint);
        for (at, line) in lines.split_terminator('\n').enumerate() {
            if at == MOST_SIGNATURES {
                return Err(Malformed::at(at + 5, "a note has no more than 100 signatures"));
            }
            let signed = Signed::parse(line).ok_or(Malformed::at(at + 5, "a signature is `— NAME BASE64`"))?;
            if note.signatures.iter().any(|other| (&other.name, other.id) == (&signed.name, signed.id)) {
                return Err(Malformed::at(at + 5, "the key has signed above"));
            }
            note.signatures.push(signed);
        }
        if note.to_string() == text && !note.signatures.is_empty() {
            Ok(note)
        } else {
            Err(Malformed::at(5, "behind the blank line stand signatures, each ending with one newline"))
        }
    }

    /// Signs it as the ledger. Signing again changes nothing.
    pub fn sign(&mut self, name: &str, key: &SigningKey) {
        let signature = key.sign(self.checkpoint.to_string().as_bytes());
        self.add(name, Kind::Log, key, signature.to_bytes().to_vec());
    }

    /// Signs it as a witness who saw it at a moment, in seconds since 1970.
    pub fn cosign(&mut self, name: &str, key: &SigningKey, at: u64) {
        let signature = key.sign(self.checkpoint.cosigned(at).as_bytes());
        self.add(name, Kind::Cosigner, key, [&at.to_be_bytes()[..], &signature.to_bytes()].concat());
    }

    fn add(&mut self, name: &str, kind: Kind, key: &SigningKey, bytes: Vec<u8>) {
        self.put(Signed { name: name.to_owned(), id: key_id(name, kind, &key.verifying_key()), bytes });
    }

    /// Adds the signatures that the same checkpoint has elsewhere and not here.
    pub fn join(&mut self, other: Self) {
        let is_new = |signed: &Signed, here: &[Signed]| !here.iter().any(|known| (&known.name, known.id) == (&signed.name, signed.id));
        for signed in other.signatures {
            if is_new(&signed, &self.signatures) {
                self.signatures.push(signed);
            }
        }
    }

    fn put(&mut self, signed: Signed) {
        match self.signatures.iter_mut().find(|other| (&other.name, other.id) == (&signed.name, signed.id)) {
            Some(other) => *other = signed,
            None => self.signatures.push(signed),
        }
    }

    /// The signatures by a key. Whoever trusts the key refuses the note if one of them does not hold; signatures by other keys are not looked
    /// at, as C2SP asks.
    pub fn by<'a>(&'a self, key: &'a PublicKey) -> impl Iterator<Item = By<'a>> {
        self.signatures.iter().filter_map(|signed| self.judged(signed, key))
    }

    fn judged<'a>(&self, signed: &'a Signed, key: &PublicKey) -> Option<By<'a>> {
        let is_of = |kind: &Kind| match &key.of {
            Some((name, of)) => *name == signed.name && of == kind,
            None => true,
        };
        let kind =
            [Kind::Log, Kind::Cosigner].into_iter().find(|kind| is_of(kind) && key_id(&signed.name, *kind, &key.key) == signed.id)?;
        let holds = |message: &str, bytes: &[u8]| {
            Signature::from_slice(bytes).is_ok_and(|signature| key.key.verify_strict(message.as_bytes(), &signature).is_ok())
        };
        let (at, holds) = match kind {
            Kind::Log => (None, holds(&self.checkpoint.to_string(), &signed.bytes)),
            Kind::Cosigner => match signed.bytes.split_first_chunk() {
                // C2SP: a time is at most 2^63 - 1.
                Some((at, rest)) if at[0] < 0x80 => {
                    let at = u64::from_be_bytes(*at);
                    (Some(at), holds(&self.checkpoint.cosigned(at), rest))
                }
                _ => (None, false),
            },
        };
        Some(By { name: &signed.name, kind, at, holds })
    }
}

impl Signed {
    fn parse(line: &str) -> Option<Self> {
        let (name, coded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = Base64::decode_vec(coded).ok()?;
        let (id, bytes) = bytes.split_first_chunk()?;
        (is_key_name(name) && !bytes.is_empty()).then(|| Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "— {} {}", self.name, Base64::encode_string(&[&self.id[..], &self.bytes].concat()))
    }
}

/// The whole note; of one that nobody has signed, its three lines.
impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checkpoint.fmt(out)?;
        if !self.signatures.is_empty() {
            out.write_str("\n")?;
        }
        self.signatures.iter().try_for_each(|signed| writeln!(out, "{signed}"))
    }
}

/// What both keys sign when the ledger's key is replaced.
pub fn rotation_of(previous: &PublicKey, key: &PublicKey) -> String {
    format!("dealbook key.rotated v1\n{previous}\n{key}\n")
}

/// Which key signs the checkpoints of a ledger, from which size on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The first key, then each that replaced it, with the position of the event that says so.
    since: Vec<(u64, PublicKey)>,
}

impl Keys {
    /// One key, for every size.
    pub fn first(key: PublicKey) -> Self {
        Self { since: vec![(0, key)] }
    }

    /// The keys of a ledger in which these rotations are recorded, in order: each replaces the one before, and is signed by both. `first` is
    /// the key of a ledger that has none.
    ///
    /// # Errors
    /// The position of the first rotation that is not one, and why.
    pub fn of<'a>(
        origin: &str,
        first: Option<PublicKey>,
        rotations: impl IntoIterator<Item = (u64, &'a KeyRotated)>,
    ) -> Result<Option<Self>, (u64, &'static str)> {
        let mut keys = first.map(Self::first);
        for (seq, rotated) in rotations {
            let (previous, key) = rotated.keys().ok_or((seq, "it names no keys"))?;
            if [&previous, &key].iter().any(|key| key.of != Some((origin.to_owned(), Kind::Log))) {
                return Err((seq, "it names keys of another ledger"));
            }
            if !rotated.is_signed() {
                return Err((seq, "one of the two keys has not signed it"));
            }
            let keys = keys.get_or_insert_with(|| Self::first(previous.clone()));
            if keys.last().key != previous.key {
                return Err((seq, "it replaces a key that did not sign"));
            }
            keys.since.push((seq, key));
        }
        Ok(keys)
    }

    /// The key that signs a checkpoint of this size.
    pub fn at(&self, size: u64) -> &PublicKey {
        let (_, key) = self.since.iter().rev().find(|(seq, _)| *seq <= size).expect("the first key is there from 0 on");
        key
    }

    /// The key that signs now.
    pub fn last(&self) -> &PublicKey {
        self.at(u64::MAX)
    }

    /// Whether a key is one of them.
    pub fn holds(&self, key: &PublicKey) -> bool {
        self.since.iter().any(|(_, known)| known.key == key.key && (key.of.is_none() || key.of == known.of))
    }
}
