//! Everything that can be recorded: the catalogue of events, and the entry that carries one.
//!
//! ```text
//! Entry                 one line of the ledger
//!   actor               who recorded it
//!   effective_at        when it was true in the world
//!   event               what happened: {"type": "invoice.issued", "value": {...}}
//!   recorded_at, seq    when and where the ledger learnt it
//!   source              which row of which import says so, and when the source stated it
//! ```
//!
//! Fields stand in sorted order, so that canonical JSON is written in one pass; `tests/wire.rs` holds that against an independent
//! RFC 8785 library. An empty optional field is left out. A released meaning never changes: a new one is a new type.

pub mod agreement;
pub mod billing;
pub mod catalogue;
pub mod close;
pub mod commitment;
pub mod governance;
pub mod offer;
pub mod programme;
pub mod resale;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::chain::{self, Broken, Hash, Head, Link};
use crate::id::Actor;
use crate::time::Instant;

/// Non-empty columns that no feed description names, by column: kept, so that nothing AWS adds is lost.
pub type Extra = BTreeMap<String, String>;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:literal $variant:ident($value:ty),)+) => {
        /// Something that happened, or was said to have happened, in the field's own words. What it tells is boxed: entries are moved about
        /// more often than they are looked into.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "value", deny_unknown_fields)]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $name)] $variant(Box<$value>),)+
        }

        impl Event {
            /// Every type there is, in the order of the catalogue.
            pub const TYPES: &[&str] = &[$($name),+];

            /// The type as it stands on the wire.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }
        }
    };
}

