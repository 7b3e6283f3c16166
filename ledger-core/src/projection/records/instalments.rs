//! What payment schedules plan, held against what was invoiced.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::View;
use super::why::{INSTALMENT, Reason};
use crate::event::agreement::ChargeScheduled;
use crate::event::commitment::SpendRecorded;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind as Of, Report};
use crate::time::Instant;

/// What was invoiced for an agreement on one invoice: its price, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoiced {
    /// The invoice.
    pub invoice: String,
    /// Its date.
    pub date: Option<Instant>,
    /// The price on it.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// Whether the buyer need not pay it any more.
    pub is_forgiven: bool,
    /// Positions of the events that say so.
    pub events: Vec<u64>,
}

/// An instalment that is planned, an invoice, or both.
struct Paired<'a> {
    agreement: &'a str,
    charge: Option<(ChargeScheduled, u64)>,
    status: &'static str,
    found: Option<Cow<'a, Invoiced>>,
    currency: Currency,
}

/// What of the Marketplace a buyer's bill tells, and no feed does.
struct OnBill {
    month: NaiveDate,
    /// In each of the bill's cost columns.
    amounts: BTreeSet<Amount>,
    invoiced: Invoiced,
}

/// So many days may lie between an instalment's day and its invoice: AWS invoices on the day, and the feed is a day or two behind.
const DAYS: i64 = 5;

/// One row per instalment that is planned, with the invoice that it became; and one per invoice of such an agreement that no plan has.
///
/// An invoice is an instalment's when it is in its currency and no other's, of its amount before of another, and of the nearest day. Of another
/// amount it is only within five days. What no feed tells may stand on the bill of the buyer, which names no agreement: a line of its payer, in its
/// currency and of its amount, of the month it was planned for or the next, is the instalment's.
pub fn instalments(view: &View<'_>, invoiced: &BTreeMap<String, Vec<Invoiced>>) -> Report {
    let mut report = Report::new(
        "instalments",
        vec![
            Column::new("agreement", "Agreement", Of::Text),
            Column::new("charged_at", "Planned for", Of::Moment),
            Column::new("planned", "Planned", Of::Money),
            Column::new("status", "Status", Of::Text),
            Column::new("invoice", "Invoice", Of::Text),
            Column::new("invoiced_at", "Invoiced", Of::Moment),
            Column::new("invoiced", "Amount", Of::Money),
            Column::new("currency", "Currency", Of::Text),
        ],
    );
    report.rows = pairs(view, invoiced).iter().map(row).collect();
    report
}

/// Why the instalments of some agreements stand as they do: the event that plans each, and those of the invoice that it became.
pub fn why_instalments(view: &View<'_>, invoiced: &BTreeMap<String, Vec<Invoiced>>, ids: &[String]) -> Vec<Reason> {
    let one = |pair: Paired<'_>| {
        let amount = pair.charge.as_ref().map(|(charge, _)| charge.amount).or_else(|| pair.found.as_ref().map(|found| found.amount));
        let planned = pair.charge.iter().map(|(_, seq)| *seq);
        let day = pair.charge.as_ref().map(|(charge, _)| charge.charged_at).or_else(|| pair.found.as_ref().and_then(|found| found.date));
        let invoice = pair.found.as_ref().map(|found| found.invoice.clone());
        let remark = [Some(pair.status.to_owned()), day.map(|day| day.day().to_string()), invoice];
        Reason {
            subject: pair.agreement.to_owned(),
            field: "instalment",
            value: Cell::or_empty(amount, |amount| money(amount, pair.currency)),
            rule: INSTALMENT,
            events: planned.chain(pair.found.iter().flat_map(|found| found.events.clone())).collect(),
            remark: Some(remark.into_iter().flatten().collect::<Vec<_>>().join(", ")),
        }
    };
    pairs(view, invoiced).into_iter().filter(|pair| ids.iter().any(|id| id == pair.agreement)).map(one).collect()
}

