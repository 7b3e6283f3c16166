//! `closing`: how much may be open when a month is closed, and how much one person may accept alone.
//!
//! `usd_open=100.00` is for all open breaks of a month together, signs aside; `usd_alone=10.00` for one difference that is accepted. Of a currency
//! that is not named, nothing. `files_missing=2` is for the monthly files of feeds up to that month together; without it none may be missing.
//! It counts when a second person has signed it: nobody loosens alone what takes two.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::book::rules::Breaches;
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::time::Instant;

pub(in crate::book) const NAME: &str = "closing";

fn read(parameter: &str, value: &str) -> Option<(Currency, String, Amount)> {
    let (currency, of) = parameter.split_once('_')?;
    let amount: Amount = value.parse().ok()?;
    let fits = ["open", "alone"].contains(&of) && !amount.is_negative();
    fits.then_some((currency.to_ascii_uppercase().parse().ok()?, of.to_owned(), amount))
}

/// The monthly files that may be missing.
const FILES: &str = "files_missing";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    let fits = if parameter == FILES { value.parse::<u32>().is_ok() } else { read(parameter, value).is_some() };
    if !fits {
        let cure = "usd_open=100.00 for what may be open at a close, usd_alone=10.00 for what one person may accept, files_missing=2";
        breaches.add(Code::E0203, field, format!("{parameter}={value}"), "it is no limit of a close", cure);
    }
}

impl Book {
    fn limit(&self, of: &str, currency: Currency, at: Instant, known_at: u64) -> Amount {
        let told =
            |(parameter, value): (&String, &String)| read(parameter, value).filter(|(known, what, _)| *known == currency && what == of);
        let policy = self.policy_by(NAME, at, known_at);
        policy.and_then(|policy| policy.parameters.iter().find_map(told)).map_or(Amount::ZERO, |(.., amount)| amount)
    }

    /// How much may be open in a currency when a month is closed, as far as was known at a position.
    pub fn may_be_open(&self, currency: Currency, at: Instant, known_at: u64) -> Amount {
        self.limit("open", currency, at, known_at)
    }

    /// How much of a difference one person may accept alone, as far as was known at a position.
    pub fn may_accept_alone(&self, currency: Currency, at: Instant, known_at: u64) -> Amount {
        self.limit("alone", currency, at, known_at)
    }

    /// How many monthly files of feeds may be missing when a month is closed, as far as was known at a position.
    pub fn may_be_missing(&self, at: Instant, known_at: u64) -> usize {
        self.policy_by(NAME, at, known_at).and_then(|policy| policy.parameters.get(FILES)?.parse().ok()).unwrap_or_default()
    }

    /// Where the policies that a close rests on were set.
    pub fn policies_of_close(&self, at: Instant, known_at: u64) -> BTreeMap<String, u64> {
        let names = [NAME, super::tolerances::NAME, super::posting::NAME, super::listing_fees::NAME];
        names.iter().filter_map(|name| Some((name.replace('-', "_"), self.policy_by(name, at, known_at)?.seq))).collect()
    }
}
