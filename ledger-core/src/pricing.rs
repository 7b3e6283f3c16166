//! How offers are priced: by usage, by contract, not at all. What each way asks of an offer, and how AWS's terms tell it.
//!
//! Source: AWS Marketplace Catalog API, pricing models (`Contract`, `Usage`, `Free`) and terms; seller guide, private offers.

mod byol;
mod contract;
mod contract_with_consumption;
mod free;
mod free_trial;
mod subscription;
mod usage;

/// Every way there is, in the order in which terms are asked: the first that they tell is meant. A new one is a file and a line.
pub const PRICINGS: &[&dyn Pricing] = &[
    &free_trial::FreeTrial,
    &byol::Byol,
    &contract_with_consumption::ContractWithConsumption,
    &contract::Contract,
    &subscription::Subscription,
    &usage::Usage,
    &free::Free,
];

/// One way of pricing.
pub trait Pricing: Sync {
    /// Its name, as offers have it: `contract`.
    fn name(&self) -> &'static str;

    /// Whether AWS's terms tell it.
    fn is_told_by(&self, terms: &Terms<'_>) -> bool;

    /// Whether its price is fixed when it is offered: then the offer has a value and a currency.
    fn has_value(&self) -> bool {
        false
    }

    /// Whether it is a contract: then it may have a payment schedule, be priced in another currency than USD, and be replaced in mid-term.
    fn is_contract(&self) -> bool {
        false
    }
}

/// What AWS tells of the pricing of an offer.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// `Contract`, `Usage` or `Free`, where it is told.
    pub model: Option<&'a str>,
    /// The kinds of terms, those of an authorization without their `Resale`.
    pub kinds: &'a [String],
}

impl Terms<'_> {
    fn has(&self, kind: &str) -> bool {
        self.kinds.iter().any(|known| known == kind)
    }

    /// Whether something is paid for in advance.
    fn has_upfront(&self) -> bool {
        ["FixedUpfrontPricingTerm", "ConfigurableUpfrontPricingTerm", "PaymentScheduleTerm"].iter().any(|kind| self.has(kind))
    }

    /// Whether AWS calls it so, or calls it nothing.
    fn may_be(&self, model: &str) -> bool {
        self.model.is_none_or(|told| told == model)
    }
}

/// The way of a name.
pub fn named(name: &str) -> Option<&'static dyn Pricing> {
    PRICINGS.iter().copied().find(|pricing| pricing.name() == name)
}

/// The way that AWS's terms tell.
pub fn told_by(terms: &Terms<'_>) -> Option<&'static dyn Pricing> {
    PRICINGS.iter().copied().find(|pricing| pricing.is_told_by(terms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_tell_how_it_is_priced() {
        for (model, kinds, name) in [
            (Some("Contract"), &["ConfigurableUpfrontPricingTerm"][..], Some("contract")),
            (Some("Contract"), &["FixedUpfrontPricingTerm", "UsageBasedPricingTerm"], Some("contract-with-consumption")),
            (Some("Usage"), &["UsageBasedPricingTerm", "ConfigurableUpfrontPricingTerm"], Some("usage")),
            (Some("Usage"), &["UsageBasedPricingTerm", "RecurringPaymentTerm"], Some("subscription")),
            (Some("Free"), &["FreeTrialPricingTerm"], Some("free-trial")),
            (Some("Free"), &["ByolPricingTerm"], Some("byol")),
            (Some("Free"), &[], Some("free")),
            (None, &["PaymentScheduleTerm"], Some("contract")),
            (None, &["FixedUpfrontPricingTerm", "UsageBasedPricingTerm"], Some("contract-with-consumption")),
            (None, &["UsageBasedPricingTerm"], Some("usage")),
            (None, &["LegalTerm"], None),
            (Some("Auction"), &["UsageBasedPricingTerm"], None),
        ] {
            let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
            assert_eq!(told_by(&Terms { model, kinds: &kinds }).map(Pricing::name), name, "{model:?} {kinds:?}");
        }
    }

    #[test]
    fn names_are_found_and_are_each_one_ways() {
        for pricing in PRICINGS {
            assert_eq!(named(pricing.name()).map(Pricing::name), Some(pricing.name()));
            assert!(!pricing.is_contract() || pricing.has_value(), "{}", pricing.name());
        }
        assert!(named("auction").is_none());
    }
}
