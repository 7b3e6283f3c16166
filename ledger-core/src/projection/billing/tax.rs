//! `show tax`: who owes which tax to whom, from the tax items, tied to the tax shares of the same invoice lines.
//!
//! ```text
//! Item    one tax of one invoice line: who remits it, which jurisdiction, how much
//! Share   what the billing rows of that line say of tax: AWS_TAX_SHARE, SELLER_TAX_SHARE, and refunds of them
//! ```
//!
//! An item and its share stand on the same invoice and line of the same recipient, and each says who remits. What is passed on to another
//! seller (OTHER_SELLER_TAX_SHARE) is a share that its remitter has already, and no tax of its own. The feed describes what buyers are taxed:
//! tax on wholesale invoices and on the listing fee may stand in no item.

mod kept;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{self, Finding};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant, Period};

use self::kept::{FORGIVEN, Row};
use super::table::NONE;
use super::{Billing, UNDATED, cents};

pub(super) use self::kept::Taxes;

/// What is taxed.
const BUYERS: &str = "buyer's invoice";
const WHOLESALE: &str = "wholesale invoice";
const FEE: &str = "listing fee";

/// The taxes of one invoice line that one party remits.
#[derive(Debug, Default)]
struct Taxed {
    /// By number of their kind: what is taxed, and the tax.
    items: Vec<(u32, i128, i128)>,
    /// The shares that were invoiced.
    invoiced: i128,
    /// Of the shares, what AWS forgave.
    forgiven: i128,
    dated: i64,
    /// The last event.
    seq: u64,
}

impl Taxed {
    fn itemised(&self) -> i128 {
        self.items.iter().map(|(_, _, tax)| tax).sum()
    }
}

/// The earlier of two dates, where they are told.
fn earliest(one: i64, other: i64) -> i64 {
    if one == UNDATED || other == UNDATED { one.max(other) } else { one.min(other) }
}

