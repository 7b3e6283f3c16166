//! Reports are data. A projection answers with a [`Report`]; every format is written from the same one by a renderer that knows no
//! projection, and a [`Receipt`] says what was asked, of which history, and what the answer's digest is.

mod card;
mod receipt;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use serde_json::{Value, json};

pub use self::card::{Card, CardLine, Gauge, Part};
pub use self::receipt::{Asked, Receipt};
use crate::chain::Hash;
use crate::money::{Amount, Balance, Currency};
use crate::time::Instant;

/// What a column holds. It decides how a cell is aligned, written and described in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, ids among it.
    Text,
    /// A whole number.
    Count,
    /// An amount whose currency another column gives: `currency`, when there is one.
    Amount,
    /// An amount that carries its currency.
    Money,
    /// A calendar day.
    Day,
    /// A moment in UTC.
    Moment,
    /// A BLAKE3.
    Hash,
    /// Yes or no.
    Flag,
    /// Several texts.
    List,
}

impl Kind {
    /// Whether cells are numbers: aligned to the right, and measures in a statement.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Count | Self::Amount | Self::Money)
    }
}

/// One column: the same name in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The name that programs use: `[a-z0-9_]+`, never `type`.
    pub name: &'static str,
    /// The title that people read; in a statement it may begin with blanks, `- ` or `= `.
    pub title: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Column {
    /// A column.
    pub const fn new(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self { name, title, kind }
    }
}

/// One value of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing is known, or nothing applies.
    Empty,
    /// Text.
    Text(String),
    /// A whole number below 2^53.
    Count(u64),
    /// An amount whose currency another column gives.
    Amount(Amount),
    /// An amount with its currency.
    Money(Amount, Currency),
    /// A day.
    Day(NaiveDate),
    /// A moment.
    Moment(Instant),
    /// A digest.
    Hash(Hash),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
}

impl Cell {
    /// Text from anything that prints.
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// The cell of a value that may be missing.
    pub fn or_empty<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, cell)
    }

    /// Whether it is empty, or a number that is zero.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Empty | Self::Count(0) => true,
            Self::Amount(amount) | Self::Money(amount, _) => amount.is_zero(),
            _ => false,
        }
    }

    /// As JSON: amounts are strings, money is `{"amount", "currency"}`, nothing is null.
    pub fn json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Amount(amount) => json!(amount),
            Self::Money(amount, currency) => json!({ "amount": amount, "currency": currency }),
            Self::Day(day) => json!(day.to_string()),
            Self::Moment(moment) => json!(moment),
            Self::Hash(hash) => json!(hash),
            Self::Flag(flag) => json!(flag),
            Self::List(items) => json!(items),
        }
    }
}

impl Cell {
    /// Appends it as canonical JSON: the same as [`Cell::json`], without a tree in between.
    fn canonical(&self, out: &mut String) {
        match self {
            Self::Text(text) if plain(text) => out.extend(["\"", text, "\""]),
            Self::Amount(amount) => _ = write!(out, "\"{amount}\""),
            Self::Count(count) => _ = write!(out, "{count}"),
            Self::Empty => out.push_str("null"),
            Self::Day(day) => _ = write!(out, "\"{day}\""),
            other => write_value(&other.json(), out),
        }
    }
}

/// Whether a text stands in JSON as it is.
fn plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
}

/// How people are shown it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// A line for each row.
    #[default]
    Rows,
    /// Turned: a column for each row, a line for each measure, a block for each currency; a measure that is zero everywhere is left out.
    Statement,
    /// A card for each row: a bar, and its parts line by line.
    Cards,
}

/// Digits in groups of three: `-4000.00` is written `-4,000.00`.
pub fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::from(sign);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// A figure of closed time: as it was closed, and as the report has it that is asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// `2026-03`: the month whose close closed it.
    pub month: String,
    /// Since which position it is closed.
    pub closed_at: u64,
    /// The last day that is asked for, where that is not the last one of the month.
    pub as_of: Option<String>,
    /// Whether the close holds the report in full. Otherwise the same question was asked of the lines that were closed.
    pub recorded: bool,
    /// Whether some rows were chosen: the events are those of all rows.
    pub narrowed: bool,
    /// Where it was restated, when another version of the program was the cause.
    pub restated_at: Option<u64>,
    /// The column that is added up.
    pub column: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// Whether it is the figure of the report that says most.
    pub headline: bool,
    /// The currency; nothing where the report has none.
    pub currency: String,
    /// As it was closed.
    pub closed: Amount,
    /// As it is.
    pub now: Amount,
    /// What is more now.
    pub difference: Amount,
    /// How many events were recorded after the close that are dated before the end of what is asked for.
    pub events: u64,
}

