//! Parquet, as AWS's Data Exports write it: the columns that are wanted, a batch of rows at a time, each cell as the text that a CSV would have.
//!
//! A DOUBLE becomes the shortest decimal that reads back as the same number: a cost that AWS wrote as `12.5` is `12.5` and no
//! `12.500000000000000001`. A DECIMAL has all its places, a TIMESTAMP is in UTC, a MAP of texts is a JSON object. Memory holds a page of each wanted
//! column, and a batch.

mod cells;

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;

use ledger_core::chain::Hash;
use ledger_core::problem::{Code, Located, Problem, Problems};
use parquet::basic::{ConvertedType, LogicalType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use self::cells::Batch;
use crate::failure::Failure;

/// What every Parquet file begins and ends with.
pub(super) const MAGIC: &[u8] = b"PAR1";
/// How many rows are read at a time.
const BATCH: usize = 4096;
/// From here on a file may not have more rows than bytes.
const ROWS_FREE: i64 = 1_000_000;
/// The largest page that a column may have, in bytes, before it is decompressed and after.
const LARGEST_CHUNK: i64 = 4 << 30;

/// A Parquet file that is being read.
pub(crate) struct Rows {
    path: PathBuf,
    file: String,
    reader: SerializedFileReader<File>,
    header: Vec<String>,
    /// The leaves of the schema that make each column.
    leaves: Vec<Vec<usize>>,
    wanted: Vec<usize>,
    group: usize,
    readers: Vec<cells::Reader>,
    /// How many rows of the group are still to be read.
    left: usize,
    batches: Vec<Batch>,
    /// Which batch is of which column of the header.
    of_column: Vec<Option<usize>>,
    at: usize,
    in_batch: usize,
    seen: u64,
    damaged: bool,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Which it is, from 1.
    pub(super) number: u64,
    rows: &'a Rows,
    at: usize,
}

impl<'a> Row<'a> {
    pub(super) fn get(&self, column: usize) -> &'a str {
        let batch = self.rows.of_column.get(column).copied().flatten();
        batch.map_or("", |batch| self.rows.batches[batch].get(self.at))
    }
}

