//! Rows with named columns, whatever the file is written in: what it is, its first bytes say.

use std::path::Path;

use ledger_core::chain::Hash;
use ledger_core::problem::Problems;

use super::csv;
use crate::failure::Failure;

/// A file of rows that is being read.
pub(crate) enum Table {
    Csv(Box<csv::Rows>),
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// The line it begins at, from 1; the row itself where the file has no lines.
    pub(crate) line: u64,
    /// Which row it is, from 1.
    pub(crate) number: u64,
    cells: Cells<'a>,
}

#[derive(Clone, Copy)]
enum Cells<'a> {
    Csv(csv::Row<'a>),
}

impl<'a> Row<'a> {
    /// A cell, by its place in the header; nothing when there is no such column.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        match &self.cells {
            Cells::Csv(row) => row.get(column),
        }
    }
}

/// What was read, once it has been read to its end.
pub(crate) struct Summary {
    /// BLAKE3 of the decoded bytes.
    pub(crate) digest: Hash,
    /// How many rows there are, damaged ones among them.
    pub(crate) rows: u64,
    /// Whether it could not be read to its end.
    pub(crate) damaged: bool,
    /// What to tell the user.
    pub(crate) notes: Vec<String>,
}

impl Table {
    /// Opens a file and reads its header. Nothing is given back when it cannot be read at all; the problems say why.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(path: &Path, problems: &mut Problems) -> Result<Option<Self>, Failure> {
        Ok(csv::Rows::open(path, None, problems)?.map(|rows| Self::Csv(Box::new(rows))))
    }

    /// The column names, in the file's order.
    pub(crate) fn header(&self) -> &[String] {
        match self {
            Self::Csv(rows) => rows.header(),
        }
    }

    /// The next whole row. Damaged rows are reported and left out; after damage that goes to the end of the file there are no more.
    pub(crate) fn next(&mut self, problems: &mut Problems) -> Option<Row<'_>> {
        match self {
            Self::Csv(rows) => rows.next(problems).map(|row| Row { line: row.line, number: row.number, cells: Cells::Csv(row) }),
        }
    }

    /// Reads what is left and gives the digest.
    ///
    /// # Errors
    /// It cannot be read on.
    pub(crate) fn finish(self) -> Result<Summary, Failure> {
        match self {
            Self::Csv(rows) => {
                let seen = rows.seen();
                let csv::Summary { digest, damaged, notes, .. } = rows.finish()?;
                Ok(Summary { digest, rows: seen, damaged, notes })
            }
        }
    }
}
