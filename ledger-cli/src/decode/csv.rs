//! CSV (RFC 4180), plain or gzip, row by row in constant memory, with the digest of the decoded bytes taken on the way.
//!
//! The csv crate splits records and forgives everything: a quote that never closes swallows the rest of the file, text beside a quote is
//! glued to the field. AWS writes neither, so a file that has them is damaged; the [`Tap`] between the file and the csv crate watches the
//! quotes, and stops the stream where they go wrong or where a field would fill the memory.

mod tap;

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ::csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Terminator};
use ledger_core::chain::Hash;
use ledger_core::problem::{Code, Located, Problem, Problems};

use self::tap::{Prefix, Tap, Why};
use super::source::{self, BYTE_ORDER_MARK, Source};
use crate::failure::Failure;

/// The longest field, in bytes.
pub const LONGEST_FIELD: u64 = 1 << 20;
/// The longest line, in bytes.
pub const LONGEST_LINE: u64 = 4 << 20;
/// From here on a compressed file may not have grown more than [`EXPANSION`] times.
pub const EXPANSION_FREE: u64 = 256 << 20;
/// How many times a compressed file may grow.
pub const EXPANSION: u64 = 100;

const BUFFER: usize = 256 * 1024;
const DOWNLOAD_AGAIN: &str = "download the file again";

/// A CSV file that is being read.
pub struct Rows {
    path: PathBuf,
    file: String,
    header: Vec<String>,
    reader: Reader<Tap>,
    record: StringRecord,
    rows: u64,
    seen: u64,
    rejected: Vec<u64>,
    ended: bool,
    damaged: bool,
    notes: Vec<String>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The line it begins at, from 1.
    pub line: u64,
    /// Which row it is, from 1: the header is none, a damaged row is one.
    pub number: u64,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// A field, by its place in the header; nothing when there is no such column. The carriage return before a line end is no part of a row.
    pub fn get(&self, column: usize) -> &'a str {
        let field = self.record.get(column).unwrap_or_default();
        if column + 1 == self.record.len() { field.strip_suffix('\r').unwrap_or(field) } else { field }
    }

    /// All fields as one text, and where each of them ends in it.
    pub fn text(&self) -> (&'a str, impl Iterator<Item = usize> + use<'a>) {
        let row = *self;
        let all = row.record.as_slice();
        let all = all.strip_suffix('\r').unwrap_or(all);
        let end = move |column| row.record.range(column).map_or(0, |range| range.end.min(all.len()));
        (all, (0..row.record.len()).map(end))
    }

    /// Every field in order.
    pub fn fields(&self) -> impl Iterator<Item = &'a str> {
        let row = *self;
        (0..row.record.len()).map(move |column| row.get(column))
    }
}

/// What was read, once it has been read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// BLAKE3 of the decoded bytes, a byte order mark included.
    pub digest: Hash,
    /// How many decoded bytes there are.
    pub length: u64,
    /// BLAKE3 of the first so many decoded bytes, when they were asked for and there are as many.
    pub prefix: Option<Hash>,
    /// How many rows were given.
    pub rows: u64,
    /// Whether the file could not be read to its end.
    pub damaged: bool,
    /// What to tell the user: that a byte order mark was ignored.
    pub notes: Vec<String>,
}

