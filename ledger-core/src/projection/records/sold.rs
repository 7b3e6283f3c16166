//! How an agreement was sold, at each of its revisions: what decides which listing fee it has.
//!
//! Attributes are those of the day of an invoice, as in AWS's own reports; the first revision covers all earlier time.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

use super::deals::Channel;
use super::{Kind, Standing, View};
use crate::event::agreement::Status;
use crate::event::offer::OfferTerms;
use crate::fee::{Deal, Delivery};
use crate::id::{AccountId, AgreementId, OfferId};
use crate::money::Amount;
use crate::time::Instant;

/// How something was sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sold {
    /// What decides the rate, less the delivery and the buyer's country.
    pub deal: Deal,
    /// How it is delivered, when the offer says so.
    pub delivery: Option<Delivery>,
    /// The buyer, when it is told which account that is.
    pub buyer: Option<AccountId>,
}

impl View<'_> {
    /// How an agreement was sold, since each of its revisions, the earliest first. Nothing when the agreement or its offer is not told.
    pub fn sold_as(&self, agreement: &AgreementId) -> Vec<(Instant, Sold)> {
        let key = [agreement.as_str()];
        let revised = self.all(Kind::Agreement, &key).flat_map(|(record, _)| record.stated());
        let moments: BTreeSet<Instant> = revised.map(|version| Instant::from_micros(version.from)).collect();
        let happened = moments.into_iter().filter(|moment| self.basis.had_happened(*moment));
        happened.filter_map(|moment| Some((moment, self.sold(&self.stood(agreement, moment)?)?))).collect()
    }

    /// How an offer is sold that no agreement is told of.
    pub fn offered_as(&self, offer: &OfferId) -> Option<Sold> {
        let offer = self.offer(offer, None, None, None)?;
        Some(self.of_offer(&offer, Deal { value: offer.value.zip(offer.currency), ..Deal::default() }))
    }

    /// Where an agreement stood at a moment, as its seller of record tells it, where that one's feeds are here.
    fn stood(&self, agreement: &AgreementId, moment: Instant) -> Option<Standing> {
        let mut basis = self.basis;
        basis.effective_before = Some(Instant::from_micros(moment.micros() + 1));
        let order = Cow::Borrowed(&*self.order);
        let then =
            View { records: self.records, order, basis, accounts: OnceCell::new(), asked: RefCell::default(), standings: OnceCell::new() };
        let mut told = Vec::new();
        then.standings_of(agreement.as_str(), &mut told);
        let own = |standing: &Standing| standing.recipient.is_some() && self.proposer(standing) == standing.recipient;
        let chosen = told.iter().position(own).unwrap_or(0);
        (chosen < told.len()).then(|| told.swap_remove(chosen))
    }

    fn sold(&self, standing: &Standing) -> Option<Sold> {
        let terms = &standing.terms;
        let offer = self.offer_of(standing)?;
        let value = terms.value.zip(terms.currency);
        let is_renewal =
            terms.intent.as_deref() == Some("RENEW") || terms.preceding.as_ref().is_some_and(|before| self.was_renewed(before));
        // A private offer may stand after a public one; that renews no private offer.
        let is_renewal = is_renewal && !terms.preceding.as_ref().is_some_and(|before| self.was_public(before));
        let sold = self.of_offer(&offer, Deal { value, is_renewal, ..Deal::default() });
        Some(Sold { buyer: self.acceptor(standing), ..sold })
    }

    fn of_offer(&self, offer: &OfferTerms, deal: Deal) -> Sold {
        let channel = self.channel(offer);
        let authorization = offer.authorization.as_ref().and_then(|authorization| self.granted(authorization));
        let pre_existing = offer.pre_existing.is_some() || authorization.is_some_and(|granted| granted.pre_existing.is_some());
        let renews = offer.renews.as_ref().is_some_and(|before| !self.was_public(before));
        // Nothing to be paid for usage alone: no value is known before it is used.
        let usage = || offer.pricing.as_deref() == Some("usage");
        let value = deal.value.or_else(|| Some((Amount::ZERO, offer.currency?)).filter(|_| usage()));
        let is_private = channel != Channel::Public;
        Sold {
            deal: Deal {
                is_public: !is_private,
                is_renewal: is_private && (deal.is_renewal || pre_existing || renews),
                is_channel: channel == Channel::Cppo,
                value,
                ..deal
            },
            delivery: offer.delivery.as_deref().and_then(Delivery::of),
            buyer: None,
        }
    }

    fn was_renewed(&self, agreement: &AgreementId) -> bool {
        self.told(agreement).is_some_and(|standing| standing.terms.status == Some(Status::Renewed))
    }

    /// Whether an agreement is known to stand on an offer that everyone could see.
    fn was_public(&self, agreement: &AgreementId) -> bool {
        let offer = self.told(agreement).and_then(|standing| self.offer_of(&standing));
        offer.is_some_and(|offer| self.channel(&offer) == Channel::Public)
    }

    fn told(&self, agreement: &AgreementId) -> Option<Standing> {
        let mut told = Vec::new();
        self.standings_of(agreement.as_str(), &mut told);
        told.into_iter().next()
    }
}
