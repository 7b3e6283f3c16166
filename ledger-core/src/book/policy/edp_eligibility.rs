//! `edp-eligibility`: which Marketplace purchases retire commitments whose contracts do not say so themselves.
//!
//! A parameter is a kind of product, `saas`, `machine_learning`, or `any`; its value is how many per cent count, and under which conditions:
//! `100`, `100 if deployed-on-aws`, `100 if deployed-on-aws by acceptance`.

use crate::book::rules::{Breaches, DELIVERY};
use crate::commitment::DEPLOYED_ON_AWS;
use crate::event::commitment::Eligibility;
use crate::money::Amount;
use crate::problem::Code;
use crate::time::Instant;

pub(in crate::book) const NAME: &str = "edp-eligibility";

/// Reads a parameter; `from` is when the policy took effect.
pub(in crate::book) fn read(parameter: &str, value: &str, from: Instant) -> Option<Eligibility> {
    let product_type = parameter.replace('_', "-");
    let mut words = value.split_whitespace().peekable();
    let counts: Amount = words.next()?.parse().ok()?;
    let deployed_on_aws = words.next_if_eq(&"if").is_some();
    if deployed_on_aws && words.next() != Some(DEPLOYED_ON_AWS) {
        return None;
    }
    let test = match (words.next(), words.next(), words.next()) {
        (None, None, None) => "invoice",
        (Some("by"), Some(test @ ("invoice" | "acceptance")), None) => test,
        _ => return None,
    };
    let known = product_type == "any" || DELIVERY.contains(&product_type.as_str());
    (known && is_percent(counts)).then(|| Eligibility { counts, deployed_on_aws, from, product_type, test: test.to_owned() })
}

/// Whether it lies between nothing and all of it.
pub(in crate::book) fn is_percent(percent: Amount) -> bool {
    !percent.is_negative() && percent <= Amount::from_units(100 * 100_000_000)
}

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if read(parameter, value, Instant::from_micros(0)).is_none() {
        let cure = "a kind of product and how much of it counts: saas=100 if deployed-on-aws, any=0, ami=100 by acceptance";
        breaches.add(Code::E0203, field, format!("{parameter}={value}"), "it is no rule of eligibility", cure);
    }
}
