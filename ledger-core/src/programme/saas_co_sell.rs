//! SaaS Co-Sell Benefit, a part of ISV Accelerate: a deal retires quota of AWS's sellers. No partner and no buyer ever has a balance of it.

use super::{Deal, Programme};

pub(super) struct SaasCoSell;

impl Programme for SaasCoSell {
    fn name(&self) -> &'static str {
        "saas-co-sell"
    }

    fn title(&self) -> &'static str {
        "SaaS Co-Sell Benefit"
    }

    fn fits(&self, deal: &Deal) -> Option<String> {
        (deal.is_saas && deal.enrolled.contains("isv-accelerate")).then(|| "SaaS of an ISV in ISV Accelerate".to_owned())
    }

    fn keeps_balance(&self) -> bool {
        false
    }
}
