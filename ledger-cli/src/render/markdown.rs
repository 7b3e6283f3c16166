//! Markdown: a table for a document, with the basis and the receipt below it.

use std::io::{self, Write};

use ledger_core::report::{Receipt, Report};

use super::Grid;

pub(super) fn write(report: &Report, receipt: &Receipt, out: &mut impl Write) -> io::Result<()> {
    let mut lines = super::heading(report).into_iter();
    if let Some(title) = lines.next() {
        writeln!(out, "**{}**\n", escaped(&title))?;
    }
    for line in lines {
        writeln!(out, "{}\n", escaped(&line))?;
    }
    for grid in super::grids(report) {
        if let Some(title) = &grid.title {
            writeln!(out, "**{}**\n", escaped(title))?;
        }
        grid_lines(&grid, out)?;
        writeln!(out)?;
    }
    for note in report.notes.iter().chain(&super::beside::lines(&report.closed)) {
        writeln!(out, "{}\n", escaped(note))?;
    }
    writeln!(out, "_{}_", receipt.footer().join("_  \n_"))
}

fn grid_lines(grid: &Grid, out: &mut impl Write) -> io::Result<()> {
    let mut line = |cells: Vec<String>| writeln!(out, "| {} |", cells.join(" | "));
    line(grid.header.iter().map(|text| escaped(text)).collect())?;
    line(grid.right.iter().map(|right| if *right { "---:" } else { "---" }.to_owned()).collect())?;
    for row in &grid.rows {
        line(row.iter().map(|text| escaped(text)).collect())?;
    }
    for row in &grid.totals {
        line(row.iter().map(|text| if text.is_empty() { String::new() } else { format!("**{}**", escaped(text)) }).collect())?;
    }
    Ok(())
}

/// What Markdown or HTML would take for markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}
