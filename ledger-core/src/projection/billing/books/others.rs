//! What other projections post: credits that are applied to bills, shortfalls that are accrued. They know nothing of each other; here they meet.

use super::{Books, Rule, Transaction};

pub(super) struct Others;

impl Rule for Others {
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>> {
        let asked = &books.asked;
        let all = asked.others.iter().flat_map(|others| others.transactions(asked.party, asked.basis));
        all.filter(|transaction| asked.wants(crate::time::Instant::midnight(transaction.day).micros())).collect()
    }

    fn follows(&self) -> bool {
        true
    }
}
