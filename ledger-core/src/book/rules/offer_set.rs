//! Offers that are accepted in one action. Source: AWS Marketplace Catalog API, `OfferSet@1.0`; seller guide, multi-product solutions: at most
//! seven private offers to one buyer.

use super::Breaches;
use super::resale::names;
use crate::book::decide::Setting;
use crate::event::offer::OfferSetTerms;
use crate::id::{AccountId, OfferId};
use crate::problem::Code;

const MOST_OFFERS: usize = 7;

/// A set that is drafted, or released for its buyer to accept.
pub(in crate::book) fn offer_set(setting: &Setting<'_>, told: &OfferSetTerms, is_release: bool, breaches: &mut Breaches) {
    breaches.for_the_feed(&[("recipient", told.recipient.is_some()), ("removed", !told.removed.is_empty())]);
    let known = setting.view.offer_set(&told.offer_set);
    if known.as_ref().is_some_and(|(_, is_released)| *is_released) {
        let why = "it is released already, and stands as it is";
        breaches.add(Code::E0408, "offer_set", told.offer_set.as_str(), why, "release another set");
    }
    let offers = match known {
        Some((drafted, _)) if told.offers.is_empty() => drafted.offers,
        _ => told.offers.clone(),
    };
    if offers.len() > MOST_OFFERS {
        breaches.add(Code::E0420, "offers", offers.len().to_string(), "a set has at most seven offers", "make two sets");
    }
    if is_release && offers.len() < 2 {
        breaches.add(Code::E0420, "offers", offers.len().to_string(), "a set has two offers or more", "--set offers=offer-…,offer-…");
    }
    let mut first: Option<(&OfferId, Vec<AccountId>)> = None;
    for offer in &offers {
        let name = offer.as_str();
        let Some(terms) = setting.view.offer(offer, None, None, None) else {
            if is_release {
                breaches.add(Code::E0407, "offers", name, "no such offer is released", "release it first: offer.released");
            }
            continue;
        };
        let buyers = setting.view.buyers_of(&terms);
        if buyers.is_empty() {
            breaches.add(Code::E0420, "offers", name, "it is a public offer", "a set has private offers only");
        }
        match &first {
            None => first = Some((offer, buyers)),
            Some((other, theirs)) if *theirs != buyers => {
                let why = format!("it is made to {}, and `{other}` to {}", names(&buyers), names(theirs));
                breaches.add(Code::E0420, "offers", name, why, "the offers of a set are made to the same buyers");
            }
            Some(_) => (),
        }
    }
}
