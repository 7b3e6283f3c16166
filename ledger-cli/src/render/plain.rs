//! Plain: tab-separated, no rules, no grouping, one record per line, a header and then the data. Tabs and line ends inside a field are
//! written as `\t` and `\n`, a backslash as `\\`, any other control character as `\u{1b}`: a line is always a record, and no text moves a
//! terminal's cursor.

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
    if !text.chars().any(|c| c == '\\' || super::is_unseen(c)) {
        return text;
    }
    text.chars()
        .map(|c| match c {
            '\\' => "\\\\".to_owned(),
            c if super::is_unseen(c) => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_field_of_one_line() {
        assert_eq!(escaped("Globex, Inc. 株式会社".to_owned()), "Globex, Inc. 株式会社");
        assert_eq!(escaped("a\tb\nc\r\\d\u{1b}[2J\u{7}".to_owned()), "a\\tb\\nc\\r\\\\d\\u{1b}[2J\\u{7}");
    }
}
