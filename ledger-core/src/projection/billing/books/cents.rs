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

/// A line that a cent or less is left on.
struct Left {
    units: i128,
    currency: u32,
    /// When it was last collected or paid out, and by which event.
    last: (i64, u64),
}

impl Rule for Cents {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let (state, basis) = (books.state, books.asked.basis);
        let sums = state.charge_sums(basis, In::Pricing);
        let mut left: BTreeMap<u32, Left> = BTreeMap::new();
        state.each_line(&sums, &books.counted, |at| {
            let [disbursed, collected] = [Measure::Disbursed, Measure::Collected].map(|measure| at.sums.of(measure));
            let units = collected - disbursed;
            if books.owns(at.line) && disbursed != 0 && collected != 0 && units != 0 && to_cents(units).abs() <= CENT {
                let currency = state.line(at.line).currency;
                left.entry(at.line).or_insert(Left { units: 0, currency, last: (UNDATED, 0) }).units += units;
            }
        });
        if left.is_empty() {
            return Vec::new();
        }
        let moved = &state.movements;
        for at in moved.at(basis).filter(|at| matches!(Action::of(moved.kind[*at]), Action::Collected | Action::Disbursed)) {
            if let Some(line) = left.get_mut(&state.charges.rows[moved.charge[at] as usize][0]) {
                line.last = line.last.max((moved.effective[at], moved.seq[at]));
            }
        }
        let told = |(line, Left { units, currency, last }): (u32, Left)| {
            let on = state.line(line);
            let both = [books.posting(Account::ReceivableAws, currency, -units)?, books.posting(Account::Rounding, currency, units)?];
            books.asked.wants(last.0).then(|| Transaction {
                day: Instant::from_micros(last.0).day(),
                what: What::Rounding,
                payee: Some("AWS".to_owned()),
                invoice: state.texts.some(on.document),
                line: state.texts.some(on.item),
                agreement: None,
                payout: None,
                trace: None,
                events: vec![last.1],
                postings: both.to_vec(),
            })
        };
        left.into_iter().filter_map(told).collect()
    }

    fn follows(&self) -> bool {
        true
    }
}
