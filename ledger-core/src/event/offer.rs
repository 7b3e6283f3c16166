//! Offers: terms before they are accepted.

use chrono::{Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Extra;
use super::resale::Price;
use crate::id::{AccountId, Actor, AgreementId, AuthorizationId, FeedAccountId, OfferId, ProductId, Reference};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// The terms of an offer, drafted or released. A feed tells only some of them, and a document of AWS a part, which is laid over what was told
/// before; a person who records a deal tells them all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferTerms {
    /// The resale authorization it stands on, when it is a channel partner's. The feeds call it an opportunity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<AuthorizationId>,
    /// What the authorization is for, in its owner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_description: Option<String>,
    /// The authorization's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_name: Option<String>,
    /// The only buyers it is made to, as AWS accounts; everyone when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buyers: Vec<AccountId>,
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// Where the purchase is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<Reference>,
    /// The customer relationship system's name for the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<Reference>,
    /// The currency it is priced in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How the product is delivered: `ami`, `container`, `saas`, `machine-learning`, `professional-services` or `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// How long the contract lasts, as AWS writes it, `P12M` or `P365D`, when that is told instead of its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// The first moment after the contract's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// The licence text: `standard` with its version, or the digest of a custom one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eula: Option<String>,
    /// The first moment at which it can no longer be accepted; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// What the same would cost at the list price, for the depth of the discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_value: Option<Amount>,
    /// What a channel partner adds to the wholesale price, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markup: Option<Amount>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The offer.
    pub offer: OfferId,
    /// The set of offers that are accepted in one action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_set: Option<Reference>,
    /// What the buyer had before, as AWS writes it, `AwsMarketplace Contract`: it marks a renewal, which has a listing fee of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_existing: Option<String>,
    /// What single dimensions or terms cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// How it is priced: the name of one of [`PRICINGS`](crate::pricing::PRICINGS), such as `contract`; of a document, whatever AWS calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<String>,
    /// What is offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductId>,
    /// The programmes that it is made under: `mpop`, `wmp`, `isv-accelerate`, `list-and-sell`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programmes: Vec<String>,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The recipient as its own feed names the account; another seller than this one means a channel deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_account: Option<FeedAccountId>,
    /// The agreement that it renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<AgreementId>,
    /// The agreement that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<AgreementId>,
    /// The revision, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What in it somebody should look at, by the names of the approval form's risks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// The instalments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<Instalment>,
    /// The market segment, for comparing offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The seller of record, as an AWS account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<AccountId>,
    /// The seller of record, as the recipient's feeds name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_account: Option<FeedAccountId>,
    /// When the contract starts, when that is not on acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Instant>,
    /// Since when this version holds, for a feed's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
    /// The total contract value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

impl OfferTerms {
    /// An offer of which nothing is told yet.
    pub fn of(offer: OfferId) -> Self {
        Self {
            authorization: None,
            authorization_description: None,
            authorization_name: None,
            buyers: Vec::new(),
            catalog: None,
            cost_centre: None,
            crm: None,
            currency: None,
            delivery: None,
            duration: None,
            ends_at: None,
            eula: None,
            expires_at: None,
            extra: Extra::new(),
            list_value: None,
            markup: None,
            name: None,
            offer,
            offer_set: None,
            pre_existing: None,
            prices: Vec::new(),
            pricing: None,
            products: Vec::new(),
            programmes: Vec::new(),
            recipient: None,
            recipient_account: None,
            renews: None,
            replaces: None,
            revision: None,
            risks: Vec::new(),
            schedule: Vec::new(),
            segment: None,
            seller: None,
            seller_account: None,
            starts_at: None,
            valid_from: None,
            value: None,
        }
    }
}

/// One instalment of a payment schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instalment {
    /// How much.
    pub amount: Amount,
    /// When it is charged.
    pub charged_at: Instant,
}

impl Instalment {
    /// As many instalments as are wanted, so many months apart, that come to a value exactly. A day that a month does not have is its last.
    /// Nothing when there are none, or when a day lies beyond the calendar.
    pub fn equal(value: Amount, currency: Currency, count: u32, first: NaiveDate, months: u32) -> Option<Vec<Self>> {
        let day = |number: u32| first.checked_add_months(Months::new(number.checked_mul(months)?));
        let amounts = crate::money::allocate(value, count, currency)?;
        let each = |(number, amount)| Some(Self { amount, charged_at: Instant::midnight(day(number)?) });
        (0..count).zip(amounts).map(each).collect::<Option<Vec<_>>>().filter(|schedule| !schedule.is_empty())
    }
}

/// A step in the life of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferStep {
    /// Who approves or rejects it, where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// A remark, or the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The offer.
    pub offer: OfferId,
    /// In which role the approval is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A product belongs to a revision of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferProductAdded {
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// The offer.
    pub offer: OfferId,
    /// The product.
    pub product: ProductId,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The offer's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Since when this version holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
}

/// A revision of an offer is shown to, or kept from, an account, a programme's members or a country.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferTargeted {
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// `BuyerAccounts`, `ParticipatingPrograms`, `CountryCodes`, or what AWS adds.
    pub kind: String,
    /// The offer.
    pub offer: OfferId,
    /// `PositiveTargeting`, or what AWS adds.
    pub polarity: String,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The offer's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The feed's id of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Reference>,
    /// Since when this version holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
    /// The account, programme or country.
    pub value: String,
}

/// The date until which an offer can be accepted was changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferAvailabilityChanged {
    /// The first moment at which it can no longer be accepted; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// The offer.
    pub offer: OfferId,
}

/// Offers that are accepted in one action, each of which makes an agreement of its own. A document of AWS may tell a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferSetTerms {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The set.
    pub offer_set: Reference,
    /// The offers that are put into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<OfferId>,
    /// Whose document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The offers that are taken out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<OfferId>,
    /// The solution that bundles their products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution: Option<Reference>,
}
