//! The rules that bind us, held against what AWS said: a fact is never refused, and what it breaks is a finding.

use std::collections::BTreeMap;

use super::decide::Setting;
use super::rules::{self, Breaches, DoubleHolding};
use super::{Book, SCHEDULE};
use crate::event::agreement::Status;
use crate::event::offer::{Instalment, OfferTerms};
use crate::finding::{self, Finding};
use crate::id::{AccountId, AgreementId, OfferId};
use crate::problem::Code;
use crate::projection::billing::Billing;
use crate::projection::programmes::Programmes;
use crate::projection::records::{Standing, View};
use crate::time::Instant;

/// What offers and agreements break that nobody here decided on, in order.
pub fn audit(book: &Book, view: &View<'_>) -> Vec<Finding> {
    // Rules of this hour judge nothing that happened: each fact is judged by those of its own.
    let programmes = Programmes::default();
    let setting = Setting { book, view, programmes: &programmes, subject: None, now: Instant::from_micros(i64::MIN), known: None };
    let mut found = Vec::new();
    let mut names: BTreeMap<(AccountId, String), Vec<Named>> = BTreeMap::new();
    let mut accepted: BTreeMap<OfferId, Instant> = BTreeMap::new();
    for standing in view.agreements() {
        if let (Some(offer), Some(at)) = (&standing.terms.offer, standing.terms.accepted_at) {
            let first = accepted.entry(offer.clone()).or_insert(at);
            *first = at.min(*first);
        }
    }
    for (mut offer, seq, released) in view.released_since() {
        offer.buyers = view.buyers_of(&offer);
        if let Some(name) = &offer.name {
            // Who has accepted an offer does not see it any more.
            let taken = accepted.get(&offer.offer).copied();
            let expires = [view.expires_at(&offer), taken].into_iter().flatten().min();
            let named = || Named { offer: offer.clone(), seq, released, expires };
            offer.buyers.iter().for_each(|buyer| names.entry((*buyer, name.trim().to_lowercase())).or_default().push(named()));
        }
        // What we released ourselves was decided on.
        if offer.recipient.is_some() {
            let mut breaches = Breaches::default();
            rules::as_sold(&setting, &offer, released, &mut breaches);
            tell(breaches, seq, offer.recipient, offer.offer.as_str(), &mut found);
        }
    }
    names.into_iter().for_each(|((buyer, _), offers)| confused(buyer, &offers, &mut found));
    for standing in view.agreements() {
        agreement(&setting, standing, &mut found);
    }
    // Of several that are held already, the first is told.
    let mut held: BTreeMap<&AgreementId, (&Standing, &Standing, String)> = BTreeMap::new();
    for DoubleHolding { buyer, product, first, second } in rules::double_holdings(view) {
        let message = format!("`{buyer}` holds `{}` for `{product}` already", first.terms.agreement);
        let told = held.entry(&second.terms.agreement).or_insert_with(|| (first, second, message.clone()));
        if first.terms.accepted_at < told.0.terms.accepted_at {
            *told = (first, second, message);
        }
    }
    found.extend(held.into_values().map(|(_, second, message)| about(second, finding::TWO_SUBSCRIPTIONS, message)));
    found.sort();
    found.dedup();
    found
}

/// A private offer as one of its buyers sees it.
struct Named {
    offer: OfferTerms,
    seq: u64,
    released: Instant,
    expires: Option<Instant>,
}

/// Offers of one name that one buyer saw at one time.
fn confused(buyer: AccountId, offers: &[Named], found: &mut Vec<Finding>) {
    for (at, later) in offers.iter().enumerate() {
        let meets = |earlier: &&Named| {
            earlier.offer.offer != later.offer.offer
                && (earlier.released, earlier.seq) < (later.released, later.seq)
                && earlier.expires.is_none_or(|expires| expires > later.released)
        };
        let others = offers[..at].iter().chain(&offers[at + 1..]);
        if let Some(earlier) = others.filter(meets).min_by_key(|earlier| earlier.seq) {
            let name = later.offer.name.as_deref().unwrap_or_default();
            found.push(Finding {
                seq: later.seq,
                code: finding::OFFERS_CONFUSED,
                recipient: later.offer.recipient,
                subject: later.offer.offer.to_string(),
                message: format!("`{buyer}` sees offer `{}` of the name `{name}` too", earlier.offer.offer),
                amount: None,
            });
        }
    }
}