catalogue! {
    /// Line 1: the ledger's name, origin and algorithms, so that the chain binds its identity.
    "ledger.opened" LedgerOpened(governance::LedgerOpened),
    /// A file of a source was read; its events follow.
    "source.imported" SourceImported(governance::SourceImported),
    /// A source says again, and differently, what it had said before.
    "source.restated" SourceRestated(governance::SourceRestated),
    /// A mistake of ours is reversed and replaced.
    "entry.corrected" EntryCorrected(governance::EntryCorrected),
    /// A person approved an entry.
    "entry.approved" EntryApproved(governance::EntryApproved),
    /// An entry that waited for its approvals has them all.
    "entry.confirmed" EntryConfirmed(governance::EntryConfirmed),
    /// A person who may record or approve, with the key they sign with.
    "person.registered" PersonRegistered(governance::PersonRegistered),
    /// A rate of exchange from a named source; it values reports and posts nothing.
    "rate.set" RateSet(governance::RateSet),
    /// An open balance from before the ledger began.
    "balance.brought_forward" BalanceBroughtForward(governance::BalanceBroughtForward),
    /// An account as a recipient's feeds name it.
    "party.registered" PartyRegistered(catalogue::PartyRegistered),
    /// Company, country and state of an address.
    "party.located" PartyLocated(catalogue::PartyLocated),
    /// A product of the catalogue.
    "product.listed" ProductListed(catalogue::ProductListed),
    /// A designation such as Deployed on AWS was given to a product or taken from it.
    "product.designated" ProductDesignated(catalogue::ProductDesignated),
    /// An older id and the one that replaced it.
    "id.mapped" IdMapped(catalogue::IdMapped),
    /// A text or pattern that offers are drafted from.
    "template.saved" TemplateSaved(catalogue::TemplateSaved),
    /// A rule that holds from a date on.
    "policy.set" PolicySet(catalogue::PolicySet),
    /// AWS tells a part of a resale authorization: a draft of it, or a change to it.
    "authorization.described" AuthorizationDescribed(resale::AuthorizationTerms),
    /// An ISV or distributor lets a partner resell a product.
    "authorization.granted" AuthorizationGranted(resale::AuthorizationTerms),
    /// An authorization may no longer be used for new offers.
    "authorization.restricted" AuthorizationRestricted(resale::AuthorizationRestricted),
    /// An offer was drafted.
    "offer.drafted" OfferDrafted(offer::OfferTerms),
    /// AWS tells a part of an offer: a draft of it, a change to it, or what an agreement says of it.
    "offer.described" OfferDescribed(offer::OfferTerms),
    /// A draft was submitted for approval.
    "offer.submitted" OfferSubmitted(offer::OfferStep),
    /// A submitted offer was approved.
    "offer.approved" OfferApproved(offer::OfferStep),
    /// A submitted offer was rejected.
    "offer.rejected" OfferRejected(offer::OfferStep),
    /// An offer, or a revision of it, stands for its buyers to accept.
    "offer.released" OfferReleased(offer::OfferTerms),
    /// A product belongs to a revision of an offer.
    "offer.product_added" OfferProductAdded(offer::OfferProductAdded),
    /// A revision of an offer is shown to, or kept from, somebody.
    "offer.targeted" OfferTargeted(offer::OfferTargeted),
    /// The date until which an offer can be accepted was changed.
    "offer.availability_changed" OfferAvailabilityChanged(offer::OfferAvailabilityChanged),
    /// An offer was taken back.
    "offer.withdrawn" OfferWithdrawn(offer::OfferStep),
    /// Offers are put together, to be accepted in one action.
    "offer_set.described" OfferSetDescribed(offer::OfferSetTerms),
    /// A set of offers stands for its buyer to accept.
    "offer_set.released" OfferSetReleased(offer::OfferSetTerms),
    /// A buyer accepted an offer.
    "agreement.accepted" AgreementAccepted(agreement::AgreementTerms),
    /// An agreement was amended.
    "agreement.amended" AgreementAmended(agreement::AgreementTerms),
    /// An agreement ended.
    "agreement.ended" AgreementEnded(agreement::AgreementEnded),
    /// A seller asks for an agreement to be cancelled.
    "cancellation.requested" CancellationRequested(agreement::CancellationRequested),
    /// A request to cancel an agreement was answered, or taken back.
    "cancellation.answered" CancellationAnswered(agreement::CancellationAnswered),
    /// A revision of an agreement, as a feed delivers it.
    "agreement.revised" AgreementRevised(agreement::AgreementTerms),
    /// A term of an agreement.
    "term.recorded" TermRecorded(agreement::TermRecorded),
    /// An instalment that a payment schedule plans.
    "charge.scheduled" ChargeScheduled(agreement::ChargeScheduled),
    /// A row that bills: a price, a fee, a tax.
    "invoice.issued" InvoiceIssued(billing::BillingEvent),
    /// A row that refunds or credits what was billed.
    "invoice.adjusted" InvoiceAdjusted(billing::BillingEvent),
    /// AWS reverses a charge that the buyer did not pay.
    "invoice.forgiven" InvoiceForgiven(billing::BillingEvent),
    /// The buyer's money was received.
    "invoice.collected" InvoiceCollected(billing::BillingEvent),
    /// A row of an invoice line was paid out, or restored after a payout failed.
    "disbursement.allocated" DisbursementAllocated(billing::BillingEvent),
    /// A payout was sent to the bank.
    "disbursement.paid" DisbursementPaid(billing::BillingEvent),
    /// A payout came back.
    "disbursement.failed" DisbursementFailed(billing::BillingEvent),
    /// AWS corrected what it owes.
    "balance.adjusted" BalanceAdjusted(billing::BillingEvent),
    /// A billing event with an action that this program does not know yet.
    "billing.unclassified" BillingUnclassified(billing::BillingEvent),
    /// An invoice of a buyer's, with the purchase order it is charged to.
    "invoice.summarised" InvoiceSummarised(billing::InvoiceSummarised),
    /// Usage of a day, as AWS estimates it.
    "usage.metered" UsageMetered(billing::UsageMetered),
    /// One tax of one invoice line.
    "tax.itemised" TaxItemised(billing::TaxItemised),
    /// A buyer commits to spend so much with AWS.
    "commitment.signed" CommitmentSigned(commitment::CommitmentTerms),
    /// A commitment has other terms from here on.
    "commitment.amended" CommitmentAmended(commitment::CommitmentTerms),
    /// AWS says how much of a commitment it has counted.
    "commitment.statement" CommitmentStatement(commitment::CommitmentStatement),
    /// What a payer was billed in a month, of one type of line.
    "spend.recorded" SpendRecorded(commitment::SpendRecorded),
    /// AWS has invoiced what was lacking in a contract year.
    "shortfall.invoiced" ShortfallInvoiced(commitment::ShortfallInvoiced),
    /// What an incentive programme gives, to whom and for what, from a date on.
    "programme.defined" ProgrammeDefined(programme::ProgrammeDefined),
    /// An account takes part in a programme.
    "enrolment.granted" EnrolmentGranted(programme::EnrolmentGranted),
    /// An opportunity was registered with AWS, with what it shows.
    "opportunity.registered" OpportunityRegistered(programme::OpportunityRegistered),
    /// The work on an opportunity began.
    "work.began" WorkBegan(programme::WorkBegan),
    /// What recurs of a deal's revenue in its first year, as a document states it.
    "arr.stated" ArrStated(programme::ArrStated),
    /// A benefit of a programme was applied for.
    "benefit.applied" BenefitApplied(programme::BenefitApplied),
    /// AWS says something new of an application.
    "benefit.reviewed" BenefitReviewed(programme::BenefitReviewed),
    /// AWS granted a credit.
    "credit.granted" CreditGranted(programme::CreditGranted),
    /// A credit lowered a bill.
    "credit.applied" CreditApplied(programme::CreditApplied),
    /// A credit was passed on to the customer.
    "credit.passed_on" CreditPassedOn(programme::CreditPassedOn),
    /// AWS took a credit back, or some of it.
    "credit.revoked" CreditRevoked(programme::CreditRevoked),
    /// A credit was split into several.
    "credit.split" CreditSplit(programme::CreditSplit),
    /// A credit has another holder.
    "credit.transferred" CreditTransferred(programme::CreditTransferred),
    /// Quota of AWS's sellers was retired by a deal; no balance.
    "quota.retired" QuotaRetired(programme::QuotaRetired),
    /// Statements were compared with the ledger, and came out so.
    "reconciliation.sealed" ReconciliationSealed(close::ReconciliationSealed),
    /// Somebody is to look after a break.
    "break.assigned" BreakAssigned(close::BreakAssigned),
    /// A break is explained, or waits.
    "break.resolved" BreakResolved(close::BreakResolved),
    /// A difference is accepted.
    "difference.accepted" DifferenceAccepted(close::DifferenceAccepted),
    /// A month is closed.
    "period.closed" PeriodClosed(close::PeriodClosed),
    // What is known of a source tells types apart by their place here: a new one stands last.
    /// The key that signs checkpoints is replaced; both keys sign that.
    "key.rotated" KeyRotated(governance::KeyRotated),
    /// A counterparty answered a statement: it agrees with the balance, or says another one.
    "balance.confirmed" BalanceConfirmed(governance::BalanceConfirmed),
    /// What a closed report comes to now, by another version of the program.
    "close.restated" CloseRestated(close::CloseRestated),
}

