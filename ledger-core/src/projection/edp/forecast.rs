//! What a running contract year is expected to come to, by a method that is named.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::report::grouped;
use super::{Purchased, Setting, Standing, months};
use crate::commitment::{Judged, Line, Opening, Reckoned, fill, period};
use crate::event::agreement::Status;
use crate::event::offer::OfferTerms;
use crate::id::{AccountId, OfferId, ProductId};
use crate::money::{Amount, CENT, Currency, round_half_up};
use crate::projection::records::{Standing as Agreement, open_instalments};
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
    /// What the instalments that are planned add below the cap, and agreements that are invoiced at once and are not yet.
    pub instalments: i128,
    /// The agreements among them that have no schedule and no invoice and will count, each with its value.
    pub at_once: Vec<(String, Amount)>,
    /// What will lack.
    pub shortfall: i128,
    /// What will be beyond.
    pub surplus: i128,
    /// The open offers which would close the gap, each alone; where none would, the fewest that do together.
    pub closing: Vec<Closing>,
}

/// One open offer that would close the gap, or several that would together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The offers, each with its value.
    pub offers: Vec<(OfferId, Amount)>,
    /// What would be beyond then.
    pub surplus: i128,
}

/// What is expected to be invoiced for an agreement.
struct Expected {
    /// When it is due.
    due: Instant,
    /// As it will be invoiced: on that day, or now when the day has passed.
    line: Judged<Purchased>,
    /// Its value, where it is all of it.
    at_once: Option<Amount>,
}

/// An open offer, as if it were accepted now.
struct Open {
    offer: OfferTerms,
    value: Amount,
    line: Judged<Purchased>,
}

impl Open {
    /// Whether an agreement ends with its acceptance.
    fn ends(&self, agreement: Option<&String>) -> bool {
        agreement.is_some_and(|agreement| self.offer.replaces.as_ref().is_some_and(|replaced| replaced.as_str() == agreement))
    }

    /// Whether one of two offers can be accepted and not both: they follow the same agreement.
    fn excludes(&self, other: &Self) -> bool {
        let follows = |offer: &OfferTerms| offer.replaces.clone().or_else(|| offer.renews.clone());
        follows(&self.offer).is_some_and(|agreement| follows(&other.offer) == Some(agreement))
    }
}

impl Forecast {
    /// What a reader should know of it, of a year with this last day.
    pub(super) fn notes(&self, last: NaiveDate) -> Vec<String> {
        let at_once = self.at_once.iter().map(|(agreement, value)| {
            format!("{agreement} {} has no schedule and no invoice yet, and is forecast as one instalment", grouped(value.units()))
        });
        let closing = self.closing.iter().map(|closing| {
            let offers: Vec<String> = closing.offers.iter().map(|(offer, value)| format!("{offer} {}", grouped(value.units()))).collect();
            let close = if offers.len() == 1 { "closes the gap" } else { "close the gap together" };
            format!("{} {close} if invoiced by {last}: surplus {}", offers.join(" and "), grouped(closing.surplus))
        });
        at_once.chain(closing).collect()
    }
}

