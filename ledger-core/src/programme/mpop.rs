//! Marketplace Private Offer Promotion: credits to the buyer of a private offer, of its total contract value.

use super::{Deal, Programme, Told};
use crate::money::{Amount, Currency};

pub(super) struct Mpop;

impl Programme for Mpop {
    fn name(&self) -> &'static str {
        "mpop"
    }

    fn title(&self) -> &'static str {
        "MPOP"
    }

    fn fits(&self, deal: &Deal) -> Option<String> {
        let (value, currency) = deal.value.filter(|(value, _)| !value.is_zero())?;
        deal.is_private.then(|| format!("a private offer worth {value} {currency}"))
    }

    fn base(&self, told: &Told<'_>) -> Option<(Amount, Currency)> {
        told.deal?.value
    }
}
