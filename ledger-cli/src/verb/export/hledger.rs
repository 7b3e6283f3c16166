//! hledger, as its manual has journals. Amounts are compared at the digits of the commodity directive, of which there are as many as an amount can
//! have; assertions are exact by themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::NaiveDate;
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::billing::books::Transaction;

use super::ledgers::{Form, Said, plain};

pub(super) struct Hledger;

/// A text in a description. A semicolon begins a comment and a bar ends the payee: neither can be escaped.
fn described(text: &str) -> String {
    plain(text).replace(';', ",").replace('|', "/")
}

/// A text in a tag, which a comma ends.
fn tagged(text: &str) -> String {
    plain(text).replace(',', " ")
}

impl Form for Hledger {
    fn begin(&self, currencies: &BTreeSet<Currency>, accounts: &BTreeSet<&'static str>, _: NaiveDate, out: &mut String) {
        currencies.iter().for_each(|currency| _ = writeln!(out, "commodity 1000.00000000 {currency}"));
        accounts.iter().for_each(|account| _ = writeln!(out, "account {account}"));
    }

    fn transaction(&self, transaction: &Transaction<'_>, said: &Said, out: &mut String) {
        let payee = transaction.payee.as_deref().map(|payee| format!("{} | ", described(payee))).unwrap_or_default();
        // A code, also an empty one, keeps a bracket in a name from being one.
        let code = transaction.events.first().map(|seq| format!("#{seq}")).unwrap_or_default();
        _ = writeln!(out, "{} * ({code}) {payee}{}", transaction.day, described(&said.narration));
        said.facts.iter().for_each(|(name, fact)| _ = writeln!(out, "    ; {name}: {}", tagged(fact)));
        for posting in &transaction.postings {
            _ = writeln!(
                out,
                "    {:<40}  {:>20} {}",
                posting.account,
                posting.amount.in_units_of(posting.currency).to_string(),
                posting.currency
            );
        }
    }

    fn assertion(&self, day: NaiveDate, accounts: &[(&'static str, Currency, Amount)], out: &mut String) {
        _ = writeln!(out, "{day} * () what the payouts tell");
        for (account, currency, amount) in accounts {
            _ = writeln!(out, "    {account:<40}  0 {currency} =* {:>20} {currency}", amount.in_units_of(*currency).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_text_is_replaced() {
        assert_eq!(described("(A; B) | C\n東京"), "(A, B) / C 東京");
        assert_eq!(tagged("a,b"), "a b");
    }
}
