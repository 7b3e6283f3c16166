//! The terms of an agreement: the answer of `GetAgreementTerms`. It does not name the agreement; that is said beside it, or added to the
//! answer as `agreementId`. Source: AWS Marketplace Agreement API reference, `AcceptedTerm`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Document, Node, Page, answered_at, snake};
use crate::event::agreement::{ChargeScheduled, SCHEDULED, TermRecorded};
use crate::event::{Event, Extra};
use crate::id::{AccountId, AgreementId, TermId};
use crate::money::Amount;
use crate::problem::{Code, Problem};
use crate::time::Instant;

pub(super) struct AgreementTermsGot;

impl Document for AgreementTermsGot {
    fn name(&self) -> &'static str {
        "agreement_terms"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["acceptedTerms"]]
    }

    fn account(&self, _: &Value) -> Option<AccountId> {
        None
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        let named = root.text_of("agreementId").or_else(|| page.named("agreement").map(str::to_owned));
        let Some(named) = named else {
            let cure = "say it: --entity agreement=agmt-…";
            let why = "nothing says which agreement's terms these are: AWS answers without naming it";
            return page.problem(Problem::new(Code::E0326, "", why).cure(cure));
        };
        let refuse =
            |why: crate::id::NotAnId| page.problem(Problem::new(Code::E0204, &named, why.to_string()).cure("agmt-… as AWS writes it"));
        let Ok(agreement) = named.parse::<AgreementId>().map_err(refuse) else { return };
        // An item is a union: one member, most often; each is a term.
        for item in root.items("acceptedTerms") {
            let kinds: Vec<String> = item.value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
            kinds.iter().filter_map(|kind| item.get(kind)).for_each(|term| one(&term, &agreement, &root));
        }
    }
}

fn one(term: &Node<'_>, agreement: &AgreementId, root: &Node<'_>) {
    let page = term.page;
    let stated_at = answered_at(root);
    let Some(kind) = term.needed("type").and_then(|kind| kind.text()) else { return };
    // Without an id, the kind names it: an agreement has one term of a kind.
    let id: Option<TermId> = match term.get("id") {
        Some(id) => id.id(),
        None => kind.parse().ok(),
    };
    let (Some(id), Some(at)) = (id, page.effective_at(stated_at, "the terms of an agreement")) else { return };
    let schedule = term.items("schedule");
    let currency = if schedule.is_empty() { None } else { term.needed("currencyCode").and_then(|code| code.currency()) };
    // What is charged on one day is one charge.
    let mut charges: BTreeMap<Instant, Amount> = BTreeMap::new();
    for instalment in schedule {
        let charged_at = instalment.needed("chargeDate").and_then(|date| date.moment());
        let amount = instalment.needed("chargeAmount").and_then(|amount| amount.amount());
        let (Some(charged_at), Some(amount)) = (charged_at, amount) else { continue };
        let more = |known: &mut Amount| *known = Amount::from_units(known.units() + amount.units());
        charges.entry(charged_at).and_modify(more).or_insert(amount);
    }
    let mut extra = what_else(term);
    if !charges.is_empty() {
        // An answer tells the whole schedule: what is not in it any more is planned no more.
        let days: Vec<String> = charges.keys().map(Instant::to_string).collect();
        extra.insert(SCHEDULED.to_owned(), days.join(" "));
    }
    let recorded = TermRecorded {
        agreement: agreement.clone(),
        configuration: term.get("configuration").map(|chosen| chosen.value.to_string()),
        extra,
        kind: kind.clone(),
        recipient: Some(page.whose()),
        term: id.clone(),
        valid_from: None,
    };
    page.tell(&format!("{agreement}/{kind}/{id}"), at, stated_at, Event::TermRecorded(Box::new(recorded)));
    for (charged_at, amount) in charges {
        let Some(currency) = currency else { continue };
        let charge = ChargeScheduled {
            agreement: agreement.clone(),
            amount,
            charged_at,
            currency,
            extra: Extra::new(),
            recipient: Some(page.whose()),
            term: id.clone(),
            valid_from: None,
        };
        page.tell(&format!("{agreement}/{kind}/{id}/{charged_at}"), at, stated_at, Event::ChargeScheduled(Box::new(charge)));
    }
}

/// What else the term says, as AWS writes it: all but what is recorded by itself, and the cards of rates, which are the offer's.
fn what_else(term: &Node<'_>) -> Extra {
    let Some(members) = term.value.as_object() else { return Extra::new() };
    let told = ["type", "id", "configuration", "schedule", "rateCards"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if members.contains_key("rateCards") {
        term.page.drop("rateCards");
    }
    let mut extra = Extra::new();
    for (name, value) in members.iter().filter(|(name, _)| !told.contains(&name.as_str())) {
        let mut key = Some(snake(name)).filter(|key| !key.is_empty()).unwrap_or_else(|| "unnamed".to_owned());
        while extra.contains_key(&key) {
            key.push_str("_2");
        }
        extra.insert(key, text(value));
    }
    extra
}
