//! `show spend`: what buyers were invoiced, by the cost centre that it belongs to.
//!
//! ```text
//! lines of feeds + sums of bills  -parts->  parts of one cost centre each  -spend-> report, -why_spend-> reasons
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::event::commitment::SpendRecorded;
use crate::id::AccountId;
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

impl Part<'_> {
    /// Whether what has no label goes where this one's does.
    fn is_charged_like(&self, other: &Self) -> bool {
        (&self.centre, self.teller, self.buyer, self.agreement) == (&other.centre, other.teller, other.buyer, other.agreement)
    }
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
    /// The cost centre that has all of it.
    fn only(&self) -> Option<&str> {
        let (centre, units) = self.centres.first_key_value()?;
        (self.centres.len() == 1 && to_cents(*units) == to_cents(self.units)).then_some(centre)
    }
}

/// The purchases that the bills tell, by invoice, product and currency: without tax, and without the credits that AWS took off. Of two kinds of
/// file that tell a month the first counts.
fn billed<'a>(bills: &'a [(SpendRecorded, u64)]) -> BTreeMap<(&'a str, Option<&'a str>, Currency), Billed<'a>> {
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
        let none = || Billed { one: spend, units: 0, centres: BTreeMap::new(), seqs: Vec::new() };
        let billed = all.entry((invoice.as_str(), code, spend.currency)).or_insert_with(none);
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
    /// Product ids by code, title and id.
    by_name: BTreeMap<String, String>,
    /// The products of the lines.
    products: BTreeSet<&'a str>,
}

/// Lines of feeds while the bills are held against them.
struct Open<'t> {
    by_invoice: BTreeMap<&'t str, Vec<usize>>,
    /// Lines that a sum of a bill is of.
    taken: Vec<bool>,
    /// Lines whose parts are known.
    settled: Vec<bool>,
}

impl Open<'_> {
    /// The lines of an invoice that no sum of a bill is of yet.
    fn left(&self, invoice: &str) -> Vec<usize> {
        self.by_invoice.get(invoice).into_iter().flatten().copied().filter(|at| !self.taken[*at]).collect()
    }
}

impl<'a> Told<'a> {
    fn of(state: &'a Billing, view: &View<'_>) -> Self {
        let lines = state.purchases(view.basis(), |_, _| true);
        let products = lines.iter().filter_map(|line| line.product).collect();
        Self { lines, bills: view.marketplace_bills(), by_name: view.products_by_name(), products }
    }

