//! Plain: tab-separated, no rules, no grouping, one record per line, a header and then the data. Tabs and line ends inside a field are
//! written as `\t` and `\n`, a backslash as `\\`, so that a line is always a record.

use std::io::{self, Write};

use ledger_core::report::Report;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let (header, fields) = super::flat(report);
    writeln!(out, "{}", header.join("\t"))?;
    for row in &report.rows {
        let fields: Vec<String> = fields(row).into_iter().map(|field| escaped(field.text)).collect();
        writeln!(out, "{}", fields.join("\t"))?;
    }
    Ok(())
}

fn escaped(text: String) -> String {
    if !text.contains(['\\', '\t', '\n', '\r']) {
        return text;
    }
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}
