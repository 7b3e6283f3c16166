//! `show spend`: what buyers were invoiced, by the cost centre that it belongs to.
//!
//! ```text
//! lines of feeds + sums of bills  -parts->  parts of one cost centre each  -spend-> report, -why_spend-> reasons
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::event::commitment::SpendRecorded;
use crate::id::{AccountId, ProductId};
use crate::money::Currency;
use crate::projection::records::{COST_CENTRE, Reason, View};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::Instant;

use super::sums::to_cents;
use super::{Billing, Bought, Names, cents};

/// What is known of whom to charge with a purchase: whose feed tells it, by which agreement, to whom, and when.
#[derive(Debug, Clone, Copy)]
pub struct Purchase<'a> {
    /// The recipient of the feed.
    pub recipient: &'a AccountId,
    /// The agreement.
    pub agreement: Option<&'a str>,
    /// The buyer, as the recipient's feeds name the account.
    pub buyer: Option<&'a str>,
    /// When it was invoiced.
    pub invoiced: Option<Instant>,
}

const UNALLOCATED: &str = "unallocated";

/// A part of what buyers were invoiced that belongs to one cost centre, or to none.
#[derive(Clone)]
struct Part<'a> {
    centre: Option<String>,
    /// Whose feed or bill tells it.
    teller: AccountId,
    buyer: Option<&'a str>,
    agreement: Option<&'a str>,
    invoice: Option<&'a str>,
    items: Vec<Option<&'a str>>,
    units: i128,
    currency: Currency,
    seqs: Vec<u64>,
    /// Why the labels of the bill do not count, when they do not.
    remark: Option<String>,
}

/// What a bill says of an invoice: of one product, as far as products are told.
struct Billed<'a> {
    /// One of its sums.
    one: &'a SpendRecorded,
    units: i128,
    /// What is labelled, by cost centre.
    centres: BTreeMap<&'a str, i128>,
    seqs: Vec<u64>,
}

impl Billed<'_> {
    /// What each cost centre has of it, in cents.
    fn shares(&self) -> impl Iterator<Item = (&str, i128)> {
        self.centres.iter().map(|(centre, units)| (*centre, to_cents(*units)))
    }

    /// The cost centre that has all of it.
    fn only(&self) -> Option<&str> {
        let (centre, units) = self.shares().next()?;
        (self.centres.len() == 1 && units == to_cents(self.units)).then_some(centre)
    }
}

/// The purchases that the bills tell, by invoice, product and currency: without tax, and without the credits that AWS took off. Of two kinds of
/// file that tell a month the first counts. Of an invoice that feeds tell a product is one that they know, or none.
fn billed<'a>(
    bills: &'a [(SpendRecorded, u64)],
    by_code: &'a BTreeMap<String, ProductId>,
    is_told: impl Fn(&str) -> bool,
) -> BTreeMap<(&'a str, Option<&'a str>, Currency), Billed<'a>> {
    let mut kinds: BTreeMap<(AccountId, Instant), &str> = BTreeMap::new();
    for (spend, _) in bills {
        let kind = kinds.entry((spend.payer, spend.month)).or_insert(&spend.statement);
        *kind = (*kind).min(&spend.statement);
    }
    let mut all: BTreeMap<_, Billed<'a>> = BTreeMap::new();
    for (spend, seq) in bills.iter().filter(|(spend, _)| kinds.get(&(spend.payer, spend.month)) == Some(&spend.statement.as_str())) {
        let cost = ["unblended", "billed"].iter().find_map(|column| spend.amounts.get(*column));
        let is_price = !matches!(spend.line_type.as_str(), "Tax" | "Credit");
        let (Some(invoice), Some(cost), true) = (&spend.invoice, cost, is_price) else { continue };
        let code = spend.product.as_ref().map(|code| code.as_str());
        let product = if is_told(invoice.as_str()) { code.and_then(|code| Some(by_code.get(code)?.as_str())) } else { code };
        let none = || Billed { one: spend, units: 0, centres: BTreeMap::new(), seqs: Vec::new() };
        let billed = all.entry((invoice.as_str(), product, spend.currency)).or_insert_with(none);
        billed.units += cost.units();
        billed.seqs.push(*seq);
        for share in &spend.centres {
            *billed.centres.entry(&share.cost_centre).or_default() += share.amount.units();
        }
    }
    all
}

