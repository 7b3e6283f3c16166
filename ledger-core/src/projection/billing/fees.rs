//! What AWS charged for listing, per line of the buyer's invoice: over all parties that sell on it.
//!
//! The fee of a line may stand on an invoice of its own, and in a channel deal ISV and partner are each charged a part. How AWS splits it is
//! not documented, so a line is looked at as a whole: the price that the buyer pays, and all fees that any party is charged for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::Map;
use crate::time::{Basis, Instant};

use super::measure::Measure as M;
use super::table::NONE;
use super::wholesale::Pairing;
use super::{Action, Billing, IN_BALANCE, In, UNDATED};

/// A line of a buyer's invoice for which AWS charged, or gave back, a listing fee; or that has a price and no fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeLine<'a> {
    /// The buyer's invoice.
    pub invoice: &'a str,
    /// Its line.
    pub line: Option<&'a str>,
    /// The currency of the fee.
    pub currency: &'a str,
    /// Who is charged: recipients, in order.
    pub parties: Vec<&'a str>,
    /// The agreement, when it is told.
    pub agreement: Option<&'a str>,
    /// The offer, where the agreement is not told.
    pub offer: Option<&'a str>,
    /// The product.
    pub product: Option<&'a str>,
    /// The date of the invoice that the price stands on.
    pub invoiced: Option<Instant>,
    /// What the buyer pays before tax, refunds deducted, in hundred-millionths. Nothing when the seller of record is not in this ledger.
    pub price: Option<i128>,
    /// Whether nothing but refunds stands on it.
    pub is_refund: bool,
    /// What AWS charged, less what it gave back, in hundred-millionths.
    pub charged: i128,
    /// How many fees that is the sum of: each may be rounded by itself. None where nothing was ever charged.
    pub fees: u64,
    /// Whether a reseller sells it.
    pub is_resold: bool,
    /// Whether a party of the channel deal is missing in this ledger.
    pub is_one_sided: bool,
    /// The currency of the price, where it is another than that of the fee.
    pub priced_in: Option<&'a str>,
    /// Price and fees in that currency: what of the line is in another is no part of either.
    charges: Vec<u32>,
}

/// A line while it is gathered.
#[derive(Default)]
struct Gathered {
    deal: [u32; 3],
    invoiced: i64,
    /// By currency.
    prices: Vec<(u32, i128)>,
    /// By currency: what was charged, and how many fees.
    fees: Vec<(u32, i128, u64)>,
    parties: BTreeSet<u32>,
    is_sale: bool,
    is_resold: bool,
    is_one_sided: bool,
    charges: Vec<u32>,
}

/// Whether a movement bills or forgives what moves a balance: what is informational is in no sum.
const fn bills(kind: u8) -> bool {
    kind & IN_BALANCE != 0 && matches!(Action::of(kind), Action::Invoiced | Action::Forgiven)
}

/// What there is for a key, made when it is missing.
fn of<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: T) -> &mut T {
    let at = all.iter().position(is_it).unwrap_or_else(|| {
        all.push(new);
        all.len() - 1
    });
    &mut all[at]
}

impl Billing {
    /// The lines that carry a listing fee at a basis, or a price and no fee, by invoice and line.
    pub fn fee_lines(&self, basis: Basis) -> Vec<FeeLine<'_>> {
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        let pairing = if self.has_several_parties() { self.wholesale(&sums, &counted) } else { Pairing::default() };
        let wholesale: Vec<bool> = (0..u32::try_from(counted.len()).unwrap_or(NONE))
            .map(|class| {
                let class = self.class(class);
                self.texts.some(class.charge).or(self.texts.some(class.invoice)) == Some("RESALE")
            })
            .collect();
        let billed = self.times_billed(basis);
        let mut numbers: Map<[u32; 3], usize> = Map::default();
        let mut found: Vec<([u32; 2], Gathered)> = Vec::new();
        for (number, sum) in sums.present() {
            let charge = self.charge(number);
            let measure = counted[charge.class as usize].in_balance;
            let Some(
                measure @ (M::Gross | M::GrossRefund | M::WholesaleCost | M::WholesaleCostRefund | M::ListingFee | M::ListingFeeRefund),
            ) = measure
            else {
                continue;
            };
            let line = self.line(charge.line);
            let place = *numbers.entry([line.document, line.item, line.kind as u32]).or_insert_with(|| {
                found.push(([line.document, line.item], Gathered { deal: [NONE; 3], invoiced: UNDATED, ..Gathered::default() }));
                found.len() - 1
            });
            let at = &mut found[place].1;
            let paired = pairing.pair_of(number).map(|pair| &pairing.pairs[pair]);
            match measure {
                M::WholesaleCost | M::WholesaleCostRefund => {
                    at.is_resold = true;
                    at.is_one_sided |= paired.is_none_or(|pair| pair.seller == NONE);
                }
                M::Gross | M::GrossRefund if paired.is_some() || wholesale[charge.class as usize] => {
                    at.is_resold = true;
                    at.is_one_sided |= paired.is_none();
                }
                M::Gross | M::GrossRefund => {
                    of(&mut at.prices, |price| price.0 == line.currency, (line.currency, 0)).1 += sum.net;
                    if charge.invoice_date != UNDATED && (at.invoiced == UNDATED || charge.invoice_date < at.invoiced) {
                        at.invoiced = charge.invoice_date;
                    }
                    at.is_sale |= measure == M::Gross;
                    at.charges.push(number);
                }
                _ => {
                    let fee = of(&mut at.fees, |fee| fee.0 == line.currency, (line.currency, 0, 0));
                    fee.1 -= sum.net;
                    fee.2 += u64::from(billed[number as usize]);
                    at.parties.insert(line.recipient);
                    at.charges.push(number);
                }
            }
            let deal = self.deal(charge.deal);
            for (known, text) in at.deal.iter_mut().zip([deal.agreement, deal.offer, deal.product]) {
                if *known == NONE {
                    *known = text;
                }
            }
        }
        drop((sums, numbers, billed));
        let mut lines = Vec::new();
        for (key, at) in &found {
            lines.extend(at.fees.iter().map(|fee| self.fee_line(*key, at, *fee)));
            let unpaid = at.prices.iter().filter(|(_, price)| at.fees.is_empty() && *price != 0);
            lines.extend(unpaid.map(|(currency, _)| self.fee_line(*key, at, (*currency, 0, 0))));
        }
        lines.sort_by(|one: &FeeLine<'_>, other| (one.invoice, one.line, one.currency).cmp(&(other.invoice, other.line, other.currency)));
        lines
    }

