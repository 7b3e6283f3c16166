//! What reconciliations leave, in the books of whoever's statement it was: what was tolerated goes to rounding, what was accepted to an account
//! of its own.
//!
//! Of the reconciliations of a month the last one of a side, subject and scope counts. What was tolerated is posted on the last day of its month, what was
//! accepted on the day on which it was, once everybody has signed who has to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Closing, State};
use crate::book::Book;
use crate::event::close::SealedTolerated;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::projection::billing::books::{Account, Posting, Posts, Transaction, What};
use crate::statement::{Exact, Side, Subject};
use crate::time::{Basis, Instant, Period};

const SELLER: &str = Side::Seller.as_str();

/// What reconciliations leave, as books post it.
pub struct Differences(Vec<Left>);

/// A difference that stays.
struct Left {
    party: AccountId,
    day: NaiveDate,
    what: What,
    /// Where it would have been, had it been billed as the ledger has it.
    of: Account,
    /// What was billed less what the ledger has; what the party gets, less what the ledger says it gets.
    units: i128,
    currency: Currency,
    invoice: Option<String>,
    called: String,
    seq: u64,
}

/// Where the ledger's line of a side stands.
fn account(side: &str) -> Account {
    match side {
        "buyer" => Account::AwsBills,
        "bank" => Account::InTransit,
        _ => Account::ReceivableAws,
    }
}

impl Differences {
    /// As they stand at a basis.
    pub fn of(closing: &Closing, book: &Book, basis: Basis) -> Self {
        let mut left = tolerated(closing, basis);
        let acts: BTreeMap<u64, Instant> = closing.accepted(basis.known_at).map(|(seq, effective_at, _)| (seq, effective_at)).collect();
        for found in closing.breaks(book, basis.known_at) {
            let State::Accepted(seq) = found.state else { continue };
            let Some(day) = acts.get(&seq).map(|at| at.day()) else { continue };
            left.push(Left {
                party: found.told.scope,
                day,
                what: What::DifferenceAccepted,
                of: account(&found.told.side),
                units: found.difference().units(),
                currency: found.told.currency,
                invoice: found.told.invoice.clone(),
                called: found.told.id.to_string(),
                seq,
            });
        }
        left.retain(|left| left.units != 0 && basis.had_happened(Instant::midnight(left.day)));
        Self(left)
    }
}

/// What was tolerated and stands. Of a seller's line it is told again when it is collected and when it is paid out: what is billed is posted.
fn tolerated(closing: &Closing, basis: Basis) -> Vec<Left> {
    let mut left = Vec::new();
    for (run, of) in closing.standing(basis.known_at) {
        let Some(month) = Period::month_from(run.sealed.month) else { continue };
        let is_posted = |line: &&SealedTolerated| line.side != SELLER || line.subject == Subject::Billed.as_str();
        let stands = |line: &&SealedTolerated| of.contains(&(line.side.as_str(), line.subject.as_str(), line.scope));
        for line in run.sealed.tolerated.iter().filter(is_posted).filter(stands) {
            let exact = |text: &str| text.parse::<Exact>().unwrap_or_default();
            left.push(Left {
                party: line.scope,
                day: Instant::from_micros(month.until.micros() - 1).day(),
                what: What::DifferenceTolerated,
                of: account(&line.side),
                units: exact(&line.billed).checked_sub(exact(&line.ledger)).unwrap_or_default().rounded().0.units(),
                currency: line.currency,
                invoice: line.invoice.clone(),
                called: month.from.day().format("%Y-%m").to_string(),
                seq: run.seq,
            });
        }
    }
    left
}

impl Left {
    /// What is billed more is owed to AWS and costs; what is paid more is a claim on AWS and costs less.
    fn postings(&self) -> [(Account, Currency, i128); 2] {
        let to = if self.what == What::DifferenceTolerated { Account::Rounding } else { Account::AcceptedDifferences };
        let cost = if self.of == Account::AwsBills { self.units } else { -self.units };
        [(to, self.currency, cost), (self.of, self.currency, -cost)]
    }
}

impl Posts for Differences {
    fn parties(&self) -> BTreeSet<AccountId> {
        self.0.iter().map(|left| left.party).collect()
    }

    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>> {
        let own = self.0.iter().filter(|left| left.party == party);
        own.map(|left| Transaction {
            day: left.day,
            effective: left.day,
            what: left.what,
            payee: Some("AWS".to_owned()),
            invoice: left.invoice.as_deref(),
            line: Some(&left.called),
            agreement: None,
            payout: None,
            trace: None,
            events: vec![left.seq],
            postings: left
                .postings()
                .into_iter()
                .map(|(account, currency, units)| Posting { account, currency, amount: Amount::from_units(units) })
                .collect(),
        })
        .collect()
    }

    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)> {
        let own = self.0.iter().filter(|left| left.party == party && Instant::midnight(left.day) < before);
        own.flat_map(Left::postings).collect()
    }
}
