//! A block of lines packed into one value of the store.
//!
//! A packed line leaves out what the chain gives back: `prev`, which is the hash of the line before, and `seq`. Unpacking puts both
//! back and must arrive at the hash that the block carries for its last line, so nothing is unpacked unverified. The byte table is in
//! `docs/formats/log.md`.

use std::io;
use std::sync::LazyLock;

use ledger_core::chain::{Broken, Hash, Head};
use memchr::memmem;

use crate::lines::{Lines, lines_in};

/// The longest value: 17 of them, the most that one of sled's leaves holds, stay below a quarter of one of its segments. What is larger
/// than that goes to files that sled never syncs.
pub(crate) const VALUE: usize = 3_600;
/// The most that one block holds before packing.
pub(crate) const PLAIN: usize = 128 << 10;
/// The level that packs these texts best but for those that cost ten times as much.
const LEVEL: i32 = 1;
/// Every so many blocks one is packed by itself, and the others between lean on its text.
const GROUP: u32 = 16;
const HEADER: usize = 85;
const FORMAT: u8 = 1;
/// The lines are packed as they are, because one of them would not come back from leaving out its place.
const WHOLE: u8 = 1;

const PREV: &[u8] = b",\"prev\":\"";
const RECORDED: &[u8] = b",\"recorded_at\":\"";
const SEQ: &[u8] = b"\",\"seq\":";
static SEQ_FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(SEQ));

/// What a packed block says of itself, without being unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) before: Head,
    pub(crate) after: Head,
    /// The first position of the block whose text this one leans on; 0 for none.
    pub(crate) base: u64,
    whole: bool,
    plain: usize,
    stored: usize,
}

impl Header {
    /// Reads the header of the block that begins with line `first`.
    pub(crate) fn read(first: u64, value: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_be_bytes(value.get(at..at + 4)?.try_into().ok()?));
        let hash = |at: usize| Some(Hash::from_bytes(value.get(at..at + 32)?.try_into().ok()?));
        let (count, plain, stored) = (number(2)?, number(6)? as usize, number(10)? as usize);
        // The base lies at most a group of full blocks back.
        let back = u64::from(number(14)?);
        let known = value[0] == FORMAT && value[1] <= WHOLE && first > 0 && count > 0 && back < first;
        let last = first.checked_add(u64::from(count))?.checked_sub(1)?;
        if !known {
            return None;
        }
        Some(Self {
            before: Head { seq: first - 1, hash: hash(21)? },
            after: Head { seq: last, hash: hash(53)? },
            base: if back == 0 { 0 } else { first - back },
            whole: value[1] == WHOLE,
            plain,
            stored,
        })
    }

    /// How many bytes the block has in all its values together.
    pub(crate) const fn len(&self) -> usize {
        HEADER + self.stored
    }
}

/// Leaves the place out of a line: `…,"recorded_at":"…","seq":,"source":…`. Nothing if it would not come back.
fn strip(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let prev = last(line, PREV)?;
    let rest = line.get(prev + PREV.len() + 65..)?;
    out.extend_from_slice(&line[..prev]);
    let recorded = out.len() - start;
    let seq = SEQ_FINDER.find(rest)? + SEQ.len();
    let width = rest[seq..].iter().take_while(|b| b.is_ascii_digit()).count();
    out.extend_from_slice(&rest[..seq]);
    out.extend_from_slice(&rest[seq + width..]);
    out.push(b'\n');
    (place(&out[start..])? == (recorded, recorded + seq)).then_some(())
}

/// Where `prev` and `seq` were left out.
fn place(stripped: &[u8]) -> Option<(usize, usize)> {
    let recorded = last(stripped, RECORDED)?;
    let seq = SEQ_FINDER.find(&stripped[recorded..])? + SEQ.len();
    Some((recorded, recorded + seq))
}

/// Where a text that begins with a comma stands last. From the end there are few commas to look at.
fn last(line: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b',', line).find(|at| line[*at..].starts_with(text))
}

/// Packs a growing list of lines into full blocks.
pub(crate) struct Packer {
    before: Head,
    /// The heads behind the lines that wait, and where their stripped and whole texts end.
    heads: Vec<(Head, usize, usize)>,
    stripped: Vec<u8>,
    whole: Vec<u8>,
    /// A line that waits does not come back from stripping.
    stubborn: bool,
    /// How many bytes of text the last block took.
    guess: usize,
    base: Option<Base>,
    alone: zstd::bulk::Compressor<'static>,
}

struct Base {
    first: u64,
    blocks: u32,
    leaning: zstd::bulk::Compressor<'static>,
}

/// A packed block: its header and its bytes, which may need more than one value.
pub(crate) struct Packed {
    pub(crate) before: Head,
    pub(crate) bytes: Vec<u8>,
}

impl Packer {
    /// A packer that goes on behind this head. Its first block leans on no other.
    pub(crate) fn after(head: Head) -> io::Result<Self> {
        Ok(Self {
            before: head,
            heads: Vec::new(),
            stripped: Vec::new(),
            whole: Vec::new(),
            stubborn: false,
            guess: 4 * VALUE,
            base: None,
            alone: zstd::bulk::Compressor::new(LEVEL)?,
        })
    }