/// All that tells what buyers bought.
struct Told<'a> {
    lines: Vec<Bought<'a>>,
    bills: Vec<(SpendRecorded, u64)>,
    by_code: BTreeMap<String, ProductId>,
}

impl<'a> Told<'a> {
    fn of(state: &'a Billing, view: &View<'_>) -> Self {
        let lines = state.purchases(view.basis(), |_, _| true);
        Self { lines, bills: view.marketplace_bills(), by_code: view.products_by_code() }
    }

    /// What buyers were invoiced, in parts of one cost centre each. What feeds tell belongs where the labels of the bill say, if the bill comes
    /// to the same; else where its offer or its buyer's account does. What bills alone tell is bought, too.
    fn parts(&self, view: &View<'_>, names: &dyn Names) -> Vec<Part<'_>> {
        let mut by_invoice: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate().filter(|_| !self.bills.is_empty()) {
            by_invoice.entry(line.invoice.unwrap_or_default()).or_default().push(at);
        }
        let (mut parts, mut settled) = (Vec::with_capacity(self.lines.len()), vec![false; self.lines.len()]);
        let billed = billed(&self.bills, &self.by_code, |invoice| by_invoice.contains_key(invoice));
        // Known products come before those that no feed knows.
        for ((invoice, product, currency), billed) in billed.into_iter().rev() {
            let of_it = by_invoice.get(invoice).map_or(&[][..], Vec::as_slice);
            let is_of = |at: &usize| product.is_none() || self.lines[*at].product.is_none_or(|told| Some(told) == product);
            if !of_it.iter().any(is_of) {
                parts.extend(of_bill(&billed, invoice, product, view, names));
                continue;
            }
            let open: Vec<usize> = of_it.iter().copied().filter(|at| is_of(at) && !settled[*at]).collect();
            if billed.centres.is_empty() || open.is_empty() {
                continue;
            }
            open.iter().for_each(|at| settled[*at] = true);
            let lines = || open.iter().map(|at| &self.lines[*at]);
            let is_same =
                lines().map(|line| line.price).sum::<i128>() == to_cents(billed.units) && lines().all(|line| line.currency == currency);
            if let Some(centre) = billed.only() {
                parts.extend(lines().map(|line| {
                    let part = of_line(line, names);
                    Part { centre: Some(centre.to_owned()), seqs: [&part.seqs[..], &billed.seqs].concat(), ..part }
                }));
            } else if is_same {
                let whole = lines().map(|line| of_line(line, names)).reduce(joined);
                parts.extend(whole.into_iter().flat_map(|whole| shared(&whole, &billed)));
            } else {
                let remark = format!("its labels do not count: the bill has {} {currency} in parts", cents(billed.units));
                parts.extend(lines().map(|line| Part { remark: Some(remark.clone()), ..of_line(line, names) }));
            }
        }
        let rest = self.lines.iter().zip(settled).filter(|(_, settled)| !settled);
        parts.extend(rest.map(|(line, _)| of_line(line, names)));
        parts
    }
}

/// A line, where its offer or its buyer's account says.
fn of_line<'a>(bought: &Bought<'a>, names: &dyn Names) -> Part<'a> {
    let Bought { recipient, agreement, payer, invoiced, invoice, item, .. } = *bought;
    Part {
        centre: names.cost_centre(Purchase { recipient: &recipient, agreement, buyer: payer, invoiced }),
        teller: recipient,
        buyer: payer,
        agreement,
        invoice,
        items: vec![item],
        units: bought.price,
        currency: bought.currency,
        seqs: bought.seqs.clone(),
        remark: None,
    }
}

/// Two lines of one product on one invoice, as one.
fn joined<'a>(mut one: Part<'a>, other: Part<'a>) -> Part<'a> {
    one.units += other.units;
    one.items.extend(other.items);
    one.seqs.extend(other.seqs);
    one
}

/// A purchase in the parts that its labels say; the rest of it stays where it is.
fn shared<'a>(whole: &Part<'a>, billed: &Billed<'_>) -> Vec<Part<'a>> {
    let seqs = [&whole.seqs[..], &billed.seqs].concat();
    let part = |centre, units| Part { centre, units, seqs: seqs.clone(), ..whole.clone() };
    let mut parts: Vec<Part<'a>> = billed.shares().map(|(centre, units)| part(Some(centre.to_owned()), units)).collect();
    let rest = whole.units - parts.iter().map(|part| part.units).sum::<i128>();
    parts.push(part(whole.centre.clone(), rest));
    parts.retain(|part| part.units != 0);
    parts
}

