//! Renderers: a report in, bytes out. One file per format, one list of them; none knows any projection.

pub(crate) mod beside;
mod card;
mod csv;
mod json;
mod markdown;
mod ndjson;
mod plain;
mod table;

use std::io::{self, Write};
use std::path::Path;

use ledger_core::report::{Card, CardLine, Cell, Column, Gauge, Kind, Layout, Receipt, Report};

/// A form in which a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, in a terminal or a file
    Table,
    /// Tab-separated, no rules, no grouping, one record per line
    Plain,
    /// One document: schema, receipt, data
    Json,
    /// One document per line, the receipt last
    Ndjson,
    /// RFC 4180 with a header; nothing but data
    Csv,
    /// A table for a document
    Markdown,
}

/// Every format: its name, the file extensions that choose it, and whether its bytes hold the receipt.
const FORMATS: &[(Format, &[&str], bool)] = &[
    (Format::Table, &["txt"], true),
    (Format::Plain, &["tsv", "tab"], false),
    (Format::Json, &["json"], true),
    (Format::Ndjson, &["ndjson", "jsonl"], true),
    (Format::Csv, &["csv"], false),
    (Format::Markdown, &["md", "markdown"], true),
];

/// Files that are no text: nothing is written in their form, and a table under such a name would not open.
const FOREIGN: &[&str] = &["xlsx", "xls", "ods", "numbers", "pdf", "doc", "docx", "odt", "html", "htm", "parquet"];

impl Format {
    /// Whether a file's extension stands for a form in which nothing is written.
    pub fn is_foreign(path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        extension.is_some_and(|extension| FOREIGN.contains(&extension.as_str()))
    }

    /// The format that a file's extension stands for.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        FORMATS.iter().find(|(_, extensions, _)| extensions.contains(&extension.as_str())).map(|(format, ..)| *format)
    }

    /// Whether what is written holds the receipt; otherwise it has to be given beside it.
    pub fn holds_receipt(self) -> bool {
        FORMATS.iter().any(|(format, _, holds)| *format == self && *holds)
    }
}

/// What a renderer may take from its surroundings: nothing that changes the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// How many columns a terminal has; none means: as wide as it needs.
    pub width: Option<usize>,
    /// Only ASCII rules and marks.
    pub ascii: bool,
    /// For who listens: a sentence for each fact, no bars and no rules.
    pub spoken: bool,
}

/// Writes a report in a format.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, receipt: &Receipt, format: Format, out: &mut impl Write, style: Style) -> io::Result<()> {
    debug_assert!(report.columns.iter().all(|column| column.name != "type"), "ndjson keeps `type` for itself");
    debug_assert!(report.rows.iter().chain(&report.totals).all(|row| row.len() == report.columns.len()));
    match format {
        Format::Table => table::write(report, receipt, out, style),
        Format::Plain => plain::write(report, out),
        Format::Json => json::write(report, receipt, out),
        Format::Ndjson => ndjson::write(report, receipt, out),
        Format::Csv => csv::write(report, out),
        Format::Markdown => markdown::write(report, receipt, out),
    }
}

/// Whether a report gives the currency of its money in a column of its own.
fn has_currency(report: &Report) -> bool {
    report.column("currency").is_some()
}

pub use ledger_core::report::grouped;

/// What people are shown of a cell: of who has no name, the account, where that is not shown beside it.
fn named<'r>(report: &Report, row: &'r [Cell], at: usize) -> &'r Cell {
    let account = report.columns[at].name.strip_suffix("_name").and_then(|account| report.column(account));
    let account = account.filter(|account| !report.shown().contains(account));
    match (&row[at], account) {
        (Cell::Empty, Some(account)) => &row[account],
        (cell, _) => cell,
    }
}

/// A cell as people read it.
fn shown(cell: &Cell, with_currency: bool) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => one_line(text),
        Cell::Count(count) => grouped(&count.to_string()),
        Cell::Amount(amount) => grouped(&amount.to_string()),
        Cell::Money(amount, currency) if with_currency => format!("{} {currency}", grouped(&amount.to_string())),
        Cell::Money(amount, _) => grouped(&amount.to_string()),
        Cell::Day(day) => day.to_string(),
        Cell::Moment(moment) => moment.to_string(),
        Cell::Hash(hash) => hash.short(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Cell::List(items) => one_line(&items.join(", ")),
    }
}

