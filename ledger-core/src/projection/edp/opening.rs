//! Commitments whose contract year had begun when the ledger did: what had been counted by then comes from the old books.
//!
//! The figure stands in the place of everything before its cut-over, until it is taken back, or until every bill from the beginning of its contract
//! year to the cut-over is here: then they count alone, with what was carried over into the year.

use std::collections::BTreeMap;

use super::{Bought, Setting, bills, months, months_end};
use crate::commitment::{Opening, period};
use crate::event::commitment::{CommitmentTerms, ContractYear, SpendRecorded};
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
        let (balance, seq) = self.brought_forward(terms)?;
        let year = terms.years.iter().find(|year| period(year).holds(balance.cut_over))?;
        let may_carry = terms.carry_over.is_some() && terms.years.first() != Some(year);
        let carried = balance.carried.map(Amount::units).or((!may_carry).then_some(0));
        let begun = Opening {
            cut_over: balance.cut_over,
            counted: balance.amount.units() - carried.unwrap_or(0),
            carried,
            marketplace: balance.marketplace.map(Amount::units),
            before: balance.marketplace_before.map_or(0, Amount::units),
            replaced: false,
            seq,
        };
        Some(match self.detailed_by(balance, terms, year) {
            None => begun,
            Some(_) => Opening { cut_over: year.from, counted: 0, marketplace: Some(0), replaced: true, ..begun },
        })
    }

    /// What is brought forward of a commitment and no contract year holds any more: since when it was to count, and its position.
    pub(super) fn misplaced(&self, terms: &CommitmentTerms) -> Option<(Instant, u64)> {
        let (balance, seq) = self.brought_forward(terms)?;
        let is_held = terms.years.iter().any(|year| period(year).holds(balance.cut_over));
        (!is_held).then_some((balance.cut_over, seq))
    }

    fn brought_forward(&self, terms: &CommitmentTerms) -> Option<(&BalanceBroughtForward, u64)> {
        let is_of_it = |balance: &BalanceBroughtForward| balance.item == terms.commitment && balance.currency == terms.currency;
        self.openings().find(|(balance, _)| is_of_it(balance))
    }

    fn openings(&self) -> impl Iterator<Item = (&BalanceBroughtForward, u64)> {
        self.billing.openings_at(self.view.basis()).filter(|(balance, _)| balance.kind == "commitment")
    }

    /// By which position every bill is here that a balance stands for; nothing as long as one is not.
    fn detailed_by(&self, balance: &BalanceBroughtForward, terms: &CommitmentTerms, year: &ContractYear) -> Option<u64> {
        let before = months(Period { from: year.from, until: balance.cut_over });
        let mut last = None;
        for payer in &terms.payers {
            let spent = self.view.spend_known_of(*payer);
            // The same bills that count: of a month, once something was recorded after its end.
            let mut whole: BTreeMap<Instant, u64> = BTreeMap::new();
            for (spend, seq) in spent.iter().filter(|(spend, seq)| self.is_late(spend, *seq)) {
                whole.entry(spend.month).and_modify(|first| *first = (*seq).min(*first)).or_insert(*seq);
            }
            let known = bills(terms, spent);
            for month in &before {
                let bill = known.get(&month.from)?.as_ref().ok()?;
                let lines = bill.seqs.iter().copied().chain(bill.purchases.iter().map(|(_, seq, _)| *seq));
                last = last.max(lines.min()).max(Some(*whole.get(&month.from)?));
            }
        }
        last
    }

    /// Whether a line of a bill was recorded when its month had ended.
    pub(super) fn is_late(&self, spend: &SpendRecorded, seq: u64) -> bool {
        self.view.recorded_on(seq).is_none_or(|day| day >= months_end(spend.month))
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
