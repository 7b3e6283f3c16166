//! Programmes, applications and credits.
//!
//! ```text
//! Programmes   what people recorded of programmes, in recorded order: a few lines beside millions of billing events
//!   -at-> Incentives   what had been told, confirmed and not taken back at a basis
//!     Credit           granted = applied + expired + revoked + balance; what is split off belongs to the parts
//!     Benefit          an application, or a credit that nobody applied for: what was expected, and what came
//! ```
//!
//! Money that was recorded by hand counts from its confirmation on, as everywhere. The state keeps what was told and works nothing out, so that
//! no later entry can change an earlier answer.

mod benefits;
mod claim;
mod credits;
mod findings;
mod fold;
mod posts;
mod reports;
mod trace;
mod why;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::benefits::Benefit;
pub use self::claim::{Claim, claim};
pub use self::credits::{Credit, Use};
use self::credits::{Trouble, grants};
pub(crate) use self::credits::{month, unfit_split};
use self::fold::fold;
pub use self::posts::Credits;
pub use self::reports::{conservation, incentives, incentives_expected, incentives_missed};
pub use self::why::{Part, RULES, why, why_expected, why_missed};
use super::records::{EndingCredit, View};
use super::{Projection, json_of, load_json};
use crate::chain::Hash;
use crate::event::programme::OpportunityRegistered;
use crate::event::{Entry, Event};
use crate::money::{Amount, Currency};
use crate::programme::{Definition, Shown};
use crate::time::{Basis, Instant};

/// What somebody recorded of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fact {
    /// BLAKE3 of the document that shows it.
    pub(crate) document: Option<Hash>,
    /// When it was true.
    pub(crate) effective_at: Instant,
    pub(crate) event: Event,
    /// When the ledger learnt it.
    pub(crate) recorded_at: Instant,
    pub(crate) seq: u64,
}

/// The fold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programmes {
    /// Entries of money that have all their approvals, and where that is recorded.
    confirmed: BTreeMap<u64, u64>,
    /// Entries that were corrected, and by which.
    corrected: BTreeMap<u64, u64>,
    /// In recorded order.
    facts: Vec<Fact>,
}

/// Whether an event is about programmes and credits.
fn is_ours(event: &Event) -> bool {
    match event {
        Event::BalanceBroughtForward(balance) => balance.kind == "grant",
        Event::ProgrammeDefined(_)
        | Event::EnrolmentGranted(_)
        | Event::OpportunityRegistered(_)
        | Event::WorkBegan(_)
        | Event::ArrStated(_)
        | Event::BenefitApplied(_)
        | Event::BenefitReviewed(_)
        | Event::CreditGranted(_)
        | Event::CreditApplied(_)
        | Event::CreditPassedOn(_)
        | Event::CreditRevoked(_)
        | Event::CreditSplit(_)
        | Event::CreditTransferred(_)
        | Event::QuotaRetired(_) => true,
        _ => false,
    }
}

impl Programmes {
    fn has(&self, seq: u64) -> bool {
        self.facts.binary_search_by_key(&seq, |fact| fact.seq).is_ok()
    }

    fn take(&mut self, event: &Event, entry: &Entry, document: Option<Hash>) {
        if is_ours(event) {
            let (effective_at, recorded_at, seq) = (entry.effective_at, entry.recorded_at, entry.seq);
            self.facts.push(Fact { document, effective_at, event: event.clone(), recorded_at, seq });
        }
    }

    /// As it would be had this entry never counted.
    pub(crate) fn without(&self, seq: u64) -> Self {
        let mut without = self.clone();
        without.corrected.insert(seq, 0);
        without
    }

    /// Takes an event in that is only supposed, behind everything that is recorded; as if it had its approvals when its money `counts`.
    pub(crate) fn suppose(&mut self, event: &Event, effective_at: Instant, counts: bool) {
        if is_ours(event) {
            let seq = self.facts.last().map_or(0, |last| last.seq) + 1;
            self.facts.push(Fact { document: None, effective_at, event: event.clone(), recorded_at: effective_at, seq });
            if counts {
                self.confirmed.insert(seq, seq);
            }
        }
    }

