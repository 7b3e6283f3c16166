//! `show disbursements`: every payout, with the rows that it paid.

use std::collections::{BTreeMap, BTreeSet};

use crate::money::Amount;
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::table::NONE;
use super::{Billing, Header, In, Names};

/// Bank traces that are known not to be a bank's: test payouts carry them.
/// Source: comments in AWS's published queries on the billing event feed.
pub(super) const PLACEHOLDERS: [&str; 2] = ["EMEA_MP_TEST_TRACE_ID", "testTraceId"];

/// What is known of a payout at a basis.
#[derive(Debug, Default, Clone)]
pub(super) struct PayoutAt {
    /// The headers in force, the last one last.
    pub(super) headers: Vec<Header>,
    /// What its rows come to in the payout currency, and how many they are.
    pub(super) details: i128,
    pub(super) rows: i64,
    /// The position of the first row.
    pub(super) first_seq: u64,
}

impl PayoutAt {
    /// The header in force, if the payout has one.
    pub(super) fn header(&self) -> Option<&Header> {
        self.headers.last()
    }

    /// What header and details leave: nothing, when they are complete (seller guide: a payout and its details sum to zero).
    pub(super) fn difference(&self) -> i128 {
        self.details + self.header().map_or(0, |header| header.paid)
    }
}

/// What the rows of a payout have in common that are one part of it: agreement, product, and who buys.
type About = [u32; 3];

/// What the rows of a part come to in the payout currency, and how many they are.
#[derive(Default, Clone, Copy)]
struct Part {
    details: i128,
    rows: i64,
}

/// Each payout: when, how much, the bank's trace, whether it came back, whether its rows add up to it, and what they are about.
pub fn disbursements(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    listed(state, basis, names, |paid, details, parts| {
        let rows = parts.values().map(|part| part.rows).sum();
        vec![(parts.keys().copied().collect(), paid, Part { details, rows })]
    })
}

/// The same with a row for each part of a payout, so that what each agreement, product or buyer was paid for can be told. What the rows do not
/// come to is a part of its own, about nothing.
pub fn disbursements_in_parts(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    listed(state, basis, names, |paid, details, parts| {
        let mut all: Vec<_> = parts.iter().map(|(about, part)| (vec![*about], -part.details, *part)).collect();
        if all.is_empty() || paid != -details {
            all.push((Vec::new(), paid + details, Part::default()));
        }
        all
    })
}

