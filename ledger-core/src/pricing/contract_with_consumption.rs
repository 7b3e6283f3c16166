//! Paid in advance for a time, and what is used beyond it by the month.

use super::{Pricing, Terms};

pub(super) struct ContractWithConsumption;

impl Pricing for ContractWithConsumption {
    fn name(&self) -> &'static str {
        "contract-with-consumption"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        let is_contract = terms.model == Some("Contract") || terms.model.is_none() && terms.has_upfront();
        is_contract && terms.has("UsageBasedPricingTerm")
    }

    fn has_value(&self) -> bool {
        true
    }

    fn is_contract(&self) -> bool {
        true
    }
}
