//! `money-approvals`: who approves money that is recorded by hand, by its amount.

use super::threshold;
use crate::book::rules::Breaches;
use crate::problem::Code;

pub(in crate::book) const NAME: &str = "money-approvals";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if threshold(parameter).is_none() {
        breaches.add(Code::E0203, field, parameter, "it is no threshold", "write currency and value: usd_100000");
    } else {
        roles(field, value, breaches);
    }
}

/// The roles of an approval policy, with commas between them.
pub(super) fn roles(field: &str, value: &str, breaches: &mut Breaches) {
    if value.split(',').any(|role| role.trim().is_empty()) {
        breaches.add(Code::E0201, field, value, "a role is empty", "write the roles with commas between them: finance,legal");
    }
}
