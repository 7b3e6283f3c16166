//! The audit: what AWS charged for listing against what the rate card says, line by line.
//!
//! ```text
//! FeeLine x card of its invoice's day x how it was sold -> Judged: agrees, over, under, or why it cannot be judged
//! ```
//!
//! Nothing is called wrong that may be right. Feeds do not tell how a product is delivered, and a refund does not tell of which invoice it is:
//! then every rate that may apply is held against the fee, and only what lies beyond all of them is over or under. In a channel deal the fees of
//! all parties are summed and held against the whole price of the buyer, the largest base there can be: on which price each party is
//! charged is not documented, so that less than the card's fee is not judged.

use std::collections::{BTreeMap, BTreeSet};

use super::{Delivery, NoRate, RateCard, Rated};
use crate::hash::Map;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::projection::billing::{Billing, FeeLine};
use crate::projection::records::{Sold, View};
use crate::time::Instant;

/// The cards that were set, by when each came into force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards(Vec<(Instant, u64, RateCard)>);

impl Cards {
    /// Cards with when each came into force, the earliest first, and where it was set.
    pub fn of(cards: impl IntoIterator<Item = (Instant, u64, RateCard)>) -> Self {
        Self(cards.into_iter().collect())
    }

    /// Whether none was ever set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of the card in force at a moment.
    fn at(&self, moment: Instant) -> Option<usize> {
        self.0.partition_point(|(since, ..)| *since <= moment).checked_sub(1)
    }
}

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The fee is the card's, but for the rounding of each fee.
    Agrees,
    /// AWS charged more, or gave less back.
    Over,
    /// AWS charged less, or gave more back.
    Under,
    /// Something that is needed is not told.
    NotJudged,
}

impl Verdict {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Over => "over",
            Self::Under => "under",
            Self::NotJudged => "not judged",
        }
    }
}

/// A line, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    /// The line.
    pub line: FeeLine<'a>,
    /// What came of it.
    pub verdict: Verdict,
    /// The rate that it was held against, with the rows of the card.
    pub rated: Option<Rated>,
    /// Where the card was set.
    pub card: Option<u64>,
    /// The value that picks the tier.
    pub value: Option<(Amount, Currency)>,
    /// What the fee should be, in hundred-millionths.
    pub expected: Option<i128>,
    /// Why it is not judged, or what the verdict leaves open.
    pub reason: Option<String>,
}

impl Judged<'_> {
    /// The fee that was charged, rounded half up to two places.
    pub fn charged(&self) -> Amount {
        cents(self.line.charged)
    }

    /// By how much too much was charged: negative when it was too little. Nothing when the line is not judged.
    pub fn difference(&self) -> Option<Amount> {
        let expected = cents(self.expected.filter(|_| self.verdict != Verdict::NotJudged)?);
        Some(Amount::from_units(self.charged().units() - expected.units()).half_up(2))
    }
}

pub(super) fn cents(units: i128) -> Amount {
    Amount::from_units(units).half_up(2)
}

/// Every line that carries a fee, or a price and no fee.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit<'a> {
    /// The lines, by agreement, invoice and line.
    pub lines: Vec<Judged<'a>>,
    /// Whether there is a card at all.
    pub has_card: bool,
}

/// What is known of the deals, looked up once each.
struct Deals<'v> {
    view: &'v View<'v>,
    agreements: Map<String, Vec<(Instant, Sold)>>,
    deliveries: Map<String, Option<Delivery>>,
    /// Where buyers are taxed; nothing when no card adds points for it.
    countries: Option<Map<(AccountId, Instant), Option<String>>>,
}

impl Deals<'_> {
    /// How a line was sold, as it stood on the day of its invoice.
    fn sold(&mut self, line: &FeeLine<'_>, invoiced: Instant) -> Result<Sold, String> {
        let view = self.view;
        let mut sold = match (line.agreement, line.offer) {
            (Some(agreement), _) => {
                let revisions = self
                    .agreements
                    .entry(agreement.to_owned())
                    .or_insert_with(|| agreement.parse().map(|agreement| view.sold_as(&agreement)).unwrap_or_default());
                let at = revisions.partition_point(|(since, _)| *since <= invoiced).saturating_sub(1);
                revisions.get(at).map(|(_, sold)| sold.clone()).ok_or("the offer of the agreement is not told")?
            }
            (None, Some(offer)) => offer.parse().ok().and_then(|offer| view.offered_as(&offer)).ok_or("the offer is not told")?,
            (None, None) => return Err("no agreement and no offer is told".to_owned()),
        };
        if let Some(product) = line.product {
            let told = self
                .deliveries
                .entry(product.to_owned())
                .or_insert_with(|| product.parse().ok().and_then(|product| Delivery::of(&view.delivery_of(&product)?)));
            sold.delivery = told.or(sold.delivery);
        }
        if let (Some(countries), Some(buyer)) = (&mut self.countries, sold.buyer) {
            let day = Instant::midnight(invoiced.day());
            sold.deal.country = countries.entry((buyer, day)).or_insert_with(|| view.place_of(buyer, Some(invoiced))?.0).clone();
        }
        Ok(sold)
    }
}

