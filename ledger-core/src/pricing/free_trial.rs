//! Free for a time.

use super::{Pricing, Terms};

pub(super) struct FreeTrial;

impl Pricing for FreeTrial {
    fn name(&self) -> &'static str {
        "free-trial"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        let is_all = terms.kinds.iter().filter(|kind| kind.ends_with("PricingTerm")).count() == 1;
        terms.has("FreeTrialPricingTerm") && (terms.model == Some("Free") || terms.model.is_none() && is_all)
    }
}