/// The payouts, in the rows that `divided` makes of what each paid, what its details come to, and its parts: what a row is about, how much of the
/// payout it is, and what its details come to.
fn listed(
    state: &Billing,
    basis: Basis,
    names: &dyn Names,
    divided: impl Fn(i128, i128, &BTreeMap<About, Part>) -> Vec<(Vec<About>, i128, Part)>,
) -> Report {
    let mut report = Report::new(
        "disbursements",
        vec![
            Column::new("party", "Party", Kind::Text),
            Column::new("party_name", "Name", Kind::Text),
            Column::new("disbursement", "Disbursement", Kind::Text),
            Column::new("date", "Date", Kind::Day),
            Column::new("status", "Status", Kind::Text),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("amount", "Amount", Kind::Amount),
            Column::new("details", "Details", Kind::Amount),
            Column::new("difference", "Difference", Kind::Amount),
            Column::new("rows", "Rows", Kind::Count),
            Column::new("bank_trace", "Bank trace", Kind::Text),
            Column::new("test_trace", "Test trace", Kind::Flag),
            Column::new("reference", "Reference", Kind::Text),
            Column::new("undoes", "Undoes", Kind::Text),
            Column::new("agreement", "Agreement", Kind::List),
            Column::new("product", "Product", Kind::List),
            Column::new("buyer", "Buyer", Kind::List),
        ],
    );
    report.shown = vec!["date", "party", "party_name", "status", "currency", "amount", "difference", "rows", "bank_trace", "reference"];
    let payouts = state.payouts_at(basis);
    let undone = state.undone(&payouts);
    let parts = state.parts(basis);
    let (none, mut buyers) = (BTreeMap::new(), BTreeMap::new());
    let mut rows: Vec<(&str, i64, &str, Vec<Vec<Cell>>)> = Vec::new();
    for (payout, at) in &payouts {
        let Some(header) = at.header() else { continue };
        let (party, id) = state.payout_id(*payout);
        let status = match header.failed {
            true => "failed",
            false if undone.contains_key(payout) => "reversed",
            false => "paid",
        };
        let text = |number: u32| Cell::or_empty(state.texts.some(number), Cell::text);
        let trace = state.texts.some(header.trace);
        let undoes = (header.undoes != NONE).then(|| state.payout_id(header.undoes).1);
        let name = party.parse().ok().and_then(|account| names.party(&account));
        let mut cells = Vec::new();
        for (about, amount, part) in divided(header.paid, at.details, parts.get(payout).unwrap_or(&none)) {
            let said = |place: usize| list(about.iter().filter_map(|about| state.texts.some(about[place]).map(str::to_owned)));
            let buyer = |parties: u32| {
                let known = buyers.entry((party, parties)).or_insert_with(|| state.counterparty(party, parties, names));
                known.clone()
            };
            cells.push(vec![
                Cell::text(party),
                Cell::or_empty(name.clone(), Cell::Text),
                Cell::text(id),
                Cell::Day(Instant::from_micros(header.effective).day()),
                Cell::text(status),
                Cell::text(state.texts.get(header.paid_currency)),
                Cell::Amount(exact(amount)),
                Cell::Amount(exact(part.details)),
                Cell::Amount(exact(amount + part.details)),
                Cell::Count(u64::try_from(part.rows).unwrap_or(0)),
                text(header.trace),
                Cell::Flag(trace.is_some_and(|trace| PLACEHOLDERS.contains(&trace))),
                text(header.reference),
                Cell::or_empty(undoes, Cell::text),
                said(0),
                said(1),
                list(about.iter().map(|about| about[2]).filter_map(buyer)),
            ]);
        }
        rows.push((party, header.effective, id, cells));
    }
    rows.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    report.rows = rows.into_iter().flat_map(|(.., cells)| cells).collect();
    let headless = payouts.values().filter(|at| at.header().is_none()).count();
    if headless > 0 {
        report.notes.push(format!("{headless} payouts have rows and no header yet; they are not listed"));
    }
    report
}

/// Each text once, in order; nothing when there is none.
fn list(texts: impl Iterator<Item = String>) -> Cell {
    let texts: BTreeSet<String> = texts.collect();
    if texts.is_empty() { Cell::Empty } else { Cell::List(texts.into_iter().collect()) }
}

