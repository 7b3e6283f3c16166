//! The books of a party as a text that a foreign program checks: accounts, transactions with the events behind them, and assertions.
//!
//! What is asserted does not come from the transactions. At the end of every month, and at the end, each account must stand at what the sums of the
//! payouts tell ([`told`]); a foreign program that adds the transactions up and finds the same has audited us.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{Datelike, Days, Months, NaiveDate};
use ledger_core::event::Entry;
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::billing::Billing;
use ledger_core::projection::billing::books::{Asked, Transaction, told, transactions};
use ledger_core::report::Receipt;
use ledger_core::time::Instant;

use crate::render::is_unseen;

/// What a form writes for each thing, one after the other.
pub(super) trait Form {
    /// What stands first: how exact the program is to be.
    fn begin(&self, currencies: &BTreeSet<Currency>, accounts: &BTreeSet<&'static str>, first: NaiveDate, out: &mut String);

    /// A transaction, the words of which are told.
    fn transaction(&self, transaction: &Transaction<'_>, said: &Said, out: &mut String);

    /// What accounts must stand at, those below them added, at the end of a day.
    fn assertion(&self, day: NaiveDate, accounts: &[(&'static str, Currency, Amount)], out: &mut String);
}

/// What is said of a transaction beside its postings.
pub(super) struct Said {
    /// In words.
    pub(super) narration: String,
    /// By name.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// What stands in the ledger behind the books.
pub(super) struct Behind {
    /// How the hash of each line begins.
    pub(super) hashes: Vec<u32>,
    /// The entries in which people recorded money.
    pub(super) by_hand: BTreeMap<u64, Entry>,
}

/// Writes the books.
pub(super) fn write(form: &dyn Form, state: &Billing, asked: Asked<'_>, receipt: &Receipt, behind: &Behind) -> String {
    let journal = transactions(state, asked);
    let first = journal.first().map_or_else(|| asked.until.day(), |transaction| transaction.day);
    let ends = ends(&journal);
    let moments: Vec<Instant> = ends.iter().map(|day| Instant::midnight(after(*day))).collect();
    let told = told(state, asked, &moments);
    let posted: BTreeSet<(&'static str, Currency)> = {
        let postings = journal.iter().flat_map(|transaction| &transaction.postings);
        postings.map(|posting| (posting.account.path(), posting.currency)).collect()
    };
    let held = held(&posted, &told);
    let accounts: BTreeSet<&'static str> = posted.iter().chain(&held).map(|(account, _)| *account).collect();
    let currencies: BTreeSet<Currency> = held.iter().map(|(_, currency)| *currency).collect();

    let mut out = String::new();
    for line in asked.heading().into_iter().chain(receipt.footer()) {
        _ = writeln!(out, "; {}", plain(&line));
    }
    for lacking in &receipt.lacks {
        _ = writeln!(out, "; incomplete: {}", plain(lacking));
    }
    out.push('\n');
    form.begin(&currencies, &accounts, first, &mut out);
    let mut rest = journal.as_slice();
    for (day, told) in ends.iter().zip(&told) {
        let (until, later) = rest.split_at(rest.partition_point(|transaction| transaction.day <= *day));
        rest = later;
        for transaction in until {
            out.push('\n');
            form.transaction(transaction, &said(transaction, behind), &mut out);
        }
        let stands = |(account, currency): &(&'static str, Currency)| {
            (*account, *currency, told.get(&(*account, *currency)).copied().unwrap_or(Amount::ZERO))
        };
        let stands: Vec<_> = held.iter().map(stands).collect();
        out.push('\n');
        form.assertion(*day, &stands, &mut out);
    }
    out
}

/// The accounts that are held to something: those that the payouts tell of, as far as anything was posted there or should have been, and those
/// that they know nothing of, which must stand at nothing.
fn held(
    posted: &BTreeSet<(&'static str, Currency)>,
    told: &[BTreeMap<(&'static str, Currency), Amount>],
) -> BTreeSet<(&'static str, Currency)> {
    let covers = |(above, of): (&'static str, Currency), (path, currency): (&'static str, Currency)| {
        of == currency && path.strip_prefix(above).is_some_and(|below| below.is_empty() || below.starts_with(':'))
    };
    let matters =
        |account: (&'static str, Currency), amount: Amount| !amount.is_zero() || posted.iter().any(|posted| covers(account, *posted));
    let told = told.iter().flatten().filter(|(account, amount)| matters(**account, **amount)).map(|(account, _)| *account);
    let mut held: BTreeSet<(&'static str, Currency)> = told.collect();
    let unknown: Vec<_> = posted.iter().copied().filter(|posted| !held.iter().any(|held| covers(*held, *posted))).collect();
    held.extend(unknown);
    held
}

fn after(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The last days of the months in which something happened, and the day of the last transaction.
fn ends(journal: &[Transaction<'_>]) -> Vec<NaiveDate> {
    let last = |day: NaiveDate| day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt();
    let months: BTreeSet<NaiveDate> = journal.iter().map(|transaction| last(transaction.day).unwrap_or(transaction.day)).collect();
    let newest = journal.last().map(|transaction| transaction.day);
    let mut ends: Vec<NaiveDate> = months.into_iter().filter(|end| newest.is_some_and(|newest| *end < newest)).collect();
    ends.extend(newest);
    ends
}

fn said(transaction: &Transaction<'_>, behind: &Behind) -> Said {
    let of = transaction.invoice.or(transaction.payout).or(transaction.line).map(|of| format!(" {of}")).unwrap_or_default();
    let event = |seq: &u64| {
        let hash = usize::try_from(*seq).ok().and_then(|seq| behind.hashes.get(seq.checked_sub(1)?));
        hash.map_or_else(|| format!("#{seq}"), |hash| format!("#{seq} b3:{hash:08x}"))
    };
    let fact = |name, fact: Option<&str>| fact.map(|fact| (name, plain(fact)));
    let events: Vec<String> = transaction.events.iter().map(event).collect();
    let by_hand = || transaction.events.iter().filter_map(|seq| behind.by_hand.get(seq));
    let each = |told: BTreeSet<String>| (!told.is_empty()).then(|| plain(&told.into_iter().collect::<Vec<_>>().join(" ")));
    let documents = by_hand().filter_map(|entry| entry.source.as_ref()?.document).map(|document| format!("b3:{document}"));
    let facts = [
        fact("invoice", transaction.invoice),
        fact("line", transaction.line),
        fact("agreement", transaction.agreement),
        fact("disbursement", transaction.payout),
        fact("bank-trace", transaction.trace),
        (!events.is_empty()).then(|| ("events", events.join(" "))),
        each(by_hand().map(|entry| entry.actor.to_string()).collect()).map(|actors| ("recorded-by", actors)),
        each(documents.collect()).map(|documents| ("documents", documents)),
        // Its month was closed when it was recorded: it is posted in the first open one.
        (transaction.effective != transaction.day).then(|| ("effective", transaction.effective.to_string())),
    ];
    Said { narration: plain(&format!("{}{of}", transaction.what.as_str())), facts: facts.into_iter().flatten().collect() }
}

/// A text on one line: what would end it or turn it round, or is no character, becomes a blank.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(plain("a\nb\u{2028}c\r\n漢字\t;"), "a b c  漢字 ;");
        assert_eq!(plain("Globex\u{202e}cni"), "Globex cni");
    }
}