    /// What buyers were invoiced, in parts of one cost centre each. What feeds tell belongs where the labels of the bill say, if the bill comes
    /// to the same; else where its offer or its buyer's account does. What bills alone tell is bought, too.
    fn parts(&self, view: &View<'_>, names: &dyn Names) -> Vec<Part<'_>> {
        let mut by_invoice: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate().filter(|_| !self.bills.is_empty()) {
            by_invoice.entry(line.invoice.unwrap_or_default()).or_default().push(at);
        }
        let none = vec![false; self.lines.len()];
        let mut open = Open { by_invoice, taken: none.clone(), settled: none };
        let mut parts = Vec::with_capacity(self.lines.len());
        let mut strange: BTreeMap<&str, Vec<(Option<&str>, Billed<'_>)>> = BTreeMap::new();
        for ((invoice, code, _), billed) in billed(&self.bills) {
            let product = code.and_then(|code| self.by_name.get(code));
            let of_it = |at: &usize| product.is_some_and(|product| self.lines[*at].product == Some(product));
            let lines: Vec<usize> = open.left(invoice).into_iter().filter(of_it).collect();
            if !lines.is_empty() {
                parts.extend(self.labelled(&lines, &billed, &mut open, names));
            } else if open.by_invoice.contains_key(invoice) {
                strange.entry(invoice).or_default().push((code, billed));
            } else {
                parts.extend(self.of_bill(&billed, invoice, code, view, names));
            }
        }
        // Codes that no feed knows, on invoices that feeds tell: what comes to the rest of the invoice is the rest of it, and so is what is alone.
        for (invoice, mut sums) in strange {
            let is_rest = |billed: &Billed<'_>, left: &[usize]| {
                !left.is_empty() && left.iter().map(|at| self.lines[*at].price).sum::<i128>() == to_cents(billed.units)
            };
            let left = open.left(invoice);
            let rest = sums.iter().position(|(_, billed)| is_rest(billed, &left)).or((sums.len() == 1 && !left.is_empty()).then_some(0));
            if let Some(rest) = rest {
                let (_, billed) = sums.remove(rest);
                parts.extend(self.labelled(&left, &billed, &mut open, names));
            }
            if rest.is_some() || left.is_empty() {
                sums.iter().for_each(|(code, billed)| parts.extend(self.of_bill(billed, invoice, *code, view, names)));
            }
        }
        let rest = self.lines.iter().zip(open.settled).filter(|(_, settled)| !settled);
        parts.extend(rest.map(|(line, _)| of_line(line, names)));
        parts
    }

    /// Lines of one product on an invoice, where the labels of its bill say.
    fn labelled(&self, lines: &[usize], billed: &Billed<'_>, open: &mut Open<'_>, names: &dyn Names) -> Vec<Part<'_>> {
        lines.iter().for_each(|at| open.taken[*at] = true);
        if billed.centres.is_empty() {
            return Vec::new();
        }
        lines.iter().for_each(|at| open.settled[*at] = true);
        let each = || lines.iter().map(|at| of_line(&self.lines[*at], names));
        if let Some(centre) = billed.only() {
            let seqs = |part: &Part<'_>| [&part.seqs[..], &billed.seqs].concat();
            return each().map(|part| Part { centre: Some(centre.to_owned()), seqs: seqs(&part), ..part }).collect();
        }
        let is_same = each().map(|part| part.units).sum::<i128>() == to_cents(billed.units);
        let first = each().next();
        let is_one =
            each().all(|part| part.currency == billed.one.currency && first.as_ref().is_some_and(|first| first.is_charged_like(&part)));
        if is_same && is_one {
            return each().reduce(joined).map(|whole| shared(&whole, billed)).unwrap_or_default();
        }
        let why = if is_same { "for several buyers or agreements" } else { "in parts" };
        let remark = format!("its labels do not count: the bill has {} {} {why}", cents(billed.units), billed.one.currency);
        each().map(|part| Part { remark: Some(remark.clone()), ..part }).collect()
    }

    /// What only a bill tells. What it gives back of a product that feeds tell is told by them, on the invoice that it was charged on.
    fn of_bill<'t>(
        &'t self,
        billed: &Billed<'t>,
        invoice: &'t str,
        code: Option<&'t str>,
        view: &View<'_>,
        names: &dyn Names,
    ) -> Vec<Part<'t>> {
        let product = code.and_then(|code| self.by_name.get(code));
        if billed.units < 0 && product.is_some_and(|product| self.products.contains(product.as_str())) {
            return Vec::new();
        }
        let (teller, buyer) = (billed.one.payer, Some(billed.one.payer.as_str()));
        let invoiced = Some(view.invoiced(billed.one));
        let centre = names.cost_centre(Purchase { recipient: &teller, agreement: None, buyer, invoiced });
        let (units, currency) = (to_cents(billed.units), billed.one.currency);
        let (invoice, items, seqs) = (Some(invoice), vec![code], Vec::new());
        shared(&Part { centre, teller, buyer, agreement: None, invoice, items, units, currency, seqs, remark: None }, billed)
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

/// A purchase in the parts that its labels say; the rest of it stays where it is. Labels tell more decimals than a purchase has: each part takes
/// what the parts so far are rounded to, and the last one all that is left.
fn shared<'a>(whole: &Part<'a>, billed: &Billed<'_>) -> Vec<Part<'a>> {
    let labelled: i128 = billed.centres.values().sum();
    // Each share was rounded when it was recorded: so much may lack of what is labelled whole.
    let rest = Some(billed.units - labelled).filter(|rest| rest.unsigned_abs() > billed.centres.len() as u128);
    let each = billed.centres.iter().map(|(centre, units)| (Some((*centre).to_owned()), *units));
    let each: Vec<(Option<String>, i128)> = each.chain(rest.map(|rest| (whole.centre.clone(), rest))).collect();
    let (seqs, last) = ([&whole.seqs[..], &billed.seqs].concat(), each.len().saturating_sub(1));
    let (mut so_far, mut given) = (0, 0);
    let part = |(at, (centre, units)): (usize, (Option<String>, i128))| {
        so_far += units;
        let until = if at == last { whole.units } else { to_cents(so_far) };
        let units = until - std::mem::replace(&mut given, until);
        (units != 0).then(|| Part { centre, units, seqs: seqs.clone(), ..whole.clone() })
    };
    each.into_iter().enumerate().filter_map(part).collect()
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
