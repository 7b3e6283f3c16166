//! The hash chain. Each line holds the BLAKE3 of the bytes of the line before, and its position.
//!
//! Following a line costs one hash and a look at its last few hundred bytes: the event inside is not decoded, and nothing is ever
//! serialised again to be compared. What the chain cannot show (a shortened tail, a rewrite by whoever holds the data) is said in
//! `docs/formats/line.md`.

mod many;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use many::hash_each;

/// The format version that this program writes.
pub const VERSION: u64 = 1;
/// The longest line, in bytes: the entry bundles of a static transparency log prefix each with two bytes of length.
pub const LONGEST_LINE: usize = 65_535;

/// The BLAKE3 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What line 1 names as the line before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The BLAKE3 of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The BLAKE3 of what is written.
    pub fn of_written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Self {
        let mut hasher = blake3::Hasher::new();
        write(&mut hasher).expect("nothing refuses to be hashed");
        Self(*hasher.finalize().as_bytes())
    }

    /// The hash that has these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits, for people: `b3:aee00dcc`.
    pub fn short(&self) -> String {
        format!("b3:{}", &self.to_string()[..8])
    }

    /// Reads 64 lower-case hexadecimal digits.
    fn from_hex(hex: &[u8]) -> Option<Self> {
        let hex: &[u8; 64] = hex.try_into().ok()?;
        let (mut bytes, mut wrong) = ([0; 32], 0);
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            wrong |= high | low;
            *byte = high << 4 | low;
        }
        (wrong < 16).then_some(Self(bytes))
    }
}

/// The value of each lower-case hexadecimal digit; 255 for every other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

impl Hash {
    /// Hands out its text, which is nowhere allocated.
    fn written<R>(self, take: impl FnOnce(&str) -> R) -> R {
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        take(std::str::from_utf8(&hex).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written(|hex| out.write_str(hex))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 lower-case hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        Self::from_hex(text.as_bytes()).ok_or(NotAHash)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written(|hex| serializer.serialize_str(hex))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::parsed(deserializer, "a hash of 64 hexadecimal digits")
    }
}

/// How far a ledger goes: the position of its last line and the hash of that line. An empty ledger is at 0, with 64 zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Position of the last line, from 1.
    pub seq: u64,
    /// BLAKE3 of the last line's bytes, without the newline.
    pub hash: Hash,
}

impl Head {
    /// Before the first line.
    pub const EMPTY: Self = Self { seq: 0, hash: Hash::ZERO };
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{} {}", self.seq, self.hash.short())
    }
}

/// What a line says of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The position it claims.
    pub seq: u64,
    /// The hash it gives for the line before.
    pub prev: Hash,
}

/// Why a line does not follow the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The bytes are not a line of a ledger.
    #[error("event #{at} is not a line of a ledger")]
    NotALine {
        /// The position where a line was expected.
        at: u64,
    },
    /// A line of a later format version: a newer program wrote it, or it was changed.
    #[error("event #{at} has format version {version}, and this dealbook reads version {VERSION}")]
    Newer {
        /// The position where a line was expected.
        at: u64,
        /// The version it has.
        version: u64,
    },
    /// A line that is longer than a line may be.
    #[error("event #{at} is longer than {LONGEST_LINE} bytes")]
    TooLong {
        /// The position where a line was expected.
        at: u64,
    },
    /// Another position than the next one: something is missing, inserted, repeated or out of order.
    #[error("event #{expected} was expected and event #{found} found")]
    OutOfPlace {
        /// The position after the head.
        expected: u64,
        /// The position the line claims.
        found: u64,
    },
    /// The first line does not begin a ledger.
    #[error("event #1 does not begin a ledger: it names {prev} as the hash before it")]
    WrongGenesis {
        /// The hash it gives for the line before.
        prev: Hash,
    },
    /// The hash it gives for the line before is not that line's hash.
    #[error("event #{at} does not match its hash")]
    Unequal {
        /// The line whose hash is in question: the one before.
        at: u64,
        /// What the line after it says its hash is.
        stored: Hash,
        /// What its bytes give.
        computed: Hash,
    },
}

impl Broken {
    /// The position the damage is reported at.
    pub fn at(&self) -> u64 {
        match *self {
            Self::NotALine { at } | Self::Newer { at, .. } | Self::TooLong { at } | Self::Unequal { at, .. } => at,
            Self::OutOfPlace { expected, .. } => expected,
            Self::WrongGenesis { .. } => 1,
        }
    }
}

/// Reads what a line says of its place, from its end: `…,"prev":"<64 hex>","recorded_at":"…","seq":N,"source":…,"v":1}`.
///
/// The last `,"prev":"` of a line is the line's own: behind it stand only fields that cannot hold these bytes, because a quote inside
/// a JSON string is always escaped.
///
/// # Errors
/// [`Broken`] with `at` as the position, when the bytes are no line of this format.
pub fn link(line: &[u8], at: u64) -> Result<Link, Broken> {
    if line.len() > LONGEST_LINE {
        return Err(Broken::TooLong { at });
    }
    readable(version(line).ok_or(Broken::NotALine { at })?, at)?;
    place(line).ok_or(Broken::NotALine { at })
}

