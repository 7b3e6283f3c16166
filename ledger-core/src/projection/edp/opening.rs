//! Commitments whose contract year had begun when the ledger did: what had been counted by then comes from the old books.
//!
//! The figure stands in the place of everything before its cut-over, until it is taken back, or until every bill from the beginning of its contract
//! year to the cut-over is here: then they count alone.

use std::collections::BTreeMap;

use super::{Bought, Setting, bills, months};
use crate::commitment::{Opening, period};
use crate::event::commitment::CommitmentTerms;
use crate::event::governance::BalanceBroughtForward;
use crate::money::Amount;
use crate::time::{Instant, Period};

impl Opening {
    fn of(balance: &BalanceBroughtForward, seq: u64) -> Self {
        Self {
            cut_over: balance.cut_over,
            counted: balance.amount.units(),
            marketplace: balance.marketplace.map(Amount::units),
            before: balance.marketplace_before.map_or(0, Amount::units),
            seq,
        }
    }
}

/// Whether a purchase lies before what an opening stands for: as it was invoiced, or given back.
pub(super) fn precedes(bought: &Bought<'_>, opening: Option<&Opening>) -> bool {
    let day = bought.given_back.or(bought.invoiced);
    opening.zip(day).is_some_and(|(opening, day)| day < opening.cut_over)
}

impl Setting<'_> {
    /// What was brought forward of a commitment and counts at the basis.
    pub(super) fn opening(&self, terms: &CommitmentTerms, until: Instant) -> Option<Opening> {
        let (balance, seq) = self.openings().find(|(balance, _)| balance.item == terms.commitment && balance.currency == terms.currency)?;
        let counts = balance.cut_over <= until && self.detailed_by(balance, terms).is_none();
        counts.then(|| Opening::of(balance, seq))
    }

    fn openings(&self) -> impl Iterator<Item = (&BalanceBroughtForward, u64)> {
        self.billing.openings_at(self.view.basis()).filter(|(balance, _)| balance.kind == "commitment")
    }

    /// By which position every bill is here that a balance stands for; nothing as long as one is not.
    fn detailed_by(&self, balance: &BalanceBroughtForward, terms: &CommitmentTerms) -> Option<u64> {
        let year = terms.years.iter().find(|year| period(year).holds(balance.cut_over))?;
        let before = months(Period { from: year.from, until: balance.cut_over });
        let mut last = None;
        for payer in &terms.payers {
            let known = bills(terms, self.view.spend_of(*payer));
            for month in &before {
                let bill = known.get(&month.from)?;
                let lines = bill.seqs.iter().copied().chain(bill.purchases.iter().map(|(_, seq, _)| *seq));
                last = last.max(lines.min());
            }
        }
        last
    }

    /// The openings whose bills are all here, each with the position that brought the last of them.
    pub fn detailed(&self) -> BTreeMap<u64, u64> {
        let commitments = self.view.commitments();
        let each = |(balance, seq): (&BalanceBroughtForward, u64)| {
            let (terms, _) = commitments.iter().find(|(terms, _)| terms.commitment == balance.item)?;
            Some((seq, self.detailed_by(balance, terms)?))
        };
        self.openings().filter_map(each).collect()
    }

    /// The openings that a question from before their cut-over would miss: what, and since when it is accounted for.
    pub fn not_yet(&self) -> Vec<(String, Instant)> {
        let Some(before) = self.view.basis().effective_before else { return Vec::new() };
        let detailed = self.detailed();
        let misses = |(balance, seq): &(&BalanceBroughtForward, u64)| balance.cut_over >= before && !detailed.contains_key(seq);
        self.openings().filter(misses).map(|(balance, _)| (format!("commitment {}", balance.item), balance.cut_over)).collect()
    }
}