/// What only a bill tells.
fn of_bill<'a>(billed: &Billed<'a>, invoice: &'a str, product: Option<&'a str>, view: &View<'_>, names: &dyn Names) -> Vec<Part<'a>> {
    let (teller, buyer) = (billed.one.payer, Some(billed.one.payer.as_str()));
    let invoiced = Some(view.invoiced(billed.one));
    let centre = names.cost_centre(Purchase { recipient: &teller, agreement: None, buyer, invoiced });
    let (units, currency) = (to_cents(billed.units), billed.one.currency);
    let (invoice, items, seqs) = (Some(invoice), vec![product], Vec::new());
    shared(&Part { centre, teller, buyer, agreement: None, invoice, items, units, currency, seqs, remark: None }, billed)
}

#[derive(Default)]
struct Spend<'a> {
    agreements: BTreeSet<&'a str>,
    buyers: BTreeSet<String>,
    lines: BTreeSet<(AccountId, Option<&'a str>, Option<&'a str>)>,
    units: i128,
}

/// Per cost centre and currency: the prices that buyers were invoiced, less what was given back, each line rounded half up to two places. What a
/// reseller pays an ISV is no spend of a buyer's. What belongs to no cost centre stands on a line of its own.
pub fn spend(state: &Billing, view: &View<'_>, names: &dyn Names) -> Report {
    let told = Told::of(state, view);
    let mut found: BTreeMap<(bool, String, Currency), Spend<'_>> = BTreeMap::new();
    for part in told.parts(view, names) {
        let at = found.entry((part.centre.is_none(), part.centre.unwrap_or_default(), part.currency)).or_default();
        at.units += part.units;
        at.lines.extend(part.items.into_iter().map(|item| (part.teller, part.invoice, item)));
        at.agreements.extend(part.agreement);
        let account = |buyer: &str| names.account(&part.teller, buyer).map_or_else(|| buyer.to_owned(), |account| account.to_string());
        at.buyers.extend(part.buyer.map(account));
    }
    let mut report = Report::new(
        "spend",
        vec![
            Column::new("cost_centre", "Cost centre", Kind::Text),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("spend", "Spend", Kind::Amount),
            Column::new("lines", "Lines", Kind::Count),
            Column::new("agreements", "Agreements", Kind::Count),
            Column::new("buyer", "Buyers", Kind::List),
        ],
    );
    for ((unallocated, centre, currency), spend) in found {
        report.rows.push(vec![
            Cell::text(if unallocated { UNALLOCATED } else { &centre }),
            Cell::text(currency),
            Cell::Amount(cents(spend.units)),
            Cell::Count(spend.lines.len() as u64),
            Cell::Count(spend.agreements.len() as u64),
            if spend.buyers.is_empty() { Cell::Empty } else { Cell::List(spend.buyers.into_iter().collect()) },
        ]);
    }
    report
}

/// Why the wanted cost centres come to what they do: each line of an invoice, with its events.
pub fn why_spend(state: &Billing, view: &View<'_>, names: &dyn Names, ids: &[String]) -> Vec<Reason> {
    let told = Told::of(state, view);
    let reason = |part: Part<'_>| {
        let subject = part.centre.unwrap_or_else(|| UNALLOCATED.to_owned());
        let line = part.invoice.into_iter().chain(part.items.into_iter().flatten()).collect::<Vec<_>>().join(" ");
        let remark = part.remark.map_or_else(|| line.clone(), |remark| format!("{line}; {remark}"));
        let value = Cell::Money(cents(part.units), part.currency);
        ids.contains(&subject).then_some(Reason {
            subject,
            field: "spend",
            value,
            rule: COST_CENTRE,
            events: part.seqs,
            remark: Some(remark),
        })
    };
    let mut reasons: Vec<Reason> = told.parts(view, names).into_iter().filter_map(reason).collect();
    reasons.sort_by(|one, other| (&one.subject, &one.remark, &one.events).cmp(&(&other.subject, &other.remark, &other.events)));
    reasons
}
