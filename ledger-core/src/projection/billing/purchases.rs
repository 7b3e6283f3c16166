//! What buyers were charged, line by line: what a commitment counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::Map;

use crate::id::AccountId;
use crate::money::Currency;
use crate::time::{Basis, Instant};

use super::measure::Measure;
use super::sums::to_cents;
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, UNDATED};

/// What a buyer was charged on a line of its invoice, without tax, or what was given back of it on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought<'a> {
    /// The recipient of the feed.
    pub recipient: AccountId,
    /// Who pays, as the recipient's feeds name the account.
    pub payer: Option<&'a str>,
    /// Who uses it, as the recipient's feeds name the account.
    pub end_user: Option<&'a str>,
    /// When the usage ended that is billed.
    pub used_until: Option<Instant>,
    /// The agreement.
    pub agreement: Option<&'a str>,
    /// The product.
    pub product: Option<&'a str>,
    /// The buyer's invoice.
    pub invoice: Option<&'a str>,
    /// Its line.
    pub item: Option<&'a str>,
    /// The date of the invoice; of what was given back, of the invoice on which it had been charged.
    pub invoiced: Option<Instant>,
    /// Of what was given back, when.
    pub given_back: Option<Instant>,
    /// How much, rounded half up to cents, in hundred-millionths; below zero what was given back.
    pub price: i128,
    /// In which currency.
    pub currency: Currency,
    /// Positions of the events that say so.
    pub seqs: Vec<u64>,
    /// When these took effect: a row may say on a later day what was invoiced before.
    pub told: BTreeSet<Instant>,
}

impl Billing {
    /// What the wanted payers were charged and given back: prices, and what was refunded, credited or forgiven of them. What a reseller pays an
    /// ISV is no purchase of a buyer's.
    pub fn purchases(&self, basis: Basis, wanted: impl Fn(AccountId, Option<&str>) -> bool) -> Vec<Bought<'_>> {
        struct Sum {
            charge: u32,
            payer: u32,
            parties: u32,
            used_until: i64,
            units: i128,
            seqs: Vec<u64>,
            told: BTreeSet<Instant>,
        }
        let (moved, counted, billed) = (&self.movements, self.counted(), self.billed_at(basis));
        let is_price = |class: u32| {
            let (measure, class) = (counted[class as usize].in_balance, self.class(class));
            let is_wholesale = self.texts.some(class.charge).or(self.texts.some(class.invoice)) == Some("RESALE");
            (!is_wholesale).then_some(measure).flatten().filter(|measure| matches!(measure, Measure::Gross | Measure::GrossRefund))
        };
        let prices: Vec<Option<Measure>> = (0..self.classes.len()).map(|class| is_price(u32::try_from(class).unwrap_or(NONE))).collect();
        // Every charge is looked at once: a million rows have a few thousand payers.
        let mut payers: Map<(u32, u32), bool> = Map::default();
        let mut whose = |charge: u32| -> Option<u32> {
            let parties = billed.parties[charge as usize];
            let payer = if parties == NONE { NONE } else { self.parties.rows[parties as usize][0] };
            let recipient = self.line(self.charge(charge).line).recipient;
            let is_wanted = payers
                .entry((recipient, payer))
                .or_insert_with(|| self.texts.get(recipient).parse().is_ok_and(|recipient| wanted(recipient, self.texts.some(payer))));
            is_wanted.then_some(payer)
        };
        let of_charges: Vec<Option<(Measure, u32)>> = (0..self.charges.len())
            .map(|charge| {
                let charge = u32::try_from(charge).unwrap_or(NONE);
                Some((prices[self.charge(charge).class as usize]?, whose(charge)?))
            })
            .collect();
        let mut sums: BTreeMap<(u32, i64, i64), Sum> = BTreeMap::new();
        for at in moved.at(basis).filter(|at| moved.kind[*at] & IN_BALANCE != 0) {
            let Some((measure, payer)) = of_charges[moved.charge[at] as usize] else { continue };
            let given_back = match (Action::of(moved.kind[at]), measure) {
                (Action::Invoiced, Measure::Gross) => UNDATED,
                (Action::Invoiced | Action::Forgiven, _) => moved.effective[at],
                _ => continue,
            };
            let charge = self.charge(moved.charge[at]);
            let sum = sums.entry((charge.line, charge.invoice_date, given_back)).or_insert(Sum {
                charge: NONE,
                payer: NONE,
                parties: NONE,
                used_until: UNDATED,
                units: 0,
                seqs: Vec::new(),
                told: BTreeSet::new(),
            });
            (sum.charge, sum.payer, sum.parties) = (moved.charge[at], payer, billed.parties[moved.charge[at] as usize]);
            if let Ok(place) = moved.billed.binary_search_by_key(&(at as u64), |billed| billed.at) {
                sum.used_until = sum.used_until.max(moved.billed[place].until);
            }
            sum.units += moved.amount(at) * i128::from(moved.sign(at));
            sum.seqs.push(moved.seq[at]);
            sum.told.insert(Instant::from_micros(moved.effective[at]));
        }
        let bought = |((line, invoiced, given_back), sum): ((u32, i64, i64), Sum)| {
            let (line, deal) = (self.line(line), self.deal(self.charge(sum.charge).deal));
            let moment = |micros: i64| (micros != UNDATED).then(|| Instant::from_micros(micros));
            Some(Bought {
                recipient: self.texts.get(line.recipient).parse().ok()?,
                payer: self.texts.some(sum.payer),
                end_user: self.parties.rows.get(sum.parties as usize).and_then(|parties| self.texts.some(parties[1])),
                used_until: moment(sum.used_until),
                agreement: self.texts.some(deal.agreement),
                product: self.texts.some(deal.product),
                invoice: self.texts.some(line.document),
                item: self.texts.some(line.item),
                invoiced: moment(invoiced),
                given_back: moment(given_back),
                price: to_cents(sum.units),
                currency: self.currency(line.currency).ok()?,
                seqs: sum.seqs,
                told: sum.told,
            })
        };
        sums.into_iter().filter_map(bought).filter(|bought| bought.price != 0).collect()
    }
}