    /// The document that shows what an entry says, or says instead of another.
    pub(crate) fn document_of(&self, seq: u64) -> Option<Hash> {
        self.facts.binary_search_by_key(&seq, |fact| fact.seq).ok().and_then(|at| self.facts[at].document)
    }

    /// Whether money of an entry counts.
    pub(crate) fn is_confirmed(&self, seq: u64) -> bool {
        self.confirmed.contains_key(&seq)
    }

    /// The grants brought forward that a question from before their cut-over would miss: what, and since when it is accounted for.
    pub fn not_yet(&self, basis: &Basis) -> Vec<(String, Instant)> {
        let Some(before) = basis.effective_before else { return Vec::new() };
        let by = |at: Option<&u64>| at.is_some_and(|at| *at <= basis.known_at);
        let counts = |fact: &&Fact| by(self.confirmed.get(&fact.seq)) && !by(self.corrected.get(&fact.seq));
        let misses = |fact: &Fact| match &fact.event {
            Event::BalanceBroughtForward(it) if it.cut_over >= before => Some((format!("{} {}", it.kind, it.item), it.cut_over)),
            _ => None,
        };
        self.facts.iter().filter(counts).filter_map(misses).collect()
    }

    /// What had been told at the basis of a view.
    pub fn at<'a>(&'a self, view: &'a View<'a>) -> Incentives<'a> {
        let basis = view.basis();
        let (mut facts, mut pending) = (Vec::new(), Vec::new());
        for fact in self.facts.iter().filter(|fact| fact.seq <= basis.known_at && basis.had_happened(fact.effective_at)) {
            let by = |at: Option<&u64>| at.is_some_and(|at| *at <= basis.known_at);
            if by(self.corrected.get(&fact.seq)) {
                continue;
            }
            let waits = fact.event.is_money() && !by(self.confirmed.get(&fact.seq));
            if waits { &mut pending } else { &mut facts }.push(fact);
        }
        let until = view.until();
        let (credits, troubles) = fold(&facts, &pending, until);
        let mut incentives = Incentives { view, until, facts, pending, credits, troubles, benefits: Vec::new() };
        incentives.benefits = incentives.all_benefits();
        incentives
    }
}

impl Projection for Programmes {
    fn name(&self) -> &'static str {
        "programmes"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evolve(&mut self, entry: &Entry) {
        match &entry.event {
            event if is_ours(event) => {
                let document = entry.source.as_ref().and_then(|source| source.document);
                self.take(event, entry, document);
            }
            Event::EntryConfirmed(confirmed) if self.has(confirmed.entry) => {
                self.confirmed.entry(confirmed.entry).or_insert(entry.seq);
            }
            Event::EntryCorrected(corrected) => {
                if self.has(corrected.entry) {
                    self.corrected.entry(corrected.entry).or_insert(entry.seq);
                }
                // What was taken back may be put in place again by correcting that. The same document shows it.
                if let Some(replacement) = &corrected.replacement {
                    self.take(replacement, entry, self.document_of(corrected.entry));
                }
            }
            _ => (),
        }
    }

    fn save(&self) -> Vec<u8> {
        json_of(self)
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        load_json(self, bytes)
    }

    fn totals(&self) -> Vec<(String, String)> {
        let count = |name: &str, is_it: fn(&Event) -> bool| {
            (name.to_owned(), self.facts.iter().filter(|fact| is_it(&fact.event)).count().to_string())
        };
        vec![
            count("definitions", |event| matches!(event, Event::ProgrammeDefined(_))),
            count("applications", |event| matches!(event, Event::BenefitApplied(_))),
            count("credits granted", |event| matches!(event, Event::CreditGranted(_) | Event::BalanceBroughtForward(_))),
            count("credits applied", |event| matches!(event, Event::CreditApplied(_))),
        ]
    }
}

/// Programmes, applications and credits as they stood at a basis.
pub struct Incentives<'a> {
    view: &'a View<'a>,
    /// The end of the asked time.
    until: Option<Instant>,
    /// What counts, in recorded order.
    facts: Vec<&'a Fact>,
    /// What waits for its approvals, and counts nowhere.
    pending: Vec<&'a Fact>,
    credits: Vec<Credit>,
    troubles: Vec<Trouble>,
    benefits: Vec<Benefit>,
}

impl<'a> Incentives<'a> {
    /// Every credit, by grant and then by when it came to be.
    pub fn credits(&self) -> &[Credit] {
        &self.credits
    }

