//! What the payouts say that each account must stand at: the sums of [`show payouts`](super::super::payouts), and of the headers, by the classes that
//! make them; and what other projections tell of the accounts they post to. No transaction is looked at, except of rules that only move on what
//! others have posted; so what is told audits the journal.

use std::collections::BTreeMap;

use super::super::table::NONE;
use super::super::{Billing, In};
use super::account::{Account, Place};
use super::{Asked, Books, RULES, Transaction};
use crate::money::{Amount, Currency};
use crate::time::{Basis, Instant};

/// What the accounts must stand at before each of these moments, each by its own name or that of the account above it: what is posted before it.
/// Of closed time that is what was known when it was closed.
pub fn told(state: &Billing, asked: Asked<'_>, moments: &[Instant]) -> Vec<BTreeMap<(&'static str, Currency), Amount>> {
    let now = Books::new(state, Asked { within: None, ..asked });
    let closes = asked.shuts.iter().enumerate().map(|(at, shut)| (shut, now.at_close(at, shut)));
    let known: Vec<_> = closes.map(|(shut, books)| (Some(shut), Told::of(books))).collect();
    let now = Told::of(now);
    let at = |moment: &Instant| {
        let closed = asked.shuts.closing(*moment);
        known.iter().find(|(shut, _)| closed.is_some() && *shut == closed).map_or(&now, |(_, told)| told).before(*moment)
    };
    moments.iter().map(at).collect()
}

/// Books, and what their rules post that only move on what others have posted.
struct Told<'a> {
    books: Books<'a>,
    following: Vec<Transaction<'a>>,
}

impl<'a> Told<'a> {
    fn of(books: Books<'a>) -> Self {
        let following = RULES.iter().filter(|rule| rule.follows()).flat_map(|rule| rule.transactions(&books)).collect();
        Self { books, following }
    }

    fn before(&self, moment: Instant) -> BTreeMap<(&'static str, Currency), Amount> {
        let asked = self.books.asked;
        let mut told = self.books.told_before(moment);
        let before = self.following.iter().filter(|transaction| Instant::midnight(transaction.effective) < moment);
        for posting in before.flat_map(|transaction| &transaction.postings) {
            *told.entry((posting.account.told(), posting.currency)).or_default() += posting.amount.units();
        }
        for (account, currency, units) in asked.others.iter().flat_map(|others| others.told(asked.party, moment)) {
            *told.entry((account.told(), currency)).or_default() += units;
        }
        told.into_iter().map(|(account, units)| (account, Amount::from_units(units))).collect()
    }
}

impl Books<'_> {
    fn told_before(&self, moment: Instant) -> BTreeMap<(&'static str, Currency), i128> {
        let state = self.state;
        let before = self.asked.basis.effective_before.map_or(moment, |asked| asked.min(moment));
        let basis = Basis { effective_before: Some(before), ..self.asked.basis };
        let (priced, paid) = (state.charge_sums(basis, In::Pricing), state.charge_sums(basis, In::Disbursement));
        let mut told: BTreeMap<(&'static str, Currency), i128> = BTreeMap::new();
        let mut add = |account: Account, currency: u32, units: i128| {
            if let Ok(currency) = state.currency(currency) {
                *told.entry((account.told(), currency)).or_default() += units;
            }
        };
        for (number, sum) in priced.present() {
            let [line, _, _, paid_in, ..] = state.charges.rows[number as usize];
            if !self.owns(line) {
                continue;
            }
            let (currency, place) = (state.lines.rows[line as usize][1], self.place(number));
            add(place.open, currency, sum.net - sum.collected);
            add(place.cause, currency, -sum.net);
            add(Place::UNKNOWN.0, currency, sum.unknown);
            add(Place::UNKNOWN.1, currency, -sum.unknown);
            add(Account::ReceivableAws, currency, sum.collected - sum.disbursed);
            let (paid_in, disbursed) = if paid_in == NONE { (currency, sum.disbursed) } else { (paid_in, paid.of(number).disbursed) };
            let between = if paid_in == currency { Account::Rounding } else { Account::CurrencyClearing };
            add(Account::Unmatched, paid_in, disbursed);
            add(between, currency, sum.disbursed);
            add(between, paid_in, -disbursed);
        }
        for at in self.openings.iter().copied().filter(|at| state.movements.holds(*at, basis)) {
            let charge = state.movements.charge[at];
            let line = state.charges.rows[charge as usize][0];
            if self.owns(line) {
                let (currency, amount) =
                    (state.lines.rows[line as usize][1], state.movements.amount(at) * i128::from(state.movements.sign(at)));
                add(self.place(charge).cause, currency, amount);
                add(Account::Opening, currency, -amount);
            }
        }
        for (payout, at) in state.payouts_at(basis) {
            if let Some(header) = at.header().filter(|_| state.payouts.rows[payout as usize][0] == self.party) {
                add(Account::InTransit, header.paid_currency, header.paid);
            }
        }
        told
    }
}