    /// How often each charge was billed or forgiven, restatements aside.
    fn times_billed(&self, basis: Basis) -> Vec<u32> {
        let moved = &self.movements;
        let mut times = vec![0_u32; self.charges.len()];
        for at in moved.at(basis).filter(|at| bills(moved.kind[*at])) {
            let time = &mut times[moved.charge[at] as usize];
            *time = if moved.sign(at) > 0 { *time + 1 } else { time.saturating_sub(1) };
        }
        times
    }

    fn fee_line(&self, key: [u32; 2], at: &Gathered, (currency, charged, fees): (u32, i128, u64)) -> FeeLine<'_> {
        let [agreement, offer, product] = at.deal.map(|text| self.texts.some(text));
        let price = at.prices.iter().find(|price| price.0 == currency).map(|price| price.1);
        let mut parties: Vec<&str> = at.parties.iter().map(|party| self.texts.get(*party)).collect();
        parties.sort_unstable();
        FeeLine {
            invoice: self.texts.get(key[0]),
            line: self.texts.some(key[1]),
            currency: self.texts.get(currency),
            parties,
            agreement,
            offer,
            product,
            invoiced: (at.invoiced != UNDATED).then(|| Instant::from_micros(at.invoiced)),
            price,
            is_refund: !at.is_sale,
            charged,
            fees,
            is_resold: at.is_resold,
            is_one_sided: at.is_one_sided || at.is_resold && at.prices.is_empty(),
            priced_in: at.prices.first().filter(|_| price.is_none()).map(|price| self.texts.get(price.0)),
            charges: at.charges.iter().copied().filter(|charge| self.line(self.charge(*charge).line).currency == currency).collect(),
        }
    }

    /// What each event says of the prices and fees of these lines, line by line in recorded order: of what moves a balance, in the line's currency
    /// alone. A restatement says what it changes, so that all events of a line sum to its price and its fee.
    pub fn fee_events(&self, basis: Basis, lines: &[&FeeLine<'_>]) -> Vec<FeeEvent> {
        let mut of_charge: Map<u32, usize> = Map::default();
        for (number, line) in lines.iter().enumerate() {
            of_charge.extend(line.charges.iter().map(|charge| (*charge, number)));
        }
        let (moved, counted) = (&self.movements, self.counted());
        let mut events: BTreeMap<(usize, u64), FeeEvent> = BTreeMap::new();
        for at in moved.at(basis) {
            let Some(line) = of_charge.get(&moved.charge[at]).copied().filter(|_| bills(moved.kind[at])) else { continue };
            let (seq, amount) = (moved.seq[at], moved.amount(at) * i128::from(moved.sign(at)));
            let event = events.entry((line, seq)).or_insert(FeeEvent { line, seq, price: 0, charged: 0 });
            match counted[self.charge(moved.charge[at]).class as usize].in_balance {
                Some(M::Gross | M::GrossRefund) => event.price += amount,
                _ => event.charged -= amount,
            }
        }
        events.into_values().collect()
    }
}

/// What an event says of a line that carries a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeEvent {
    /// The number of the line, among those that were asked for.
    pub line: usize,
    /// The position of the event.
    pub seq: u64,
    /// Of the price, in hundred-millionths.
    pub price: i128,
    /// Of the fee: what AWS charged.
    pub charged: i128,
}
