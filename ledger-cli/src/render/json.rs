//! JSON: `{"schema": …, "receipt": {…}, "data": […]}`, a row per line. Receipt and rows are canonical, so that
//! `jq -cj .data | b3sum` gives the digest that the receipt names. Of a closed month `"closed": [{…}]` has the figures as they were closed; `"about": {…}` is
//! what else is told beside the rows.

use std::io::{self, Write};

use ledger_core::report::{Beside, Receipt, Report, canonical, schema_name};

pub(super) fn write(report: &Report, receipt: &Receipt, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"schema\":\"{}\",\n\"receipt\":{},\n", schema_name(report.name), receipt.printed())?;
    if !report.closed.is_empty() {
        let closed: Vec<_> = report.closed.iter().map(Beside::json).collect();
        writeln!(out, "\"closed\":{},", canonical(&closed.into()))?;
    }
    if !report.about.is_null() {
        writeln!(out, "\"about\":{},", canonical(&report.about))?;
    }
    write!(out, "\"data\":[")?;
    for (at, row) in report.rows.iter().enumerate() {
        write!(out, "{}{}", if at == 0 { "\n" } else { ",\n" }, canonical(&report.row(row)))?;
    }
    writeln!(out, "]}}")
}
