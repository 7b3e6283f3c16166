//! `trace`: from the id of a credit, an application or an opportunity to the events that speak of it, and of what it is connected with.

use std::collections::BTreeSet;

use super::Programmes;
use crate::event::Event;
use crate::id::{AgreementId, Reference};

/// The ids that an event speaks of, each with what it is the id of.
fn ids(event: &Event) -> Vec<(&'static str, &str)> {
    let (credit, application, opportunity) = ("credit", "application", "opportunity");
    match event {
        Event::BalanceBroughtForward(it) => vec![(credit, it.item.as_str())],
        Event::OpportunityRegistered(it) => vec![(opportunity, it.opportunity.as_str())],
        Event::WorkBegan(it) => vec![(opportunity, it.opportunity.as_str())],
        Event::ArrStated(it) => named(opportunity, it.opportunity.as_ref()).into_iter().collect(),
        Event::QuotaRetired(it) => named(opportunity, it.opportunity.as_ref()).into_iter().collect(),
        Event::BenefitApplied(it) => {
            let rests_on = named(opportunity, it.opportunity.as_ref());
            [(application, it.application.as_str())].into_iter().chain(rests_on).collect()
        }
        Event::BenefitReviewed(it) => vec![(application, it.application.as_str())],
        Event::CreditGranted(it) => {
            let granted_on = named(application, it.application.as_ref());
            [(credit, it.credit.as_str())].into_iter().chain(granted_on).collect()
        }
        Event::CreditApplied(it) => named(credit, it.credit.as_ref()).into_iter().collect(),
        Event::CreditPassedOn(it) => vec![(credit, it.credit.as_str())],
        Event::CreditRevoked(it) => vec![(credit, it.credit.as_str())],
        Event::CreditTransferred(it) => vec![(credit, it.credit.as_str())],
        Event::CreditSplit(it) => {
            [(credit, it.credit.as_str())].into_iter().chain(it.children.iter().map(|part| (credit, part.credit.as_str()))).collect()
        }
        _ => Vec::new(),
    }
}

fn named<'e>(kind: &'static str, id: Option<&'e Reference>) -> Option<(&'static str, &'e str)> {
    id.map(|id| (kind, id.as_str()))
}

/// The agreement that an event names.
fn agreement(event: &Event) -> Option<&AgreementId> {
    match event {
        Event::OpportunityRegistered(it) => it.agreement.as_ref(),
        Event::ArrStated(it) => it.agreement.as_ref(),
        Event::BenefitApplied(it) => it.agreement.as_ref(),
        Event::CreditGranted(it) => it.agreement.as_ref(),
        Event::QuotaRetired(it) => it.agreement.as_ref(),
        _ => None,
    }
}

impl Programmes {
    /// What an id is the id of, and the ids that begin so.
    pub fn ids_beginning(&self, start: &str) -> BTreeSet<(String, &'static str)> {
        let all = self.facts.iter().flat_map(|fact| ids(&fact.event));
        all.filter(|(_, id)| id.starts_with(start)).map(|(kind, id)| (id.to_owned(), kind)).collect()
    }

    /// Everything that is connected with some ids, of credits, applications, opportunities or agreements: the positions of the events, and the
    /// agreements that they name.
    pub fn connected(&self, with: &BTreeSet<String>) -> (BTreeSet<u64>, BTreeSet<AgreementId>) {
        let (mut known, mut events) = (with.clone(), BTreeSet::new());
        loop {
            let before = events.len();
            for fact in &self.facts {
                let ids = ids(&fact.event);
                let names = agreement(&fact.event).is_some_and(|agreement| with.contains(agreement.as_str()));
                if (names || ids.iter().any(|(_, id)| known.contains(*id))) && events.insert(fact.seq) {
                    known.extend(ids.into_iter().map(|(_, id)| id.to_owned()));
                }
            }
            if events.len() == before {
                break;
            }
        }
        let named = self.facts.iter().filter(|fact| events.contains(&fact.seq)).filter_map(|fact| agreement(&fact.event).cloned());
        let agreements = named.collect();
        (events, agreements)
    }
}