impl Beside {
    /// As JSON.
    pub fn json(&self) -> Value {
        json!({
            "closed": self.closed, "closed_at": self.closed_at, "column": self.column, "currency": self.currency, "difference": self.difference,
            "events": self.events, "month": self.month, "now": self.now, "recorded": self.recorded, "restated_at": self.restated_at,
        })
    }

    fn schema() -> Value {
        let amount = json!({ "type": "string", "pattern": AMOUNT_PATTERN });
        let count = json!({ "type": "integer", "minimum": 0 });
        json!({
            "type": "object",
            "required": ["closed", "closed_at", "column", "currency", "difference", "events", "month", "now", "recorded", "restated_at"],
            "properties": {
                "closed": amount, "closed_at": count, "column": { "type": "string" }, "currency": { "type": "string" }, "difference": amount,
                "events": count, "month": { "type": "string" }, "now": amount, "recorded": { "type": "boolean" },
                "restated_at": { "type": ["integer", "null"], "minimum": 0 },
            },
        })
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name, as in `dealbook show payouts` and `dealbook/payouts/v1`.
    pub name: &'static str,
    /// What stands above it for people.
    pub heading: Vec<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its data: a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Elimination and total lines, for people: in table and markdown only, never part of the data.
    pub totals: Vec<Vec<Cell>>,
    /// How people are shown it.
    pub layout: Layout,
    /// Of cards: one for each row.
    pub cards: Vec<Card>,
    /// The columns that people are shown, in this order; every column when it is empty. Programs always get every column.
    pub shown: Vec<&'static str>,
    /// What a reader should know, below it.
    pub notes: Vec<String>,
    /// What it lacks: gaps, quarantined rows, pending events. Not empty means that the report is headed `incomplete`.
    pub incomplete: Vec<String>,
    /// Of a closed month: the figures as they were closed. Beside the data, never part of it.
    pub closed: Vec<Beside>,
    /// What programs are told beside the data, where people read it in the heading: an object, or null.
    pub about: Value,
}

impl Report {
    /// A report without rows.
    pub fn new(name: &'static str, columns: Vec<Column>) -> Self {
        Self {
            name,
            heading: Vec::new(),
            columns,
            rows: Vec::new(),
            totals: Vec::new(),
            layout: Layout::default(),
            cards: Vec::new(),
            shown: Vec::new(),
            notes: Vec::new(),
            incomplete: Vec::new(),
            closed: Vec::new(),
            about: Value::Null,
        }
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Shows people a column only where a row says something in it.
    pub fn hide_empty(&mut self, name: &str) {
        let Some(at) = self.column(name).filter(|at| self.rows.iter().all(|row| row[*at] == Cell::Empty)) else { return };
        self.shown = self.shown().into_iter().filter(|shown| *shown != at).map(|shown| self.columns[shown].name).collect();
    }

    /// Where the columns stand that people are shown.
    pub fn shown(&self) -> Vec<usize> {
        if self.shown.is_empty() {
            (0..self.columns.len()).collect()
        } else {
            self.shown.iter().filter_map(|name| self.column(name)).collect()
        }
    }

    /// The columns of [`Report::grouped`].
    pub fn grouped_columns(columns: &[Column], title: &'static str) -> Vec<Column> {
        let first = [
            Column::new("group", title, Kind::Text),
            Column::new("group_name", "NAME", Kind::Text),
            Column::new("currency", "CURRENCY", Kind::Text),
            Column::new("rows", "ROWS", Kind::Count),
        ];
        first.into_iter().chain(columns.iter().copied().filter(|column| column.kind == Kind::Amount)).collect()
    }

    /// Of each group of rows and each currency: how many there are, and what each of their amounts comes to. `group` gives the group of a row
    /// and its name; rows without one form a group too.
    pub fn grouped(&self, name: &'static str, title: &'static str, group: impl Fn(&[Cell]) -> (String, Option<String>)) -> Self {
        let amounts: Vec<usize> = (0..self.columns.len()).filter(|at| self.columns[*at].kind == Kind::Amount).collect();
        let currency = self.column("currency");
        #[derive(Default)]
        struct Group {
            named: Option<String>,
            rows: u64,
            sums: Vec<Option<i128>>,
        }
        let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
        for row in &self.rows {
            let (key, named) = group(row);
            let of_row = match currency.map(|at| &row[at]) {
                Some(Cell::Text(text)) => text.clone(),
                _ => String::new(),
            };
            let group = groups.entry((key, of_row)).or_default();
            group.named = group.named.take().or(named);
            group.rows += 1;
            group.sums.resize(amounts.len(), None);
            for (sum, at) in group.sums.iter_mut().zip(&amounts) {
                if let Cell::Amount(amount) = row[*at] {
                    *sum = Some(sum.unwrap_or(0) + amount.units());
                }
            }
        }
        let mut report = Self::new(name, Self::grouped_columns(&self.columns, title));
        let text = |text: String| if text.is_empty() { Cell::Empty } else { Cell::Text(text) };
        report.rows.extend(groups.into_iter().map(|((key, currency), Group { named, rows, sums })| {
            let first = [text(key), Cell::or_empty(named, Cell::Text), text(currency), Cell::Count(rows)];
            // Cents, as single amounts are shown, unless one of them needs more.
            let sum = |units| {
                let (sum, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
                Cell::Amount(if cents.units() == units { cents } else { sum })
            };
            first.into_iter().chain(sums.into_iter().map(|units| Cell::or_empty(units, sum))).collect()
        }));
        report.notes.clone_from(&self.notes);
        report
    }

    /// One row as JSON.
    pub fn row(&self, row: &[Cell]) -> Value {
        Value::Object(self.columns.iter().zip(row).map(|(column, cell)| (column.name.to_owned(), cell.json())).collect())
    }

    /// The rows as JSON: the same for every format.
    pub fn data(&self) -> Value {
        Value::Array(self.rows.iter().map(|row| self.row(row)).collect())
    }

    /// The BLAKE3 of the data's canonical JSON, taken row by row.
    pub fn digest(&self) -> Hash {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_unstable_by_key(|at| self.columns[*at].name);
        let mut hasher = blake3::Hasher::new();
        let mut text = String::from("[");
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(if number > 0 { ",{" } else { "{" });
            for (place, at) in order.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                // A column's name needs no escape: `[a-z0-9_]+`.
                text.extend(["\"", self.columns[*at].name, "\":"]);
                row[*at].canonical(&mut text);
            }
            text.push('}');
            if text.len() > 1 << 16 {
                hasher.update(text.as_bytes());
                text.clear();
            }
        }
        text.push(']');
        hasher.update(text.as_bytes());
        Hash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The control totals: the number of rows, and the sum of each measure that has a currency.
    pub fn control_totals(&self) -> Value {
        let by = self.column("currency");
        let mut sums: Vec<Balance> = vec![Balance::default(); self.columns.len()];
        for row in &self.rows {
            let of_row = by.and_then(|at| match row.get(at) {
                Some(Cell::Text(text)) => text.parse().ok(),
                _ => None,
            });
            for (sum, cell) in sums.iter_mut().zip(row) {
                let (amount, currency) = match cell {
                    Cell::Money(amount, currency) => (*amount, Some(*currency)),
                    Cell::Amount(amount) => (*amount, of_row),
                    _ => continue,
                };
                if let Some(currency) = currency {
                    sum.add(currency, amount);
                }
            }
        }
        let sums: BTreeMap<_, BTreeMap<String, String>> = self
            .columns
            .iter()
            .zip(sums)
            .map(|(column, balance)| (column.name, balance.iter().map(|(currency, sum)| (currency.to_string(), with_cents(sum))).collect()))
            .filter(|(_, sums): &(_, BTreeMap<_, _>)| !sums.is_empty())
            .collect();
        json!({ "rows": self.rows.len(), "sums": sums })
    }

    /// The JSON Schema (2020-12) of the report's JSON form.
    pub fn schema(name: &str, columns: &[Column]) -> Value {
        let properties: serde_json::Map<String, Value> = columns
            .iter()
            .map(|column| {
                let mut schema = column.kind.schema();
                schema["description"] = json!(column.title.trim_start_matches(['-', '=', ' ']));
                (column.name.to_owned(), schema)
            })
            .collect();
        let required: Vec<&str> = columns.iter().map(|column| column.name).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": schema_name(name),
            "type": "object",
            "required": ["schema", "receipt", "data"],
            "properties": {
                "schema": { "const": schema_name(name) },
                "receipt": Receipt::schema(),
                "closed": { "type": "array", "items": Beside::schema() },
                "data": { "type": "array", "items": { "type": "object", "required": required, "properties": properties } },
            },
        })
    }
}

