//! CSV: RFC 4180, UTF-8, a header and then the data, nothing else.
//!
//! A spreadsheet runs a text that begins with `=` as a formula, so texts that begin with one of `= + - @`, a tab or a carriage return get a
//! leading `'`. Numbers never do: `-12.50` stays a number.

use std::io::{self, Write};

use ledger_core::report::Report;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (header, fields) = super::flat(report);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out);
    writer.write_record(&header)?;
    for row in &report.rows {
        writer.write_record(fields(row).into_iter().map(|field| if field.is_text { harmless(field.text) } else { field.text }))?;
    }
    writer.flush()
}

fn harmless(text: String) -> String {
    // The full-width forms are read as the ASCII ones by some spreadsheets.
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text }
}
