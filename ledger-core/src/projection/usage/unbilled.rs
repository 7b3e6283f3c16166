//! `show unbilled`: what has been earned and not invoiced yet: usage that AWS estimates, and instalments that are due.
//!
//! ```text
//! day of usage -> invoices that bill its day, in arrears, once it was told?   no: unbilled   yes: taken back, and they say what it came to
//! instalment   -> due, and no invoice of it?                             unbilled
//! ```
//!
//! An estimate is at the price of the agreement. In a resale the ISV's own share of it is what the authorization's discount leaves
//! (AWS Marketplace seller guide, daily usage data feed: an ISV multiplies by its share); where offer, authorization or discount are not recorded,
//! the share is not known, and the row says so. No sum is taken over two parties.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::{Metered, Usage};
use crate::id::{AccountId, OfferId};
use crate::money::{Amount, Currency, round_half_up};
use crate::projection::billing::{Billing, Names, UsageLine};
use crate::projection::records::{View, not_invoiced};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::Instant;

/// A hundred per cent, in hundred-millionths.
const ALL: i128 = 100 * 100_000_000;
/// A cent, in hundred-millionths.
const CENT: i128 = 1_000_000;

/// A recipient's part of what a buyer pays, in hundred-millionths of a per cent; or why it is not known.
type Share = Result<i128, &'static str>;

/// Usage that belongs on one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    recipient: AccountId,
    currency: Option<Currency>,
    payer: Option<&'a str>,
    product: Option<&'a str>,
    agreement: Option<&'a str>,
    month: (i32, u32),
    /// What bills it, by its number.
    bill: Option<usize>,
    share: Share,
}

/// What comes together on one row.
#[derive(Debug, Default)]
struct Sum {
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// At the price of the agreement.
    estimated: i128,
    /// Rows that have no estimate.
    untold: u64,
}

