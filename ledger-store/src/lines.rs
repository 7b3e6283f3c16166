//! A batch of lines, each of which follows the one before: what is appended in one go.

use ledger_core::chain::{self, Broken, Hash, Head};

/// Lines that follow a head, one after the other, as the bytes that will stand in the log.
///
/// A line that does not follow cannot be pushed, so a batch is verified by being one, and each line is hashed once on its way in.
#[derive(Debug, Clone)]
pub struct Lines {
    base: Head,
    head: Head,
    bytes: Vec<u8>,
    /// The offset behind each line's newline.
    ends: Vec<usize>,
}

impl Lines {
    /// No lines yet, behind this head.
    pub const fn after(base: Head) -> Self {
        Self { base, head: base, bytes: Vec::new(), ends: Vec::new() }
    }

    /// Adds a line (without its newline) and gives the head behind it.
    ///
    /// # Errors
    /// How the line fails to follow. The batch is then as it was.
    pub fn push(&mut self, line: &[u8]) -> Result<Head, Broken> {
        if memchr::memchr(b'\n', line).is_some() {
            return Err(Broken::NotALine { at: self.head.seq + 1 });
        }
        self.head = chain::follow(self.head, line)?;
        self.bytes.reserve(line.len() + 1);
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
        Ok(self.head)
    }

    /// Adds a line that was written behind this batch's head, with the head that writing it gave: it is hashed no second time.
    pub fn push_written(&mut self, line: &[u8], head: Head) {
        debug_assert_eq!(chain::follow(self.head, line), Ok(head), "a line written from the head follows the head");
        self.head = head;
        self.bytes.reserve(line.len() + 1);
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
    }

    /// The head that the first line follows.
    pub const fn base(&self) -> Head {
        self.base
    }

    /// The head behind the last line.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The line at a position of the log, if it is one of these.
    pub fn line(&self, seq: u64) -> Option<&[u8]> {
        let at = usize::try_from(seq.checked_sub(self.base.seq + 1)?).ok()?;
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..end - 1])
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The lines, each followed by a newline.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines without their newlines.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end - 1])
    }

    /// Forgets the lines and begins again behind this head, keeping the memory.
    pub fn restart(&mut self, base: Head) {
        self.base = base;
        self.head = base;
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Whole lines as they stand in a log, about 256 KiB of them, so that each block can be hashed, decoded and folded on another core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The position of the first line.
    pub first: u64,
    /// The lines, each followed by a newline.
    pub bytes: Vec<u8>,
}

impl Block {
    /// The lines without their newlines.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines_in(&self.bytes)
    }

    /// Follows the lines from the head before the first.
    ///
    /// # Errors
    /// The first line that does not follow.
    pub fn follow(&self, before: Head) -> Result<Head, Broken> {
        let lines: Vec<&[u8]> = self.lines().collect();
        chain::follow_each(before, &lines).try_fold(before, |_, head| head)
    }

    /// The head that the first line names as the one before it: where another core may begin, while this one is being checked.
    ///
    /// # Errors
    /// The first line is not a line.
    pub fn before(&self) -> Result<Head, Broken> {
        let first = self.lines().next().unwrap_or_default();
        let link = chain::link(first, self.first)?;
        Ok(Head { seq: self.first - 1, hash: link.prev })
    }
}

/// The lines in some bytes, without their newlines; what stands behind the last newline is left out.
pub(crate) fn lines_in(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes).map(move |end| {
        let line = &bytes[start..end];
        start = end + 1;
        line
    })
}

/// The head that a line makes, when its place is known and its predecessor is not.
pub(crate) fn head_of(line: &[u8], seq: u64) -> Result<Head, Broken> {
    named_by(line, seq).map(|_| Head { seq, hash: Hash::of(line) })
}

/// The hash that the line at this place names as the one before it.
pub(crate) fn named_by(line: &[u8], seq: u64) -> Result<Hash, Broken> {
    let link = chain::link(line, seq)?;
    if link.seq != seq {
        return Err(Broken::OutOfPlace { expected: seq, found: link.seq });
    }
    Ok(link.prev)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_batch_holds_only_lines_that_follow() {
        let mut lines = Lines::after(Head::EMPTY);
        let first = sample::line(Head::EMPTY, 1);
        let head = lines.push(&first).unwrap();
        assert!(lines.push(&first).is_err(), "the same line does not follow itself");
        assert_eq!(lines.push(b"{\n}"), Err(Broken::NotALine { at: 2 }));
        let second = sample::line(head, 2);
        lines.push(&second).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), [&first[..], &second[..]]);
        assert_eq!(lines.as_bytes(), [&first[..], b"\n", &second[..], b"\n"].concat());
        let block = Block { first: 1, bytes: lines.as_bytes().to_vec() };
        assert_eq!(block.follow(Head::EMPTY), Ok(lines.head()));
    }
}
