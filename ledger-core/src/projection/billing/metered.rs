//! What was invoiced for usage: lines that were billed after the period that they are for.

use std::collections::BTreeMap;

use super::measure::Measure;
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, UNDATED};
use crate::id::AccountId;
use crate::money::Currency;
use crate::time::{Basis, Instant};

/// A line of an invoice for usage, as its recipient sees it: its own price, which in a resale is the wholesale price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageLine<'a> {
    pub(crate) recipient: AccountId,
    pub(crate) product: Option<&'a str>,
    pub(crate) agreement: Option<&'a str>,
    pub(crate) payer: Option<&'a str>,
    pub(crate) end_user: Option<&'a str>,
    pub(crate) currency: Currency,
    /// The first moment that is billed.
    pub(crate) from: Instant,
    /// The first that is not.
    pub(crate) until: Instant,
    pub(crate) invoice: Option<&'a str>,
    pub(crate) invoiced: Instant,
    /// The price, less what was forgiven or given back of it, in hundred-millionths.
    pub(crate) units: i128,
}

impl Billing {
    /// The lines that bill usage at a basis. Usage is invoiced when its period is over (AWS Marketplace seller guide, seller's billing: on day 2 or 3
    /// of the month that follows), and what is bought in advance before its period is.
    pub(crate) fn usage_lines(&self, basis: Basis) -> Vec<UsageLine<'_>> {
        let (moved, counted, billed) = (&self.movements, self.counted(), self.billed_at(basis));
        let mut sums: BTreeMap<(u32, i64, i64), (u32, i128)> = BTreeMap::new();
        for at in moved.at(basis).filter(|at| moved.kind[*at] & IN_BALANCE != 0) {
            let charge = self.charge(moved.charge[at]);
            let is_price = matches!(counted[charge.class as usize].in_balance, Some(Measure::Gross | Measure::GrossRefund));
            let Ok(place) = moved.billed.binary_search_by_key(&(at as u64), |billed| billed.at) else { continue };
            let (from, until) = (moved.billed[place].from, moved.billed[place].until);
            let in_arrears = from != UNDATED && until != UNDATED && charge.invoice_date != UNDATED && charge.invoice_date >= until;
            if is_price && in_arrears && matches!(Action::of(moved.kind[at]), Action::Invoiced | Action::Forgiven) {
                let (_, units) = sums.entry((charge.line, from, until)).or_insert((moved.charge[at], 0));
                *units += moved.amount(at) * i128::from(moved.sign(at));
            }
        }
        let line = |((line, from, until), (at, units)): ((u32, i64, i64), (u32, i128))| {
            let (line, charge) = (self.line(line), self.charge(at));
            let (deal, parties) = (self.deal(charge.deal), billed.parties[at as usize]);
            let party = |which: usize| (parties != NONE).then(|| self.texts.some(self.parties.rows[parties as usize][which])).flatten();
            Some(UsageLine {
                recipient: self.texts.get(line.recipient).parse().ok()?,
                product: self.texts.some(deal.product),
                agreement: self.texts.some(deal.agreement),
                payer: party(0),
                end_user: party(1),
                currency: self.currency(line.currency).ok()?,
                from: Instant::from_micros(from),
                until: Instant::from_micros(until),
                invoice: self.texts.some(line.document),
                invoiced: Instant::from_micros(charge.invoice_date),
                units,
            })
        };
        sums.into_iter().filter_map(line).collect()
    }
}