/// What is earned and not invoiced, a row for each buyer, product, agreement and month; and what was invoiced in the month of the question for
/// usage that had been estimated, with how far the estimate was off.
///
/// The question's month is that of its as-of date; `last` is used where there is none.
pub fn unbilled(usage: &Usage, view: &View<'_>, billing: &Billing, last: NaiveDate, names: &dyn Names) -> Report {
    let basis = view.basis();
    let today = basis.effective_before.map_or(last, |before| Instant::from_micros(before.micros() - 1).day());
    let columns = vec![
        Column::new("status", "Status", Kind::Text),
        Column::new("party", "Party", Kind::Text),
        Column::new("buyer", "Buyer", Kind::Text),
        Column::new("buyer_name", "Buyer's name", Kind::Text),
        Column::new("product", "Product", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("from", "From", Kind::Day),
        Column::new("until", "Until", Kind::Day),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("estimated", "Estimated", Kind::Amount),
        Column::new("share", "Own share %", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("invoiced", "Invoiced", Kind::Amount),
        Column::new("error", "Estimate's error", Kind::Amount),
        Column::new("because", "Because", Kind::Text),
    ];
    let mut report = Report::new("unbilled", columns);
    report.shown = vec![
        "status",
        "party",
        "buyer_name",
        "agreement",
        "from",
        "until",
        "currency",
        "estimated",
        "amount",
        "invoice",
        "error",
        "because",
    ];
    report.heading.push("an estimate: AWS's of usage, and instalments that are due; nothing is owed because of it".to_owned());
    let lines = billing.usage_lines(basis);
    let bills = Bills::of(&lines);
    let shares = &mut BTreeMap::new();
    let mut sums: BTreeMap<Key<'_>, Sum> = BTreeMap::new();
    for (told, first) in usage.at(basis) {
        let (day, bill) = (told.day.day(), bills.of_day(told, first));
        // What is billed is called as the invoice calls it.
        let by = bill.map(|at| &bills.all[at].of);
        let key = Key {
            recipient: told.recipient,
            currency: told.currency,
            payer: by.map_or(told.payer.as_ref().map(|payer| payer.as_str()), |by| by.payer),
            product: by.map_or(told.product.as_ref().map(|product| product.as_str()), |by| by.product),
            agreement: by.map_or(told.agreement.as_ref().map(|agreement| agreement.as_str()), |by| by.agreement),
            month: by.map_or((day.year(), day.month()), |_| (0, 0)),
            bill,
            share: *shares.entry((told.recipient, told.offer.clone())).or_insert_with(|| share(view, told.recipient, told.offer.as_ref())),
        };
        let sum = sums.entry(key).or_default();
        sum.from = Some(sum.from.map_or(day, |from| from.min(day)));
        sum.until = Some(sum.until.map_or(day, |until| until.max(day)));
        match told.estimated {
            Some(estimated) => sum.estimated += estimated.units(),
            None => sum.untold += 1,
        }
    }
    // Usage of several shares may be billed together: what it was invoiced at is told once, against all of it.
    let mut of_bills: BTreeMap<(Option<usize>, Option<Currency>), i128> = BTreeMap::new();
    for (key, sum) in sums.iter().filter(|(key, _)| key.bill.is_some()) {
        *of_bills.entry((key.bill, key.currency)).or_default() += own(sum.estimated, key.share).units();
    }
    let mut totals: BTreeMap<(String, String), i128> = BTreeMap::new();
    let mut rows = Vec::new();
    for (key, sum) in &sums {
        let bill = key.bill.map(|at| &bills.all[at]);
        let is_this_month = |day: &NaiveDate| (day.year(), day.month()) == (today.year(), today.month());
        if bill.is_some_and(|bill| !bill.invoiced.iter().any(is_this_month)) {
            continue;
        }
        let amount = own(sum.estimated, key.share);
        let currency = key.currency.map(|currency| currency.to_string());
        if let (None, Some(currency)) = (bill, &currency) {
            *totals.entry((key.recipient.to_string(), currency.clone())).or_default() += amount.units();
        }
        let buyer = key.payer.and_then(|payer| names.account(&key.recipient, payer));
        let same = bill.filter(|bill| Some(bill.of.currency) == key.currency);
        let invoiced = same.and_then(|bill| Some((round_half_up(bill.units, CENT), of_bills.remove(&(key.bill, key.currency))?)));
        rows.push(vec![
            Cell::text(if bill.is_some() { "billed" } else { "unbilled" }),
            Cell::text(key.recipient),
            Cell::or_empty(key.payer, Cell::text),
            Cell::or_empty(buyer.and_then(|buyer| names.party(&buyer)), Cell::Text),
            Cell::or_empty(key.product, Cell::text),
            Cell::or_empty(key.agreement, Cell::text),
            Cell::or_empty(sum.from, Cell::Day),
            Cell::or_empty(sum.until, Cell::Day),
            Cell::or_empty(currency, Cell::Text),
            Cell::Amount(Amount::from_units(sum.estimated).half_up(2)),
            Cell::or_empty(key.share.ok(), |share| Cell::text(Amount::from_units(share))),
            Cell::Amount(amount),
            Cell::or_empty(bill.map(|bill| bill.called()).filter(|called| !called.is_empty()), Cell::Text),
            Cell::or_empty(invoiced, |(units, _)| Cell::Amount(Amount::from_units(units).half_up(2))),
            Cell::or_empty(invoiced, |(units, all)| Cell::Amount(Amount::from_units(units - all).half_up(2))),
            Cell::Text(because(key, sum, bill, invoiced.is_some())),
        ]);
    }
    let (invoiced, standings) = (billing.invoiced(basis), view.agreements());
    let standings: BTreeMap<&str, _> = standings.into_iter().map(|standing| (standing.terms.agreement.as_str(), standing)).collect();
    for (agreement, charge, _) in not_invoiced(view, &invoiced) {
        if !basis.had_happened(charge.charged_at) || charge.charged_at.day() > today {
            continue;
        }
        let standing = standings.get(agreement);
        let party = charge.recipient.or_else(|| view.proposer(standing?));
        let buyer = standing.and_then(|of| view.acceptor(of));
        let whose = party.map(|party| party.to_string()).unwrap_or_default();
        *totals.entry((whose, charge.currency.to_string())).or_default() += charge.amount.units();
        let day = charge.charged_at.day();
        rows.push(vec![
            Cell::text("unbilled"),
            Cell::or_empty(party, Cell::text),
            Cell::or_empty(buyer, Cell::text),
            Cell::or_empty(buyer.and_then(|buyer| names.party(&buyer)), Cell::Text),
            Cell::Empty,
            Cell::text(agreement),
            Cell::Day(day),
            Cell::Day(day),
            Cell::text(charge.currency),
            Cell::Amount(charge.amount),
            Cell::Empty,
            Cell::Amount(charge.amount),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::text("an instalment that is due and has no invoice"),
        ]);
    }
    report.rows = rows;
    for ((party, currency), units) in totals {
        let mut total = vec![Cell::Empty; report.columns.len()];
        (total[0], total[1], total[8]) = (Cell::text("unbilled in all"), Cell::text(party), Cell::text(currency));
        total[11] = Cell::Amount(Amount::from_units(units).half_up(2));
        report.totals.push(total);
    }
    report
}

/// What bills the same usage: the lines of all invoices and credit notes of one agreement, buyer, product and period.
struct Bill<'a> {
    of: &'a UsageLine<'a>,
    invoices: BTreeSet<&'a str>,
    invoiced: BTreeSet<NaiveDate>,
    /// When the last invoice was made that is no credit note.
    until: Instant,
    units: i128,
}

impl Bill<'_> {
    fn called(&self) -> String {
        self.invoices.iter().copied().collect::<Vec<_>>().join(", ")
    }
}

