//! A row of the billing feed: one amount, between two accounts.
//!
//! ```text
//! INVOICED    open + amount             cause - amount        nothing where AWS does not count it in the balance
//! FORGIVEN    open + amount             forgiven - amount     the amount is negative
//! COLLECTED   receivable from AWS +     open -
//! DISBURSED   receivable from AWS +     payouts -             the amount is negative; through clearing where the currency is another
//! ```

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::super::measure::Measure;
use super::super::sums::BilledAt;
use super::super::table::NONE;
use super::super::{Action, IN_BALANCE, LineKind};
use super::account::{Account, Place};
use super::why::Moved;
use super::{Books, Posting, Rule, Sums, Transaction, What};
use crate::time::Instant;

pub(super) struct Rows;

/// Of a charge, what its postings need.
#[derive(Clone, Copy)]
struct Of {
    place: Place,
    currency: u32,
    /// The currency that is paid out.
    paid_in: u32,
    /// Whether it is the party's.
    own: bool,
}

/// Postings by account, currency and amount, of which some are none.
type Moves = [Option<(Account, u32, i128)>; 4];

impl Books<'_> {
    fn of_charges(&self) -> Vec<Of> {
        let of = |words: &[u32; 7]| {
            let [line, _, class, paid_in, ..] = *words;
            let currency = self.state.lines.rows[line as usize][1];
            let paid_in = if paid_in == NONE { currency } else { paid_in };
            Of { place: self.places[class as usize], currency, paid_in, own: self.owns(line) }
        };
        self.state.charges.rows.iter().map(of).collect()
    }

    /// What a movement moves.
    fn moves(&self, at: usize, of: &Of) -> Moves {
        let moved = &self.state.movements;
        let amount = moved.amount(at) * i128::from(moved.sign(at));
        let Of { place, currency, paid_in, .. } = *of;
        let two = |debit: Account, credit: Account| [Some((debit, currency, amount)), Some((credit, currency, -amount)), None, None];
        let in_balance = moved.kind[at] & IN_BALANCE != 0;
        match Action::of(moved.kind[at]) {
            Action::Invoiced if in_balance => two(place.open, if self.openings.contains(&at) { Account::Opening } else { place.cause }),
            Action::Forgiven if in_balance => two(place.open, place.forgiven()),
            Action::Collected => two(Account::ReceivableAws, place.open),
            Action::Disbursed => {
                let paid = moved.paid(at) * i128::from(moved.sign(at));
                // AWS's implied rate: so much of one currency is gone, so much of the other was allocated.
                let between = if paid_in == currency { Account::Rounding } else { Account::CurrencyClearing };
                let through = (paid_in != currency || paid != amount).then_some(between);
                [
                    Some((Account::ReceivableAws, currency, amount)),
                    through.map(|through| (through, currency, -amount)),
                    through.map(|through| (through, paid_in, paid)),
                    Some((Account::Unmatched, paid_in, -paid)),
                ]
            }
            Action::Unknown if in_balance => two(Place::UNKNOWN.0, Place::UNKNOWN.1),
            Action::Invoiced | Action::Forgiven | Action::Unknown => [None; 4],
        }
    }

    fn what(&self, at: usize) -> What {
        let class = self.state.charges.rows[self.state.movements.charge[at] as usize][2];
        let measure = self.counted[class as usize].in_balance;
        match Action::of(self.state.movements.kind[at]) {
            Action::Invoiced if self.openings.contains(&at) => What::Opening,
            Action::Invoiced => match measure {
                Some(Measure::BalanceAdjustment) => What::Adjustment,
                Some(measure) if measure.name().ends_with("_refund") => What::Refund,
                _ => What::Invoice,
            },
            Action::Forgiven => What::Forgiven,
            Action::Collected => What::Collection,
            Action::Disbursed => What::Allocation,
            Action::Unknown => What::Unknown,
        }
    }
}

/// Microseconds.
const DAY: i64 = 86_400_000_000;

/// The number of a day, from 1970-01-01.
pub(super) fn day_number(moment: i64) -> i64 {
    moment.div_euclid(DAY)
}

/// The day of a number.
pub(super) fn day_of(number: i64) -> NaiveDate {
    Instant::from_micros(number * DAY).day()
}

/// A movement by what it belongs to: the day it is posted on, that on which it took effect, what it is of, line, payout.
type Keyed = (([i64; 2], What, u32, u32), usize);

