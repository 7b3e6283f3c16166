//! What payment schedules plan, held against what was invoiced.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::why::{INSTALMENT, Reason};
use super::{Standing, View};
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

/// What feeds tell of invoices.
pub struct Feeds<'a> {
    /// Of each agreement, what was invoiced for it.
    pub invoiced: BTreeMap<String, Vec<Invoiced>>,
    /// Whether they tell anything of an invoice, by its number.
    pub tell: Box<dyn Fn(&str) -> bool + 'a>,
}

/// No feeds.
impl Default for Feeds<'_> {
    fn default() -> Self {
        Self { invoiced: BTreeMap::new(), tell: Box::new(|_| false) }
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

/// What a buyer's bill tells of a purchase, and no feed does.
struct OnBill {
    /// The number of its month.
    month: i32,
    /// The product, by its id; by the bill's code where nobody here goes by that.
    product: Option<String>,
    /// Whether the product is one that is known here.
    is_known: bool,
    invoiced: Invoiced,
}

/// So many days may lie between an instalment's day and its invoice: AWS invoices on the day, and the feed is a day or two behind.
const DAYS: i64 = 5;

/// One row per instalment that is planned, with the invoice that it became; and one per invoice of such an agreement that no plan has.
///
/// An invoice is an instalment's when it is in its currency and no other's, of its amount before of another, and of the nearest day. Of another
/// amount it is only within five days. What no feed tells may stand on the bill of the buyer, which names no agreement: a line of its payer, in its
/// currency and of its amount, of the month in which those five days end or begin, is the instalment's, if its product is not known to be another.
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
    let mut open: BTreeMap<String, Vec<ChargeScheduled>> = BTreeMap::new();
    for pair in pairs(view, feeds).into_iter().filter(|pair| pair.found.is_none() && pair.status != "cancelled") {
        open.entry(pair.agreement.to_owned()).or_default().extend(pair.charge.map(|(charge, _)| charge));
    }
    open
}

/// The same with the positions that plan each.
pub(crate) fn not_invoiced<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> impl Iterator<Item = (&'a str, ChargeScheduled, u64)> {
    let open = pairs(view, feeds).into_iter().filter(|pair| pair.found.is_none() && pair.status != "cancelled");
    open.filter_map(|pair| pair.charge.map(|(charge, seq)| (pair.agreement, charge, seq)))
}

/// Every instalment that is planned, with the invoice that it became; and every invoice of such an agreement that no plan has.
fn pairs<'a>(view: &'a View<'_>, feeds: &'a Feeds<'_>) -> Vec<Paired<'a>> {
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
    find_on_bills(&mut pairs, view, feeds);
    pairs
}

/// Gives instalments that no feed tells the lines of their buyers' bills, the oldest first, and those that were cancelled last.
///
/// AWS invoices on the day, and a few days later at most: a line is of the month of that day, or of the month in which those days end.
fn find_on_bills(pairs: &mut [Paired<'_>], view: &View<'_>, feeds: &Feeds<'_>) {
    let has_come = |pair: &Paired<'_>| {
        let due = pair.charge.as_ref().filter(|_| pair.found.is_none()).map(|(charge, _)| charge.charged_at);
        due.is_some_and(|due| view.until().is_none_or(|until| due < until))
    };
    let mut open: Vec<&mut Paired<'_>> = pairs.iter_mut().filter(|pair| has_come(pair)).collect();
    if open.is_empty() {
        return;
    }
    open.sort_by_key(|pair| (pair.status == "cancelled", pair.charge.as_ref().map(|(charge, _)| charge.charged_at)));
    let agreements: BTreeMap<&str, &Standing> =
        view.agreements().into_iter().map(|standing| (standing.terms.agreement.as_str(), standing)).collect();
    let names = view.products_by_name();
    let mut bills: BTreeMap<AccountId, Vec<OnBill>> = BTreeMap::new();
    for pair in open {
        let (Some((charge, _)), Some(standing)) = (&pair.charge, agreements.get(pair.agreement)) else { continue };
        let Some(payer) = standing.terms.payer.or_else(|| view.acceptor(standing)) else { continue };
        let lines = bills.entry(payer).or_insert_with(|| on_bills(view, payer, &names));
        if lines.is_empty() {
            continue;
        }
        let products = view.offer_of(standing).map(|offer| view.products_of(&offer)).unwrap_or_default();
        let is_its_own = |line: &OnBill| line.product.as_ref().is_some_and(|told| products.iter().any(|product| product.as_str() == told));
        // What is known to be another product is none of its instalments.
        let may_be = |line: &OnBill| is_its_own(line) || !line.is_known || products.is_empty();
        let (first, last) = (month(charge.charged_at), month(late(charge.charged_at)));
        let fits = |line: &OnBill| {
            let is_sum = line.invoiced.currency == charge.currency && line.invoiced.amount == charge.amount;
            is_sum && (first..=last).contains(&line.month) && may_be(line) && !(feeds.tell)(&line.invoiced.invoice)
        };
        let fitting = lines.iter().enumerate().filter(|(_, line)| fits(line));
        let Some((place, _)) = fitting.min_by_key(|(_, line)| (!is_its_own(line), line.month)) else { continue };
        (pair.status, pair.found) = ("invoiced", Some(Cow::Owned(lines.remove(place).invoiced)));
    }
}

/// The number of the month of a day.
fn month(day: Instant) -> i32 {
    let day = day.day();
    day.year() * 12 + day.month0().cast_signed()
}

/// The purchases that the bills of a payer tell, month by month; of a month that several kinds of file tell, those of one.
fn on_bills(view: &View<'_>, payer: AccountId, names: &BTreeMap<String, String>) -> Vec<OnBill> {
    const NO_PURCHASE: [&str; 3] = ["Credit", "Refund", "Tax"];
    let spend = view.spend_of(payer);
    let mut kinds: BTreeMap<Instant, &str> = BTreeMap::new();
    for (spend, _) in &spend {
        let kind = kinds.entry(spend.month).or_insert(&spend.statement);
        *kind = (*kind).min(spend.statement.as_str());
    }
    let of_line = |(spend, seq): &(SpendRecorded, u64)| {
        let billed = ["unblended", "billed"].into_iter().find_map(|column| spend.amounts.get(column))?;
        let amount = billed.half_up(spend.currency.decimals()).in_units_of(spend.currency);
        let is_one = spend.class == "marketplace" && amount > Amount::ZERO && !NO_PURCHASE.contains(&spend.line_type.as_str());
        let invoice = spend.invoice.as_ref().filter(|_| is_one && kinds.get(&spend.month) == Some(&spend.statement.as_str()))?.to_string();
        let date = Some(view.invoiced(spend));
        let known = spend.product.as_ref().and_then(|code| names.get(code.as_str()));
        Some(OnBill {
            month: month(spend.month),
            product: known.cloned().or_else(|| spend.product.as_ref().map(ToString::to_string)),
            is_known: known.is_some(),
            invoiced: Invoiced { invoice, date, amount, currency: spend.currency, is_forgiven: false, events: vec![*seq] },
        })
    };
    spend.iter().filter_map(of_line).collect()
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
