//! What lacked in a contract year, in the books of who owes it: accrued from the day after the year's end, payable once AWS has invoiced it.
//!
//! ```text
//! the day after the year's end   shortfall + lacked               accrued - lacked
//! the first invoice              accrued + all of it              bills - invoiced       difference + what is left
//! ```
//!
//! Accrued is what `show edp` prints as the shortfall of a year that has ended, and nothing where it prints none: then an invoice of AWS's is all
//! there is. A commitment of several payers is owed by the one that it names first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::{Purchased, Setting, Standing};
use crate::commitment::{Reckoned, period};
use crate::event::commitment::ShortfallInvoiced;
use crate::id::AccountId;
use crate::money::{Amount, CENT, Currency, round_half_up};
use crate::projection::billing::books::{Account, Posting, Posts, Transaction, What};
use crate::time::Instant;

/// The shortfalls of contract years, as books post them.
pub struct Shortfalls {
    owed: Vec<Owed>,
}

/// What is owed for a contract year.
struct Owed {
    payer: AccountId,
    /// The commitment and the year.
    called: String,
    currency: Currency,
    /// What lacked; nothing as long as none is told.
    lacked: Option<i128>,
    /// The day after the year's end.
    since: NaiveDate,
    /// What tells it: the contract, the bills, the purchases.
    events: Vec<u64>,
    /// By day.
    invoices: Vec<(NaiveDate, ShortfallInvoiced, u64)>,
}

impl Shortfalls {
    /// As commitments stand at a basis.
    pub fn of(setting: &Setting<'_>) -> Self {
        Self { owed: setting.commitments().iter().flat_map(|standing| of_commitment(setting, standing)).collect() }
    }
}

fn of_commitment(setting: &Setting<'_>, standing: &Standing) -> Vec<Owed> {
    let terms = &standing.contract.terms;
    let Some(payer) = terms.payers.first().copied() else { return Vec::new() };
    let mut invoices: BTreeMap<(Instant, Currency), Vec<_>> = BTreeMap::new();
    for (day, told, seq) in setting.view.shortfall_invoices(&terms.commitment) {
        invoices.entry((told.year, told.currency)).or_default().push((day, told, seq));
    }
    invoices.values_mut().for_each(|told| told.sort_by_key(|(day, _, seq)| (*day, *seq)));
    let of_year = |year: &Reckoned<Purchased>| {
        let last = Instant::from_micros(year.year.until.micros() - 1).day();
        let since = last.checked_add_days(Days::new(1)).unwrap_or(last);
        let lacked = standing.lacked(year).filter(|_| Instant::midnight(since) < standing.until);
        Owed {
            payer,
            called: format!("{} year {}", terms.commitment, year.number),
            currency: terms.currency,
            lacked: lacked.map(|units| round_half_up(units, CENT)),
            since,
            events: events(standing, year),
            invoices: invoices.remove(&(year.year.from, terms.currency)).unwrap_or_default(),
        }
    };
    let mut owed: Vec<Owed> = standing.years.iter().map(of_year).collect();
    // Of a year that the contract does not have, or in another currency: nothing is worked out, and AWS has invoiced it.
    owed.extend(invoices.into_iter().map(|((from, currency), invoices)| Owed {
        payer,
        called: format!("{} year from {}", terms.commitment, from.day()),
        currency,
        lacked: None,
        since: from.day(),
        events: Vec::new(),
        invoices,
    }));
    owed.retain(|owed| !owed.invoices.is_empty() || owed.lacked.is_some_and(|lacked| lacked > 0));
    owed
}

/// The events that say what a year came to.
fn events(standing: &Standing, year: &Reckoned<Purchased>) -> Vec<u64> {
    let services = standing.services.iter().filter(|((_, month), _)| period(&year.year).holds(*month)).flat_map(|(_, (_, seqs))| seqs);
    let lines = year.lines.iter().flat_map(|judged| judged.of.seqs.iter().chain(judged.rule.iter().map(|rule| &rule.seq)));
    let all: BTreeSet<u64> = services.chain(lines).copied().chain([standing.contract.seq]).collect();
    all.into_iter().collect()
}

