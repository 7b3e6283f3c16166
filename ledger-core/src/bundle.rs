//! A bundle: events of a ledger in one file, with everything that is needed to verify them without the ledger. `docs/formats/bundle.md`.
//!
//! ```text
//! {"bundle":"dealbook.bundle/v1", ...}    what it is of
//! {"type":"checkpoint", ...}              signed notes, by size, each with the time stamps of it: {"type":"time_stamp", ...}
//! {"type":"consistency", ...}             each continues the one before
//! {"actor": ...}                          lines of the ledger, as they stand there; lines that follow each other are a run
//! {"type":"inclusion", ...}               the last line of a run is in the newest checkpoint, and so is the run: a line holds the hash before it
//! {"type":"source", ...}                  files that lines come from, where the line that says so is not here
//! {"type":"file", ...}                    pieces of those files themselves, where they were asked for
//! {"type":"report", ...}                  a receipt, then each row it was given for: {"type":"answer", ...}
//! {"type":"sample", ...}                  what is sampled, then each stratum and what was selected of it
//! {"type":"statement", ...}               or what a counterparty is to confirm, then each balance
//! {"type":"end", ...}                     the BLAKE3 of everything above
//! ```
//!
//! It is written and read line by line, in memory that grows with checkpoints, files and reports and not with the lines. Of a sample and a
//! statement the lines are kept until the tables behind them have been held against them. Whoever writes a bundle decides neither how long it
//! takes to read nor how much memory: how long a line is, and how many checkpoints, time stamps, reports and rows of tables there are, is
//! bounded, and nothing is looked for among all that came before.

mod answers;
mod enclosed;
mod noted;
mod read;

use std::io::{self, Read, Write};

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical;
use crate::chain::Hash;
use crate::checkpoint::Note;
use crate::merkle::Node;
use crate::sampling::confirm::{Confirmable, Stands, Statement};
use crate::sampling::{Picked, PickedRow, Question, Sample, Stratum};

pub use answers::{Answer, REPORTS};
pub use noted::Stamped;
pub use read::{Reader, Shown, Wrong};

/// The first bytes of a bundle.
pub const MAGIC: &str = "{\"bundle\":\"dealbook.bundle/v1\"";
const FORMAT: &str = "dealbook.bundle/v1";
/// The longest line that is read: a note with all its signatures, escaped.
pub const LONGEST: usize = 1 << 20;

/// What tables follow the lines of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A selection table.
    Sample,
    /// Balances to confirm.
    Statement,
}

/// What a bundle is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    bundle: String,
    /// How many lines of the ledger it holds.
    pub events: u64,
    /// What tables follow its lines: `sample` or `statement`; nothing else has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Positions that belong to what it is of and to something else too, and were left out for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<u64>,
    /// What was asked for, in words.
    pub of: String,
    /// Whose ledger it is.
    pub origin: String,
    /// Of each report, the position of the last line that was known when it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<u64>,
}

impl Header {
    /// A bundle of so many lines of a ledger.
    pub fn new(origin: &str, of: &str, events: u64, left_out: Vec<u64>) -> Self {
        Self { bundle: FORMAT.to_owned(), events, kind: None, left_out, of: of.to_owned(), origin: origin.to_owned(), reports: Vec::new() }
    }

    /// The same with tables behind its lines.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The same with reports that were asked of the lines up to these.
    #[must_use]
    pub fn answering(self, reports: Vec<u64>) -> Self {
        Self { reports, ..self }
    }
}

/// A checkpoint, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    note: String,
}

/// A reply of a time stamping authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replied {
    b64: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Continues {
    from: u64,
    path: Vec<Node>,
    to: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Includes {
    path: Vec<Node>,
    seq: u64,
}

/// A file that was imported, where its `source.imported` is not in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// BLAKE3 of the file, after decompression.
    pub digest: Hash,
    /// Its path as it was given.
    pub file: String,
    /// Position of its `source.imported`.
    pub seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    b3: Hash,
    lines: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Checkpoint(Named),
    TimeStamp(Replied),
    Consistency(Continues),
    Inclusion(Includes),
    Source(File),
    File(enclosed::Piece),
    Sample(Box<Question>),
    Stratum(Stratum),
    Item(Picked),
    Row(PickedRow),
    Statement(Statement),
    Balance(Stands),
    End(End),
}

