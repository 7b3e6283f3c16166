//! Beancount, as its language reference has it. Nothing is tolerated: a transaction must balance, and an account must stand, to the last digit.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::billing::books::Transaction;

use super::ledgers::{Form, Said, plain};

pub(super) struct Beancount;

/// A text between quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('\\', "\\\\").replace('"', "\\\""))
}

impl Form for Beancount {
    fn begin(&self, currencies: &BTreeSet<Currency>, accounts: &BTreeSet<&'static str>, first: NaiveDate, out: &mut String) {
        // Beancount infers from the digits of a transaction how much it may be off. It may not be off.
        out.push_str("option \"tolerance_multiplier\" \"0\"\n");
        currencies.iter().for_each(|currency| _ = writeln!(out, "option \"operating_currency\" \"{currency}\""));
        out.push('\n');
        currencies.iter().for_each(|currency| _ = writeln!(out, "{first} commodity {currency}"));
        accounts.iter().for_each(|account| _ = writeln!(out, "{first} open {account}"));
    }

    fn transaction(&self, transaction: &Transaction<'_>, said: &Said, out: &mut String) {
        let payee = transaction.payee.as_deref().map(|payee| format!("{} ", quoted(payee))).unwrap_or_default();
        _ = writeln!(out, "{} * {payee}{}", transaction.day, quoted(&said.narration));
        said.facts.iter().for_each(|(name, fact)| _ = writeln!(out, "  {name}: {}", quoted(fact)));
        for posting in &transaction.postings {
            _ = writeln!(
                out,
                "  {:<40} {:>20} {}",
                posting.account,
                posting.amount.in_units_of(posting.currency).to_string(),
                posting.currency
            );
        }
    }

    fn assertion(&self, day: NaiveDate, accounts: &[(&'static str, Currency, Amount)], out: &mut String) {
        // A balance is that of the morning.
        let morning = day.checked_add_days(Days::new(1)).unwrap_or(day);
        for (account, currency, amount) in accounts {
            _ = writeln!(out, "{morning} balance {account:<40} {:>20} ~ 0 {currency}", amount.in_units_of(*currency).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_text_is_escaped() {
        assert_eq!(quoted("Duskwood \"Cloud\" \\ SAS;\n東京"), "\"Duskwood \\\"Cloud\\\" \\\\ SAS; 東京\"");
    }
}
