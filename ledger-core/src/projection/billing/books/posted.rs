//! On which day something is posted, when the month in which it happened was closed by the time it was recorded.
//!
//! ```text
//! rows, headers   each by its own position: the day on which it took effect, or the first open one
//! what follows    worked out as it stood at each close, and again now: what differs is posted on the first open day
//! all of them     the same way, when the books were presented otherwise at a close
//! ```
//!
//! So the books up to a closed month's end are what they were when it was closed, whatever is recorded later, and in the end they come to the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Account, Asked, Books, Posting, Posts, Rule, Transaction, What};
use crate::money::{Amount, Currency};
use crate::projection::closing::{NOTHING_CLOSED, Shut};
use crate::time::{Basis, Instant};

/// By what a transaction is told from others: when it happened, what it is of, invoice, line and payout.
type Key<'a> = (NaiveDate, What, Option<&'a str>, Option<&'a str>, Option<&'a str>);

type Moved = BTreeMap<(Account, Currency), i128>;

impl Asked<'_> {
    /// When something is posted that happened at a moment and was recorded at a position.
    pub(super) fn posted(&self, effective: i64, seq: u64) -> i64 {
        self.shuts.posted(Instant::from_micros(effective), seq).micros()
    }
}

impl<'a> Books<'a> {
    /// What a rule posts, each on its day.
    pub(super) fn posted(&self, rule: &dyn Rule) -> Vec<Transaction<'a>> {
        let is_as_closed = self.asked.presented.iter().all(|then| *then == self.asked.presentation);
        if self.asked.shuts.is_empty() || rule.posts_by_position() && is_as_closed {
            return rule.transactions(self);
        }
        let mut posted = Vec::new();
        let (mut known, mut last): (Vec<Transaction<'a>>, Option<Shut>) = (Vec::new(), None);
        for (at, shut) in self.asked.shuts.iter().enumerate() {
            let then = rule.transactions(&self.at_close(at, shut));
            posted.extend(difference(&known, &then, last));
            (known, last) = (then, Some(shut));
        }
        let now = rule.transactions(&Self::new(self.state, Asked { within: None, ..self.asked }));
        posted.extend(difference(&known, &now, last));
        posted.retain(|transaction| self.asked.wants(Instant::midnight(transaction.day).micros()));
        posted
    }

    /// The books as they stood when a close came into force, of all time that it closed.
    pub(super) fn at_close(&self, at: usize, shut: Shut) -> Self {
        let Asked { basis, until, then, presented, .. } = self.asked;
        let presentation = presented.get(at).copied().unwrap_or(self.asked.presentation);
        let before = basis.effective_before.map_or(shut.until, |before| before.min(shut.until));
        let others: &'a [Box<dyn Posts>] = then.get(at).map_or(&[], Vec::as_slice);
        let basis = Basis { effective_before: Some(before), known_at: basis.known_at.min(shut.at), ..basis };
        let (shuts, until) = (&NOTHING_CLOSED, until.min(shut.until));
        let asked = Asked { basis, until, presentation, others, shuts, then: &[], presented: &[], within: None, ..self.asked };
        Self::new(self.state, asked)
    }
}

/// What is posted between two closes: what is new on its own day, and what is of closed time, and says something else than it did, on the
/// first day that is open, as the difference.
fn difference<'a>(known: &[Transaction<'a>], now: &[Transaction<'a>], last: Option<Shut>) -> Vec<Transaction<'a>> {
    let Some(Shut { at, until }) = last else { return now.to_vec() };
    let key = |of: &Transaction<'a>| -> Key<'a> { (of.effective, of.what, of.invoice, of.line, of.payout) };
    let mut sums: BTreeMap<Key<'a>, (Moved, Transaction<'a>)> = BTreeMap::new();
    let mut posted = Vec::new();
    let signed = known.iter().map(|one| (one, -1)).chain(now.iter().map(|one| (one, 1)));
    for (transaction, sign) in signed {
        if Instant::midnight(transaction.effective) >= until {
            posted.push(transaction.clone());
            continue;
        }
        let (moved, told) = sums.entry(key(transaction)).or_insert_with(|| (Moved::new(), transaction.clone()));
        told.events.extend(&transaction.events);
        for posting in &transaction.postings {
            *moved.entry((posting.account, posting.currency)).or_default() += sign * posting.amount.units();
        }
    }
    for (moved, mut told) in sums.into_values() {
        let posting = |((account, currency), units)| Posting { account, currency, amount: Amount::from_units(units) };
        told.postings = moved.into_iter().filter(|(_, units)| *units != 0).map(posting).collect();
        if told.postings.is_empty() {
            continue;
        }
        told.day = until.day();
        told.events.sort_unstable();
        told.events.dedup();
        // What was recorded since is why it differs; where a rule alone is, everything is behind it.
        let since: Vec<u64> = told.events.iter().copied().filter(|seq| *seq > at).collect();
        if !since.is_empty() {
            told.events = since;
        }
        posted.push(told);
    }
    posted
}
