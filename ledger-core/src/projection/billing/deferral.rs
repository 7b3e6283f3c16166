//! What was billed, and how it spreads over the period that it was billed for: a memo schedule.
//!
//! Each amount that was billed is allocated to the days of its period, equal parts to the currency's smallest unit ([`allocate`](crate::money::allocate)); what
//! is billed without a period belongs to the day of its invoice. Nothing is released before it is billed: what belongs to earlier days is released
//! on the day on which it is. So refunds and late rows catch up, and of each line what was billed is what is released and what is deferred.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};

use super::books::{Account, Asked, Books};
use super::{Action, Billed, Billing, IN_BALANCE, UNDATED};
use crate::money::{Amount, Currency, allocated};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::Instant;

const DAY: i64 = 86_400_000_000;

/// By line and period, the first row of it and what is added up for it.
type Lines<T> = BTreeMap<(u32, i64, i64), (Spread, T)>;
/// Rows of a report, with what they are sorted by.
type Sorted<K> = Vec<(K, Vec<Cell>)>;

/// An amount that spreads over days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spread {
    pub(super) line: u32,
    /// The days of its period, by number from 1970-01-01: from the first up to, and without, the last.
    from: i64,
    until: i64,
    /// The day on which it was billed.
    billed: i64,
    pub(super) account: Account,
    /// Whether the row says a period.
    has_period: bool,
    charge: u32,
}

impl Spread {
    /// How much of so many hundred-millionths belongs to days before this one.
    fn before(&self, day: i64, units: i128, currency: Currency) -> i128 {
        if day <= self.billed {
            return 0;
        }
        let (days, passed) = (self.until - self.from, (day.min(self.until) - self.from).max(0));
        allocated(units, i128::from(days), i128::from(passed), currency)
    }

    /// The first days of the months in which something of it belongs.
    fn months(&self) -> impl Iterator<Item = i64> {
        let last = (self.until - 1).max(self.billed);
        let mut next = Some(month_of(self.from.max(self.billed)));
        std::iter::from_fn(move || {
            let month = next.filter(|month| *month <= last)?;
            next = Some(month_after(month));
            Some(month)
        })
    }
}

fn date(day: i64) -> NaiveDate {
    Instant::from_micros(day * DAY).day()
}

fn number(date: NaiveDate) -> i64 {
    Instant::midnight(date).micros().div_euclid(DAY)
}

/// The first day of a day's month.
fn month_of(day: i64) -> i64 {
    date(day).with_day(1).map_or(day, number)
}

/// The first day of the month after a month's first day.
fn month_after(month: i64) -> i64 {
    date(month).checked_add_months(Months::new(1)).map_or(i64::MAX, number)
}

/// A month of what spreads over it.
pub(super) struct Share {
    pub(super) spread: Spread,
    currency: Currency,
    /// Its first day.
    month: i64,
    /// Its last day that has been, when some of it has.
    pub(super) last: i64,
    /// What belongs to it up to the asked time, and after.
    pub(super) released: i128,
    deferred: i128,
}