    /// Adds a line with the head behind it.
    pub(crate) fn push(&mut self, line: &[u8], head: Head) {
        let start = self.stripped.len();
        if strip(line, &mut self.stripped).is_none() {
            self.stripped.truncate(start);
            self.stripped.extend_from_slice(line);
            self.stripped.push(b'\n');
            self.stubborn = true;
        }
        self.whole.extend_from_slice(line);
        self.whole.push(b'\n');
        self.heads.push((head, self.stripped.len(), self.whole.len()));
    }

    /// The next full block, if enough lines wait for one.
    pub(crate) fn pack(&mut self) -> io::Result<Option<Packed>> {
        let limit = VALUE - HEADER;
        let text = |packer: &Self, lines: usize| if packer.stubborn { packer.heads[lines - 1].2 } else { packer.heads[lines - 1].1 };
        let (mut most, mut least) = (self.heads.len() + 1, 0);
        let mut best: Option<(usize, Vec<u8>)> = None;
        // The first guess is nearly always right: texts of one ledger pack alike.
        let mut guess = self.guess;
        for _ in 0..6 {
            if self.heads.is_empty() || (best.is_none() && least == 0 && text(self, self.heads.len()) < guess.min(PLAIN)) {
                break;
            }
            let fits = self.heads.partition_point(|&(_, stripped, whole)| if self.stubborn { whole } else { stripped } <= guess.min(PLAIN));
            let lines = fits.clamp(least + 1, (most - 1).max(least + 1)).min(self.heads.len());
            if lines <= least || lines >= most {
                break;
            }
            let plain = if self.stubborn { &self.whole[..text(self, lines)] } else { &self.stripped[..text(self, lines)] };
            let packed = match &mut self.base {
                Some(base) => base.leaning.compress(plain)?,
                None => self.alone.compress(plain)?,
            };
            guess = (plain.len() * (limit - limit / 32)).div_ceil(packed.len().max(1));
            if packed.len() <= limit {
                let near = packed.len() >= limit - limit / 10 || plain.len() >= PLAIN * 15 / 16;
                least = lines;
                best = Some((lines, packed));
                if near {
                    break;
                }
                if lines == self.heads.len() {
                    // All that waits is too little: wait for more.
                    self.guess = guess;
                    return Ok(None);
                }
            } else {
                most = lines;
                if lines == 1 {
                    // One line that needs several values.
                    best = Some((1, packed));
                    break;
                }
            }
        }
        let Some((lines, packed)) = best else {
            self.guess = guess.min(PLAIN);
            return Ok(None);
        };
        self.guess = guess.min(PLAIN);
        Ok(Some(self.take(lines, &packed)?))
    }

    fn take(&mut self, lines: usize, packed: &[u8]) -> io::Result<Packed> {
        let (after, stripped, whole) = self.heads[lines - 1];
        let first = self.before.seq + 1;
        let plain = if self.stubborn { &self.whole[..whole] } else { &self.stripped[..stripped] };
        let back = self.base.as_ref().map_or(0, |base| first - base.first);
        let mut bytes = Vec::with_capacity(HEADER + packed.len());
        bytes.extend_from_slice(&[FORMAT, u8::from(self.stubborn) * WHOLE]);
        for number in [lines, plain.len(), packed.len(), back as usize] {
            bytes.extend_from_slice(&u32::try_from(number).map_err(io::Error::other)?.to_be_bytes());
        }
        bytes.extend_from_slice(&[0; 3]);
        bytes.extend_from_slice(self.before.hash.as_bytes());
        bytes.extend_from_slice(after.hash.as_bytes());
        bytes.extend_from_slice(packed);
        let block = Packed { before: self.before, bytes };
        match &mut self.base {
            Some(base) if base.blocks + 1 < GROUP => base.blocks += 1,
            Some(_) => self.base = None,
            None => {
                let leaning = zstd::bulk::Compressor::with_dictionary(LEVEL, plain)?;
                self.base = Some(Base { first, blocks: 1, leaning });
            }
        }
        self.before = after;
        self.stripped.drain(..stripped);
        self.whole.drain(..whole);
        self.heads.drain(..lines);
        for (_, s, w) in &mut self.heads {
            *s -= stripped;
            *w -= whole;
        }
        if self.heads.is_empty() {
            self.stubborn = false;
        }
        Ok(block)
    }

    /// The head behind the last packed line.
    #[cfg(test)]
    pub(crate) const fn packed(&self) -> Head {
        self.before
    }
}

/// Unpacks blocks in order, keeping the text that others lean on.
#[derive(Default)]
pub(crate) struct Unpacker {
    base: Option<(u64, Vec<u8>)>,
}

