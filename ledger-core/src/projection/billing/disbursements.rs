//! `show disbursements`: every payout, with the rows that it paid.

use std::collections::BTreeMap;

use crate::money::Amount;
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::table::NONE;
use super::{Billing, Header, Names};

/// Bank traces that are known not to be a bank's: test payouts carry them.
/// Source: comments in AWS's published queries on the billing event feed.
const PLACEHOLDERS: [&str; 2] = ["EMEA_MP_TEST_TRACE_ID", "testTraceId"];

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

/// Each payout: when, how much, the bank's trace, whether it came back, and whether its rows add up to it.
pub fn disbursements(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    let mut report = Report::new(
        "disbursements",
        vec![
            Column::new("party", "party", Kind::Text),
            Column::new("party_name", "name", Kind::Text),
            Column::new("disbursement", "disbursement", Kind::Text),
            Column::new("date", "date", Kind::Day),
            Column::new("status", "status", Kind::Text),
            Column::new("currency", "currency", Kind::Text),
            Column::new("amount", "amount", Kind::Amount),
            Column::new("details", "details", Kind::Amount),
            Column::new("difference", "difference", Kind::Amount),
            Column::new("rows", "rows", Kind::Count),
            Column::new("bank_trace", "bank trace", Kind::Text),
            Column::new("test_trace", "test trace", Kind::Flag),
            Column::new("reference", "reference", Kind::Text),
            Column::new("undoes", "undoes", Kind::Text),
        ],
    );
    let payouts = state.payouts_at(basis);
    let undone = state.undone(&payouts);
    let mut rows: Vec<(&str, i64, &str, Vec<Cell>)> = Vec::new();
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
        let cells = vec![
            Cell::text(party),
            Cell::or_empty(name, Cell::Text),
            Cell::text(id),
            Cell::Day(Instant::from_micros(header.effective).day()),
            Cell::text(status),
            Cell::text(state.texts.get(header.paid_currency)),
            Cell::Amount(exact(header.paid)),
            Cell::Amount(exact(at.details)),
            Cell::Amount(exact(at.difference())),
            Cell::Count(u64::try_from(at.rows).unwrap_or(0)),
            text(header.trace),
            Cell::Flag(trace.is_some_and(|trace| PLACEHOLDERS.contains(&trace))),
            text(header.reference),
            Cell::or_empty(undoes, Cell::text),
        ];
        rows.push((party, header.effective, id, cells));
    }
    rows.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    report.rows = rows.into_iter().map(|(.., cells)| cells).collect();
    let headless = payouts.values().filter(|at| at.header().is_none()).count();
    if headless > 0 {
        report.notes.push(format!("{headless} payouts have rows and no header yet; they are not listed"));
    }
    report
}

/// An amount with two decimals, or as many as it needs: payouts are shown as they were sent.
pub(super) fn exact(units: i128) -> Amount {
    let (amount, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
    if amount == cents { cents } else { amount }
}

impl Billing {
    /// The payouts that came back, and the header that undoes each.
    ///
    /// AWS Europe names the payout that a failure undoes. AWS, Inc. does not (seller guide: the parent is set for details and forgiven rows
    /// only); there the failure has the bank trace of the payout, its recipient and the opposite amount.
    pub(super) fn undone(&self, payouts: &BTreeMap<u32, PayoutAt>) -> BTreeMap<u32, u32> {
        let mut undone = BTreeMap::new();
        let failures = payouts.iter().filter_map(|(payout, at)| at.header().filter(|header| header.failed).map(|header| (payout, header)));
        for (failure, header) in failures {
            let recipient = |payout: u32| self.payouts.rows[payout as usize][0];
            let same = |payout: u32, other: &Header| {
                recipient(payout) == recipient(*failure)
                    && !other.failed
                    && header.trace != NONE
                    && other.trace == header.trace
                    && other.paid == -header.paid
                    && other.paid_currency == header.paid_currency
            };
            let found = match header.undoes {
                NONE => payouts
                    .iter()
                    .filter(|(payout, at)| !undone.contains_key(*payout) && at.header().is_some_and(|header| same(**payout, header)))
                    .filter_map(|(payout, at)| at.header().map(|paid| (paid.effective, *payout)))
                    .filter(|(effective, _)| *effective <= header.effective)
                    .max()
                    .map(|(_, payout)| payout),
                parent => payouts.contains_key(&parent).then_some(parent),
            };
            if let Some(found) = found {
                undone.insert(found, *failure);
            }
        }
        undone
    }

    /// Every payout that has a header or rows.
    pub(super) fn payouts_at(&self, basis: Basis) -> BTreeMap<u32, PayoutAt> {
        let mut payouts: Vec<PayoutAt> = vec![PayoutAt::default(); self.payouts.len()];
        for header in self.headers_at(basis) {
            payouts[header.payout as usize].headers.push(header);
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

    /// The headers in force: each that was added and not taken away, in recorded order.
    fn headers_at(&self, basis: Basis) -> Vec<Header> {
        let (taken, mut added): (Vec<Header>, Vec<Header>) = self.headers_known(basis).partition(|header| header.minus);
        for gone in taken {
            if let Some(at) = added.iter().rposition(|header| header.says_the_same(&gone)) {
                added.remove(at);
            }
        }
        added
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