impl Rows {
    /// Opens a file and reads its header. `prefix` asks for the digest of the first so many decoded bytes. Nothing is given back when the
    /// file cannot be read as CSV at all; the problems say why.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, prefix: Option<u64>, problems: &mut Problems) -> Result<Option<Self>, Failure> {
        let source = source::open(path).map_err(|why| Failure::unreadable(path, &why))?;
        Ok(Self::over(path, source, prefix, problems))
    }

    fn over(path: &Path, source: Source, prefix: Option<u64>, problems: &mut Problems) -> Option<Self> {
        let file = path.display().to_string();
        let mut refuse = |problem: Problem| {
            problems.push(Located { file: file.clone(), line: 0, column_number: None, problem });
            None
        };
        if let Some(why) = &source.damaged {
            return refuse(damaged_gzip(why));
        }
        if let Some(problem) = not_text(&source.beginning) {
            return refuse(problem);
        }
        let mut tap = Tap::new(source.text, prefix, source.compressed);
        let mut notes = vec![];
        if source.marked {
            tap.digest(BYTE_ORDER_MARK);
            notes.push(format!("{file} begins with a byte order mark, which was ignored"));
        }
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // The csv crate's own CRLF would also end a record at a lone carriage return, and loses count of the lines.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(tap);
        let record = StringRecord::new();
        let path = path.to_owned();
        let mut rows =
            Self { path, file, header: vec![], reader, record, rows: 0, seen: 0, rejected: vec![], ended: false, damaged: false, notes };
        rows.read_header(problems).then_some(rows)
    }

    fn read_header(&mut self, problems: &mut Problems) -> bool {
        let Some(line) = self.advance(problems) else {
            if !self.damaged {
                self.report(0, None, Problem::new(Code::E0316, "", "not even a header is there").cure(DOWNLOAD_AGAIN), problems);
            }
            return false;
        };
        self.header = Row { line, number: 0, record: &self.record }.fields().map(str::to_owned).collect();
        self.seen = 0;
        if let Some(problem) = not_commas(&self.header) {
            self.report(0, None, problem, problems);
            return false;
        }
        let mut known = HashSet::new();
        let twice: Vec<usize> = (0..self.header.len()).filter(|at| !known.insert(self.header[*at].as_str())).collect();
        for at in &twice {
            let problem = Problem::new(Code::E0317, self.header[*at].clone(), "this name occurs twice").cure(DOWNLOAD_AGAIN);
            self.report(line, Some(*at), problem, problems);
        }
        twice.is_empty()
    }

    /// The column names, in the file's order.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The lines of the rows that have a problem, in order.
    pub fn rejected(&self) -> &[u64] {
        &self.rejected
    }

    /// How many rows have been met, damaged ones among them.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The file as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The next whole row. Damaged rows are reported and left out; after damage that goes to the end of the file there are no more.
    pub fn next(&mut self, problems: &mut Problems) -> Option<Row<'_>> {
        let line = loop {
            let line = self.advance(problems)?;
            self.seen += 1;
            let (found, expected) = (self.record.len(), self.header.len());
            if found != expected {
                let (found, expected) = (crate::failure::counted(found as u64, "field"), self.header.len());
                let problem = Problem::new(Code::E0313, &*found, format!("{found}, expected {expected}"));
                self.report(
                    line,
                    None,
                    problem.cure("look for a comma or a quote too many or too few, or download the file again"),
                    problems,
                );
                continue;
            }
            if memchr::memchr(0, self.record.as_slice().as_bytes()).is_some() {
                let column = self.record.iter().position(|field| field.contains('\0'));
                self.report(line, column, Problem::new(Code::E0315, "\\0", "a NUL byte").cure(DOWNLOAD_AGAIN), problems);
                continue;
            }
            if self.record.as_slice().len() as u64 > LONGEST_FIELD
                && let Some(column) = self.record.iter().position(|field| field.len() as u64 > LONGEST_FIELD)
            {
                self.report(line, Some(column), too_long(), problems);
                continue;
            }
            break line;
        };
        self.rows += 1;
        Some(Row { line, number: self.seen, record: &self.record })
    }

    /// Reads the next record, however many fields it has, and gives the line it begins at.
    fn advance(&mut self, problems: &mut Problems) -> Option<u64> {
        while !self.ended {
            let before = self.reader.position().line();
            let read = self.reader.read_record(&mut self.record);
            let (after, byte) = (self.reader.position().line(), self.reader.position().byte());
            let tap = self.reader.get_ref();
            if tap.stop.as_ref().is_some_and(|stop| byte >= stop.cut) {
                self.stopped(problems);
                return None;
            }
            // Blank lines are skipped by the csv crate, and the line end belongs to the record before it.
            let inside = |text: &str| memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
            let ended = u64::from(!(tap.at_end && byte == tap.given && tap.last != b'\n'));
            let first_line = |inside: u64| before + (after - before).saturating_sub(inside + ended);
            match read {
                Ok(true) if self.record.len() == 1 && matches!(&self.record[0], "" | "\r") && self.header.len() != 1 => (),
                Ok(true) => return Some(first_line(inside(self.record.as_slice()))),
                Ok(false) => self.ended = true,
                Err(why) => match why.kind() {
                    ErrorKind::Utf8 { err, .. } => {
                        self.seen += 1;
                        let (line, column) = (first_line(0), err.field());
                        let problem = Problem::new(Code::E0311, "", "these bytes are not UTF-8; Latin-1 or Windows-1252 is likely");
                        self.report(line, Some(column), problem.cure("download the file again, or save it as UTF-8"), problems);
                    }
                    _ => {
                        self.report(after, None, Problem::new(Code::E0303, "", why.to_string()), problems);
                        self.ended = true;
                        self.damaged = true;
                    }
                },
            }
        }
        None
    }

    /// Says why the tap stopped the stream.
    fn stopped(&mut self, problems: &mut Problems) {
        self.ended = true;
        self.damaged = true;
        let Some(stop) = self.reader.get_ref().stop.as_ref() else { return };
        let (line, field) = place(&self.path, stop.at);
        let end = |at: u64| place(&self.path, at).0;
        let (column, problem) = match &stop.why {
            Why::Open => (Some(field), Problem::new(Code::E0314, "\"", "it opens here and the file ends inside it").cure(DOWNLOAD_AGAIN)),
            Why::OpenTooLong => {
                (Some(field), Problem::new(Code::E0314, "\"", "it opens here and does not close within 1 MiB").cure(DOWNLOAD_AGAIN))
            }
            Why::Beside { opened: None } => {
                let problem = Problem::new(Code::E0321, "\"", "a quote stands inside a field that does not begin with one");
                (Some(field), problem.cure("a quote inside a field is written twice, and the field is quoted; or download the file again"))
            }
            Why::Beside { opened: Some(opened) } if end(*opened) == line => {
                let problem = Problem::new(Code::E0321, "\"", "text follows the closing quote");
                (Some(field), problem.cure("a quote inside a field is written twice; or download the file again"))
            }
            Why::Beside { opened: Some(opened) } => {
                let (opened_line, field) = place(&self.path, *opened);
                let why = format!("it opens here, and the next quote, at line {line}, does not close it");
                let problem = Problem::new(Code::E0314, "\"", why).cure(DOWNLOAD_AGAIN);
                return self.report(opened_line, Some(field), problem, problems);
            }
            Why::LineTooLong => (None, too_long()),
            Why::Expands => {
                let problem = Problem::new(Code::E0320, "", format!("it grows more than {EXPANSION} times, past 256 MiB"));
                (None, problem.cure("decompress it yourself if you trust it, and import the result"))
            }
            Why::Damaged(why) => (None, damaged_gzip(why)),
            Why::Disk(why) => (None, Problem::new(Code::E0303, "", why.to_string())),
        };
        self.report(line, column, problem, problems);
    }

    /// Puts a problem in its place: file, line and column.
    pub fn report(&mut self, line: u64, column: Option<usize>, mut problem: Problem, problems: &mut Problems) {
        if problem.column.is_none() {
            problem.column = column.and_then(|column| self.header.get(column)).cloned();
        }
        let column_number = column.map(|column| column as u64 + 1);
        if line > 1 && self.rejected.last() != Some(&line) {
            self.rejected.push(line);
        }
        problems.push(Located { file: self.file.clone(), line, column_number, problem });
    }

    /// Puts problems that name their column in their place.
    pub fn report_all(&mut self, line: u64, found: impl IntoIterator<Item = Problem>, problems: &mut Problems) {
        for problem in found {
            let column = problem.column.as_ref().and_then(|name| self.header.iter().position(|column| column == name));
            self.report(line, column, problem, problems);
        }
    }

    /// Reads what is left and gives the digests.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn finish(mut self) -> Result<Summary, Failure> {
        if !self.ended {
            let drained = io::copy(self.reader.get_mut(), &mut io::sink());
            drained.map_err(|why| Failure::unreadable(&self.path, &why))?;
        }
        let tap = self.reader.into_inner();
        let prefix = match tap.prefix {
            Prefix::At(hash) => Some(hash),
            Prefix::None | Prefix::After(_) => None,
        };
        let digest = Hash::from_bytes(*tap.hasher.finalize().as_bytes());
        let damaged = self.damaged || tap.stop.is_some();
        Ok(Summary { digest, length: tap.length, prefix, rows: self.rows, damaged, notes: self.notes })
    }
}