/// What decides the rate of a line: a card, and how it was sold.
#[derive(Clone)]
struct Terms {
    card: usize,
    sold: Sold,
}

/// Holds each line that carries a listing fee at the basis of a view, or should, against the card that was in force on the day of its invoice.
pub fn audit<'a>(billing: &'a Billing, view: &View<'_>, cards: &Cards) -> Audit<'a> {
    audit_as(billing, view, cards, |_| ())
}

/// The same, of lines as somebody else tells them.
pub(crate) fn audit_as<'a>(billing: &'a Billing, view: &View<'_>, cards: &Cards, tell: impl Fn(&mut FeeLine<'a>)) -> Audit<'a> {
    let mut found = billing.fee_lines(view.basis());
    found.iter_mut().for_each(tell);
    let countries = cards.0.iter().any(|(.., card)| card.has_regions()).then(Map::default);
    let mut deals = Deals { view, agreements: Map::default(), deliveries: Map::default(), countries };
    let mut terms: Vec<Result<Vec<Terms>, String>> = Vec::with_capacity(found.len());
    let mut sales: Map<(&str, Option<&str>), Vec<Terms>> = Map::default();
    for line in &found {
        let told = of_line(line, &mut deals, cards);
        // What a sale was not charged, no refund of it can give back.
        if let (Some(agreement), false, Ok(told)) = (line.agreement.filter(|_| line.fees > 0), line.is_refund, &told) {
            let of_deal = sales.entry((agreement, line.product)).or_default();
            if !of_deal.iter().any(|known| known.card == told.card && known.sold == told.sold) {
                of_deal.push(told.clone());
            }
        }
        terms.push(told.map(|told| vec![told]));
    }
    let mut lines: Vec<Judged<'a>> = Vec::with_capacity(found.len());
    for (line, mut told) in found.into_iter().zip(terms) {
        // A refund is given at the rate that was charged, and does not tell of which invoice it is.
        if line.is_refund {
            let of_deal = line.agreement.and_then(|agreement| sales.get(&(agreement, line.product)));
            match of_deal {
                Some(of_deal) if told.is_ok() => told = Ok(of_deal.clone()),
                None if line.fees == 0 => told = told.and(Err("no listing fee was charged on what it refunds".to_owned())),
                _ => (),
            }
        }
        lines.push(judge(line, told, cards));
    }
    lines.sort_by(|one, other| {
        let key = |judged: &Judged<'a>| (judged.line.agreement, judged.line.invoice, judged.line.line, judged.line.currency);
        key(one).cmp(&key(other))
    });
    Audit { lines, has_card: !cards.is_empty() }
}

fn of_line(line: &FeeLine<'_>, deals: &mut Deals<'_>, cards: &Cards) -> Result<Terms, String> {
    if let Some(currency) = line.priced_in {
        return Err(format!("the fee is in {}, and the price in {currency}", line.currency));
    }
    if line.is_one_sided {
        return Err("a party of the channel deal is not in this ledger".to_owned());
    }
    if line.price.is_none() {
        return Err("no price stands on the line".to_owned());
    }
    let invoiced = line.invoiced.ok_or("the date of the invoice is not told")?;
    let card = cards.at(invoiced).ok_or_else(|| match cards.is_empty() {
        true => "no rate card is set".to_owned(),
        false => format!("no rate card is in force on {}", invoiced.day()),
    })?;
    let mut sold = deals.sold(line, invoiced)?;
    if sold.deal.is_channel && !line.is_resold {
        return Err("a party of the channel deal is not in this ledger".to_owned());
    }
    sold.deal.is_channel |= line.is_resold;
    Ok(Terms { card, sold })
}

/// Every rate that may apply, each once.
fn rates(all: &[Terms], cards: &Cards) -> Result<Vec<(Rated, u64)>, NoRate> {
    let mut rates: Vec<(Rated, u64)> = Vec::new();
    for Terms { card, sold } in all {
        let (_, seq, card) = &cards.0[*card];
        let deliveries = sold.delivery.as_ref().map_or(&Delivery::ALL[..], std::slice::from_ref);
        for delivery in deliveries {
            match card.rate(&sold.deal, *delivery) {
                Ok(rated) if rates.iter().all(|(known, _)| known.rate != rated.rate) => rates.push((rated, *seq)),
                Ok(_) => (),
                Err(NoRate::PublicServices) if sold.delivery.is_none() => (),
                Err(why) => return Err(why),
            }
        }
    }
    Ok(rates)
}

