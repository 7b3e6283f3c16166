//! Rows with named columns, whatever the file is written in: what it is, its first bytes say.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ledger_core::chain::Hash;
use ledger_core::problem::{Code, Located, Problem, Problems};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{csv, json, parquet};
use crate::failure::Failure;

/// A file of rows that is being read.
pub(crate) enum Table {
    Csv(Box<csv::Rows>),
    Parquet(Box<parquet::Rows>),
    Listed(Listed),
}

/// The rows of a JSON list: each object a row, each path in it a column.
pub(crate) struct Listed {
    header: Vec<String>,
    /// By row: the line it begins at, and its cells.
    rows: Vec<(u64, HashMap<usize, String>)>,
    digest: Hash,
    length: u64,
    at: usize,
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
    Parquet(parquet::Row<'a>),
    Listed(&'a HashMap<usize, String>),
}

impl<'a> Row<'a> {
    /// A cell, by its place in the header; nothing when there is no such column.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        match &self.cells {
            Cells::Csv(row) => row.get(column),
            Cells::Parquet(row) => row.get(column),
            Cells::Listed(cells) => cells.get(&column).map_or("", String::as_str),
        }
    }
}

/// What was read, once it has been read to its end.
pub(crate) struct Summary {
    /// BLAKE3 of the decoded bytes.
    pub(crate) digest: Hash,
    /// How many they are.
    pub(crate) length: u64,
    /// How many rows there are, damaged ones among them.
    pub(crate) rows: u64,
    /// Whether it could not be read to its end.
    pub(crate) damaged: bool,
    /// What to tell the user.
    pub(crate) notes: Vec<String>,
}

/// Whether a file begins as Parquet does.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn is_parquet(path: &Path) -> Result<bool, Failure> {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(parquet::MAGIC.len() as u64).read_to_end(&mut beginning));
    read.map_err(|why| Failure::unreadable(path, &why))?;
    Ok(beginning == parquet::MAGIC)
}

impl Table {
    /// Opens a file and reads its header. Nothing is given back when it cannot be read at all; the problems say why.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(path: &Path, problems: &mut Problems) -> Result<Option<Self>, Failure> {
        if is_parquet(path)? {
            Ok(parquet::Rows::open(path, problems)?.map(|rows| Self::Parquet(Box::new(rows))))
        } else if json::is_json(path)? {
            Ok(listed(path, problems)?.map(Self::Listed))
        } else {
            Ok(csv::Rows::open(path, None, problems)?.map(|rows| Self::Csv(Box::new(rows))))
        }
    }

    /// The column names, in the file's order.
    pub(crate) fn header(&self) -> &[String] {
        match self {
            Self::Csv(rows) => rows.header(),
            Self::Parquet(rows) => rows.header(),
            Self::Listed(listed) => &listed.header,
        }
    }

    /// Says which columns are asked for. All others may be empty.
    pub(crate) fn want(&mut self, columns: impl Iterator<Item = usize>) {
        if let Self::Parquet(rows) = self {
            rows.want(columns);
        }
    }

    /// The next whole row. Damaged rows are reported and left out; after damage that goes to the end of the file there are no more.
    pub(crate) fn next(&mut self, problems: &mut Problems) -> Option<Row<'_>> {
        match self {
            Self::Csv(rows) => rows.next(problems).map(|row| Row { line: row.line, number: row.number, cells: Cells::Csv(row) }),
            Self::Parquet(rows) => rows.next(problems).map(|row| Row { line: row.number, number: row.number, cells: Cells::Parquet(row) }),
            Self::Listed(listed) => {
                let (line, cells) = listed.rows.get(listed.at)?;
                listed.at += 1;
                Some(Row { line: *line, number: listed.at as u64, cells: Cells::Listed(cells) })
            }
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
                let csv::Summary { digest, length, damaged, notes, .. } = rows.finish()?;
                Ok(Summary { digest, length, rows: seen, damaged, notes })
            }
            Self::Parquet(rows) => {
                let (digest, length, rows, damaged) = rows.finish()?;
                Ok(Summary { digest, length, rows, damaged, notes: Vec::new() })
            }
            Self::Listed(listed) => Ok(Summary {
                digest: listed.digest,
                length: listed.length,
                rows: listed.rows.len() as u64,
                damaged: false,
                notes: Vec::new(),
            }),
        }
    }
}

/// Reads what answers of an API list: the first member of each that is a list of objects, else the document itself.
fn listed(path: &Path, problems: &mut Problems) -> Result<Option<Listed>, Failure> {
    let Some(documents) = json::read(path, problems)? else { return Ok(None) };
    let mut listed = Listed { header: Vec::new(), rows: Vec::new(), digest: documents.digest, length: documents.length, at: 0 };
    let mut places = HashMap::new();
    for (line, text) in documents.each() {
        let members = serde_json::from_str::<json::Members<'_>>(text).map(|members| members.0).unwrap_or_default();
        let list = members.iter().find_map(|(_, raw)| {
            let items = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
            (!items.is_empty() && items.iter().all(|item| item.get().starts_with('{'))).then_some(items)
        });
        let (mut at, mut counted) = (line, 0);
        for item in list.unwrap_or_else(|| serde_json::from_str(text).into_iter().collect()) {
            let from = json::within(text, item.get()).start;
            at += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..from]).count() as u64;
            counted = from;
            let Ok(value) = serde_json::from_str::<Value>(item.get()) else {
                let problem = Problem::new(Code::E0101, "", "it lies deeper than 128 levels").cure("get the answer again");
                problems.push(Located { file: path.display().to_string(), line: at, column_number: None, problem });
                return Ok(None);
            };
            let mut cells = HashMap::new();
            flatten("", &value, &mut |name, text| {
                let next = places.len();
                let column = *places.entry(name.to_owned()).or_insert_with(|| {
                    listed.header.push(name.to_owned());
                    next
                });
                cells.insert(column, text);
            });
            listed.rows.push((at, cells));
        }
    }
    Ok(Some(listed))
}

/// Gives every text, number and flag of a document with its path: `BaseCurrencyAmount.TotalAmount`. Lists have no path.
fn flatten(path: &str, value: &Value, give: &mut impl FnMut(&str, String)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&below, value, give);
            }
        }
        Value::String(text) => give(path, text.clone()),
        Value::Number(number) => give(path, number.to_string()),
        Value::Bool(flag) => give(path, flag.to_string()),
        Value::Null | Value::Array(_) => (),
    }
}
