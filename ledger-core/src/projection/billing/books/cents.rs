//! What AWS's rounding leaves on a line that was paid out: a cent, or less.
//!
//! One cent is a known defect of AWS's that is never corrected (comment in its published queries): finding F27 names the line, and the cent is booked
//! on the day on which it came about. Where a file does not tell collections nothing is rounded: the payout stands against the receivable.

use std::collections::BTreeMap;

use super::super::measure::Measure;
use super::super::sums::to_cents;
use super::super::{Action, In, UNDATED};
use super::account::Account;
use super::{Books, Rule, Transaction, What};
use crate::money::CENT;
use crate::time::Instant;

pub(super) struct Cents;

/// The lines of the party that were paid out and are odd.
#[derive(Debug, Default)]
pub(super) struct Odd {
    /// Those that a cent or less is left on, and what.
    left: BTreeMap<u32, i128>,
    /// How many no row says were collected: they stand in files older than such rows.
    pub(super) never_collected: u64,
}

impl Odd {
    pub(super) fn of(books: &Books<'_>) -> Self {
        let sums = books.state.charge_sums(books.asked.basis, In::Pricing);
        let received = books.state.received(books.asked.basis, &sums);
        let mut odd = Self::default();
        books.state.each_line(&sums, &books.counted, |at| {
            let [disbursed, collected] = [Measure::Disbursed, Measure::Collected].map(|measure| at.sums.of(measure));
            if !books.owns(at.line) {
                return;
            }
            if at.charges.iter().any(|charge| !received.is_told(*charge) && sums.of(*charge).disbursed != 0) {
                odd.never_collected += 1;
            } else if disbursed != 0 && disbursed != collected && to_cents(collected - disbursed).abs() <= CENT {
                *odd.left.entry(at.line).or_default() += collected - disbursed;
            }
        });
        odd
    }
}

impl Rule for Cents {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let (state, left) = (books.state, &books.odd().left);
        if left.is_empty() {
            return Vec::new();
        }
        // When each was last collected or paid out, and by which event.
        let mut last: BTreeMap<u32, (i64, u64)> = left.keys().map(|line| (*line, (UNDATED, 0))).collect();
        let moved = &state.movements;
        for at in moved.at(books.asked.basis).filter(|at| matches!(Action::of(moved.kind[*at]), Action::Collected | Action::Disbursed)) {
            if let Some(last) = last.get_mut(&state.charges.rows[moved.charge[at] as usize][0]) {
                *last = (*last).max((moved.effective[at], moved.seq[at]));
            }
        }
        let told = |(line, (moment, event)): (u32, (i64, u64))| {
            let (on, units) = (state.line(line), left[&line]);
            let postings =
                [books.posting(Account::ReceivableAws, on.currency, -units)?, books.posting(Account::Rounding, on.currency, units)?];
            let day = Instant::from_micros(moment).day();
            books.asked.wants(moment).then(|| Transaction {
                day,
                effective: day,
                what: What::Rounding,
                payee: Some("AWS".to_owned()),
                invoice: state.texts.some(on.document),
                line: state.texts.some(on.item),
                agreement: None,
                payout: None,
                trace: None,
                events: vec![event],
                postings: postings.to_vec(),
            })
        };
        last.into_iter().filter_map(told).collect()
    }

    fn follows(&self) -> bool {
        true
    }
}
