//! `show unbilled`: what has been earned and not invoiced yet: usage that AWS estimates, and instalments that are due.
//!
//! ```text
//! day of usage -> a line of an invoice that bills its day, in arrears?   no: unbilled   yes: taken back, and the line says what it came to
//! instalment   -> due, and no invoice of it?                             unbilled
//! ```
//!
//! An estimate is at the price of the agreement. In a resale the ISV's own share of it is what the authorization's discount leaves
//! (AWS Marketplace seller guide, daily usage data feed: an ISV multiplies by its share); where no discount is recorded, the share is not known, and
//! the row says so.

use std::collections::BTreeMap;

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

/// A recipient's part of what a buyer pays, in hundred-millionths of a per cent; nothing when it is not known.
type Share = Option<i128>;

/// Usage that belongs on one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    recipient: AccountId,
    currency: Option<Currency>,
    payer: Option<&'a str>,
    product: Option<&'a str>,
    agreement: Option<&'a str>,
    month: (i32, u32),
    /// The line that bills it, by its number.
    line: Option<usize>,
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
    let shares = &mut BTreeMap::new();
    let mut sums: BTreeMap<Key<'_>, Sum> = BTreeMap::new();
    for (_, told) in usage.at(basis) {
        let (day, line) = (told.day.day(), billed_by(told, &lines));
        // What is billed is called as the invoice calls it.
        let by = line.and_then(|at| lines.get(at));
        let key = Key {
            recipient: told.recipient,
            currency: told.currency,
            payer: by.map_or(told.payer.as_ref().map(|payer| payer.as_str()), |by| by.payer),
            product: by.map_or(told.product.as_ref().map(|product| product.as_str()), |by| by.product),
            agreement: by.map_or(told.agreement.as_ref().map(|agreement| agreement.as_str()), |by| by.agreement),
            month: by.map_or((day.year(), day.month()), |_| (0, 0)),
            line,
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
    // Usage of several shares may stand on one line of an invoice: its price is told once, against all of it.
    let mut of_lines: BTreeMap<usize, i128> = BTreeMap::new();
    for (key, sum) in &sums {
        *of_lines.entry(key.line.unwrap_or(usize::MAX)).or_default() += own(sum.estimated, key.share).units();
    }
    let mut totals: BTreeMap<String, i128> = BTreeMap::new();
    let mut rows = Vec::new();
    for (key, sum) in &sums {
        let line = key.line.and_then(|at| lines.get(at));
        let is_this_month = |line: &UsageLine<'_>| {
            let day = line.invoiced.day();
            (day.year(), day.month()) == (today.year(), today.month())
        };
        if line.is_some_and(|line| !is_this_month(line)) {
            continue;
        }
        let amount = own(sum.estimated, key.share);
        let currency = key.currency.map(|currency| currency.to_string());
        if line.is_none() {
            *totals.entry(currency.clone().unwrap_or_default()).or_default() += amount.units();
        }
        let buyer = key.payer.and_then(|payer| names.account(&key.recipient, payer));
        let told = line.zip(key.line).map(|(line, at)| (line, of_lines.remove(&at)));
        let invoiced = told.as_ref().and_then(|(line, all)| all.map(|all| (round_half_up(line.units, 1_000_000), all)));
        rows.push(vec![
            Cell::text(if line.is_some() { "billed" } else { "unbilled" }),
            Cell::text(key.recipient),
            Cell::or_empty(key.payer, Cell::text),
            Cell::or_empty(buyer.and_then(|buyer| names.party(&buyer)), Cell::Text),
            Cell::or_empty(key.product, Cell::text),
            Cell::or_empty(key.agreement, Cell::text),
            Cell::or_empty(sum.from, Cell::Day),
            Cell::or_empty(sum.until, Cell::Day),
            Cell::or_empty(currency, Cell::Text),
            Cell::Amount(Amount::from_units(sum.estimated).half_up(2)),
            Cell::or_empty(key.share, |share| Cell::text(Amount::from_units(share))),
            Cell::Amount(amount),
            Cell::or_empty(line.and_then(|line| line.invoice), Cell::text),
            Cell::or_empty(invoiced, |(units, _)| Cell::Amount(Amount::from_units(units).half_up(2))),
            Cell::or_empty(invoiced, |(units, all)| Cell::Amount(Amount::from_units(units - all).half_up(2))),
            Cell::Text(because(key, sum, told.map(|(line, all)| (line, all.is_some())))),
        ]);
    }
    let invoiced = billing.invoiced(basis);
    for (agreement, charge, _) in not_invoiced(view, &invoiced) {
        if !basis.had_happened(charge.charged_at) || charge.charged_at.day() > today {
            continue;
        }
        let standing = view.agreements().into_iter().find(|standing| standing.terms.agreement.as_str() == agreement);
        let (party, buyer) = (standing.and_then(|of| view.proposer(of)), standing.and_then(|of| view.acceptor(of)));
        *totals.entry(charge.currency.to_string()).or_default() += charge.amount.units();
        let day = charge.charged_at.day();
        rows.push(vec![
            Cell::text("unbilled"),
            Cell::or_empty(charge.recipient.or(party), Cell::text),
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
    for (currency, units) in totals {
        let mut total = vec![Cell::Empty; report.columns.len()];
        (total[0], total[8], total[11]) =
            (Cell::text("unbilled in all"), Cell::text(currency), Cell::Amount(Amount::from_units(units).half_up(2)));
        report.totals.push(total);
    }
    report
}

/// The line of an invoice that bills a day of usage: of the agreement, or else of the same product and buyer; the one that was invoiced first.
fn billed_by(told: &Metered, lines: &[UsageLine<'_>]) -> Option<usize> {
    let fits = |line: &UsageLine<'_>| {
        let is_same = line.recipient == told.recipient && Some(line.currency) == told.currency;
        let has_day = line.from <= told.day && told.day < line.until;
        is_same && has_day && (line.product.is_none() || line.product == told.product.as_ref().map(|product| product.as_str()))
    };
    let rank = |line: &UsageLine<'_>| {
        let agreement = told.agreement.as_ref().is_some_and(|agreement| line.agreement == Some(agreement.as_str()));
        // The feed's agreement may be missing, or another one than the invoice's.
        let payer = told.payer.as_ref().is_some_and(|payer| line.payer == Some(payer.as_str()));
        let end_user = told.end_user.as_ref().is_some_and(|user| line.end_user == Some(user.as_str()));
        (agreement || payer || end_user).then_some((!agreement, !payer, line.invoiced))
    };
    let fitting = lines.iter().enumerate().filter(|(_, line)| fits(line));
    fitting.filter_map(|(at, line)| Some((rank(line)?, at))).min().map(|(_, at)| at)
}

/// What of the buyer's price is the recipient's own.
fn share(view: &View<'_>, recipient: AccountId, offer: Option<&OfferId>) -> Share {
    let authorization = offer.and_then(|offer| view.offer(offer, None, Some(recipient), None)).and_then(|offer| offer.authorization);
    let Some(granted) = authorization.and_then(|authorization| view.granted(&authorization)) else { return Some(ALL) };
    // Who grants it is paid the wholesale price; who sells under it is paid the buyer's, and pays the wholesale price.
    if granted.grantor.or(granted.recipient) != Some(recipient) || granted.reseller == Some(recipient) {
        return Some(ALL);
    }
    granted.discount.map(|discount| ALL - discount.units())
}

/// The recipient's own part, in cents; of an unknown share the whole.
fn own(estimated: i128, share: Share) -> Amount {
    let part = share.map_or(estimated, |share| estimated.saturating_mul(share) / ALL);
    Amount::from_units(part).half_up(2)
}

fn because(key: &Key<'_>, sum: &Sum, told: Option<(&UsageLine<'_>, bool)>) -> String {
    let mut parts = Vec::new();
    match told {
        None => parts.push("used, and no invoice has it".to_owned()),
        Some((line, true)) => parts.push(format!("taken back: invoiced on {}", line.invoiced.day())),
        Some((_, false)) => parts.push("taken back: on the same line of the invoice".to_owned()),
    }
    if key.share.is_none() {
        parts.push("at the buyer's price: the authorization tells no discount".to_owned());
    }
    if sum.untold > 0 {
        parts.push(format!("{} of the feed's rows tell no estimate", sum.untold));
    }
    parts.join("; ")
}
