//! Rows in chunks, so that they can be read on all cores.

use ledger_core::chain::Hash;
use ledger_core::event::{LONGEST_EVENT, encode};
use ledger_core::feed::{Cells, Layout, Outcome, Whose};
use ledger_core::problem::{Code, Problem, Problems};

use crate::decode::csv::Rows;

/// How many rows are read in one go.
const CHUNK: usize = 512;
/// A chunk is closed when it has so many bytes. A line has at most 4 MiB.
const LONGEST: usize = 64 << 20;

/// A row with no more bytes makes a short event, however its characters are escaped.
const SHORT: usize = 2 << 10;

/// Some rows of a file, owned.
pub(super) struct Chunk {
    text: String,
    /// Behind each field.
    ends: Vec<u32>,
    /// The number of each row, from 1, and the line it begins at.
    rows: Vec<(u64, u64)>,
    width: usize,
}

/// One row of a chunk.
pub(super) struct InChunk<'a> {
    chunk: &'a Chunk,
    at: usize,
}

impl Cells for InChunk<'_> {
    fn cell(&self, at: usize) -> &str {
        let field = self.at * self.chunk.width + at;
        let start = if field == 0 { 0 } else { self.chunk.ends[field - 1] };
        &self.chunk.text[start as usize..self.chunk.ends[field] as usize]
    }
}

impl InChunk<'_> {
    /// How many bytes its fields have together.
    fn len(&self) -> usize {
        let field = self.at * self.chunk.width;
        let start = if field == 0 { 0 } else { self.chunk.ends[field - 1] };
        (self.chunk.ends[field + self.chunk.width - 1] - start) as usize
    }
}

impl Chunk {
    /// The rows, each with its number and the line it begins at.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, u64, InChunk<'_>)> {
        (0..).zip(&self.rows).map(|(at, (row, line))| (*row, *line, InChunk { chunk: self, at }))
    }

    /// BLAKE3 of all that was read, boundaries included.
    pub(super) fn digest(&self) -> Hash {
        let ends: Vec<u8> = self.ends.iter().flat_map(|end| end.to_le_bytes()).collect();
        Hash::from_bytes(*blake3::Hasher::new().update(self.text.as_bytes()).update(&ends).finalize().as_bytes())
    }
}

/// A file's rows in chunks.
pub(super) struct Chunks<'a> {
    rows: &'a mut Rows,
    problems: &'a mut Problems,
    given: u64,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(rows: &'a mut Rows, problems: &'a mut Problems) -> Self {
        Self { rows, problems, given: 0 }
    }
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let width = self.rows.header().len();
        let mut chunk = Chunk {
            text: String::with_capacity(CHUNK * 1024),
            ends: Vec::with_capacity(CHUNK * width),
            rows: Vec::with_capacity(CHUNK),
            width,
        };
        while chunk.rows.len() < CHUNK && chunk.text.len() < LONGEST {
            let Some(row) = self.rows.next(self.problems) else { break };
            let base = chunk.text.len();
            let (text, ends) = row.text();
            chunk.text.push_str(text);
            let end = |end: usize| u32::try_from(base + end).expect("a chunk is closed before it has so many bytes");
            chunk.ends.extend(ends.map(end));
            let line = row.line;
            self.given += 1;
            // Rows that have another number of fields than the header are rows of the file too, though they are not given.
            chunk.rows.push((self.given + self.rows.rejected().len() as u64, line));
        }
        (!chunk.rows.is_empty()).then_some(chunk)
    }
}

/// What a chunk's rows say. A row whose event would not fit into a line is damaged like any other.
pub(super) fn read<'a>(chunk: &'a Chunk, layout: &'a Layout, whose: Whose<'a>) -> impl Iterator<Item = (u64, u64, Outcome)> {
    chunk.rows().map(move |(row, line, cells)| {
        let mut outcome = layout.read(&cells, whose);
        if (cells.len() > SHORT || layout.keeps_unknown())
            && let Ok(fact) = &outcome.fact
        {
            let bytes = encode(&fact.event).len();
            if bytes > LONGEST_EVENT {
                let why = format!("the row makes an event of {bytes} bytes, and there is room for {LONGEST_EVENT}");
                outcome.fact =
                    Err(vec![Problem::new(Code::E0319, "", why).cure("download the file again, or import it with --quarantine")]);
            }
        }
        (row, line, outcome)
    })
}
