//! Instalments that stand on the buyers' bills alone.
//!
//! ```text
//! bills of a payer  -lines that no feed tells, by amount->  an instalment each  -the rest->  several that sum to a line
//!                    of its own product before the others; of its month before the days after
//! ```
//!
//! A bill names no agreement, no product in the seller's words, and no day. So lines are paired with instalments: as many as can be, the oldest
//! before others, and those that were cancelled last.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::Datelike as _;

use super::super::View;
use super::{Feeds, Invoiced, Paired, late};
use crate::event::commitment::SpendRecorded;
use crate::id::{AccountId, ProductId};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// A purchase on a bill.
struct Line {
    /// The number of its month.
    month: i32,
    /// The product, by its id; by the bill's code where nobody here goes by that.
    product: Option<String>,
    /// Whether the product is one that is known here.
    is_known: bool,
    /// How many lines of the file it is.
    rows: u64,
    /// When AWS says that the invoice was issued.
    issued: Option<Instant>,
    invoiced: Invoiced,
    is_taken: bool,
}

/// An instalment that has come and has no invoice.
struct Open {
    /// Its place among all.
    place: usize,
    due: Instant,
    amount: Amount,
    currency: Currency,
    products: Vec<ProductId>,
    is_cancelled: bool,
    /// The line that it is.
    line: Option<usize>,
}

/// How near a line is to the day of an instalment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Near {
    /// On a day on which AWS would invoice it, or of its month.
    Of,
    /// Of the month in which the days end within which AWS invoices.
    After,
}

impl Open {
    /// How near a line is, if it can be the instalment by its day at all.
    fn near(&self, line: &Line) -> Option<Near> {
        let (due, last) = (self.due, late(self.due));
        match line.issued {
            Some(issued) => (due.day() <= issued.day() && issued.day() <= last.day()).then_some(Near::Of),
            None if line.month == month(due) => Some(Near::Of),
            None => (line.month == month(last)).then_some(Near::After),
        }
    }

    /// Whether a line is of its own product; nothing when it is known to be of another.
    fn own(&self, line: &Line) -> Option<bool> {
        let is_own = line.product.as_ref().is_some_and(|told| self.products.iter().any(|product| product.as_str() == told));
        (is_own || !line.is_known || self.products.is_empty()).then_some(is_own)
    }
}

/// Gives the instalments that no feed tells the lines of their payers' bills.
pub(super) fn find(pairs: &mut [Paired<'_>], view: &View<'_>, feeds: &Feeds<'_>) {
    let names = view.products_by_name();
    let by_payer = open_by_payer(pairs, view).into_iter().map(|(payer, open)| (open, lines_of(view, payer, &names)));
    let mut by_payer: Vec<(Vec<Open>, Vec<Line>)> = by_payer.filter(|(_, lines)| !lines.is_empty()).collect();
    leave_out_told(by_payer.iter_mut().map(|(_, lines)| lines), feeds);
    for (mut open, mut lines) in by_payer {
        open.sort_by_key(|open| (open.due, open.place));
        for is_cancelled in [false, true] {
            for own in [true, false] {
                pair(&mut open, &mut lines, is_cancelled, own);
            }
        }
        for (line, together) in sums(&open, &lines) {
            together.into_iter().for_each(|at| open[at].line = Some(line));
        }
        for Open { place, amount, line, .. } in open {
            if let Some(line) = line {
                let invoiced = Invoiced { amount, ..lines[line].invoiced.clone() };
                (pairs[place].status, pairs[place].found) = ("invoiced", Some(Cow::Owned(invoiced)));
            }
        }
    }
}

/// Leaves out what feeds tell: of the product, where both say which one it is.
fn leave_out_told<'a>(all: impl Iterator<Item = &'a mut Vec<Line>>, feeds: &Feeds<'_>) {
    let all: Vec<&mut Vec<Line>> = all.collect();
    let invoices: BTreeSet<&str> = all.iter().flat_map(|lines| lines.iter()).map(|line| line.invoiced.invoice.as_str()).collect();
    if invoices.is_empty() {
        return;
    }
    let told = (feeds.told)(&invoices);
    for lines in all {
        lines.retain(|line| {
            let Some(products) = told.get(&line.invoiced.invoice) else { return true };
            let is_another = |product: &String| line.is_known && !products.is_empty() && !products.contains(product);
            line.product.as_ref().is_some_and(is_another)
        });
    }
}

