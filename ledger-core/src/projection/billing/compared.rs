//! What sellers' reports and banks are compared with: lines as they were earned, what was paid out of them, and payouts as they were sent.

use std::collections::BTreeMap;

use crate::id::AccountId;
use crate::money::Currency;
use crate::time::{Basis, Instant};

use super::disbursements::PLACEHOLDERS;
use super::measure::Measure;
use super::sums::to_cents;
use super::table::NONE;
use super::{Action, Billing, In, UNDATED};

/// A line of a recipient's, as a seller's report tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned<'a> {
    /// Whose it is.
    pub recipient: AccountId,
    /// The buyer's invoice.
    pub invoice: Option<&'a str>,
    /// The agreement.
    pub agreement: Option<&'a str>,
    /// The product.
    pub product: Option<&'a str>,
    /// The currency of the price; of what was paid out, that of the payout.
    pub currency: Currency,
    /// When it was invoiced, collected or paid out.
    pub date: Option<Instant>,
    /// The bank's trace of the payout.
    pub trace: Option<&'a str>,
    /// How much, in hundred-millionths, rounded half up to cents.
    pub amount: i128,
    /// By measure, in hundred-millionths, rounded half up to cents.
    pub parts: Vec<(&'static str, i128)>,
    /// Of what was paid out in another currency: what it was in that of the price.
    pub priced: Option<(i128, Currency)>,
    /// The buyer's tax on it, whoever remits it.
    pub tax: i128,
    /// Positions of the events that say so.
    pub seqs: Vec<u64>,
}

/// A payout that was sent and did not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout<'a> {
    /// Who is paid.
    pub recipient: AccountId,
    /// The currency that is paid out.
    pub currency: Currency,
    /// How much, in hundred-millionths.
    pub amount: i128,
    /// When.
    pub date: Instant,
    /// The bank's trace; none when it is a test's.
    pub trace: Option<&'a str>,
    /// Position of the event that says so.
    pub seq: u64,
}

/// What tells moved money apart: line, payout, day, currency.
type Moved = (u32, u32, i64, u32);

/// The measures that make a line's net.
fn is_part(measure: Measure) -> bool {
    measure < Measure::NetRevenue && !matches!(measure, Measure::BuyerTaxInformational | Measure::BuyerTaxInformationalRefund)
}

/// Whether what is called so is a part of a line's net.
pub fn makes_net(name: &str) -> bool {
    Measure::ALL.iter().any(|measure| is_part(*measure) && measure.name() == name)
}

/// What moved of a line at once.
#[derive(Default)]
struct Sum {
    units: i128,
    /// In the currency of the price.
    price: i128,
    charge: u32,
    parts: BTreeMap<Measure, i128>,
    seqs: Vec<u64>,
}