impl Unpacker {
    /// The lines of a block, put back and verified. A block that leans on another needs that one unpacked before it.
    pub(crate) fn unpack(&mut self, header: &Header, value: &[u8]) -> Result<Lines, Broken> {
        let at = header.before.seq + 1;
        let damaged = Broken::NotALine { at };
        let packed = value.get(HEADER..header.len()).ok_or(damaged)?;
        let text = match (&self.base, header.base) {
            (_, 0) => zstd::bulk::Decompressor::new(),
            (Some((first, base)), wanted) if *first == wanted => zstd::bulk::Decompressor::with_dictionary(base),
            _ => return Err(damaged),
        }
        // One line may be longer than a block.
        .and_then(|mut plain| plain.decompress(packed, header.plain.min(PLAIN)))
        .map_err(|_| damaged)?;
        let mut lines = Lines::after(header.before);
        let mut line = Vec::new();
        for stripped in lines_in(&text) {
            line.clear();
            if header.whole {
                line.extend_from_slice(stripped);
            } else {
                let (recorded, seq) = place(stripped).ok_or(damaged)?;
                let head = lines.head();
                line.extend_from_slice(&stripped[..recorded]);
                line.extend_from_slice(PREV);
                line.extend_from_slice(head.hash.to_string().as_bytes());
                line.push(b'"');
                line.extend_from_slice(&stripped[recorded..seq]);
                line.extend_from_slice((head.seq + 1).to_string().as_bytes());
                line.extend_from_slice(&stripped[seq..]);
            }
            lines.push(&line)?;
        }
        if lines.head() != header.after {
            return Err(Broken::Unequal { at: header.after.seq, stored: header.after.hash, computed: lines.head().hash });
        }
        if header.base == 0 {
            self.base = Some((at, text));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::chain;

    use super::*;
    use crate::sample;

    /// Packs all that is full, and unpacks it again.
    fn round(lines: &Lines) -> (u64, Vec<Packed>) {
        let mut packer = Packer::after(lines.base()).unwrap();
        let (mut head, mut unpacker, mut blocks) = (lines.base(), Unpacker::default(), Vec::new());
        let mut unpacked = Lines::after(lines.base());
        for line in lines.iter() {
            head = chain::follow(head, line).unwrap();
            packer.push(line, head);
            while let Some(block) = packer.pack().unwrap() {
                let header = Header::read(block.before.seq + 1, &block.bytes).unwrap();
                let found = unpacker.unpack(&header, &block.bytes).unwrap();
                assert_eq!((found.base(), found.head()), (unpacked.head(), header.after));
                for line in found.iter() {
                    unpacked.push(line).unwrap();
                }
                blocks.push(block);
            }
        }
        assert_eq!(unpacked.head(), packer.packed());
        assert_eq!(unpacked.as_bytes(), &lines.as_bytes()[..unpacked.as_bytes().len()]);
        (packer.packed().seq, blocks)
    }

    #[test]
    fn blocks_are_full_and_come_back_to_the_byte() {
        let lines = sample::lines(Head::EMPTY, 10_000, 0);
        let (packed, blocks) = round(&lines);
        assert!(10_000 - packed < 200, "the tail is less than a few blocks");
        let bytes: usize = blocks.iter().map(|block| block.bytes.len()).sum();
        assert!(blocks.iter().all(|block| block.bytes.len() <= VALUE));
        assert!(bytes > blocks.len() * VALUE * 8 / 9, "{bytes} in {}", blocks.len());
        assert!(bytes as u64 / packed <= 95, "{} bytes per line", bytes as u64 / packed);
    }

    #[test]
    fn lines_that_would_not_come_back_are_packed_whole() {
        let mut lines = Lines::after(Head::EMPTY);
        for n in 0..2_000 {
            let line = String::from_utf8(sample::line(lines.head(), n)).unwrap();
            // A source that looks like the place of a line.
            let line = line.replace(r#""source":{"#, r#""source":{"a":1,"recorded_at":"x","seq":7,"#);
            lines.push(line.as_bytes()).unwrap();
        }
        assert!(round(&lines).0 > 1_700);
    }

    #[test]
    fn a_line_that_does_not_pack_takes_several_values() {
        let mut lines = Lines::after(Head::EMPTY);
        for n in 0..40 {
            let noise: String = (0..n % 3 * 450).map(|i| Hash::of(format!("{n} {i}").as_bytes()).to_string()).collect();
            let line = String::from_utf8(sample::line(lines.head(), n)).unwrap();
            lines.push(line.replace("\"actor\":\"", &format!("\"actor\":\"{noise}")).as_bytes()).unwrap();
        }
        let (packed, blocks) = round(&lines);
        assert!(packed >= 36 && blocks.iter().any(|block| block.bytes.len() > 5 * VALUE));
    }

    #[test]
    fn no_flipped_byte_is_unpacked() {
        let lines = sample::lines(Head::EMPTY, 150, 0);
        let block = &round(&lines).1[0];
        let honest = Unpacker::default().unpack(&Header::read(1, &block.bytes).unwrap(), &block.bytes).unwrap();
        for at in 0..block.bytes.len() {
            let mut bytes = block.bytes.clone();
            bytes[at] ^= 16;
            let unpacked = Header::read(1, &bytes).and_then(|header| Unpacker::default().unpack(&header, &bytes).ok());
            assert!(unpacked.is_none_or(|unpacked| unpacked.as_bytes() == honest.as_bytes()), "byte {at}");
        }
    }
}