    /// A credit by its id.
    pub fn credit(&self, id: &str) -> Option<&Credit> {
        self.credits.iter().find(|credit| credit.id == id)
    }

    /// The credits that end some day and have a balance.
    pub fn ending(&self) -> Vec<EndingCredit> {
        let ends = |credit: &Credit| {
            let (ends, balance) = (credit.ends?, Amount::from_units(credit.balance()));
            let ending = EndingCredit {
                credit: credit.id.clone(),
                ends,
                holder: credit.holder,
                balance: balance.half_up(2),
                currency: credit.currency,
                at_risk: credit.at_risk(self.until),
            };
            (credit.balance() > 0).then_some(ending)
        };
        self.credits.iter().filter_map(ends).collect()
    }

    /// Every application, and every credit that was granted without one.
    pub fn benefits(&self) -> &[Benefit] {
        &self.benefits
    }

    /// Money that waits for its approvals: where it is recorded, how much, and in which currency.
    pub fn pending(&self) -> impl Iterator<Item = (u64, Amount, Currency)> {
        let told = |fact: &&Fact| match &fact.event {
            Event::BalanceBroughtForward(it) => Some((fact.seq, it.amount, it.currency)),
            Event::CreditGranted(it) => Some((fact.seq, it.amount, it.currency)),
            Event::CreditApplied(it) => Some((fact.seq, it.amount, it.currency)),
            Event::CreditPassedOn(it) => Some((fact.seq, it.amount, it.currency)),
            Event::CreditRevoked(it) => Some((fact.seq, it.amount, it.currency)),
            _ => None,
        };
        self.pending.iter().filter_map(told)
    }

    /// Whether a credit of the id is granted, or waits for its approvals.
    pub(crate) fn names_credit(&self, id: &str) -> bool {
        self.credit(id).is_some() || self.pending.iter().any(|fact| grants(&fact.event) == Some(id))
    }

    /// How a programme was defined at a moment.
    pub(crate) fn definition(&self, programme: &str, at: Instant) -> Option<Definition<'a>> {
        let told = |fact: &&'a Fact| match &fact.event {
            Event::ProgrammeDefined(terms) if terms.programme.as_str() == programme && fact.effective_at <= at => {
                Some(Definition { terms, since: fact.effective_at, seq: fact.seq })
            }
            _ => None,
        };
        self.facts.iter().filter_map(told).max_by_key(|definition| (definition.since, definition.seq))
    }

    /// An opportunity as it was registered, and when the work on it began: by the first that says so.
    pub(crate) fn shown(&self, opportunity: &str) -> Option<Shown<'a>> {
        let registered = self.facts.iter().filter_map(|fact| match &fact.event {
            Event::OpportunityRegistered(terms) if terms.opportunity.as_str() == opportunity => {
                Some((&**terms, (fact.effective_at, fact.seq)))
            }
            _ => None,
        });
        let (_, first) = registered.clone().min_by_key(|(_, place)| *place)?;
        // What was said last of it counts, and when it was first said.
        let (terms, _) = registered.max_by_key(|(_, place)| *place)?;
        Some(Shown { terms, registered: first, began: self.began(opportunity) })
    }

    /// When the work on an opportunity began, and which event says so: the first that does.
    pub(crate) fn began(&self, opportunity: &str) -> Option<(Instant, u64)> {
        let told = |fact: &&Fact| match &fact.event {
            Event::WorkBegan(it) if it.opportunity.as_str() == opportunity => Some((fact.effective_at, fact.seq)),
            _ => None,
        };
        self.facts.iter().filter_map(told).min()
    }

    /// The opportunities that were registered, each as it was last told.
    fn opportunities(&self) -> Vec<&'a OpportunityRegistered> {
        let told = self.facts.iter().filter_map(|fact| match &fact.event {
            Event::OpportunityRegistered(terms) => Some(terms.opportunity.as_str()),
            _ => None,
        });
        let ids: BTreeSet<&str> = told.collect();
        ids.into_iter().filter_map(|id| Some(self.shown(id)?.terms)).collect()
    }

    /// What counts, in recorded order.
    pub(crate) fn facts(&self) -> &[&'a Fact] {
        &self.facts
    }
}