impl Billing {
    /// What the wanted recipients earned, line by line.
    pub fn earned(&self, basis: Basis, wanted: impl Fn(AccountId) -> bool) -> Vec<Earned<'_>> {
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        let mut seqs: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let moved = &self.movements;
        let is_wanted = |line: u32| self.texts.get(self.line(line).recipient).parse().is_ok_and(&wanted);
        for at in moved.at(basis).filter(|at| Action::of(moved.kind[*at]) == Action::Invoiced) {
            seqs.entry(self.charge(moved.charge[at]).line).or_default().push(moved.seq[at]);
        }
        let mut earned = Vec::new();
        self.each_line(&sums, &counted, |at| {
            let line = self.line(at.line);
            let (true, Ok(recipient), Ok(currency)) =
                (is_wanted(at.line), self.texts.get(line.recipient).parse(), self.currency(line.currency))
            else {
                return;
            };
            let of = |measure: Measure| to_cents(at.sums.of(measure));
            let deal = |pick: fn(super::Deal) -> u32| {
                let told = at.charges.iter().map(|charge| pick(self.deal(self.charge(*charge).deal))).find(|text| *text != NONE);
                told.and_then(|text| self.texts.some(text))
            };
            let dates = at.charges.iter().map(|charge| self.charge(*charge).invoice_date).filter(|date| *date != UNDATED);
            let parts = Measure::ALL.iter().copied().filter(|measure| is_part(*measure));
            let taxes =
                [Measure::BuyerTaxInformational, Measure::BuyerTaxInformationalRefund, Measure::SellerTax, Measure::SellerTaxRefund];
            earned.push(Earned {
                recipient,
                invoice: self.texts.some(line.document),
                agreement: deal(|deal| deal.agreement),
                product: deal(|deal| deal.product),
                currency,
                date: dates.min().map(Instant::from_micros),
                trace: None,
                amount: of(Measure::NetRevenue),
                priced: None,
                parts: parts.map(|measure| (measure.name(), of(measure))).filter(|(_, units)| *units != 0).collect(),
                tax: taxes.into_iter().map(of).sum(),
                seqs: seqs.get(&at.line).cloned().unwrap_or_default(),
            });
        });
        earned
    }

    /// What moved of the wanted recipients' lines, by line, payout and day: what was paid out, or else what was collected.
    pub fn moved(&self, basis: Basis, paid_out: bool, wanted: impl Fn(AccountId) -> bool) -> Vec<Earned<'_>> {
        let action = if paid_out { Action::Disbursed } else { Action::Collected };
        let moved = &self.movements;
        let (payouts, counted) = (self.payouts_at(basis), self.counted());
        let mut sums: BTreeMap<Moved, Sum> = BTreeMap::new();
        for at in moved.at(basis).filter(|at| Action::of(moved.kind[*at]) == action) {
            let charge = self.charge(moved.charge[at]);
            // A row that is paid out takes from the balance what it gives to the seller.
            let amount = if paid_out { -moved.paid(at) } else { moved.amount(at) };
            let day = Instant::midnight(Instant::from_micros(moved.effective[at]).day()).micros();
            let currency =
                if charge.payout_currency == NONE || !paid_out { self.line(charge.line).currency } else { charge.payout_currency };
            let sum = sums.entry((charge.line, moved.payout[at], day, currency)).or_default();
            let signed = amount * i128::from(moved.sign(at));
            sum.units += signed;
            sum.price -= moved.amount(at) * i128::from(moved.sign(at));
            sum.charge = moved.charge[at];
            sum.seqs.push(moved.seq[at]);
            if let Some(measure) = counted[charge.class as usize].in_balance.filter(|measure| is_part(*measure)) {
                *sum.parts.entry(measure).or_default() += signed;
            }
        }
        let told = |((line, payout, day, currency), sum): (Moved, Sum)| {
            let (line, deal) = (self.line(line), self.deal(self.charge(sum.charge).deal));
            let is_converted = currency != line.currency;
            let recipient: AccountId = self.texts.get(line.recipient).parse().ok().filter(|recipient| wanted(*recipient))?;
            let header = payouts.get(&payout).and_then(super::disbursements::PayoutAt::header);
            Some(Earned {
                recipient,
                invoice: self.texts.some(line.document),
                agreement: self.texts.some(deal.agreement),
                product: self.texts.some(deal.product),
                currency: self.currency(currency).ok()?,
                date: Some(Instant::from_micros(day)),
                trace: header.and_then(|header| self.texts.some(header.trace)),
                amount: to_cents(sum.units),
                priced: self.currency(line.currency).ok().filter(|_| is_converted).map(|priced| (to_cents(sum.price), priced)),
                parts: sum.parts.into_iter().map(|(measure, units)| (measure.name(), to_cents(units))).collect(),
                tax: 0,
                seqs: sum.seqs,
            })
        };
        sums.into_iter().filter_map(told).filter(|earned| earned.amount != 0).collect()
    }

    /// The payouts that were sent and did not come back.
    pub fn sent(&self, basis: Basis) -> Vec<Payout<'_>> {
        let payouts = self.payouts_at(basis);
        let undone = self.undone(&payouts);
        let told = |(payout, at): (&u32, &super::disbursements::PayoutAt)| {
            let header = at.header().filter(|header| !header.failed && !undone.contains_key(payout))?;
            Some(Payout {
                recipient: self.payout_id(*payout).0.parse().ok()?,
                currency: self.currency(header.paid_currency).ok()?,
                amount: header.paid,
                date: Instant::from_micros(header.effective),
                trace: self.texts.some(header.trace).filter(|trace| !PLACEHOLDERS.contains(trace)),
                seq: header.seq,
            })
        };
        payouts.iter().filter_map(told).collect()
    }
}
