//! `show cash`: what will be paid out, and when: from the terms of each line, and from how long its buyer and AWS have taken so far.
//!
//! ```text
//! open        invoiced + days the buyer takes -> collected + days AWS takes -> paid out
//! collected                                     collected + days AWS takes -> paid out
//! ```
//!
//! Days are the median of those that took longer than this line has waited already: a buyer that is late is expected as buyers are that
//! were as late. Without such a history a line falls due by its terms; one that has waited longer than any before has no day. It is an
//! estimate, made of what the ledger knows at the basis and of nothing else.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::hash::Map;
use crate::money::{Amount, CENT};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::receivables::{Standing, Status};
use super::received::Received;
use super::table::NONE;
use super::{Action, Billing, LineKind, Names, cents};

/// How many days something took, the shortest first.
#[derive(Debug, Default)]
struct Pace(Vec<u64>);

impl Pace {
    /// The median of those that took longer than `waited` days, and of how many.
    fn beyond(&self, waited: u64) -> Option<(u64, usize)> {
        median(&self.0[self.0.partition_point(|days| *days <= waited)..])
    }
}

/// The median of days in order, the lower of two, and of how many.
fn median(days: &[u64]) -> Option<(u64, usize)> {
    days.get(days.len().checked_sub(1)? / 2).map(|median| (*median, days.len()))
}

/// When a line was collected and paid out for the first time.
#[derive(Debug, Default, Clone, Copy)]
struct Milestones {
    collected: Option<NaiveDate>,
    disbursed: Option<NaiveDate>,
}

/// How long who takes.
#[derive(Debug, Default)]
struct Paces {
    milestones: Map<(u32, u32), Milestones>,
    /// From invoice to collection, by recipient and buyer.
    buyers: Map<(u32, u32), Pace>,
    /// From collection to payout, by recipient.
    aws: Map<u32, Pace>,
}

/// What is expected of an amount.
struct Expected {
    day: Option<NaiveDate>,
    because: String,
}

