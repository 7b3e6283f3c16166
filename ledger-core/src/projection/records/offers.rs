//! Offers at a basis: their revisions, put together of what feeds, documents and we ourselves say of them.

use super::deals::{Channel, Standing, Visibility, sold_by_another};
use super::lay::lay_offer;
use super::{Kind, Record, Version, View, value_of};
use crate::event::Event;
use crate::event::offer::{OfferTargeted, OfferTerms};
use crate::id::{AccountId, OfferId, ProductId};
use crate::time::Instant;

impl View<'_> {
    /// The seller of an offer.
    pub(crate) fn seller(&self, offer: &OfferTerms) -> Option<AccountId> {
        self.resolve(offer.recipient, offer.seller, offer.seller_account.as_ref())
    }

    /// A revision of an offer, preferably as one recipient tells it; the newest when no revision is asked for. What it does not say, documents
    /// of AWS may.
    pub(crate) fn offer(
        &self,
        id: &OfferId,
        revision: Option<u64>,
        recipient: Option<AccountId>,
        moment: Option<Instant>,
    ) -> Option<OfferTerms> {
        let mut found: Option<(bool, u64, OfferTerms)> = None;
        let (mut parts, mut is_released) = (Vec::new(), false);
        for (record, _) in self.all(Kind::Offer, &[id.as_str()]) {
            let version = record.looked_up(moment);
            if record.is_part() {
                let part = version.and_then(|version| Some((version, record.event(version)?)));
                is_released |= matches!(part, Some((_, Event::OfferReleased(_))));
                parts.extend(part);
                continue;
            }
            let Some(offer) = value_of!(record, version, OfferReleased) else { continue };
            if revision.is_some() && offer.revision.is_some() && offer.revision != revision {
                continue;
            }
            // What we recorded ourselves tells more than a feed does, and the feed's word goes over it.
            if let (None, Some(version)) = (offer.recipient, version) {
                parts.push((version, Event::OfferReleased(Box::new(offer.clone()))));
            }
            let rank = (offer.recipient == recipient, offer.revision.unwrap_or(0));
            if found.as_ref().is_none_or(|(own, revision, _)| rank > (*own, *revision)) {
                found = Some((rank.0, rank.1, offer));
            }
        }
        let found = found.map(|(_, _, offer)| offer);
        (found.is_some() || is_released).then(|| Self::whole(id, parts, found.as_ref()))
    }

    /// An offer of which documents told parts, and a feed or we ourselves the whole.
    pub(super) fn whole(id: &OfferId, mut parts: Vec<(&Version, Event)>, whole: Option<&OfferTerms>) -> OfferTerms {
        parts.sort_by_key(|(version, _)| (version.from, version.stated, version.seq));
        let mut terms = OfferTerms::of(id.clone());
        for (_, part) in &parts {
            if let Event::OfferReleased(told) | Event::OfferDescribed(told) = part {
                lay_offer(&mut terms, told);
            }
        }
        if let Some(whole) = whole {
            // What the whole does not say of whose it is was not said of it.
            (terms.recipient, terms.revision, terms.valid_from) = (None, None, None);
            lay_offer(&mut terms, whole);
        }
        terms
    }

    /// The offer that an agreement was made by.
    pub fn offer_of(&self, standing: &Standing) -> Option<OfferTerms> {
        self.offer(standing.terms.offer.as_ref()?, standing.terms.offer_revision, standing.recipient, standing.terms.accepted_at)
    }

    /// The parts that lead to what belongs to an offer's revision.
    pub(super) fn offer_parts(offer: &OfferTerms) -> [String; 3] {
        [
            offer.offer.to_string(),
            offer.revision.map(|revision| revision.to_string()).unwrap_or_default(),
            offer.recipient.map(|recipient| recipient.to_string()).unwrap_or_default(),
        ]
    }

    /// The products of an offer's revision.
    pub fn products_of(&self, offer: &OfferTerms) -> Vec<ProductId> {
        let parts = Self::offer_parts(offer);
        let parts = parts.each_ref().map(String::as_str);
        let added = self
            .all(Kind::OfferProduct, &parts)
            .filter_map(|(record, _)| value_of!(record, record.looked_up(None), OfferProductAdded).map(|added| added.product));
        let mut products = offer.products.clone();
        for product in added {
            if !products.contains(&product) {
                products.push(product);
            }
        }
        products
    }

    /// The accounts that an offer's revision is made to, as it says itself or as its targets do; none when it is shown to others too.
    pub fn buyers_of(&self, offer: &OfferTerms) -> Vec<AccountId> {
        let targets =
            self.targets_of(offer).into_iter().filter(|target| target.kind == "BuyerAccounts" && target.polarity == "PositiveTargeting");
        let told = targets
            .flat_map(|target| target.value.split([',', ' ']).filter_map(|buyer| buyer.parse::<AccountId>().ok()).collect::<Vec<_>>());
        let mut buyers = offer.buyers.clone();
        buyers.extend(told);
        buyers.sort_unstable();
        buyers.dedup();
        buyers
    }

    /// To whom an offer's revision is shown. Targeting differs by revision.
    pub(super) fn targets_of(&self, offer: &OfferTerms) -> Vec<OfferTargeted> {
        let parts = Self::offer_parts(offer);
        self.all(Kind::OfferTarget, &parts.each_ref().map(String::as_str))
            .filter_map(|(record, _)| value_of!(record, record.looked_up(None), OfferTargeted))
            .collect()
    }

    /// Who may see an offer's revision.
    pub(super) fn visibility(&self, offer: &OfferTerms) -> Visibility {
        let targets = self.targets_of(offer);
        let shown = |kind: &str| targets.iter().find(|target| target.kind == kind && target.polarity == "PositiveTargeting");
        if !offer.buyers.is_empty() || shown("BuyerAccounts").is_some() {
            Visibility::Private
        } else if let Some(program) = shown("ParticipatingPrograms") {
            Visibility::Program(program.value.clone())
        } else if shown("CountryCodes").is_some() {
            Visibility::Geo
        } else {
            Visibility::Public
        }
    }

    /// Through whom an offer is sold. A channel deal has another seller than the recipient, or an authorization (AWS's `cppo_flag`).
    pub(crate) fn channel(&self, offer: &OfferTerms) -> Channel {
        if sold_by_another(self, offer) || offer.authorization.is_some() {
            Channel::Cppo
        } else if self.visibility(offer) == Visibility::Private {
            Channel::Spo
        } else {
            Channel::Public
        }
    }

    /// The first moment at which an offer can no longer be accepted, by its terms and by what was done to it since.
    pub(crate) fn expires_at(&self, offer: &OfferTerms) -> Option<Instant> {
        let mut expires = offer.expires_at;
        // What was said of it before the offer came to say so is over.
        let says = |event: Event| match event {
            Event::OfferReleased(terms) | Event::OfferDescribed(terms) => {
                terms.expires_at.is_some() && terms.expires_at == offer.expires_at
            }
            _ => false,
        };
        let told = |record: Record<'_>| {
            let version = record.in_force()?;
            says(record.event(version)?).then_some(version.from)
        };
        let said = self.all(Kind::Offer, &[offer.offer.as_str()]).filter_map(|(record, _)| told(record)).max().unwrap_or(i64::MIN);
        let mut steps: Vec<(&Version, Event)> = Vec::new();
        let records: Vec<_> = self.all(Kind::OfferStep, &[offer.offer.as_str()]).map(|(record, _)| record).collect();
        for record in &records {
            let counts = |version: &&Version| said <= version.from && self.basis.had_happened(Instant::from_micros(version.from));
            steps.extend(record.stated().into_iter().filter(counts).filter_map(|version| Some((version, record.event(version)?))));
        }
        steps.sort_by_key(|(version, _)| (version.from, version.seq));
        for (version, step) in steps {
            match step {
                Event::OfferAvailabilityChanged(changed) => expires = changed.expires_at,
                Event::OfferWithdrawn(_) => expires = Some(Instant::from_micros(version.from)),
                _ => (),
            }
        }
        expires
    }

    /// What was done to an offer, less its release, in the order in which it was recorded.
    pub(crate) fn steps(&self, offer: &OfferId) -> Vec<(u64, Instant, Event)> {
        let records: Vec<_> = self.all(Kind::OfferStep, &[offer.as_str()]).map(|(record, _)| record).collect();
        let mut steps: Vec<(u64, Instant, Event)> = Vec::new();
        for record in &records {
            let of = |version: &Version| Some((version.seq, Instant::from_micros(version.from), record.event(version)?));
            steps.extend(record.stated().into_iter().filter_map(of));
        }
        steps.sort_by_key(|(seq, ..)| *seq);
        steps
    }

    /// When an offer was first released.
    pub(crate) fn released_at(&self, offer: &OfferId) -> Option<Instant> {
        self.all(Kind::Offer, &[offer.as_str()])
            .filter_map(|(record, _)| {
                let first = *record.stated().first()?;
                (!record.is_part() || matches!(record.event(first), Some(Event::OfferReleased(_)))).then_some(first.from)
            })
            .min()
            .map(Instant::from_micros)
    }

    /// Every revision of every offer that had been released at the basis, as each recipient's feeds tell it, or else as documents and we
    /// ourselves do.
    pub(super) fn released(&self) -> Vec<(OfferTerms, Version)> {
        let mut all = Vec::new();
        let mut records = self.all(Kind::Offer, &[]).map(|(record, _)| record).peekable();
        while let Some(first) = records.next() {
            let Some(id) = first.key().first().and_then(|id| id.parse::<OfferId>().ok()) else { continue };
            let (mut parts, mut wholes, mut ours) = (Vec::new(), Vec::new(), Vec::new());
            let mut next = Some(first);
            while let Some(record) = next {
                if let Some(version) = record.in_force()
                    && let Some(event) = record.event(version)
                {
                    match event {
                        event if record.is_part() => parts.push((version, event)),
                        Event::OfferReleased(offer) => wholes.push((*offer, *version)),
                        _ => (),
                    }
                }
                next = records.next_if(|record| record.key().first() == Some(&id.as_str()));
            }
            if wholes.iter().any(|(offer, _)| offer.recipient.is_some()) {
                let of_a_feed = |(offer, version): (OfferTerms, Version)| match offer.recipient {
                    Some(_) => Some((offer, version)),
                    None => {
                        ours.push((version, Event::OfferReleased(Box::new(offer))));
                        None
                    }
                };
                wholes = wholes.into_iter().filter_map(of_a_feed).collect();
            }
            parts.extend(ours.iter().map(|(version, event)| (version, event.clone())));
            let first_released = parts.iter().filter(|(_, part)| matches!(part, Event::OfferReleased(_))).map(|(version, _)| **version);
            match first_released.min_by_key(|version| (version.from, version.seq)) {
                Some(version) if wholes.is_empty() => all.push((Self::whole(&id, parts, None), version)),
                _ if parts.is_empty() => all.append(&mut wholes),
                _ => all.extend(wholes.into_iter().map(|(offer, version)| (Self::whole(&id, parts.clone(), Some(&offer)), version))),
            }
        }
        all
    }

    /// Every offer that had been released at the basis, with the position that says so, and since when.
    pub(crate) fn released_since(&self) -> impl Iterator<Item = (OfferTerms, u64, Instant)> {
        self.released().into_iter().map(|(offer, version)| (offer, version.seq, Instant::from_micros(version.from)))
    }
}
