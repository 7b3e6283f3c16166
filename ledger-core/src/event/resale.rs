//! Resale: who may sell whose product on, and at which wholesale price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AuthorizationId, ProductId};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// An ISV, or a distributor who holds an authorization itself, lets a partner offer a product to buyers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationGranted {
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
    /// The discount off the list price, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
    /// Who grants it.
    pub grantor: AccountId,
    /// How many offers may be made under it; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers_max: Option<u64>,
    /// The authorization it stands on, when the grantor is a distributor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AuthorizationId>,
    /// The product.
    pub product: ProductId,
    /// Who may resell.
    pub reseller: AccountId,
    /// The grantor's own instalments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<super::offer::Instalment>,
    /// The wholesale price, per dimension or term.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wholesale: Vec<WholesalePrice>,
}

/// The wholesale price of a dimension or term.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WholesalePrice {
    /// The price.
    pub amount: Amount,
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
