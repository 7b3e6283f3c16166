//! What stands between a file and the csv crate: it watches the quotes, takes the digest, and stops the stream where quotes go wrong or where
//! a field, a line or a decompressed file would fill the memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger_core::chain::Hash;

use super::{EXPANSION, EXPANSION_FREE, LONGEST_FIELD, LONGEST_LINE};

/// What the tap thinks of the quotes.
pub(super) enum Quote {
    Outside,
    Inside {
        opened: u64,
    },
    /// Behind a quote inside: the closing one, or the first of two.
    Behind {
        opened: u64,
    },
}

/// The digest of a prefix.
pub(super) enum Prefix {
    None,
    After(u64),
    At(Hash),
}

/// Why and where the stream was stopped: offsets in the text, without the byte order mark.
pub(super) struct Stop {
    pub(super) why: Why,
    /// The place to show.
    pub(super) at: u64,
    /// Where the text was cut off: the record that reaches this is not whole.
    pub(super) cut: u64,
}

pub(super) enum Why {
    Open,
    OpenTooLong,
    Beside { opened: Option<u64> },
    LineTooLong,
    Expands,
    Damaged(io::Error),
    Disk(io::Error),
}

/// Watches the bytes on their way to the csv crate.
pub(super) struct Tap {
    pub(super) inner: io::Chain<io::Cursor<Vec<u8>>, Box<dyn Read + Send>>,
    pub(super) hasher: blake3::Hasher,
    /// Decoded bytes, the byte order mark included.
    pub(super) length: u64,
    pub(super) prefix: Prefix,
    pub(super) compressed: Option<Arc<AtomicU64>>,
    /// Bytes given to the csv crate.
    pub(super) given: u64,
    /// The last of them.
    pub(super) last: u8,
    pub(super) line_start: u64,
    pub(super) quote: Quote,
    pub(super) at_end: bool,
    pub(super) stop: Option<Stop>,
}

impl Tap {
    pub(super) fn new(
        inner: io::Chain<io::Cursor<Vec<u8>>, Box<dyn Read + Send>>,
        prefix: Option<u64>,
        compressed: Option<Arc<AtomicU64>>,
    ) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
            length: 0,
            prefix: match prefix {
                None => Prefix::None,
                Some(0) => Prefix::At(Hash::of(b"")),
                Some(length) => Prefix::After(length),
            },
            compressed,
            given: 0,
            last: b'\n',
            line_start: 0,
            quote: Quote::Outside,
            at_end: false,
            stop: None,
        }
    }

    /// Takes bytes into the digests.
    pub(super) fn digest(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len() as u64;
        let mut rest = bytes;
        if let Prefix::After(length) = self.prefix
            && length <= end
        {
            let (before, after) = bytes.split_at(usize::try_from(length - self.length).unwrap_or(bytes.len()));
            self.hasher.update(before);
            self.prefix = Prefix::At(Hash::from_bytes(*self.hasher.finalize().as_bytes()));
            rest = after;
        }
        self.hasher.update(rest);
        self.length = end;
    }

    /// Looks at the quotes and the lengths, and says how much of the chunk may pass.
    fn watch(&mut self, chunk: &[u8]) -> usize {
        let mut at = 0;
        loop {
            match self.quote {
                Quote::Outside => {
                    let Some(next) = memchr::memchr(b'"', &chunk[at..]) else { break };
                    let before = if at + next == 0 { self.last } else { chunk[at + next - 1] };
                    at += next;
                    let offset = self.given + at as u64;
                    if !matches!(before, b',' | b'\n') {
                        return self.stop(Why::Beside { opened: None }, offset, at + 1);
                    }
                    self.quote = Quote::Inside { opened: offset };
                    at += 1;
                }
                Quote::Inside { opened } => {
                    let Some(next) = memchr::memchr(b'"', &chunk[at..]) else { break };
                    self.quote = Quote::Behind { opened };
                    at += next + 1;
                }
                Quote::Behind { opened } => match chunk.get(at) {
                    None => break,
                    Some(b'"') => {
                        self.quote = Quote::Inside { opened };
                        at += 1;
                    }
                    Some(b',' | b'\n' | b'\r') => self.quote = Quote::Outside,
                    Some(_) => return self.stop(Why::Beside { opened: Some(opened) }, self.given + at as u64, at),
                },
            }
        }
        let end = self.given + chunk.len() as u64;
        if let Quote::Inside { opened } = self.quote
            && end - opened > LONGEST_FIELD
        {
            return self.stop(Why::OpenTooLong, opened, chunk.len());
        }
        if let Some(at) = memchr::memrchr(b'\n', chunk) {
            self.line_start = self.given + at as u64 + 1;
        }
        if end - self.line_start > LONGEST_LINE {
            return self.stop(Why::LineTooLong, self.line_start, chunk.len());
        }
        let compressed = self.compressed.as_ref().map_or(u64::MAX, |count| count.load(Ordering::Relaxed));
        if end > EXPANSION_FREE && end / EXPANSION > compressed {
            return self.stop(Why::Expands, end, chunk.len());
        }
        chunk.len()
    }

    fn stop(&mut self, why: Why, at: u64, passed: usize) -> usize {
        self.stop = Some(Stop { why, at, cut: self.given + passed as u64 });
        passed
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_some() || self.at_end {
            self.at_end = true;
            return Ok(0);
        }
        let read = match self.inner.read(buffer) {
            Ok(read) => read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => return Err(why),
            Err(why) => {
                let why = if self.compressed.is_some() { Why::Damaged(why) } else { Why::Disk(why) };
                self.at_end = true;
                return Ok(self.stop(why, self.given, 0));
            }
        };
        if read == 0 {
            self.at_end = true;
            if let Quote::Inside { opened } = self.quote {
                self.stop(Why::Open, opened, 0);
            }
            return Ok(0);
        }
        self.digest(&buffer[..read]);
        let passed = self.watch(&buffer[..read]);
        self.given += passed as u64;
        if passed > 0 {
            self.last = buffer[passed - 1];
        }
        Ok(passed)
    }
}