/// The instalments whose day has come and that have no invoice, by who pays them.
fn open_by_payer(pairs: &[Paired<'_>], view: &View<'_>) -> BTreeMap<AccountId, Vec<Open>> {
    let mut open: BTreeMap<&str, Vec<Open>> = BTreeMap::new();
    for (place, pair) in pairs.iter().enumerate().filter(|(_, pair)| pair.found.is_none()) {
        let Some((charge, _)) = pair.charge.as_ref().filter(|(charge, _)| view.until().is_none_or(|until| charge.charged_at < until))
        else {
            continue;
        };
        let (due, amount, currency, is_cancelled) = (charge.charged_at, charge.amount, charge.currency, pair.status == "cancelled");
        let one = Open { place, due, amount, currency, products: Vec::new(), is_cancelled, line: None };
        open.entry(pair.agreement).or_default().push(one);
    }
    let mut by_payer: BTreeMap<AccountId, Vec<Open>> = BTreeMap::new();
    for standing in view.agreements() {
        let Some(mut of_it) = open.remove(standing.terms.agreement.as_str()) else { continue };
        let Some(payer) = standing.terms.payer.or_else(|| view.acceptor(standing)) else { continue };
        let products = view.offer_of(standing).map(|offer| view.products_of(&offer)).unwrap_or_default();
        of_it.iter_mut().for_each(|open| open.products.clone_from(&products));
        by_payer.entry(payer).or_default().append(&mut of_it);
    }
    by_payer
}

/// Pairs instalments with lines of their amount: of their own product, or of one that may be theirs. First those of its month; then a line of
/// the days after, for which another instalment may have to take another line.
fn pair(open: &mut [Open], lines: &mut [Line], is_cancelled: bool, own: bool) {
    let mut by_amount: BTreeMap<(Currency, Amount), Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_taken) {
        by_amount.entry((line.invoiced.currency, line.invoiced.amount)).or_default().push(at);
    }
    let edges: Vec<Vec<(usize, Near)>> = open
        .iter()
        .map(|open| {
            let is_wanted = open.line.is_none() && open.is_cancelled == is_cancelled;
            let of_its_amount = by_amount.get(&(open.currency, open.amount)).filter(|_| is_wanted).into_iter().flatten();
            let fits = |at: &usize| (open.own(&lines[*at])? == own).then_some((*at, open.near(&lines[*at])?));
            of_its_amount.filter_map(fits).collect()
        })
        .collect();
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for at in 0..open.len() {
        let free = edges[at].iter().find(|(line, near)| *near == Near::Of && !taken.contains_key(line));
        if let Some((line, _)) = free {
            taken.insert(*line, at);
            open[at].line = Some(*line);
        }
    }
    for at in 0..open.len() {
        if open[at].line.is_none() {
            augment(at, &edges, &mut taken, open);
        }
    }
    taken.into_keys().for_each(|line| lines[line].is_taken = true);
}

/// Finds a line for one more instalment, and moves the others along the shortest way that it takes.
fn augment(start: usize, edges: &[Vec<(usize, Near)>], taken: &mut BTreeMap<usize, usize>, open: &mut [Open]) {
    let mut reached_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for (line, _) in &edges[at] {
            if reached_from.contains_key(line) {
                continue;
            }
            reached_from.insert(*line, at);
            if let Some(holder) = taken.get(line) {
                queue.push_back(*holder);
                continue;
            }
            let mut line = Some(*line);
            while let Some(free) = line {
                let taker = reached_from[&free];
                taken.insert(free, taker);
                line = open[taker].line.replace(free);
            }
            return;
        }
    }
}

/// The lines that are left and are several instalments at once: AWS's bills are summed by invoice and product.
fn sums(open: &[Open], lines: &[Line]) -> Vec<(usize, Vec<usize>)> {
    let mut given: Vec<bool> = open.iter().map(|open| open.line.is_some() || open.is_cancelled).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_taken && line.rows > 1) {
        for own in [true, false] {
            let fits = |open: &Open| open.currency == line.invoiced.currency && open.near(line).is_some() && open.own(line) == Some(own);
            let together: Vec<usize> = (0..open.len()).filter(|at| !given[*at] && fits(&open[*at])).collect();
            let sum: i128 = together.iter().map(|at| open[*at].amount.units()).sum();
            if together.len() > 1 && together.len() as u64 <= line.rows && sum == line.invoiced.amount.units() {
                together.iter().for_each(|at| given[*at] = true);
                found.push((at, together));
                break;
            }
        }
    }
    found
}

