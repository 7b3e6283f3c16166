//! The deferral schedule as postings, a month at a time, where the policy `posting` asks for that.

use std::collections::{BTreeMap, BTreeSet};

use super::super::deferral::Share;
use super::account::{Account, Deferral};
use super::{Books, Posting, Rule, Transaction, What};
use crate::time::Instant;

pub(super) struct Release;

impl Rule for Release {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        if books.asked.presentation.deferral != Some(Deferral::Posted) {
            return Vec::new();
        }
        let state = books.state;
        let mut months: BTreeMap<(i64, u32), BTreeMap<Account, (i128, u32)>> = BTreeMap::new();
        for Share { spread, last, released, .. } in books.shares() {
            let Some(to) = spread.account.released_to() else { continue };
            let currency = state.line(spread.line).currency;
            let month = months.entry((last, spread.line)).or_default();
            // What was billed stands as a credit, what the ISV billed as a debit; the amount of a wholesale row is negative.
            month.entry(spread.account).or_insert((0, currency)).0 += released;
            month.entry(to).or_insert((0, currency)).0 -= released;
        }
        let events = books.billed_by();
        let told = |((last, line), sums): ((i64, u32), BTreeMap<Account, (i128, u32)>)| {
            let behind = sums.keys().filter_map(|account| events.get(&(line, *account))).flatten();
            let behind: BTreeSet<u64> = behind.filter(|(day, _)| *day <= last).map(|(_, seq)| *seq).collect();
            let postings: Vec<Posting> =
                sums.into_iter().filter_map(|(account, (units, currency))| books.posting(account, currency, units)).collect();
            let (on, moment) = (state.line(line), last * 86_400_000_000);
            let day = Instant::from_micros(moment).day();
            (!postings.is_empty() && books.asked.wants(moment)).then(|| Transaction {
                day,
                effective: day,
                what: What::Release,
                payee: None,
                invoice: state.texts.some(on.document),
                line: state.texts.some(on.item),
                agreement: None,
                payout: None,
                trace: None,
                events: behind.into_iter().collect(),
                postings,
            })
        };
        months.into_iter().filter_map(told).collect()
    }

    fn follows(&self) -> bool {
        true
    }
}
