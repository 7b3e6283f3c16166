//! The ledger about itself: where facts come from, what was said again, who approved, who may sign.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Event;
use super::billing::BillingEvent;
use crate::chain::Hash;
use crate::checkpoint::{Kind, PublicKey, rotation_of};
use crate::id::{AccountId, Actor, AgreementId, Reference};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// The first line of every ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerOpened {
    /// How lines are bound to each other, and how they will be to a tree.
    pub algorithms: Algorithms,
    /// What its people call it.
    pub name: String,
    /// A name that no other ledger has, such as `ledger.example.com/emea`; signed checkpoints carry it.
    pub origin: String,
}

/// The algorithms of format version 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Algorithms {
    /// Of the chain: `blake3`.
    pub chain: String,
    /// Of the Merkle tree over the same lines: `rfc6962-sha256`.
    pub tree: String,
}

impl Default for Algorithms {
    fn default() -> Self {
        Self { chain: "blake3".to_owned(), tree: "rfc6962-sha256".to_owned() }
    }
}

/// A file that was read. Its events carry this event's position as `source.import`, and the import is complete when `events` of them do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceImported {
    /// Sums of the file's new rows, by what they sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control_totals: Vec<ControlTotal>,
    /// Length of the file in bytes, after decompression.
    pub decoded_bytes: u64,
    /// BLAKE3 of the file, after decompression.
    pub digest: Hash,
    /// Columns that hold personal data or nothing of use and were not recorded, with the number of non-empty values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// How many events follow.
    pub events: u64,
    /// Which rules for older files were used, with the number of rows they were used on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fallbacks: BTreeMap<String, u64>,
    /// The feed: `billing_event`, `offer`, …
    pub feed: String,
    /// The file's path as it was given, or from the recipient's folder on.
    pub file: String,
    /// The month of delivery, 1 to 12, when the path tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<u32>,
    /// Rows that could not be read and were set aside at the user's wish.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub quarantined: u64,
    /// The seller whose feed it is.
    pub recipient: AccountId,
    /// The import whose rows that were set aside this file has, mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repairs: Option<u64>,
    /// The import of the same file before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
    /// Whether what the import before had read is no longer the beginning of the file: a feed's file is only ever appended to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewritten: bool,
    /// The first row that says something new where the import before had read already; none when rows are gone, or when no column
    /// that is recorded has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewritten_from: Option<u64>,
    /// Rows, the header not counted.
    pub rows: u64,
    /// The feed's version, from the `_vN` of its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The year of delivery, when the path tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A sum that a file must come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    /// The sum, unrounded.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// What is summed: the event type of the rows.
    pub of: String,
    /// How many rows.
    pub rows: u64,
}

/// A version of a record that is not its first, or that was withdrawn.
///
/// The versions of a record stand in the order in which the source stated them, and of those stated at one moment in the order in which
/// they were recorded. An event names its neighbours in that order as they stood when it was recorded, so that every projection takes
/// it as a pure difference: from its own statement on, `entry` counts and `replaced` does not; from `until` on, `entry` no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceRestated {
    /// What the source says now.
    pub entry: Event,
    /// The version that was already recorded though it was stated later, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedes: Option<u64>,
    /// What the source had said before, when that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
    /// Position of the version stated before, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
    /// When the version that `precedes` names was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Whether the source takes the record back: the version counts nothing.
    pub withdrawn: bool,
}

/// What a restatement replaces: the whole of it, so that the line can be understood alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// When it was said to be true in the world.
    pub effective_at: Instant,
    /// What was said.
    pub entry: Event,
}

/// An entry of ours was wrong: it counts no more, and the replacement does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryCorrected {
    /// Position of the entry that was wrong.
    pub entry: u64,
    /// Why.
    pub reason: String,
    /// What stands instead; nothing when the entry is only reversed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Event>,
}

/// A person approved an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryApproved {
    /// Position of the entry.
    pub entry: u64,
    /// Its hash, which is what was signed.
    pub hash: Hash,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The Ed25519 signature in base64. Without one the approval is asserted, not authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// A person who may record or approve.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRegistered {
    /// The Ed25519 public key in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The id that entries name as actor: a pseudonym, never a name or an address.
    pub person: Actor,
    /// What the person may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// A counterparty answered a statement: it agrees with the balance, or says another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceConfirmed {
    /// The balance at the end of the period, as the statement had it.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// BLAKE3 of the answer.
    pub document: Hash,
    /// The first moment of the period.
    pub from: Instant,
    /// Who answered.
    pub party: AccountId,
    /// Whose books were confirmed.
    pub recipient: AccountId,
    /// The balance by the counterparty's own books, where it does not agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Amount>,
    /// The first moment after the period.
    pub until: Instant,
}