/// A file whose first bytes show that it is no text in UTF-8.
fn not_text(beginning: &[u8]) -> Option<Problem> {
    let spreadsheet = "save it as CSV UTF-8, or better: download the CSV again";
    match beginning {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            Some(Problem::new(Code::E0312, "", "every character has two bytes").cure(spreadsheet))
        }
        [b'P', b'K', 3, 4, ..] => Some(Problem::new(Code::E0302, "", "a zip archive or a spreadsheet").cure("give the CSV file inside it")),
        [b'P', b'A', b'R', b'1', ..] => Some(Problem::new(Code::E0302, "", "a Parquet file").cure("give the CSV file")),
        _ => None,
    }
}

/// A header that shows that other characters separate lines or columns than those of AWS's files.
fn not_commas(header: &[String]) -> Option<Problem> {
    let why = match header {
        _ if header.iter().any(|name| name.contains('\r')) => {
            "its lines end with a carriage return alone, and AWS ends them with a line feed"
        }
        [all] if all.contains(';') => "semicolons stand between its columns, and AWS writes commas",
        [all] if all.contains('\t') => "tabs stand between its columns, and AWS writes commas",
        _ => return None,
    };
    Some(Problem::new(Code::E0302, "", why).cure("a spreadsheet has probably re-saved this file; download it again"))
}