/// What a line of whatever version says of its place, when it says it as this one does.
pub(crate) fn place(line: &[u8]) -> Option<Link> {
    const PREV: &[u8] = b",\"prev\":\"";
    version(line).filter(|_| line.len() <= LONGEST_LINE && line.starts_with(b"{"))?;
    // From the end there are few commas to look at, and no searcher to build.
    let at = memchr::memrchr_iter(b',', line).find(|at| line[*at..].starts_with(PREV))?;
    let rest = &line[at + PREV.len()..];
    let prev = Hash::from_hex(rest.get(..64)?)?;
    let rest = rest[64..].strip_prefix(b"\",\"recorded_at\":\"")?;
    let rest = &rest[memchr::memchr(b'"', rest)?..];
    let rest = rest.strip_prefix(b"\",\"seq\":")?;
    let width = memchr::memchr(b',', rest)?;
    let seq = number(&rest[..width])?;
    rest[width..].starts_with(b",\"source\":").then_some(Link { seq, prev })
}

/// Whether a line of this version can be read. There was none before the first.
///
/// # Errors
/// It cannot.
pub(crate) fn readable(version: u64, at: u64) -> Result<(), Broken> {
    match version {
        VERSION => Ok(()),
        ..VERSION => Err(Broken::NotALine { at }),
        _ => Err(Broken::Newer { at, version }),
    }
}

/// The version in the last few bytes: `,"v":N}`.
fn version(line: &[u8]) -> Option<u64> {
    let body = line.strip_suffix(b"}")?;
    let start = body.iter().rposition(|b| !b.is_ascii_digit())? + 1;
    body[..start].ends_with(b",\"v\":").then(|| number(&body[start..]))?
}

/// A whole number without leading zeros, below 2^53 so that every JSON reader holds it exactly.
fn number(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.len() <= 16 && (digits[0] != b'0' || digits.len() == 1);
    if !plain || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    (value < 1 << 53).then_some(value)
}

/// Follows one line: the only way in, for new lines and stored ones alike.
///
/// # Errors
/// How the chain breaks. The head is then unchanged.
pub fn follow(head: Head, line: &[u8]) -> Result<Head, Broken> {
    step(head, link(line, head.seq + 1)?, || Hash::of(line))
}

/// Follows many lines that are there already, faster than one by one: the head behind each. What comes behind the first line that does not
/// follow means nothing.
pub fn follow_each<'a>(head: Head, lines: &'a [&[u8]]) -> impl Iterator<Item = Result<Head, Broken>> + use<'a> {
    let mut head = head;
    lines.iter().zip(hash_each(lines)).map(move |(line, hash)| {
        head = step(head, link(line, head.seq + 1)?, || hash)?;
        Ok(head)
    })
}

/// The head behind a line that says this of its place, and hashes so.
///
/// # Errors
/// As [`fits`].
pub fn step(head: Head, link: Link, hash: impl FnOnce() -> Hash) -> Result<Head, Broken> {
    fits(head, link)?;
    Ok(Head { seq: link.seq, hash: hash() })
}

/// Whether what a line says of its place is the place after the head.
///
/// # Errors
/// How it differs.
pub fn fits(head: Head, link: Link) -> Result<(), Broken> {
    if link.seq != head.seq + 1 {
        return Err(Broken::OutOfPlace { expected: head.seq + 1, found: link.seq });
    }
    if link.prev != head.hash {
        return Err(match head.seq {
            0 => Broken::WrongGenesis { prev: link.prev },
            at => Broken::Unequal { at, stored: link.prev, computed: head.hash },
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, prev: Hash, event: &str) -> Vec<u8> {
        format!(
            r#"{{"actor":"li","effective_at":"2026-01-01T00:00:00Z","event":{event},"prev":"{prev}","recorded_at":"2026-01-01T00:00:00Z","seq":{seq},"source":null,"v":1}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_line_follows_the_one_before() {
        let first = line(1, Hash::ZERO, "{}");
        let head = follow(Head::EMPTY, &first).unwrap();
        let second = line(2, head.hash, r#"{"prev":"inside"}"#);
        assert_eq!(follow(head, &second).unwrap(), Head { seq: 2, hash: Hash::of(&second) });
    }

    #[test]
    fn what_does_not_follow_is_located() {
        let first = line(1, Hash::ZERO, "{}");
        let head = follow(Head::EMPTY, &first).unwrap();
        let stranger = Hash::of(b"stranger");
        assert_eq!(follow(Head::EMPTY, &line(1, stranger, "{}")), Err(Broken::WrongGenesis { prev: stranger }));
        assert_eq!(follow(head, &line(2, stranger, "{}")), Err(Broken::Unequal { at: 1, stored: stranger, computed: head.hash }));
        assert_eq!(follow(head, &line(4, head.hash, "{}")), Err(Broken::OutOfPlace { expected: 2, found: 4 }));
        assert_eq!(follow(head, b"{}"), Err(Broken::NotALine { at: 2 }));
        assert_eq!(follow(head, b""), Err(Broken::NotALine { at: 2 }));
        assert_eq!(follow(head, &[b'x'; LONGEST_LINE + 1]), Err(Broken::TooLong { at: 2 }));
        let newer = String::from_utf8(line(2, head.hash, "{}")).unwrap().replace("\"v\":1}", "\"v\":2}");
        assert_eq!(follow(head, newer.as_bytes()), Err(Broken::Newer { at: 2, version: 2 }));
        let never = newer.replace("\"v\":2}", "\"v\":0}");
        assert_eq!(follow(head, never.as_bytes()), Err(Broken::NotALine { at: 2 }));
    }

    #[test]
    fn a_field_named_prev_inside_an_event_is_not_the_link() {
        let hex = "ab".repeat(32);
        let inside = format!(r#"{{"a":1,"prev":"{hex}","recorded_at":"x","seq":7,"source":null}}"#);
        assert_eq!(link(&line(1, Hash::ZERO, &inside), 1).unwrap(), Link { seq: 1, prev: Hash::ZERO });
    }
}
