//! JSON: `{"schema": …, "receipt": {…}, "data": […]}`, a row per line. Receipt and rows are canonical, so that
//! `jq -cj .data | b3sum` gives the digest that the receipt names.

use std::io::{self, Write};

use ledger_core::report::{Receipt, Report, canonical, schema_name};

pub(super) fn write(report: &Report, receipt: &Receipt, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"schema\":\"{}\",\n\"receipt\":{},\n\"data\":[", schema_name(report.name), receipt.printed())?;
    for (at, row) in report.rows.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "\n" } else { ",\n" }, canonical(&report.row(row)))?;
    }
    writeln!(out, "]}}")
}