impl Rows {
    /// Opens a file and reads its schema. Nothing is given back when it cannot be read at all; the problems say why.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(path: &Path, problems: &mut Problems) -> Result<Option<Self>, Failure> {
        let file = path.display().to_string();
        let mut refuse = |problem: Problem| {
            problems.push(Located { file: file.clone(), line: 0, column_number: None, problem });
            Ok(None)
        };
        let opened = File::open(path).map_err(|why| Failure::unreadable(path, &why))?;
        let bytes = opened.metadata().map_err(|why| Failure::unreadable(path, &why))?.len();
        let reader = match fenced(|| SerializedFileReader::new(opened)) {
            Ok(reader) => reader,
            Err(why) => return refuse(damaged(&why)),
        };
        let metadata = reader.metadata();
        let rows = metadata.file_metadata().num_rows();
        if rows > ROWS_FREE && u64::try_from(rows).unwrap_or(u64::MAX) > bytes {
            let why = format!("it has {rows} rows in {bytes} bytes");
            return refuse(Problem::new(Code::E0320, "", why).cure("write it as CSV yourself if you trust it, and give that"));
        }
        let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
        if chunks.map(|chunk| chunk.uncompressed_size().max(chunk.compressed_size())).any(|size| !(0..=LARGEST_CHUNK).contains(&size)) {
            let problem = Problem::new(Code::E0320, "", "a column of it has more than 4 GiB in one group of rows");
            return refuse(problem.cure("write it in smaller groups of rows"));
        }
        let (header, leaves) = columns(metadata.file_metadata().schema_descr());
        let mut known = std::collections::HashSet::new();
        if let Some(twice) = header.iter().find(|name| !known.insert(name.as_str())) {
            return refuse(Problem::new(Code::E0317, twice, "this name occurs twice").column(twice).cure("export it again"));
        }
        let of_column = vec![None; header.len()];
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            reader,
            header,
            leaves,
            wanted: Vec::new(),
            group: 0,
            readers: Vec::new(),
            left: 0,
            batches: Vec::new(),
            of_column,
            at: 0,
            in_batch: 0,
            seen: 0,
            damaged: false,
        }))
    }

    /// The column names, in the file's order.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Says which columns are read; all others are empty.
    pub(super) fn want(&mut self, columns: impl Iterator<Item = usize>) {
        for column in columns {
            if self.of_column[column].is_none() {
                self.of_column[column] = Some(self.wanted.len());
                self.wanted.push(column);
                self.batches.push(Batch::default());
            }
        }
    }

    /// The next row. Rows with cells that are no text are reported and left out; after damage there are no more.
    pub(super) fn next(&mut self, problems: &mut Problems) -> Option<Row<'_>> {
        loop {
            while self.at == self.in_batch {
                match fenced(|| self.advance()) {
                    Ok(true) => (),
                    Ok(false) => return None,
                    Err(why) => {
                        self.damaged = true;
                        (self.at, self.in_batch, self.left, self.group) = (0, 0, 0, usize::MAX);
                        problems.push(Located { file: self.file.clone(), line: 0, column_number: None, problem: damaged(&why) });
                        return None;
                    }
                }
            }
            let at = self.at;
            self.at += 1;
            self.seen += 1;
            let bad = self.batches.iter().zip(&self.wanted).find_map(|(batch, column)| Some((batch.bad(at)?, *column)));
            let Some((problem, column)) = bad else {
                return Some(Row { number: self.seen, rows: self, at });
            };
            let problem = problem.column(self.header[column].clone());
            problems.push(Located { file: self.file.clone(), line: self.seen, column_number: Some(column as u64 + 1), problem });
        }
    }

    /// Reads the next batch. False when there is none.
    fn advance(&mut self) -> Result<bool, ParquetError> {
        while self.left == 0 {
            if self.group >= self.reader.num_row_groups() {
                return Ok(false);
            }
            let group = self.reader.get_row_group(self.group)?;
            self.group += 1;
            self.left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            let leaves = self.wanted.iter().map(|column| &self.leaves[*column]);
            self.readers = leaves.map(|leaves| cells::Reader::of(group.as_ref(), leaves)).collect::<Result<_, _>>()?;
        }
        let rows = self.left.min(BATCH);
        for (reader, batch) in self.readers.iter_mut().zip(&mut self.batches) {
            let read = reader.read(rows, batch)?;
            if read != rows {
                return Err(ParquetError::General(format!("a column has {read} more rows where {rows} are said to be")));
            }
        }
        self.left -= rows;
        (self.at, self.in_batch) = (0, rows);
        Ok(true)
    }

    /// The digest of the whole file, how many rows were met, and whether it is damaged.
    ///
    /// # Errors
    /// It cannot be read on.
    pub(super) fn finish(self) -> Result<(Hash, u64, u64, bool), Failure> {
        let mut hasher = blake3::Hasher::new();
        let unreadable = |why: io::Error| Failure::unreadable(&self.path, &why);
        hasher.update_reader(File::open(&self.path).map_err(unreadable)?).map_err(unreadable)?;
        Ok((Hash::from_bytes(*hasher.finalize().as_bytes()), hasher.count(), self.seen, self.damaged))
    }
}

/// Runs something of the parquet crate's, which panics at some damage: that is an error like any other, and is not printed.
fn fenced<T>(run: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let ran = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    ran.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(ParquetError::General(said.unwrap_or("it makes no sense").lines().next().unwrap_or_default().to_owned()))
    })
}

fn damaged(why: &ParquetError) -> Problem {
    let why = match why {
        ParquetError::EOF(why) | ParquetError::General(why) => why.clone(),
        other => other.to_string(),
    };
    let why = why.strip_prefix("Parquet error: ").unwrap_or(&why).to_owned();
    Problem::new(Code::E0328, "", why).cure("download the file again")
}

/// The columns: what a schema has at its top by name, what lies deeper by its path with points. A map of texts is one column.
fn columns(schema: &SchemaDescriptor) -> (Vec<String>, Vec<Vec<usize>>) {
    let (mut header, mut leaves): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    let mut map: Option<usize> = None;
    for (leaf, column) in schema.columns().iter().enumerate() {
        let root = schema.get_column_root_idx(leaf);
        if is_map(schema, leaf) {
            if map == Some(root) {
                leaves.last_mut().expect("its keys came before").push(leaf);
                continue;
            }
            map = Some(root);
            header.push(schema.get_column_root(leaf).name().to_owned());
        } else {
            header.push(column.path().parts().join("."));
        }
        leaves.push(vec![leaf]);
    }
    (header, leaves)
}

/// Whether a leaf is the key or the value of a map that stands at the top.
fn is_map(schema: &SchemaDescriptor, leaf: usize) -> bool {
    let root = schema.get_column_root(leaf);
    let info = root.get_basic_info();
    let says_so = matches!(info.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE)
        || info.logical_type_ref().is_some_and(|logical| matches!(logical, LogicalType::Map));
    let column: &ColumnDescriptor = &schema.columns()[leaf];
    says_so && column.path().parts().len() == 3 && column.max_rep_level() == 1
}

#[cfg(test)]
mod tests;
