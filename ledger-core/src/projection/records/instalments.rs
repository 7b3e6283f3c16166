//! What payment schedules plan, held against what was invoiced.

mod bills;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::why::{INSTALMENT, Reason};
use crate::event::agreement::ChargeScheduled;
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

/// Which of some invoices feeds tell, each with the products that stand on it.
type Told<'a> = Box<dyn Fn(&BTreeSet<&str>) -> BTreeMap<String, BTreeSet<String>> + 'a>;

/// What feeds tell of invoices.
pub struct Feeds<'a> {
    /// Of each agreement, what was invoiced for it.
    pub invoiced: BTreeMap<String, Vec<Invoiced>>,
    /// Which of some invoices they tell, the buyer's or the own ones.
    pub told: Told<'a>,
}

/// No feeds.
impl Default for Feeds<'_> {
    fn default() -> Self {
        Self { invoiced: BTreeMap::new(), told: Box::new(|_| BTreeMap::new()) }
    }
}

/// An instalment that is planned, an invoice, or both.
struct Paired<'a> {
    agreement: &'a str,
    charge: Option<(ChargeScheduled, u64)>,
    status: &'static str,
    found: Option<Cow<'a, Invoiced>>,
    currency: Currency,
}

/// So many days may lie between an instalment's day and its invoice: AWS invoices on the day, and the feed is a day or two behind.
const DAYS: i64 = 5;

/// One row per instalment that is planned, with the invoice that it became; and one per invoice of such an agreement that no plan has.
///
/// An invoice is an instalment's when it is in its currency and no other's, of its amount before of another, and of the nearest day. Of another
/// amount it is only within five days. What no feed tells may stand on the bill of the buyer alone, which names no agreement: a line of its payer, in
/// its currency and of its amount, is the instalment's, on a day within those five or in a month in which they lie, of a product that is not known to
/// be another.
pub fn instalments(view: &View<'_>, feeds: &Feeds<'_>) -> Report {
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
    report.rows = pairs(view, feeds).iter().map(row).collect();
    report
}

/// Why the instalments of some agreements stand as they do: the event that plans each, and those of the invoice that it became.
pub fn why_instalments(view: &View<'_>, feeds: &Feeds<'_>, ids: &[String]) -> Vec<Reason> {
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
    pairs(view, feeds).into_iter().filter(|pair| ids.iter().any(|id| id == pair.agreement)).map(one).collect()
}

/// The instalments that are planned and have not become an invoice, by agreement.
pub(crate) fn open_instalments(view: &View<'_>, feeds: &Feeds<'_>) -> BTreeMap<String, Vec<ChargeScheduled>> {
    let mut by_agreement: BTreeMap<String, Vec<ChargeScheduled>> = BTreeMap::new();
    for (agreement, charge, _) in not_invoiced(view, feeds) {
        by_agreement.entry(agreement.to_owned()).or_default().push(charge);
    }
    by_agreement
}

/// The same with the positions that plan each.
pub(crate) fn not_invoiced<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> impl Iterator<Item = (&'a str, ChargeScheduled, u64)> {
    open(pairs(view, feeds))
}

/// Those of which no feed tells an invoice, whatever a bill says.
pub(crate) fn not_told<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> impl Iterator<Item = (&'a str, ChargeScheduled, u64)> {
    open(of_feeds(view, feeds))
}

fn open(pairs: Vec<Paired<'_>>) -> impl Iterator<Item = (&str, ChargeScheduled, u64)> {
    let open = pairs.into_iter().filter(|pair| pair.found.is_none() && pair.status != "cancelled");
    open.filter_map(|pair| pair.charge.map(|(charge, seq)| (pair.agreement, charge, seq)))
}

/// Every instalment that is planned, with the invoice that it became; and every invoice of such an agreement that no plan has.
fn pairs<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> Vec<Paired<'a>> {
    let mut pairs = of_feeds(view, feeds);
    bills::find(&mut pairs, view, feeds);
    pairs
}

/// The same, of what feeds tell alone.
fn of_feeds<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> Vec<Paired<'a>> {
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
        let mut open: Vec<Option<&Invoiced>> = feeds.invoiced.get(agreement).into_iter().flatten().map(Some).collect();
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
    pairs
}

/// When an instalment must have been invoiced.
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