impl Event {
    /// Whether it tells what was done with the ledger: it changes no figure.
    pub fn is_of_work(&self) -> bool {
        matches!(
            self,
            Self::LedgerOpened(_)
                | Self::SourceImported(_)
                | Self::TemplateSaved(_)
                | Self::BreakAssigned(_)
                | Self::BreakResolved(_)
                | Self::PeriodClosed(_)
                | Self::CloseRestated(_)
                | Self::KeyRotated(_)
        )
    }

    /// Whether it is money, which counts, when people record it, only once a second person has signed it.
    pub fn is_money(&self) -> bool {
        let of_credits = matches!(self, Self::CreditApplied(_) | Self::CreditGranted(_) | Self::CreditPassedOn(_) | Self::CreditRevoked(_));
        of_credits || matches!(self, Self::BalanceBroughtForward(_) | Self::ShortfallInvoiced(_)) || self.billing().is_some()
    }

    /// The billing event inside, if it is one.
    pub fn billing(&self) -> Option<&billing::BillingEvent> {
        match self {
            Self::InvoiceIssued(row)
            | Self::InvoiceAdjusted(row)
            | Self::InvoiceForgiven(row)
            | Self::InvoiceCollected(row)
            | Self::DisbursementAllocated(row)
            | Self::DisbursementPaid(row)
            | Self::DisbursementFailed(row)
            | Self::BalanceAdjusted(row)
            | Self::BillingUnclassified(row) => Some(row),
            _ => None,
        }
    }
}

/// Where an entry comes from: a row of an import, or what a person recorded it from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// BLAKE3 of the document that a person recorded it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Hash>,
    /// The natural key: `<feed>:<recipient>:<id>[@<valid_from>]`. Of what a person recorded: the key of the row it awaits, another
    /// system's `SYSTEM:ID`, or `document:<digest>`.
    pub id: String,
    /// Of a row: position of the `source.imported` event of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<u64>,
    /// `manual` when a person recorded it; absent for a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The row of the file, from 1, its header not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// When the source stated it (`update_date`), if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_at: Option<Instant>,
}

/// How an entry came here, when not by a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person recorded it.
    Manual,
}

impl Source {
    /// A row of an import.
    pub fn row(id: String, import: u64, row: u64, stated_at: Option<Instant>) -> Self {
        Self { document: None, id, import: Some(import), origin: None, row: Some(row), stated_at }
    }

    /// What a person recorded, by its key, from a document.
    pub fn manual(id: String, document: Option<Hash>) -> Self {
        Self { document, id, import: None, origin: Some(Origin::Manual), row: None, stated_at: None }
    }
}

/// What is to be recorded, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who records it.
    pub actor: Actor,
    /// When it was true in the world.
    pub effective_at: Instant,
    /// What happened.
    pub event: Event,
    /// Where it comes from.
    pub source: Option<Source>,
}

/// One line of the ledger, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who recorded it.
    pub actor: Actor,
    /// When it was true in the world.
    pub effective_at: Instant,
    /// What happened.
    pub event: Event,
    /// The BLAKE3 of the line before.
    pub prev: Hash,
    /// When the ledger learnt it.
    pub recorded_at: Instant,
    /// Its position, from 1.
    pub seq: u64,
    /// Where it comes from.
    pub source: Option<Source>,
    /// The format version.
    pub v: u64,
}

