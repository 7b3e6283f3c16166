//! Applications and what came of them, and the deals that programmes are for.

use std::collections::BTreeSet;

use chrono::{DateTime, Months};

use super::{Fact, Incentives};
use crate::event::Event;
use crate::event::agreement::Status;
use crate::event::programme::{BenefitApplied, OpportunityRegistered, Review};
use crate::id::{AccountId, AgreementId, OfferId, ProductId, Reference};
use crate::money::{Amount, Currency};
use crate::programme::{self, Deal, Definition, Expected, Told};
use crate::projection::records::{Channel, Standing};
use crate::time::Instant;

/// An application, or a credit that nobody applied for, and what was granted on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benefit {
    /// The application; the credit where there is none.
    pub id: String,
    /// The programme.
    pub programme: String,
    /// Who is to receive.
    pub beneficiary: AccountId,
    /// When it was applied for, or granted: the programme counts as it was defined then.
    pub at: Instant,
    /// The event that says so.
    pub seq: u64,
    /// What was applied for; nothing when a credit came without.
    pub applied: Option<BenefitApplied>,
    /// What AWS said of it: what, when, and by which event.
    pub reviews: Vec<(Review, Instant, u64)>,
    /// The deal.
    pub deal: Option<Deal>,
    /// The opportunity that it rests on.
    pub opportunity: Option<String>,
    /// The credits that AWS granted on it.
    pub credits: Vec<String>,
    /// What recurs in the first year, as it was last stated, and by which event.
    pub first_year_arr: Option<(Amount, Currency, u64)>,
}

impl Benefit {
    /// What its programme takes its rate of.
    pub fn base(&self) -> Option<(Amount, Currency)> {
        let first_year_arr = self.first_year_arr.map(|(amount, currency, _)| (amount, currency));
        let told = Told { deal: self.deal.as_ref(), first_year_arr };
        programme::named(&self.programme)?.base(&told)
    }

    /// The event that tells the base: the ARR that was stated last, or the deal.
    pub(super) fn base_told_by(&self) -> Option<u64> {
        self.first_year_arr.map(|(_, _, seq)| seq).or(self.deal.as_ref().map(|deal| deal.seq))
    }

    /// Whether nothing more will come of it.
    pub fn is_closed(&self) -> bool {
        matches!(self.reviews.last(), Some((Review::Rejected | Review::Canceled, ..)))
    }
}