/// An amount with two decimals, or as many as it needs: payouts are shown as they were sent.
pub(super) fn exact(units: i128) -> Amount {
    let (amount, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
    if amount == cents { cents } else { amount }
}

impl Billing {
    /// What the rows of each payout are about, and what they come to.
    fn parts(&self, basis: Basis) -> BTreeMap<u32, BTreeMap<About, Part>> {
        let (sums, counted, billed) = (self.charge_sums(basis, In::Pricing), self.counted(), self.billed_at(basis));
        let mut buying = vec![NONE; self.charges.len()];
        self.each_line(&sums, &counted, |at| {
            let parties = self.buying(at, &counted, &billed).unwrap_or(NONE);
            at.charges.iter().for_each(|charge| buying[*charge as usize] = parties);
        });
        let mut parts: BTreeMap<u32, BTreeMap<About, Part>> = BTreeMap::new();
        let moved = &self.movements;
        for at in moved.at(basis).filter(|at| moved.payout[*at] != NONE) {
            let deal = self.deal(self.charge(moved.charge[at]).deal);
            let about = [deal.agreement, deal.product, buying[moved.charge[at] as usize]];
            let part = parts.entry(moved.payout[at]).or_default().entry(about).or_default();
            part.details += moved.paid(at) * i128::from(moved.sign(at));
            part.rows += moved.sign(at);
        }
        // A row that was restated leaves nothing where it stood.
        parts.values_mut().for_each(|parts| parts.retain(|_, part| part.rows != 0 || part.details != 0));
        parts
    }

    /// The payouts that came back, and the header that undoes each.
    ///
    /// AWS Europe names the payout that a failure undoes. AWS, Inc. does not (seller guide: the parent is set for details and forgiven rows
    /// only); there the failure has the bank trace of the payout, its recipient and the opposite amount.
    pub(super) fn undone(&self, payouts: &BTreeMap<u32, PayoutAt>) -> BTreeMap<u32, u32> {
        let mut undone = BTreeMap::new();
        let headers = || payouts.iter().filter_map(|(payout, at)| at.header().map(|header| (*payout, header)));
        let recipient = |payout: u32| self.payouts.rows[payout as usize][0];
        let mut paid: BTreeMap<_, BTreeSet<(i64, u32)>> = BTreeMap::new();
        if headers().any(|(_, header)| header.failed && header.undoes == NONE) {
            for (payout, header) in headers().filter(|(_, header)| !header.failed && header.trace != NONE) {
                let like = (recipient(payout), header.trace, header.paid, header.paid_currency);
                paid.entry(like).or_default().insert((header.effective, payout));
            }
        }
        for (failure, header) in headers().filter(|(_, header)| header.failed) {
            let found = match header.undoes {
                NONE => paid.get_mut(&(recipient(failure), header.trace, -header.paid, header.paid_currency)).and_then(|same| {
                    let newest = |same: &BTreeSet<(i64, u32)>| same.range(..=(header.effective, u32::MAX)).next_back().copied();
                    // Each payout comes back once.
                    std::iter::from_fn(|| newest(same).inspect(|found| _ = same.remove(found)))
                        .map(|(_, payout)| payout)
                        .find(|payout| !undone.contains_key(payout))
                }),
                parent => payouts.contains_key(&parent).then_some(parent),
            };
            if let Some(found) = found {
                undone.insert(found, failure);
            }
        }
        undone
    }

    /// Every payout that has a header or rows.
    pub(super) fn payouts_at(&self, basis: Basis) -> BTreeMap<u32, PayoutAt> {
        let mut payouts: Vec<PayoutAt> = vec![PayoutAt::default(); self.payouts.len()];
        // A header that is taken away was added before, and names the same payout.
        let (taken, added): (Vec<Header>, Vec<Header>) = self.headers_known(basis).partition(|header| header.minus);
        added.into_iter().for_each(|header| payouts[header.payout as usize].headers.push(header));
        for gone in taken {
            let headers = &mut payouts[gone.payout as usize].headers;
            if let Some(at) = headers.iter().rposition(|header| header.says_the_same(&gone)) {
                headers.remove(at);
            }
        }
        let moved = &self.movements;
        for at in moved.at(basis) {
            if moved.payout[at] != NONE {
                let payout = &mut payouts[moved.payout[at] as usize];
                let sign = moved.sign(at);
                payout.details += moved.paid(at) * i128::from(sign);
                payout.rows += sign;
                if payout.first_seq == 0 {
                    payout.first_seq = moved.seq[at];
                }
            }
        }
        let present = payouts.into_iter().enumerate().filter(|(_, at)| at.rows > 0 || !at.headers.is_empty());
        present.map(|(number, at)| (u32::try_from(number).unwrap_or(NONE), at)).collect()
    }
}

impl Header {
    fn says_the_same(&self, other: &Self) -> bool {
        let said = |header: &Self| {
            (
                (header.effective, header.payout, header.undoes, header.failed, header.currency, header.paid_currency),
                (header.trace, header.reference, header.amount, header.paid),
            )
        };
        said(self) == said(other)
    }
}