/// By line, by who remits, and by what is taxed.
type Lines = BTreeMap<(u32, u32, &'static str), Taxed>;

impl Billing {
    /// The taxes of each line at a basis: of an item the version in force, which is the one that holds since the latest moment.
    fn taxed(&self, basis: Basis) -> Lines {
        let taxes = &self.taxes;
        let mut versions: BTreeMap<(u32, u32), Vec<(Row, i64)>> = BTreeMap::new();
        let mut lines = Lines::new();
        let fresh = |row: &Row| Taxed { dated: row.dated, ..Taxed::default() };
        for (row, sign) in taxes.at(basis) {
            if row.item != NONE {
                let [recipient, ..] = taxes.lines.rows[row.line as usize];
                let known = versions.entry((recipient, row.item)).or_default();
                let same = |known: &Row| {
                    (known.effective, known.line, known.kind, known.dated, known.amount, known.taxable)
                        == (row.effective, row.line, row.kind, row.dated, row.amount, row.taxable)
                };
                match known.iter_mut().find(|(known, _)| same(known)) {
                    Some((known, count)) => (known.seq, *count) = (row.seq, *count + sign),
                    None => known.push((*row, sign)),
                }
                continue;
            }
            let [liable, .., taxed] = taxes.kinds.rows[row.kind as usize];
            let taxed = [WHOLESALE, FEE].into_iter().find(|known| *known == self.texts.get(taxed)).unwrap_or(BUYERS);
            let line = lines.entry((row.line, liable, taxed)).or_insert_with(|| fresh(row));
            let place = if row.flags & FORGIVEN == 0 { &mut line.invoiced } else { &mut line.forgiven };
            *place += row.amount * i128::from(sign);
            (line.seq, line.dated) = (line.seq.max(row.seq), earliest(line.dated, row.dated));
        }
        for (row, _) in versions.values().filter_map(|versions| {
            let in_force = versions.iter().filter(|(_, count)| *count > 0);
            in_force.max_by_key(|(row, _)| (row.effective, row.stated, row.seq))
        }) {
            let [liable, ..] = taxes.kinds.rows[row.kind as usize];
            // An item is about what the buyer is taxed, unless the line has another share alone.
            let has_share = |taxed: &&str| lines.contains_key(&(row.line, liable, *taxed));
            let taxed = [BUYERS, WHOLESALE, FEE].into_iter().find(has_share).unwrap_or(BUYERS);
            let line = lines.entry((row.line, liable, taxed)).or_insert_with(|| fresh(row));
            line.items.push((row.kind, row.taxable, row.amount));
            (line.seq, line.dated) = (line.seq.max(row.seq), earliest(line.dated, row.dated));
        }
        lines.retain(|_, line| !line.items.is_empty() || line.invoiced != 0 || line.forgiven != 0);
        lines
    }

    /// Since when each recipient's shares are itemised: the date of the first invoice that an item is about.
    fn itemised_since(&self, lines: &Lines) -> BTreeMap<u32, i64> {
        let mut since: BTreeMap<u32, i64> = BTreeMap::new();
        for ((line, ..), taxed) in lines.iter().filter(|(_, taxed)| !taxed.items.is_empty()) {
            let first = since.entry(self.taxes.lines.rows[*line as usize][0]).or_insert(i64::MAX);
            *first = (*first).min(taxed.dated);
        }
        since
    }

    /// Shares without an item, from the first invoice on of which a recipient has items; and items that do not come to the share of their line.
    pub(super) fn tax_findings(&self, basis: Basis) -> Vec<Finding> {
        let lines = self.taxed(basis);
        let since = self.itemised_since(&lines);
        let mut found = Vec::new();
        for ((line, liable, of_what), taxed) in &lines {
            let [recipient, invoice, item, currency] = self.taxes.lines.rows[*line as usize];
            let difference = taxed.itemised() - taxed.invoiced;
            let is_itemised = *of_what == BUYERS && since.get(&recipient).is_some_and(|first| *first <= taxed.dated);
            let (of, remits) = (self.texts.get(currency), self.texts.some(*liable).unwrap_or("nobody"));
            let (code, message) = match (taxed.items.is_empty(), difference) {
                (_, 0) => continue,
                (true, _) if is_itemised => (
                    finding::TAX_NOT_ITEMISED,
                    format!("a tax share of {} {of} that {remits} remits has no tax item", cents(taxed.invoiced)),
                ),
                (true, _) => continue,
                (false, _) => {
                    let (items, share) = (cents(taxed.itemised()), cents(taxed.invoiced));
                    (finding::TAX_UNEQUAL, format!("tax items come to {items} {of}, and the tax share that {remits} remits to {share}"))
                }
            };
            let name = [invoice, item].into_iter().filter_map(|text| self.texts.some(text)).collect::<Vec<_>>().join(":");
            found.push(Finding {
                code,
                seq: taxed.seq,
                recipient: self.texts.get(recipient).parse().ok(),
                subject: name,
                message,
                amount: self.currency(currency).ok().map(|currency| (cents(difference), currency)),
            });
        }
        found
    }
}

/// What a jurisdiction's taxes come to.
#[derive(Default)]
struct Sum {
    lines: BTreeSet<u32>,
    taxable: i128,
    tax: i128,
    shares: i128,
    forgiven: i128,
    /// Whether items are to be expected.
    is_itemised: bool,
}

/// Per seller, taxed thing, who remits, and jurisdiction: the tax items of the invoices of these periods, or of all when there is none, and
/// the tax shares of the same invoice lines. What the shares of a line come to beyond its items stands with its largest item.
pub fn tax(state: &Billing, basis: Basis, periods: &[Period]) -> Report {
    let within =
        |dated: i64| periods.is_empty() || dated != UNDATED && periods.iter().any(|period| period.holds(Instant::from_micros(dated)));
    let lines = state.taxed(basis);
    let mut sums: BTreeMap<[&str; 8], Sum> = BTreeMap::new();
    for ((number, liable, taxed), line) in lines.iter().filter(|(_, line)| within(line.dated)) {
        let [recipient, _, _, currency] = state.taxes.lines.rows[*number as usize].map(|text| state.texts.get(text));
        let place = |kind: u32| {
            let [_, rest @ ..] = state.taxes.kinds.rows[kind as usize];
            let [country, region, level, jurisdiction] = rest.map(|text| state.texts.get(text));
            [recipient, *taxed, state.texts.get(*liable), country, region, level, jurisdiction, currency]
        };
        let mut left = (line.invoiced - line.itemised(), line.forgiven);
        let largest = (0..line.items.len()).max_by_key(|at| (line.items[*at].2.abs(), std::cmp::Reverse(*at)));
        for (at, (kind, taxable, tax)) in line.items.iter().enumerate() {
            let sum = sums.entry(place(*kind)).or_default();
            let (rest, forgiven) = if Some(at) == largest { std::mem::take(&mut left) } else { (0, 0) };
            sum.lines.insert(*number);
            sum.taxable += taxable;
            sum.tax += tax;
            sum.shares += tax + rest;
            sum.forgiven += forgiven;
            sum.is_itemised = true;
        }
        if line.items.is_empty() {
            let sum = sums.entry([recipient, *taxed, state.texts.get(*liable), "", "", "", "", currency]).or_default();
            sum.lines.insert(*number);
            sum.shares += left.0;
            sum.forgiven += left.1;
            sum.is_itemised |= *taxed == BUYERS;
        }
    }
    let mut report = Report::new("tax", columns());
    let mut of_currency: BTreeMap<&str, [i128; 4]> = BTreeMap::new();
    for ([party, taxed, liable, country, region, level, jurisdiction, currency], sum) in &sums {
        let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::text(text) };
        let itemised = |units: i128| if sum.is_itemised { Cell::Amount(cents(units)) } else { Cell::Empty };
        let difference = sum.tax - sum.shares;
        // What is not itemised is not to be compared.
        if sum.is_itemised {
            let total = of_currency.entry(currency).or_default();
            total.iter_mut().zip([sum.tax, sum.shares, difference, sum.forgiven]).for_each(|(total, units)| *total += units);
        }
        report.rows.push(vec![
            text(party),
            text(taxed),
            text(liable),
            text(country),
            text(region),
            text(level),
            text(jurisdiction),
            text(currency),
            Cell::Count(sum.lines.len() as u64),
            itemised(sum.taxable),
            itemised(sum.tax),
            itemised(sum.shares),
            itemised(difference),
            Cell::Amount(cents(sum.forgiven)),
            if sum.is_itemised { Cell::Empty } else { Cell::Amount(cents(sum.shares)) },
        ]);
    }
    for (currency, units) in of_currency {
        let mut total = vec![Cell::Empty; report.columns.len()];
        (total[0], total[1], total[7]) = (Cell::text("total"), Cell::text("itemised"), Cell::text(currency));
        for (cell, units) in total[10..].iter_mut().zip(units) {
            *cell = Cell::Amount(cents(units));
        }
        report.totals.push(total);
    }
    report.notes = notes(state, &lines, &within);
    report
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("party", "Seller", Kind::Text),
        Column::new("taxed", "Taxed", Kind::Text),
        Column::new("liable", "Remits", Kind::Text),
        Column::new("country", "Country", Kind::Text),
        Column::new("region", "State", Kind::Text),
        Column::new("level", "Level", Kind::Text),
        Column::new("jurisdiction", "Jurisdiction", Kind::Text),
        Column::new("currency", "", Kind::Text),
        Column::new("lines", "Lines", Kind::Count),
        Column::new("taxable", "Taxable", Kind::Amount),
        Column::new("tax", "Tax items", Kind::Amount),
        Column::new("shares", "Tax shares", Kind::Amount),
        Column::new("difference", "Difference", Kind::Amount),
        Column::new("forgiven", "Forgiven", Kind::Amount),
        Column::new("not_itemised", "Not itemised", Kind::Amount),
    ]
}

fn notes(state: &Billing, lines: &Lines, within: &dyn Fn(i64) -> bool) -> Vec<String> {
    let since = state.itemised_since(lines);
    let party = |line: u32| state.taxes.lines.rows[line as usize][0];
    let asked = || lines.iter().filter(|(_, line)| within(line.dated));
    let without: BTreeSet<&str> = asked()
        .map(|((line, ..), _)| party(*line))
        .filter(|party| !since.contains_key(party))
        .map(|party| state.texts.get(party))
        .collect();
    let mut notes = Vec::new();
    if asked().any(|((.., taxed), line)| *taxed != BUYERS && line.items.is_empty()) {
        notes.push(
            "tax on wholesale invoices and on the listing fee stands in no tax item: the feed describes what buyers are taxed".to_owned(),
        );
    }
    if !without.is_empty() {
        notes.push(format!("no tax item of {} is here: import the tax item feed", without.into_iter().collect::<Vec<_>>().join(", ")));
    }
    notes.push(
        "withholding tax is outside these data: buyers pay AWS in full, and what they withhold is settled outside AWS Marketplace"
            .to_owned(),
    );
    notes
}