/// The instalments that are planned and have not become an invoice, by agreement.
pub(crate) fn open_instalments(view: &View<'_>, invoiced: &BTreeMap<String, Vec<Invoiced>>) -> BTreeMap<String, Vec<ChargeScheduled>> {
    let mut open: BTreeMap<String, Vec<ChargeScheduled>> = BTreeMap::new();
    for pair in pairs(view, invoiced).into_iter().filter(|pair| pair.found.is_none() && pair.status != "cancelled") {
        open.entry(pair.agreement.to_owned()).or_default().extend(pair.charge.map(|(charge, _)| charge));
    }
    open
}

/// The same with the positions that plan each.
pub(crate) fn not_invoiced<'a>(
    view: &'a View<'_>,
    invoiced: &'a BTreeMap<String, Vec<Invoiced>>,
) -> impl Iterator<Item = (&'a str, ChargeScheduled, u64)> {
    let open = pairs(view, invoiced).into_iter().filter(|pair| pair.found.is_none() && pair.status != "cancelled");
    open.filter_map(|pair| pair.charge.map(|(charge, seq)| (pair.agreement, charge, seq)))
}

/// Every instalment that is planned, with the invoice that it became; and every invoice of such an agreement that no plan has.
fn pairs<'a>(view: &'a View<'_>, invoiced: &'a BTreeMap<String, Vec<Invoiced>>) -> Vec<Paired<'a>> {
    let mut pairs = Vec::new();
    let until = view.until();
    for standing in view.agreements() {
        let stands = view.instalments(standing);
        let mut planned: Vec<(ChargeScheduled, u64)> =
            view.planned(standing).into_iter().map(|(charge, version)| (charge, version.seq)).collect();
        planned.sort_by(|(one, _), (other, _)| (one.charged_at, &one.term).cmp(&(other.charged_at, &other.term)));
        if planned.is_empty() {
            continue;
        }
        let agreement = standing.terms.agreement.as_str();
        let mut open: Vec<Option<&Invoiced>> = invoiced.get(agreement).into_iter().flatten().map(Some).collect();
        let mut became: Vec<Option<&Invoiced>> = planned.iter().map(|(charge, _)| take(&mut open, charge, true)).collect();
        for ((charge, _), found) in planned.iter().zip(&mut became).filter(|(_, found)| found.is_none()) {
            *found = take(&mut open, charge, false);
        }
        for ((charge, seq), found) in planned.into_iter().zip(became) {
            let status = match found {
                Some(found) if found.is_forgiven => "forgiven",
                Some(found) if found.amount == charge.amount => "invoiced",
                Some(_) => "differs",
                None if !stands.contains(&charge) => "cancelled",
                None if until.is_some_and(|until| late(charge.charged_at) < until) => "missing",
                None => "planned",
            };
            let found = found.map(Cow::Borrowed);
            pairs.push(Paired { agreement, status, found, currency: charge.currency, charge: Some((charge, seq)) });
        }
        let unplanned = |found: &'a Invoiced| {
            let currency = found.currency;
            Paired { agreement, charge: None, status: "not planned", found: Some(Cow::Borrowed(found)), currency }
        };
        pairs.extend(open.into_iter().flatten().map(unplanned));
    }
    find_on_bills(&mut pairs, view, invoiced);
    pairs
}

