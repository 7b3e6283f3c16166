//! `cost-centres`: which cost centre a buyer's account belongs to.

use crate::book::rules::Breaches;
use crate::id::AccountId;
use crate::problem::Code;

pub(in crate::book) const NAME: &str = "cost-centres";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if parameter.parse::<AccountId>().is_err() {
        breaches.add(Code::E0215, field, parameter, "it is no AWS account", "name the buyer's account by its 12 digits");
    } else if value.trim().is_empty() {
        breaches.add(Code::E0201, field, value, "a cost centre is empty", "name the cost centre, or leave the account out");
    }
}