impl Books<'_> {
    /// The account that a movement was billed to, when it is released over time.
    fn spread_of(&self, at: usize) -> Option<Account> {
        let (state, moved) = (self.state, &self.state.movements);
        let [line, ..] = state.charges.rows[moved.charge[at] as usize];
        if moved.kind[at] & IN_BALANCE == 0 || !self.owns(line) || self.openings.contains(&at) {
            return None;
        }
        let place = self.place(moved.charge[at]);
        let account = match Action::of(moved.kind[at]) {
            Action::Invoiced => place.cause,
            Action::Forgiven => place.forgiven(),
            _ => return None,
        };
        account.released_to().map(|_| account)
    }

    /// By line and account, the days on which it was billed and the events that say so.
    pub(super) fn billed_by(&self) -> BTreeMap<(u32, Account), Vec<(i64, u64)>> {
        let (state, moved) = (self.state, &self.state.movements);
        let mut events: BTreeMap<(u32, Account), Vec<(i64, u64)>> = BTreeMap::new();
        for at in moved.at(self.asked.basis) {
            let Some(account) = self.spread_of(at) else { continue };
            let [line, ..] = state.charges.rows[moved.charge[at] as usize];
            events.entry((line, account)).or_default().push((moved.effective[at].div_euclid(DAY), moved.seq[at]));
        }
        events
    }

    /// What was billed to the accounts that are released over time, row by row in force, and what it comes to.
    fn spreads(&self) -> BTreeMap<Spread, i128> {
        let (state, moved) = (self.state, &self.state.movements);
        let mut billed = moved.billed.iter().peekable();
        let mut spreads: BTreeMap<Spread, i128> = BTreeMap::new();
        for at in moved.at(self.asked.basis) {
            while billed.next_if(|billed| billed.at < at as u64).is_some() {}
            let told: Option<&Billed> = billed.next_if(|billed| billed.at == at as u64);
            let [line, ..] = state.charges.rows[moved.charge[at] as usize];
            let Some(account) = self.spread_of(at) else { continue };
            let effective = moved.effective[at].div_euclid(DAY);
            let period = told.filter(|told| told.from != UNDATED && told.until > told.from);
            let (from, until) = match period {
                Some(told) => (told.from.div_euclid(DAY), (told.until - 1).div_euclid(DAY) + 1),
                None => match state.charge(moved.charge[at]).invoice_date {
                    UNDATED => (effective, effective + 1),
                    date => (date.div_euclid(DAY), date.div_euclid(DAY) + 1),
                },
            };
            let spread = Spread { line, from, until, billed: effective, account, has_period: period.is_some(), charge: moved.charge[at] };
            *spreads.entry(spread).or_default() += moved.amount(at) * i128::from(moved.sign(at));
        }
        spreads.retain(|_, units| *units != 0);
        spreads
    }

    /// The shares of months in what was billed, line by line.
    pub(super) fn shares(&self) -> Vec<Share> {
        let asked = (self.asked.until.micros() - 1).div_euclid(DAY) + 1;
        let mut shares = Vec::new();
        for (spread, units) in self.spreads() {
            let Ok(currency) = self.state.currency(self.state.line(spread.line).currency) else { continue };
            for month in spread.months() {
                let [start, end] = [month, month_after(month)].map(|day| spread.before(day, units, currency));
                let now = spread.before(asked.clamp(month, month_after(month)), units, currency);
                let last = asked.min(month_after(month)) - 1;
                shares.push(Share { spread, currency, month, last, released: now - start, deferred: end - now });
            }
        }
        shares
    }

    /// What a line is called in both reports, and its period.
    fn line_cells(&self, spread: &Spread, billed: &super::sums::BilledAt) -> Vec<Cell> {
        let state = self.state;
        let on = state.line(spread.line);
        let text = |number: u32| Cell::or_empty(state.texts.some(number), Cell::text);
        let parties = billed.parties[spread.charge as usize];
        let buyer = state.counterparty(state.texts.get(on.recipient), parties, self.asked.names);
        let name = buyer.as_ref().and_then(|buyer| self.asked.names.party(&buyer.parse().ok()?));
        let day = |day: i64| if spread.has_period { Cell::Day(date(day)) } else { Cell::Empty };
        vec![
            text(on.recipient),
            text(on.document),
            text(on.item),
            text(state.deal(state.charge(spread.charge).deal).agreement),
            Cell::or_empty(buyer, Cell::Text),
            Cell::or_empty(name, Cell::Text),
            text(on.currency),
            day(spread.from),
            day(spread.until - 1),
        ]
    }
}

