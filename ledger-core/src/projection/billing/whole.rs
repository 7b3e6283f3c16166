//! Whole invoices, as a recipient's feed tells them: what stands on each before tax, and the tax.

use std::collections::BTreeMap;

use crate::id::AccountId;
use crate::money::Currency;
use crate::time::{Basis, Instant};

use super::measure::Measure;
use super::sums::to_cents;
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, UNDATED};

/// An invoice of a recipient's feed, by its own number: the buyer's, that of the listing fee, or the wholesale invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole<'a> {
    /// Whose feed tells it.
    pub recipient: AccountId,
    /// Its number.
    pub invoice: &'a str,
    /// The buyer's invoice of the sale.
    pub buyers: Option<&'a str>,
    /// Whether it is of a price; otherwise of a listing fee, or of what a reseller pays.
    pub of_price: bool,
    /// Its currency.
    pub currency: Currency,
    /// What stands on it before tax, in hundred-millionths, rounded half up to cents; below zero what is given back.
    pub before_tax: i128,
    /// The tax on it, whoever remits it.
    pub tax: i128,
    /// When it was issued; of what is given back, when it was.
    pub dated: Option<Instant>,
    /// When the usage ended that it bills.
    pub used_until: Option<Instant>,
    /// Positions of the events that say so.
    pub seqs: Vec<u64>,
}

/// What an invoice is of, and what of it a row says.
enum Part {
    Before(usize),
    Tax(usize),
}

/// Of a price, of a listing fee, of what a reseller pays: the first that stands on an invoice is what it is of. AWS, Inc. put its fee behind the
/// buyer's invoice.
const KINDS: usize = 3;
const PRICE: usize = 0;
const FEE: usize = 1;
const WHOLESALE: usize = 2;

/// Where a row counts, and with which sign an invoice has it.
const fn part(measure: Measure) -> Option<(Part, i128)> {
    Some(match measure {
        Measure::Gross | Measure::GrossRefund => (Part::Before(PRICE), 1),
        Measure::SellerTax
        | Measure::SellerTaxRefund
        | Measure::BuyerTaxInformational
        | Measure::BuyerTaxInformationalRefund
        | Measure::WholesaleSellerTax
        | Measure::WholesaleSellerTaxRefund => (Part::Tax(PRICE), 1),
        Measure::ListingFee | Measure::ListingFeeRefund => (Part::Before(FEE), -1),
        Measure::ListingFeeTax | Measure::ListingFeeTaxRefund => (Part::Tax(FEE), -1),
        Measure::WholesaleCost | Measure::WholesaleCostRefund => (Part::Before(WHOLESALE), -1),
        Measure::WholesaleOtherSellerTax
        | Measure::WholesaleOtherSellerTaxRefund
        | Measure::WholesaleAwsTax
        | Measure::WholesaleAwsTaxRefund => (Part::Tax(WHOLESALE), -1),
        _ => return None,
    })
}

impl Billing {
    /// The invoices of the wanted recipients. What is given back on an invoice is told apart from what was charged on it.
    pub fn whole_invoices(&self, basis: Basis, wanted: impl Fn(AccountId) -> bool) -> Vec<Whole<'_>> {
        #[derive(Default)]
        struct Sum {
            parts: [(i128, i128); KINDS],
            buyers: u32,
            dated: Option<i64>,
            used_until: Option<i64>,
            seqs: Vec<u64>,
        }
        let (moved, counted) = (&self.movements, self.counted());
        let mut sums: BTreeMap<(u32, u32, u32, bool), Sum> = BTreeMap::new();
        for at in moved.at(basis).filter(|at| matches!(Action::of(moved.kind[*at]), Action::Invoiced | Action::Forgiven)) {
            let charge = self.charge(moved.charge[at]);
            let class = &counted[charge.class as usize];
            let measure = if moved.kind[at] & IN_BALANCE != 0 { class.in_balance } else { class.informational };
            let Some((measure, (part, sign))) = measure.and_then(|of| Some((of, part(of)?))).filter(|_| charge.invoice != NONE) else {
                continue;
            };
            let line = self.line(charge.line);
            let given_back = Action::of(moved.kind[at]) == Action::Forgiven || measure.name().ends_with("_refund");
            let sum = sums.entry((line.recipient, charge.invoice, line.currency, given_back)).or_default();
            sum.buyers = line.document;
            let units = moved.amount(at) * i128::from(moved.sign(at)) * sign;
            match part {
                Part::Before(kind) => sum.parts[kind].0 += units,
                Part::Tax(kind) => sum.parts[kind].1 += units,
            }
            let dated = if given_back { moved.effective[at] } else { charge.invoice_date };
            if dated != UNDATED {
                sum.dated = Some(sum.dated.map_or(dated, |known| known.min(dated)));
            }
            if let Ok(place) = moved.billed.binary_search_by_key(&(at as u64), |billed| billed.at) {
                sum.used_until = sum.used_until.max(Some(moved.billed[place].until).filter(|until| *until != UNDATED));
            }
            sum.seqs.push(moved.seq[at]);
        }
        let told = |((recipient, invoice, currency, _), sum): ((u32, u32, u32, bool), Sum)| {
            let kind = sum.parts.iter().position(|(before_tax, _)| *before_tax != 0)?;
            let (before_tax, tax) = sum.parts[kind];
            Some(Whole {
                recipient: self.texts.get(recipient).parse().ok().filter(|recipient| wanted(*recipient))?,
                invoice: self.texts.some(invoice)?,
                buyers: self.texts.some(sum.buyers),
                of_price: kind == PRICE,
                currency: self.currency(currency).ok()?,
                before_tax: to_cents(before_tax),
                tax: to_cents(tax),
                dated: sum.dated.map(Instant::from_micros),
                used_until: sum.used_until.map(Instant::from_micros),
                seqs: sum.seqs,
            })
        };
        sums.into_iter().filter_map(told).collect()
    }
}
