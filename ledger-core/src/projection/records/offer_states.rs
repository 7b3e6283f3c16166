//! Where an offer stands: from its first draft to its acceptance, and by which event and rule.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, View};
use crate::event::Event;
use crate::event::offer::OfferTerms;
use crate::id::OfferId;
use crate::time::Instant;

/// Where an offer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferState {
    /// In a word.
    pub word: &'static str,
    /// Why it is that.
    pub rule: &'static str,
    /// Since when.
    pub since: Instant,
    /// Positions of the events that say so.
    pub events: Vec<u64>,
}

impl View<'_> {
    /// The offers that somebody has drafted, or AWS described, and that are not released: with what was told last.
    pub(super) fn drafts(&self) -> Vec<OfferTerms> {
        let released: BTreeSet<OfferId> = self.released_offers().map(|offer| offer.offer).collect();
        let mut drafts: BTreeMap<OfferId, OfferTerms> = BTreeMap::new();
        let records = self.all(Kind::Offer, &[]).chain(self.all(Kind::OfferStep, &[]));
        let mut told: Vec<_> = records.filter_map(|(record, _)| Some((*record.in_force()?, record.event(record.in_force()?)?))).collect();
        told.sort_by_key(|(version, _)| (version.from, version.seq));
        for (_, told) in told {
            if let Event::OfferDescribed(terms) | Event::OfferDrafted(terms) = told
                && !released.contains(&terms.offer)
            {
                let known = drafts.entry(terms.offer.clone()).or_insert_with(|| OfferTerms::of(terms.offer.clone()));
                super::lay::lay_offer(known, &terms);
            }
        }
        // What only an agreement says of an offer is no draft of it.
        let accepted: BTreeSet<&OfferId> = self.standings().iter().flat_map(|standing| &standing.offers).collect();
        drafts.into_values().filter(|draft| !accepted.contains(&draft.offer)).collect()
    }

    /// Where every offer stands at the basis.
    pub fn offer_states(&self) -> OfferStates<'_> {
        let mut accepted: BTreeMap<OfferId, Vec<(Instant, u64)>> = BTreeMap::new();
        for standing in self.agreements() {
            let told = (standing.terms.accepted_at.unwrap_or(standing.since), standing.seq);
            standing.offers.iter().for_each(|offer| accepted.entry(offer.clone()).or_default().push(told));
        }
        accepted.values_mut().for_each(|all| all.sort_unstable());
        let mut released: BTreeMap<OfferId, (OfferTerms, u64, Instant)> = BTreeMap::new();
        for (terms, seq, since) in self.released_since() {
            released.entry(terms.offer.clone()).or_insert((terms, seq, since));
        }
        OfferStates { view: self, accepted, released }
    }
}

/// Where every offer stands.
pub struct OfferStates<'v> {
    view: &'v View<'v>,
    accepted: BTreeMap<OfferId, Vec<(Instant, u64)>>,
    released: BTreeMap<OfferId, (OfferTerms, u64, Instant)>,
}

impl OfferStates<'_> {
    /// Where an offer stands; nothing when nobody here drafted it and nobody released it.
    pub fn of(&self, offer: &OfferId) -> Option<OfferState> {
        let state = |word, rule, since, events| Some(OfferState { word, rule, since, events });
        let view = self.view;
        if let Some(accepted) = self.accepted.get(offer) {
            let events = accepted.iter().map(|(_, seq)| *seq).collect();
            return state("accepted", "an agreement names it", accepted.first()?.0, events);
        }
        let happened = |(_, at, _): &(u64, Instant, Event)| view.basis().had_happened(*at);
        let steps: Vec<_> = view.steps(offer).into_iter().filter(happened).collect();
        let last = |wanted: fn(&Event) -> bool| steps.iter().rfind(|(.., step)| wanted(step)).map(|(seq, at, _)| (*seq, *at));
        if let Some((terms, seq, since)) = self.released.get(offer) {
            if let Some((seq, at)) = last(|step| matches!(step, Event::OfferWithdrawn(_))) {
                return state("withdrawn", "it was taken back", at, vec![seq]);
            }
            let expires = view.expires_at(terms);
            if let Some(expires) = expires.filter(|expires| view.until().is_some_and(|until| *expires < until)) {
                let changed = last(|step| matches!(step, Event::OfferAvailabilityChanged(_))).map_or(*seq, |(seq, _)| seq);
                return state("expired", "released, and the moment has passed until which it could be accepted", expires, vec![changed]);
            }
            return state("released", "it stands for its buyers to accept", *since, vec![*seq]);
        }
        let (seq, at) = last(|step| matches!(step, Event::OfferDrafted(_)))?;
        let since = |wanted: fn(&Event) -> bool| last(wanted).filter(|(step, _)| *step > seq);
        if let Some((seq, at)) = since(|step| matches!(step, Event::OfferRejected(_))) {
            return state("rejected", "somebody rejected its draft", at, vec![seq]);
        }
        if let Some((seq, at)) = since(|step| matches!(step, Event::OfferApproved(_))) {
            return state("approved", "its draft has every approval that the policy asks for", at, vec![seq]);
        }
        if let Some((seq, at)) = since(|step| matches!(step, Event::OfferSubmitted(_))) {
            return state("submitted", "its draft waits for approval", at, vec![seq]);
        }
        state("draft", "it is drafted and not released", at, vec![seq])
    }
}