/// The number of the month of a day.
fn month(day: Instant) -> i32 {
    let day = day.day();
    day.year() * 12 + day.month0().cast_signed()
}

/// The purchases that the bills of a payer tell, month by month; of a month that several kinds of file tell, those of one.
fn lines_of(view: &View<'_>, payer: AccountId, names: &BTreeMap<String, String>) -> Vec<Line> {
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
        let known = spend.product.as_ref().and_then(|code| names.get(code.as_str()));
        Some(Line {
            month: month(spend.month),
            product: known.cloned().or_else(|| spend.product.as_ref().map(ToString::to_string)),
            is_known: known.is_some(),
            rows: spend.rows,
            issued: view.issued_on(spend),
            invoiced: Invoiced {
                invoice,
                date: Some(view.invoiced(spend)),
                amount,
                currency: spend.currency,
                is_forgiven: false,
                events: vec![*seq],
            },
            is_taken: false,
        })
    };
    let mut lines: Vec<Line> = spend.iter().filter_map(of_line).collect();
    lines.sort_by_key(|line| line.month);
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd() -> Currency {
        "USD".parse().unwrap_or_else(|_| panic!("USD is a currency"))
    }

    fn day(month: u32, day: u32) -> Instant {
        format!("2026-{month:02}-{day:02}T00:00:00Z").parse().unwrap_or_else(|why| panic!("{why}"))
    }

    fn open(place: usize, (of_month, of_day, amount): (u32, u32, i128)) -> Open {
        let amount = Amount::from_units(amount);
        Open { place, due: day(of_month, of_day), amount, currency: usd(), products: Vec::new(), is_cancelled: false, line: None }
    }

    fn line((of_month, issued, amount): (u32, Option<u32>, i128)) -> Line {
        let issued = issued.map(|of_day| day(of_month, of_day));
        let amount = Amount::from_units(amount);
        let invoiced = Invoiced { invoice: String::new(), date: None, amount, currency: usd(), is_forgiven: false, events: Vec::new() };
        Line { month: month(day(of_month, 1)), product: None, is_known: false, rows: 1, issued, invoiced, is_taken: false }
    }

    /// The most instalments that can have a line, by trying everything.
    fn most(open: &[Open], lines: &mut [Line]) -> usize {
        let Some((first, rest)) = open.split_first() else { return 0 };
        let mut best = most(rest, lines);
        for at in 0..lines.len() {
            if !lines[at].is_taken && first.amount == lines[at].invoiced.amount && first.near(&lines[at]).is_some() {
                lines[at].is_taken = true;
                best = best.max(1 + most(rest, lines));
                lines[at].is_taken = false;
            }
        }
        best
    }

    proptest! {
        /// Each line is one instalment at most, one that it fits, and no more instalments could have one.
        #[test]
        fn as_many_instalments_as_can_be_have_a_line_of_their_own(
            planned in prop::collection::vec((1..5_u32, prop::sample::select(vec![1_u32, 15, 26, 28]), 1..3_i128), 0..6),
            billed in prop::collection::vec((1..6_u32, prop::option::of(prop::sample::select(vec![1_u32, 2, 16, 28])), 1..3_i128), 0..6),
        ) {
            let mut open: Vec<Open> = planned.into_iter().enumerate().map(|(at, told)| open(at, told)).collect();
            open.sort_by_key(|open| (open.due, open.place));
            let mut lines: Vec<Line> = billed.into_iter().map(line).collect();
            lines.sort_by_key(|line| line.month);
            let most = most(&open, &mut lines);
            pair(&mut open, &mut lines, false, false);
            let taken: BTreeSet<usize> = open.iter().filter_map(|open| open.line).collect();
            let found = open.iter().filter(|open| open.line.is_some()).count();
            prop_assert_eq!((taken.len(), found), (most, most));
            for (open, line) in open.iter().filter_map(|open| Some((open, &lines[open.line?]))) {
                prop_assert!(line.is_taken && open.amount == line.invoiced.amount && open.near(line).is_some());
            }
        }
    }
}
