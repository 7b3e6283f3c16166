//! Paid by what is used.

use super::{Pricing, Terms};

pub(super) struct Usage;

impl Pricing for Usage {
    fn name(&self) -> &'static str {
        "usage"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        terms.model == Some("Usage") || terms.model.is_none() && terms.has("UsageBasedPricingTerm")
    }
}