fn judge<'a>(line: FeeLine<'a>, terms: Result<Vec<Terms>, String>, cards: &Cards) -> Judged<'a> {
    let value = terms.as_ref().ok().and_then(|terms| terms.first()?.sold.deal.value);
    let is_delivered = terms.as_ref().is_ok_and(|terms| terms.iter().all(|terms| terms.sold.delivery.is_some()));
    let mut judged = Judged { line, verdict: Verdict::NotJudged, rated: None, card: None, value, expected: None, reason: None };
    let rates = match terms.and_then(|terms| rates(&terms, cards).map_err(|why| why.to_string())) {
        Ok(rates) => rates,
        Err(why) => return Judged { reason: Some(why), ..judged },
    };
    let (price, charged) = (judged.line.price.unwrap_or_default(), judged.line.charged);
    let several = rates.len() > 1;
    let mut fees: Vec<(i128, Rated, u64)> = rates.into_iter().map(|(rated, card)| (rated.rate.on(price), rated, card)).collect();
    fees.sort_by_key(|(fee, ..)| *fee);
    // Each fee may be rounded by itself, to the smallest unit of its currency.
    let unit = 10_i128.pow(8 - judged.line.currency.parse::<Currency>().map_or(2, Currency::decimals));
    let slack = unit * i128::from(judged.line.fees.max(1));
    let is_it = |(fee, ..): &(i128, Rated, u64)| (charged - fee).abs() <= slack;
    let (Some(least), Some(most)) = (fees.first().map(|(fee, ..)| *fee), fees.last().map(|(fee, ..)| *fee)) else { return judged };
    let (place, verdict) = match fees.iter().position(is_it) {
        Some(place) => (place, Verdict::Agrees),
        None if charged > most => (fees.len() - 1, Verdict::Over),
        None if charged < least => (0, Verdict::Under),
        None => (0, Verdict::NotJudged),
    };
    // The whole price is the largest base there can be: less of a fee, or less given back, proves nothing.
    let unproven = judged.line.is_resold && verdict == if price < 0 { Verdict::Over } else { Verdict::Under };
    judged.verdict = if unproven { Verdict::NotJudged } else { verdict };
    judged.reason = match judged.verdict {
        Verdict::Agrees => None,
        _ if unproven => Some("less than on the whole price; on which part of it each party is charged is not documented".to_owned()),
        _ if !several => None,
        Verdict::NotJudged => {
            Some(format!("it may be {}", fees.iter().map(|(_, rated, _)| format!("{} %", rated.rate)).collect::<Vec<_>>().join(" or ")))
        }
        _ if is_delivered => Some("at least: it is not told of which invoice the refund is".to_owned()),
        _ => Some("at least: how the product is delivered is not told".to_owned()),
    };
    if judged.line.fees == 0 && !judged.line.is_refund && judged.verdict != Verdict::Agrees {
        let why = judged.reason.map_or_else(String::new, |why| format!("; {why}"));
        judged.reason = Some(format!("no listing fee was charged{why}"));
    }
    if judged.verdict != Verdict::NotJudged || !several {
        let (fee, rated, card) = fees.swap_remove(place);
        (judged.expected, judged.rated, judged.card) = (Some(fee), Some(rated), Some(card));
    }
    judged
}

/// What a group of lines comes to, in one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Charged too much, in hundred-millionths.
    pub over: i128,
    /// Charged too little.
    pub under: i128,
}

impl Audit<'_> {
    /// How many lines there are of a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|judged| judged.verdict == verdict).count()
    }

    /// Over- and undercharge, by agreement and currency, where there is any.
    pub fn totals(&self) -> BTreeMap<(&str, &str), Total> {
        let mut totals: BTreeMap<(&str, &str), Total> = BTreeMap::new();
        for judged in &self.lines {
            let difference = judged.difference().map_or(0, Amount::units);
            let of_agreement = || (judged.line.agreement.unwrap_or_default(), judged.line.currency);
            match judged.verdict {
                Verdict::Over => totals.entry(of_agreement()).or_default().over += difference,
                Verdict::Under => totals.entry(of_agreement()).or_default().under -= difference,
                Verdict::Agrees | Verdict::NotJudged => (),
            }
        }
        totals
    }

    /// Every agreement that has a fee.
    pub fn agreements(&self) -> BTreeSet<&str> {
        self.lines.iter().filter_map(|judged| judged.line.agreement).collect()
    }
}