impl Rule for Rows {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let (state, moved, charges) = (books.state, &books.state.movements, books.of_charges());
        let mut keyed: Vec<Keyed> = Vec::new();
        for at in moved.at(books.asked.basis) {
            let charge = moved.charge[at];
            let posted = books.asked.posted(moved.effective[at], moved.seq[at]);
            if charges[charge as usize].own && books.asked.wants(posted) {
                let line = state.charges.rows[charge as usize][0];
                keyed.push((([posted, moved.effective[at]].map(day_number), books.what(at), line, moved.payout[at]), at));
            }
        }
        keyed.sort_unstable();
        let billed = state.billed_at(books.asked.basis);
        keyed.chunk_by(|one, other| one.0 == other.0).filter_map(|group| books.transaction(group, &charges, &billed)).collect()
    }

    fn posts_by_position(&self) -> bool {
        true
    }

    /// Event by event: what a row said, and what it says instead, stand beside each other.
    fn moved(&self, books: &Books<'_>) -> Vec<Moved> {
        let (state, moved, charges) = (books.state, &books.state.movements, books.of_charges());
        let mut sums: BTreeMap<(u32, u64, What, Account, u32), i128> = BTreeMap::new();
        for at in moved.at(books.asked.basis) {
            let charge = moved.charge[at];
            let (of, line) = (&charges[charge as usize], state.charges.rows[charge as usize][0]);
            if of.own && books.asked.wants(moved.effective[at]) {
                for (account, currency, units) in books.moves(at, of).into_iter().flatten() {
                    *sums.entry((line, moved.seq[at], books.what(at), account, currency)).or_default() += units;
                }
            }
        }
        let told = |((line, seq, what, account, currency), units): ((u32, u64, What, Account, u32), i128)| {
            let on = state.line(line);
            let called = [state.texts.some(on.document), state.texts.some(on.item)].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let currency = state.currency(currency).ok().filter(|_| units != 0)?;
            Some(Moved { account, currency, units, what, called, events: vec![seq] })
        };
        sums.into_iter().filter_map(told).collect()
    }

    /// In one pass, without a transaction being made.
    fn sums(&self, books: &Books<'_>, sums: &mut Sums) {
        let (moved, charges) = (&books.state.movements, books.of_charges());
        // Of so few currencies the right one is found by looking at each.
        let mut by_text: Vec<(u32, [Option<i128>; super::ACCOUNTS])> = Vec::new();
        for at in moved.at(books.asked.basis) {
            let of = &charges[moved.charge[at] as usize];
            if of.own {
                for (account, currency, units) in books.moves(at, of).into_iter().flatten() {
                    let place = by_text.iter().position(|(known, _)| *known == currency).unwrap_or_else(|| {
                        by_text.push((currency, [None; super::ACCOUNTS]));
                        by_text.len() - 1
                    });
                    *by_text[place].1[account as usize].get_or_insert(0) += units;
                }
            }
        }
        for (text, of_currency) in by_text {
            let Ok(currency) = books.state.currency(text) else { continue };
            for (account, units) in Account::ALL.iter().zip(of_currency) {
                if let Some(units) = units {
                    sums.add(*account, currency, units);
                }
            }
        }
    }
}

impl<'a> Books<'a> {
    /// What the movements of a group come to; nothing when they are informational, or taken back by their source.
    fn transaction(&self, group: &[Keyed], charges: &[Of], billed: &BilledAt) -> Option<Transaction<'a>> {
        let (state, moved) = (self.state, &self.state.movements);
        let (([posted, effective], what, line, payout), _) = group[0];
        let moves = |at: usize| self.moves(at, &charges[moved.charge[at] as usize]);
        let mut sums: Vec<(Account, u32, i128)> = Vec::new();
        // By charge, what is left of it in both currencies: a row that its source took back is behind nothing.
        let mut left: BTreeMap<u32, [i128; 2]> = BTreeMap::new();
        for (_, at) in group {
            let sign = i128::from(moved.sign(*at));
            let of_charge = left.entry(moved.charge[*at]).or_default();
            of_charge[0] += moved.amount(*at) * sign;
            of_charge[1] += moved.paid(*at) * sign;
            for (account, currency, units) in moves(*at).into_iter().flatten() {
                match sums.iter_mut().find(|known| (known.0, known.1) == (account, currency)) {
                    Some(known) => known.2 += units,
                    None => sums.push((account, currency, units)),
                }
            }
        }
        sums.sort_by_key(|(account, currency, _)| (*account, state.texts.get(*currency)));
        let postings: Vec<Posting> =
            sums.into_iter().filter_map(|(account, currency, units)| self.posting(account, currency, units)).collect();
        if postings.is_empty() {
            return None;
        }
        let stands = |at: &usize| left[&moved.charge[*at]] != [0, 0] && moves(*at)[0].is_some();
        let mut events: Vec<u64> = group.iter().map(|(_, at)| *at).filter(stands).map(|at| moved.seq[at]).collect();
        events.dedup();
        let of_group = || group.iter().map(|(_, at)| moved.charge[*at]);
        let on = state.line(line);
        Some(Transaction {
            day: day_of(posted),
            effective: day_of(effective),
            what,
            payee: self.payee(line, of_group, billed),
            invoice: state.texts.some(on.document),
            line: state.texts.some(on.item),
            agreement: of_group().find_map(|charge| state.texts.some(state.deal(state.charge(charge).deal).agreement)),
            payout: (payout != NONE).then(|| state.payout_id(payout).1),
            trace: None,
            events,
            postings,
        })
    }

    /// Who is on the other side of a line: the buyer, for an ISV in a channel deal the reseller; where something is bought alone, who sells it.
    fn payee<I: Iterator<Item = u32>>(&self, line: u32, charges: impl Fn() -> I, billed: &BilledAt) -> Option<String> {
        let on = self.state.line(line);
        if on.kind == LineKind::Adjustment {
            return Some("AWS".to_owned());
        }
        let told = || charges().filter(|charge| billed.parties[*charge as usize] != NONE);
        let sold = told().find(|charge| self.place(*charge).open != Account::PayableIsv);
        let parties = sold.or_else(|| told().next()).map_or(NONE, |charge| billed.parties[charge as usize]);
        let account = self.state.counterparty(self.state.texts.get(on.recipient), parties, self.asked.names)?;
        let named = account.parse().ok().and_then(|account| self.asked.names.party(&account));
        Some(named.unwrap_or(account))
    }
}