impl Setting<'_> {
    /// The forecast of a year that runs and whose bills are all here; nothing otherwise, nor where nothing tells yet what AWS's services come to.
    pub fn forecast(&self, standing: &Standing, year: &Reckoned<Purchased>) -> Option<Forecast> {
        let of_year = period(&year.year);
        if !of_year.holds(standing.until) || !standing.is_whole(year) {
            return None;
        }
        let (run_rate, months) = run_rate(standing, year)?;
        let expected = self.expected(standing, year);
        let with = |offers: &[&Open]| {
            let ends = |it: &Expected| it.due >= standing.until && offers.iter().any(|open| open.ends(it.line.of.agreement.as_ref()));
            let stays = expected.iter().filter(|it| !ends(it)).map(|it| &it.line);
            let mut lines: Vec<_> = year.lines.iter().chain(stays).chain(offers.iter().map(|open| &open.line)).cloned().collect();
            fill(&mut lines, year.room());
            lines.iter().map(|judged| judged.counted).sum::<i128>()
        };
        let bought = with(&[]);
        let lacking = year.year.amount.units() - (year.counted() - year.marketplace() + run_rate + bought);
        let mut open: Vec<Open> = if lacking > 0 { self.open_offers(standing, of_year) } else { Vec::new() };
        let closes = |offers: &[&Open]| {
            let surplus = with(offers) - bought - lacking;
            let named = || offers.iter().map(|open| (open.offer.offer.clone(), open.value)).collect();
            (surplus >= 0).then(|| Closing { offers: named(), surplus })
        };
        let mut closing: Vec<Closing> = open.iter().filter_map(|open| closes(&[open])).collect();
        if closing.is_empty() {
            // The largest first: none of those that close the gap together can then be left out.
            open.sort_by_key(|open| std::cmp::Reverse(open.line.eligible));
            let mut together: Vec<&Open> = Vec::new();
            for open in &open {
                if !together.iter().any(|other| other.excludes(open)) && closing.is_empty() {
                    together.push(open);
                    closing.extend(closes(&together));
                }
            }
        }
        let at_once = |it: &Expected| Some((it.line.of.agreement.clone()?, it.at_once.filter(|_| it.line.eligible != 0)?));
        Some(Forecast {
            run_rate,
            months,
            instalments: bought - year.marketplace(),
            at_once: expected.iter().filter_map(at_once).collect(),
            shortfall: lacking.max(0),
            surplus: (-lacking).max(0),
            closing,
        })
    }

    /// What agreements of the payers will be invoiced in a year: the instalments that are planned and have become no invoice; where none are told,
    /// those that were offered, or all of it at once. Each judged as if it were invoiced on its day; those whose day has passed, now.
    fn expected(&self, standing: &Standing, year: &Reckoned<Purchased>) -> Vec<Expected> {
        let (of_year, payers) = (period(&year.year), &standing.contract.terms.payers);
        let paid = |judged: &Judged<Purchased>| Some((judged.of.agreement.clone()?, judged.of.payer));
        let paid: BTreeMap<String, AccountId> = standing.years.iter().flat_map(|year| &year.lines).filter_map(paid).collect();
        let feeds = self.billing.invoiced(self.view.basis());
        let open = open_instalments(self.view, &feeds);
        let mut found = Vec::new();
        for agreement in self.view.agreements() {
            let id = agreement.terms.agreement.as_str();
            // Who paid before; else who is to be invoiced, and that is the acceptor unless another is told.
            let told = || agreement.terms.payer.or_else(|| self.view.acceptor(agreement));
            let Some(payer) = paid.get(id).copied().or_else(told).filter(|account| payers.contains(account)) else { continue };
            let Some(offer) = self.view.offer_of(agreement) else { continue };
            let products = self.view.products_of(&offer);
            let product = products.first();
            let kind = product.and_then(|product| self.view.delivery_of(product)).or_else(|| offer.delivery.clone());
            let mut expect = |term: &str, due: Instant, amount: Amount, currency: Currency, at_once: Option<Amount>| {
                let day = due.max(standing.until);
                let line = Line {
                    key: format!("{payer}:planned:{id}:{term}"),
                    invoiced: day,
                    counts_at: day,
                    accepted: agreement.terms.accepted_at,
                    kind: kind.clone(),
                    price: round_half_up(amount.units(), CENT),
                    currency,
                };
                let of = Purchased { agreement: Some(id.to_owned()), ..Purchased::by(payer, product) };
                found.push(Expected { due, line: self.judged(line, of, product, &standing.contract), at_once });
            };
            for charge in open.get(id).into_iter().flatten().filter(|charge| of_year.holds(charge.charged_at)) {
                expect(charge.term.as_str(), charge.charged_at, charge.amount, charge.currency, None);
            }
            if feeds.invoiced.contains_key(id) || !self.view.planned_for(agreement).is_empty() {
                continue;
            }
            let Some((due, value, currency)) = at_once(agreement, &offer) else { continue };
            for part in offer.schedule.iter().filter(|part| of_year.holds(part.charged_at)) {
                expect("", part.charged_at, part.amount, currency, None);
            }
            if offer.schedule.is_empty() && is_open(year, due) && !is_billed(year, agreement, payer, &products, value) {
                expect("", due.max(standing.until), value, currency, Some(value));
            }
        }
        found
    }

    /// The offers that stand for a payer to accept, each once.
    fn open_offers(&self, standing: &Standing, of_year: Period) -> Vec<Open> {
        let states = self.view.offer_states();
        let mut found: BTreeMap<OfferId, OfferTerms> = BTreeMap::new();
        for offer in self.view.released_offers() {
            let is_ours = self.view.buyers_of(&offer).iter().any(|buyer| standing.contract.terms.payers.contains(buyer));
            if is_ours && states.of(&offer.offer).is_some_and(|state| state.word == "released") {
                found.insert(offer.offer.clone(), offer);
            }
        }
        found.into_values().filter_map(|offer| self.offered(offer, standing, of_year)).collect()
    }

    /// What an offer would add if it were accepted now and invoiced within the year: what its schedule plans for it, or all of its value.
    fn offered(&self, offer: OfferTerms, standing: &Standing, of_year: Period) -> Option<Open> {
        let (value, currency) = (offer.value?, offer.currency?);
        let inside = offer.schedule.iter().filter(|part| of_year.holds(part.charged_at)).map(|part| part.amount.units()).sum();
        let product = self.view.products_of(&offer).into_iter().next();
        let payer = self.view.buyers_of(&offer).into_iter().find(|buyer| standing.contract.terms.payers.contains(buyer))?;
        let line = Line {
            key: format!("{payer}:offered:{}", offer.offer),
            invoiced: standing.until,
            counts_at: standing.until,
            accepted: Some(standing.until),
            kind: product.as_ref().and_then(|product| self.view.delivery_of(product)).or_else(|| offer.delivery.clone()),
            price: round_half_up(if offer.schedule.is_empty() { value.units() } else { inside }, CENT),
            currency,
        };
        let line = self.judged(line, Purchased::by(payer, product.as_ref()), product.as_ref(), &standing.contract);
        Some(Open { offer, value, line })
    }
}

