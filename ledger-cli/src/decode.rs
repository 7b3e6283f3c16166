//! Decoders: from a file to rows of text, and everything that can be wrong with the file itself. What the values mean is the feeds' business.

pub mod csv;
pub(crate) mod json;
mod parquet;
mod source;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::path::Path;

use crate::failure::Excerpt;

/// No more text than this is shown of one record.
const LONGEST_EXCERPT: u64 = 64 * 1024;

/// Reads the lines that excerpts point at, each file once, compressed or not. An excerpt whose span is `n..n` gets that of the n-th field;
/// one whose text cannot be read stays without.
pub(crate) fn fill_excerpts<'a>(excerpts: impl Iterator<Item = &'a mut Excerpt>) {
    let mut by_file: BTreeMap<String, Vec<&mut Excerpt>> = BTreeMap::new();
    excerpts.filter(|excerpt| excerpt.source.is_none()).for_each(|excerpt| by_file.entry(excerpt.file.clone()).or_default().push(excerpt));
    for (file, excerpts) in by_file {
        let wanted: BTreeSet<u64> = excerpts.iter().map(|excerpt| excerpt.line).filter(|line| *line > 0).collect();
        let records = records_at(Path::new(&file), &wanted);
        for excerpt in excerpts {
            match records.get(&excerpt.line) {
                Some(record) => show(excerpt, record),
                None => excerpt.span = 0..0,
            }
        }
    }
}

/// The raw bytes of the records that begin at these lines. What cannot be read is left out.
fn records_at(path: &Path, lines: &BTreeSet<u64>) -> BTreeMap<u64, Vec<u8>> {
    let mut records = BTreeMap::new();
    if table::is_parquet(path).unwrap_or(false) {
        return records;
    }
    // What was read before an error is all that can be shown.
    let _ = each_record(path, lines.iter().copied(), LONGEST_EXCERPT, |line, record| {
        records.insert(line, record.to_vec());
        Ok(())
    });
    records
}

/// The bytes of a file as digests are taken of them: after decompression, with everything that stands in it.
///
/// # Errors
/// It cannot be read.
pub(crate) fn bytes_of(path: &Path) -> io::Result<impl Read> {
    let source = source::open(path)?;
    if let Some(why) = source.damaged {
        return Err(why);
    }
    let mark = if source.marked { source::BYTE_ORDER_MARK } else { &[] };
    Ok(mark.chain(source.text))
}

/// Writes the header and the records that begin at these lines, as they stand in the file: what `--quarantine` sets aside.
///
/// # Errors
/// When the file cannot be read or the records not be written.
pub fn copy_records(path: &Path, lines: &[u64], out: &mut impl Write) -> io::Result<()> {
    let header = std::iter::once(1).filter(|_| lines.first() != Some(&1));
    each_record(path, header.chain(lines.iter().copied()), csv::LONGEST_LINE, |_, record| {
        out.write_all(record)?;
        if record.ends_with(b"\n") { Ok(()) } else { out.write_all(b"\n") }
    })
}

/// Hands out the raw bytes, up to a limit each, of the records that begin at these lines, which ascend.
fn each_record(
    path: &Path,
    lines: impl IntoIterator<Item = u64>,
    limit: u64,
    mut give: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(128 * 1024, source::open(path)?.text);
    let mut line = 1;
    let mut lines = lines.into_iter().peekable();
    let mut record = vec![];
    // A quote in JSON does not open a field that goes on over line ends.
    let is_csv = !json::is_json(path).unwrap_or(false);
    while let Some(wanted) = lines.next() {
        while line < wanted {
            if reader.skip_until(b'\n')? == 0 {
                return Ok(());
            }
            line += 1;
        }
        record.clear();
        loop {
            let room = limit - record.len() as u64;
            let read = reader.by_ref().take(room).read_until(b'\n', &mut record);
            line += u64::from(record.last() == Some(&b'\n'));
            let open = is_csv && memchr::memchr_iter(b'"', &record).count() % 2 == 1;
            if !open || record.len() as u64 >= limit || !matches!(read, Ok(1..)) || lines.peek() == Some(&line) {
                break;
            }
        }
        if !record.is_empty() {
            give(wanted, &record)?;
        }
        // Cut off in the middle of a line: the rest of it is not the next line.
        if record.last() != Some(&b'\n') && reader.skip_until(b'\n')? > 0 {
            line += 1;
        }
    }
    Ok(())
}

fn show(excerpt: &mut Excerpt, record: &[u8]) {
    let fields = fields(record);
    let field = excerpt.span.start.checked_sub(1).and_then(|at| fields.get(at)).cloned();
    let start = field.as_ref().map_or(0, |field| field.start);
    // Of a record over several lines, the line in which the field begins.
    let from = memchr::memrchr(b'\n', &record[..start]).map_or(0, |at| at + 1);
    let until = memchr::memchr(b'\n', &record[start..]).map_or(record.len(), |at| start + at);
    excerpt.line += memchr::memchr_iter(b'\n', &record[..from]).count() as u64;
    let line_end = until - usize::from(record[from..until].ends_with(b"\r"));
    let span = field.map_or(from..line_end, |field| field.start..field.end.min(line_end));
    // Bytes that are no UTF-8 become a replacement character each, so the parts are turned into text one by one.
    let text = |range: Range<usize>| String::from_utf8_lossy(&record[range]).into_owned();
    let (before, inside, after) = (text(from..span.start), text(span.clone()), text(span.end..line_end.max(span.end)));
    excerpt.span = before.len()..before.len() + inside.len();
    excerpt.source = Some(before + &inside + &after);
}

/// Where the fields of a record stand, quotes included.
fn fields(record: &[u8]) -> Vec<Range<usize>> {
    let (mut fields, mut start, mut quoted) = (vec![], 0, false);
    for (at, byte) in record.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                fields.push(start..at);
                start = at + 1;
            }
            _ => (),
        }
    }
    let end = record.strip_suffix(b"\n").map_or(record, |line| line.strip_suffix(b"\r").unwrap_or(line)).len();
    fields.push(start..end.max(start));
    fields
}