/// Writes a bundle, in the order of the format.
pub struct Writer<W> {
    out: W,
    hasher: blake3::Hasher,
    lines: u64,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    ///
    /// # Errors
    /// Those of the writer, here and below.
    pub fn begin(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { out, hasher: blake3::Hasher::new(), lines: 0 };
        writer.write(header)?;
        Ok(writer)
    }

    /// A checkpoint.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn checkpoint(&mut self, name: Option<&str>, note: &Note) -> io::Result<()> {
        self.write(&Record::Checkpoint(Named { name: name.map(str::to_owned), note: note.to_string() }))
    }

    /// What an authority answered that stamped the checkpoint before; of several, by their bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn time_stamp(&mut self, reply: &[u8]) -> io::Result<()> {
        self.write(&Record::TimeStamp(Replied { b64: Base64::encode_string(reply) }))
    }

    /// That a checkpoint continues the one before.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn consistency(&mut self, from: u64, to: u64, path: Vec<Node>) -> io::Result<()> {
        self.write(&Record::Consistency(Continues { from, path, to }))
    }

    /// A line of the ledger, without its newline.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn event(&mut self, line: &[u8]) -> io::Result<()> {
        self.line(line)
    }

    /// That the line before is in the newest checkpoint.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn inclusion(&mut self, seq: u64, path: Vec<Node>) -> io::Result<()> {
        self.write(&Record::Inclusion(Includes { path, seq }))
    }

    /// A file whose line is not here.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn source(&mut self, file: File) -> io::Result<()> {
        self.write(&Record::Source(file))
    }

    /// The bytes of a file that a line names, as long as they are; files stand by digest.
    ///
    /// # Errors
    /// Those of the writer and of the file, which also is no more what it was.
    pub fn file(&mut self, digest: Hash, bytes: u64, mut from: impl Read) -> io::Result<()> {
        let (mut at, mut hasher) = (0, blake3::Hasher::new());
        loop {
            let mut part = Vec::new();
            from.by_ref().take((bytes - at).min(enclosed::PIECE as u64)).read_to_end(&mut part)?;
            hasher.update(&part);
            self.write(&Record::File(enclosed::Piece::of(digest, bytes, at, &part)))?;
            at += part.len() as u64;
            if at == bytes && *hasher.finalize().as_bytes() == *digest.as_bytes() {
                return Ok(());
            }
            if part.is_empty() || at == bytes {
                return Err(io::Error::other("a file changed while it was read"));
            }
        }
    }

    /// A report, by its receipt with its id.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn report(&mut self, receipt: &Value, schema: &str, rows: &[Value]) -> io::Result<()> {
        Answer::lines(receipt, schema, rows).try_for_each(|line| self.line(line.as_bytes()))
    }

    /// What is sampled, and what was selected.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn sample(&mut self, sample: &Sample) -> io::Result<()> {
        self.write(&Record::Sample(Box::new(sample.question.clone())))?;
        for drawn in &sample.strata {
            self.write(&Record::Stratum(drawn.stratum.clone()))?;
            drawn.picked.iter().try_for_each(|picked| self.write(&Record::Item(picked.clone())))?;
            drawn.rows.iter().try_for_each(|row| self.write(&Record::Row(row.clone())))?;
        }
        Ok(())
    }

    /// What a counterparty is to confirm.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn statement(&mut self, told: &Confirmable) -> io::Result<()> {
        self.write(&Record::Statement(told.statement.clone()))?;
        told.balances.iter().try_for_each(|stands| self.write(&Record::Balance(stands.clone())))
    }

    /// Ends it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self) -> io::Result<()> {
        let b3 = Hash::from_bytes(*self.hasher.finalize().as_bytes());
        self.write(&Record::End(End { b3, lines: self.lines }))?;
        self.out.flush()
    }

    fn write(&mut self, record: &impl Serialize) -> io::Result<()> {
        let mut line = Vec::new();
        canonical::write(&mut line, record);
        self.line(&line)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        for bytes in [line, b"\n"] {
            self.hasher.update(bytes);
            self.out.write_all(bytes)?;
        }
        self.lines += 1;
        Ok(())
    }
}