/// When an agreement is invoiced that has no schedule, and how much: all of it, when it is accepted or when it starts.
fn at_once(agreement: &Agreement, offer: &OfferTerms) -> Option<(Instant, Amount, Currency)> {
    let terms = &agreement.terms;
    let value = terms.value.or(offer.value).filter(|value| !value.is_zero())?;
    let due = terms.accepted_at?.max(terms.starts_at.unwrap_or(terms.accepted_at?));
    (terms.status == Some(Status::Active)).then_some((due, value, terms.currency.or(offer.currency)?))
}

/// Whether a year holds a day of which the ledger itself tells the invoices.
fn is_open(year: &Reckoned<Purchased>, day: Instant) -> bool {
    period(&year.year).holds(day) && year.opening.as_ref().is_none_or(|opening| day >= opening.cut_over)
}

/// Whether a bill tells what may be an agreement's invoice: since it was accepted, of one of its products, or of its value.
fn is_billed(year: &Reckoned<Purchased>, agreement: &Agreement, payer: AccountId, products: &[ProductId], value: Amount) -> bool {
    let may_be = |judged: &&Judged<Purchased>| {
        let of_product = judged.of.product.as_ref().is_some_and(|told| products.iter().any(|product| product.as_str() == told));
        judged.of.agreement.is_none() && judged.of.payer == payer && (of_product || judged.line.price == value.units())
    };
    year.lines.iter().filter(may_be).any(|judged| agreement.terms.accepted_at <= Some(judged.line.invoiced))
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
