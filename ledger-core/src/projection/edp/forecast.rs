//! What a running contract year is expected to come to, by a method that is named.

use std::collections::BTreeMap;

use super::{Purchased, Setting, Standing, months};
use crate::commitment::{Judged, Line, Opening, Reckoned, fill, period};
use crate::event::offer::OfferTerms;
use crate::id::{AccountId, OfferId};
use crate::money::{Amount, CENT, round_half_up};
use crate::projection::records::open_instalments;
use crate::time::{Instant, Period};

/// So many months' bills make the run rate.
const MONTHS: usize = 3;
const DAY: i64 = 86_400_000_000;

/// What is expected until the end of a contract year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Of AWS's own services: the mean day of the last months that are billed, for the days that are not.
    pub run_rate: i128,
    /// How many months make it; none where all that is known is what had been counted before the ledger began.
    pub months: usize,
    /// What the instalments that are planned add below the cap.
    pub instalments: i128,
    /// What will lack.
    pub shortfall: i128,
    /// What will be beyond.
    pub surplus: i128,
    /// The open offers which would close the gap, each alone.
    pub closing: Vec<Offered>,
}

/// An open offer that would close the gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The offer.
    pub offer: String,
    /// Its value.
    pub value: Amount,
    /// What would be beyond then.
    pub surplus: i128,
}

impl Setting<'_> {
    /// The forecast of a year that runs and whose bills are all here; nothing otherwise, nor where nothing tells yet what AWS's services come to.
    pub fn forecast(&self, standing: &Standing, year: &Reckoned<Purchased>) -> Option<Forecast> {
        let of_year = period(&year.year);
        if !of_year.holds(standing.until) || !standing.is_whole(year) {
            return None;
        }
        let (run_rate, months) = run_rate(standing, year)?;
        let planned = self.planned(standing, of_year);
        let with = |more: &mut dyn Iterator<Item = Judged<Purchased>>| {
            let mut lines: Vec<Judged<Purchased>> = year.lines.iter().cloned().chain(more).collect();
            fill(&mut lines, year.room());
            lines.iter().map(|judged| judged.counted).sum::<i128>()
        };
        let bought = with(&mut planned.iter().cloned());
        let lacking = year.year.amount.units() - (year.counted() - year.marketplace() + run_rate + bought);
        let adds = |offer: OfferTerms| {
            let (line, value) = self.offered(&offer, standing, of_year)?;
            let surplus = with(&mut planned.iter().cloned().chain([line])) - bought - lacking;
            (surplus >= 0).then(|| Offered { offer: offer.offer.to_string(), value, surplus })
        };
        let open = if lacking > 0 { self.open_offers(standing) } else { Vec::new() };
        Some(Forecast {
            run_rate,
            months,
            instalments: bought - year.marketplace(),
            shortfall: lacking.max(0),
            surplus: (-lacking).max(0),
            closing: open.into_iter().filter_map(adds).collect(),
        })
    }

    /// The instalments of a year that are planned and have become no invoice, judged as if they were invoiced on their days; those whose day has
    /// passed, now.
    fn planned(&self, standing: &Standing, of_year: Period) -> Vec<Judged<Purchased>> {
        let payers = &standing.contract.terms.payers;
        let paid = |judged: &Judged<Purchased>| Some((judged.of.agreement.clone()?, judged.of.payer));
        let paid: BTreeMap<String, AccountId> = standing.years.iter().flat_map(|year| &year.lines).filter_map(paid).collect();
        let open = open_instalments(self.view, &self.billing.invoiced(self.view.basis()));
        let mut found = Vec::new();
        for agreement in self.view.agreements() {
            let id = agreement.terms.agreement.as_str();
            // Who paid before; else who is to be invoiced, and that is the acceptor unless another is told.
            let invoiced = || agreement.terms.payer.or_else(|| self.view.acceptor(agreement));
            let payer = paid.get(id).copied().or_else(invoiced).filter(|account| payers.contains(account));
            let Some(payer) = payer else { continue };
            let Some(offer) = self.view.offer_of(agreement) else { continue };
            let product = self.view.products_of(&offer).into_iter().next();
            let kind = product.as_ref().and_then(|product| self.view.delivery_of(product)).or(offer.delivery);
            for charge in open.get(id).into_iter().flatten().filter(|charge| of_year.holds(charge.charged_at)) {
                let day = charge.charged_at.max(standing.until);
                let line = Line {
                    key: format!("{payer}:planned:{id}:{}", charge.term),
                    invoiced: day,
                    counts_at: day,
                    accepted: agreement.terms.accepted_at,
                    kind: kind.clone(),
                    price: round_half_up(charge.amount.units(), CENT),
                    currency: charge.currency,
                };
                let of = Purchased { agreement: Some(id.to_owned()), ..Purchased::by(payer, product.as_ref()) };
                found.push(self.judged(line, of, product.as_ref(), &standing.contract));
            }
        }
        found
    }

    /// The offers that stand for a payer to accept, each once.
    fn open_offers(&self, standing: &Standing) -> Vec<OfferTerms> {
        let states = self.view.offer_states();
        let mut found: BTreeMap<OfferId, OfferTerms> = BTreeMap::new();
        for offer in self.view.released_offers() {
            let is_ours = self.view.buyers_of(&offer).iter().any(|buyer| standing.contract.terms.payers.contains(buyer));
            if is_ours && states.of(&offer.offer).is_some_and(|state| state.word == "released") {
                found.insert(offer.offer.clone(), offer);
            }
        }
        found.into_values().collect()
    }

    /// What an offer would add if it were accepted now and invoiced within the year: what its schedule plans for it, or all of its value.
    fn offered(&self, offer: &OfferTerms, standing: &Standing, of_year: Period) -> Option<(Judged<Purchased>, Amount)> {
        let (value, currency) = (offer.value?, offer.currency?);
        let inside = offer.schedule.iter().filter(|part| of_year.holds(part.charged_at)).map(|part| part.amount.units()).sum();
        let product = self.view.products_of(offer).into_iter().next();
        let payer = self.view.buyers_of(offer).into_iter().find(|buyer| standing.contract.terms.payers.contains(buyer))?;
        let line = Line {
            key: format!("{payer}:offered:{}", offer.offer),
            invoiced: standing.until,
            counts_at: standing.until,
            accepted: Some(standing.until),
            kind: product.as_ref().and_then(|product| self.view.delivery_of(product)).or_else(|| offer.delivery.clone()),
            price: round_half_up(if offer.schedule.is_empty() { value.units() } else { inside }, CENT),
            currency,
        };
        Some((self.judged(line, Purchased::by(payer, product.as_ref()), product.as_ref(), &standing.contract), value))
    }
}

