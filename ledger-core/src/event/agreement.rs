//! Agreements: accepted offers, their revisions, terms and planned instalments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Extra;
use crate::id::{AccountId, AgreementId, FeedAccountId, OfferId, Reference, TermId, open_enum};
use crate::money::{Amount, Currency};
use crate::time::Instant;

open_enum! {
    /// Where an agreement, or a revision of one, stands.
    Status {
        /// Some or all terms are in force, or will be.
        Active = "ACTIVE",
        /// Ended before its end date by the acceptor.
        Cancelled = "CANCELLED",
        /// Reached its end date.
        Expired = "EXPIRED",
        /// Renewed into a new agreement.
        Renewed = "RENEWED",
        /// Superseded by the acceptance of a replacement.
        Replaced = "REPLACED",
        /// Ended early by AWS.
        Terminated = "TERMINATED",
        /// Ended for a reason that is not told.
        Archived = "ARCHIVED",
        /// A revision that was undone: an earlier one is in force again.
        RolledBack = "ROLLED_BACK",
        /// A revision that another one has replaced.
        Superseded = "SUPERSEDED",
    }
}

/// An agreement as it was accepted or amended, or a revision of it as a feed delivers it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementTerms {
    /// When the offer was accepted; may be back-dated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Instant>,
    /// The buyer, as an AWS account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptor: Option<AccountId>,
    /// The buyer, as the recipient's feeds name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptor_account: Option<FeedAccountId>,
    /// The agreement.
    pub agreement: AgreementId,
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The currency of its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The first moment after it ends; none for pay-as-you-go. A feed writes the last moment inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// What the last change meant to do: `NEW`, `AMEND`, `REPLACE`, or what AWS adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The offer that was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The offer's revision at acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_revision: Option<u64>,
    /// The set it was accepted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_set: Option<Reference>,
    /// The account that is invoiced, when it is another than the acceptor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<AccountId>,
    /// The agreement before it in the chain of renewals and replacements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preceding: Option<AgreementId>,
    /// The seller of record, as an AWS account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposer: Option<AccountId>,
    /// The seller of record, as the recipient's feeds name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposer_account: Option<FeedAccountId>,
    /// The buyer's purchase order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<Reference>,
    /// Why the status is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// When it starts; may lie after acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Instant>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Since when this revision holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
    /// The total contract value that is known (`estimated_agreement_value`); 0 for pure usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

impl AgreementTerms {
    /// An agreement of which nothing is told yet.
    pub fn of(agreement: AgreementId) -> Self {
        Self {
            accepted_at: None,
            acceptor: None,
            acceptor_account: None,
            agreement,
            catalog: None,
            currency: None,
            ends_at: None,
            extra: Extra::new(),
            intent: None,
            offer: None,
            offer_revision: None,
            offer_set: None,
            payer: None,
            preceding: None,
            proposer: None,
            proposer_account: None,
            purchase_order: None,
            reason: None,
            recipient: None,
            starts_at: None,
            status: None,
            valid_from: None,
            value: None,
        }
    }
}

/// An agreement ended, on the entry's effective date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementEnded {
    /// The agreement.
    pub agreement: AgreementId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it ended.
    pub status: Status,
}

open_enum! {
    /// What became of a seller's request to cancel an agreement.
    Answer {
        /// The buyer agreed, or said nothing for seven days.
        Approved = "APPROVED",
        /// The buyer did not agree.
        Rejected = "REJECTED",
        /// The seller took the request back.
        Cancelled = "CANCELLED",
        /// AWS could not put it to the buyer.
        ValidationFailed = "VALIDATION_FAILED",
    }
}

/// The seller asks the buyer to have an agreement cancelled. When the buyer says nothing for seven days, AWS takes that for a yes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancellationRequested {
    /// The agreement.
    pub agreement: AgreementId,
    /// In the seller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// `INCORRECT_TERMS_ACCEPTED`, `REPLACING_AGREEMENT`, `TEST_AGREEMENT`, … or what AWS adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// AWS's id of the request.
    pub request: Reference,
}

/// A request to cancel an agreement was answered, or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancellationAnswered {
    /// The agreement.
    pub agreement: AgreementId,
    /// How.
    pub answer: Answer,
    /// In the words of whoever answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// AWS's id of the request.
    pub request: Reference,
}

/// The member of a term's `extra` that lists the days of all of its charges, where its source tells the schedule as a whole.
pub const SCHEDULED: &str = "scheduled";

/// A term of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermRecorded {
    /// The agreement.
    pub agreement: AgreementId,
    /// What the acceptor chose, as AWS writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// `FixedUpfrontPricingTerm`, `LegalTerm`, …
    pub kind: String,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The term.
    pub term: TermId,
    /// Since when this version holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
}

/// An instalment that a payment schedule plans. It is an expectation, not an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeScheduled {
    /// The agreement.
    pub agreement: AgreementId,
    /// How much.
    pub amount: Amount,
    /// When it is to be charged.
    pub charged_at: Instant,
    /// Its currency.
    pub currency: Currency,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// Whose feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<AccountId>,
    /// The payment schedule's term.
    pub term: TermId,
    /// Since when this version holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
}
