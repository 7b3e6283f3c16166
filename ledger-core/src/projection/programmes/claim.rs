//! The evidence of one application: what was recorded, in which order, and whether that shows what the programme asks for.

use super::{Fact, Incentives};
use crate::chain::Hash;
use crate::event::Event;
use crate::programme::{self, EVIDENCE, Shown};

/// The evidence of an application, or of a credit that came without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The application.
    pub id: String,
    /// What people call the programme.
    pub programme: String,
    /// By which definition it is judged.
    pub rule: Option<String>,
    /// What the order of events says of the registration, in plain words.
    pub verdict: String,
    /// What the programme asks for, and whether it is shown.
    pub evidence: Vec<(String, bool)>,
    /// The events, in recorded order, each with what it says and the digest of its document.
    pub events: Vec<(u64, String, Option<Hash>)>,
}

/// The evidence of an application or a credit; nothing when there is none of that id.
pub fn claim(all: &Incentives<'_>, id: &str) -> Option<Claim> {
    let root = all.credit(id).map_or(id, |credit| credit.root.as_str());
    let benefit = all.benefits().iter().find(|benefit| benefit.id == id || benefit.credits.iter().any(|credit| credit == root))?;
    let shown = benefit.opportunity.as_deref().and_then(|opportunity| all.shown(opportunity));
    let definition = all.definition_of(benefit);
    let asked = definition.map(|definition| definition.terms.evidence.as_slice()).unwrap_or_default();
    let is_shown = |name: &String| {
        let evidence = EVIDENCE.iter().find(|evidence| evidence.name == name)?;
        Some((evidence.asks.to_owned(), shown.as_ref().is_some_and(evidence.is_shown)))
    };
    let credits: Vec<&str> =
        all.credits().iter().filter(|credit| benefit.credits.contains(&credit.root)).map(|it| it.id.as_str()).collect();
    let is_of_it = |fact: &&&Fact| match &fact.event {
        Event::ProgrammeDefined(_) => definition.is_some_and(|definition| definition.seq == fact.seq),
        Event::OpportunityRegistered(it) => benefit.opportunity.as_deref() == Some(it.opportunity.as_str()),
        Event::WorkBegan(it) => benefit.opportunity.as_deref() == Some(it.opportunity.as_str()),
        Event::ArrStated(_) => benefit.first_year_arr.is_some_and(|(_, _, seq)| seq == fact.seq),
        Event::BenefitApplied(it) => it.application.as_str() == benefit.id,
        Event::BenefitReviewed(it) => it.application.as_str() == benefit.id,
        Event::CreditGranted(it) => credits.contains(&it.credit.as_str()),
        Event::CreditPassedOn(it) => credits.contains(&it.credit.as_str()),
        Event::CreditRevoked(it) => credits.contains(&it.credit.as_str()),
        Event::CreditSplit(it) => credits.contains(&it.credit.as_str()),
        Event::CreditTransferred(it) => credits.contains(&it.credit.as_str()),
        _ => false,
    };
    let of_the_deal = benefit.deal.as_ref().map(|deal| {
        let value = deal.value.map(|(value, currency)| format!(", worth {value} {currency}")).unwrap_or_default();
        (deal.seq, format!("`{}` was accepted at {}{value}", deal.agreement, deal.accepted), None)
    });
    let mut events: Vec<_> = all.facts().iter().filter(is_of_it).map(|fact| (fact.seq, says(fact), fact.document)).collect();
    events.extend(of_the_deal);
    events.sort_by_key(|(seq, ..)| *seq);
    Some(Claim {
        id: benefit.id.clone(),
        programme: programme::title_of(&benefit.programme),
        rule: definition.map(|definition| definition.rule()),
        verdict: verdict(all, shown.as_ref(), asked.iter().any(|name| name == "registered-before-work")),
        evidence: asked.iter().filter_map(is_shown).collect(),
        events,
    })
}

