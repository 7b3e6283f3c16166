//! Incentive programmes of AWS's partners, and the credits that come of them.
//!
//! ```text
//! programme.defined                    what a programme gives, to whom, for what: holds from its effective date on
//! opportunity.registered, work.began,
//! arr.stated                           the evidence, in the order in which it came about
//! benefit.applied, benefit.reviewed    an application, and what became of it (Partner Central Benefits API)
//! credit.granted … credit.revoked      a credit and what happened to it (AWS Billing API); that it expired follows from its end
//! ```
//!
//! Amounts of programmes are published nowhere that may be relied on: a grant is a fact with a document, never computed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AgreementId, OfferId, ProductId, Reference, open_enum};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// What a programme gives from the entry's effective date on, until it is defined again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeDefined {
    /// So many days after a deal was accepted it can still be applied for; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_within_days: Option<u64>,
    /// Who may receive: `buyer`, `isv`, `partner`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beneficiaries: Vec<String>,
    /// The first moment at which nothing can be applied for any more; open-ended when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// What an application has to show, by the names of [`EVIDENCE`](crate::programme::EVIDENCE).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Whether an ISV or a partner that is granted a credit has to pass it on to the customer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pass_on: bool,
    /// The programme, by the name of one of [`PROGRAMMES`](crate::programme::PROGRAMMES): `mpop`, `wmp`.
    pub programme: Reference,
    /// What it gives, in per cent of what the programme takes as its base; nothing when amounts are not published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Band>,
}

/// A rate, or a band of rates, of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The highest rate, in per cent.
    pub highest: Amount,
    /// The lowest rate, in per cent; the same where there is one rate.
    pub lowest: Amount,
}

/// An account takes part in a programme from the entry's effective date on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentGranted {
    /// Who takes part.
    pub holder: AccountId,
    /// With which product; with all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// In which programme.
    pub programme: Reference,
    /// The first moment at which it is over; open-ended when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

/// An opportunity was registered with AWS (Partner Central Selling API), on the entry's effective date: before the work on it begins, a
/// migration programme asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpportunityRegistered {
    /// The agreement that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// What is consumed more on AWS when the work is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumption: Option<String>,
    /// Whose workload it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<AccountId>,
    /// When the system outside of AWS is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decommission_at: Option<Instant>,
    /// What is moved from: `on-premises`, `self-run`, `other-cloud`, `private-data-centre`; `aws` is no source outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The offer that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The opportunity, as Partner Central names it: `O123456`.
    pub opportunity: Reference,
    /// Which of AWS's seven ways of migrating: `rehost`, `replatform`, `repurchase`, `refactor`, `relocate`, `retain`, `retire`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// When the work was planned to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_planned_at: Option<Instant>,
}

/// The work on an opportunity began, on the entry's effective date. A fact of its own, so that the ledger shows what came first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkBegan {
    /// What shows it, in words: a kick-off, a first change in the customer's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The opportunity.
    pub opportunity: Reference,
}

/// What recurs of a deal's revenue in its first year, as a document states it: no contract and no feed tells it, and WMP takes it as its base.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrStated {
    /// The agreement of the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// How much in the first year.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// The opportunity, where there is no agreement yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity: Option<Reference>,
}

/// A benefit was applied for (`BenefitApplication` of the Partner Central Benefits API).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenefitApplied {
    /// The agreement of the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// The application: `benappl-…`.
    pub application: Reference,
    /// The account that is to receive.
    pub beneficiary: AccountId,
    /// The offer of the deal, where nobody had accepted it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The opportunity that shows what the programme asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity: Option<Reference>,
    /// The programme.
    pub programme: Reference,
    /// The rate that is applied for, in per cent; the lowest of the programme when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Amount>,
}

open_enum! {
    /// What AWS says of an application (`BenefitApplicationStatus`), and of the allocation that it became.
    Review {
        /// Begun and not sent.
        PendingSubmission = "PENDING_SUBMISSION",
        /// AWS looks at it.
        InReview = "IN_REVIEW",
        /// AWS asks for something.
        ActionRequired = "ACTION_REQUIRED",
        /// AWS approved it.
        Approved = "APPROVED",
        /// AWS rejected it.
        Rejected = "REJECTED",
        /// The applicant took it back.
        Canceled = "CANCELED",
        /// It became an allocation (`BenefitAllocation`).
        Allocated = "ALLOCATED",
        /// A credit code was issued.
        Issued = "ISSUED",
        /// The code was redeemed.
        Redeemed = "REDEEMED",
    }
}

/// AWS says something new of an application.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BenefitReviewed {
    /// The application.
    pub application: Reference,
    /// Why, in AWS's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What became of it.
    pub status: Review,
}

/// AWS granted a credit (`Credit` of the AWS Billing API): so much, to an account, until a date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditGranted {
    /// The agreement it was granted for, where no application tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// How much (`initialAmount`).
    pub amount: Amount,
    /// The application it was granted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Reference>,
    /// The credit (`creditId`).
    pub credit: Reference,
    /// Its currency.
    pub currency: Currency,
    /// The first moment at which it has expired; never when absent. AWS's `endDate` is the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// The account that holds it.
    pub holder: AccountId,
    /// The programme.
    pub programme: Reference,
    /// The services it pays for (`applicableProductNames`), as AWS writes them; all of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// When it begins (`startDate`), when that is not the day it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Instant>,
}

/// A credit lowered a bill (`GetCreditAllocationHistory`). A later statement of the same credit, account, service and month stands in the place of
/// an earlier one, a final one in the place of an estimated one. Without a credit it is the total of the credits of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditApplied {
    /// The account whose charges were lowered.
    pub account: AccountId,
    /// By how much: above zero, though AWS writes it negative.
    pub amount: Amount,
    /// The credit; when AWS does not say which, the total is laid to the account's credits in AWS's published order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Reference>,
    /// The currency.
    pub currency: Currency,
    /// Whether the bill is not final yet (`isEstimatedBill`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// The bill's month, `2026-03`.
    pub month: String,
    /// The service whose charges were lowered, as AWS writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// Whoever was granted a credit and has to pass it on, passed some of it on to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditPassedOn {
    /// How much.
    pub amount: Amount,
    /// The credit.
    pub credit: Reference,
    /// Its currency.
    pub currency: Currency,
    /// The customer.
    pub to: AccountId,
}

/// AWS took a credit back, or some of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditRevoked {
    /// How much of it.
    pub amount: Amount,
    /// The credit.
    pub credit: Reference,
    /// Its currency.
    pub currency: Currency,
    /// Who held it.
    pub holder: AccountId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A credit was split (`SplitCredit`): into 2 to 99, each of at least 100.00, which sum to its balance. The credit itself is cancelled; the parts
/// have its programme, services, beginning and end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditSplit {
    /// What it was split into.
    pub children: Vec<CreditPart>,
    /// The credit.
    pub credit: Reference,
}

/// One of the credits that a credit was split into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditPart {
    /// How much.
    pub amount: Amount,
    /// The new credit.
    pub credit: Reference,
}

/// A credit was transferred inside of an organisation (`TransferCredit`): the same credit, balance and end, another holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditTransferred {
    /// The credit.
    pub credit: Reference,
    /// Who holds it now.
    pub to: AccountId,
}

/// Quota of AWS's sellers was retired by a deal (SaaS Co-Sell Benefit). It is nobody's balance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaRetired {
    /// The agreement of the deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// How much.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// The opportunity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opportunity: Option<Reference>,
}