fn line_columns() -> Vec<Column> {
    vec![
        Column::new("party", "Party", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("line", "Line", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("buyer", "Buyer", Kind::Text),
        Column::new("buyer_name", "Buyer's name", Kind::Text),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("from", "From", Kind::Day),
        Column::new("to", "To", Kind::Day),
    ]
}

fn amount(units: i128, currency: Currency) -> Cell {
    Cell::Amount(Amount::from_units(units).in_units_of(currency))
}

/// Whether an account holds what buyers were billed.
fn is_billing(account: Account) -> bool {
    matches!(account, Account::Billed | Account::Forgiven)
}

/// Each line that was billed, with the period it was billed for: what was invoiced, refunded and forgiven.
pub fn billings(state: &Billing, asked: Asked<'_>) -> Report {
    let books = Books::new(state, asked);
    let billed = state.billed_at(asked.basis);
    let mut columns = line_columns();
    let amounts = [("invoiced", "Invoiced"), ("refunded", "Refunded"), ("forgiven", "Forgiven"), ("billed", "Billed")];
    columns.push(Column::new("date", "Date", Kind::Day));
    columns.extend(amounts.map(|(name, title)| Column::new(name, title, Kind::Amount)));
    let mut report = Report::new("billings", columns);
    report.heading = vec![asked.whose()];
    report.shown =
        vec!["date", "invoice", "buyer_name", "agreement", "from", "to", "currency", "invoiced", "refunded", "forgiven", "billed"];
    let mut lines: Lines<[i128; 3]> = Lines::new();
    for (spread, units) in books.spreads().into_iter().filter(|(spread, _)| is_billing(spread.account)) {
        let refund = books.place(spread.charge).open == Account::RefundsPayable;
        let kind = if spread.account == Account::Forgiven { 2 } else { usize::from(refund) };
        let line = lines.entry((spread.line, spread.from, spread.until)).or_insert((spread, [0; 3]));
        line.1[kind] += units;
    }
    let mut rows: Sorted<(i64, &str, &str)> = Vec::new();
    for (spread, units) in lines.into_values() {
        let on = state.line(spread.line);
        let Ok(currency) = state.currency(on.currency) else { continue };
        let mut row = books.line_cells(&spread, &billed);
        row.push(Cell::Day(date(spread.billed)));
        row.extend(units.iter().copied().chain([units.iter().sum()]).map(|units| amount(units, currency)));
        rows.push(((spread.billed, state.texts.get(on.document), state.texts.get(on.item)), row));
    }
    rows.sort_by_key(|(key, _)| *key);
    report.rows = rows.into_iter().map(|(_, row)| row).collect();
    report
}

/// Each line that was billed, spread over its service period by day: of each month how much belongs to it, released by the asked time or
/// deferred beyond it. A memo; no revenue is recognised by it.
pub fn deferral(state: &Billing, asked: Asked<'_>) -> Report {
    let books = Books::new(state, asked);
    let billed = state.billed_at(asked.basis);
    let mut columns = line_columns();
    columns.push(Column::new("month", "Month", Kind::Text));
    let amounts = [("billed", "Billed"), ("released", "Released"), ("deferred", "Deferred")];
    columns.extend(amounts.map(|(name, title)| Column::new(name, title, Kind::Amount)));
    let mut report = Report::new("deferral", columns);
    report.heading = vec![asked.whose(), "not a revenue recognition conclusion".to_owned()];
    report.shown = vec!["invoice", "buyer_name", "agreement", "from", "to", "month", "currency", "billed", "released", "deferred"];
    let mut lines: Lines<BTreeMap<i64, [i128; 2]>> = Lines::new();
    let mut totals: BTreeMap<Currency, [i128; 2]> = BTreeMap::new();
    for share in books.shares().into_iter().filter(|share| is_billing(share.spread.account)) {
        let Share { spread, currency, month, released, deferred, .. } = share;
        let line = lines.entry((spread.line, spread.from, spread.until)).or_insert((spread, BTreeMap::new()));
        for sums in [line.1.entry(month).or_default(), totals.entry(currency).or_default()] {
            sums[0] += released;
            sums[1] += deferred;
        }
    }
    let amounts = |[released, deferred]: [i128; 2], currency: Currency| {
        [released + deferred, released, deferred].map(|units| amount(units, currency))
    };
    let mut rows: Sorted<(&str, &str, i64, i64)> = Vec::new();
    for (spread, months) in lines.into_values() {
        let on = state.line(spread.line);
        let Ok(currency) = state.currency(on.currency) else { continue };
        let named = books.line_cells(&spread, &billed);
        for (month, sums) in months {
            let mut row = named.clone();
            row.push(Cell::Text(date(month).to_string()[..7].to_owned()));
            row.extend(amounts(sums, currency));
            rows.push(((state.texts.get(on.document), state.texts.get(on.item), spread.from, month), row));
        }
    }
    rows.sort_by_key(|(key, _)| *key);
    report.rows = rows.into_iter().map(|(_, row)| row).collect();
    for (currency, sums) in totals {
        let mut total = vec![Cell::Empty; report.columns.len()];
        (total[1], total[6]) = (Cell::text("total"), Cell::text(currency));
        let at = total.len() - 3;
        total.splice(at.., amounts(sums, currency));
        report.totals.push(total);
    }
    report
}