impl Incentives<'_> {
    /// How the programme of a benefit was defined when it was applied for.
    pub fn definition_of(&self, benefit: &Benefit) -> Option<Definition<'_>> {
        self.definition(&benefit.programme, benefit.at)
    }

    /// What a benefit may be expected to bring, and by which definition.
    pub fn expected(&self, benefit: &Benefit) -> Option<(Expected, Definition<'_>)> {
        let definition = self.definition_of(benefit)?;
        let rate = benefit.applied.as_ref().and_then(|applied| applied.rate);
        Some((definition.expected(benefit.base()?, rate)?, definition))
    }

    /// What was granted on a benefit: of every credit what AWS granted with it, in the currency of the first.
    pub fn granted(&self, benefit: &Benefit) -> Option<(Amount, Currency)> {
        self.granted_each(benefit).into_iter().next()
    }

    /// The same in every currency in which something was granted, that of the first credit first.
    pub fn granted_each(&self, benefit: &Benefit) -> Vec<(Amount, Currency)> {
        let mut sums: Vec<(i128, Currency)> = Vec::new();
        for credit in benefit.credits.iter().filter_map(|id| self.credit(id)) {
            match sums.iter_mut().find(|(_, currency)| *currency == credit.currency) {
                Some((sum, _)) => *sum += credit.original,
                None => sums.push((credit.original, credit.currency)),
            }
        }
        sums.into_iter().map(|(units, currency)| (Amount::from_units(units).half_up(2), currency)).collect()
    }

    /// Where a benefit stands in its life, in a word: what AWS said last, and once credits came of it, what became of them.
    pub fn state_of(&self, benefit: &Benefit) -> String {
        let of_it = self.credits().iter().filter(|credit| benefit.credits.contains(&credit.root));
        let states: BTreeSet<&str> = of_it.map(|credit| credit.status(self.until)).filter(|state| *state != "split").collect();
        let said = benefit.reviews.last().map(|(status, ..)| status);
        match (states.first().copied(), said) {
            (Some(one @ ("expired" | "revoked" | "used up")), _) if states.len() == 1 => one.to_owned(),
            (None, None) => "applied".to_owned(),
            (None, Some(status)) | (_, Some(status @ (Review::Issued | Review::Redeemed))) => {
                status.as_str().to_lowercase().replace('_', " ")
            }
            _ => "granted".to_owned(),
        }
    }

    pub(super) fn all_benefits(&self) -> Vec<Benefit> {
        let mut benefits: Vec<Benefit> = Vec::new();
        for fact in self.facts() {
            if let Event::BenefitApplied(applied) = &fact.event {
                // Applied for anew under its own id: the last counts, from when it was first applied for.
                let first = benefits.iter().position(|known| known.id == applied.application.as_str());
                let known = first.map(|at| benefits.remove(at));
                benefits.push(self.benefit_of(applied, fact, known.as_ref().map(|known| known.at)));
            }
        }
        for fact in self.facts() {
            let Event::CreditGranted(granted) = &fact.event else { continue };
            // What counts nothing was not granted.
            if self.credit(granted.credit.as_str()).is_none_or(|credit| credit.seq != fact.seq) {
                continue;
            }
            let id = granted.credit.to_string();
            let applied = granted.application.as_ref().and_then(|on| benefits.iter().position(|known| known.id == on.as_str()));
            if let Some(at) = applied {
                benefits[at].credits.push(id);
                continue;
            }
            benefits.push(Benefit {
                credits: vec![id.clone()],
                id,
                programme: granted.programme.to_string(),
                beneficiary: granted.holder,
                at: fact.effective_at,
                seq: fact.seq,
                applied: None,
                reviews: Vec::new(),
                deal: granted.agreement.as_ref().and_then(|agreement| self.deal(agreement)),
                opportunity: None,
                first_year_arr: None,
            });
        }
        benefits
    }

    fn benefit_of(&self, applied: &BenefitApplied, fact: &Fact, since: Option<Instant>) -> Benefit {
        let id = applied.application.to_string();
        let mut reviews: Vec<_> = self
            .facts()
            .iter()
            .filter_map(|fact| match &fact.event {
                Event::BenefitReviewed(it) if it.application.as_str() == id => Some((it.status.clone(), fact.effective_at, fact.seq)),
                _ => None,
            })
            .collect();
        reviews.sort_by_key(|(_, at, seq)| (*at, *seq));
        let opportunity = applied.opportunity.as_ref();
        let terms = opportunity.and_then(|opportunity| self.shown(opportunity.as_str())).map(|shown| shown.terms);
        let agreement = applied.agreement.clone().or_else(|| terms?.agreement.clone());
        let offer = applied.offer.as_ref().or_else(|| terms?.offer.as_ref());
        let agreement = agreement.or_else(|| self.accepted(offer?));
        let deal = agreement.as_ref().and_then(|agreement| self.deal(agreement));
        // Only of a programme that takes it as its base.
        let stated = self.first_year_arr(agreement.as_ref(), opportunity).filter(|(amount, currency, _)| {
            let told = Told { deal: None, first_year_arr: Some((*amount, *currency)) };
            programme::named(applied.programme.as_str()).is_some_and(|programme| programme.base(&told).is_some())
        });
        Benefit {
            programme: applied.programme.to_string(),
            beneficiary: applied.beneficiary,
            at: since.unwrap_or(fact.effective_at).min(fact.effective_at),
            seq: fact.seq,
            reviews,
            deal,
            opportunity: opportunity.map(ToString::to_string),
            credits: Vec::new(),
            first_year_arr: stated,
            applied: Some(applied.clone()),
            id,
        }
    }

    /// What recurs in the first year of a deal, as it was last stated.
    pub(super) fn first_year_arr(
        &self,
        agreement: Option<&AgreementId>,
        opportunity: Option<&Reference>,
    ) -> Option<(Amount, Currency, u64)> {
        let told = |fact: &&Fact| match &fact.event {
            Event::ArrStated(it) => {
                let is_of_it = (it.agreement.is_some() && it.agreement.as_ref() == agreement)
                    || (it.opportunity.is_some() && it.opportunity.as_ref() == opportunity);
                is_of_it.then_some(((fact.effective_at, fact.seq), (it.amount, it.currency, fact.seq)))
            }
            _ => None,
        };
        self.facts().iter().filter_map(told).max_by_key(|(place, _)| *place).map(|(_, stated)| stated)
    }

    /// The agreement that an offer became.
    fn accepted(&self, offer: &OfferId) -> Option<AgreementId> {
        let agreements = self.view.agreements();
        agreements.into_iter().find(|standing| standing.offers.contains(offer)).map(|standing| standing.terms.agreement.clone())
    }

    /// A deal by its agreement.
    pub(crate) fn deal(&self, agreement: &AgreementId) -> Option<Deal> {
        self.deal_of(&self.view.agreement(agreement)?, &self.opportunities())
    }

    /// Every deal that stands.
    pub(super) fn deals(&self) -> Vec<Deal> {
        let opportunities = self.opportunities();
        // What was taken back, or has another agreement in its place, is no deal to ask anything for.
        let stands = |standing: &&Standing| {
            !matches!(
                standing.terms.status,
                Some(Status::Cancelled | Status::Replaced | Status::RolledBack | Status::Superseded | Status::Terminated)
            )
        };
        self.view.agreements().into_iter().filter(stands).filter_map(|standing| self.deal_of(standing, &opportunities)).collect()
    }

    fn deal_of(&self, standing: &Standing, opportunities: &[&OpportunityRegistered]) -> Option<Deal> {
        let (view, terms) = (self.view, &standing.terms);
        let accepted = terms.accepted_at?;
        let offer = view.offer_of(standing);
        let products = offer.as_ref().map(|offer| view.products_of(offer)).unwrap_or_default();
        let channel = offer.as_ref().map(|offer| view.channel(offer));
        let delivery = |of: &str| {
            let told = offer.as_ref().and_then(|offer| offer.delivery.clone());
            told.or_else(|| products.iter().find_map(|product| view.delivery_of(product))).is_some_and(|delivery| delivery == of)
        };
        let (seller, isv) = (view.proposer(standing), products.first().and_then(|product| view.manufacturer_of(product)));
        let isv = isv.or(seller.filter(|_| channel != Some(Channel::Cppo)));
        let currency = terms.currency.or_else(|| offer.as_ref()?.currency);
        let value = terms.value.or_else(|| offer.as_ref()?.value).zip(currency);
        let parties: BTreeSet<AccountId> = [isv, seller].into_iter().flatten().collect();
        let offers = |offer: &OfferId| standing.offers.contains(offer);
        let opportunity =
            opportunities.iter().find(|it| it.agreement.as_ref() == Some(&terms.agreement) || it.offer.as_ref().is_some_and(offers));
        Some(Deal {
            agreement: terms.agreement.clone(),
            accepted,
            buyer: view.acceptor(standing),
            seller,
            isv,
            seq: standing.seq,
            is_private: matches!(channel, Some(Channel::Spo | Channel::Cppo)),
            is_resale: channel == Some(Channel::Cppo),
            is_saas: delivery("saas"),
            designations: products.iter().flat_map(|product| view.designations_of(product, accepted)).collect(),
            first_year: self.first_year(standing, accepted, value),
            value,
            opportunity: opportunity.map(|it| (*it).clone()),
            enrolled: self.enrolled(&parties, &products, accepted),
            products,
        })
    }

    /// What is committed for the first twelve months.
    fn first_year(&self, standing: &Standing, accepted: Instant, value: Option<(Amount, Currency)>) -> Option<(Amount, Currency)> {
        let starts = standing.terms.starts_at.unwrap_or(accepted);
        let anniversary = DateTime::from_timestamp_micros(starts.micros())?.checked_add_months(Months::new(12))?.timestamp_micros();
        let planned = self.view.instalments(standing);
        let Some(first) = planned.first() else {
            let ends = standing.terms.ends_at?;
            return value.filter(|_| ends.micros() <= anniversary);
        };
        let within = planned.iter().filter(|charge| charge.currency == first.currency && charge.charged_at.micros() < anniversary);
        Some((Amount::from_units(within.map(|charge| charge.amount.units()).sum()), first.currency))
    }

    /// The programmes that somebody takes part in at a moment, with some of these products.
    fn enrolled(&self, holders: &BTreeSet<AccountId>, products: &[ProductId], at: Instant) -> BTreeSet<String> {
        let told = |fact: &&Fact| match &fact.event {
            Event::EnrolmentGranted(it) => {
                let holds = fact.effective_at <= at && it.until.is_none_or(|until| at < until) && holders.contains(&it.holder);
                (holds && it.product.as_ref().is_none_or(|product| products.contains(product))).then(|| it.programme.to_string())
            }
            _ => None,
        };
        self.facts().iter().filter_map(told).collect()
    }

    /// Whether quota was retired by a deal.
    pub(super) fn has_retired_quota(&self, agreement: &AgreementId) -> bool {
        self.facts().iter().any(|fact| matches!(&fact.event, Event::QuotaRetired(it) if it.agreement.as_ref() == Some(agreement)))
    }
}