/// All bills, and where those of an agreement or of a buyer are.
struct Bills<'a> {
    all: Vec<Bill<'a>>,
    by_agreement: BTreeMap<(AccountId, &'a str), Vec<usize>>,
    by_buyer: BTreeMap<(AccountId, &'a str), Vec<usize>>,
}

impl<'a> Bills<'a> {
    fn of(lines: &'a [UsageLine<'a>]) -> Self {
        let mut found: BTreeMap<_, Bill<'a>> = BTreeMap::new();
        for line in lines {
            let whose = (line.recipient, line.agreement, line.payer, line.end_user, line.product);
            let bill = found.entry((whose, line.from, line.until, line.currency)).or_insert_with(|| Bill {
                of: line,
                invoices: BTreeSet::new(),
                invoiced: BTreeSet::new(),
                until: line.invoiced,
                units: 0,
            });
            bill.invoices.extend(line.invoice);
            bill.invoiced.insert(line.invoiced.day());
            bill.units += line.units;
            if line.units > 0 {
                bill.until = bill.until.max(line.invoiced);
            }
        }
        let mut bills = Self { all: Vec::new(), by_agreement: BTreeMap::new(), by_buyer: BTreeMap::new() };
        for (at, bill) in found.into_values().enumerate() {
            let (recipient, buyers) = (bill.of.recipient, BTreeSet::from([bill.of.payer, bill.of.end_user]));
            bill.of.agreement.iter().for_each(|agreement| bills.by_agreement.entry((recipient, *agreement)).or_default().push(at));
            buyers.into_iter().flatten().for_each(|buyer| bills.by_buyer.entry((recipient, buyer)).or_default().push(at));
            bills.all.push(bill);
        }
        bills
    }

    /// What bills a day of usage that was first told then: a bill of its agreement; of its buyer where one of the two tells no agreement. A bill that
    /// was made before the usage was told cannot have it.
    fn of_day(&self, told: &Metered, first: Option<Instant>) -> Option<usize> {
        let product = told.product.as_ref().map(|product| product.as_str());
        let fits = |at: &usize| {
            let Bill { of, until, .. } = &self.all[*at];
            let has_day = of.from <= told.day && told.day < of.until;
            has_day && (of.product.is_none() || of.product == product) && first.is_none_or(|first| first <= *until)
        };
        let rank = |at: &usize| (Some(self.all[*at].of.currency) != told.currency, self.all[*at].of.invoiced, *at);
        let first_of = |all: &mut dyn Iterator<Item = usize>| all.filter(&fits).min_by_key(rank);
        let agreement = told.agreement.as_ref().map(|agreement| agreement.as_str());
        let own = agreement.and_then(|agreement| self.by_agreement.get(&(told.recipient, agreement)));
        let own = own.and_then(|all| first_of(&mut all.iter().copied()));
        own.or_else(|| {
            let buyers: BTreeSet<&str> = [&told.payer, &told.end_user].into_iter().flatten().map(|buyer| buyer.as_str()).collect();
            let all = buyers.into_iter().filter_map(|buyer| self.by_buyer.get(&(told.recipient, buyer))).flatten().copied();
            first_of(&mut all.filter(|at| agreement.is_none() || self.all[*at].of.agreement.is_none()))
        })
    }
}

/// What of the buyer's price is the recipient's own.
fn share(view: &View<'_>, recipient: AccountId, offer: Option<&OfferId>) -> Share {
    let offer = offer.and_then(|offer| view.offer(offer, None, Some(recipient), None)).ok_or("its offer is not recorded")?;
    let Some(authorization) = offer.authorization else { return Ok(ALL) };
    let granted = view.granted(&authorization).ok_or("its authorization is not recorded")?;
    // Who grants it is paid the wholesale price; who sells under it is paid the buyer's, and pays the wholesale price.
    if granted.grantor.or(granted.recipient) != Some(recipient) || granted.reseller == Some(recipient) {
        return Ok(ALL);
    }
    granted.discount.map(|discount| ALL - discount.units()).ok_or("its authorization tells no discount")
}

/// The recipient's own part, in cents; of an unknown share the whole.
fn own(estimated: i128, share: Share) -> Amount {
    let part = share.map_or(estimated, |share| estimated.saturating_mul(share) / ALL);
    Amount::from_units(part).half_up(2)
}

fn because(key: &Key<'_>, sum: &Sum, bill: Option<&Bill<'_>>, is_told: bool) -> String {
    let mut parts = Vec::new();
    match bill {
        None if key.agreement.is_some() => parts.push("used, and no invoice of the agreement has it".to_owned()),
        None => parts.push("used, and no invoice has it".to_owned()),
        Some(bill) => {
            let days: Vec<String> = bill.invoiced.iter().map(ToString::to_string).collect();
            parts.push(format!("taken back: invoiced on {}", days.join(", ")));
            if Some(bill.of.currency) != key.currency {
                parts.push(format!("{} {}", Amount::from_units(bill.units).half_up(2), bill.of.currency));
            } else if !is_told {
                parts.push("with the line above".to_owned());
            }
        }
    }
    if let Err(why) = key.share {
        parts.push(format!("at the buyer's price: {why}"));
    }
    if key.currency.is_none() {
        parts.push("the feed tells no currency".to_owned());
    }
    if sum.untold > 0 {
        parts.push(format!("{} of the feed's rows tell no estimate", sum.untold));
    }
    parts.join("; ")
}
