//! What belongs together: offers of a set, and the agreements of a deal.

use std::collections::{BTreeMap, BTreeSet};

use super::lay::lay_offer_set;
use super::{Kind, Version, View};
use crate::event::Event;
use crate::event::offer::OfferSetTerms;
use crate::id::{AgreementId, OfferId, Reference};
use crate::time::Instant;

/// What agreements of one deal have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    /// Their offers are of one set.
    Set(Reference),
    /// Their offers stand under one reference of the customer relationship system.
    Crm(Reference),
}

/// Which agreement stands for a deal: the first that was accepted.
type First = (Option<Instant>, AgreementId);

impl View<'_> {
    /// The offers of a set, by what was told of it, and whether it is released.
    pub(crate) fn offer_set(&self, set: &Reference) -> Option<(OfferSetTerms, bool)> {
        let mut told: Vec<(Version, Event)> = Vec::new();
        for (record, _) in self.all(Kind::OfferSet, &[set.as_str()]) {
            told.extend(record.in_force().and_then(|version| Some((*version, record.event(version)?))));
        }
        told.sort_by_key(|(version, _)| (version.from, version.stated, version.seq));
        let is_released = told.iter().any(|(_, event)| matches!(event, Event::OfferSetReleased(_)));
        let mut parts = told.into_iter().filter_map(|(_, event)| match event {
            Event::OfferSetDescribed(part) | Event::OfferSetReleased(part) => Some(*part),
            _ => None,
        });
        let mut terms = parts.next()?;
        for part in parts {
            lay_offer_set(&mut terms, part);
        }
        Some((terms, is_released))
    }

    /// The set that each offer of a set is in.
    pub(super) fn sets_of_offers(&self) -> BTreeMap<OfferId, Reference> {
        let ids: BTreeSet<Reference> =
            self.all(Kind::OfferSet, &[]).filter_map(|(record, _)| record.key().first().and_then(|id| id.parse().ok())).collect();
        let sets = ids.iter().filter_map(|id| self.offer_set(id)).map(|(set, _)| set);
        sets.flat_map(|set| set.offers.into_iter().map(move |offer| (offer, set.offer_set.clone()))).collect()
    }

    /// The deal that each chain of agreements belongs to, both by their initial agreements: chains that have something in common are one deal.
    pub(super) fn grouped(&self) -> BTreeMap<AgreementId, AgreementId> {
        let (chains, sets) = (self.chains(), self.sets_of_offers());
        let mut deals: BTreeMap<AgreementId, First> = BTreeMap::new();
        let mut bonds: Vec<(AgreementId, Bond)> = Vec::new();
        for standing in self.agreements() {
            let initial = chains.initial(&standing.terms.agreement);
            let accepted_at = standing.terms.accepted_at;
            let first = deals.entry(initial.clone()).or_insert_with(|| (accepted_at, initial.clone()));
            first.0 = first.0.min(accepted_at);
            let offer = self.offer_of(standing);
            let set = standing.terms.offer_set.clone().or_else(|| offer.as_ref()?.offer_set.clone());
            let set = set.or_else(|| sets.get(standing.terms.offer.as_ref()?).cloned());
            let found = [set.map(Bond::Set), offer.and_then(|offer| offer.crm).map(Bond::Crm)];
            bonds.extend(found.into_iter().flatten().map(|bond| (initial.clone(), bond)));
        }
        // A chain may join two groups: what stands for one then stands for the other, until nothing changes.
        let mut first_of: BTreeMap<&Bond, First> = BTreeMap::new();
        loop {
            let before = deals.clone();
            for (initial, bond) in &bonds {
                let Some(deal) = deals.get_mut(initial) else { continue };
                let first = first_of.entry(bond).or_insert_with(|| deal.clone());
                if *first < *deal {
                    deal.clone_from(first);
                } else {
                    first.clone_from(deal);
                }
            }
            if deals == before {
                return deals.into_iter().map(|(initial, (_, deal))| (initial, deal)).collect();
            }
        }
    }
}
