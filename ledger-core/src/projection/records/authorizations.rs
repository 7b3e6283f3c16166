//! Resale authorizations at a basis: who granted what to whom, what stands on it, and whether offers may be made under it.

use std::collections::{BTreeMap, BTreeSet};

use super::lay::lay_authorization;
use super::{Kind, Record, Version, View, value_of};
use crate::event::Event;
use crate::event::offer::OfferTerms;
use crate::event::resale::AuthorizationTerms;
use crate::id::{AuthorizationId, OfferId};
use crate::time::Instant;

impl View<'_> {
    /// The offers that were made under an authorization, or under one that stands on it.
    pub(crate) fn made_under(&self, authorization: &AuthorizationId) -> BTreeSet<OfferId> {
        let mut all = BTreeSet::from([authorization.clone()]);
        let granted: Vec<_> = self.all_granted().iter().filter_map(|id| self.granted(id)).collect();
        for _ in 0..granted.len() {
            let below = granted.iter().filter(|granted| granted.parent.as_ref().is_some_and(|parent| all.contains(parent)));
            let below: Vec<_> = below.map(|granted| granted.authorization.clone()).filter(|id| !all.contains(id)).collect();
            if below.is_empty() {
                break;
            }
            all.extend(below);
        }
        let under = |offer: &OfferTerms| offer.authorization.as_ref().is_some_and(|authorization| all.contains(authorization));
        self.released_offers().filter(under).map(|offer| offer.offer).collect()
    }

    /// Every authorization that is granted or that an offer names, with the revisions of offers that stand on it, and since when each is released.
    pub fn authorizations(&self) -> BTreeMap<AuthorizationId, Vec<(OfferTerms, Instant)>> {
        let mut all: BTreeMap<_, Vec<_>> = self.all_granted().into_iter().map(|authorization| (authorization, Vec::new())).collect();
        for (offer, version) in self.released() {
            if let Some(authorization) = offer.authorization.clone() {
                all.entry(authorization).or_default().push((offer, Instant::from_micros(version.from)));
            }
        }
        all
    }

    /// What was told of an authorization by a moment of the basis, the earliest first, and whether it is granted.
    fn told_of(&self, authorization: &AuthorizationId) -> Vec<(Version, Event)> {
        let in_force = |record: Record<'_>| record.in_force().and_then(|version| Some((*version, record.event(version)?)));
        let mut told: Vec<_> =
            self.all(Kind::Authorization, &[authorization.as_str()]).filter_map(|(record, _)| in_force(record)).collect();
        told.sort_by_key(|(version, _)| (version.from, version.stated, version.seq));
        told
    }

    /// Who grants an authorization to whom, and until when, where that was recorded.
    pub fn granted(&self, authorization: &AuthorizationId) -> Option<AuthorizationTerms> {
        let told = self.told_of(authorization);
        let mut terms = AuthorizationTerms::of(authorization.clone());
        for (_, event) in &told {
            if let Event::AuthorizationDescribed(told) | Event::AuthorizationGranted(told) = event {
                lay_authorization(&mut terms, told);
            }
        }
        told.iter().any(|(_, event)| matches!(event, Event::AuthorizationGranted(_))).then_some(terms)
    }

    /// Since when an authorization is granted.
    pub(crate) fn granted_at(&self, authorization: &AuthorizationId) -> Option<Instant> {
        let granted = |(version, event): (Version, Event)| matches!(event, Event::AuthorizationGranted(_)).then_some(version.from);
        self.told_of(authorization).into_iter().find_map(granted).map(Instant::from_micros)
    }

    /// Since when no new offer may be made under an authorization.
    pub(crate) fn restricted_at(&self, authorization: &AuthorizationId) -> Option<Instant> {
        let record = self.one(Kind::Authorization, &[authorization.as_str(), "authorization.restricted"])?;
        record.in_force()?;
        record.stated().first().map(|version| Instant::from_micros(version.from))
    }

    /// Whether no new offer may be made under an authorization.
    pub(crate) fn restricted(&self, authorization: &AuthorizationId) -> bool {
        self.one(Kind::Authorization, &[authorization.as_str(), "authorization.restricted"])
            .is_some_and(|record| record.in_force().is_some())
    }

    /// Whether no new offer may be made under an authorization, because of itself or of one that it stands on.
    pub(crate) fn stopped(&self, authorization: &AuthorizationId) -> bool {
        let (mut next, mut seen) = (Some(authorization.clone()), BTreeSet::new());
        while let Some(id) = next.take().filter(|id| seen.insert(id.clone())) {
            if self.restricted(&id) {
                return true;
            }
            next = self.granted(&id).and_then(|granted| granted.parent);
        }
        false
    }

    /// Every authorization that was granted by an event of its own.
    pub(crate) fn all_granted(&self) -> BTreeSet<AuthorizationId> {
        self.all(Kind::Authorization, &[])
            .filter_map(|(record, _)| {
                value_of!(record, record.in_force(), AuthorizationGranted).map(|granted| granted.authorization.clone())
            })
            .collect()
    }
}
