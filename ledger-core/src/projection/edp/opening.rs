//! Commitments whose contract year had begun when the ledger did: what had been counted by then comes from the old books.
//!
//! The figure stands in the place of everything before its cut-over, until it is taken back, or until every bill from the beginning of its contract
//! year to the cut-over is here: then they count alone.

use std::collections::BTreeMap;

use super::{Bought, Setting, bills, months};
use crate::commitment::{Opening, period};
use crate::event::commitment::{CommitmentTerms, ContractYear};
use crate::event::governance::BalanceBroughtForward;
use crate::money::Amount;
use crate::time::{Instant, Period};

/// Whether a purchase lies before what an opening stands for: as it was invoiced, or given back.
pub(super) fn precedes(bought: &Bought<'_>, opening: Option<&Opening>) -> bool {
    let day = bought.given_back.or(bought.invoiced);
    opening.zip(day).is_some_and(|(opening, day)| day < opening.cut_over)
}

impl Setting<'_> {
    /// Where the ledger begins to count a commitment, when that is told: at the cut-over of what was brought forward, or once all bills before it are
    /// here, at the beginning of its contract year.
    pub(super) fn opening(&self, terms: &CommitmentTerms) -> Option<Opening> {
        let is_of_it = |balance: &BalanceBroughtForward| balance.item == terms.commitment && balance.currency == terms.currency;
        let (balance, seq) = self.openings().find(|(balance, _)| is_of_it(balance))?;
        let year = terms.years.iter().find(|year| period(year).holds(balance.cut_over))?;
        let begun = Opening {
            cut_over: balance.cut_over,
            counted: balance.amount.units(),
            marketplace: balance.marketplace.map(Amount::units),
            before: balance.marketplace_before.map_or(0, Amount::units),
            seq,
        };
        Some(match self.detailed_by(balance, terms, year) {
            None => begun,
            Some(_) => Opening { cut_over: year.from, counted: 0, marketplace: Some(0), ..begun },
        })
    }

    fn openings(&self) -> impl Iterator<Item = (&BalanceBroughtForward, u64)> {
        self.billing.openings_at(self.view.basis()).filter(|(balance, _)| balance.kind == "commitment")
    }

    /// By which position every bill is here that a balance stands for; nothing as long as one is not.
    fn detailed_by(&self, balance: &BalanceBroughtForward, terms: &CommitmentTerms, year: &ContractYear) -> Option<u64> {
        let before = months(Period { from: year.from, until: balance.cut_over });
        let mut last = None;
        for payer in &terms.payers {
            let known = bills(terms, self.view.spend_known_of(*payer));
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
            let year = terms.years.iter().find(|year| period(year).holds(balance.cut_over))?;
            Some((seq, self.detailed_by(balance, terms, year)?))
        };
        self.openings().filter_map(each).collect()
    }

    /// The commitments that a question from before their beginning would miss: which, and since when they are accounted for.
    pub fn not_yet(&self) -> Vec<(String, Instant)> {
        let Some(before) = self.view.basis().effective_before else { return Vec::new() };
        let begun = self.view.commitments().into_iter().filter_map(|(terms, _)| Some((self.opening(&terms)?.cut_over, terms.commitment)));
        begun.filter(|(cut_over, _)| *cut_over >= before).map(|(cut_over, id)| (format!("commitment {id}"), cut_over)).collect()
    }
}