fn agreement(setting: &Setting<'_>, standing: &Standing, found: &mut Vec<Finding>) {
    let (view, terms) = (setting.view, &standing.terms);
    let Some(accepted) = terms.accepted_at else { return };
    let mut breaches = Breaches::default();
    let offer = view.offer_of(standing);
    let planned = view.planned_for(standing);
    let early = planned.iter().filter(|(charge, term)| charge.charged_at < accepted && *term != SCHEDULE).count();
    if early > 1 {
        let why = format!("{early} instalments lie before the acceptance at {accepted}; at most one may");
        breaches.add(Code::E0411, "schedule", "", why, "");
    }
    let mut instalments: Vec<Instalment> = planned.iter().map(|(charge, _)| charge.clone()).collect();
    instalments.sort_by_key(|instalment| instalment.charged_at);
    instalments.dedup_by_key(|instalment| instalment.charged_at);
    rules::schedule(&instalments, None, None, None, &mut breaches);
    if let Some(ends) = terms.ends_at.filter(|ends| *ends <= terms.starts_at.unwrap_or(accepted)) {
        breaches.add(Code::E0415, "ends_at", "", format!("it ends at {ends}, before it starts"), "");
    }
    if let (Some(acceptor), Some(offer)) = (view.acceptor(standing), &offer) {
        rules::on_the_list(setting, acceptor, &view.products_of(offer), accepted, &mut breaches);
    }
    if let Some(before) = terms.preceding.as_ref().and_then(|before| rules::standing_of(setting, before))
        && before.terms.status == Some(Status::Replaced)
        && let (Some(ours), Some(theirs)) = (view.proposer(standing), view.proposer(before))
        && ours != theirs
    {
        let why = format!("the seller of record of `{}`, which it replaces, is `{theirs}`", before.terms.agreement);
        breaches.add(Code::E0420, "proposer", ours.as_str(), why, "");
    }
    tell(breaches, standing.seq, standing.recipient, terms.agreement.as_str(), found);
}

fn about(standing: &Standing, code: &'static str, message: String) -> Finding {
    let subject = standing.terms.agreement.to_string();
    Finding { seq: standing.seq, code, recipient: standing.recipient, subject, message, amount: None }
}

/// A breach of a rule, as the finding that it is when nobody here decided.
fn tell(breaches: Breaches, seq: u64, recipient: Option<AccountId>, subject: &str, found: &mut Vec<Finding>) {
    for problem in breaches.done().err().unwrap_or_default() {
        let code = match problem.code {
            Code::E0407 | Code::E0409 | Code::E0410 => finding::AUTHORIZATION_EXCEEDED,
            Code::E0411 => finding::SCHEDULE_UNFIT,
            Code::E0417 => finding::NOT_ON_THE_LIST,
            _ => finding::RULE_BROKEN,
        };
        let field = problem.column.unwrap_or_default();
        let found_there = if problem.found.is_empty() { field } else { format!("{field} {}", problem.found) };
        let message = format!("{found_there}: {}", problem.why);
        found.push(Finding { seq, code, recipient, subject: subject.to_owned(), message, amount: None });
    }
}

/// Invoices that are charged to another purchase order than their agreement names.
pub fn purchase_orders(view: &View<'_>, billing: &Billing) -> Vec<Finding> {
    let mut found = Vec::new();
    for (invoice, (charged, seq)) in view.purchase_orders() {
        let on_it = billing.agreements_on(view.basis(), &invoice);
        let agreements = view.agreements().into_iter().filter(|standing| on_it.contains(standing.terms.agreement.as_str()));
        for standing in agreements {
            let Some(named) = standing.terms.purchase_order.as_ref().filter(|named| named.as_str() != charged) else { continue };
            let message =
                format!("it is charged to purchase order `{charged}`, and agreement `{}` names `{named}`", standing.terms.agreement);
            let code = finding::PURCHASE_ORDER_DIFFERS;
            found.push(Finding { seq, code, recipient: standing.recipient, subject: invoice.clone(), message, amount: None });
        }
    }
    found
}
