//! Policies: rules of the house that hold from a date on. A new one is one file and one line.

pub(super) mod closing;
pub(super) mod cost_centres;
pub(in crate::book) mod edp_eligibility;
pub(super) mod listing_fees;
pub(super) mod money_approvals;
pub(super) mod offer_approvals;
pub(super) mod posting;
pub(super) mod private_marketplace;
pub(super) mod tolerances;

use super::rules::Breaches;
use crate::event::catalogue::PolicySet;
use crate::money::{Amount, Currency};

/// What a policy is called, and what its parameters may be.
struct Kind {
    name: &'static str,
    /// Whether it asks for second people: from the first such policy on, whatever governs needs one itself.
    governs: bool,
    /// Whether it counts only when a second person has signed it.
    signed: bool,
    /// Says what is wrong with one parameter: its field, its name, its value.
    check: fn(&str, &str, &str, &mut Breaches),
}

const KINDS: &[Kind] = &[
    Kind { name: closing::NAME, governs: false, signed: true, check: closing::check },
    Kind { name: cost_centres::NAME, governs: false, signed: false, check: cost_centres::check },
    Kind { name: edp_eligibility::NAME, governs: false, signed: false, check: edp_eligibility::check },
    Kind { name: listing_fees::NAME, governs: false, signed: false, check: listing_fees::check },
    Kind { name: money_approvals::NAME, governs: true, signed: false, check: money_approvals::check },
    Kind { name: offer_approvals::NAME, governs: true, signed: false, check: offer_approvals::check },
    Kind { name: posting::NAME, governs: false, signed: true, check: posting::check },
    Kind { name: private_marketplace::NAME, governs: false, signed: false, check: private_marketplace::check },
    Kind { name: tolerances::NAME, governs: false, signed: false, check: tolerances::check },
];

/// Whether a policy asks for second people.
pub(super) fn governs(policy: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == policy && kind.governs)
}

/// Whether a policy counts only when a second person has signed it.
pub(super) fn is_signed(policy: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == policy && kind.signed)
}

/// What is wrong with a policy that is to be set.
pub(super) fn set(set: &PolicySet, breaches: &mut Breaches) {
    let name = set.policy.as_str();
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    breaches.one_of("policy", Some(name), &names);
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else { return };
    for (parameter, value) in &set.parameters {
        (kind.check)(&format!("parameters.{parameter}"), parameter, value, breaches);
    }
}

/// `<currency>_<value>` of a parameter of an approval policy, such as `usd_100000`.
pub(super) fn threshold(parameter: &str) -> Option<(Currency, Amount)> {
    let (currency, value) = parameter.split_once('_')?;
    Some((currency.to_ascii_uppercase().parse().ok()?, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_documented() {
        let page = include_str!("../../../docs/formats/events.md");
        for kind in KINDS {
            assert!(page.contains(&format!("\n| `{}` | ", kind.name)), "{}", kind.name);
        }
    }
}