/// What AWS's own services will come to on the days that are not billed yet, and how many months say so: those of which every payer's bill is
/// here. Before the first of them it is what was brought forward that says so; nothing is told when that does not tell its services, or nothing
/// was brought forward.
fn run_rate(standing: &Standing, year: &Reckoned<Purchased>) -> Option<(i128, usize)> {
    let of_year = period(&year.year);
    let billed = |month: &Period| standing.contract.terms.payers.iter().all(|payer| standing.services.contains_key(&(*payer, month.from)));
    let earlier = Period { from: Instant::from_micros(of_year.from.micros() - 100 * DAY), until: of_year.until };
    let known: Vec<Period> = months(earlier).into_iter().filter(|month| month.until <= standing.until && billed(month)).collect();
    let last = &known[known.len().saturating_sub(MONTHS)..];
    let days_of = |of: Period| (of.until.micros() - of.from.micros()) / DAY;
    let rate = |sum: i128, days: i64, end: Instant| {
        let left = days_of(Period { from: end.max(of_year.from), until: of_year.until });
        round_half_up(sum * i128::from(left) / i128::from(days), CENT)
    };
    let Some(end) = last.last() else {
        let days = |opening: &Opening| days_of(Period { from: of_year.from, until: opening.cut_over });
        let opening = year.opening.as_ref().filter(|opening| !opening.replaced && days(opening) > 0)?;
        return Some((rate(opening.services()?, days(opening), opening.cut_over), 0));
    };
    let of_last = |month: Instant| last.iter().any(|known| known.from == month);
    let sum: i128 = standing.services.iter().filter(|((_, month), _)| of_last(*month)).map(|(_, (sum, _))| sum).sum();
    Some((rate(sum, last.iter().map(|month| days_of(*month)).sum(), end.until), last.len()))
}
