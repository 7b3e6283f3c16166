//! What became of the offers that were made: the figures from which the next one is drawn up.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::deals::Channel;
use crate::event::offer::OfferTerms;
use crate::id::{AccountId, OfferId};
use crate::money::Amount;
use crate::report::{Cell, Column, Kind as Of, Report};
use crate::time::Instant;

/// An offer, and what became of it.
struct Outcome {
    offer: OfferTerms,
    released: Instant,
    expires: Option<Instant>,
    accepted: Option<Instant>,
    channel: Channel,
    buyers: Vec<AccountId>,
    competes: bool,
}

/// One row per market segment and channel, with MPOP and without: how many offers were made, accepted and lapsed, how long it took, how deep the discounts were, and
/// how many stood beside another private offer to the same buyer for the same product.
///
/// The win rate is of the offers whose fate is known; the days are the median; the discount is the mean, of offers that tell the value at the
/// list price too.
pub fn strategy(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "offer-stats",
        vec![
            Column::new("segment", "Segment", Of::Text),
            Column::new("kind", "Kind", Of::Text),
            Column::new("mpop", "MPOP", Of::Flag),
            Column::new("offers", "Offers", Of::Count),
            Column::new("accepted", "Accepted", Of::Count),
            Column::new("open", "Open", Of::Count),
            Column::new("lapsed", "Lapsed", Of::Count),
            Column::new("win_rate", "Won %", Of::Amount),
            Column::new("days", "Days to accept", Of::Count),
            Column::new("discount", "Discount %", Of::Amount),
            Column::new("competing", "Competing", Of::Count),
        ],
    );
    let now = view.until();
    let mut groups: BTreeMap<(String, &str, bool), Vec<Outcome>> = BTreeMap::new();
    for outcome in outcomes(view) {
        let segment = outcome.offer.segment.clone().unwrap_or_default();
        let mpop = outcome.offer.programmes.iter().any(|programme| programme == "mpop");
        groups.entry((segment, outcome.channel.as_str(), mpop)).or_default().push(outcome);
    }
    for ((segment, channel, mpop), group) in groups {
        let count = |is_it: &dyn Fn(&&Outcome) -> bool| group.iter().filter(is_it).count();
        let accepted = count(&|outcome| outcome.accepted.is_some());
        let lapsed = count(&|outcome| outcome.accepted.is_none() && outcome.expires.is_some_and(|expires| Some(expires) <= now));
        let mut days: Vec<i64> = group.iter().filter_map(|it| Some((it.accepted?.day() - it.released.day()).num_days())).collect();
        days.sort_unstable();
        let median = days.get(days.len().saturating_sub(1) / 2).and_then(|days| u64::try_from(*days).ok());
        let depths: Vec<Amount> = group.iter().filter_map(|outcome| depth(&outcome.offer)).collect();
        let competing = count(&|outcome| outcome.competes);
        report.rows.push(vec![
            Cell::or_empty(Some(segment).filter(|segment| !segment.is_empty()), Cell::Text),
            Cell::text(channel),
            Cell::Flag(mpop),
            Cell::Count(group.len() as u64),
            Cell::Count(accepted as u64),
            Cell::Count((group.len() - accepted - lapsed) as u64),
            Cell::Count(lapsed as u64),
            Cell::or_empty(share(accepted as i128, (accepted + lapsed) as i128), Cell::Amount),
            Cell::or_empty(median, Cell::Count),
            Cell::or_empty(mean(&depths), Cell::Amount),
            Cell::Count(competing as u64),
        ]);
    }
    report
}

/// So many in a hundred, to one decimal.
fn share(part: i128, whole: i128) -> Option<Amount> {
    (part * 10_000_000_000).checked_div(whole).map(|units| Amount::from_units(units).half_up(1))
}

fn mean(amounts: &[Amount]) -> Option<Amount> {
    let sum: i128 = amounts.iter().map(|amount| amount.units()).sum();
    sum.checked_div(amounts.len() as i128).map(|units| Amount::from_units(units).half_up(1))
}

/// How much less than at the list price, in per cent.
fn depth(offer: &OfferTerms) -> Option<Amount> {
    let (value, list) = (offer.value?.units(), offer.list_value?.units());
    ((list - value) * 10_000_000_000).checked_div(list).map(Amount::from_units)
}

/// Every offer that was released, each once, by its id.
fn outcomes(view: &View<'_>) -> Vec<Outcome> {
    let mut accepted: BTreeMap<&OfferId, Instant> = BTreeMap::new();
    for standing in view.standings() {
        for offer in &standing.offers {
            let at = standing.terms.accepted_at.unwrap_or(standing.since);
            accepted.entry(offer).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
    }
    let ids: BTreeSet<OfferId> = view.released_offers().map(|offer| offer.offer).collect();
    let mut outcomes = Vec::new();
    for id in ids {
        let Some((offer, released)) = view.offer(&id, None, None, None).zip(view.released_at(&id)) else { continue };
        let (expires, channel, buyers) = (view.expires_at(&offer), view.channel(&offer), view.buyers_of(&offer));
        outcomes.push(Outcome { released, expires, accepted: accepted.get(&id).copied(), channel, buyers, competes: false, offer });
    }
    let mut by_buyer: BTreeMap<AccountId, Vec<usize>> = BTreeMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        outcome.buyers.iter().for_each(|buyer| by_buyer.entry(*buyer).or_default().push(at));
    }
    let products: Vec<_> = outcomes.iter().map(|outcome| view.products_of(&outcome.offer)).collect();
    let beside = |one: usize, other: usize| {
        let (first, second) = (&outcomes[one], &outcomes[other]);
        let stood = |offer: &Outcome, at: Instant| offer.released <= at && offer.expires.is_none_or(|expires| at < expires);
        let at_once = stood(first, second.released) || stood(second, first.released);
        one != other && at_once && products[one].iter().any(|product| products[other].contains(product))
    };
    let all = by_buyer.values();
    let competing: BTreeSet<usize> =
        all.flat_map(|offers| offers.iter().copied().filter(|one| offers.iter().any(|other| beside(*one, *other)))).collect();
    competing.into_iter().for_each(|at| outcomes[at].competes = true);
    outcomes
}
