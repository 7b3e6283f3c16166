//! What other projections post: credits that are applied to bills, shortfalls that are accrued. They know nothing of each other; here they meet.

use super::{Books, Rule, Transaction};
use crate::time::Instant;

pub(super) struct Others;

impl Rule for Others {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let asked = books.asked;
        let all = asked.others.iter().flat_map(|others| others.transactions(asked.party));
        all.filter(|transaction| asked.wants(Instant::midnight(transaction.day).micros())).collect()
    }
}
