//! ISV Workload Migration Program: credits for a workload that is moved to a SaaS on AWS, of the first year's recurring revenue.

use super::{Deal, OUTSIDE, Programme, Told};
use crate::money::{Amount, Currency};

pub(super) struct Wmp;

impl Programme for Wmp {
    fn name(&self) -> &'static str {
        "wmp"
    }

    fn title(&self) -> &'static str {
        "WMP"
    }

    /// Only an opportunity tells where a workload comes from.
    fn fits(&self, deal: &Deal) -> Option<String> {
        let from = deal.opportunity.as_ref()?.from.as_deref().filter(|from| OUTSIDE.contains(from))?;
        deal.is_saas.then(|| format!("SaaS for a workload from {from}"))
    }

    /// A stated fact, with its document: a contract does not tell what recurs.
    fn base(&self, told: &Told<'_>) -> Option<(Amount, Currency)> {
        told.first_year_arr
    }
}
