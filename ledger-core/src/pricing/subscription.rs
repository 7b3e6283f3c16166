//! Paid again in every period until it is ended.

use super::{Pricing, Terms};

pub(super) struct Subscription;

impl Pricing for Subscription {
    fn name(&self) -> &'static str {
        "subscription"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        terms.may_be("Usage") && terms.has("RecurringPaymentTerm")
    }

    fn has_value(&self) -> bool {
        true
    }
}