/// Why a line cannot be read as an entry, though the chain holds.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It does not follow.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The JSON is not an entry of this format.
    #[error("event #{at} cannot be read: {why}")]
    NotAnEntry {
        /// Its position.
        at: u64,
        /// What the reader said.
        why: serde_json::Error,
    },
    /// It reads, but is not written in the one form that a line has.
    #[error("event #{at} is not in canonical form")]
    NotCanonical {
        /// Its position.
        at: u64,
    },
}

impl Draft {
    /// Appends the draft's line, without a newline, to `out`, and gives the head it makes.
    ///
    /// # Errors
    /// [`Broken::TooLong`] when the line is longer than a line may be; `out` is then as it was.
    pub fn write(&self, head: Head, recorded_at: Instant, out: &mut Vec<u8>) -> Result<Head, Broken> {
        self.write_with(&encode(&self.event), head, recorded_at, out)
    }

    /// As [`Draft::write`], for an event that was encoded before its place was known: on another core, most often.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub fn write_with(&self, event: &[u8], head: Head, recorded_at: Instant, out: &mut Vec<u8>) -> Result<Head, Broken> {
        let (start, seq) = (out.len(), head.seq + 1);
        let mut field = |name: &str, value: &dyn Fn(&mut Vec<u8>)| {
            out.extend_from_slice(name.as_bytes());
            value(out);
        };
        field("{\"actor\":", &|out| canonical::write(out, &self.actor));
        field(",\"effective_at\":", &|out| canonical::write(out, &self.effective_at));
        field(",\"event\":", &|out| out.extend_from_slice(event));
        field(",\"prev\":", &|out| canonical::write(out, &head.hash));
        field(",\"recorded_at\":", &|out| canonical::write(out, &recorded_at));
        field(",\"seq\":", &|out| canonical::write(out, &seq));
        field(",\"source\":", &|out| canonical::write(out, &self.source));
        field(",\"v\":", &|out| canonical::write(out, &chain::VERSION));
        out.push(b'}');
        if out.len() - start > chain::LONGEST_LINE {
            out.truncate(start);
            return Err(Broken::TooLong { at: seq });
        }
        Ok(Head { seq, hash: Hash::of(&out[start..]) })
    }
}

/// The longest event of a source's row, in bytes: a line that restates it holds two of them, and its envelope.
pub const LONGEST_EVENT: usize = (chain::LONGEST_LINE - 2_047) / 2;

/// An event as it stands in a line.
pub fn encode(event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    canonical::write(&mut out, event);
    out
}

impl Entry {
    /// Whether somebody recorded it by hand, from a document: money counts then only with its approvals.
    pub fn is_by_hand(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.origin == Some(Origin::Manual))
    }

    /// Reads the line at position `at`. That it follows the line before has been checked, or is checked by the caller.
    ///
    /// # Errors
    /// When it is no entry of this format.
    pub fn read(line: &[u8], at: u64) -> Result<Self, Unreadable> {
        // Looking at the text once as a whole is cheaper than at each string in it; what is no text fails where it is none.
        let read = match std::str::from_utf8(line) {
            Ok(text) => canonical::read(text).map_or_else(|| serde_json::from_str(text), Ok),
            Err(_) => serde_json::from_slice(line),
        };
        read.map_err(|why| Unreadable::NotAnEntry { at, why })
    }

    /// Reads a line that enters a ledger from outside: it must be, byte for byte, what this program would have written.
    ///
    /// # Errors
    /// When it is no entry of this format, or not in canonical form.
    pub fn read_strictly(line: &[u8], at: u64) -> Result<Self, Unreadable> {
        if line.len() > chain::LONGEST_LINE {
            return Err(Broken::TooLong { at }.into());
        }
        let entry = Self::read(line, at)?;
        if canonical::is_form_of(line, &entry) { Ok(entry) } else { Err(Unreadable::NotCanonical { at }) }
    }

    /// What it says of its place, as [`chain::link`] reads it from the line.
    ///
    /// # Errors
    /// It has a version that this program does not read.
    pub fn link(&self) -> Result<Link, Broken> {
        chain::readable(self.v, self.seq)?;
        Ok(Link { seq: self.seq, prev: self.prev })
    }

    /// Appends the entry's line, without a newline.
    pub fn write(&self, out: &mut Vec<u8>) {
        canonical::write(out, self);
    }

    /// When the source stated it, if it says so.
    pub fn stated_at(&self) -> Option<Instant> {
        self.source.as_ref().and_then(|source| source.stated_at)
    }
}