fn damaged_gzip(why: &io::Error) -> Problem {
    let early = why.kind() == io::ErrorKind::UnexpectedEof;
    let why = if early { "the compressed file ends too early".to_owned() } else { format!("the compressed file is corrupt: {why}") };
    Problem::new(Code::E0318, "", why).cure(DOWNLOAD_AGAIN)
}

fn too_long() -> Problem {
    Problem::new(Code::E0319, "", "a field has at most 1 MiB, a line at most 4 MiB").cure(DOWNLOAD_AGAIN)
}

/// The line of a byte of the text, from 1, and the field it is in, from 0. Reads the file again: only after damage.
fn place(path: &Path, offset: u64) -> (u64, usize) {
    let Ok(source) = source::open(path) else { return (0, 0) };
    let mut text = source.text.take(offset);
    let (mut line, mut last) = (1, vec![]);
    let mut buffer = vec![0; BUFFER];
    while let Ok(read @ 1..) = text.read(&mut buffer) {
        let chunk = &buffer[..read];
        line += memchr::memchr_iter(b'\n', chunk).count() as u64;
        match memchr::memrchr(b'\n', chunk) {
            Some(at) => last = chunk[at + 1..].to_vec(),
            None => last.extend_from_slice(chunk),
        }
    }
    (line, super::fields(&last).len() - 1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    struct Read {
        rows: Vec<(u64, Vec<String>)>,
        problems: Problems,
        summary: Option<Summary>,
        printed: String,
    }

    fn read_with(name: &str, bytes: &[u8], prefix: Option<u64>) -> Read {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut problems = Problems::new();
        let mut given = vec![];
        let mut summary = None;
        if let Some(mut rows) = Rows::open(&path, prefix, &mut problems).unwrap() {
            given.push((1, rows.header().to_vec()));
            while let Some(row) = rows.next(&mut problems) {
                given.push((row.line, row.fields().map(str::to_owned).collect()));
            }
            summary = Some(rows.finish().unwrap());
        }
        let mut out = anstream::StripStream::new(Vec::new());
        if !problems.is_empty() {
            Failure::problems(&problems).print(&mut out, 140).unwrap();
        }
        let printed = String::from_utf8(out.into_inner()).unwrap().replace(&path.display().to_string(), name);
        Read { rows: given, problems, summary, printed }
    }

    /// Gives a byte at a time, so that every state of the tap meets the end of a chunk.
    struct Trickle(io::Cursor<Vec<u8>>);

    impl io::Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    /// What a plain reading of RFC 4180 makes of a text: the line and the fields of each record that is not blank.
    fn by_the_book(text: &str) -> Vec<(u64, Vec<String>)> {
        let (mut records, mut fields, mut field) = (vec![], vec![], String::new());
        let (mut line, mut start, mut quoted) = (1, 1, false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            line += u64::from(c == '\n');
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                '\n' if !quoted => {
                    fields.push(std::mem::take(&mut field));
                    records.push((start, std::mem::take(&mut fields)));
                    start = line;
                }
                _ => field.push(c),
            }
        }
        if !field.is_empty() || !fields.is_empty() {
            fields.push(field);
            records.push((start, fields));
        }
        records.retain(|(_, fields)| fields.len() > 1 || !fields[0].is_empty());
        records
    }

    #[test]
    fn chunks_make_no_difference_and_whole_files_read_by_the_book() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut state = 7_u64;
        let mut whole = 0;
        for case in 0..4_000 {
            let mut text = String::from("a,b\n");
            for _ in 0..1 + case % 12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(
                    ["\"", ",", "\n", "x", "\"\"", ",\"", "\",", "\"\n", "x,y\n", "\"x\"", "é", "\",\""][(state >> 33) as usize % 12],
                );
            }
            let read = |slowly: bool| {
                let bytes = text.clone().into_bytes();
                let rest: Box<dyn io::Read + Send> =
                    if slowly { Box::new(Trickle(io::Cursor::new(bytes))) } else { Box::new(io::Cursor::new(bytes)) };
                let text = io::Read::chain(io::Cursor::new(vec![]), rest);
                let source = Source { text, beginning: vec![], marked: false, compressed: None, damaged: None };
                let mut problems = Problems::new();
                let mut given = vec![];
                let mut rows = Rows::over(&path, source, None, &mut problems).unwrap();
                while let Some(row) = rows.next(&mut problems) {
                    given.push((row.line, row.fields().map(str::to_owned).collect::<Vec<_>>()));
                }
                (given, problems)
            };
            let (given, problems) = read(false);
            let slowly = read(true);
            assert_eq!((&given, &problems), (&slowly.0, &slowly.1), "{text:?}");
            if problems.is_empty() {
                whole += 1;
                assert_eq!(given, by_the_book(&text)[1..], "{text:?}");
            }
        }
        assert!(whole > 100, "{whole}");
    }

    fn read(bytes: &[u8]) -> Read {
        read_with("a.csv", bytes, None)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_damage_is_named_and_placed() {
        let many = "be-1,\"Globex, Inc\",4000.00\n".repeat(20_000);
        let mut truncated = gzip(format!("id,name,amount\n{many}").as_bytes());
        truncated.truncate(truncated.len() / 2);
        let mut corrupt = gzip(b"id,name,amount\nbe-1,Globex,4000.00\n");
        let end = corrupt.len() - 6;
        corrupt[end] ^= 1;
        let utf16: Vec<u8> = "id,name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let long = format!("id,name\nbe-1,{}\n", "x".repeat(2 << 20));
        let endless = format!("id,name\nbe-1,{}\n", "x".repeat(6 << 20));
        let cases: &[(&str, &[u8])] = &[
            ("empty", b""),
            ("only a byte order mark", b"\xef\xbb\xbf"),
            ("UTF-16 with a mark", b"\xff\xfei\0d\0"),
            ("UTF-16 without", &utf16),
            ("a spreadsheet", b"PK\x03\x04xxxx"),
            ("Latin-1", b"id,name\nbe-1,Caf\xe9 GmbH\nbe-2,Globex\nbe-3,M\xfcller\n"),
            ("too few and too many fields", b"id,amount,currency\nbe-1,4,000.00,USD\nbe-2,USD\nbe-3,1.00,USD\nbe-4,5,000.00,USD\n"),
            ("a quote that never closes", b"id,name,amount\nbe-1,x,1\nbe-2,\"Globex Retail,4000.00\nbe-3,y,1\n"),
            ("a quote that closes too late", b"id,name,amount\nbe-2,\"Globex Retail,4000.00\nbe-3,\"Initech, Inc\",1\n"),
            ("text behind a closing quote", b"id,name\nbe-1,\"The \"best\" Ltd\"\n"),
            ("carriage returns for line ends", b"id,name\rbe-1,Globex\rbe-2,Initech\r"),
            ("semicolons for commas", b"id;name\nbe-1;Globex\n"),
            ("tabs for commas", b"id\tname\nbe-1\tGlobex\n"),
            ("a quote inside a field", b"id,name\nbe-1,6\" pipe\n"),
            ("NUL", b"id,name\nbe-1,Glo\0bex\n"),
            ("two columns of one name", b"id,amount,amount\n1,2,3\n"),
            ("truncated gzip", &truncated),
            ("corrupt gzip", &corrupt),
            ("no gzip after all", b"\x1f\x8bnope"),
            ("a long field", long.as_bytes()),
            ("an endless line", endless.as_bytes()),
        ];
        let mut out = String::new();
        for (name, bytes) in cases {
            let read = read(bytes);
            let printed: String = read.printed.lines().map(|line| format!("{}\n", line.chars().take(160).collect::<String>())).collect();
            out += &format!("=== {name}: {} rows given\n{printed}\n", read.rows.len().saturating_sub(1));
            assert!(!read.problems.is_empty(), "{name}");
        }
        insta::assert_snapshot!(out);
    }

    #[test]
    fn a_quote_that_never_closes_costs_no_memory() {
        let rest = "be-1,x,1\n".repeat(1_000_000);
        let read = read(format!("id,name,amount\nbe-0,\"Globex,1\n{rest}").as_bytes());
        assert_eq!(read.rows.len(), 1);
        assert_eq!(read.problems.kinds()[0].first.line, 2);
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        for text in [
            "id,name\n1,a\n\n2,\"b\nb\"\n3,\"c\"\"c, d\"\n",
            "id,name\r\n1,a\r\n\r\n2,\"b\nb\"\r\n3,\"c\"\"c, d\"\r\n",
            "id,name\n1,a\n\n2,\"b\nb\"\n3,\"c\"\"c, d\"",
            "id,name\n1,a\r\n\r\n2,\"b\nb\"\r\n3,\"c\"\"c, d\"\n",
            "id,name\r\n1,a\n\n2,\"b\nb\"\r\n3,\"c\"\"c, d\"\n",
        ] {
            let rows: Vec<(u64, String)> = read(text.as_bytes()).rows.into_iter().map(|(line, fields)| (line, fields.join("|"))).collect();
            let expected = [(1, "id|name"), (2, "1|a"), (4, "2|b\nb"), (6, "3|c\"c, d")].map(|(line, text)| (line, text.to_owned()));
            assert_eq!(rows, expected, "{text:?}");
        }
    }

    #[test]
    fn blank_lines_before_an_unfinished_last_line_are_counted() {
        assert_eq!(read(b"id,name\n\n\n1,a").rows[1].0, 4);
    }

    #[test]
    fn gzip_is_recognised_by_its_bytes_and_digested_decoded() {
        let text = b"id,name\n1,a\n2,b\n";
        let (plain, packed) = (read_with("a.csv.gz", text, Some(12)), read_with("a.csv", &gzip(text), Some(12)));
        assert_eq!(plain.rows, packed.rows);
        let summary = packed.summary.unwrap();
        assert_eq!(Some(&summary), plain.summary.as_ref());
        assert_eq!(summary.digest, Hash::of(text));
        assert_eq!(summary.prefix, Some(Hash::of(&text[..12])));
        assert_eq!((summary.length, summary.rows, summary.damaged), (16, 2, false));
    }

    #[test]
    fn a_prefix_has_its_own_digest() {
        let text = format!("id,name\n{}", "1,abcdefgh\n".repeat(100_000));
        for length in [0, 1, 8, 262_144, 300_001, text.len()] {
            let summary = read_with("a.csv", text.as_bytes(), Some(length as u64)).summary.unwrap();
            assert_eq!(summary.prefix, Some(Hash::of(&text.as_bytes()[..length])), "{length}");
            assert_eq!(summary.digest, Hash::of(text.as_bytes()));
        }
        let longer = read_with("a.csv", text.as_bytes(), Some(text.len() as u64 + 1)).summary.unwrap();
        assert_eq!(longer.prefix, None);
    }

    #[test]
    fn the_digest_is_whole_when_rows_are_left_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let text = format!("id,name\n{}", "1,abcdefgh\n".repeat(100_000));
        std::fs::write(&path, &text).unwrap();
        let rows = Rows::open(&path, None, &mut Problems::new()).unwrap().unwrap();
        assert_eq!(rows.finish().unwrap().digest, Hash::of(text.as_bytes()));
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_once_and_said() {
        let read = read(b"\xef\xbb\xbfid,name\n1,a\n");
        assert_eq!(read.rows[0].1, ["id", "name"]);
        let summary = read.summary.unwrap();
        assert_eq!(summary.digest, Hash::of(b"\xef\xbb\xbfid,name\n1,a\n"));
        assert!(summary.notes[0].ends_with("begins with a byte order mark, which was ignored"));
    }

    #[test]
    fn a_header_alone_is_a_file_without_rows() {
        for text in ["id,name\n", "id,name"] {
            let read = read(text.as_bytes());
            assert!(read.problems.is_empty() && read.rows.len() == 1);
        }
    }

    #[test]
    fn a_file_made_to_exhaust_the_machine_is_left() {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(b"id,name\n").unwrap();
        let line = format!("1,{}\n", "x".repeat(1_000_000));
        for _ in 0..300 {
            encoder.write_all(line.as_bytes()).unwrap();
        }
        let read = read(&encoder.finish().unwrap());
        assert_eq!(read.problems.kinds()[0].first.problem.code, Code::E0320);
        assert!(read.rows.len() < 300);
    }

    #[test]
    fn rejected_rows_can_be_set_aside_as_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.csv");
        std::fs::write(&path, "id,name\r\n1,\"a\nb\"\r\n2,x,y\r\n3,c\r\n4,\"two\nlines\",z").unwrap();
        let mut problems = Problems::new();
        let mut rows = Rows::open(&path, None, &mut problems).unwrap().unwrap();
        while rows.next(&mut problems).is_some() {}
        assert_eq!(rows.rejected(), [4, 6]);
        let mut out = vec![];
        super::super::copy_records(&path, rows.rejected(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "id,name\r\n2,x,y\r\n4,\"two\nlines\",z\n");
    }

    #[test]
    fn bad_values_are_shown_where_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.csv.gz");
        std::fs::write(&path, gzip("id,note,amount\nbe-1,\"two\nlines, é\",\"4,000.00\"\n".as_bytes())).unwrap();
        let mut problems = Problems::new();
        let mut rows = Rows::open(&path, None, &mut problems).unwrap().unwrap();
        let line = rows.next(&mut problems).unwrap().line;
        rows.report_all(line, [Problem::new(Code::E0211, "4,000.00", "thousands separator").column("amount")], &mut problems);
        let mut out = anstream::StripStream::new(Vec::new());
        Failure::problems(&problems).print(&mut out, 140).unwrap();
        let printed = String::from_utf8(out.into_inner()).unwrap().replace(&path.display().to_string(), "b.csv.gz");
        insta::assert_snapshot!(printed);
    }
}
