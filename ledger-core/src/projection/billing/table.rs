//! Fixed-width tables and interned texts: what a state of a million rows is kept in, so that it is read in one pass.
//!
//! A value that many rows share is kept once, and a row holds its number. Numbers are given in the order of first appearance, so the
//! same entries give the same tables. The finder that tells a value's number is built only when something is to be added: a state that
//! is read to answer a question never pays for it.

use std::io::{self, BufRead, Write};

/// The number of no value.
pub(super) const NONE: u32 = u32::MAX;

/// The number of the value at a position.
fn number(position: usize) -> u32 {
    u32::try_from(position).ok().filter(|number| *number != NONE).expect("four thousand million distinct values do not fit in memory")
}

/// Finds the number of a value by its hash: an open-addressed table. Look-ups only; nothing ever walks it.
///
/// Beside each number stands half of its hash, so that another value in the way is hardly ever looked at, and none when the table grows:
/// values lie scattered in more memory than caches hold.
#[derive(Debug, Default, Clone)]
struct Finder {
    /// The high half of a hash, and a number.
    slots: Vec<(u32, u32)>,
    taken: usize,
}

impl Finder {
    const FREE: (u32, u32) = (0, NONE);

    /// A finder with room for so many and as many again.
    fn with_room(values: usize) -> Self {
        Self { slots: vec![Self::FREE; (values * 2).next_power_of_two().max(64)], taken: 0 }
    }

    fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mark = mark_of(hash);
        let mut at = mark as usize & mask;
        loop {
            match self.slots[at] {
                Self::FREE => return None,
                (marked, number) if marked == mark && same(number) => return Some(number),
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn insert(&mut self, hash: u64, number: u32) {
        // A third stays free.
        if (self.taken + 1) * 3 > self.slots.len() * 2 {
            let wider = (self.slots.len() * 2).max(64);
            let old = std::mem::replace(&mut self.slots, vec![Self::FREE; wider]);
            old.into_iter().filter(|slot| *slot != Self::FREE).for_each(|slot| self.put(slot));
        }
        self.put((mark_of(hash), number));
        self.taken += 1;
    }

    fn put(&mut self, slot: (u32, u32)) {
        let mask = self.slots.len() - 1;
        let mut at = slot.0 as usize & mask;
        while self.slots[at] != Self::FREE {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

/// The high half of a hash, which is the better mixed one: it tells the first slot to look at.
fn mark_of(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0)
}

fn mixed(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// Texts, each kept once.
#[derive(Debug, Default, Clone)]
pub(super) struct Texts {
    all: String,
    ends: Vec<u64>,
    finder: Finder,
}

impl Texts {
    /// The number of a text, a new one if need be.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        self.ready();
        let hash = hash_text(text);
        if let Some(known) = self.finder.find(hash, |number| bytes_at(&self.all, &self.ends, number) == text.as_bytes()) {
            return known;
        }
        let number = number(self.ends.len());
        self.all.push_str(text);
        self.ends.push(self.all.len() as u64);
        self.finder.insert(hash, number);
        number
    }

    /// The number of a text that may be missing.
    pub(super) fn intern_some<T: AsRef<str>>(&mut self, text: Option<T>) -> u32 {
        text.map_or(NONE, |text| self.intern(text.as_ref()))
    }

    /// The text of a number; empty when there is none.
    pub(super) fn get(&self, number: u32) -> &str {
        text_at(&self.all, &self.ends, number)
    }

    /// The text of a number, if there is one.
    pub(super) fn some(&self, number: u32) -> Option<&str> {
        (number != NONE).then(|| self.get(number))
    }

    /// The number of a text, if it is known. Without the finder: every text is looked at.
    pub(super) fn position(&self, text: &str) -> Option<u32> {
        let mut from = 0;
        for (at, end) in self.ends.iter().enumerate() {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            if end - from == text.len() && &self.all[from..end] == text {
                return Some(number(at));
            }
            from = end;
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn ready(&mut self) {
        if self.finder.taken != self.ends.len() {
            let mut finder = Finder::with_room(self.ends.len());
            for known in 0..number(self.ends.len()) {
                finder.insert(hash_text(self.get(known)), known);
            }
            self.finder = finder;
        }
    }

    pub(super) fn save(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&(self.all.len() as u64).to_le_bytes())?;
        out.write_all(self.all.as_bytes())?;
        write_column(out, &self.ends, |end| end.to_le_bytes())
    }

    pub(super) fn load(bytes: &mut Bytes<'_>) -> Option<Self> {
        let all = String::from_utf8(bytes.bytes()?).ok()?;
        let ends = bytes.column(u64::from_le_bytes)?;
        let mut from = 0;
        for end in &ends {
            if *end < from || !all.is_char_boundary(usize::try_from(*end).ok()?) {
                return None;
            }
            from = *end;
        }
        (from == all.len() as u64).then(|| Self { all, ends, finder: Finder::default() })
    }
}

fn text_at<'a>(all: &'a str, ends: &[u64], number: u32) -> &'a str {
    let (from, end) = range_of(ends, number);
    &all[from..end]
}

/// The same as bytes: to be compared, it need not be looked at whether a text begins and ends there.
fn bytes_at<'a>(all: &'a str, ends: &[u64], number: u32) -> &'a [u8] {
    let (from, end) = range_of(ends, number);
    &all.as_bytes()[from..end]
}

/// From where to where a text goes; nowhere when there is none.
fn range_of(ends: &[u64], number: u32) -> (usize, usize) {
    let at = number as usize;
    let Some(end) = ends.get(at) else { return (0, 0) };
    let from = if at == 0 { 0 } else { ends[at - 1] };
    (usize::try_from(from).unwrap_or(0), usize::try_from(*end).unwrap_or(0))
}

/// The last eight bytes are perhaps looked at twice: that is cheaper than one by one.
fn hash_text(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (words, rest) = bytes.as_chunks();
    let hash = words.iter().fold(mixed(0, bytes.len() as u64), |hash, word| mixed(hash, u64::from_le_bytes(*word)));
    let last =
        bytes.last_chunk().map_or_else(|| rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), |last| u64::from_le_bytes(*last));
    mixed(mixed(hash, last), 0)
}

