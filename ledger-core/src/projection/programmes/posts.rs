//! Credits that lowered bills, in the books of who held them: AWS is owed less, and its services cost less.
//!
//! A statement is posted in the month of its bill, on the day on which it took effect, or on the month's last day when that was later. Of several
//! statements the one that stands is posted, as [`Credit`] counts it; what was granted, approved or expected posts nothing.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::credits::month;
use super::{Credit, Incentives, Use};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::projection::billing::books::{Account, Posting, Posts, Transaction, What};
use crate::time::Instant;

/// What lowered bills, as books post it.
pub struct Credits {
    holders: BTreeSet<AccountId>,
    lowered: Vec<Lowered>,
}

/// Some of a credit that lowered a bill.
struct Lowered {
    holder: AccountId,
    day: NaiveDate,
    units: i128,
    currency: Currency,
    /// The credit, the bill's month and the service.
    called: String,
    agreement: Option<String>,
    seq: u64,
}

impl Credits {
    /// As credits stand at a basis.
    pub fn of(all: &Incentives<'_>) -> Self {
        let holders = all.credits().iter().flat_map(|credit| credit.holders.iter().map(|(_, holder, _)| *holder)).collect();
        let each = |credit: &Credit| credit.uses.iter().filter_map(|used| lowered(all, credit, used)).collect::<Vec<_>>();
        Self { holders, lowered: all.credits().iter().flat_map(each).collect() }
    }
}

/// Nothing as long as its day has not come.
fn lowered(all: &Incentives<'_>, credit: &Credit, used: &Use) -> Option<Lowered> {
    let period = month(&used.month)?;
    let facts = all.facts();
    let effective = facts[facts.binary_search_by_key(&used.seq, |fact| fact.seq).ok()?].effective_at;
    let day = effective.max(period.from).min(Instant::from_micros(period.until.micros() - 1)).day();
    let service = used.service.as_deref().map(|service| format!(" {service}")).unwrap_or_default();
    all.view.basis().had_happened(Instant::midnight(day)).then(|| Lowered {
        holder: credit.holder_at(period.until),
        day,
        units: used.amount.units(),
        currency: credit.currency,
        called: format!("{} {}{service}", credit.id, used.month),
        agreement: credit.agreement.clone(),
        seq: used.seq,
    })
}

impl Posts for Credits {
    fn parties(&self) -> BTreeSet<AccountId> {
        self.holders.clone()
    }

    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>> {
        let told = |lowered: &'_ Lowered| {
            let posting = |account, units| Posting { account, currency: lowered.currency, amount: Amount::from_units(units) };
            vec![posting(Account::AwsBills, lowered.units), posting(Account::CreditsApplied, -lowered.units)]
        };
        let own = self.lowered.iter().filter(|lowered| lowered.holder == party && lowered.units != 0);
        own.map(|lowered| Transaction {
            day: lowered.day,
            effective: lowered.day,
            what: What::CreditApplied,
            payee: Some("AWS".to_owned()),
            invoice: None,
            line: Some(&lowered.called),
            agreement: lowered.agreement.as_deref(),
            payout: None,
            trace: None,
            events: vec![lowered.seq],
            postings: told(lowered),
        })
        .collect()
    }

    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)> {
        let own = self.lowered.iter().filter(|lowered| lowered.holder == party && Instant::midnight(lowered.day) < before);
        own.flat_map(|lowered| {
            [(Account::AwsBills, lowered.currency, lowered.units), (Account::CreditsApplied, lowered.currency, -lowered.units)]
        })
        .collect()
    }
}
