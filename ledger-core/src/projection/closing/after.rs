//! A report of today beside the same one as it was closed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::event::close::ClosedReport;
use crate::event::{Entry, Event};
use crate::money::Amount;
use crate::report::{Cell, Kind, Report};
use crate::time::{Instant, Period};

/// What a column of a report comes to in one currency: closed, and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The column.
    pub column: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// The currency; nothing where the report has none.
    pub currency: String,
    /// As it was closed.
    pub closed: Amount,
    /// As it is now.
    pub now: Amount,
}

impl Figure {
    /// What is more now than was closed.
    pub fn difference(&self) -> Amount {
        amount(self.now.units() - self.closed.units())
    }
}

/// What every column of amounts comes to, closed and now, currency by currency; nothing when what was closed cannot be read. Columns that the
/// report did not have when it was closed came to nothing then.
pub fn figures(closed: &ClosedReport, now: &Report) -> Option<Vec<Figure>> {
    let rows: Vec<BTreeMap<String, Value>> = serde_json::from_str(&closed.data).ok()?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(beside(now, |column| {
        let mut sums = Sums::new();
        for row in &rows {
            let amount: Option<Amount> = text(row.get(column)).parse().ok();
            *sums.entry(text(row.get("currency"))).or_default() += amount.map_or(0, Amount::units);
        }
        sums
    }))
}

/// The same of a question that was asked again of what was closed.
pub fn figures_of(closed: &Report, now: &Report) -> Vec<Figure> {
    beside(now, |column| sums(closed, column))
}

/// By currency; nothing is the currency where a report has none.
type Sums = BTreeMap<String, i128>;

fn sums(report: &Report, column: &str) -> Sums {
    let (currency, column) = (report.column("currency"), report.column(column));
    let mut sums = Sums::new();
    for row in &report.rows {
        let currency = match currency.map(|at| &row[at]) {
            Some(Cell::Text(currency)) => currency.clone(),
            _ => String::new(),
        };
        let amount = match column.map(|at| &row[at]) {
            Some(Cell::Amount(amount)) => amount.units(),
            _ => 0,
        };
        *sums.entry(currency).or_default() += amount;
    }
    sums
}

fn beside(now: &Report, closed: impl Fn(&str) -> Sums) -> Vec<Figure> {
    let mut figures = Vec::new();
    for column in now.columns.iter().filter(|column| column.kind == Kind::Amount) {
        let (was, is) = (closed(column.name), sums(now, column.name));
        let currencies: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        let title = column.title.trim_start_matches(['-', '=', ' ']);
        figures.extend(currencies.into_iter().map(|currency| {
            let [closed, now] = [&was, &is].map(|sums| amount(sums.get(currency).copied().unwrap_or_default()));
            Figure { column: column.name, title, currency: currency.clone(), closed, now }
        }));
    }
    figures
}

/// With two decimals, or as many as it needs.
fn amount(units: i128) -> Amount {
    let (exact, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
    if exact == cents { cents } else { exact }
}

/// When what an entry says is dated: a reconciliation at the end of its month, where what it tolerates is posted.
pub fn dated(entry: &Entry) -> Instant {
    match &entry.event {
        Event::ReconciliationSealed(told) => {
            Period::month_from(told.month).map_or(told.month, |month| Instant::from_micros(month.until.micros() - 1))
        }
        _ => entry.effective_at,
    }
}

/// Whether an entry says something of the world that is dated before a moment: what the ledger says of itself is dated by when it did.
pub fn is_dated(entry: &Entry, before: Instant) -> bool {
    let signed = matches!(entry.event, Event::EntryApproved(_) | Event::EntryConfirmed(_) | Event::PersonRegistered(_));
    // What a source says anew may have been of another day, where it counts no more.
    let replaced = match &entry.event {
        Event::SourceRestated(told) => told.replaced.as_ref().map(|replaced| replaced.effective_at),
        _ => None,
    };
    !signed && !entry.event.is_of_work() && (dated(entry) < before || replaced.is_some_and(|at| at < before))
}
