//! Commitments: what a buyer has promised AWS to spend, what counts toward it, and what was spent.
//!
//! AWS publishes almost nothing of this: contracts are bespoke. So every rule stands in the contract as it was signed or amended, or in a
//! policy, and nothing in the code.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::id::{AccountId, InvoiceId, Reference};
use crate::money::{Amount, Currency};
use crate::time::{Instant, Period};

/// The terms of a commitment (EDP, on a PPA's paper): all of them, as signed, or as they stand from an amendment on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitmentTerms {
    /// The buyer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<String>,
    /// How much of a commitment Marketplace purchases may retire; all of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// What becomes of what was spent beyond a year's commitment; it is lost when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_over: Option<CarryOver>,
    /// The commitment: its contract's number.
    pub commitment: Reference,
    /// The currency it is counted in.
    pub currency: Currency,
    /// The discount that it earns, in per cent. What earns the discount and what retires the commitment are two things: this changes no figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
    /// Which Marketplace purchases count. Of a kind of product the rule with the latest `from` on the day of the test decides; a kind that none
    /// names goes by the policy `edp-eligibility`, and counts nothing where that is silent too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eligibility: Vec<Eligibility>,
    /// How AWS's bill is read.
    pub measure: SpendMeasure,
    /// Dates by which so much must have been retired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// The payer accounts whose bills count.
    pub payers: Vec<AccountId>,
    /// Where a refund lowers what counts: `invoice`, in the year of the invoice that it refunds, or `memo`, in the year of the credit memo.
    pub refunds: String,
    /// Stretches of time with a budget of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// The contract years, each with its amount.
    pub years: Vec<ContractYear>,
}

/// How much of a commitment Marketplace purchases may retire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Of what: `year`, the contract year's amount, or `term`, all years' amounts together.
    pub base: String,
    /// How much of it, in per cent.
    pub percent: Amount,
}

/// What was spent beyond a year's commitment counts in the next.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryOver {
    /// No more than so much of the year's amount that was exceeded, in per cent.
    pub limit: Amount,
}

/// Whether purchases of a kind of product count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Eligibility {
    /// How much of the price counts, in per cent; nothing of it at 0.
    pub counts: Amount,
    /// Whether the product must be designated Deployed on AWS on the day of the test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deployed_on_aws: bool,
    /// Since when the rule holds.
    pub from: Instant,
    /// The kind of product: an offer's `delivery`, or `any`.
    pub product_type: String,
    /// The day of the test: `invoice`, of each invoice, or `acceptance`, of the agreement.
    pub test: String,
}

/// How AWS's bill is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendMeasure {
    /// The cost column: `unblended`, `net_unblended`, `billed`, …; of several the first that a month's bill has.
    pub columns: Vec<String>,
    /// Line types of the bill that do not count: `Tax`, `Credit`, `Refund`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// Whether AWS Support counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub support: bool,
}

/// So much must have been retired by a date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// How much, since the contract year began.
    pub amount: Amount,
    /// The first moment at which it is too late.
    pub by: Instant,
    /// What it is called.
    pub name: String,
}

/// A stretch of time with a budget of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What may be spent in it.
    pub amount: Amount,
    /// Its first moment.
    pub from: Instant,
    /// What it is called.
    pub name: String,
    /// The first moment after it.
    pub until: Instant,
}

/// A contract year.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractYear {
    /// What is committed.
    pub amount: Amount,
    /// Its first moment.
    pub from: Instant,
    /// The first moment after it.
    pub until: Instant,
}

/// What AWS itself says has been counted toward a commitment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitmentStatement {
    /// The commitment.
    pub commitment: Reference,
    /// What it has counted since the contract year began.
    pub counted: Amount,
    /// In which currency.
    pub currency: Currency,
    /// BLAKE3 of the statement.
    pub document: Hash,
    /// What it has counted of Marketplace purchases, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Amount>,
    /// What it has counted of AWS's own services, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Amount>,
    /// The first moment that it no longer covers.
    pub until: Instant,
}

/// What a payer was billed in a month, of one type of line. The sum over the lines of a cost and usage file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendRecorded {
    /// The sums, by cost column, rounded half up to eight decimals.
    pub amounts: BTreeMap<String, Amount>,
    /// Of the Marketplace: how much of it is labelled with which cost centre, by the cost category or tag that the policy `cost-centres` named
    /// when the bill was read. The rest has no label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub centres: Vec<CentreShare>,
    /// `services` for AWS's own, `support` for AWS Support, `marketplace` for what is sold through AWS Marketplace.
    pub class: String,
    /// The currency.
    pub currency: Currency,
    /// The sums with all their decimals, of the columns where those are more than eight.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exact: BTreeMap<String, String>,
    /// Of the Marketplace: the buyer's invoice; none as long as the bill is not final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// The type of the lines, as the file writes it: `Usage`, `Fee`, `Tax`, `Credit`, …
    pub line_type: String,
    /// The first moment of the month.
    pub month: Instant,
    /// Who pays.
    pub payer: AccountId,
    /// Of the Marketplace: the code of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Reference>,
    /// How often the bill has said something else of it before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// How many lines.
    pub rows: u64,
    /// Of the Marketplace: the seller of record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    /// Which kind of file says so: `cur` or `focus`.
    pub statement: String,
}

/// What a cost centre has of a sum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CentreShare {
    /// Of the unblended cost, or the billed one.
    pub amount: Amount,
    /// The cost centre, as the label writes it.
    pub cost_centre: String,
}

impl SpendRecorded {
    /// The last moment of the bill's month.
    pub fn last_moment(&self) -> Instant {
        let month = Period::parse(&self.month.day().format("%Y-%m").to_string(), self.month.day());
        month.map_or(self.month, |month| Instant::from_micros(month.until.micros() - 1))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// AWS has invoiced what was lacking in a contract year.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortfallInvoiced {
    /// How much.
    pub amount: Amount,
    /// The commitment.
    pub commitment: Reference,
    /// In which currency.
    pub currency: Currency,
    /// The invoice.
    pub invoice: InvoiceId,
    /// The contract year: its first moment.
    pub year: Instant,
}
