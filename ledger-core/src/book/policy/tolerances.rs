//! `tolerances`: which differences between a statement and the ledger are no break.
//!
//! `usd_line=0.05` is for a line, `usd_period=10.00` for all lines of a month together, signs aside; `days=5` says how many of the last days of a
//! month may be under way when it is over.

use crate::book::Book;
use crate::book::rules::Breaches;
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::reconcile::{Tolerance, Tolerances};
use crate::time::Instant;

pub(in crate::book) const NAME: &str = "tolerances";

const DAYS: &str = "days";
/// No month has more.
const MOST_DAYS: u32 = 31;

/// `usd_line`, `usd_period`.
fn of_currency(parameter: &str) -> Option<(Currency, &str)> {
    let (currency, of) = parameter.split_once('_')?;
    Some((currency.to_ascii_uppercase().parse().ok()?, of)).filter(|(_, of)| ["line", "period"].contains(of))
}

fn amount(value: &str) -> Option<Amount> {
    value.parse().ok().filter(|amount: &Amount| !amount.is_negative())
}

fn days(value: &str) -> Option<u32> {
    value.parse().ok().filter(|days| *days <= MOST_DAYS)
}

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    let fits = if parameter == DAYS { days(value).is_some() } else { of_currency(parameter).is_some() && amount(value).is_some() };
    if !fits {
        let cure = "usd_line=0.05 for a line, usd_period=10.00 for a month, days=5 for what is under way";
        breaches.add(Code::E0203, field, format!("{parameter}={value}"), "it is no tolerance", cure);
    }
}

impl Book {
    /// What is tolerated at a moment, as far as was known at a position. Without a policy, nothing.
    pub fn tolerances(&self, at: Instant, known_at: u64) -> Tolerances {
        let Some(policy) = self.policy_by(NAME, at, known_at) else { return Tolerances::default() };
        let told = |currency: Currency, of: &str| {
            let wanted = |(parameter, _): &(&String, &String)| of_currency(parameter) == Some((currency, of));
            policy.parameters.iter().find(wanted).and_then(|(_, value)| amount(value))
        };
        let currencies = policy.parameters.keys().filter_map(|parameter| of_currency(parameter)).map(|(currency, _)| currency);
        // What is said of a line alone has no limit in total but that of a line.
        let tolerance = |currency| {
            let line = told(currency, "line")?;
            Some((currency, Tolerance { line, period: told(currency, "period").unwrap_or(line) }))
        };
        Tolerances {
            by_currency: currencies.filter_map(tolerance).collect(),
            days: policy.parameters.get(DAYS).and_then(|value| days(value)).unwrap_or(0),
            policy: Some(policy.seq),
        }
    }
}