/// Gives instalments that no feed tells the lines of their buyers' bills: of the month they were planned for, then of the next.
fn find_on_bills(pairs: &mut [Paired<'_>], view: &View<'_>, invoiced: &BTreeMap<String, Vec<Invoiced>>) {
    let until = view.until();
    let is_open = |pair: &Paired<'_>| {
        let due = pair.charge.as_ref().filter(|_| pair.found.is_none() && pair.status != "cancelled");
        due.is_some_and(|(charge, _)| until.is_none_or(|until| months(charge.charged_at.day()) <= months(until.day())))
    };
    if !pairs.iter().any(is_open) {
        return;
    }
    let payer = |standing: &super::Standing| {
        Some((standing.terms.agreement.to_string(), standing.terms.payer.or_else(|| view.acceptor(standing))?))
    };
    let payers: BTreeMap<String, AccountId> = view.agreements().into_iter().filter_map(payer).collect();
    let told: BTreeSet<&str> = invoiced.values().flatten().map(|invoiced| invoiced.invoice.as_str()).collect();
    let mut bills: BTreeMap<AccountId, Vec<OnBill>> = BTreeMap::new();
    for late in [0, 1] {
        for pair in pairs.iter_mut().filter(|pair| is_open(pair)) {
            let (Some((charge, _)), Some(payer)) = (&pair.charge, payers.get(pair.agreement)) else { continue };
            let lines = bills.entry(*payer).or_insert_with(|| on_bills(view, *payer, &told));
            let fits = |line: &OnBill| {
                let is_of_month = months(line.month) == months(charge.charged_at.day()) + late;
                is_of_month && line.invoiced.currency == charge.currency && line.amounts.contains(&charge.amount.half_up(2))
            };
            let Some(place) = lines.iter().position(fits) else { continue };
            let line = lines.swap_remove(place);
            // Another kind of file may tell the same.
            lines.retain(|other| {
                (other.month, &other.invoiced.invoice) != (line.month, &line.invoiced.invoice) || other.amounts.is_disjoint(&line.amounts)
            });
            (pair.status, pair.found) = ("invoiced", Some(Cow::Owned(Invoiced { amount: charge.amount, ..line.invoiced })));
        }
    }
}

/// The number of a day's month.
fn months(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

/// What the bills of a payer say was invoiced through the Marketplace, without what feeds tell.
fn on_bills(view: &View<'_>, payer: AccountId, told: &BTreeSet<&str>) -> Vec<OnBill> {
    let of_line = |(spend, seq): (SpendRecorded, u64)| {
        let invoice = spend.invoice.as_ref().map(ToString::to_string).filter(|invoice| !told.contains(invoice.as_str()))?;
        let amounts: BTreeSet<Amount> = spend.amounts.values().map(|amount| amount.half_up(2)).filter(|amount| !amount.is_zero()).collect();
        let date = Some(view.invoiced(&spend));
        let invoiced = Invoiced { invoice, date, amount: Amount::ZERO, currency: spend.currency, is_forgiven: false, events: vec![seq] };
        (spend.class == "marketplace" && spend.line_type != "Tax").then_some(OnBill { month: spend.month.day(), amounts, invoiced })
    };
    view.spend_of(payer).into_iter().filter_map(of_line).collect()
}

fn late(day: Instant) -> Instant {
    Instant::from_micros(day.micros() + DAYS * 86_400_000_000)
}

/// The invoice that is nearest to an instalment, of its amount or of another.
fn take<'a>(open: &mut [Option<&'a Invoiced>], charge: &ChargeScheduled, same_amount: bool) -> Option<&'a Invoiced> {
    let away = |found: &Invoiced| found.date.map_or(i64::MAX, |date| (date.micros() - charge.charged_at.micros()).abs());
    let fits = |found: &&Invoiced| {
        found.currency == charge.currency && if same_amount { found.amount == charge.amount } else { away(found) <= DAYS * 86_400_000_000 }
    };
    let place = (0..open.len()).filter(|at| open[*at].as_ref().is_some_and(fits)).min_by_key(|at| open[*at].map_or(i64::MAX, away))?;
    open[place].take()
}

fn money(amount: Amount, currency: Currency) -> Cell {
    Cell::Money(if amount.half_up(2) == amount { amount.half_up(2) } else { amount }, currency)
}

fn row(pair: &Paired<'_>) -> Vec<Cell> {
    let (charge, found) = (pair.charge.as_ref().map(|(charge, _)| charge), pair.found.as_deref());
    vec![
        Cell::text(pair.agreement),
        Cell::or_empty(charge, |charge| Cell::Moment(charge.charged_at)),
        Cell::or_empty(charge, |charge| money(charge.amount, pair.currency)),
        Cell::text(pair.status),
        Cell::or_empty(found, |found| Cell::text(&found.invoice)),
        Cell::or_empty(found.and_then(|found| found.date), Cell::Moment),
        Cell::or_empty(found, |found| money(found.amount, pair.currency)),
        Cell::text(pair.currency),
    ]
}
