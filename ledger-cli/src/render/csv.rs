//! CSV: RFC 4180, UTF-8, a header and then the data, nothing else.
//!
//! A spreadsheet runs a text that begins with `=` as a formula, so texts that begin with one of `= + - @`, a tab or a carriage return get a
//! leading `'`. Numbers never do: `-12.50` stays a number.

use std::io::{self, Write};

use ledger_core::report::Report;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (header, fields) = super::flat(report);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out);
    writer.write_record(&header).map_err(why)?;
    for row in &report.rows {
        let told = fields(row).into_iter().map(|field| if field.is_text { harmless(field.text) } else { field.text });
        writer.write_record(told).map_err(why)?;
    }
    writer.flush()
}

/// Why nothing more can be written, as whoever takes it said it: that its reader has gone away is no failure.
fn why(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn harmless(text: String) -> String {
    // The full-width forms are read as the ASCII ones by some spreadsheets.
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use ledger_core::report::{Cell, Column, Kind};

    use super::*;

    /// Its reader has gone away.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_away_is_told_as_that() {
        let mut report = Report::new("x", vec![Column::new("a", "A", Kind::Text)]);
        // More than is kept back until it is written.
        report.rows = (0..10_000).map(|_| vec![Cell::text("something")]).collect();
        assert_eq!(write(&report, &mut Gone).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
