//! Who and what: parties, products, templates and policies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Extra;
use crate::id::{AccountId, AddressId, FeedAccountId, ProductId, Reference};
use crate::time::Instant;

/// An account, as one recipient's feeds name it. Tax numbers are never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRegistered {
    /// The opaque id.
    pub account: FeedAccountId,
    /// The AWS account behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_account: Option<AccountId>,
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The id that metering uses for a buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_account: Option<Reference>,
    /// Its name for tax purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<String>,
    /// Where its post goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailing_address: Option<AddressId>,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// Where it is taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_address: Option<AddressId>,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// An address: company, country and state. Streets, cities, postal codes and e-mail domains are never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyLocated {
    /// The opaque id.
    pub address: AddressId,
    /// The AWS account that lives there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_account: Option<AccountId>,
    /// The company's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The country, as two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// The state or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductListed {
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The code that metering and entitlements use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Reference>,
    /// How it is delivered, as an offer's `delivery`; only documents tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// The ISV that owns it, as the recipient's feeds name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<FeedAccountId>,
    /// The ISV that owns it, as an AWS account; only documents tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer_account: Option<AccountId>,
    /// The product.
    pub product: ProductId,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// A designation was given to a product or taken from it, on the entry's effective date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductDesignated {
    /// Which one, such as `deployed-on-aws`.
    pub designation: String,
    /// Whether the product has it from then on.
    pub holds: bool,
    /// The product.
    pub product: ProductId,
}

/// An older id and the one that replaced it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdMapped {
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// What is named: `PRODUCT` or `OFFER`, or what AWS adds.
    pub kind: String,
    /// The older id.
    pub legacy: Reference,
    /// The one that replaced it.
    pub new: Reference,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// A text or pattern that offers are drafted from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateSaved {
    /// What it fills in, by field.
    pub fields: BTreeMap<String, String>,
    /// `eula`, `pricing`, `schedule` or `approval`.
    pub kind: String,
    /// Its name.
    pub template: Reference,
}

/// A rule that holds from the entry's effective date on, until the policy is set again. Its parameters are text: the reader of the policy
/// knows their grammar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Which one, such as `listing-fees`.
    pub policy: Reference,
}
