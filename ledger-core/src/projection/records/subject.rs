//! Which record an event is of: its kind, its key, and since when it holds.

use super::Kind;
use crate::event::Event;
use crate::id::AccountId;
use crate::time::Instant;

/// What an event says of a record: its kind, its key, and since when.
///
/// A row of a feed, and what we record ourselves, tells all of a thing: a later one stands in the place of an earlier one. A document of AWS
/// may tell a part; there each document, by its natural key, is a record of its own, and the parts are laid over each other when asked.
pub(super) fn subject(event: &Event, effective_at: Instant, document: Option<&str>, key: &mut Vec<u8>) -> Option<(Kind, Instant)> {
    let whose = |recipient: &Option<AccountId>| recipient.map(|account| account.to_string()).unwrap_or_default();
    let number = |revision: &Option<u64>| revision.map(|revision| revision.to_string()).unwrap_or_default();
    let mut put = |parts: &[&str]| {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                key.push(0);
            }
            key.extend_from_slice(part.as_bytes());
        }
    };
    // What a feed tells has the moment since which it holds.
    let part = |recipient: &Option<AccountId>, valid_from: &Option<Instant>| {
        document.filter(|_| recipient.is_some() && valid_from.is_none()).unwrap_or_default()
    };
    let step = event.type_name();
    Some(match event {
        Event::PartyRegistered(it) => {
            put(&[it.account.as_str(), it.recipient.as_str()]);
            (Kind::Party, it.valid_from)
        }
        Event::PartyLocated(it) => {
            put(&[it.address.as_str(), it.recipient.as_str()]);
            (Kind::Place, it.valid_from)
        }
        Event::ProductListed(it) => {
            // Only documents tell how it is delivered.
            let part = document.filter(|_| it.delivery.is_some()).unwrap_or_default();
            put(&[it.product.as_str(), it.recipient.as_str(), part]);
            (Kind::Product, it.valid_from)
        }
        Event::ProductDesignated(it) => {
            put(&[it.product.as_str(), &it.designation]);
            (Kind::Designation, effective_at)
        }
        Event::IdMapped(it) => {
            put(&[&it.kind, it.legacy.as_str(), it.recipient.as_str()]);
            (Kind::Mapping, it.valid_from)
        }
        Event::AuthorizationDescribed(it) | Event::AuthorizationGranted(it) => {
            put(&[it.authorization.as_str(), step, part(&it.recipient, &None)]);
            (Kind::Authorization, effective_at)
        }
        Event::AuthorizationRestricted(it) => {
            put(&[it.authorization.as_str(), step]);
            (Kind::Authorization, effective_at)
        }
        Event::OfferReleased(it) => {
            put(&[it.offer.as_str(), &number(&it.revision), &whose(&it.recipient), part(&it.recipient, &it.valid_from)]);
            (Kind::Offer, it.valid_from.unwrap_or(effective_at))
        }
        Event::OfferDescribed(it) => {
            put(&[it.offer.as_str(), "", &whose(&it.recipient), part(&it.recipient, &None)]);
            (Kind::Offer, effective_at)
        }
        Event::OfferDrafted(it) => {
            put(&[it.offer.as_str(), step]);
            (Kind::OfferStep, effective_at)
        }
        Event::OfferSubmitted(it) | Event::OfferApproved(it) | Event::OfferRejected(it) | Event::OfferWithdrawn(it) => {
            put(&[it.offer.as_str(), step]);
            (Kind::OfferStep, effective_at)
        }
        Event::OfferAvailabilityChanged(it) => {
            put(&[it.offer.as_str(), step]);
            (Kind::OfferStep, effective_at)
        }
        Event::OfferProductAdded(it) => {
            put(&[it.offer.as_str(), &number(&it.revision), &whose(&it.recipient), it.product.as_str()]);
            (Kind::OfferProduct, it.valid_from.unwrap_or(effective_at))
        }
        Event::OfferTargeted(it) => {
            let target = it.target.as_ref().map_or_else(|| format!("{} {}", it.kind, it.value), ToString::to_string);
            put(&[it.offer.as_str(), &number(&it.revision), &whose(&it.recipient), &target]);
            (Kind::OfferTarget, it.valid_from.unwrap_or(effective_at))
        }
        Event::OfferSetDescribed(it) | Event::OfferSetReleased(it) => {
            put(&[it.offer_set.as_str(), step, part(&it.recipient, &None)]);
            (Kind::OfferSet, effective_at)
        }
        Event::CancellationRequested(it) => {
            put(&[it.agreement.as_str(), it.request.as_str(), step]);
            (Kind::Cancellation, effective_at)
        }
        Event::CancellationAnswered(it) => {
            put(&[it.agreement.as_str(), it.request.as_str(), step]);
            (Kind::Cancellation, effective_at)
        }
        Event::AgreementAccepted(it) | Event::AgreementAmended(it) | Event::AgreementRevised(it) => {
            put(&[it.agreement.as_str(), &whose(&it.recipient), step, part(&it.recipient, &it.valid_from)]);
            (Kind::Agreement, it.valid_from.unwrap_or(effective_at))
        }
        Event::AgreementEnded(it) => {
            put(&[it.agreement.as_str(), "", step]);
            (Kind::Agreement, effective_at)
        }
        Event::TermRecorded(it) => {
            put(&[it.agreement.as_str(), &whose(&it.recipient), it.term.as_str(), &it.kind]);
            (Kind::Term, it.valid_from.unwrap_or(effective_at))
        }
        Event::ChargeScheduled(it) => {
            put(&[it.agreement.as_str(), &whose(&it.recipient), it.term.as_str(), &it.charged_at.to_string()]);
            (Kind::Charge, it.valid_from.unwrap_or(effective_at))
        }
        Event::InvoiceSummarised(it) => {
            put(&[it.invoice.as_str()]);
            (Kind::Summary, effective_at)
        }
        Event::CommitmentSigned(it) | Event::CommitmentAmended(it) => {
            put(&[it.commitment.as_str()]);
            (Kind::Commitment, effective_at)
        }
        Event::CommitmentStatement(it) => {
            put(&[it.commitment.as_str(), &it.until.to_string()]);
            (Kind::Statement, effective_at)
        }
        Event::SpendRecorded(it) => {
            let (invoice, product) = (it.invoice.as_ref().map_or("", |id| id.as_str()), it.product.as_ref().map_or("", |id| id.as_str()));
            let month = it.month.to_string();
            put(&[
                it.payer.as_str(),
                &month,
                &it.statement,
                &it.class,
                &it.line_type,
                it.currency.as_str(),
                invoice,
                product,
                it.seller.as_deref().unwrap_or(""),
            ]);
            // A bill is of its month, whoever records it and when: what is said of it later stands in the place of what was said before.
            (Kind::Spend, it.last_moment())
        }
        Event::ShortfallInvoiced(it) => {
            put(&[it.commitment.as_str(), it.invoice.as_str()]);
            (Kind::Shortfall, effective_at)
        }
        _ => return None,
    })
}
