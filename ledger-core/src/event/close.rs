//! Closing the month: what was reconciled, what became of the breaks, and what was closed.
//!
//! None of these is a fact of AWS's. A reconciliation says what was compared and how it came out; a resolution says why a difference may stand;
//! a close says what was reported.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::id::{AccountId, Actor, Reference};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// Statements were compared with the ledger. What is long stands in several lines, one after the other: `part` of `parts`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationSealed {
    /// What did not agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<SealedBreak>,
    /// Rows by class, all files together. In the first part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, u64>,
    /// The files that were compared. In the first part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SealedFile>,
    /// The last line that was known.
    pub head: Hash,
    /// Its position.
    pub known_at: u64,
    /// The first moment of the month.
    pub month: Instant,
    /// Which part this is, from 1.
    pub part: u64,
    /// How many parts there are.
    pub parts: u64,
    /// Where the policy `tolerances` was set, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<u64>,
    /// The control totals, by side, subject, scope and currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SealedSection>,
    /// What differed by no more than the policy lets it: posted to rounding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerated: Vec<SealedTolerated>,
}

/// A line that differed by no more than the policy lets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedTolerated {
    /// What was billed, with all its decimals.
    pub billed: String,
    /// The currency.
    pub currency: Currency,
    /// The ledger's events, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u64>,
    /// The invoice, or the bank's trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// What the ledger has, with all its decimals.
    pub ledger: String,
    /// Whose statement.
    pub scope: AccountId,
    /// `buyer`, `seller` or `bank`.
    pub side: String,
    /// As in the sections.
    pub subject: String,
}

/// A file that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedFile {
    /// BLAKE3 of its bytes, after decompression.
    pub digest: Hash,
    /// Its path as it was given.
    pub file: String,
    /// Rows, the header not counted.
    pub rows: u64,
}

/// What was compared of one side, subject, scope and currency. All decimals are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedSection {
    /// What was billed.
    pub billed: String,
    /// What the breaks come to.
    pub breaks: String,
    /// The currency.
    pub currency: Currency,
    /// What the ledger has.
    pub ledger: String,
    /// What provisional lines leave open.
    pub provisional: String,
    /// How many rows are provisional.
    pub provisional_rows: u64,
    /// Whose statement: the payer, or the recipient.
    pub scope: AccountId,
    /// How many rows the file itself is the source of: no assurance.
    pub self_compared: u64,
    /// `buyer`, `seller` or `bank`.
    pub side: String,
    /// `purchases`, `tax`, `credits`, `services`, `invoices`, `billed`, `collected`, `disbursed` or `deposits`.
    pub subject: String,
    /// What was tolerated, posted to rounding.
    pub tolerated: String,
}

/// Something that did not agree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedBreak {
    /// The account that used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// What was billed, with all its decimals.
    pub billed: String,
    /// The likely cause.
    pub cause: String,
    /// `R01` to `R10`.
    pub code: String,
    /// The currency.
    pub currency: Currency,
    /// The ledger's events, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u64>,
    /// Its id, the same in every run that finds it.
    pub id: Reference,
    /// The invoice, or the bank's trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// What the ledger has, with all its decimals.
    pub ledger: String,
    /// What the ledger has of it in another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherCurrency>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// How many rows of the statements.
    pub rows: u64,
    /// Whose statement.
    pub scope: AccountId,
    /// Which rows, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenRow>,
    /// `buyer`, `seller` or `bank`.
    pub side: String,
    /// The day of the line, since when it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// As in the sections.
    pub subject: String,
}

/// An amount in another currency than the break's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherCurrency {
    /// How much, with all its decimals.
    pub amount: String,
    /// Of which currency.
    pub currency: Currency,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenRow {
    /// The file's digest.
    pub file: Hash,
    /// The row, from 1, the header not counted.
    pub row: u64,
}

/// Somebody is to look after a break.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakAssigned {
    /// The break.
    pub id: Reference,
    /// Who.
    pub person: Actor,
}

/// Why a break is none any more, without a fact of AWS's being written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakResolved {
    /// The entry that explains it: the fact that has arrived, or the correction of our own expectation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The break.
    pub id: Reference,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// `arrived`, `expectation`, `timing` or `aws-error`.
    pub reason: String,
}

/// A difference is accepted: it is posted to an account of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DifferenceAccepted {
    /// How much: billed less the ledger's.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// The break.
    pub id: Reference,
    /// Why.
    pub note: String,
}

/// A month is closed: what its reports say from here on, whatever is recorded later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodClosed {
    /// Breaks that were open, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Reference>,
    /// The last line that was known.
    pub head: Hash,
    /// Its position.
    pub known_at: u64,
    /// The first moment of the month.
    pub month: Instant,
    /// Which part this is, from 1.
    pub part: u64,
    /// How many parts there are.
    pub parts: u64,
    /// The policies that had a part in it, with the positions where they were set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, u64>,
    /// The projections, as `billing/4`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projectors: Vec<String>,
    /// The reconciliations that it rests on, by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reconciliations: Vec<u64>,
    /// The reports, in full: canonical JSON, which several parts may make together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<ClosedReport>,
    /// Of a revision: the close that this one supersedes, by position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u64>,
}

/// A report as it was closed, or a piece of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedReport {
    /// A piece of its data: canonical JSON, cut where a line would be too long.
    pub data: String,
    /// BLAKE3 of the whole data.
    pub digest: Hash,
    /// What it is called: `payouts`.
    pub report: String,
}

/// What a closed report comes to now, though nothing of its history changed: the program computes it in another way. The close stands as it was
/// signed; this says beside it what is reported from here on. What is long stands in several lines, as a close does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseRestated {
    /// The close, by the position of its first part.
    pub close: u64,
    /// The first moment of its month.
    pub month: Instant,
    /// Why the figures differ.
    pub note: String,
    /// Which part this is, from 1.
    pub part: u64,
    /// How many parts there are.
    pub parts: u64,
    /// The projections by which it is computed now, as `billing/4`. In the first part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projectors: Vec<String>,
    /// The reports that differ, in full, at the position that the close was prepared at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<ClosedReport>,
}

impl ClosedReport {
    /// Puts a piece behind those that are there: behind the last one, when it goes on with its report.
    pub(crate) fn put_together(whole: &mut Vec<Self>, pieces: &[Self]) {
        for piece in pieces {
            match whole.last_mut().filter(|last| last.report == piece.report && last.digest == piece.digest) {
                Some(last) => last.data.push_str(&piece.data),
                None => whole.push(piece.clone()),
            }
        }
    }
}