/// What the order of events says: dates can be written afterwards, what was recorded before cannot.
fn verdict(all: &Incentives<'_>, shown: Option<&Shown<'_>>, is_asked: bool) -> String {
    let Some(shown) = shown else {
        if !is_asked {
            return "The programme does not ask that anything was registered before the work.".to_owned();
        }
        return "No opportunity is recorded with it: nothing shows when it was registered, nor that this preceded the work.".to_owned();
    };
    let ((registered, seq), name) = (shown.registered, &shown.terms.opportunity);
    let Some((began, of_work)) = shown.began else {
        return format!("{name} was registered at {registered} (#{seq}). Nothing recorded says that the work has begun.");
    };
    if !shown.precedes_the_work() {
        return format!(
            "The registration did NOT precede the work: the work on {name} began at {began} (#{of_work}), and it was registered at {registered} (#{seq})."
        );
    }
    let learnt = all.facts().iter().find(|fact| fact.seq == seq).map(|fact| fact.recorded_at);
    match learnt {
        Some(learnt) if learnt <= began && seq < of_work => format!(
            "The registration preceded the work: {name} was registered at {registered}, recorded as #{seq} at {learnt}, and the work began at {began} (#{of_work}). The order of the ledger shows it."
        ),
        _ => format!(
            "By their dates the registration preceded the work: {name} was registered at {registered} (#{seq}), and the work began at {began} (#{of_work}). The ledger learnt of the registration only after the work had begun: not its order, but the document of #{seq} has to show the date."
        ),
    }
}

/// What a fact says, in a few words.
fn says(fact: &Fact) -> String {
    let or = |text: &Option<String>, word: &str| text.as_ref().map(|text| format!("{word}{text}")).unwrap_or_default();
    match &fact.event {
        Event::ProgrammeDefined(it) => {
            let bands = it.rates.iter().map(|band| match band.lowest == band.highest {
                true => format!("{} %", band.lowest),
                false => format!("{}-{} %", band.lowest, band.highest),
            });
            let rates: Vec<String> = bands.collect();
            format!("{} gives {} to the {}", programme::title_of(it.programme.as_str()), rates.join(" or "), it.beneficiaries.join(" or "))
        }
        Event::OpportunityRegistered(it) => {
            let off = it.decommission_at.map(|at| format!(", switched off {}", at.day())).unwrap_or_default();
            let plan = it.work_planned_at.map(|at| format!(", work planned for {}", at.day())).unwrap_or_default();
            let from = format!("{}{}", or(&it.from, " from "), or(&it.strategy, ", by "));
            format!("`{}` registered:{from}{}{off}{plan}", it.opportunity, or(&it.consumption, ", consuming "))
        }
        Event::WorkBegan(it) => format!("work on `{}` began{}", it.opportunity, or(&it.note, ": ")),
        Event::ArrStated(it) => format!("the first year's ARR is {} {}", it.amount, it.currency),
        Event::BenefitApplied(it) => {
            let rate = it.rate.map(|rate| format!(", at {rate} %"));
            format!("`{}` applied for, for `{}`{}", it.application, it.beneficiary, rate.unwrap_or_default())
        }
        Event::BenefitReviewed(it) => format!("AWS says {}{}", it.status, or(&it.reason, ": ")),
        Event::CreditGranted(it) => format!("`{}`: {} {} granted to `{}`", it.credit, it.amount, it.currency, it.holder),
        Event::CreditPassedOn(it) => format!("`{}`: {} {} passed on to `{}`", it.credit, it.amount, it.currency, it.to),
        Event::CreditRevoked(it) => {
            format!("`{}`: {} {} taken back{}", it.credit, it.amount, it.currency, or(&it.reason, ": "))
        }
        Event::CreditSplit(it) => format!("`{}` split into {}", it.credit, it.children.len()),
        Event::CreditTransferred(it) => format!("`{}` transferred to `{}`", it.credit, it.to),
        other => other.type_name().to_owned(),
    }
}