/// A cell as programs read it, without its currency.
fn bare(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Amount(amount) | Cell::Money(amount, _) => amount.to_string(),
        Cell::Hash(hash) => hash.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::List(items) => items.join(";"),
        Cell::Empty | Cell::Day(_) | Cell::Moment(_) => shown(cell, false),
    }
}

/// Whether a character is not seen and changes what is: control characters, the other ends of lines, and what turns the direction of writing
/// (Unicode's `Bidi_Control`).
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is not seen made visible: what a feed holds must not move the cursor, break a line, or turn one round.
fn one_line(text: &str) -> String {
    if !text.chars().any(is_unseen) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| {
            if c == '\n' || c == '\t' {
                ' '.to_string()
            } else if is_unseen(c) {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// The header and rows of csv and plain: money without a currency column gets one, `<name>_currency`.
fn flat(report: &Report) -> (Vec<String>, impl Fn(&[Cell]) -> Vec<Field>) {
    let own: Vec<bool> = report.columns.iter().map(|column| column.kind == Kind::Money && !has_currency(report)).collect();
    let mut header = vec![];
    for (Column { name, .. }, own) in report.columns.iter().zip(&own) {
        header.push((*name).to_owned());
        if *own {
            header.push(format!("{name}_currency"));
        }
    }
    let fields = move |row: &[Cell]| {
        let mut fields = vec![];
        for (cell, own) in row.iter().zip(&own) {
            fields.push(Field { text: bare(cell), is_text: matches!(cell, Cell::Text(_) | Cell::List(_)) });
            if *own {
                let currency = if let Cell::Money(_, currency) = cell { currency.to_string() } else { String::new() };
                fields.push(Field { text: currency, is_text: false });
            }
        }
        fields
    };
    (header, fields)
}

/// A field of csv or plain.
struct Field {
    text: String,
    is_text: bool,
}

/// A table of finished texts, as table and markdown draw it.
struct Grid {
    title: Option<String>,
    header: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    totals: Vec<Vec<String>>,
}

/// The grids of a report: one, or for a statement one per currency.
fn grids(report: &Report) -> Vec<Grid> {
    match report.layout {
        Layout::Rows => vec![rows_grid(report)],
        Layout::Cards => card_grids(report),
        Layout::Statement => statement_grids(report),
    }
}

fn rows_grid(report: &Report) -> Grid {
    let (with_currency, places) = (!has_currency(report), report.shown());
    let line = |row: &Vec<Cell>| places.iter().map(|at| shown(named(report, row, *at), with_currency)).collect();
    let texts = |rows: &[Vec<Cell>]| rows.iter().map(line).collect();
    let columns = || places.iter().map(|at| report.columns[*at]);
    Grid {
        title: None,
        header: columns().map(|column| column.title.to_owned()).collect(),
        right: columns().map(|column| column.kind.is_numeric()).collect(),
        rows: texts(&report.rows),
        totals: texts(&report.totals),
    }
}

/// Turns a report: each row becomes a column, headed by its texts; each measure that is not nothing everywhere becomes a line.
fn statement_grids(report: &Report) -> Vec<Grid> {
    let by = report.column("currency");
    let currency = |row: &[Cell]| by.map(|at| shown(&row[at], false)).unwrap_or_default();
    let all = || report.rows.iter().chain(&report.totals);
    let mut currencies: Vec<String> = all().map(|row| currency(row)).collect();
    currencies.sort();
    currencies.dedup();
    let places = report.shown();
    let heads: Vec<usize> = places.iter().copied().filter(|at| !report.columns[*at].kind.is_numeric() && Some(*at) != by).collect();
    let measures = || places.iter().map(|at| (*at, report.columns[*at])).filter(|(_, column)| column.kind.is_numeric());
    currencies
        .into_iter()
        .map(|code| {
            let members: Vec<&Vec<Cell>> = all().filter(|row| currency(row) == code).collect();
            let line =
                |first: String, at: usize| std::iter::once(first).chain(members.iter().map(|row| shown(&row[at], by.is_none()))).collect();
            let mut heads = heads.iter();
            let header = heads.next().map_or_else(Vec::new, |at| line(code.clone(), *at));
            let mut rows: Vec<Vec<String>> = heads.map(|at| line(report.columns[*at].title.to_owned(), *at)).collect();
            rows.retain(|row: &Vec<String>| row[1..].iter().any(|text| !text.is_empty()));
            rows.extend(
                measures()
                    .filter(|(at, _)| members.iter().any(|row| !row[*at].is_nothing()))
                    .map(|(at, column)| line(column.title.to_owned(), at)),
            );
            let right = (0..=members.len()).map(|at| at > 0).collect();
            Grid { title: None, header, right, rows, totals: vec![] }
        })
        .collect()
}

/// The cards of a report as grids, for who draws no bars.
fn card_grids(report: &Report) -> Vec<Grid> {
    let line = |line: &CardLine| {
        let amount = line.amount.map(|amount| grouped(&amount.to_string())).unwrap_or_default();
        vec![line.label.clone(), amount, one_line(&line.remark)]
    };
    let gauge = |card: &Card| {
        let gone = |gauge: &Gauge| gauge.mark.as_ref().map(|(_, says)| says.clone()).unwrap_or_default();
        card.gauge.as_ref().map(|gauge| [gauge.says.clone(), gone(gauge)]).unwrap_or_default()
    };
    let grid = |card: &Card| Grid {
        title: Some(one_line(&card.title)),
        header: [String::new()].into_iter().chain(gauge(card)).collect(),
        right: vec![false, true, false],
        rows: card.lines.iter().map(line).collect(),
        totals: vec![],
    };
    report.cards.iter().map(grid).collect()
}

/// The lines above a report for people.
fn heading(report: &Report) -> Vec<String> {
    report
        .incomplete
        .iter()
        .map(|lack| format!("incomplete: {lack}"))
        .chain(report.heading.iter().cloned())
        .map(|line| one_line(&line))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use ledger_core::chain::{Hash, Head};
    use ledger_core::report::Asked;
    use ledger_core::time::Basis;

    use super::*;

    fn money(text: &str, currency: &str) -> Cell {
        Cell::Money(text.parse().unwrap(), currency.parse().unwrap())
    }

    /// Payouts of two parties, one of them in two currencies, with an elimination and a total.
    pub(crate) fn payouts(layout: Layout) -> (Report, Receipt) {
        let column = Column::new;
        let mut report = Report::new(
            "payouts",
            vec![
                column("party", "Party", Kind::Text),
                column("name", "Name", Kind::Text),
                column("currency", "Currency", Kind::Text),
                column("lines", "Lines", Kind::Count),
                column("gross", "Gross", Kind::Money),
                column("wholesale_cost", "- Wholesale cost", Kind::Money),
                column("seller_tax", "Seller tax", Kind::Money),
                column("net_revenue", "= Net owed", Kind::Money),
            ],
        );
        let row = |party: &str, name: &str, currency: &str, lines: u64, amounts: [&str; 4]| {
            let mut row = vec![Cell::text(party), Cell::text(name), Cell::text(currency), Cell::Count(lines)];
            row.extend(amounts.map(|amount| money(amount, currency)));
            row
        };
        report.heading = vec!["Payouts by party".into()];
        report.rows = vec![
            row("000057174132", "Lumen Data", "GBP", 4, ["31601.67", "0.00", "0.00", "30653.62"]),
            row("000057174132", "Lumen Data", "USD", 43, ["2431710.56", "0.00", "0.00", "2347624.71"]),
            row("777788889999", "=北桥云科技, \"Ltd\"", "USD", 1, ["-96000.00", "-72000.00", "0.00", "-24000.00"]),
        ];
        report.totals = vec![
            vec![
                Cell::text("elimination"),
                Cell::Empty,
                Cell::text("USD"),
                Cell::Empty,
                money("-72000.00", "USD"),
                money("72000.00", "USD"),
                money("0.00", "USD"),
                money("0.00", "USD"),
            ],
            row("total", "", "USD", 44, ["2263710.56", "0.00", "0.00", "2323624.71"]),
        ];
        report.layout = layout;
        report.notes = vec!["2 findings: dealbook show findings".into()];
        let basis = Basis { effective_before: Some("2026-04-01T00:00:00Z".parse().unwrap()), ..Basis::at(1842) };
        let asked = Asked { as_of: Some("2026-03-31".into()), basis, ..Asked::everything(1842) };
        let head = Head { seq: 1842, hash: Hash::of(b"line") };
        let receipt = Receipt::new(&report, asked, BTreeMap::from([("report".into(), "payouts".into())]), head, "payouts/1");
        (report, receipt)
    }

    /// Every kind of cell, no currency column, something lacking.
    pub(crate) fn every_kind() -> (Report, Receipt) {
        let column = Column::new;
        let columns = vec![
            column("id", "Id", Kind::Text),
            column("count", "Count", Kind::Count),
            column("rate", "Rate", Kind::Amount),
            column("price", "Price", Kind::Money),
            column("day", "Day", Kind::Day),
            column("at", "At", Kind::Moment),
            column("digest", "Digest", Kind::Hash),
            column("open", "Open", Kind::Flag),
            column("tags", "Tags", Kind::List),
        ];
        let mut report = Report::new("kinds", columns);
        report.rows = vec![
            vec![
                Cell::text("-offer|1\n2"),
                Cell::Count(12345),
                Cell::Amount("-0.030000".parse().unwrap()),
                money("64000.00", "USD"),
                Cell::Day(chrono::NaiveDate::from_ymd_opt(2026, 4, 15).unwrap()),
                Cell::Moment("2026-04-15T12:00:00.000001Z".parse().unwrap()),
                Cell::Hash(Hash::of(b"x")),
                Cell::Flag(true),
                Cell::List(vec!["a".into(), "b\tc".into()]),
            ],
            vec![Cell::Empty; 9],
        ];
        report.incomplete = vec!["billing events of 000057174132 for 2026-02 are missing".into()];
        let receipt = Receipt::new(&report, Asked::everything(7), BTreeMap::new(), Head { seq: 7, hash: Hash::ZERO }, "kinds/1");
        (report, receipt)
    }

    fn rendered(report: &Report, receipt: &Receipt, format: Format, style: Style) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        render(report, receipt, format, &mut out, style).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn the_same_report_in_every_format() {
        for (name, (report, receipt)) in
            [("rows", payouts(Layout::Rows)), ("statement", payouts(Layout::Statement)), ("kinds", every_kind())]
        {
            for (format, ..) in FORMATS {
                let text = rendered(&report, &receipt, *format, Style::default());
                insta::assert_snapshot!(format!("{name}_{format:?}").to_lowercase(), text);
            }
        }
    }

    #[test]
    fn ascii_is_ascii() {
        let (mut report, receipt) = payouts(Layout::Rows);
        report.rows.pop();
        let text = rendered(&report, &receipt, Format::Table, Style { ascii: true, ..Style::default() });
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn a_narrow_terminal_shortens_texts_and_never_numbers() {
        for layout in [Layout::Rows, Layout::Statement] {
            let (report, receipt) = payouts(layout);
            let text = rendered(&report, &receipt, Format::Table, Style { width: Some(60), ..Style::default() });
            insta::assert_snapshot!(format!("narrow_{layout:?}").to_lowercase(), text);
        }
    }

    #[test]
    fn the_json_is_json_and_its_digests_hold() {
        for (report, receipt) in [payouts(Layout::Rows), every_kind()] {
            let text = rendered(&report, &receipt, Format::Json, Style::default());
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let data = ledger_core::report::canonical(&json["data"]);
            assert_eq!(json["receipt"]["data"], Hash::of(data.as_bytes()).to_string());
            let mut bare = json["receipt"].clone();
            let id = bare.as_object_mut().unwrap().remove("id").unwrap();
            let digest = Hash::of(ledger_core::report::canonical(&bare).as_bytes()).to_string();
            assert_eq!(id, format!("r:{}", &digest[..16]));
            let lines = rendered(&report, &receipt, Format::Ndjson, Style::default());
            for line in lines.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }

    #[test]
    fn a_csv_is_read_back() {
        let (report, receipt) = payouts(Layout::Rows);
        let text = rendered(&report, &receipt, Format::Csv, Style::default());
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), report.rows.len());
        assert_eq!(&rows[2][1], "'=北桥云科技, \"Ltd\"");
        assert_eq!(&rows[2][4], "-96000.00");
    }

    #[test]
    fn an_extension_picks_the_format() {
        for (path, format) in
            [("a.csv", Some(Format::Csv)), ("a.JSONL", Some(Format::Ndjson)), ("a.md", Some(Format::Markdown)), ("a", None)]
        {
            assert_eq!(Format::of_path(Path::new(path)), format);
        }
    }

    #[test]
    fn digits_are_grouped_by_three() {
        for (plain, groups) in
            [("0", "0"), ("999", "999"), ("-1000.50", "-1,000.50"), ("1234567", "1,234,567"), ("0.00000001", "0.00000001")]
        {
            assert_eq!(grouped(plain), groups);
        }
    }
}
