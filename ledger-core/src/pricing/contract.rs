//! Paid in advance for a time.

use super::{Pricing, Terms};

pub(super) struct Contract;

impl Pricing for Contract {
    fn name(&self) -> &'static str {
        "contract"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        terms.model == Some("Contract") || terms.model.is_none() && terms.has_upfront()
    }

    fn has_value(&self) -> bool {
        true
    }

    fn is_contract(&self) -> bool {
        true
    }
}
