//! The buyer brings a licence that was bought elsewhere.

use super::{Pricing, Terms};

pub(super) struct Byol;

impl Pricing for Byol {
    fn name(&self) -> &'static str {
        "byol"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        terms.has("ByolPricingTerm") && terms.may_be("Free") && !terms.has_upfront() && !terms.has("UsageBasedPricingTerm")
    }
}
