//! The table for people: light rules, numbers to the right with their digits grouped, wide characters counted as wide.

use std::io::{self, Write};

use anstyle::Style as Ansi;
use ledger_core::report::{Layout, Receipt, Report};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Grid, Style};

/// A statement is broken into several below each other at this width when no terminal gives one.
const STATEMENT_WIDTH: usize = 120;
/// A text column is not shortened below this.
const SHORTEST: usize = 8;
const GAP: &str = "  ";

pub(super) fn write(report: &Report, receipt: &Receipt, out: &mut impl Write, style: Style) -> io::Result<()> {
    let (bold, bad, dim) = (Ansi::new().bold(), anstyle::AnsiColor::Red.on_default().bold(), Ansi::new().dimmed());
    for (at, line) in super::heading(report).iter().enumerate() {
        let mark = if at < report.incomplete.len() { bad } else { bold };
        writeln!(out, "{mark}{}{mark:#}", ascii(line, style))?;
    }
    if report.rows.is_empty() {
        writeln!(out, "(nothing)")?;
    }
    if report.layout == Layout::Cards {
        super::card::write(&report.cards, out, style)?;
    }
    let grids = if report.layout == Layout::Cards { vec![] } else { super::grids(report) };
    let drawn = grids.into_iter().flat_map(|grid| match report.layout {
        Layout::Rows | Layout::Cards => vec![shortened(upper(grid), style.width, style)],
        Layout::Statement => folded(&grid, style.width.unwrap_or(STATEMENT_WIDTH)),
    });
    for (at, grid) in drawn.filter(|_| !report.rows.is_empty()).enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        draw(&grid, out, style, bold)?;
    }
    writeln!(out)?;
    for note in report.notes.iter().chain(&super::beside::lines(&report.closed)) {
        writeln!(out, "{}", ascii(note, style))?;
    }
    for line in receipt.footer() {
        writeln!(out, "{dim}{}{dim:#}", ascii(&line, style))?;
    }
    Ok(())
}

pub(super) fn ascii(text: &str, style: Style) -> String {
    if style.ascii { text.replace('·', "|").replace('…', "...").replace('–', "-") } else { text.to_owned() }
}

fn upper(mut grid: Grid) -> Grid {
    grid.header.iter_mut().for_each(|title| *title = title.trim_start_matches(['-', '=', ' ']).to_uppercase());
    grid
}

fn widths(grid: &Grid) -> Vec<usize> {
    let all = || std::iter::once(&grid.header).chain(&grid.rows).chain(&grid.totals);
    (0..grid.header.len()).map(|at| all().map(|row| row[at].width()).max().unwrap_or(0)).collect()
}

fn draw(grid: &Grid, out: &mut impl Write, style: Style, bold: Ansi) -> io::Result<()> {
    let widths = widths(grid);
    let rule = if style.ascii { "-" } else { "─" };
    let rules: Vec<String> = widths.iter().map(|width| rule.repeat(*width)).collect();
    if let Some(title) = &grid.title {
        writeln!(out, "{bold}{title}{bold:#}")?;
    }
    writeln!(out, "{bold}{}{bold:#}", line(&grid.header, &widths, &grid.right))?;
    if !style.spoken {
        writeln!(out, "{}", rules.join(GAP))?;
    }
    for row in &grid.rows {
        writeln!(out, "{}", line(row, &widths, &grid.right))?;
    }
    if !grid.totals.is_empty() && !style.spoken {
        writeln!(out, "{}", rules.join(GAP))?;
    }
    for row in &grid.totals {
        writeln!(out, "{bold}{}{bold:#}", line(row, &widths, &grid.right))?;
    }
    Ok(())
}

fn line(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let mut out = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
        if !out.is_empty() {
            out.push_str(GAP);
        }
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        let (before, after) = if *right { (padding.as_str(), "") } else { ("", padding.as_str()) };
        out.extend([before, cell, after]);
    }
    out.truncate(out.trim_end().len());
    out
}

/// Shortens texts, the widest first, until the table fits; numbers are never shortened, nor ids, which have no blank.
fn shortened(mut grid: Grid, width: Option<usize>, style: Style) -> Grid {
    let Some(width) = width else { return grid };
    let mut widths = widths(&grid);
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let words = |at: usize| !grid.right[at] && grid.rows.iter().any(|row| row[at].contains(' '));
    let words: Vec<bool> = (0..widths.len()).map(words).collect();
    while widths.iter().sum::<usize>() + gaps > width {
        let texts = widths.iter().enumerate().filter(|(at, _)| words[*at]);
        let Some((widest, _)) = texts.max_by_key(|(_, width)| **width).filter(|(_, width)| **width > SHORTEST) else { break };
        widths[widest] -= 1;
    }
    for row in grid.rows.iter_mut().chain(&mut grid.totals).chain([&mut grid.header]) {
        for (cell, width) in row.iter_mut().zip(&widths) {
            if cell.width() > *width {
                *cell = cut(cell, *width, if style.ascii { "..." } else { "…" });
            }
        }
    }
    grid
}

fn cut(text: &str, width: usize, mark: &str) -> String {
    let mut out = String::new();
    let mut used = mark.width();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out + mark
}

/// Breaks a statement with many parties into several, each with its first column.
fn folded(grid: &Grid, width: usize) -> Vec<Grid> {
    let widths = widths(grid);
    let Some(first) = widths.first() else { return vec![] };
    let mut chunks: Vec<Vec<usize>> = vec![vec![0]];
    let mut used = *first;
    for (at, column) in widths.iter().enumerate().skip(1) {
        used += GAP.len() + column;
        let open = chunks.last_mut().expect("there is a first chunk");
        if used > width && open.len() > 1 {
            chunks.push(vec![0, at]);
            used = first + GAP.len() + column;
        } else {
            open.push(at);
        }
    }
    let pick = |row: &Vec<String>, chunk: &[usize]| chunk.iter().map(|at| row[*at].clone()).collect();
    chunks
        .iter()
        .map(|chunk| Grid {
            title: None,
            header: pick(&grid.header, chunk),
            right: chunk.iter().map(|at| grid.right[*at]).collect(),
            rows: grid.rows.iter().map(|row| pick(row, chunk)).collect(),
            totals: vec![],
        })
        .collect()
}