/// The name and version of a report's JSON form: `dealbook/payouts/v1`.
pub fn schema_name(report: &str) -> String {
    format!("dealbook/{report}/v1")
}

/// The grammar of [`Amount`], for schemas.
pub(crate) const AMOUNT_PATTERN: &str = r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,8})?$";

impl Kind {
    /// The JSON Schema of a cell; every cell may be null.
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": ["string", "null"] }),
            Self::Count => json!({ "type": ["integer", "null"], "minimum": 0 }),
            Self::Amount => json!({ "type": ["string", "null"], "pattern": AMOUNT_PATTERN }),
            Self::Money => json!({
                "type": ["object", "null"],
                "required": ["amount", "currency"],
                "properties": {
                    "amount": { "type": "string", "pattern": AMOUNT_PATTERN },
                    "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
                },
            }),
            Self::Day => json!({ "type": ["string", "null"], "format": "date" }),
            Self::Moment => json!({ "type": ["string", "null"], "format": "date-time" }),
            Self::Hash => json!({ "type": ["string", "null"], "pattern": "^[0-9a-f]{64}$" }),
            Self::Flag => json!({ "type": ["boolean", "null"] }),
            Self::List => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        }
    }
}

/// An amount with at least two decimals, as sums are written.
fn with_cents(amount: Amount) -> String {
    let cents = amount.half_up(2);
    if cents == amount { cents.to_string() } else { amount.to_string() }
}