/// Each line that is not paid out: the part that is collected and the part that is open, each with the day it is expected on.
///
/// Waiting is counted to the as-of date of the question; `last` is used where there is none.
pub fn cash(state: &Billing, basis: Basis, last: NaiveDate, names: &dyn Names) -> Report {
    let today = basis.effective_before.map_or(last, |before| Instant::from_micros(before.micros() - 1).day());
    let columns = vec![
        Column::new("expected", "Expected", Kind::Day),
        Column::new("party", "Party", Kind::Text),
        Column::new("state", "State", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("buyer", "Buyer", Kind::Text),
        Column::new("buyer_name", "Buyer's name", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("because", "Because", Kind::Text),
    ];
    let mut report = Report::new("cash", columns);
    report.shown = vec!["expected", "party", "state", "invoice", "buyer_name", "currency", "amount", "because"];
    report.heading.push("an estimate, from terms and from how long buyers and AWS took so far".to_owned());
    let paces = state.paces(basis);
    let mut totals: BTreeMap<String, i128> = BTreeMap::new();
    let (mut rows, mut without): (Vec<(bool, Vec<Cell>)>, u64) = (Vec::new(), 0);
    state.each_standing(basis, |at, standing, counted, billed| {
        let line = state.line(at.line);
        let (open, collected) = (cents(standing.open(at)), cents(standing.awaiting(at)));
        without += u64::from(standing.is_untold);
        if open.is_zero() && collected.is_zero() {
            return;
        }
        let payer = at.charges.iter().map(|charge| billed.parties[*charge as usize]).find(|parties| *parties != NONE);
        let payer = payer.map_or(NONE, |parties| state.parties.rows[parties as usize][0]);
        let since = paces.milestones.get(&(at.line, at.payout_currency)).and_then(|reached| reached.collected);
        let of = |which: &str, amount: Amount, expected: Expected| {
            let buyer = state.buyer(at, counted, billed, names);
            let name = buyer.as_ref().and_then(|buyer| names.party(&buyer.parse().ok()?));
            let text = |number: u32| Cell::or_empty(state.texts.some(number), Cell::text);
            let agreement = at.charges.iter().map(|charge| state.deal(state.charge(*charge).deal).agreement).find(|text| *text != NONE);
            vec![
                Cell::or_empty(expected.day, Cell::Day),
                text(line.recipient),
                Cell::text(which),
                if line.kind == LineKind::Adjustment { Cell::text("balance adjustment") } else { text(line.document) },
                Cell::or_empty(buyer, Cell::Text),
                Cell::or_empty(name, Cell::Text),
                text(agreement.unwrap_or(NONE)),
                text(line.currency),
                Cell::Amount(amount),
                Cell::Text(expected.because),
            ]
        };
        if !collected.is_zero() {
            let expected = paces.payout(line.recipient, collected, since, standing, today);
            rows.push((expected.day.is_none(), of("collected", collected, expected)));
        }
        if !open.is_zero() {
            let expected = paces.collection((line.recipient, payer), open, standing, today);
            rows.push((expected.day.is_none(), of("open", open, expected)));
        }
        *totals.entry(state.texts.get(line.currency).to_owned()).or_default() += open.units() + collected.units();
    });
    let key = |row: &[Cell]| row.iter().map(|cell| cell.json().to_string()).collect::<Vec<_>>();
    rows.sort_by_cached_key(|(undated, row)| (*undated, key(row)));
    report.rows = rows.into_iter().map(|(_, row)| row).collect();
    for (currency, units) in totals {
        let mut total = vec![Cell::Empty; report.columns.len()];
        (total[1], total[7], total[8]) = (Cell::text("total"), Cell::text(currency), Cell::Amount(cents(units)));
        report.totals.push(total);
    }
    report.notes.extend(Received::note(without));
    report
}

impl Paces {
    /// When what a buyer has not paid will be paid out.
    fn collection(&self, (recipient, buyer): (u32, u32), open: Amount, standing: &Standing, today: NaiveDate) -> Expected {
        if let Some(told) = never(open) {
            return told;
        }
        // Nothing has been waited for yet on this way.
        let lag = self.aws.get(&recipient).and_then(|pace| median(&pace.0)).map_or(0, |(days, _)| days);
        let after = |day: NaiveDate| Some(day + Days::new(lag));
        let then = format!("then paid out {lag} days later");
        let paid = if standing.received == 0 { "the buyer has paid nothing yet" } else { "the buyer has paid a part" };
        let Some(invoiced) = standing.invoice_date else {
            return Expected { day: None, because: "it has no invoice date".to_owned() };
        };
        let waited = u64::try_from((today - invoiced).num_days()).unwrap_or(0);
        match self.buyers.get(&(recipient, buyer)).map(|pace| pace.beyond(waited)) {
            Some(Some((days, of))) => Expected {
                day: after(invoiced + Days::new(days)),
                because: format!("paid {days} days after the invoice, median of {of}; {then}"),
            },
            Some(None) => Expected { day: None, because: format!("{waited} days: longer than this buyer ever took") },
            None => match standing.due {
                Some(due) if due >= today => Expected { day: after(due), because: format!("due {due}, {paid}; {then}") },
                Some(due) => Expected { day: None, because: format!("due since {due}: {paid}") },
                None => Expected { day: None, because: format!("no due date, and {paid}") },
            },
        }
    }

    /// When what is collected will be paid out.
    fn payout(&self, recipient: u32, amount: Amount, since: Option<NaiveDate>, standing: &Standing, today: NaiveDate) -> Expected {
        if let Some(told) = never(amount) {
            return told;
        }
        if standing.status == Status::Failed {
            return Expected { day: None, because: "the last payout came back".to_owned() };
        }
        let Some(since) = since else { return Expected { day: None, because: "when it was collected is not told".to_owned() } };
        let waited = u64::try_from((today - since).num_days()).unwrap_or(0);
        match self.aws.get(&recipient).map(|pace| pace.beyond(waited)) {
            Some(Some((days, of))) => Expected {
                day: Some(since + Days::new(days)),
                because: format!("paid out {days} days after it was collected, on {since}: median of {of}"),
            },
            Some(None) => Expected { day: None, because: format!("collected on {since}: longer ago than it ever took") },
            None => Expected { day: None, because: format!("collected on {since}; nothing was ever paid out") },
        }
    }
}

/// What is never paid out by itself: a cent of rounding, which AWS leaves as it is (comment in its published queries), and what was given back.
fn never(amount: Amount) -> Option<Expected> {
    let because = match amount.units() {
        units if units.abs() <= CENT => "a cent of rounding, which AWS leaves",
        ..0 => "taken out of the next payout",
        _ => return None,
    };
    Some(Expected { day: None, because: because.to_owned() })
}

impl Billing {
    /// How long buyers and AWS took, of every line that was collected or paid out by then.
    fn paces(&self, basis: Basis) -> Paces {
        // What was said and taken back on one day never happened.
        let mut days: Map<(u32, u32, bool, i64), i128> = Map::default();
        let moved = &self.movements;
        for at in moved.at(basis) {
            let is_payout = match Action::of(moved.kind[at]) {
                Action::Collected => false,
                Action::Disbursed => true,
                _ => continue,
            };
            let charge = self.charge(moved.charge[at]);
            let amount = moved.amount(at) * i128::from(moved.sign(at)) * if is_payout { -1 } else { 1 };
            *days.entry((charge.line, charge.payout_currency, is_payout, moved.effective[at])).or_default() += amount;
        }
        let mut paces = Paces::default();
        for ((line, currency, is_payout, moment), _) in days.into_iter().filter(|(_, amount)| *amount > 0) {
            let reached = paces.milestones.entry((line, currency)).or_default();
            let first = if is_payout { &mut reached.disbursed } else { &mut reached.collected };
            let day = Instant::from_micros(moment).day();
            *first = Some(first.map_or(day, |known| known.min(day)));
        }
        let took = |from: NaiveDate, until: NaiveDate| u64::try_from((until - from).num_days()).unwrap_or(0);
        let Paces { milestones, buyers, aws } = &mut paces;
        self.each_standing(basis, |at, standing, _, billed| {
            let Some(reached) = milestones.get(&(at.line, at.payout_currency)) else { return };
            let recipient = self.line(at.line).recipient;
            let payer = at.charges.iter().map(|charge| billed.parties[*charge as usize]).find(|parties| *parties != NONE);
            if let (Some(invoiced), Some(collected), Some(parties)) = (standing.invoice_date, reached.collected, payer) {
                let payer = self.parties.rows[parties as usize][0];
                buyers.entry((recipient, payer)).or_default().0.push(took(invoiced, collected));
            }
            if let (Some(collected), Some(disbursed)) = (reached.collected, reached.disbursed) {
                aws.entry(recipient).or_default().0.push(took(collected, disbursed));
            }
        });
        buyers.values_mut().chain(aws.values_mut()).for_each(|pace| pace.0.sort_unstable());
        paces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_late_is_expected_as_those_who_were_as_late() {
        let pace = Pace(vec![10, 20, 30, 40]);
        assert_eq!(pace.beyond(0), Some((20, 4)));
        assert_eq!(pace.beyond(10), Some((30, 3)));
        assert_eq!(pace.beyond(25), Some((30, 2)));
        assert_eq!(pace.beyond(30), Some((40, 1)));
        assert_eq!(pace.beyond(40), None);
        assert_eq!(Pace::default().beyond(0), None);
    }
}