/// The key that signs the checkpoints of this ledger is another from here on. What both sign is [`rotation_of`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotated {
    /// The new key, as C2SP writes one: `NAME+ID+KEY`, the name being the ledger's origin.
    pub key: String,
    /// The Ed25519 signature by the new key, in base64.
    pub key_signature: String,
    /// The key that it replaces.
    pub previous: String,
    /// The Ed25519 signature by the key that it replaces, in base64.
    pub previous_signature: String,
}

impl KeyRotated {
    /// The replacement of a key by another, signed by both.
    pub fn signed(origin: &str, previous: &SigningKey, key: &SigningKey) -> Self {
        let public = |key: &SigningKey| PublicKey::named(origin, Kind::Log, key.verifying_key());
        let text = rotation_of(&public(previous), &public(key));
        let sign = |key: &SigningKey| Base64::encode_string(&key.sign(text.as_bytes()).to_bytes());
        Self {
            key: public(key).to_string(),
            key_signature: sign(key),
            previous: public(previous).to_string(),
            previous_signature: sign(previous),
        }
    }

    /// The key that is replaced, and the new one; nothing when they are none.
    pub fn keys(&self) -> Option<(PublicKey, PublicKey)> {
        Some((self.previous.parse().ok()?, self.key.parse().ok()?))
    }

    /// Whether both keys have signed it.
    pub fn is_signed(&self) -> bool {
        let Some((previous, key)) = self.keys() else { return false };
        let text = rotation_of(&previous, &key);
        let has = |key: &PublicKey, signature: &str| {
            let bytes = Base64::decode_vec(signature).unwrap_or_default();
            Signature::from_slice(&bytes).is_ok_and(|signature| key.key.verify_strict(text.as_bytes(), &signature).is_ok())
        };
        has(&previous, &self.previous_signature) && has(&key, &self.key_signature)
    }
}

/// One unit of `base` in `quote`, on a day, by a named source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateSet {
    /// The currency valued.
    pub base: Currency,
    /// The currency it is valued in.
    pub quote: Currency,
    /// How much of it.
    pub rate: Amount,
    /// Who published the rate.
    pub source: String,
}

/// An entry that waited for its approvals has them all: what it says of money counts from here on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryConfirmed {
    /// Position of the entry.
    pub entry: u64,
}

/// An open balance from before the ledger began, with the document it was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceBroughtForward {
    /// The agreement it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// What is open. Of a commitment: what had been counted of the contract year before the cut-over, with what was carried over into it.
    pub amount: Amount,
    /// Of a commitment that carries over: how much of `amount` was carried over from the contract year before. No bill replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Amount>,
    /// Its currency.
    pub currency: Currency,
    /// The first moment that the ledger itself accounts for.
    pub cut_over: Instant,
    /// BLAKE3 of the document that shows it.
    pub document: Hash,
    /// Of a receivable: when the buyer must have paid. Of a grant: the first moment at which it has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// Of a receivable: when it was invoiced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<Instant>,
    /// What the balance is of, by its id: the buyer's invoice, the commitment, the grant.
    pub item: Reference,
    /// `receivable`, `commitment` or `grant`.
    pub kind: String,
    /// Of a receivable: the line of the buyer's invoice, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Reference>,
    /// Of a commitment, of which `amount` had been counted in the contract year before the cut-over: how much of that Marketplace purchases had
    /// retired. The rest were AWS's own services, and what was `carried`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Amount>,
    /// Of a commitment whose cap is on the term: what Marketplace purchases had used of it in the contract years before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace_before: Option<Amount>,
    /// Whose balance it is; of a commitment, one of its payers.
    pub party: AccountId,
}

impl BalanceBroughtForward {
    /// Whether a row tells in detail what this brings forward as one balance.
    pub fn is_detailed_by(&self, row: &BillingEvent) -> bool {
        let document = row.buyer_invoice.as_ref().or(row.invoice.as_ref()).map(|id| id.as_str());
        let line = row.buyer_line.as_ref().or(row.line.as_ref()).map(|id| id.as_str());
        self.kind == "receivable"
            && self.party == row.recipient
            && self.currency == row.currency
            && document == Some(self.item.as_str())
            && self.line.as_ref().is_none_or(|of| line == Some(of.as_str()))
    }

    /// Whether another one brings the same forward.
    pub fn is_of(&self, other: &Self) -> bool {
        let same = (&self.kind, &self.item, self.currency) == (&other.kind, &other.item, other.currency);
        // A commitment is one, whichever of its payers is named.
        same && (self.party == other.party || self.kind == "commitment")
            && (self.line == other.line || self.line.is_none() || other.line.is_none())
    }
}