/// Records of `N` words, each kept once.
#[derive(Debug, Default, Clone)]
pub(super) struct Table<const N: usize> {
    pub(super) rows: Vec<[u32; N]>,
    finder: Finder,
}

impl<const N: usize> Table<N> {
    /// The number of a record, a new one if need be.
    pub(super) fn intern(&mut self, row: [u32; N]) -> u32 {
        self.ready();
        let (hash, rows) = (hash_words(&row), &mut self.rows);
        if let Some(known) = self.finder.find(hash, |number| rows[number as usize] == row) {
            return known;
        }
        let number = number(rows.len());
        rows.push(row);
        self.finder.insert(hash, number);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn ready(&mut self) {
        if self.finder.taken != self.rows.len() {
            let mut finder = Finder::with_room(self.rows.len());
            for (at, row) in self.rows.iter().enumerate() {
                finder.insert(hash_words(row), number(at));
            }
            self.finder = finder;
        }
    }

    pub(super) fn save(&self, out: &mut dyn Write) -> io::Result<()> {
        write_values(out, &self.rows, |row, piece| row.iter().for_each(|word| piece.extend_from_slice(&word.to_le_bytes())))
    }

    pub(super) fn load(bytes: &mut Bytes<'_>) -> Option<Self> {
        let count = bytes.count(N * 4)?;
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            let mut row = [0; N];
            bytes.words(&mut row)?;
            rows.push(row);
        }
        Some(Self { rows, finder: Finder::default() })
    }
}

fn hash_words(words: &[u32]) -> u64 {
    mixed(words.iter().fold(0, |hash, word| mixed(hash, u64::from(*word))), 0)
}

/// Appends a column: how many values, then the values.
pub(super) fn write_column<T, const W: usize>(out: &mut dyn Write, values: &[T], bytes: impl Fn(&T) -> [u8; W]) -> io::Result<()> {
    write_values(out, values, |value, piece| piece.extend_from_slice(&bytes(value)))
}