impl Owed {
    /// What had been invoiced before a day.
    fn invoiced(&self, before: NaiveDate) -> i128 {
        self.invoices.iter().filter(|(day, ..)| *day < before).map(|(_, told, _)| told.amount.units()).sum()
    }

    /// What is accrued on the day after the year's end: what lacked, and was not invoiced by then.
    fn accrued(&self) -> Option<i128> {
        self.lacked.map(|lacked| (lacked - self.invoiced(self.since)).max(0))
    }

    fn accrual(&self) -> Option<Transaction<'_>> {
        let (lacked, accrued) = (self.lacked?, self.accrued()?);
        let cost = lacked - self.invoiced(self.since);
        let moves = [(Account::ShortfallAccrued, -accrued), (Account::Shortfall, cost), (Account::ShortfallDifference, accrued - cost)];
        self.transaction(self.since, What::ShortfallAccrued, None, self.events.clone(), &moves)
    }

    fn transaction<'a>(
        &'a self,
        day: NaiveDate,
        what: What,
        invoice: Option<&'a str>,
        events: Vec<u64>,
        moves: &[(Account, i128)],
    ) -> Option<Transaction<'a>> {
        let moves = moves.iter().filter(|(_, units)| *units != 0);
        let postings: Vec<Posting> = moves
            .map(|(account, units)| Posting { account: *account, currency: self.currency, amount: Amount::from_units(*units) })
            .collect();
        let (payee, line) = (Some("AWS".to_owned()), Some(self.called.as_str()));
        (!postings.is_empty()).then_some(Transaction {
            day,
            what,
            payee,
            invoice,
            line,
            agreement: None,
            payout: None,
            trace: None,
            events,
            postings,
        })
    }
}

impl Posts for Shortfalls {
    fn parties(&self) -> BTreeSet<AccountId> {
        self.owed.iter().map(|owed| owed.payer).collect()
    }

    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>> {
        let mut all = Vec::new();
        for owed in self.owed.iter().filter(|owed| owed.payer == party) {
            all.extend(owed.accrual());
            let mut open = owed.accrued();
            for (day, told, seq) in &owed.invoices {
                let units = told.amount.units();
                // The first invoice after the accrual ends all of it.
                let moves = match open.as_mut().filter(|_| *day >= owed.since) {
                    Some(open) => {
                        let accrued = std::mem::take(open);
                        [(Account::AwsBills, -units), (Account::ShortfallAccrued, accrued), (Account::ShortfallDifference, units - accrued)]
                    }
                    None => [(Account::AwsBills, -units), (Account::Shortfall, units), (Account::ShortfallAccrued, 0)],
                };
                all.extend(owed.transaction(*day, What::ShortfallInvoiced, Some(told.invoice.as_str()), vec![*seq], &moves));
            }
        }
        all
    }

    /// In closed form: what lacked is the cost, what is invoiced is owed, and what is beyond both is the difference.
    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)> {
        let of = |owed: &Owed| {
            let invoiced: i128 =
                owed.invoices.iter().filter(|(day, ..)| Instant::midnight(*day) < before).map(|(_, told, _)| told.amount.units()).sum();
            let lacked = owed.lacked.filter(|_| Instant::midnight(owed.since) < before);
            let has_come = |(day, ..): &(NaiveDate, ShortfallInvoiced, u64)| *day >= owed.since && Instant::midnight(*day) < before;
            let open = lacked.map_or(0, |lacked| if owed.invoices.iter().any(has_come) { 0 } else { (lacked - invoiced).max(0) });
            let cost = lacked.unwrap_or(invoiced);
            [
                (Account::AwsBills, owed.currency, -invoiced),
                (Account::ShortfallAccrued, owed.currency, -open),
                (Account::Shortfall, owed.currency, cost),
                (Account::ShortfallDifference, owed.currency, invoiced + open - cost),
            ]
        };
        self.owed.iter().filter(|owed| owed.payer == party).flat_map(of).collect()
    }
}