/// Canonical JSON (RFC 8785) of a value whose numbers are whole and below 2^53 and whose keys are ASCII, which is all that reports hold.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            // Sorted here, and not left to the map: another crate may switch on serde_json's `preserve_order`.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in fields.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Head;

    fn report() -> Report {
        let mut report = Report::new(
            "payouts",
            vec![
                Column::new("party", "Party", Kind::Text),
                Column::new("currency", "Currency", Kind::Text),
                Column::new("gross", "Gross", Kind::Money),
                Column::new("lines", "Lines", Kind::Count),
            ],
        );
        let money = |text: &str, currency: &str| Cell::Money(text.parse().unwrap(), currency.parse().unwrap());
        report.rows = vec![
            vec![Cell::text("000057174132"), Cell::text("USD"), money("2431710.56", "USD"), Cell::Count(43)],
            vec![Cell::text("北桥 \"A\"\u{1}\n"), Cell::text("EUR"), money("-0.5", "EUR"), Cell::Empty],
        ];
        report
    }

    #[test]
    fn the_digest_is_that_of_the_canonical_data() {
        let report = report();
        let canonical_data = serde_json_canonicalizer::to_string(&report.data()).unwrap();
        assert_eq!(canonical(&report.data()), canonical_data);
        assert_eq!(report.digest(), Hash::of(canonical_data.as_bytes()));
        assert_eq!(Report::new("none", vec![]).digest(), Hash::of(b"[]"));
    }

    #[test]
    fn the_schema_describes_the_columns() {
        let report = report();
        let schema = Report::schema(report.name, &report.columns);
        assert_eq!(schema["$id"], "dealbook/payouts/v1");
        insta::assert_snapshot!(canonical(&schema["properties"]["data"]));
        let receipt = Receipt::new(&report, Asked::everything(0), BTreeMap::new(), Head::EMPTY, "payouts/1");
        let printed: Value = serde_json::from_str(&receipt.printed()).unwrap();
        let required = schema["properties"]["receipt"]["required"].as_array().unwrap();
        let keys: Vec<Value> = printed.as_object().unwrap().keys().map(|key| json!(key)).collect();
        assert_eq!(&keys, required);
    }
}