/// Writes how many values there are, and then the values, piece by piece.
fn write_values<T>(out: &mut dyn Write, values: &[T], put: impl Fn(&T, &mut Vec<u8>)) -> io::Result<()> {
    out.write_all(&(values.len() as u64).to_le_bytes())?;
    let mut piece = Vec::new();
    for values in values.chunks(4_096) {
        piece.clear();
        values.iter().for_each(|value| put(value, &mut piece));
        out.write_all(&piece)?;
    }
    Ok(())
}

/// A saved state, being read: a column is taken from each piece as it comes, and no piece is kept.
pub(super) struct Bytes<'a> {
    saved: &'a mut dyn BufRead,
    left: usize,
}

impl<'a> Bytes<'a> {
    /// A state of so many bytes.
    pub(super) fn new(saved: &'a mut dyn BufRead, length: usize) -> Self {
        Self { saved, left: length }
    }

    /// Whether nothing is left, there or beyond.
    pub(super) fn is_empty(&mut self) -> bool {
        self.left == 0 && self.saved.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    fn exactly<const W: usize>(&mut self) -> Option<[u8; W]> {
        let mut bytes = [0; W];
        self.left = self.left.checked_sub(W)?;
        self.saved.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// How many values the next column has, when there is room for so many of that width.
    fn count(&mut self, width: usize) -> Option<usize> {
        let count = usize::try_from(u64::from_le_bytes(self.exactly()?)).ok()?;
        (count.checked_mul(width)? <= self.left).then_some(count)
    }

    /// The next column.
    pub(super) fn column<T, const W: usize>(&mut self, read: impl Fn([u8; W]) -> T) -> Option<Vec<T>> {
        let count = self.count(W)?;
        let mut values = Vec::with_capacity(count);
        while values.len() < count {
            let piece = self.saved.fill_buf().ok()?.as_chunks::<W>().0;
            let whole = piece.len().min(count - values.len());
            values.extend(piece[..whole].iter().map(|bytes| read(*bytes)));
            self.saved.consume(whole * W);
            self.left -= whole * W;
            if values.len() < count {
                // A value that begins in one piece and ends in the next, or the end of it all.
                values.push(read(self.exactly()?));
            }
        }
        Some(values)
    }

    /// The next record of a table.
    fn words(&mut self, words: &mut [u32]) -> Option<()> {
        let width = words.len() * 4;
        let piece = self.saved.fill_buf().ok()?;
        if let Some(record) = piece.get(..width) {
            words.iter_mut().zip(record.as_chunks::<4>().0).for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
            self.saved.consume(width);
            self.left = self.left.checked_sub(width)?;
        } else {
            for word in words {
                *word = u32::from_le_bytes(self.exactly()?);
            }
        }
        Some(())
    }

    /// The next column, of bytes.
    fn bytes(&mut self) -> Option<Vec<u8>> {
        let count = self.count(1)?;
        let mut bytes = vec![0; count];
        self.left -= count;
        self.saved.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// A moment, or none, as two words of a record.
pub(super) fn moment_words(micros: i64) -> [u32; 2] {
    let bytes = micros.to_le_bytes();
    [u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]])]
}

/// The moment of two words.
pub(super) fn moment_of(words: [u32; 2]) -> i64 {
    i64::from(words[1].cast_signed()) << 32 | i64::from(words[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut texts = Texts::default();
        let numbers: Vec<u32> = (0..1000).map(|at| texts.intern(&format!("line-{}", at % 300))).collect();
        assert_eq!(texts.len(), 300);
        assert!(numbers.iter().enumerate().all(|(at, number)| texts.get(*number) == format!("line-{}", at % 300)));
        assert_eq!(texts.position("line-7"), Some(7));
        assert_eq!(texts.position("line"), None);

        let mut saved = Vec::new();
        texts.save(&mut saved).unwrap();
        let mut again = Texts::load(&mut Bytes::new(&mut saved.as_slice(), saved.len())).unwrap();
        assert_eq!((again.intern("line-299"), again.intern("new")), (299, 300));
        assert!(Texts::load(&mut Bytes::new(&mut &saved[1..], saved.len() - 1)).is_none());
    }

    #[test]
    fn a_moment_fits_in_two_words() {
        for micros in [0, 1, -1, i64::MIN, i64::MAX, 1_767_225_600_000_000] {
            assert_eq!(moment_of(moment_words(micros)), micros);
        }
    }
}
