//! Terms as the Catalog and the Agreement API write them. Source: AWS Marketplace Catalog API, offers and resale authorizations; Agreement API,
//! `AcceptedTerm`.

use super::Node;
use crate::event::offer::Instalment;
use crate::event::resale::Price;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::pricing;
use crate::time::Instant;

/// What the terms of an offer, an authorization or an agreement say together.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub(super) buyers: Vec<AccountId>,
    pub(super) currency: Option<Currency>,
    pub(super) duration: Option<String>,
    pub(super) ends_at: Option<Instant>,
    pub(super) eula: Option<String>,
    /// The fixed price, without the instalments.
    fixed: Option<Amount>,
    kinds: Vec<String>,
    model: Option<String>,
    pub(super) prices: Vec<Price>,
    pub(super) schedule: Vec<Instalment>,
    pub(super) starts_at: Option<Instant>,
}

impl Terms {
    /// Takes in a pricing model: `Contract`, `Usage` or `Free`.
    pub(super) fn model(&mut self, model: Option<String>) {
        self.model = model.or(self.model.take());
    }

    /// Takes in one term. A term of a kind that has no use here is counted.
    pub(super) fn take(&mut self, term: &Node<'_>) {
        let Some(kind) = term.needed("Type").and_then(|kind| kind.text()) else { return };
        let plain = kind.strip_prefix("Resale").unwrap_or(&kind);
        self.currency = term.get("CurrencyCode").and_then(|code| code.currency()).or(self.currency);
        match plain {
            "FixedUpfrontPricingTerm" => {
                self.fixed = term.get("Price").and_then(|price| price.amount());
                self.duration = term.text_of("Duration").or(self.duration.take());
                let of = |grant: Node<'_>| grant.text_of("DimensionKey");
                let grants: Vec<String> = term.items("Grants").into_iter().filter_map(of).collect();
                let of = if grants.is_empty() { plain.to_owned() } else { grants.join(" + ") };
                self.prices.extend(self.fixed.map(|amount| Price { amount, duration: term.text_of("Duration"), of }));
            }
            "ConfigurableUpfrontPricingTerm" | "UsageBasedPricingTerm" => term.items("RateCards").iter().for_each(|card| self.card(card)),
            "RecurringPaymentTerm" => {
                let price = term.get("Price").and_then(|price| price.amount());
                self.prices.extend(price.map(|amount| Price { amount, duration: term.text_of("BillingPeriod"), of: plain.to_owned() }));
            }
            "PaymentScheduleTerm" => {
                for instalment in term.items("Schedule") {
                    let charged_at = instalment.needed("ChargeDate").and_then(|date| date.moment());
                    let amount = instalment.needed("ChargeAmount").and_then(|amount| amount.amount());
                    self.schedule.extend(charged_at.zip(amount).map(|(charged_at, amount)| Instalment { amount, charged_at }));
                }
                self.schedule.sort_by_key(|instalment| instalment.charged_at);
            }
            "ValidityTerm" => {
                self.duration = term.text_of("AgreementDuration").or(self.duration.take());
                self.starts_at = term.moment_of("AgreementStartDate").or(self.starts_at);
                self.ends_at = term.get("AgreementEndDate").and_then(|date| date.after()).or(self.ends_at);
            }
            "LegalTerm" | "BuyerLegalTerm" if plain == kind => self.eula = term.items("Documents").iter().find_map(eula),
            "BuyerTargetingTerm" => self.buyers = term.get("PositiveTargeting").map(|targets| accounts(&targets)).unwrap_or_default(),
            "FreeTrialPricingTerm" | "ByolPricingTerm" => (),
            _ => term.page.drop(&kind),
        }
        self.kinds.push(plain.to_owned());
    }

    fn card(&mut self, card: &Node<'_>) {
        let duration = card.get("Selector").and_then(|selector| selector.text_of("Value"));
        for rate in card.items("RateCard") {
            let of = rate.needed("DimensionKey").and_then(|key| key.text());
            let amount = rate.needed("Price").and_then(|price| price.amount());
            self.prices.extend(of.zip(amount).map(|(of, amount)| Price { amount, duration: duration.clone(), of }));
        }
    }

    /// How it is priced, in our words; in AWS's, where we have none for it.
    pub(super) fn pricing(&self) -> Option<String> {
        let told = pricing::told_by(&pricing::Terms { model: self.model.as_deref(), kinds: &self.kinds });
        told.map(|pricing| pricing.name().to_owned()).or_else(|| self.model.clone())
    }

    /// The total contract value, where the terms fix it: the fixed price and all instalments. What a buyer chooses from a rate card is not
    /// known before it is chosen.
    pub(super) fn value(&self) -> Option<Amount> {
        if self.fixed.is_none() && self.schedule.is_empty() {
            return None;
        }
        let instalments: i128 = self.schedule.iter().map(|instalment| instalment.amount.units()).sum();
        Some(Amount::from_units(self.fixed.map_or(0, Amount::units) + instalments))
    }
}

/// The licence text: `standard:` and its version, or `custom:` and where AWS keeps it.
fn eula(document: &Node<'_>) -> Option<String> {
    let kind = document.text_of("Type")?;
    Some(match kind.as_str() {
        "StandardEula" => format!("standard:{}", document.text_of("Version").unwrap_or_else(|| "unversioned".to_owned())),
        "CustomEula" => format!("custom:{}", document.text_of("Url")?),
        _ => kind,
    })
}

/// The buyers of a targeting: account ids, or objects that hold one.
pub(super) fn accounts(targeting: &Node<'_>) -> Vec<AccountId> {
    let account = |item: Node<'_>| item.get("AwsAccountId").unwrap_or(item).account();
    let mut accounts: Vec<AccountId> = match targeting.get("BuyerAccounts") {
        // A template puts one text where AWS has a list.
        Some(one) if one.value.is_string() => one.account().into_iter().collect(),
        _ => targeting.items("BuyerAccounts").into_iter().filter_map(account).collect(),
    };
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}
