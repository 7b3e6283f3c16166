//! Lines in memory, for tests and for trying things out.

use ledger_core::chain::{Broken, Head};

use crate::{Block, Blocks, Lines, Log, LogError, Notice, Source};

/// Lines that are gone when the program ends.
#[derive(Debug, Default)]
pub struct Memory {
    bytes: Vec<u8>,
    /// The offset behind each line's newline.
    ends: Vec<usize>,
    head: Option<Head>,
}

impl Memory {
    /// No lines.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Source for Memory {
    fn head(&self) -> Head {
        self.head.unwrap_or(Head::EMPTY)
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        let mut next = usize::try_from(from.max(1) - 1).map_err(|_| Broken::NotALine { at: from })?;
        let mut blocks = Vec::new();
        while next < self.ends.len() {
            let start = if next == 0 { 0 } else { self.ends[next - 1] };
            let behind = self.ends.partition_point(|&end| end <= start + crate::segments::BLOCK).max(next + 1);
            blocks.push(Ok(Block { first: next as u64 + 1, bytes: self.bytes[start..self.ends[behind - 1]].to_vec() }));
            next = behind;
        }
        Ok(Box::new(blocks.into_iter()))
    }
}

impl Log for Memory {
    fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
        if lines.base() != self.head() {
            return Err(LogError::Moved { expected: lines.base(), found: self.head() });
        }
        for line in lines.iter() {
            self.bytes.extend_from_slice(line);
            self.bytes.push(b'\n');
            self.ends.push(self.bytes.len());
        }
        self.head = Some(lines.head());
        Ok(lines.head())
    }

    fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError> {
        Ok(Vec::new())
    }
}
