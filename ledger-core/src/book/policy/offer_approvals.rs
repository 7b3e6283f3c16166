//! `offer-approvals`: who approves an offer before it is released, by its value and its risks.

use super::money_approvals::roles;
use super::threshold;
use crate::book::rules::Breaches;
use crate::problem::Code;

pub(in crate::book) const NAME: &str = "offer-approvals";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if threshold(parameter).is_none() && !parameter.starts_with("risk_") {
        let cure = "write currency and value, usd_100000, or a risk, risk_custom_eula";
        breaches.add(Code::E0203, field, parameter, "it is no threshold and no risk", cure);
    } else {
        roles(field, value, breaches);
    }
}
