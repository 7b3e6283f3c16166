//! A payout that was sent, or came back: in transit until the bank has it.

use super::super::table::NONE;
use super::account::Account;
use super::rows::{day_number, day_of};
use super::{Books, Posting, Rule, Transaction, What};

pub(super) struct Headers;

impl Rule for Headers {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let state = books.state;
        let posted = |header: &super::super::Header| books.asked.posted(header.effective, header.seq);
        let mut own: Vec<_> = state
            .headers_known(books.asked.basis)
            .filter(|header| state.payouts.rows[header.payout as usize][0] == books.party && books.asked.wants(posted(header)))
            .collect();
        let key = |header: &super::super::Header| (header.payout, [header.effective, posted(header)].map(day_number), header.failed);
        own.sort_by_key(|header| (key(header), header.seq));
        let group = |headers: &[super::super::Header]| {
            // What is said differently now is taken away, and stands beside what is said instead.
            let mut sums: Vec<(u32, i128)> = Vec::new();
            for header in headers {
                let paid = if header.minus { -header.paid } else { header.paid };
                match sums.iter_mut().find(|known| known.0 == header.paid_currency) {
                    Some(known) => known.1 += paid,
                    None => sums.push((header.paid_currency, paid)),
                }
            }
            let both = |(currency, paid): (u32, i128)| {
                [books.posting(Account::InTransit, currency, paid), books.posting(Account::Unmatched, currency, -paid)]
            };
            let postings: Vec<Posting> = sums.into_iter().flat_map(both).flatten().collect();
            // Of a payout whose month is closed there may be only what takes it away: what it says instead is of another day.
            let last = headers.iter().rfind(|header| !header.minus).or(headers.last())?;
            (!postings.is_empty()).then(|| Transaction {
                day: day_of(day_number(posted(last))),
                effective: day_of(day_number(last.effective)),
                what: if last.failed { What::PayoutFailed } else { What::Payout },
                payee: Some("AWS".to_owned()),
                invoice: None,
                line: None,
                agreement: None,
                payout: (last.payout != NONE).then(|| state.payout_id(last.payout).1),
                trace: state.texts.some(last.trace),
                events: headers.iter().map(|header| header.seq).collect(),
                postings,
            })
        };
        own.chunk_by(|one, other| key(one) == key(other)).filter_map(group).collect()
    }

    fn posts_by_position(&self) -> bool {
        true
    }
}
