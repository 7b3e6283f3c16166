//! NDJSON: a row per line with `"type":"row"`, what else is told beside them with `"type":"about"`, and the receipt on the last line with
//! `"type":"receipt"`. Without that line the output was cut off.

use std::io::{self, Write};

use ledger_core::report::{Receipt, Report, canonical};

pub(super) fn write(report: &Report, receipt: &Receipt, out: &mut impl Write) -> io::Result<()> {
    for row in &report.rows {
        tagged("row", &canonical(&report.row(row)), out)?;
    }
    if !report.about.is_null() {
        tagged("about", &canonical(&report.about), out)?;
    }
    tagged("receipt", &receipt.printed(), out)
}

fn tagged(tag: &str, object: &str, out: &mut impl Write) -> io::Result<()> {
    let fields = object.strip_prefix('{').unwrap_or(object);
    writeln!(out, "{{\"type\":\"{tag}\"{}{fields}", if fields == "}" { "" } else { "," })
}
