//! Resale: who may sell whose product on, and at which wholesale price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AuthorizationId, ProductId};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// A resale authorization: an ISV, or a distributor who holds one itself, lets a partner offer a product to buyers. Whoever grants one tells
/// all of it; a document of AWS may tell a part, which is laid over what was told before.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationTerms {
    /// The authorization.
    pub authorization: AuthorizationId,
    /// The first moment at which it can no longer be used; open-ended when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_until: Option<Instant>,
    /// The only buyers it may be used for; everyone when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buyers: Vec<AccountId>,
    /// The currency that offers under it must be priced in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What it is for, in its owner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The discount off the list price, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
    /// The licence text that buyers are shown: as in [`OfferTerms`](super::offer::OfferTerms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eula: Option<String>,
    /// Who grants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantor: Option<AccountId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many offers may be made under it; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers_max: Option<u64>,
    /// The authorization it stands on, when the grantor is a distributor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AuthorizationId>,
    /// What the buyer had before, as AWS writes it, `AwsMarketplace Contract`: it marks a renewal, which has a listing fee of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_existing: Option<String>,
    /// `usage`, `subscription`, `contract`, … as in [`OfferTerms`](super::offer::OfferTerms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<String>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// Whose document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// Who may resell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller: Option<AccountId>,
    /// The grantor's own instalments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<super::offer::Instalment>,
    /// The wholesale price, per dimension or term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wholesale: Vec<Price>,
}

impl AuthorizationTerms {
    /// An authorization of which nothing is told yet.
    pub fn of(authorization: AuthorizationId) -> Self {
        Self {
            authorization,
            available_until: None,
            buyers: Vec::new(),
            currency: None,
            description: None,
            discount: None,
            eula: None,
            grantor: None,
            name: None,
            offers_max: None,
            parent: None,
            pre_existing: None,
            pricing: None,
            product: None,
            recipient: None,
            reseller: None,
            schedule: Vec::new(),
            wholesale: Vec::new(),
        }
    }
}

/// The price of a dimension or term.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price.
    pub amount: Amount,
    /// For a contract of this length, as AWS writes it: `P12M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// The dimension or term it is the price of.
    pub of: String,
}

/// No new offer may be made under an authorization. Offers already made keep their price.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRestricted {
    /// The authorization.
    pub authorization: AuthorizationId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
